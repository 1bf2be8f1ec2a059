"""The base that random rules are asked of."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.segments.definitions import Definition, save
from tests.b24app.segments.plain_rules import CARD_FIELDS, OTHERS


@pytest.fixture
def made(base: Any) -> Any:
    """A base with the fields above and nobody in it."""
    for entity in ("contact", "company"):
        for name, (kind, _) in CARD_FIELDS.items():
            base.user_field(entity, name.upper(), kind, is_multiple=int(name == "uf_crm_tags"))
    for key, other in OTHERS.items():
        save(base.ctx, Definition(key, {"ru": key, "en": key}, {"ru": "", "en": ""}, other["rule"], unknown_means=other["unknown_means"]))
    return base
