"""A portal that is connected by a webhook: what its order does, and when it is given."""

from __future__ import annotations

from dataclasses import replace

from b24app.context import WEBHOOK, Context
from b24app.documents.templates import TEMPLATES
from b24app.portals.registry import RUN
from b24app.store.progress import list_steps
from b24app.timers import TIMERS, first_fill
from install.job import JOB, install_job
from install.registration import PARTS, WITHOUT_APP
from install.words import read_note
from tests.install.conftest import FakePortal


def by_webhook(ctx: Context) -> Context:
    """The same portal, connected by a webhook."""
    ctx.app_store.save_setting(ctx.portal.member_id, RUN, {"name": "webhook-1", "at": 0})
    return replace(ctx, portal=replace(ctx.portal, access=WEBHOOK, state="installed"))


def test_parts_of_an_application_are_not_asked_for(ctx: Context, portal: FakePortal) -> None:
    """The portal would refuse them; the steps say why, the rest is done."""
    install_job(by_webhook(ctx), {})
    steps = {step["step"]: step for step in list_steps(ctx.store, JOB)}

    assert (portal.robots, portal.events, portal.placements, len(portal.templates)) == ({}, set(), [], len(TEMPLATES))
    for part in PARTS:
        is_left_out = "вебхук" in read_note(steps[part]["note"], "ru")
        assert is_left_out is (part not in WITHOUT_APP)
    assert {step["state"] for step in steps.values()} == {"done"}


def test_first_fill_comes_before_all_else(ctx: Context) -> None:
    """Until the mirror is filled the order is due, and neither a sweep nor a refresh is; an installed application has none."""
    connected = by_webhook(ctx)
    moments = {timer.kind: timer.moment(connected) for timer in TIMERS if timer.kind in ("install", "sweep", "refresh")}
    assert moments == {"install": "webhook-1", "sweep": "", "refresh": ""}
    assert first_fill(ctx) == ""

    install_job(connected, {})

    assert first_fill(connected) == ""
    assert all(timer.moment(connected) for timer in TIMERS if timer.kind in ("sweep", "refresh"))
