"""Filters of Bitrix24 as rules: the sandbox's own `crm.item.list` finds the same deals; saved filters; what cannot be translated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from b24app.segments.compile import Build
from b24app.segments.criteria import CRITERIA
from b24app.segments.dates import Day
from b24app.segments.definitions import load_known
from b24app.segments.paste import read_filter
from b24app.segments.rules import BadRule
from b24app.store.folding import use_fold
from sandbox.fill import fill_from_company
from sandbox.portal import Portal
from sandbox.rest import Caller
from tests.b24app.conftest import Base
from tests.sandbox.clock import FakeClock

FIELDS = ("id", "title", "typeId", "stageId", "stageSemanticId", "categoryId", "opportunity", "currencyId", "closedate", "begindate")
FIELDS += ("createdTime", "assignedById", "sourceId", "comments", "isManualOpportunity", "companyId", "contactId", "probability")
ZONE = datetime.fromisoformat("2025-01-01T00:00:00+03:00").tzinfo
FLAGS, INSTANTS, DAYS = ("isManualOpportunity",), ("createdTime",), ("closedate", "begindate")

FILTERS: tuple[Any, ...] = (
    {"stageSemanticId": "S"},
    {"=stageSemanticId": "S", ">=opportunity": 100000},
    {"!=stageSemanticId": "S", "<opportunity": 500000},
    {"@typeId": ["SALE", "SERVICE"], "!@stageSemanticId": ["F", "P"]},
    {"!@typeId": ["SALE", ""]},
    {"@sourceId": ["WEB", ""]},
    {"%title": "серв"},
    {"!%title": "серв"},
    {"=%title": "%е%"},
    {"%=title": "С%"},
    {"!=%title": "%а%"},
    {"sourceId": ""},
    {"!=sourceId": ""},
    {">opportunity": 1000, "<=opportunity": 90000.5},
    {">=closedate": "2025-01-01", "<closedate": "2025-05-01"},
    {"=categoryId": 1, "isManualOpportunity": "N"},
    {"!companyId": 3},
    {"logic": "OR", "0": {"=typeId": "SERVICE"}, "1": {">opportunity": 400000}},
    {
        "0": {"logic": "OR", "0": {"!=sourceId": ""}, "1": {"=stageSemanticId": "F"}},
        "@stageId": ["WON", "C1:WON", "LOSE"],
        ">=opportunity": 5000,
    },
    {
        "0": {
            "logic": "OR",
            "0": {"0": {"logic": "AND", "0": {"=typeId": "SALE"}, "1": {"=stageSemanticId": "S"}}},
            "1": {"!=typeId": "SALE"},
        }
    },
    {">=createdTime": "2025-02-01T00:00:00+03:00", "<createdTime": "2025-04-01T00:00:00+03:00"},
)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A company of the sandbox with its deals."""
    made = Portal(tmp_path_factory.mktemp("portal"), "http://127.0.0.1:1", FakeClock())
    fill_from_company(made, contacts=40, deals=200, seed=5)
    yield made
    made.close()


def ask(portal: Portal, condition: Any) -> list[dict[str, Any]]:
    """Return what crm.item.list finds, all pages."""
    caller = Caller(1, admin=True, scopes=frozenset(("crm",)), webhook_id=1)
    found: list[dict[str, Any]] = []
    start: int | None = 0
    while start is not None:
        asked = {"entityTypeId": 2, "select": list(FIELDS), "filter": condition, "start": start, "order": {"id": "ASC"}}
        answer = portal.call(caller, "crm.item.list", asked)
        found += answer.result["items"]
        start = answer.next
    return found


@pytest.fixture
def mirrored(base: Base, portal: Portal) -> Base:
    """The same deals in the mirror."""
    for item in ask(portal, {}):
        base.save("deal", **{_column(name): _stored(name, item[name]) for name in FIELDS})
    return base


