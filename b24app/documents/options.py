"""How an offer is to be made: what a rule, a robot or a new version asks for. Types and their JSON only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

FOREIGN = "portal:"  # a template of the portal's own: portal:41


@dataclass(frozen=True)
class Options:
    """The terms of an offer. `mapping`: what a portal's own template calls a value of ours: its code to our code."""

    template: str = "service_offer"
    valid_days: int = 14
    discount: float = 0.0  # percent, on top of the deal's own discounts
    fill: str = "deal"  # what a deal without products sells: see lines.FILLS
    package: Sequence[Mapping[str, Any]] = ()
    signer_id: int = 0  # 0: who is responsible for the deal
    service_months: int = 0  # between two services; 0: nothing is said of the next one
    mapping: Mapping[str, str] = field(default_factory=dict)
    public_link: bool = False
    send_todo: bool = False
    tell: str = ""  # who is notified: '' nobody | responsible | user
    tell_user_id: int = 0
    from_stage: str = ""  # the deal is moved from this stage ...
    next_stage: str = ""  # ... to this one; '' leaves it

    @property
    def foreign_id(self) -> int:
        """The portal's id of its own template, 0 for one of ours."""
        return int(self.template.removeprefix(FOREIGN)) if self.template.startswith(FOREIGN) else 0

    def kept(self) -> dict[str, Any]:
        """Return what JSON can keep."""
        return asdict(self)


def read_options(kept: Mapping[str, Any]) -> Options:
    """Return options as they were kept; what is unknown or missing has its default."""
    names = {item.name for item in fields(Options)}
    return Options(**{name: value for name, value in kept.items() if name in names})
