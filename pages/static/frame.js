/* The app's pages inside Bitrix24's frame: every request carries the signed session in a header (cookies do not arrive
   here), links and forms are answered with a new content of <main>. Owns navigation; knows nothing of any one page. */
"use strict";

(() => {
    const meta = document.querySelector('meta[name="app-session"]');
    const main = document.querySelector("main");
    let newest = 0;

    async function ask(url, options = {}) {
        const response = await fetch(url, { ...options, headers: { ...options.headers, "X-App-Session": meta.content } });
        const renewed = response.headers.get("X-App-Session");
        if (renewed) meta.content = renewed;
        return response;
    }

    async function show(url, options = {}, keepFocus = false) {
        const turn = ++newest;
        main.setAttribute("aria-busy", "true");
        try {
            const response = await ask(url, options);
            const html = await response.text();
            if (turn !== newest) return; // a later click is already on its way
            const focus = keepFocus && document.activeElement?.name;
            main.replaceChildren(document.createRange().createContextualFragment(html));
            if (focus) restoreFocus(focus);
            else scrollTo(0, 0);
        } catch {
            if (turn === newest) main.prepend(offline());
        } finally {
            if (turn === newest) main.removeAttribute("aria-busy");
            fit();
        }
    }

    function restoreFocus(name) {
        const field = main.querySelector(`[name="${name}"]`);
        if (!field) return;
        field.focus();
        if (field.setSelectionRange) field.setSelectionRange(field.value.length, field.value.length);
    }

    function offline() {
        main.querySelector("[data-offline]")?.remove();
        const note = document.createElement("p");
        note.className = "note bad";
        note.dataset.offline = "";
        note.textContent = document.body.dataset.offline;
        return note;
    }

    function fit() {
        if (window.BX24?.fitWindow) window.BX24.fitWindow();
    }

    function go(url) {
        history.pushState({ url }, "", url);
        show(url);
    }

    document.addEventListener("click", (event) => {
        const portalPath = event.target.closest("[data-portal-path]");
        if (portalPath && window.BX24) {
            event.preventDefault();
            window.BX24.openPath(portalPath.dataset.portalPath);
            return;
        }
        const link = event.target.closest("a[href^='/']");
        if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(link.getAttribute("href"));
    });

    document.addEventListener("submit", (event) => {
        event.preventDefault();
        const form = event.target;
        const fields = new URLSearchParams(new FormData(form));
        if (form.method === "post") show(form.action, { method: "POST", body: fields });
        else show(`${form.getAttribute("action")}?${fields}`, {}, true);
    });

    let typing;
    document.addEventListener("input", (event) => {
        if (event.target.type !== "search") return;
        clearTimeout(typing);
        typing = setTimeout(() => event.target.form.requestSubmit(), 250);
    });

    addEventListener("popstate", (event) => {
        show(event.state?.url || main.dataset.start);
    });

    window.app = { ask, show };
    if (window.BX24) window.BX24.init(fit);
})();
