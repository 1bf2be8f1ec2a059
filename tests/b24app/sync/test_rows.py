"""Records become rows, whatever they hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from b24app.sync.columns import read_column
from b24app.sync.dictionary_rows import column_name, read_dictionary, read_employee, read_stage, read_user_field, user_column
from b24app.sync.entities import BY_KEY, RECORDS
from b24app.sync.kinds import read_id, read_value
from b24app.sync.rows import Column, read_communications, read_links, read_records


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", "410", 410),
        ("integer", 410, 410),
        ("integer", "50.00", 50),
        ("integer", 0, 0),
        ("reference", 0, None),
        ("reference", "0", None),
        ("reference", False, None),
        ("reference", "9", 9),
        ("real", "1000000.00", 1000000.0),
        ("real", 999.99, 999.99),
        ("flag", "Y", 1),
        ("flag", "N", 0),
        ("flag", True, 1),
        ("flag", 0, 0),
        ("instant", "2024-07-18T14:00:14+02:00", "2024-07-18T12:00:14Z"),
        ("instant", "2024-01-01T00:30:00+03:00", "2023-12-31T21:30:00Z"),
        ("date", "2001-11-11T02:00:00+02:00", "2001-11-11"),
        ("date", "2001-11-11T00:00:00+14:00", "2001-11-11"),
        ("date", "2001-11-11", "2001-11-11"),
        ("text", 7, "7"),
        ("text", "a\x00b\ud800", "a\ufffdb\ufffd"),
        ("text", {"a": "я"}, '{"a": "я"}'),
        ("json", {"id": 1}, '{"id": 1}'),
        ("text", "", None),
        ("date", "", None),
        ("reference", [], None),
        ("real", None, None),
    ],
)
def test_value_is_read_by_its_kind(kind: str, value: Any, expected: Any) -> None:
    """Instants go to UTC, dates keep the printed day, ids come as text or number, 0 and "" are unknown."""
    unreadable: Counter[str] = Counter()

    assert read_value(value, kind) == expected
    assert list(read_column([None, value, ""], (kind, False, "x"), unreadable)) == [None, expected, None]
    assert not unreadable


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "12abc"),
        ("integer", 10**30),
        ("integer", "9" * 5000),
        ("integer", True),
        ("integer", {"a": 1}),
        ("integer", float("nan")),
        ("real", "1 000,50"),
        ("real", "inf"),
        ("real", ["1"]),
        ("flag", "maybe"),
        ("instant", "2024-07-18T14:00:14"),
        ("instant", "0001-01-01T00:00:00+02:00"),
        ("instant", 5),
        ("date", "26.12.2024"),
        ("date", "2024-02-31"),
        ("date", {"2024": 1}),
        ("reference", "C_12"),
    ],
)
def test_unreadable_value_is_null_and_counted(kind: str, value: Any) -> None:
    """A value of the wrong kind never stops a sync."""
    unreadable: Counter[str] = Counter()

    assert list(read_column([value, None], (kind, False, "fieldX"), unreadable)) == [None, None]
    assert unreadable == {"fieldX": 1}


def test_multiple_values_are_json() -> None:
    """A multiple user field keeps its values, each read by its kind, without the empty ones."""
    assert read_value(["79", 80, ""], "reference", is_multiple=True) == "[79, 80]"
    assert read_value({"1": "2024-01-02T02:00:00+03:00"}, "date", is_multiple=True) == '["2024-01-02"]'


def test_record_without_id_is_left_out() -> None:
    """What has no id cannot be a row; it is counted."""
    batch = read_records([{"id": None}, {"id": "7"}], BY_KEY["deal"].columns)

    assert batch.ids == [7]
    assert batch.unreadable == {"id": 1}


def test_missing_keys_are_unknown() -> None:
    """An absent key is the same as an empty one, and every row has every column."""
    batch = read_records([{"id": 1}], BY_KEY["contact"].columns)

    assert set(batch.rows[0]) == {column.name for column in BY_KEY["contact"].columns}
    assert batch.unreadable == {}


@pytest.mark.parametrize("values", [None, [], {}, "x", [None, "x", {"id": 0, "value": "1"}, {"id": 5, "value": ""}]])
def test_communications_of_nothing(values: Any) -> None:
    """A card without phones has no key, an empty list or garbage: no rows."""
    assert read_communications("contact", 1, values) == []


def test_communications_are_read_from_lists_and_maps() -> None:
    """An object with gaps in its keys is a list to us; the same id twice is one value."""
    phone = {"id": "101", "valueType": "WORK", "value": "+7 (999) 111", "typeId": "PHONE"}
    expected = [{"entity": "contact", "entity_id": 1, "id": 101, "kind": "PHONE", "value_type": "WORK", "value": "+7 (999) 111"}]

    assert read_communications("contact", 1, [phone, phone]) == expected
    assert read_communications("contact", 1, {"3": phone}) == expected


def test_links_keep_their_order() -> None:
    """contactIds in their order, once each; without the list the single contactId stands for it."""
    link = BY_KEY["deal"].links[0]

    rows = read_links(link, 5, {"contactIds": ["84", 4, 84, 0, None]})

    assert rows == [{"deal_id": 5, "contact_id": 84, "position": 0}, {"deal_id": 5, "contact_id": 4, "position": 1}]
    assert read_links(link, 5, {"contactId": 9}) == [{"deal_id": 5, "contact_id": 9, "position": 0}]
    assert read_links(link, 5, {"contactIds": [], "contactId": 9}) == []


def test_ids_are_numbers_of_any_spelling() -> None:
    """Events say "410", items say 410; anything else is no id."""
    assert [read_id(value) for value in ("410", 410, " 7 ", 0, "", None, "x", True, [1])] == [
        410,
        410,
        7,
        None,
        None,
        None,
        None,
        None,
        None,
    ]


def test_stages_of_deals_and_leads() -> None:
    """No semantics means in progress; the pipeline is in the dictionary's name; other dictionaries are no stages."""
    stage = read_stage({"ENTITY_ID": "DEAL_STAGE_12", "STATUS_ID": "C12:WON", "NAME": "Won", "SORT": "10", "SEMANTICS": "S"})
    lead = read_stage({"ENTITY_ID": "STATUS", "STATUS_ID": "NEW", "SEMANTICS": None, "EXTRA": []})
    entry = {"ENTITY_ID": "DEAL_TYPE", "STATUS_ID": "SALE", "NAME": "Продажа", "SORT": "x"}

    assert stage == {
        "entity": "deal",
        "category_id": 12,
        "id": "C12:WON",
        "title": "Won",
        "semantics": "S",
        "sort": 10,
        "color": None,
    }
    assert lead is not None
    assert (lead["entity"], lead["semantics"]) == ("lead", "P")
    assert read_stage(entry) is None
    assert read_dictionary(entry) == {"kind": "DEAL_TYPE", "id": "SALE", "title": "Продажа", "sort": None}


