"""What a workflow may ask of us. ROBOTS is the whole list: registration, the handler and the tests are derived from it.

A new robot is a file of its own (a class on robots.robot.Robot) and its line here. Robots decide nothing that a room of
`b24app` could decide: they translate a call to a verb and its result to return values.
"""

from __future__ import annotations

from robots.robot import Robot
from robots.service_offer import ServiceOffer

ROBOTS: tuple[Robot, ...] = (ServiceOffer(),)
BY_CODE = {robot.code: robot for robot in ROBOTS}
