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
            if (response.status === 422) return say(html); // a person can mend it: what he has typed stays
            const focus = keepFocus && document.activeElement?.name;
            main.replaceChildren(document.createRange().createContextualFragment(html));
            if (focus) restoreFocus(focus);
            else scrollTo(0, 0);
            document.dispatchEvent(new Event("app:shown"));
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

    function say(html) {
        main.querySelector(":scope > [data-said]")?.remove();
        const box = document.createElement("div");
        box.dataset.said = "";
        box.append(document.createRange().createContextualFragment(html));
        main.prepend(box);
        scrollTo(0, 0);
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
        const fields = new FormData(form);
        const body = form.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
        if (form.method === "post") show(form.getAttribute("action"), { method: "POST", body });
        else show(`${form.getAttribute("action")}?${body}`, {}, true);
    });

    document.addEventListener("change", (event) => {
        const form = event.target.closest("form[data-auto]"); // a choice is sent as soon as it is made
        if (form) form.requestSubmit();
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
    if (window.BX24) {
        window.BX24.init(() => new ResizeObserver(fit).observe(main)); // the frame follows what grows by itself, too
    }
})();
