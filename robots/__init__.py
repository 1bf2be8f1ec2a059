"""What a workflow may ask of us. ROBOTS is the whole list: registration, the handler and the tests are derived from it.

A new robot is a file of its own (a class on robots.robot.Robot) and its line here. Robots decide nothing that a room of
`b24app` could decide: they translate a call to a verb and its result to return values.
"""

from __future__ import annotations

from robots.add_to_list import AddToList
from robots.client_numbers import ClientNumbers
from robots.find_duplicates import FindDuplicates
from robots.in_segment import InSegment
from robots.next_offer import NextOffer
from robots.normalise_contacts import NormaliseContacts
from robots.plan_touch import PlanTouch
from robots.remove_from_list import RemoveFromList
from robots.robot import Robot
from robots.service_offer import ServiceOffer
from robots.wait_until import WaitUntil

ROBOTS: tuple[Robot, ...] = (
    ServiceOffer(),
    ClientNumbers(),
    InSegment(),
    AddToList(),
    RemoveFromList(),
    NextOffer(),
    PlanTouch(),
    NormaliseContacts(),
    FindDuplicates(),
    WaitUntil(),
)
BY_CODE = {robot.code: robot for robot in ROBOTS}
