"""Todos of an offer for whoever is responsible: send it, ask about it, it is about to expire. Each once, in working hours.

A todo is found again by its title, which carries the offer's number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from b24app.documents.once import do_once
from b24app.documents.templates import DEAL, document_lang
from b24app.documents.wording import print_day, read_day
from b24app.hours import find_week, moment_on

if TYPE_CHECKING:
    from b24app.bitrix.client import Command
    from b24app.context import Context
    from b24app.store.offers import Row

ADD, LIST = "crm.activity.todo.add", "crm.activity.list"
SEND, UNOPENED, EXPIRING = "todo_send", "todo_unopened", "todo_expiring"

# step: title and description by language
WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    SEND: {
        "ru": ("Отправить клиенту предложение {number}", "Предложение на {client}, действует до {day}. Скачать: {url}"),
        "en": ("Send offer {number} to the client", "The offer for {client} is valid until {day}. Download: {url}"),
    },
    UNOPENED: {
        "ru": ("Узнать, получил ли клиент предложение {number}", "{client} ещё не открыл предложение. Оно действует до {day}."),
        "en": ("Ask whether the client got offer {number}", "{client} has not opened the offer yet. It is valid until {day}."),
    },
    EXPIRING: {
        "ru": ("Предложение {number} скоро закончится", "Для {client} оно действует до {day}: позвоните или продлите новой версией."),
        "en": ("Offer {number} is about to expire", "For {client} it is valid until {day}: call, or extend it by a new version."),
    },
}


def add_todo(ctx: Context, row: Row, step: str) -> str:
    """Add the todo if it is not there; return its id, '' when the portal refused it."""
    method, params = todo_command(ctx, row, step)
    titles = {title.format(**_words(row, lang)) for lang, (title, _) in WORDS[step].items()}
    return do_once(ctx, (row["key"], step), lambda: read_todo(ctx.bitrix.call(method, params).result), lambda: _find(ctx, row, titles))


def todo_command(ctx: Context, row: Row, step: str) -> Command:
    """Return the call that adds the todo."""
    lang = document_lang(ctx.portal.lang)
    title, description = WORDS[step][lang]
    now = ctx.now().astimezone(ctx.portal.zone)
    return ADD, {
        "ownerTypeId": DEAL,
        "ownerId": row["deal_id"],
        "title": title.format(**_words(row, lang)),
        "description": description.format(**_words(row, lang)),
        "deadline": moment_on(now.date(), now, find_week(ctx)).isoformat(timespec="seconds"),
        **({"responsibleId": row["responsible_id"]} if row["responsible_id"] else {}),
    }


def read_todo(result: Any) -> str:
    """Return the id of a todo that was added."""
    return str(result["id"])


def _words(row: Row, lang: str) -> dict[str, str]:
    day = read_day(row["valid_until"])
    return {"number": row["number"], "client": row["client_title"] or "", "day": print_day(day, lang) if day else "", "url": row["url"]}


def _find(ctx: Context, row: Row, titles: set[str]) -> str | None:
    params = {"filter": {"OWNER_TYPE_ID": DEAL, "OWNER_ID": row["deal_id"]}, "order": {"ID": "DESC"}, "select": ["ID", "SUBJECT"]}
    found = ctx.bitrix.call(LIST, params).result
    return next((str(one["ID"]) for one in found if one.get("SUBJECT") in titles), None)
