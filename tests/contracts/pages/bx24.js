/* The same small application on the portal's own BX24 script: a driver with the words that app.js uses. */
"use strict";

const connect = async () => {
    await new Promise((resolve) => BX24.init(resolve));
    const settled = (start) => new Promise((resolve) => start(resolve));
    const call = async (method, params) => {
        const answer = await settled((done) => BX24.callMethod(method, params, done));
        if (answer.error()) throw new Error(String(answer.error()));
        return answer.data();
    };
    return {
        call,
        batch: async (calls) => {
            const answers = await settled((done) => BX24.callBatch(calls, done));
            return Object.fromEntries(Object.entries(answers).map(([key, one]) => [key, one.error() ? String(one.error()) : one.data()]));
        },
        listAll: (params) => new Promise((resolve) => {
            const found = [];
            BX24.callMethod("crm.item.list", params, (answer) => {
                found.push(...answer.data().items);
                if (answer.more()) answer.next();
                else resolve(found);
            });
        }),
        about: () => ({
            placement: BX24.placement.info().placement,
            options: BX24.placement.info().options,
            isAdmin: BX24.isAdmin(),
            lang: BX24.getLang(),
            origin: BX24.getDomain(true),
        }),
        refresh: async () => Boolean((await settled(BX24.refreshAuth)).access_token),
        setOption: (name, value) => settled((done) => BX24.appOption.set(name, value, done)),
        resize: (width, height) => settled((done) => BX24.resizeWindow(width, height, done)),
        setTitle: (title) => settled((done) => BX24.setTitle(title, done)),
        inPlace: (command, params) => settled((done) => BX24.placement.call(command, params, done)),
        commands: async () => (await settled(BX24.placement.getInterface)).command,
        finish: async () => BX24.installFinish(),
    };
};
