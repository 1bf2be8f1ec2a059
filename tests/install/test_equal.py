"""A portal knows what this version announces: after a deploy, after an update; and nothing is asked when it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from b24app.context import WEBHOOK
from b24app.errors import BitrixBusy
from b24app.leaving import MADE, come_back, has_left, list_made, take_away
from b24app.portals.registry import LOST, NOTHING, REGISTERED
from install import equal
from install.equal import note_registered, register, register_moment
from install.plan import make_plan
from install.registration import make_equal


@pytest.fixture
def installed(ctx: Any) -> Any:
    """A portal that is installed."""
    return replace(ctx, portal=replace(ctx.portal, state="installed"))


def test_new_version_is_registered_once(installed: Any, portal: Any) -> None:
    """What is equal is asked nothing; a moved address binds the new handlers and unbinds the old ones."""
    assert register_moment(installed)
    register(installed)
    assert register_moment(installed) == ""
    portal.writes()

    moved = replace(installed, config=replace(installed.config, url="https://new.example"))
    assert register_moment(moved)
    register(moved)

    assert {handler for _, handler in portal.events} == {"https://new.example/events"}
    assert all(handler.startswith("https://new.example/") for _, handler in portal.placements)
    assert register_moment(moved) == ""


def test_part_that_is_refused_does_not_hold_up_the_others(installed: Any, portal: Any) -> None:
    """A plan without robots has its tabs all the same, and is not asked again and again."""
    portal.refused = {"bizproc.robot.list": "ACCESS_DENIED"}

    register(installed)

    assert (portal.robots, len(portal.placements) > 0, register_moment(installed)) == ({}, True, "")


def test_busy_portal_is_registered_later(installed: Any, portal: Any) -> None:
    """The job is put off; nothing is noted as done."""
    portal.before("event.get", lambda: None)
    portal.own = {**portal.own, "event.get": lambda self, params: (_ for _ in ()).throw(BitrixBusy("event.get", "QUERY_LIMIT_EXCEEDED"))}

    with pytest.raises(BitrixBusy):
        register(installed)

    assert register_moment(installed)


def test_update_of_the_app_asks_for_it_again(installed: Any) -> None:
    """The portal has taken our handlers away: the same version, another moment each time."""
    note_registered(installed)
    moments = []
    for asked in (1, 2):
        installed.app_store.save_setting("m1", REGISTERED, {"asked": asked})
        moments.append(register_moment(installed))

    assert len({*moments, ""}) == 3


@pytest.mark.parametrize("change", [{"access": WEBHOOK}, {"state": "installing"}, {"state": LOST}])
def test_nothing_is_registered_where_it_must_not(installed: Any, change: dict[str, str]) -> None:
    """By a webhook; during the installation, which does it itself; without access."""
    assert register_moment(replace(installed, portal=replace(installed.portal, **change))) == ""


def make_fields(portal: Any) -> None:
    """Let the portal have fields of ours and of others, templates of others, and methods to remove."""
    fields = {entity: {1: "UF_CRM_RS_SEGMENTS", 2: "UF_CRM_OTHER"} for entity in ("contact", "company")}
    for entity, rows in fields.items():
        portal.own = {
            **portal.own,
            f"crm.{entity}.userfield.list": lambda self, params, rows=rows: [
                {"ID": str(n), "FIELD_NAME": name} for n, name in rows.items()
            ],
            f"crm.{entity}.userfield.delete": lambda self, params, rows=rows: bool(rows.pop(params["id"])),
        }
    portal.templates[900] = {"id": "900", "name": "Somebody's own"}
    portal.own = {**portal.own, "crm.documentgenerator.template.delete": lambda self, params: bool(self.templates.pop(params["id"]))}


def test_all_that_we_made_is_listed_and_taken_away(installed: Any, portal: Any) -> None:
    """Robots, tabs, events, fields, templates; what is not ours stays, and the event that tells of the removal."""
    make_fields(portal)
    make_equal(installed, make_plan(installed.config, installed.portal))
    assert {thing.kind for thing in list_made(installed)} == {one.kind for one in MADE}

    take_away(installed)

    assert (portal.robots, portal.placements, list(portal.templates)) == ({}, [], [900])
    assert {event for event, _ in portal.events} == {"ONAPPUNINSTALL", "ONAPPUPDATE"}
    assert list_made(installed) == []
    assert (has_left(installed), register_moment(installed)) == (True, "")
    assert portal.call("crm.contact.userfield.list").result == [{"ID": "2", "FIELD_NAME": "UF_CRM_OTHER"}]


def test_what_was_taken_away_comes_back_when_it_is_wanted(installed: Any, portal: Any) -> None:
    """One order of an administrator."""
    make_fields(portal)
    take_away(installed)

    come_back(installed)
    assert (has_left(installed), register_moment(installed) != "") == (False, True)
    register(installed)

    assert portal.robots
    assert installed.app_store.find_setting("m1", REGISTERED) == {"digest": equal.digest_of(installed)}
    assert equal.digest_of(installed) != NOTHING
