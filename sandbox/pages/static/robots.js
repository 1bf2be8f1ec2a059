/* The designer of robots: a form to put one on a stage, with its settings and conditions; removing one. */
"use strict";

(() => {
    const words = JSON.parse(document.getElementById("robot-words").textContent);
    const dialog = document.getElementById("robot-dialog");
    const choice = document.getElementById("robot-choice");
    const properties = document.getElementById("robot-properties");
    const conditions = document.getElementById("robot-conditions");
    const settings = document.getElementById("robot-settings");
    const problem = document.getElementById("robot-error");
    let stage = "";

    function element(tag, attributes = {}, ...children) {
        const made = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            if (name in made) made[name] = value;
            else made.setAttribute(name, value);
        }
        made.append(...children);
        return made;
    }

    function input(kind, choices, attributes) {
        if (choices.length) return element("select", attributes, ...choices.map(([value, title]) => new Option(title, value)));
        if (kind === "textarea") return element("textarea", { rows: 2, ...attributes });
        return element("input", { type: kind, ...(kind === "number" ? { step: "any" } : {}), ...attributes });
    }

    const robot = () => words.robots[Number(choice.value)];

    function showRobot() {
        document.getElementById("robot-about").textContent = robot().description || "";
        properties.replaceChildren(...robot().properties.map((one) => {
            const field = input(one.input, one.choices, { name: one.code, required: one.required, title: words.hint });
            if (one.value !== "") field.value = one.value;
            return element("label", {}, one.name, field, ...(one.description ? [element("small", {}, one.description)] : []));
        }));
        settings.hidden = !robot().has_settings_page;
        settings.replaceChildren();
        if (robot().has_settings_page) {
            const options = { code: robot().code, current_values: readProperties() };
            settings.dataset.frame = JSON.stringify({ client_id: robot().client_id, placement: "ROBOT_SETTINGS", options });
            portal.openFrame(settings);
        }
    }

    /* What the application's own settings page tells by setPropertyValue. */
    portal.setPropertyValue = (values) => {
        for (const [code, value] of Object.entries(values || {})) {
            const field = properties.querySelector(`[name="${CSS.escape(code)}"]`);
            if (field) field.value = value;
        }
    };

    function readProperties() {
        return Object.fromEntries([...properties.querySelectorAll("[name]")].map((field) => [field.name, field.value]));
    }

    function addCondition() {
        const field = element("select", { className: "condition-field", ariaLabel: "field" }, new Option(words.always, ""),
            ...words.fields.map((one) => new Option(one.title, one.name)));
        const operator = element("select", { className: "condition-operator", ariaLabel: "operator", hidden: true },
            ...words.operators.map((one) => new Option(one.title, one.key)));
        const value = element("span", { className: "condition-value", hidden: true });
        const remove = element("button", { type: "button", className: "link", ariaLabel: words.remove, hidden: true }, "✕");
        const row = element("div", { className: "condition" }, field, operator, value, remove);
        field.addEventListener("change", () => {
            const known = words.fields.find((one) => one.name === field.value);
            operator.hidden = value.hidden = remove.hidden = !known;
            if (known) value.replaceChildren(input(known.input, known.choices, { ariaLabel: known.title }));
        });
        operator.addEventListener("change", () => { value.hidden = words.operators.find((one) => one.key === operator.value).bare; });
        remove.addEventListener("click", () => {
            row.remove();
            if (!conditions.firstElementChild) addCondition();
        });
        conditions.append(row);
    }

    function readConditions() {
        return [...conditions.children].map((row) => ({
            field: row.querySelector(".condition-field").value,
            operator: row.querySelector(".condition-operator").value,
            value: row.querySelector(".condition-value").hidden ? "" : row.querySelector(".condition-value").firstElementChild?.value ?? "",
        })).filter((one) => one.field);
    }

    function open(column) {
        stage = column.dataset.stage;
        document.getElementById("robot-stage").textContent = column.dataset.title;
        conditions.replaceChildren();
        addCondition();
        problem.hidden = true;
        showRobot();
        dialog.showModal();
    }

    async function save() {
        const asked = { stage_id: stage, client_id: robot().client_id, robot: robot().code, properties: readProperties(), conditions: readConditions() };
        try {
            await portal.ask(`${words.address}add/`, asked);
            location.reload();
        } catch (error) {
            problem.textContent = error.message;
            problem.hidden = false;
        }
    }

    async function remove(rule) {
        try {
            await portal.ask(`${words.address}remove/`, { id: Number(rule.dataset.rule) });
            rule.remove();
        } catch (error) {
            portal.say(error.message, true);
        }
    }

    choice.append(...words.robots.map((one, place) => new Option(one.app ? `${one.name} — ${one.app}` : one.name, place)));
    choice.addEventListener("change", showRobot);
    document.getElementById("more-conditions").addEventListener("click", addCondition);
    document.getElementById("robot-cancel").addEventListener("click", () => dialog.close());
    document.getElementById("robot-form").addEventListener("submit", (event) => {
        event.preventDefault();
        save();
    });
    document.getElementById("robots").addEventListener("click", (event) => {
        if (event.target.matches(".add-robot")) open(event.target.closest(".column"));
        if (event.target.matches(".remove-robot")) remove(event.target.closest(".rule"));
    });
})();
