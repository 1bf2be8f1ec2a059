/* The builder of rules: rows and groups over a tree of conditions, live counts while it changes. Owns the draft on the page;
   what may be asked comes from the server in data-offered, counts and sentences come from the server too. */
"use strict";

(() => {
    let builder = null; // of the page that is shown now

    const { make, option } = window.BuilderValues;

    class Builder extends window.BuilderValues {
        constructor(root) {
            super();
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
            const place = document.getElementById("counts");
            const key = this.form.elements.key.value;
            const show = async (more) => {
                const html = await this.ask("/segments/preview", { key, ...more });
                if (place && html !== null && turn === this.turn) place.innerHTML = html;
            };
            await show({});
            // Of a large base the first answer may be about; whoever stops typing for a moment is told exactly.
            if (turn === this.turn && place?.querySelector("[data-about]")) this.timer = setTimeout(() => turn === this.turn && show({ whole: 1 }), 700);
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
            if (subject.kind === "section") rule.sections = [Number(subject.choices[0][0])];
            if (subject.kind === "deal") rule.where = { all: [this.fresh(this.dealSubjects)] };
            return rule;
        }

        // -- conditions ------------------------------------------------------------------------------------

        subjectOf(rule, subjects) {
            const field = (rule.field || "").replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
            const of = subjects === this.dealSubjects ? "deal" : rule.of || "client";
            const key = { fact: `fact:${rule.fact}`, field: `field:${of}:${field}` }[rule.criterion] || (rule.sections ? "section" : rule.criterion);
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
            const special = { bought: "bought", activity: "activity", segment: "other", section: "inSection", list: "listed", deal: "nothing" }[subject.kind];
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
