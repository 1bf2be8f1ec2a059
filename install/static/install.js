/* The install page: asks how far the installation is, shows it, and at the end tells the app, then the portal. */
"use strict";

(() => {
    let token = document.querySelector('meta[name="app-session"]').content;
    const list = document.getElementById("steps");
    const ending = document.getElementById("ending");
    const language = document.documentElement.lang;
    const tones = { done: "note good", failed: "note bad", offline: "note warn", expired: "note warn" };
    const PAUSE = 700;
    const LONG_PAUSE = 5000; // after a failure: the job may be tried again, or the cause be mended
    let pause = PAUSE;

    async function ask(url, method = "GET") {
        const answer = await fetch(url, { method, headers: { "X-App-Session": token } });
        token = answer.headers.get("X-App-Session") || token;
        return answer;
    }
    const say = (state) => {
        ending.textContent = ending.dataset[state];
        ending.dataset.state = state;
        ending.className = tones[state] || "note";
    };

    function part(name, className, text) {
        const element = document.createElement(name);
        element.className = className;
        if (text) element.textContent = text;
        return element;
    }

    function draw(steps) {
        list.replaceChildren(...steps.map((step) => {
            const line = document.createElement("li");
            line.dataset.step = step.key;
            line.dataset.state = step.state;
            const counts = step.total ? `${(step.done ?? 0).toLocaleString(language)} / ${step.total.toLocaleString(language)}` : "";
            line.append(part("span", "mark"), part("span", "", step.title), part("span", "quiet small number", counts));
            if (step.total && step.state === "running") {
                const bar = part("progress", "rest");
                bar.max = step.total;
                bar.value = step.done ?? 0;
                line.append(bar);
            }
            if (step.note) line.append(part("small", "rest quiet", step.note));
            return line;
        }));
        if (window.BX24?.fitWindow) window.BX24.fitWindow();
    }

    async function finish() {
        const answer = await ask("/install/finished", "POST");
        if (!answer.ok) throw new Error("not finished");
        say("done");
        if (window.BX24) window.BX24.init(() => window.BX24.installFinish());
    }

    async function look() {
        try {
            const answer = await ask("/install/progress");
            if (answer.status === 403) return say("expired");
            const progress = await answer.json();
            draw(progress.steps);
            say(progress.state === "done" ? "running" : progress.state);
            if (progress.finished) return await finish();
            pause = progress.state === "failed" ? LONG_PAUSE : PAUSE;
        } catch {
            say("offline");
        }
        setTimeout(look, pause);
    }

    look();
})();
