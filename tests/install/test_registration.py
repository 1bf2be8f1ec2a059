"""What a portal knows of us becomes equal to what we declare, and stays so."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from b24app.context import Context
from b24app.errors import BitrixBusy, BitrixGone
from b24app.store.progress import list_steps
from b24app.sync.entities import EVENTS
from install.job import JOB, RUN, give_up, install_job
from install.plan import make_plan
from install.progress import read_progress
from install.registration import PARTS, Plan, make_equal
from install.words import NOTES, REASONS, TITLES, read_note, write_note
from pages import PLACEMENTS
from robots import ROBOTS


@pytest.fixture
def plan(ctx: Context) -> Plan:
    """All that we declare."""
    return make_plan(ctx.config, ctx.portal)


def test_everything_is_announced(ctx: Context, portal: Any, plan: Plan) -> None:
    """An empty portal gets every robot, event, placement and template, at our public address."""
    make_equal(ctx, plan)

    assert set(portal.robots) == {robot.code for robot in ROBOTS}
    assert portal.events == {(event, "https://app.example/events") for event in (*EVENTS, "ONAPPUNINSTALL", "ONAPPUPDATE")}
    assert portal.placements == sorted((place.code, f"https://app.example/placements/{place.code}") for place in PLACEMENTS)
    assert ctx.app_store.find_setting("m1", plan.templates[0].setting) == 41


def test_second_time_changes_nothing(ctx: Context, portal: Any, plan: Plan) -> None:
    """Only updates of robots: nothing is added, bound or uploaded twice."""
    make_equal(ctx, plan)
    portal.writes()

    make_equal(ctx, plan)

    assert set(portal.writes()) == {"bizproc.robot.update"}


def test_what_is_no_longer_declared_goes(ctx: Context, portal: Any, plan: Plan) -> None:
    """Robots, handlers and tabs of an older version of ours are taken down."""
    portal.robots["old_robot"] = {}
    portal.events |= {("ONCRMDEALADD", "https://old.example/events"), ("ONOLD", "https://app.example/events")}
    portal.placements.append(("CRM_LEAD_DETAIL_TAB", "https://app.example/placements/CRM_LEAD_DETAIL_TAB"))

    make_equal(ctx, plan)

    assert "old_robot" not in portal.robots
    assert {event for event, handler in portal.events if "old" in handler or event == "ONOLD"} == set()
    assert len(portal.placements) == len(PLACEMENTS)


def test_changed_robot_is_updated(ctx: Context, portal: Any, plan: Plan) -> None:
    """A robot that is there gets our newest declaration, and keeps its code."""
    portal.robots[ROBOTS[0].code] = {"CODE": ROBOTS[0].code, "HANDLER": "https://old.example"}

    make_equal(ctx, plan)

    assert portal.robots[ROBOTS[0].code]["HANDLER"] == f"https://app.example/robots/{ROBOTS[0].code}"
    assert portal.robots[ROBOTS[0].code]["USE_SUBSCRIPTION"] in ("Y", "N")


def test_robot_that_the_list_forgot_is_updated(ctx: Context, portal: Any, plan: Plan) -> None:
    """Already installed is no error."""
    portal.robots[ROBOTS[0].code] = {}
    portal.own = {**portal.own, "bizproc.robot.list": lambda self, params: []}

    make_equal(ctx, plan)

    assert portal.robots[ROBOTS[0].code]["HANDLER"]


def test_lost_upload_is_found_again(ctx: Context, portal: Any, plan: Plan) -> None:
    """A template whose answer was lost is found by its name, not uploaded twice; a deleted one is uploaded again."""
    make_equal(ctx, plan)
    ctx.app_store.save_setting("m1", plan.templates[0].setting, None)
    make_equal(ctx, plan)
    assert list(portal.templates) == [41, 42, 43]

    portal.templates.clear()
    portal.templates[50] = {"id": "50", "name": "Foreign"}
    make_equal(ctx, plan)
    assert ctx.app_store.find_setting("m1", plan.templates[0].setting) == 42
    assert list(portal.numerators) == [45]


class _Lent:
    """The worker's store, lent to a reader that closes what it is given."""

    def __init__(self, store: Any) -> None:
        self.rows, self.row = store.rows, store.row

    def __enter__(self) -> _Lent:
        return self

    def __exit__(self, *error: object) -> None:
        """Stays open."""


