"""Static segments: lists that people put together. The worker imports and changes them; pages order it and read the report.

A list is a segment whose rule is "is on the list", so its members, reasons and history are those of any segment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken, NotFound
from b24app.segments.dates import INSTANT
from b24app.segments.definitions import Definition, check_may_define, load, save
from b24app.segments.drafts import LONGEST_TITLE, new_key
from b24app.segments.lines import Line, normal_email, normal_phone, read_rows
from b24app.segments.membership import refresh
from b24app.store import lists as sql

if TYPE_CHECKING:
    from b24app.context import Context

SHOWN = 200  # lines of a report that are kept
CANDIDATES = 5  # clients that are named for one line


@dataclass(frozen=True)
class Found:
    """What a line came to: matched (`clients` has one), several, nobody, invalid, repeated."""

    line: Line
    answer: str
    clients: tuple[str, ...] = ()


def make_list(ctx: Context, title: str, purpose: str = "") -> str:
    """Define an empty list; return its segment's key. Raises Refused, Mistaken."""
    check_may_define(ctx)
    title = title.strip()[:LONGEST_TITLE]
    if not title:
        raise Mistaken("Give the list a name.", "Назовите список.")
    key = new_key()
    words = {"ru": title, "en": title}
    rule = {"criterion": "list", "list": key}
    made = Definition(key, words, dict.fromkeys(("ru", "en"), purpose.strip()[:400]), rule, owner_id=ctx.viewer.user_id or 0)
    save(ctx, made)
    return key


def import_lines(ctx: Context, payload: Mapping[str, Any]) -> dict[str, int]:
    """Put on a list whom the lines name, and save the report. `payload`: list, file, rows, id. Twice is once."""
    found = match(ctx, read_rows(payload["rows"]))
    matched = [one.clients[0] for one in found if one.answer == "matched"]
    counts = {word: sum(one.answer == word for one in found) for word in ("matched", "several", "nobody", "invalid", "repeated")}
    at = ctx.now().strftime(INSTANT)
    lines = [_shown(one) for one in found if one.answer != "matched"][:SHOWN]
    list_key = str(payload["list"])
    with ctx.store.write():
        sql.put_on_list(ctx.store, list_key, matched, at)
        sql.save_import(ctx.store, {"id": payload["id"], "list_key": list_key, "at": at, "name": payload["file"], **counts, "lines": lines})
    refresh(ctx, set(matched))
    return counts


def match(ctx: Context, lines: Sequence[Line]) -> list[Found]:
    """Say of every line whom it names, by normalised phones and e-mails of clients and their people."""
    owners = _owners(ctx, {contact for line in lines for contact in line.contacts})
    seen: set[frozenset[str]] = set()
    found = []
    for line in lines:
        clients = tuple(sorted({key for contact in line.contacts for key in owners.get(contact, ())}))
        found.append(_found(line, clients, line.contacts in seen))
        seen.add(line.contacts)
    return found


def change_list(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Put a client on a list or take him off. `payload`: list, client, put."""
    list_key, client = str(payload["list"]), str(payload["client"])
    with ctx.store.write():
        if payload["put"]:
            sql.put_on_list(ctx.store, list_key, [client], ctx.now().strftime(INSTANT))
        else:
            sql.take_off_list(ctx.store, list_key, client)
    refresh(ctx, {client})


def freeze(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Put those who are in a segment now on a list. `payload`: segment, list."""
    members = sql.list_current(ctx.store, str(payload["segment"]))
    with ctx.store.write():
        sql.put_on_list(ctx.store, str(payload["list"]), members, ctx.now().strftime(INSTANT))
    refresh(ctx, set(members))


def plan_freeze(ctx: Context, key: str, title: str) -> str:
    """Define the list that a segment is to be frozen into; return its key. Raises NotFound, Refused, Mistaken."""
    source = load(ctx, key)
    made = make_list(ctx, title or source.title[ctx.lang])
    save(ctx, replace(load(ctx, made), purpose=source.purpose))
    return made


def get_list(ctx: Context, key: str) -> Definition:
    """Return a list. Raises NotFound, Refused."""
    check_may_define(ctx)
    found = load(ctx, key)
    if not found.list_key:
        raise NotFound(f"{key} is no list")
    return found


def _owners(ctx: Context, wanted: set[str]) -> dict[str, set[str]]:
    """Return the clients by the phones and e-mails that are wanted."""
    readers = {"PHONE": normal_phone, "EMAIL": normal_email}
    owners: dict[str, set[str]] = {}
    for rows in sql.list_communications(ctx.store) if wanted else ():
        for kind, value, key in rows:
            contact = readers[kind](value or "")
            if contact in wanted:
                owners.setdefault(str(contact), set()).add(key)
    return owners


def _found(line: Line, clients: tuple[str, ...], is_repeated: bool) -> Found:
    if not line.is_valid:
        return Found(line, "invalid")
    if is_repeated:
        return Found(line, "repeated")
    return Found(line, {0: "nobody", 1: "matched"}.get(len(clients), "several"), clients)


def _shown(found: Found) -> dict[str, Any]:
    return {"number": found.line.number, "text": found.line.text, "answer": found.answer, "clients": list(found.clients[:CANDIDATES])}
