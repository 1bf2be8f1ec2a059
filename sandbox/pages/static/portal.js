/* What every page has: the menu on a phone, selects that submit at once, a short message, and posting JSON to the portal. */
"use strict";

window.portal = (() => {
    const toast = document.getElementById("toast");
    let hiding;

    function say(text, isBad = false) {
        toast.textContent = text;
        toast.className = isBad ? "bad" : "";
        toast.hidden = false;
        clearTimeout(hiding);
        hiding = setTimeout(() => { toast.hidden = true; }, 6000);
    }

    /* Returns the answer's JSON; throws an Error with the sentence to show. */
    async function ask(url, body) {
        const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
        let answer;
        try {
            answer = await fetch(url, options);
        } catch (error) {
            throw new Error(document.body.dataset.offline, { cause: error });
        }
        const read = await answer.json().catch(() => ({}));
        if (!answer.ok) throw new Error(read.error || read.error_description || `${answer.status}`);
        return read;
    }

    const button = document.getElementById("menu-button");
    button?.addEventListener("click", () => {
        const isOpen = document.getElementById("menu").classList.toggle("open");
        button.setAttribute("aria-expanded", String(isOpen));
    });
    document.addEventListener("change", (event) => {
        if (event.target.matches("[data-submit]")) event.target.form.submit();
    });

    return { say, ask };
})();
