/* The board of deals: a card is moved at once and told to the server; when it refuses, the card goes back. */
"use strict";

(() => {
    const board = document.getElementById("board");
    const category = board.dataset.category;
    const cardsOf = (column) => column.querySelector(".cards");
    let dragged = null;

    function setHeads(columns) {
        for (const [stage, head] of Object.entries(columns)) {
            const column = board.querySelector(`.column[data-stage="${CSS.escape(stage)}"]`);
            if (!column) continue;
            column.querySelector(".count").textContent = head.count;
            column.querySelector(".total").textContent = head.total;
            const more = column.querySelector(".more");
            more.hidden = head.count <= cardsOf(column).children.length;
        }
    }

    /* The menu of a card names every stage but its own. */
    function setMenu(card, column) {
        const menu = card.querySelector(".move");
        const choices = [...board.querySelectorAll(".column")].filter((one) => one !== column)
            .map((one) => new Option(one.querySelector("h2 span").textContent, one.dataset.stage));
        menu.replaceChildren(new Option(menu.dataset.empty, ""), ...choices);
    }

    async function move(card, column) {
        const from = card.closest(".column");
        if (!from || from === column) return;
        const next = card.nextElementSibling;
        cardsOf(column).prepend(card);
        card.classList.add("moving");
        try {
            const answer = await portal.ask("/crm/deal/kanban/move/", { id: Number(card.dataset.id), stage: column.dataset.stage });
            setMenu(card, column);
            setHeads(answer.columns);
        } catch (error) {
            cardsOf(from).insertBefore(card, next);
            card.querySelector(".move").value = "";
            portal.say(error.message, true);
        } finally {
            card.classList.remove("moving");
        }
    }

    async function showMore(button) {
        const column = button.closest(".column");
        const start = Number(button.dataset.start);
        button.disabled = true;
        try {
            const answer = await fetch(`/crm/deal/kanban/cards/?${new URLSearchParams({ category, stage: column.dataset.stage, start })}`);
            if (!answer.ok) throw new Error(`${answer.status}`);
            const made = document.createRange().createContextualFragment(await answer.text());
            const cards = [...made.querySelectorAll(".deal")];
            cardsOf(column).append(...cards.filter((card) => !document.getElementById(card.id)));
            button.dataset.start = start + Number(board.dataset.step);
            button.hidden = cards.length < Number(board.dataset.step);
        } catch (error) {
            portal.say(error.message || document.body.dataset.offline, true);
        } finally {
            button.disabled = false;
        }
    }

    board.addEventListener("dragstart", (event) => {
        dragged = event.target.closest?.(".deal");
        if (!dragged) return;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", dragged.dataset.id);
    });
    board.addEventListener("dragend", () => {
        dragged = null;
        board.querySelector(".over")?.classList.remove("over");
    });
    board.addEventListener("dragover", (event) => {
        const column = event.target.closest(".column");
        if (!dragged || !column) return;
        event.preventDefault();
        if (!column.classList.contains("over")) {
            board.querySelector(".over")?.classList.remove("over");
            column.classList.add("over");
        }
    });
    board.addEventListener("drop", (event) => {
        const column = event.target.closest(".column");
        if (!dragged || !column) return;
        event.preventDefault();
        column.classList.remove("over");
        move(dragged, column);
    });
    board.addEventListener("change", (event) => {
        if (!event.target.matches(".move") || !event.target.value) return;
        move(event.target.closest(".deal"), board.querySelector(`.column[data-stage="${CSS.escape(event.target.value)}"]`));
    });
    board.addEventListener("click", (event) => {
        if (event.target.matches(".more")) showMore(event.target);
    });
})();
