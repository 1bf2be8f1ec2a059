/* The builder of rules: rows and groups over a tree of conditions, live counts while it changes. Owns the draft on the page;
   what may be asked comes from the server in data-offered, counts and sentences come from the server too. */
"use strict";

(() => {
    let builder = null; // of the page that is shown now

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

    class Builder {
        constructor(root) {
            this.root = root;
            this.offered = JSON.parse(root.dataset.offered);
            this.words = this.offered.words;
            this.form = root.closest("form");
            this.rule = this.asGroup(JSON.parse(this.form.elements.rule.value));
            this.subjects = new Map(this.offered.subjects.map((one) => [one.key, one]));
            this.dealSubjects = new Map(this.offered.dealSubjects.map((one) => [one.key, one]));
            this.form.addEventListener("change", (event) => event.target.name === "unknown_means" && this.changed());
            this.draw();
        }

        asGroup(rule) {
            return rule.all || rule.any ? rule : { all: [rule] };
        }

        draw() {
            this.root.replaceChildren(this.group(this.rule, null, this.subjects));
            this.changed();
        }

        changed() {
            this.form.elements.rule.value = JSON.stringify(this.rule);
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.count(), 300);
        }

        async count() {
            const turn = (this.turn = (this.turn || 0) + 1);
            const html = await this.ask("/segments/preview", { key: this.form.elements.key.value });
            const place = document.getElementById("counts");
            if (place && html !== null && turn === this.turn) place.innerHTML = html;
        }

        async ask(url, more) {
            const body = new URLSearchParams({ rule: this.form.elements.rule.value, unknown_means: this.form.elements.unknown_means.value, ...more });
            try {
                return await (await window.app.ask(url, { method: "POST", body })).text();
            } catch {
                return null;
            }
        }

        // -- groups ----------------------------------------------------------------------------------------

        group(rule, remove, subjects) {
            const word = rule.any ? "any" : "all";
            const inner = rule[word];
            const head = make(
                "div",
                { class: "group-head" },
                make(
                    "select",
                    { "aria-label": this.words.condition, onchange: (event) => this.rename(rule, event.target.value) },
                    option("all", this.words.all, word === "all"),
                    option("any", this.words.any, word === "any"),
                ),
            );
            if (remove) head.append(this.button(this.words.remove, remove, "×"));
            const rows = inner.map((child, place) => this.child(inner, place, subjects));
            const add = (made) => () => {
                inner.push(made());
                this.draw();
            };
            const foot = make("div", { class: "group-foot" }, this.button(this.words.addCondition, add(() => this.fresh(subjects))));
            foot.append(this.button(this.words.addGroup, add(() => ({ any: [this.fresh(subjects)] }))));
            return make("div", { class: "group" }, head, ...rows, foot);
        }

        rename(rule, word) {
            const inner = rule.all || rule.any;
            delete rule.all;
            delete rule.any;
            rule[word] = inner;
            this.draw();
        }

        child(inner, place, subjects) {
            let rule = inner[place];
            const negated = Boolean(rule.not);
            if (negated) rule = rule.not;
            const remove = () => {
                inner.splice(place, 1);
                if (!inner.length) inner.push(this.fresh(subjects));
                this.draw();
            };
            const toggle = () => {
                inner[place] = negated ? rule : { not: rule };
                this.draw();
            };
            const not = make("button", { type: "button", class: `not${negated ? " on" : ""}`, "aria-pressed": String(negated), onclick: toggle }, this.words.negate);
            const body = rule.all || rule.any ? this.group(rule, remove, subjects) : this.condition(rule, remove, subjects, negated ? inner[place] : inner, negated ? "not" : place);
            return make("div", { class: `row${negated ? " negated" : ""}` }, not, body);
        }

        button(title, action, sign) {
            return make("button", { type: "button", class: sign ? "bare" : "second", "aria-label": title, onclick: action }, sign || title);
        }

        fresh(subjects) {
            const first = subjects.values().next().value;
            return this.begin(first);
        }

        begin(subject) {
            const rule = { ...subject.rule };
            if (["number", "text", "choice", "flag", "date", "instant"].includes(subject.kind)) rule.op = this.offered.operators[subject.kind][0][0];
            if (subject.kind === "number") rule.value = 1;
            if (subject.kind === "flag") rule.value = 1;
            if (subject.kind === "choice" && subject.choices.length) rule.value = subject.choices[0][0];
            if (subject.kind === "text") rule.value = "";
            if (subject.kind === "date" || subject.kind === "instant") rule.value = { days_ago: [0, 30] };
            if (subject.kind === "bought") rule.name = "";
            if (subject.kind === "activity") Object.assign(rule, { kind: "any", direction: "any", within: { days_ago: [0, 30] } });
            if (subject.kind === "segment") rule.segment = subject.choices[0][0];
            if (subject.kind === "deal") rule.where = { all: [this.fresh(this.dealSubjects)] };
            return rule;
        }

        // -- conditions ------------------------------------------------------------------------------------

        subjectOf(rule, subjects) {
            const field = (rule.field || "").replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
            const of = subjects === this.dealSubjects ? "deal" : rule.of || "client";
            const key = { fact: `fact:${rule.fact}`, field: `field:${of}:${field}` }[rule.criterion] || rule.criterion;
            return subjects.get(key) || { key, group: "", title: rule.field || rule.fact || key, kind: rule.criterion === "field" ? "text" : key, rule, choices: [], several: false };
        }

        condition(rule, remove, subjects, owner, place) {
            const subject = this.subjectOf(rule, subjects);
            const what = make("select", { class: "subject", "aria-label": this.words.condition });
            const groups = new Map();
            for (const one of subjects.has(subject.key) ? subjects.values() : [subject, ...subjects.values()]) {
                if (!groups.has(one.group)) groups.set(one.group, make("optgroup", { label: one.group || this.words.condition }));
                groups.get(one.group).append(option(one.key, one.title, one.key === subject.key));
            }
            what.append(...groups.values());
            what.addEventListener("change", () => {
                owner[place] = this.begin(subjects.get(what.value));
                this.draw();
            });
            const line = make("div", { class: "condition" }, what);
            line.append(...this.editors(rule, subject), this.button(this.words.remove, remove, "×"));
            if (subject.kind !== "deal") return line;
            rule.where = this.asGroup(rule.where);
            return make("div", { class: "nested" }, line, this.group(rule.where, null, this.dealSubjects));
        }

        editors(rule, subject) {
            const special = { bought: "bought", activity: "activity", segment: "other", list: "listed", deal: "nothing" }[subject.kind];
            if (special) return this[special](rule, subject);
            const operators = this.offered.operators[subject.kind];
            const known = operators.some(([sign]) => sign === rule.op) ? operators : [...operators, [rule.op, rule.op, "one"]];
            const how = make("select", { class: "operator", "aria-label": this.words.condition }, ...known.map(([sign, title]) => option(sign, title, sign === rule.op)));
            how.addEventListener("change", () => {
                this.operate(rule, subject, how.value);
                this.draw();
            });
            const takes = known.find(([sign]) => sign === rule.op)[2];
            return [how, ...this.values(rule, subject, takes)];
        }

        operate(rule, subject, sign) {
            const takes = this.offered.operators[subject.kind].find(([one]) => one === sign)[2];
            const one = Array.isArray(rule.value) ? rule.value[0] : rule.value;
            rule.op = sign;
            if (takes === "none") delete rule.value;
            else if (takes === "many") rule.value = one === undefined || one === "" ? [] : [one];
            else if (takes === "two") rule.value = subject.kind === "number" ? [one ?? 0, (one ?? 0) + 30] : [this.today(), this.today()];
            else rule.value = one ?? this.begin(subject).value;
            if (sign === "anniversary") rule.value = { days: [0, 7] };
        }

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
            if (rule.products && rule.products.length) return [make("span", { class: "value" }, this.words.products.replace("{n}", rule.products.join(", "))), when];
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

        // -- trying and pasting ----------------------------------------------------------------------------

        async tryClient() {
            const html = await this.ask("/segments/try", { client: document.getElementById("try-key").value });
            if (html !== null) document.getElementById("tried").innerHTML = html;
        }

        async paste() {
            const body = new URLSearchParams({ filter: document.getElementById("paste-text").value, entity: document.getElementById("paste-entity").value });
            const response = await window.app.ask("/segments/paste", { method: "POST", body });
            const notes = document.getElementById("paste-notes");
            if (!response.ok) {
                notes.replaceChildren(document.createRange().createContextualFragment(await response.text()));
                return;
            }
            const found = await response.json();
            const said = found.rule ? found.notes : [...found.notes, this.words.pasteEmpty];
            notes.replaceChildren(...said.map((note) => make("li", {}, note)));
            if (!found.rule) return;
            this.rule = this.asGroup(found.rule);
            this.draw();
        }
    }

    function begin() {
        const root = document.querySelector("[data-builder]");
        if (root && builder?.root !== root) builder = new Builder(root);
        if (!root) builder = null;
    }

    document.addEventListener("click", (event) => {
        if (event.target.closest("[data-try]")) builder?.tryClient();
        if (event.target.closest("[data-paste]")) builder?.paste();
    });
    document.addEventListener("keydown", (event) => {
        if (event.target.id === "try-key" && event.key === "Enter") {
            event.preventDefault();
            builder?.tryClient();
        }
    });
    document.addEventListener("app:shown", begin);
    begin();
})();
