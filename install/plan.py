"""What we announce in a portal, gathered from the rooms' tuples: the only module of an edge that reads other edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24app.documents.templates import TEMPLATES
from b24app.sync.entities import EVENTS
from install.registration import Placed, Plan
from pages import PLACEMENTS
from robots import ROBOTS

if TYPE_CHECKING:
    from b24app.config import Config
    from b24app.context import Portal

ABOUT_US = ("ONAPPUNINSTALL", "ONAPPUPDATE")


def make_plan(config: Config, portal: Portal, chosen: tuple[str, ...] = ()) -> Plan:
    """Return what this portal should know of us, with our public addresses in it.

    `chosen`: the events of the smart processes that its administrator has chosen.
    """
    return Plan(
        robots=tuple(robot.payload(f"{config.url}/robots/{robot.code}", portal.installed_by, portal.lang) for robot in ROBOTS),
        events=(*EVENTS, *chosen, *ABOUT_US),
        event_handler=f"{config.url}/events",
        placements=tuple(Placed(place.code, f"{config.url}/placements/{place.code}", place.title) for place in PLACEMENTS),
        templates=TEMPLATES,
        queued=(*EVENTS, *chosen),
    )
