"""User fields of every type in the portal's own grammar: the sandbox's `crm.item.list` finds the same deals as the rule does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import pytest

from b24app.segments.compile import Build
from b24app.segments.criteria import CRITERIA
from b24app.segments.dates import Day
from b24app.segments.definitions import load_known
from b24app.segments.paste import read_filter
from b24app.store.folding import use_fold
from sandbox.fill import fill_from_company
from sandbox.portal import Portal
from sandbox.rest import Caller
from tests.b24app.conftest import Base
from tests.b24app.segments.test_segment_paste import ZONE
from tests.sandbox.clock import FakeClock

DEALS = 40
# Name: the portal's type, several values, and what the deals hold in turn; None and [] are empty.
USER_FIELDS: dict[str, tuple[str, bool, list[Any]]] = {
    "UF_CRM_TEXT": ("string", False, ["Абонемент", "абонент", "", "50% скидка", None]),
    "UF_CRM_DAY": ("date", False, ["2025-03-01", "2025-06-15", None]),
    "UF_CRM_WHEN": ("datetime", False, ["2025-03-01T23:30:00+03:00", "2025-06-15T00:00:00+03:00", None]),
    "UF_CRM_NUMBER": ("double", False, [10.5, 0, None, 2000]),
    "UF_CRM_AGREED": ("boolean", False, ["Y", "N"]),
    "UF_CRM_TAGS": ("string", True, [["один", "два"], ["два"], [], ["Один"]]),
    "UF_CRM_SIZES": ("integer", True, [[1, 12], [2], [], [12]]),
    "UF_CRM_KIND": ("enumeration", False, [0, 1, None]),
    "UF_CRM_KINDS": ("enumeration", True, [[0, 1], [1], []]),
}
FILTERS: tuple[Any, ...] = (
    {"UF_CRM_TEXT": ""},
    {"!=UF_CRM_TEXT": ""},
    {"=UF_CRM_TEXT": "Абонемент"},
    {"%UF_CRM_TEXT": "абон"},
    {"!%UF_CRM_TEXT": "абон"},
    {"%UF_CRM_TEXT": "50%"},
    {"=%UF_CRM_TEXT": "%нт"},
    {">=UF_CRM_DAY": "2025-03-02"},
    {"<=UF_CRM_DAY": "2025-03-01"},
    {"=UF_CRM_DAY": "2025-06-15"},
    {"UF_CRM_DAY": ""},
    {"!=UF_CRM_DAY": ""},
    {">=UF_CRM_WHEN": "2025-06-15T00:00:00+03:00"},
    {"<UF_CRM_WHEN": "2025-06-15T00:00:00+03:00"},
    {">UF_CRM_NUMBER": 10, "<=UF_CRM_NUMBER": 2000},
    {"=UF_CRM_NUMBER": 0},
    {"=UF_CRM_AGREED": 1},
    {"=UF_CRM_AGREED": 0},
    {"=UF_CRM_TAGS": "два"},
    {"@UF_CRM_TAGS": ["один", "три"]},
    {"UF_CRM_TAGS": ""},
    {"=UF_CRM_SIZES": 12},
    {"@UF_CRM_SIZES": [1, 2]},
    {"=UF_CRM_KIND": "{1}"},
    {"@UF_CRM_KIND": ["{0}", "{1}"]},
    {"UF_CRM_KIND": ""},
    {"=UF_CRM_KINDS": "{1}"},
    {"@UF_CRM_KINDS": ["{0}"]},
    {"logic": "OR", "0": {"=UF_CRM_TAGS": "два"}, "1": {"UF_CRM_DAY": ""}},
)
ADMIN = Caller(1, admin=True, scopes=frozenset(("crm",)), webhook_id=1)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal with deals whose user fields hold every kind of value."""
    with closing(Portal(tmp_path_factory.mktemp("portal"), "http://127.0.0.1:1", FakeClock())) as made:
        fill_from_company(made, contacts=1, deals=0, seed=5)
        fill(made)
        yield made


