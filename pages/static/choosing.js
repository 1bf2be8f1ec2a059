/* Choosing a client by name: whatever is typed into [data-clients] is answered with names in its datalist. Owns nothing else. */
"use strict";

(() => {
    let newest = 0;

    async function suggest(input) {
        const turn = ++newest;
        const response = await window.app.ask(`/clients/found?search=${encodeURIComponent(input.value)}`);
        if (!response.ok || turn !== newest || !input.list) return;
        const names = await response.json();
        input.list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
    }

    document.addEventListener("input", (event) => {
        if (event.target.matches("[data-clients]")) suggest(event.target).catch(() => {});
    });
})();
