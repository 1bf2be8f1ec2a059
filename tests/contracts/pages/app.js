/* A small application: installer, page, tab of a deal, settings of a robot. `connect` comes from the driver that is loaded before. */
"use strict";

const PAGES = {
    async "/install"(b24) {
        const handler = (path) => `${location.origin}${path}`;
        await b24.call("placement.bind", { PLACEMENT: "CRM_DEAL_DETAIL_TAB", HANDLER: handler("/tab"), TITLE: "Tab" });
        await b24.call("bizproc.robot.add", {
            CODE: "contract", HANDLER: handler("/robot"), AUTH_USER_ID: 1, NAME: "Contract", USE_PLACEMENT: "Y", PLACEMENT_HANDLER: handler("/settings"),
            PROPERTIES: { title: { Name: "Title", Type: "string", Default: "as declared" } },
        });
        window.told = b24.about();
        await b24.finish();
    },
    async "/app"(b24) {
        const deals = await b24.listAll({ entityTypeId: 2, select: ["id"] });
        const batch = await b24.batch({ me: ["profile", {}], lost: ["crm.item.get", { entityTypeId: 2, id: 999999999 }] });
        await b24.setOption("seen", "yes");
        const told = {
            ...b24.about(),
            user: (await b24.call("profile", {})).ID,
            deals: new Set(deals.map((one) => one.id)).size,
            batch: { me: batch.me.ID, lost: batch.lost },
            error: await b24.call("no.such.method", {}).catch((error) => error.message),
            option: (await b24.call("app.option.get", { option: "seen" })),
            isFresh: await b24.refresh(),
            after: (await b24.call("profile", {})).ID,
        };
        await b24.resize(320, 240);
        await b24.setTitle("From inside");
        window.told = told;
    },
    async "/tab"(b24) {
        window.told = { ...b24.about(), deal: (await b24.call("crm.deal.get", { id: b24.about().options.ID })).ID, commands: await b24.commands() };
    },
    async "/settings"(b24) {
        await b24.inPlace("setPropertyValue", { title: "From the settings" });
        window.told = { ...b24.about(), commands: await b24.commands() };
    },
};

connect().then((b24) => PAGES[location.pathname](b24)).catch((error) => { window.told = { failed: String(error) }; });
