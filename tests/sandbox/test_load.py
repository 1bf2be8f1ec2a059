"""The official test dataset, read into the portal's own sections."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from sandbox.load import read_dataset
from sandbox.store import Store

DATASET = Path(__file__).parent / "fixtures" / "dataset.json"


@pytest.fixture
def sections():
    """The fixture file, read."""
    return dict(read_dataset(DATASET))


def _write(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_ids_and_numbers_are_kept_as_numbers(sections):
    """Text of the file becomes native values; no record gets another id."""
    deal = sections["deals"][0]

    assert [record["ID"] for record in sections["deals"]] == [11, 12]
    assert (deal["OPPORTUNITY"], deal["COMPANY_ID"], deal["CLOSEDATE"], deal["CONTACT_IDS"]) == (67000.0, 3, "2026-03-12", [7])
    assert sections["deals"][1]["CLOSEDATE"] is None


def test_stages_of_a_further_pipeline_get_their_own_dictionary(sections):
    """DEAL_STAGE with CATEGORY_ID 1 is DEAL_STAGE_1 with codes C1:...; deals follow."""
    stages = {(row["ENTITY_ID"], row["STATUS_ID"]): row for row in sections["statuses"] if row["ENTITY_ID"].startswith("DEAL_STAGE")}

    assert set(stages) == {("DEAL_STAGE", "NEW"), ("DEAL_STAGE", "WON"), ("DEAL_STAGE_1", "C1:NEW"), ("DEAL_STAGE_1", "C1:WON")}
    assert stages["DEAL_STAGE", "NEW"]["CATEGORY_ID"] is None
    assert stages["DEAL_STAGE", "NEW"]["SYSTEM"] == "Y"
    assert stages["DEAL_STAGE_1", "C1:NEW"]["CATEGORY_ID"] == 1
    assert sections["deals"][1]["STAGE_ID"] == "C1:NEW"


def test_what_rows_lack_is_filled_in(sections):
    """Columns that a portal always has are there, and so are a base currency, departments and the common dictionaries."""
    lead, deal = sections["leads"][0], sections["deals"][1]

    assert lead["LAST_ACTIVITY_TIME"] == lead["DATE_MODIFY"]
    assert (deal["IS_REPEATED_APPROACH"], deal["MOVED_BY_ID"]) == ("N", 4)
    assert [row["CURRENCY"] for row in sections["currencies"] if row["BASE"] == "Y"] == ["RUB"]
    assert [row["ID"] for row in sections["departments"]] == [1, 2]
    assert {"DEAL_TYPE", "CONTACT_TYPE", "SOURCE"} <= {row["ENTITY_ID"] for row in sections["statuses"]}
    assert sections["product_rows"] == []
    assert "PHONE" not in sections["contacts"][1]


def test_categories_get_the_names_of_the_old_api(sections):
    """The file's camelCase categories are kept like everything else."""
    assert [(row["ID"], row["NAME"], row["IS_DEFAULT"]) for row in sections["categories"]] == [(0, "Общая", "Y"), (1, "Ремонт", "N")]


def test_tasks_are_left_out_with_a_note(caplog):
    """What the sandbox does not keep is said, not swallowed."""
    with caplog.at_level(logging.WARNING):
        names = [name for name, _ in read_dataset(DATASET)]

    assert "tasks" not in names
    assert "'tasks'" in caplog.text


def test_every_section_goes_into_the_store(tmp_path, sections):
    """The store takes all of it in the order given."""
    store = Store(tmp_path / "portal.db")

    counts = {name: store.insert_many(name, records) for name, records in sections.items()}
    contact = store.get("contacts", 7)
    store.close()

    assert (counts["deals"], counts["contacts"], counts["leads"], counts["companies"]) == (2, 2, 1, 1)
    assert (contact["COMPANY_IDS"], contact["PHONE"][0]["VALUE"]) == ([3], "+79000990102")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "is not JSON"),
        ("[]", 'no object "entities"'),
        ('{"entities": []}', 'no object "entities"'),
        ('{"entities": {"deals": {}}}', 'section "deals" is not a list'),
        ('{"entities": {"deals": [7]}}', 'Record 1 of the dataset\'s section "deals" is not an object'),
        ('{"entities": {"leads": [{"TITLE": "x"}]}}', 'Record 1 of the dataset\'s section "leads" has no ID'),
        ('{"entities": {"deals": [{"ID": "1"}, {"ID": 1}]}}', 'Two records of the dataset\'s section "deals" have the ID 1'),
        ('{"entities": {"deals": [{"ID": "1", "OPPORTUNITY": "much"}]}}', 'section "deals", ID 1 a value cannot be read'),
        ('{"entities": {"contacts": [{"ID": "1", "PHONE": "+7900"}]}}', 'section "contacts", ID 1 a value cannot be read'),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(tmp_path, text, said):
    """The sentence names what is wrong, before anything is given."""
    with pytest.raises(ValueError, match="dataset") as caught:
        read_dataset(_write(tmp_path, text))

    assert said in str(caught.value)


def test_a_missing_file_is_refused_with_a_sentence(tmp_path):
    """No stack of an operating system's error for a mistyped name."""
    with pytest.raises(ValueError, match="cannot be read"):
        read_dataset(tmp_path / "none.json")


def test_a_file_with_nothing_but_deals_is_enough(tmp_path):
    """Sections may be absent; their names are given all the same."""
    sections = dict(read_dataset(_write(tmp_path, json.dumps({"entities": {"deals": [{"ID": 5, "STAGE_ID": "NEW"}]}}))))

    assert [deal["CATEGORY_ID"] for deal in sections["deals"]] == [0]
    assert sections["contacts"] == []