def _column(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _stored(name: str, value: Any) -> Any:
    if name in INSTANTS and value:
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if name in DAYS and value:
        return value[:10]
    return int(value == "Y") if name in FLAGS else value


@pytest.mark.parametrize("condition", FILTERS, ids=lambda one: json.dumps(one, ensure_ascii=False)[:70])
def test_pasted_filter_finds_what_the_portal_finds(mirrored: Base, portal: Portal, condition: Any) -> None:
    """Every operator of the portal's grammar, nested groups, empty fields: the same deals."""
    pasted = read_filter(json.dumps({"filter": condition}), "deal", load_known(mirrored.ctx))
    build = Build(Day(date(2025, 6, 15), ZONE), load_known(mirrored.ctx))  # type: ignore[arg-type]
    [deal] = [one for one in CRITERIA if one.key == "deal"]
    test, _ = deal.test_of(pasted.rule["where"], build)  # type: ignore[attr-defined]
    use_fold(mirrored.store)
    found = {row["id"] for row in mirrored.store.rows(f"SELECT id FROM deal WHERE {test}", build.params)}

    assert pasted.notes == []
    assert found == {item["id"] for item in ask(portal, condition)}


def test_saved_filter_of_a_list_is_read(base: Base) -> None:
    """Fields that are spread over several keys; the portal's own dates."""
    saved = {"fields": {"OPPORTUNITY_from": "1000", "OPPORTUNITY_to": "", "DATE_CREATE_datesel": "LAST_30_DAYS", "STAGE_ID": {"0": "NEW"}}}
    found = read_filter(json.dumps(saved), "deal", load_known(base.ctx))

    assert found.rule["where"] == {
        "all": [
            {"criterion": "field", "of": "deal", "field": "opportunity", "op": ">=", "value": 1000},
            {"criterion": "field", "of": "deal", "field": "created_time", "op": "=", "value": {"days_ago": [0, 30]}},
            {"criterion": "field", "of": "deal", "field": "stage_id", "op": "@", "value": ["NEW"]},
        ]
    }


def test_user_field_is_found_by_either_name(base: Base) -> None:
    """UF_CRM_1747309727 is ufCrm_1747309727, too."""
    base.user_field("contact", "UF_CRM_1747309727", "string")
    known = load_known(base.ctx)

    for name in ("UF_CRM_1747309727", "ufCrm_1747309727"):
        assert read_filter(json.dumps({f"={name}": "a"}), "contact", known).rule["field"] == "uf_crm_1747309727"


def test_what_cannot_be_translated_is_said(base: Base) -> None:
    """Unknown fields, hours of a day, periods of the portal that rules do not have."""
    asked = {"=weather": 1, ">createdTime": "2025-01-01T10:30:00+03:00", "CLOSEDATE_datesel": "LAST_DECADE", ">opportunity": [1, 2]}
    found = read_filter(json.dumps(asked), "deal", load_known(base.ctx))

    assert len(found.notes) == 4
    assert all(russian != english for english, russian in found.notes)


@pytest.mark.parametrize("text", ["", "{", "x" * 100_000, '{"0":' * 30 + "1" + "}" * 30, "[" * 40 + "]" * 40])
def test_what_is_no_filter_is_a_sentence(base: Base, text: str) -> None:
    """Never a crash; nothing at all comes to no rule."""
    try:
        found = read_filter(text, "deal", load_known(base.ctx))
    except BadRule:
        return
    assert found.rule is None


@pytest.mark.parametrize(
    ("parts", "asked"),
    [
        ({"datesel": "NEXT_DAYS", "days": "7"}, ("=", {"days": [1, 7]})),
        ({"datesel": "PREV_DAYS", "days": "7"}, ("=", {"days_ago": [0, 7]})),
        ({"datesel": "PREV_DAY", "days": "7"}, ("=", {"days_ago": 7})),
        ({"datesel": "EXACT", "from": "01.03.2025", "to": ""}, ("=", "2025-03-01")),
        ({"datesel": "MONTH", "month": "12", "year": "2024"}, ("between", ["2024-12-01", "2024-12-31"])),
        ({"datesel": "QUARTER", "quarter": "1", "year": "2024", "month": "3"}, ("between", ["2024-01-01", "2024-03-31"])),
        ({"datesel": "YEAR", "year": "2025", "from": "", "to": ""}, ("between", ["2025-01-01", "2025-12-31"])),
        ({"datesel": "RANGE", "from": "2025-03-01", "to": ""}, (">=", "2025-03-01")),
        ({"isEmpty": "y"}, ("empty", None)),
        ({"hasAnyValue": "y"}, ("filled", None)),
    ],
)
def test_dates_of_a_saved_filter_mean_what_the_portal_means(base: Base, parts: dict[str, str], asked: tuple[str, Any]) -> None:
    """The next days begin tomorrow, the last ones end today; an exact day is one day; months, quarters and years are their days."""
    fields = {f"CLOSEDATE_{part}": value for part, value in parts.items()}
    found = read_filter(json.dumps({"fields": {**fields, "TITLE": "", "FIND": ""}}), "deal", load_known(base.ctx))

    assert found.notes == []
    assert (found.rule["where"]["op"], found.rule["where"].get("value")) == asked


@pytest.mark.parametrize(("numsel", "ends", "sign"), [("more", ("5", ""), ">"), ("less", ("", "5"), "<"), ("range", ("5", ""), ">=")])
def test_numbers_of_a_saved_filter_know_their_edges(base: Base, numsel: str, ends: tuple[str, str], sign: str) -> None:
    """More and less leave the edge out, a range has it; the labels that a page keeps beside values are no conditions."""
    fields = {"OPPORTUNITY_numsel": numsel, "OPPORTUNITY_from": ends[0], "OPPORTUNITY_to": ends[1], "ASSIGNED_BY_ID_label": "Анна"}
    found = read_filter(json.dumps({"fields": fields}), "deal", load_known(base.ctx))

    assert found.notes == []
    assert (found.rule["where"]["op"], found.rule["where"]["value"]) == (sign, 5)


def test_words_of_the_search_line_are_said_to_be_left_out(base: Base) -> None:
    """What was typed into the search is no field."""
    found = read_filter(json.dumps({"FIND": "Анна", "FILTER_ID": "x", "STAGE_ID": ["NEW"]}), "deal", load_known(base.ctx))

    assert found.rule["where"]["field"] == "stage_id"
    assert len(found.notes) == 1
