/* A card: tabs (a tab of an application is opened when it is first chosen), the stage bar, and a timeline that renews itself. */
"use strict";

(() => {
    const card = document.getElementById("crm-card");
    const address = `/crm/${card.dataset.kind}/details/${card.dataset.id}/`;
    const timeline = document.getElementById("timeline");
    const PAUSE = 3000;
    let shown = "";

    function choose(tab) {
        for (const one of card.querySelectorAll("[role=tab]")) {
            const isChosen = one === tab;
            one.setAttribute("aria-selected", String(isChosen));
            document.getElementById(one.getAttribute("aria-controls")).hidden = !isChosen;
        }
        const panel = document.getElementById(tab.getAttribute("aria-controls"));
        if (panel.dataset.frame && !panel.firstElementChild) portal.openFrame(panel);
    }

    async function setStage(stage) {
        try {
            await portal.ask(`${address}stage/`, { stage });
            location.reload();
        } catch (error) {
            portal.say(error.message, true);
        }
    }

    async function renew() {
        if (document.hidden) return;
        const answer = await fetch(`${address}timeline/`).catch(() => null);
        if (!answer?.ok) return;
        const html = await answer.text();
        if (html === shown) return;
        shown = html;
        timeline.replaceChildren(document.createRange().createContextualFragment(html));
    }

    card.addEventListener("click", (event) => {
        const tab = event.target.closest("[role=tab]");
        const stage = event.target.closest(".stages button");
        if (tab) choose(tab);
        else if (stage && !stage.hasAttribute("aria-current")) setStage(stage.dataset.stage);
    });
    card.querySelector(".stages [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    portal.renewTimeline = renew;
    setInterval(renew, PAUSE);
})();
