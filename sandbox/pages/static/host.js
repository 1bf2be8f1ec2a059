/* The portal's side of BX24: opens pages of applications in frames by a form POST and answers their messages.

   A frame asks with the text `command:JSON:key:APP_SID` (JSON may be left out) or, for commands with a colon in their name, with
   an object {method, params, callback, appSid}; it is answered with `key:JSON`. Only our own frames are heard, only from the
   origin that they were opened at. */
"use strict";

(() => {
    const frames = new Map(); // APP_SID -> {iframe, origin, init, client, page, box, events, close}
    const PATHS = ["/crm/", "/marketplace/", "/bizproc/", "/devops/"];
    const words = document.body.dataset;
    const isGone = (frame) => !frame.iframe.isConnected;

    /* Opens the page that `box.dataset.frame` names; returns what is known of the frame. */
    async function openFrame(box, more = {}) {
        const wanted = box.dataset.frame;
        const asked = JSON.parse(wanted);
        let opened;
        try {
            opened = await portal.ask("/bridge/open/", asked);
        } catch (error) {
            const note = Object.assign(document.createElement("p"), { className: "note bad", textContent: error.message });
            return void box.replaceChildren(note);
        }
        if (box.dataset.frame !== wanted) return; // a person has chosen another page meanwhile
        const iframe = document.createElement("iframe");
        iframe.name = opened.name; // this is how the scripts inside find the portal
        iframe.title = document.title;
        iframe.allow = "clipboard-write";
        box.replaceChildren(iframe);
        for (const [sid, frame] of frames) if (isGone(frame)) frames.delete(sid);
        const frame = { iframe, origin: new URL(opened.url).origin, init: opened.init, client: asked.client_id, page: opened.page, box, events: new Map(), ...more };
        frames.set(opened.sid, frame);
        post(opened, iframe.name);
        return frame;
    }

    function post(opened, target) {
        const form = Object.assign(document.createElement("form"), { method: "post", action: opened.url, target, hidden: true });
        for (const [name, value] of Object.entries(opened.form)) {
            form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
        }
        document.body.append(form);
        form.submit();
        form.remove();
    }

    const reply = (frame, key, value) => {
        if (key && !isGone(frame)) frame.iframe.contentWindow.postMessage(`${key}:${JSON.stringify(value ?? null)}`, frame.origin);
    };

    /* Returns {command, params, key, sid} of a message, or null for what is not ours. */
    function read(data) {
        if (data && typeof data === "object" && typeof data.method === "string") {
            return { command: data.method, params: data.params, key: data.callback, sid: data.appSid };
        }
        if (typeof data !== "string") return null;
        const parts = data.split(":");
        if (parts.length < 3) return null;
        const [sid, key] = [parts.pop(), parts.pop()];
        const text = parts.slice(1).join(":");
        let params = text;
        try {
            params = text ? JSON.parse(text) : {};
        } catch {
            // `setValue` carries plain text
        }
        return { command: parts[0], params, key, sid };
    }

    const COMMANDS = {
        getInitData: (frame) => frame.init,
        async setInstallFinish(frame) {
            const answer = await portal.ask("/bridge/install-finish/", { client_id: frame.client });
            setTimeout(() => location.assign(frame.page), 50); // the frame hears the answer first
            return answer;
        },
        async setInstall(frame) {
            frame.init.FIRST_RUN = false;
            return portal.ask("/bridge/first-run/", { client_id: frame.client });
        },
        async refreshAuth(frame) {
            const fresh = await portal.ask("/bridge/refresh/", { client_id: frame.client });
            Object.assign(frame.init, fresh);
            return fresh;
        },
        resizeWindow(frame, { width, height }) {
            if (Number(height) > 0) Object.assign(frame.iframe.style, { height: `${Math.ceil(Number(height))}px`, minHeight: "0" });
            if (Number(width) > 0) frame.iframe.style.width = `min(100%, ${Math.ceil(Number(width))}px)`;
            else if (width) frame.iframe.style.width = "100%";
            const box = frame.iframe.getBoundingClientRect();
            return { width: box.width, height: box.height };
        },
        reloadWindow: () => void location.reload(),
        setTitle(frame, { title }) {
            document.title = title;
            const head = frame.box.closest(".slider")?.querySelector(".bar b") || document.getElementById("page-title");
            if (head) head.textContent = title;
            return true;
        },
        setScroll(frame, { scroll }) {
            window.scrollTo(0, Number(scroll) || 0);
            return true;
        },
        openPath: (frame, { path }) => openPath(String(path || "")),
        openApplication: (frame, params) => openApplication(frame, params || {}),
        closeApplication(frame) {
            if (frame.close) frame.close();
            else history.back();
            return true;
        },
        async setAppOption(frame, { name, value }) {
            await portal.ask("/bridge/option/", { client_id: frame.client, kind: "app", name, value });
            frame.init.APP_OPTIONS[name] = value;
            return frame.init.APP_OPTIONS;
        },
        async setUserOption(frame, { name, value }) {
            await portal.ask("/bridge/option/", { client_id: frame.client, kind: "user", name, value });
            frame.init.USER_OPTIONS[name] = value;
            return frame.init.USER_OPTIONS;
        },
        async selectUser(frame, { mult }) {
            const chosen = await pick(words.users, (search) => `/bridge/users/?${new URLSearchParams({ q: search })}`, mult, "name");
            return mult ? chosen : chosen[0] ?? null;
        },
        async selectAccess() {
            const chosen = await pick(words.users, (search) => `/bridge/users/?${new URLSearchParams({ q: search })}`, true, "name");
            return chosen.map((user) => ({ id: `U${user.id}`, name: user.name }));
        },
        selectCRM: (frame, params) => selectCrm(params || {}),
        getInterface: (frame) => ({ command: Object.keys(interfaceOf(frame)), event: [] }),
        placementBindEvent(frame, { event }, key) {
            frame.events.set(event, key); // answered only when the event happens
            return undefined;
        },
    };
    const SILENT = ["placementBindEvent"];

    /* Commands of the place where a frame stands: BX24.placement.call. */
    function interfaceOf(frame) {
        if (frame.init.PLACEMENT === "ROBOT_SETTINGS") {
            return { setPropertyValue: (values) => { portal.setPropertyValue?.(values); return true; } };
        }
        if (/_DETAIL_TAB$/.test(frame.init.PLACEMENT)) return { reloadData: () => { portal.renewTimeline?.(); return true; } };
        return {};
    }

    function slider(title, close) {
        const made = document.createElement("div");
        made.className = "slider";
        const bar = Object.assign(document.createElement("div"), { className: "bar" });
        const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: words.close });
        bar.append(Object.assign(document.createElement("b"), { textContent: title }), button);
        const body = Object.assign(document.createElement("div"), { className: "slider-body" });
        const panel = document.createElement("div");
        panel.append(bar, body);
        made.append(panel);
        const end = () => { made.remove(); close({ result: "close" }); };
        button.addEventListener("click", end);
        made.addEventListener("click", (event) => { if (event.target === made) end(); });
        document.body.append(made);
        return { body, end };
    }

    function openPath(path) {
        const url = new URL(path, location.origin);
        if (!path.startsWith("/") || url.origin !== location.origin || !PATHS.some((known) => url.pathname.startsWith(known))) {
            return { result: "error", errorCode: "PATH_NOT_AVAILABLE" };
        }
        url.searchParams.set("IFRAME", "Y");
        return new Promise((resolve) => {
            const { body } = slider("", resolve);
            body.append(Object.assign(document.createElement("iframe"), { src: url.href, title: url.pathname }));
        });
    }

    function openApplication(frame, params) {
        return new Promise((resolve) => {
            const { body, end } = slider(String(params.bx24_title || frame.iframe.title), resolve);
            body.classList.add("app-frame");
            body.dataset.frame = JSON.stringify({ client_id: frame.client, placement: "DEFAULT", options: params });
            openFrame(body, { close: end });
        });
    }

    async function selectCrm({ entityType, multiple }) {
        const kinds = [].concat(entityType || ["lead", "contact", "company", "deal"]);
        const titles = JSON.parse(words.kinds);
        const found = {};
        for (const kind of kinds.filter((one) => titles[one])) {
            const address = (search) => `/bridge/crm/?${new URLSearchParams({ kind, q: search })}`;
            const chosen = await pick(`${words.crm}: ${titles[kind]}`, address, multiple, "title");
            if (chosen.length) found[kind] = { ...chosen };
            if (chosen.length && !multiple) break;
        }
        return found;
    }

    /* A dialog with a search and a list; returns what was chosen, [] when it was closed. */
    function pick(title, address, isMultiple, name) {
        return new Promise((resolve) => {
            const dialog = document.createElement("dialog");
            const form = Object.assign(document.createElement("form"), { method: "dialog", className: "picker" });
            const search = Object.assign(document.createElement("input"), { type: "search", placeholder: words.search, ariaLabel: words.search });
            const list = document.createElement("ul");
            const done = Object.assign(document.createElement("button"), { className: "button", value: "done", textContent: isMultiple ? words.choose : words.close });
            const chosen = new Map();
            form.append(Object.assign(document.createElement("h2"), { textContent: title }), search, list, done);
            dialog.append(form);
            const show = async () => {
                const items = await portal.ask(address(search.value)).catch(() => []);
                list.replaceChildren(...items.map((item) => {
                    const button = Object.assign(document.createElement("button"), { type: "button", textContent: item[name] });
                    button.dataset.id = item.id;
                    button.setAttribute("aria-pressed", String(chosen.has(item.id)));
                    button.addEventListener("click", () => {
                        if (chosen.has(item.id)) chosen.delete(item.id);
                        else chosen.set(item.id, item);
                        if (!isMultiple) return dialog.close("done");
                        return button.setAttribute("aria-pressed", String(chosen.has(item.id)));
                    });
                    const line = document.createElement("li");
                    line.append(button);
                    return line;
                }));
            };
            search.addEventListener("input", show);
            search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
            dialog.addEventListener("close", () => {
                dialog.remove();
                resolve(dialog.returnValue === "done" ? [...chosen.values()] : []);
            });
            document.body.append(dialog);
            dialog.showModal();
            show();
        });
    }

    addEventListener("message", async (event) => {
        const asked = read(event.data);
        const frame = asked && frames.get(asked.sid);
        if (!frame || event.source !== frame.iframe.contentWindow || event.origin !== frame.origin) return;
        const own = Object.hasOwn(COMMANDS, asked.command) ? COMMANDS[asked.command] : null;
        const placed = interfaceOf(frame);
        try {
            const call = own ? own(frame, asked.params, asked.key) : placed[asked.command]?.(asked.params);
            const value = await call;
            if (!SILENT.includes(asked.command)) reply(frame, asked.key, value);
        } catch (error) {
            portal.say(error.message, true);
            reply(frame, asked.key, { error: error.message });
        }
    });

    portal.openFrame = openFrame;
    for (const box of document.querySelectorAll(".app-frame[data-open]")) openFrame(box);
})();
