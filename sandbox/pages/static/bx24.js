/* BX24 inside an application's frame: talks to the portal's page by postMessage and calls REST with the viewer's token.

   The portal names the frame DOMAIN|PROTOCOL|APP_SID. A question is the text `command:JSON:key:APP_SID`, its answer `key:JSON`.
   Behaves as the vendor's documentation of BX24.js says (sdk/bx24-js-sdk); only the parent window at the portal's origin is heard. */
"use strict";

window.BX24 = window.BX24 || (() => {
    const query = new URLSearchParams(location.search);
    const named = (window.name || "").split("|");
    const isNamed = named.length === 3;
    const domain = (isNamed ? named[0] : query.get("DOMAIN") || "").replace(/:(80|443)$/, "");
    const protocol = isNamed ? named[1] : query.get("PROTOCOL");
    const sid = isNamed ? named[2] : query.get("APP_SID") || "";
    const origin = domain ? `${protocol === "1" ? "https" : "http"}://${domain}` : "";
    const waiting = new Map(); // key -> callback of one answer
    const lasting = new Map(); // key -> callback of an event
    const started = []; // what init and install were given before the portal answered
    let about = null;
    let expires = 0;
    let counter = 0;

    function send(command, params, callback, isLasting = false) {
        if (!origin || window.parent === window) return false;
        const key = `bx24_${Date.now().toString(36)}_${(counter += 1)}`;
        if (callback) (isLasting ? lasting : waiting).set(key, callback);
        const parts = [command, ...(params === undefined || params === null ? [] : [typeof params === "string" ? params : JSON.stringify(params)]), key, sid];
        window.parent.postMessage(parts.join(":"), origin);
        return true;
    }

    window.addEventListener("message", (event) => {
        if (event.origin !== origin || event.source !== window.parent || typeof event.data !== "string") return;
        const at = event.data.indexOf(":");
        const key = at < 0 ? event.data : event.data.slice(0, at);
        const text = at < 0 ? "" : event.data.slice(at + 1);
        const callback = waiting.get(key) || lasting.get(key);
        waiting.delete(key);
        if (callback) callback(text ? JSON.parse(text) : undefined);
    });

    const whenReady = (callback) => {
        if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => callback(), { once: true });
        else callback();
    };

    /* Starting */

    function keepAuth(auth) {
        Object.assign(about, { AUTH_ID: auth.AUTH_ID, REFRESH_ID: auth.REFRESH_ID });
        expires = Date.now() + Number(auth.AUTH_EXPIRES) * 1000;
    }

    function begin() {
        for (const { callback, isInstall } of started.splice(0)) {
            if (!isInstall) callback();
            else if (about.FIRST_RUN || about.INSTALL) typeof callback === "string" ? location.assign(callback) : callback();
        }
    }

    function start(callback, isInstall) {
        if (typeof callback === "function" || isInstall) started.push({ callback: callback || (() => {}), isInstall });
        if (about) return whenReady(begin);
        if (start.isAsked) return undefined;
        start.isAsked = send("getInitData", {}, (data) => {
            about = data;
            keepAuth(data);
            if (data.FIRST_RUN) send("setInstall", { install: true });
            whenReady(begin);
        });
        return undefined;
    }

    /* REST */

    /* Returns pairs in PHP's brackets: {filter: {"=id": [1]}} -> filter[=id][0]=1. */
    function pairs(value, name) {
        if (value instanceof Date) return [[name, value.toISOString()]];
        if (value !== null && typeof value === "object") {
            return Object.entries(value).flatMap(([key, inner]) => pairs(inner, name ? `${name}[${key}]` : key));
        }
        if (value === undefined) return [];
        if (typeof value === "boolean") return [[name, value ? "1" : "0"]];
        return [[name, value === null ? "" : String(value)]];
    }

    const print = (params) => new URLSearchParams(pairs(params || {}, "")).toString();

    async function post(method, params) {
        const body = new URLSearchParams(pairs({ ...params, auth: about.AUTH_ID }, ""));
        const response = await fetch(`${origin}/rest/${method}.json`, { method: "POST", body });
        return { status: response.status, answer: await response.json() };
    }

    async function call(method, params) {
        try {
            if (expires <= Date.now()) await renew();
            let found = await post(method, params);
            if (found.status === 401 && ["expired_token", "invalid_token"].includes(found.answer.error)) {
                await renew();
                found = await post(method, params);
            }
            return found;
        } catch (error) {
            return { status: 0, answer: { error: "NETWORK_ERROR", error_description: String(error.message || error) } };
        }
    }

    const renew = () => new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("the portal does not renew the token")), 10000);
        send("refreshAuth", {}, (auth) => {
            clearTimeout(timer);
            if (!auth || !auth.AUTH_ID) return reject(new Error(auth?.error || "no token"));
            keepAuth(auth);
            return resolve();
        });
    });

    class Failure {
        constructor(status, answer) {
            this.status = status;
            this.ex = { error: answer.error, error_description: answer.error_description || "" };
        }
        getError() { return this.ex; }
        getStatus() { return this.status; }
        toString() { return this.ex.error + (this.ex.error_description ? `: ${this.ex.error_description}` : "") + ` (${this.status})`; }
    }

    class Result {
        constructor(method, params, status, answer, callback) {
            Object.assign(this, { answer, status, query: { method, data: params } });
            Object.defineProperty(this, "callback", { value: callback });
        }
        data() { return this.answer.result; }
        error() { return this.answer.error === undefined ? false : new Failure(this.status, this.answer); }
        error_description() { return this.answer.error_description; }
        more() { return this.answer.next !== undefined && !Number.isNaN(Number(this.answer.next)); }
        total() { return Number(this.answer.total); }
        time() { return this.answer.time; }
        next(callback) {
            if (!this.more()) return false;
            return callMethod(this.query.method, { ...this.query.data, start: Number(this.answer.next) }, callback || this.callback);
        }
    }

    function callMethod(method, params, callback) {
        if (!about) return false;
        call(method, params).then(({ status, answer }) => callback?.(new Result(method, params || {}, status, answer, callback)));
        return true;
    }

    const isList = (calls) => Array.isArray(calls);
    const command = (one) => (Array.isArray(one) ? { method: one[0], params: one[1] } : { method: one.method, params: one.params });

    /* `calls`: a list or a map of [method, params] or {method, params}; the callback gets Results in the same shape. */
    function callBatch(calls, callback, isHalting) {
        if (!about) return false;
        const asked = Object.entries(calls).map(([key, one]) => [key, command(one)]);
        const cmd = Object.fromEntries(asked.map(([key, one]) => [key, `${one.method}?${print(one.params)}`]));
        call("batch", { halt: isHalting ? 1 : 0, cmd }).then(({ status, answer }) => {
            const kept = answer.result || {};
            const of = (name, key) => (kept[name] || {})[key];
            const made = isList(calls) ? [] : {};
            for (const [key, one] of asked) {
                const failed = answer.error ? answer : of("result_error", key);
                if (!failed && of("result", key) === undefined) continue; // halted before it
                const own = failed
                    ? { error: failed.error, error_description: failed.error_description }
                    : { result: of("result", key), next: of("result_next", key), total: of("result_total", key), time: of("result_time", key) };
                made[key] = new Result(one.method, one.params || {}, status, own, null);
            }
            callback?.(made);
        });
        return true;
    }

    /* The window */

    /* The content's own height: the root's scrollHeight is never less than the frame's, so it counts only when something sticks out. */
    function scrollSize() {
        const root = document.documentElement;
        const sticksOut = root.scrollHeight > root.clientHeight ? root.scrollHeight : 0;
        return { scrollWidth: Math.max(root.scrollWidth, root.offsetWidth), scrollHeight: Math.max(root.offsetHeight, sticksOut) };
    }
    const known = (callback) => (answer) => { if (answer !== null && answer !== undefined) callback?.(answer); };
    const option = (kind, setter) => ({
        get: (name) => (about?.[kind] || {})[name],
        set(name, value, callback) {
            if (!about) return false;
            if (about[kind] === undefined || Array.isArray(about[kind])) about[kind] = {};
            about[kind][name] = value;
            return send(setter, { name, value }, (answer) => callback?.(answer));
        },
    });

    return {
        init: (callback) => start(callback, false),
        install: (callback) => start(callback, true),
        installFinish: () => Boolean(about?.INSTALL) && send("setInstallFinish", {}),
        ready: whenReady,
        isReady: () => document.readyState !== "loading",
        proxy: (callback, owner) => callback.bind(owner),
        bind: (element, name, callback) => element.addEventListener(name, callback),
        unbind: (element, name, callback) => element.removeEventListener(name, callback),

        getAuth() {
            if (!about || expires <= Date.now()) return false;
            return { access_token: about.AUTH_ID, refresh_token: about.REFRESH_ID, expires_in: expires, domain, member_id: about.MEMBER_ID };
        },
        refreshAuth: (callback) => renew().then(() => callback?.(window.BX24.getAuth()), () => callback?.(false)),
        isAdmin: () => Boolean(about?.IS_ADMIN),
        getLang: () => about?.LANG || query.get("LANG") || "en",
        getDomain: (isFull) => (isFull ? origin : domain),

        callMethod,
        callBatch,
        callBind: (event, handler, authType, callback) => callMethod("event.bind", { event, handler, auth_type: authType }, callback),
        callUnbind: (event, handler, authType, callback) => callMethod("event.unbind", { event, handler, auth_type: authType }, callback),

        appOption: option("APP_OPTIONS", "setAppOption"),
        userOption: option("USER_OPTIONS", "setUserOption"),

        getScrollSize: scrollSize,
        fitWindow: (callback) => send("resizeWindow", { width: "100%", height: scrollSize().scrollHeight }, (size) => callback?.(size)),
        resizeWindow: (width, height, callback) => Number(width) > 0 && Number(height) > 0
            && send("resizeWindow", { width: Number(width), height: Number(height) }, (size) => callback?.(size)),
        resizeWindowAuto(element, minWidth, minHeight, callback) {
            const size = element ? { scrollWidth: element.scrollWidth, scrollHeight: element.scrollHeight } : scrollSize();
            const [width, height] = [Math.max(size.scrollWidth, minWidth || 0), Math.max(size.scrollHeight, minHeight || 0)];
            return send("resizeWindow", { width, height }, (answer) => callback?.(answer));
        },
        reloadWindow: (callback) => send("reloadWindow", {}, (answer) => callback?.(answer)),
        setTitle: (title, callback) => send("setTitle", { title: String(title) }, (answer) => callback?.(answer)),
        scrollParentWindow: (scroll, callback) => send("setScroll", { scroll: Math.max(Number(scroll) || 0, 0) }, (answer) => callback?.(answer)),
        openPath: (path, callback) => send("openPath", { path }, (answer) => callback?.(answer)),
        openApplication: (params, callback, look) => {
            const settings = Object.fromEntries(Object.entries(look || {}).map(([name, value]) => [`bx24_${name}`, value]));
            return send("openApplication", { ...params, ...settings }, (answer) => callback?.(answer));
        },
        closeApplication: (callback) => send("closeApplication", {}, (answer) => callback?.(answer)),

        selectUser: (title, callback) => send("selectUser", { mult: false }, known(callback || title)),
        selectUsers: (title, callback) => send("selectUser", { mult: true }, known(callback || title)),
        selectAccess: (title, value, callback) => send("selectAccess", { value }, known(callback || value || title)),
        selectCRM: (params, callback) => {
            const asked = typeof params === "function" ? {} : params || {};
            return send("selectCRM", { entityType: asked.entityType, multiple: asked.multiple, value: asked.value }, known(callback || params));
        },

        placement: {
            info: () => ({ placement: about?.PLACEMENT || "DEFAULT", options: about?.PLACEMENT_OPTIONS || {} }),
            getInterface: (callback) => send("getInterface", null, (answer) => callback?.(answer)),
            call: (name, params, callback) => {
                const done = typeof params === "function" ? params : callback;
                return send(name, typeof params === "function" ? null : params, (answer) => done?.(answer));
            },
            bindEvent: (event, callback) => send("placementBindEvent", { event }, callback, true),
        },
    };
})();
