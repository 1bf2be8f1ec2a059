"""The journal of administration on a page: filters, what changed from what to what, how long lines are kept. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from b24app.context import Context
from b24app.portals import journal
from b24app.portals.journal import Asked, Note
from b24app.portals.rights import find_staff
from b24app.portals.roles import BY_KEY
from b24app.privacy.retention import KEPT, find_days, save_days
from pages.administration_words import SETTINGS, VALUES, WHAT
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("journal", __name__)


@dataclass(frozen=True)
class Line:
    """A line as it is read: what happened, about which, and what changed, in words."""

    note: Note
    who: str
    what: str
    about: str
    changes: tuple[tuple[str, str, str], ...]  # name, before, after


@blueprint.get("/journal")
def open_journal() -> Response:
    """Show a page of the journal."""
    viewer = session()
    return answer(show_journal(services().context(viewer), read_asked(request.args)), viewer)


@blueprint.post("/journal/keep")
def keep() -> Response:
    """Choose how long each journal is kept."""
    viewer = session()
    ctx = services().context(viewer)
    save_days(ctx, {one.key: request.form.get(one.key, "")[:10] for one in KEPT})
    return answer(show_journal(ctx, Asked(), is_saved=True), viewer)


def read_asked(args: Mapping[str, str]) -> Asked:
    """Read the filters; what cannot be read asks nothing."""
    numbers = {name: int(text) if (text := args.get(name, "")[:9]).isdigit() else None for name in ("user", "page")}
    days = {name: args.get(name, "")[:10] for name in ("since", "until")}
    return Asked(numbers["user"], args.get("kind", "")[:40], **days, page=max(numbers["page"] or 1, 1))


def show_journal(ctx: Context, asked: Asked, is_saved: bool = False) -> str:
    """Return the page's content. Raises NotAllowed."""
    notes, total = journal.list_notes(ctx, asked)
    staff = find_staff(ctx.store)
    names = {one.id: one.name for one in staff.employees}
    called = {f"users.{number}": name for number, name in names.items()} | {f"departments.{one.id}": one.name for one in staff.departments}
    titles = {key: one["title"][ctx.lang] for key, one in ctx.app_store.list_segments(ctx.portal.member_id).items()}
    values: dict[str, Any] = {
        "lines": [_line(ctx, one, called, titles) for one in notes],
        "total": total,
        "asked": asked,
        "kinds": [(kind, WHAT[kind][ctx.lang]) for kind in journal.KINDS],
        "people": sorted(names.items(), key=lambda pair: pair[1]),
        "first": (asked.page - 1) * journal.PAGE_SIZE + 1,
        "kept": [(one, find_days(ctx)[one.key]) for one in KEPT],
        "link": lambda page: f"/journal?{urlencode(_words(asked, page))}",
        "is_saved": is_saved,
    }
    return fragment("journal.html", ctx, **values)


def _words(asked: Asked, page: int) -> dict[str, Any]:
    given = {"user": asked.user_id, "kind": asked.kind, "since": asked.since, "until": asked.until, "page": page}
    return {name: value for name, value in given.items() if value not in (None, "")}


def _line(ctx: Context, note: Note, called: Mapping[str, str], titles: Mapping[str, str]) -> Line:
    what = WHAT.get(f"{note.kind}.{note.about}", WHAT.get(note.kind, {}))
    about = {
        journal.SETTING: SETTINGS.get(note.about, {}).get(ctx.lang, note.about),
        journal.SEGMENT: titles.get(note.about, note.about),
        journal.EXPORT: titles.get(note.about, note.about),
        journal.LIST: titles.get(note.about, note.about),
        journal.PORTAL: "",
    }.get(note.kind, note.about)
    changes = tuple((_name(ctx, one.name, called), _word(ctx, one.before), _word(ctx, one.after)) for one in note.differences)
    server = {"ru": "Сервер приложения", "en": "The app's server"}[ctx.lang]
    who = called.get(f"users.{note.user_id}", str(note.user_id)) if note.user_id else server
    return Line(note, who, what.get(ctx.lang, note.kind), about, changes)


def _name(ctx: Context, path: str, called: Mapping[str, str]) -> str:
    """Return what a changed value is called; people and departments by their names."""
    return called.get(path) or SETTINGS.get(path, {}).get(ctx.lang, path)


def _word(ctx: Context, value: str) -> str:
    """Return a value in words, where it is one of ours."""
    if value in BY_KEY:
        return BY_KEY[value].title[ctx.lang]
    return VALUES[value][ctx.lang] if value in VALUES else value
