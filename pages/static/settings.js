/* The settings of clients: buyers are counted while edges are typed. Owns nothing but that form's edges. */
"use strict";

(() => {
    let typing;
    let newest = 0;

    async function count(form) {
        const turn = ++newest;
        const response = await window.app.ask("/settings/scores", { method: "POST", body: new URLSearchParams(new FormData(form)) });
        const place = document.getElementById("scores");
        if (response.ok && place && turn === newest) place.innerHTML = await response.text();
    }

    function changed(event) {
        const form = event.target.closest("[data-scores]");
        const own = event.target.closest("[data-score]");
        if (!form || !own) return;
        // Whoever writes an edge wants his own.
        if (event.target.type === "number") own.querySelector("input[value=own]").checked = true;
        clearTimeout(typing);
        typing = setTimeout(() => count(form).catch(() => {}), 300);
    }

    document.addEventListener("input", changed);
})();