def progress(ctx: Context, run: str, lang: str = "ru") -> dict[str, Any]:
    """Return what the page is told while this order is the newest."""
    stores: Any = SimpleNamespace(reader=lambda member_id: _Lent(ctx.store))
    ctx.app_store.save_setting("m1", RUN, {"name": run, "at": 0})
    return read_progress(ctx.app_store, stores, "m1", lang)


def test_installation_runs_to_its_end(ctx: Context, portal: Any) -> None:
    """Every step is announced, titled in both languages, and done."""
    portal.put(3, 1, name="Anna", lastName="Ivanova")

    install_job(ctx, {"run": "1"})

    shown = progress(ctx, "1")
    assert (shown["state"], shown["finished"]) == ("done", True)
    assert [step["key"] for step in shown["steps"]][: len(PARTS)] == list(PARTS)
    assert {step["title_key"] for step in list_steps(ctx.store, JOB)} <= set(TITLES)
    assert all(set(texts) == {"ru", "en"} for texts in (*TITLES.values(), *NOTES.values(), *REASONS.values()))


def test_steps_of_an_earlier_order_are_not_shown(ctx: Context) -> None:
    """A finished installation does not pass for the next one."""
    install_job(ctx, {"run": "1"})

    assert progress(ctx, "2") == {"state": "waiting", "finished": False, "steps": []}
    install_job(ctx, {"run": "2"})
    assert progress(ctx, "2")["finished"]


def test_part_that_the_plan_refuses_is_left_out(ctx: Context, portal: Any) -> None:
    """No robots on this tariff: said in plain words, and everything else works."""
    portal.refused["bizproc.robot.list"] = "ACCESS_DENIED"

    install_job(ctx, {"run": "1"})

    shown = progress(ctx, "1")
    assert shown["finished"]
    assert "тариф" in shown["steps"][0]["note"]
    assert "plan" in progress(ctx, "1", "en")["steps"][0]["note"]


def test_busy_portal_puts_the_installation_off(ctx: Context, portal: Any) -> None:
    """The step says that it waits; run again it goes on."""
    portal.busy("crm.status.list")

    with pytest.raises(BitrixBusy):
        install_job(ctx, {"run": "1"})
    waiting = [step for step in progress(ctx, "1")["steps"] if step["state"] == "running"]
    install_job(ctx, {"run": "1"})

    assert [step["note"] for step in waiting] == ["портал просит подождать"]
    assert progress(ctx, "1")["finished"]


def test_failure_is_shown(ctx: Context, portal: Any) -> None:
    """What cannot go on says so beside its step, and the error reaches the worker."""

    def leave() -> None:
        raise BitrixGone("crm.status.list", "PORTAL_DELETED")

    portal.before("crm.status.list", leave)

    with pytest.raises(BitrixGone):
        install_job(ctx, {"run": "1"})

    shown = progress(ctx, "1")
    assert (shown["state"], shown["finished"]) == ("failed", False)
    assert "PORTAL_DELETED" in next(step["note"] for step in shown["steps"] if step["state"] == "failed")


def test_given_up_installation_is_shown_as_failed(ctx: Context, portal: Any) -> None:
    """When the job is not tried again the page must not wait for ever."""
    portal.busy("crm.status.list")
    with pytest.raises(BitrixBusy):
        install_job(ctx, {"run": "1"})

    give_up(ctx, {"run": "1"})

    assert progress(ctx, "1")["state"] == "failed"


def test_unknown_note_is_shown_as_it_is() -> None:
    """Other rooms may write plain words."""
    assert (read_note("words", "ru"), read_note("{}", "ru"), read_note(None, "ru")) == ("words", "{}", "")
    assert read_note(write_note("unavailable", "ODD"), "en").startswith("not available in this portal: ODD")


def test_plan_is_legal(ctx: Context, plan: Plan) -> None:
    """Handlers are on our own address, titles in both languages."""
    other = make_plan(replace(ctx.config, url="https://b.example"), ctx.portal)

    assert all(robot["HANDLER"].startswith("https://b.example/") for robot in other.robots)
    assert all({"ru", "en"} <= set(placed.title) for placed in plan.placements)
