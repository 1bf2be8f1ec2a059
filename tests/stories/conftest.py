"""The towns in which stories happen: one for all of them, and fresh ones for those that would spoil it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo import portal
from tests.stories.town import Town, install, running_town

STAGE, ROBOT = "PREPARATION", "service_offer"


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A small company with our app installed through its own page. At the end: nothing that nobody foresaw is in the log."""
    with running_town(tmp_path_factory.mktemp("town"), contacts=60, deals=160) as started:
        install(started)
        yield started
        assert [line for line in started.log() if line["event"] == "unforeseen error"] == []


@pytest.fixture(autouse=True)
def at_rest(request: pytest.FixtureRequest) -> None:
    """Begin no story in a town that is still at work on the one before."""
    if "town" in request.fixturenames:
        request.getfixturevalue("town").rest()


@pytest.fixture(scope="session")
def offers_at_the_stage(town: Town) -> None:
    """The classic rule: stage "Document preparation", type "Service", makes the offer."""
    condition = {"field": "TYPE_ID", "operator": "=", "value": "SERVICE"}
    rule = {"category_id": 0, "stage_id": STAGE, "robot": ROBOT, "client_id": town.sandbox.client_id, "properties": {"valid_days": "14"}}
    portal.control(town.sandbox, "automation", **rule, conditions=[condition])


@pytest.fixture(scope="module")
def new_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A portal into which nobody has installed us yet."""
    with running_town(tmp_path_factory.mktemp("new")) as started:
        yield started