def test_employee_without_a_name_has_one() -> None:
    """TIMESTAMP_X may be an object, names may be null: an employee is always called something."""
    row = read_employee({"ID": "5", "NAME": None, "LAST_NAME": "", "EMAIL": "a@b.c", "ACTIVE": False, "TIMESTAMP_X": {}})

    assert row == {"id": 5, "name": "a@b.c", "email": "a@b.c", "is_active": 0, "department_ids": "[]", "position": None}


def test_user_field_names_become_plain_columns() -> None:
    """A column has only a-z, 0-9 and _, and can never be taken for a field of the system."""
    assert column_name("UF_CRM_1721244482250") == "uf_crm_1721244482250"
    assert column_name('id"; DROP TABLE deal; --') == "uf_id___drop_table_deal____"
    assert column_name("ID") == "uf_id"


def test_user_field_has_titles_in_both_languages() -> None:
    """Labels come with LANG in the filter; one that is missing is replaced by the other, then by the name."""
    in_russian = {
        "FIELD_NAME": "UF_CRM_END",
        "USER_TYPE_ID": "enumeration",
        "MULTIPLE": "Y",
        "EDIT_FORM_LABEL": "До",
        "LIST": [{"ID": "3157", "VALUE": "Да"}],
    }

    row = read_user_field("deal", in_russian, {})

    assert row is not None
    assert (row["title_ru"], row["title_en"], row["items"]) == ("До", "До", '[{"id": 3157, "title": "Да"}]')
    assert user_column(row) == Column("uf_crm_end", "UF_CRM_END", "reference", is_multiple=True)


@pytest.mark.parametrize("entity", RECORDS, ids=lambda entity: entity.key)
def test_hostile_record_still_becomes_a_row(entity: Any) -> None:
    """Whatever every field holds, a record with an id becomes a row of storable values."""
    for value in (10**40, "\x00\ud800", {"a": [1]}, [None], True, -1.5, "x" * 100_000):
        record = {column.source: value for column in entity.columns} | {"id": 1, "fm": value, "contactIds": value, "companyIds": value}

        row = read_records([record], entity.columns, entity.links, entity.key).rows[0]

        assert all(held is None or isinstance(held, (str, int, float)) for held in row.values())
        assert all(abs(held) < 2**63 for held in row.values() if isinstance(held, int))
