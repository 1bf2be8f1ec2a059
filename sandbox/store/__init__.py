"""The portal's database: one SQLite file, sections (tables) of records. The only package that opens it."""

from sandbox.store.sections import CORE_SECTIONS, Column, Section
from sandbox.store.store import Store, Where

__all__ = ["CORE_SECTIONS", "Column", "Section", "Store", "Where"]
