/* A robot's settings page: what is chosen here goes into the robot's own form at once (BX24.placement.call), where a person saves it. */
"use strict";

(() => {
    const fieldsOf = (form) => Object.fromEntries([...form.querySelectorAll("[data-property]")].map((field) => [field.dataset.property, field.value]));

    function tell(form) {
        if (!window.BX24?.placement) return;
        window.BX24.placement.call("setPropertyValue", fieldsOf(form), () => {
            const note = form.querySelector("[data-robot-kept]");
            if (note) note.hidden = false;
        });
    }

    document.addEventListener("change", (event) => {
        const form = event.target.closest("[data-robot-settings]");
        if (form && event.target.dataset.property) tell(form);
    });
})();