def fill(made: Portal) -> None:
    """Make the fields, then the deals."""
    for name, (kind, several, _) in USER_FIELDS.items():
        items = {"LIST": [{"VALUE": "первый"}, {"VALUE": "второй"}]} if kind == "enumeration" else {}
        fields = {"FIELD_NAME": name, "USER_TYPE_ID": kind, "MULTIPLE": "Y" if several else "N", "EDIT_FORM_LABEL": name, **items}
        made.call(ADMIN, "crm.deal.userfield.add", {"fields": fields})
    numbers = items_of(made)
    for place in range(DEALS):
        values = {name: named(values[place % len(values)], numbers.get(name)) for name, (_, _, values) in USER_FIELDS.items()}
        asked = {"entityTypeId": 2, "fields": {"title": f"Сделка {place}", **values}, "useOriginalUfNames": "Y"}
        made.call(ADMIN, "crm.item.add", asked)


def items_of(portal: Portal) -> dict[str, list[int]]:
    """Return the ids of the list fields' items, in their order."""
    rows = portal.call(ADMIN, "crm.deal.userfield.list", {}).result
    return {row["FIELD_NAME"]: [int(item["ID"]) for item in row["LIST"]] for row in rows if row.get("LIST")}


def named(value: Any, numbers: list[int] | None) -> Any:
    """Return a value with the places of list items as their ids; of a filter, "{0}" is the first item."""
    if numbers is None or value in (None, ""):
        return value
    if isinstance(value, list):
        return [named(one, numbers) for one in value]
    return numbers[int(str(value).strip("{}"))]


def ask(portal: Portal, condition: Any) -> list[dict[str, Any]]:
    """Return what crm.item.list finds."""
    asked = {"entityTypeId": 2, "select": ["id", *USER_FIELDS], "filter": condition, "order": {"id": "ASC"}, "useOriginalUfNames": "Y"}
    return list(portal.call(ADMIN, "crm.item.list", asked).result["items"])


@pytest.fixture
def mirrored(base: Base, portal: Portal) -> Base:
    """The same deals in the mirror."""
    for name, (kind, several, _) in USER_FIELDS.items():
        base.user_field("deal", name, kind, is_multiple=int(several))
    for item in ask(portal, {}):
        base.save("deal", id=item["id"], **{name.lower(): stored(kind[0], item[name]) for name, kind in USER_FIELDS.items()})
    return base


def stored(kind: str, value: Any) -> Any:
    """Return a value as the mirror keeps it."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if value in (None, ""):
        return None
    if kind == "datetime":
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value[:10] if kind == "date" else int(value in ("Y", True, 1)) if kind == "boolean" else value


@pytest.mark.parametrize("condition", FILTERS, ids=lambda one: json.dumps(one, ensure_ascii=False)[:70])
def test_user_fields_are_asked_as_the_portal_asks_them(mirrored: Base, portal: Portal, condition: dict[str, Any]) -> None:
    """Text, dates, instants, numbers, flags, lists, several values, empty ones: the same deals."""
    numbers = items_of(portal)
    asked = {key: named(value, numbers.get(key.lstrip("=!@%<>"))) for key, value in condition.items()}
    pasted = read_filter(json.dumps(asked), "deal", load_known(mirrored.ctx))
    build = Build(Day(date(2025, 6, 15), ZONE), load_known(mirrored.ctx))  # type: ignore[arg-type]
    [deal] = [one for one in CRITERIA if one.key == "deal"]
    test, _ = deal.test_of(pasted.rule["where"], build)  # type: ignore[attr-defined]
    use_fold(mirrored.store)
    found = {row["id"] for row in mirrored.store.rows(f"SELECT id FROM deal WHERE {test}", build.params)}

    assert pasted.notes == []
    assert found == {item["id"] for item in ask(portal, asked)}
