/* How one condition of a rule is entered: values by their kind, days, what was bought and said. Owns the controls of a row;
   the tree of conditions, counting and saving are the builder's (builder.js), whose class extends this one. */
"use strict";

(() => {
    function make(tag, attributes = {}, ...children) {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
            else if (value === true) element.setAttribute(name, "");
            else if (value !== false && value !== undefined) element.setAttribute(name, value);
        }
        element.append(...children);
        return element;
    }

    function option(value, title, chosen) {
        return make("option", { value, selected: chosen }, title);
    }

    class BuilderValues {
        values(rule, subject, takes) {
            if (takes === "none") return [];
            if (takes === "two") return [0, 1].map((place) => this.plain(rule.value, place, subject));
            if (subject.kind === "date" || subject.kind === "instant") return takes === "many" ? [this.words_(rule)] : [this.span(rule, "value", false)];
            if (takes === "many") return [subject.choices.length ? this.several(rule, subject) : this.words_(rule, subject.kind === "number")];
            return [this.plain(rule, "value", subject)];
        }

        plain(owner, place, subject) {
            const set = (value) => {
                owner[place] = value;
                this.changed();
            };
            if (subject.kind === "flag" || subject.choices.length) {
                const pairs = subject.kind === "flag" ? [["1", this.words.yes], ["0", this.words.no]] : subject.choices;
                const chosen = String(owner[place]);
                return make("select", { class: "value", "aria-label": this.words.value, onchange: (event) => set(event.target.value) }, ...pairs.map(([value, title]) => option(value, title, value === chosen)));
            }
            const type = { number: "number", date: "date", instant: "date" }[subject.kind] || "text";
            const read = (event) => set(type === "number" ? (event.target.value === "" ? "" : Number(event.target.value)) : event.target.value);
            return make("input", { class: "value", type, step: type === "number" ? "any" : undefined, value: owner[place] ?? "", "aria-label": this.words.value, oninput: read });
        }

        several(rule, subject) {
            const chosen = new Set(rule.value.map(String));
            const list = make("select", { class: "value", multiple: true, size: Math.min(5, subject.choices.length), "aria-label": this.words.value }, ...subject.choices.map(([value, title]) => option(value, title, chosen.has(value))));
            list.addEventListener("change", () => {
                rule.value = [...list.selectedOptions].map((one) => one.value);
                this.changed();
            });
            return list;
        }

        words_(rule, numbers = false) {
            const read = (event) => {
                const parts = event.target.value.split(",").map((part) => part.trim()).filter(Boolean);
                rule.value = numbers ? parts.map(Number) : parts;
                this.changed();
            };
            return make("input", { class: "value", value: rule.value.join(", "), "aria-label": this.words.value, oninput: read });
        }

        // -- days ------------------------------------------------------------------------------------------

        today() {
            return new Date().toISOString().slice(0, 10);
        }

        span(owner, place, mayBeEmpty) {
            const value = owner[place];
            const forms = {
                on: () => this.today(),
                lastDays: () => ({ days_ago: [0, 30] }),
                nextDays: () => ({ days: [0, 7] }),
                daysAgo: () => ({ days_ago: 30 }),
                between: () => ({ days_ago: [90, 180] }),
            };
            const form = this.formOf(value);
            const pairs = [...(mayBeEmpty ? [["anyTime", this.words.anyTime]] : []), ...Object.keys(forms).map((one) => [one, this.words[one]]), ...this.offered.periods];
            const choose = make("select", { class: "span", "aria-label": this.words.value }, ...pairs.map(([key, title]) => option(key, title, key === form)));
            choose.addEventListener("change", () => {
                if (choose.value === "anyTime") delete owner[place];
                else owner[place] = forms[choose.value] ? forms[choose.value]() : { period: choose.value };
                this.draw();
            });
            return make("span", { class: "span-of-days" }, choose, ...this.days(owner, place, form));
        }

        formOf(value) {
            if (value === undefined || value === null) return "anyTime";
            if (typeof value === "string") return "on";
            if (value.period) return value.period;
            if (value.days) return "nextDays";
            if (!Array.isArray(value.days_ago)) return "daysAgo";
            return Math.min(...value.days_ago) === 0 ? "lastDays" : "between";
        }

        days(owner, place, form) {
            const number = (current, set) => make("input", { class: "days", type: "number", value: current, "aria-label": this.words.value, oninput: (event) => { set(Math.trunc(Number(event.target.value))); this.changed(); } });
            const value = owner[place];
            if (form === "on") return [make("input", { class: "value", type: "date", value, "aria-label": this.words.value, oninput: (event) => { owner[place] = event.target.value; this.changed(); } })];
            if (form === "daysAgo") return [number(value.days_ago, (one) => (value.days_ago = one))];
            if (form === "nextDays") return [number(Array.isArray(value.days) ? Math.max(...value.days) : value.days, (one) => (value.days = [0, one]))];
            if (form === "lastDays") return [number(Math.max(...value.days_ago), (one) => (value.days_ago = [0, one]))];
            if (form === "between") return [0, 1].map((end) => number(value.days_ago[end], (one) => (value.days_ago[end] = one)));
            return [];
        }

        // -- what happened, other segments -----------------------------------------------------------------

        bought(rule) {
            const when = this.span(rule, "within", true);
            if (rule.products && rule.products.length) {
                const names = rule.products.map((number) => this.offered.products[number] || `№ ${number}`);
                return [make("span", { class: "value named" }, names.join(", ")), when];
            }
            delete rule.products;
            const input = make("input", { class: "value", type: "text", list: "product-names", value: rule.name || "", placeholder: this.words.name, "aria-label": this.words.name });
            input.addEventListener("input", () => {
                rule.name = input.value;
                this.changed();
                this.suggest(input.value);
            });
            return [input, when];
        }

        async suggest(words) {
            const turn = (this.suggestions = (this.suggestions || 0) + 1);
            const response = await window.app.ask(`/segments/products?search=${encodeURIComponent(words)}`);
            if (!response.ok || turn !== this.suggestions) return;
            document.getElementById("product-names")?.replaceChildren(...(await response.json()).map((name) => option(name, name, false)));
        }

        activity(rule) {
            const list = (name, pairs) => make("select", { class: "value", "aria-label": this.words.value, onchange: (event) => { rule[name] = event.target.value; this.changed(); } }, ...pairs.map(([key, title]) => option(key, title, key === (rule[name] || "any"))));
            const kinds = [["any", this.words.anyTalk], ...["call", "letter", "chat", "meeting"].map((key) => [key, this.words[key]])];
            const ways = [["any", this.words.anyWay], ["in", this.words.in], ["out", this.words.out]];
            return [list("kind", kinds), list("direction", ways), this.span(rule, "within", true)];
        }

        inSection(rule, subject) {
            const chosen = String(rule.sections[0]);
            const choose = make("select", { class: "value", "aria-label": this.words.value }, ...subject.choices.map(([key, title]) => option(key, title, key === chosen)));
            choose.addEventListener("change", () => {
                rule.sections = [Number(choose.value)];
                this.changed();
            });
            return [choose, this.span(rule, "within", true)];
        }

        other(rule, subject) {
            const choose = make("select", { class: "value", "aria-label": this.words.value }, ...subject.choices.map(([key, title]) => option(key, title, key === rule.segment)));
            choose.addEventListener("change", () => {
                rule.segment = choose.value;
                this.changed();
            });
            return [choose];
        }

        listed(rule) {
            return [make("span", { class: "value" }, rule.list)];
        }

        nothing() {
            return [];
        }
    }

    Object.assign(BuilderValues, { make, option });
    window.BuilderValues = BuilderValues;
})();
