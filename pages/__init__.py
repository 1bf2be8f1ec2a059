"""What people see inside Bitrix24. Pages translate: they prove who looks, ask a verb of a room, and show its answer.

PLACEMENTS are the tabs that we add to CRM cards; they are registered at install and answered by frame.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """A tab of ours in a card: Bitrix24's placement code, the entity of the card, the title by language."""

    code: str
    entity: str
    title: Mapping[str, str]


TITLE = {"ru": "Повторные продажи", "en": "Repeat sales"}

PLACEMENTS: tuple[Placement, ...] = (
    Placement("CRM_DEAL_DETAIL_TAB", "deal", TITLE),
    Placement("CRM_CONTACT_DETAIL_TAB", "contact", TITLE),
    Placement("CRM_COMPANY_DETAIL_TAB", "company", TITLE),
)
BY_CODE = {placement.code: placement for placement in PLACEMENTS}
