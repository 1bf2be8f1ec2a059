"""Stages and pipelines: which stage belongs to which pipeline and what it means. Reads the status dictionary, changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.store import Store

DICTIONARIES = {"leads": "STATUS", "deals": "DEAL_STAGE"}
FINAL = ("S", "F")


@dataclass(frozen=True)
class Stage:
    """One stage. Semantics is P (in progress), S (success) or F (failure)."""

    id: str
    category_id: int
    semantics: str
    name: str
    sort: int
    color: str

    @property
    def is_final(self) -> bool:
        """Tell whether a record in this stage is closed."""
        return self.semantics in FINAL


def dictionary_of(section: str, category_id: int) -> str:
    """Return the ENTITY_ID of a pipeline's stages: DEAL_STAGE, DEAL_STAGE_7, STATUS."""
    name = DICTIONARIES[section]
    return f"{name}_{category_id}" if category_id else name


def category_of(stage_id: str) -> int:
    """Return the pipeline that a deal stage's prefix names: C7:NEW is of pipeline 7, NEW of the general one."""
    prefix, colon, _ = stage_id.partition(":")
    return int(prefix[1:]) if colon and prefix[:1] == "C" and prefix[1:].isdigit() else 0


class Stages:
    """The stages of leads and of every deal pipeline."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, section: str, category_id: int = 0) -> list[Stage]:
        """Return a pipeline's stages in their order."""
        rows = self._store.find("statuses", {"ENTITY_ID": dictionary_of(section, category_id)}, order='"SORT", "ID"')
        return [
            Stage(row["STATUS_ID"], category_id, row["SEMANTICS"] or "P", row["NAME"], row["SORT"] or 0, row["COLOR"] or "") for row in rows
        ]

    def find(self, section: str, stage_id: str, category_id: int | None = None) -> Stage | None:
        """Return a stage of that pipeline (by default the one that its prefix names), or None."""
        category = (category_of(stage_id) if section == "deals" else 0) if category_id is None else category_id
        return next((stage for stage in self.list(section, category) if stage.id == stage_id), None)

    def has_category(self, category_id: int) -> bool:
        """Tell whether a deal pipeline exists; the general one always does."""
        return category_id == 0 or bool(self._store.count("categories", {"ID": category_id}))
