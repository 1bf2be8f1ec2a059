"""The journal of administration: written in the transaction of the change, read with filters, by administrators alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from b24app.clients.settings import save_choices
from b24app.context import Viewer
from b24app.errors import NotAllowed
from b24app.portals.journal import KINDS, Asked, find_differences, list_notes
from b24app.segments.definitions import Definition, load, remove, save
from b24app.store.settings import IN_PASSING
from pages.administration_words import WHAT


@pytest.fixture
def ctx(base: Any) -> Any:
    """A context of the person 7."""
    return replace(base.ctx, app_store=base.ctx.app_store.by(7))


def test_change_and_its_line_are_one(ctx: Any) -> None:
    """When the change is not saved, nothing is said; when it is, who and from what to what."""

    def change_and_fail() -> None:
        with ctx.app_store.write():
            save_choices(ctx, {"mode": "companies"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    assert list_notes(ctx, Asked())[1] == 0

    save_choices(ctx, {"mode": "companies"})
    save_choices(ctx, {"mode": "contacts"})

    notes, _ = list_notes(ctx, Asked())
    assert [(one.user_id, one.kind, one.about) for one in notes] == [(7, "setting", "clients")] * 2
    [difference] = notes[0].differences
    assert (difference.name, difference.before, difference.after) == ("mode", "companies", "contacts")


def test_segments_whole_life_is_told(ctx: Any) -> None:
    """Made, changed, removed; what is saved as it was is no change."""
    made = Definition("s", {"ru": "С", "en": "S"}, {"ru": "", "en": ""}, {"all": []})
    for one in (made, made, replace(made, unknown_means="yes")):
        save(ctx, one)
    load(ctx, "s")
    remove(ctx, "s")

    notes, total = list_notes(ctx, Asked(kind="segment"))

    assert (total, {one.about for one in notes}) == (3, {"s"})
    assert [(one.name, one.before, one.after) for one in notes[1].differences] == [("unknown_means", "no", "yes")]
    assert notes[0].after is None


def test_what_the_app_keeps_in_passing_is_no_decision(ctx: Any, base: Any) -> None:
    """Neither by a person's request nor by the worker."""
    for key in IN_PASSING:
        ctx.app_store.save_setting("m1", key, 1)
    base.ctx.app_store.save_setting("m1", "manner", {"paused": True})

    assert list_notes(ctx, Asked())[1] == 0


def test_secrets_are_told_of_without_their_values(ctx: Any) -> None:
    """That outgoing webhooks were changed; not what they are compared by."""
    ctx.app_store.save_setting("m1", "outgoing_tokens", ["digest"])

    [note], _ = list_notes(ctx, Asked())
    assert (note.about, note.differences) == ("outgoing_tokens", ())


def test_filters_choose(ctx: Any, base: Any) -> None:
    """Person, kind, days of the portal; what cannot be read asks nothing."""
    ctx.app_store.note("m1", "export", "won")
    base.ctx.app_store.by(8).note("m1", "list", "l")
    ctx.app_store.note("m2", "export", "of another portal")
    today = ctx.today()

    def count(**asked: Any) -> int:
        return list_notes(replace(ctx, clock=base.ctx.clock), Asked(**asked))[1]

    assert (count(), count(user_id=8), count(kind="export"), count(kind="nonsense")) == (2, 1, 1, 2)
    assert (count(since="2000-01-01"), count(until="2000-01-01"), count(since="9999-12-31"), count(since="31.12")) == (2, 0, 0, 2)
    assert today


def test_journal_is_for_administrators(ctx: Any) -> None:
    """A marketer does not read it."""
    with pytest.raises(NotAllowed):
        list_notes(ctx.seen_by(Viewer(2, sees_all=True)), Asked())


def test_differences_are_found_value_by_value() -> None:
    """Nested maps by their path, lists whole, long texts cut."""
    found = find_differences({"a": {"b": 1, "c": [1]}, "gone": "x"}, {"a": {"b": 2, "c": [1]}, "new": "y" * 1000})

    assert [(one.name, one.before, one.after[:3]) for one in found] == [("a.b", "1", "2"), ("gone", "x", ""), ("new", "", "yyy")]
    assert len(found[2].after) < 400


def test_every_kind_has_its_words() -> None:
    """In both languages."""
    assert all(WHAT[kind][lang] for kind in KINDS for lang in ("ru", "en"))
