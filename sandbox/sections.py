"""All sections of the portal's database: the store's own and those of the rooms that keep more."""

from __future__ import annotations

from sandbox.active import ACTIVE_SECTIONS
from sandbox.requisites import SECTIONS as REQUISITE_SECTIONS
from sandbox.store import CORE_SECTIONS, Section

SECTIONS: tuple[Section, ...] = (*CORE_SECTIONS, *ACTIVE_SECTIONS, *REQUISITE_SECTIONS)
