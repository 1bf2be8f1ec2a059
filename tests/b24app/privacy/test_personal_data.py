"""Personal data: all that is held of one person, its erasure, consents, how long journals are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from b24app.context import Viewer
from b24app.documents.lives import count_outcomes
from b24app.errors import Mistaken, NotAllowed, NotFound
from b24app.privacy.consents import CHANNELS, find_fields, list_choices, read_consents, save_fields
from b24app.privacy.person import (
    erase_ordered,
    erasures_moment,
    export_person,
    find_cards,
    list_erasures,
    order_erasure,
    read_key,
    read_person,
)
from b24app.privacy.retention import KEPT, find_days, keep_to_days, save_days
from b24app.segments.definitions import ensure_presets
from b24app.segments.membership import refresh
from b24app.store.lives import list_to_ask_about
from b24app.store.offers import list_without_pdf
from b24app.store.steps import list_entries
from b24app.store.traces import HELD, OF_NOBODY, forget_gone
from b24app.sync.apply import remove_records
from b24app.sync.entities import BY_KEY

SECRET, NOW = "Тайный", "2025-06-15"


def fill(base: Any) -> None:
    """A person of whom every table knows something, and another one beside him."""
    base.contact(1, name="Пётр", last_name=SECRET)
    base.contact(2, name="Другой", last_name="Человек")
    base.communication("contact", 1, "PHONE", "+7 999 555-00-11")
    base.deal(5, contacts=[1], won="2025-01-10", opportunity=10.0)
    base.deal(6, contacts=[2], won="2025-01-10", opportunity=10.0)
    ensure_presets(base.ctx)
    base.update()
    refresh(base.ctx)
    for deal, name in ((5, SECRET), (6, "Другой")):
        call = {"deal_id": deal, "robot": "r", "state": "answered", "finished_at": "2025-06-01T00:00:00Z", "received_at": "2025-06-01"}
        words = json.dumps([{"ru": name, "en": name}], ensure_ascii=False)
        said = json.dumps({"ru": name, "en": name}, ensure_ascii=False)
        base.save("robot_call", event_token=f"t{deal}", call_id=f"c{deal}", properties=name, answer="{}", error=name, said=said, **call)
        links = dict.fromkeys(("url", "public_url", "token"), f"https://portal/{name}/{deal}")
        times = {
            "created_at": f"{NOW}T00:00:00Z",
            "amount": 10.0,
            "currency": "RUB",
            "valid_until": NOW,
            "document_id": deal,
            "pdf_url": "",
        }
        known = {"client_title": name, "remarks": words, "segments": json.dumps([name]), "template": "service_offer", **links, **times}
        base.save("offer", key=f"o{deal}", deal_id=deal, state="made", title=name, client_key=f"C_{deal - 4}", **known)
        base.save("offer_step", offer_key=f"o{deal}", step="public", state="done", ref=name, error=name, asked_at=NOW)
        came = {"entered_at": NOW, "next_at": NOW, "created_at": NOW, "updated_at": NOW}
        base.save("offer_entry", key=f"e{deal}", rule_key="r", deal_id=deal, state="refused", reasons=words, **came)
        touch = {"owner_type": 2, "owner_id": deal, "deadline": NOW, "title": name, "asked_at": NOW}
        base.save("touch", key=f"C_{deal - 4}:due:{NOW}", client_key=f"C_{deal - 4}", reason="due", **touch)
        base.save("list_member", list_key="l", entity="contact", entity_id=deal - 4, added_at="2025-01-01")
    lines = [{"text": SECRET, "clients": ["C_1", "C_2"]}, {"text": "other", "clients": ["C_2"]}]
    counts = dict.fromkeys(("matched", "several", "nobody", "invalid", "repeated"), 0)
    base.save("list_import", id="i", list_key="l", at="2025-01-01", lines=json.dumps(lines, ensure_ascii=False), **counts)


def count(base: Any, table: str, where: str = "1 = 1") -> int:
    """Return how many rows there are."""
    return int(base.store.row(f"SELECT COUNT(*) AS number FROM {table} WHERE {where}")["number"])


def test_every_table_is_known_to_hold_persons_or_not(base: Any) -> None:
    """A new table says where it stands, or the export of a person and his erasure would pass it by."""
    known = {one.table for one in HELD} | set(OF_NOBODY)

    assert [table for table in base.store.tables() if table not in known and not table.startswith("smart_")] == []


def test_every_column_that_is_emptied_is_there(base: Any) -> None:
    """What HELD names exists."""
    for one in HELD:
        emptied = set(one.erasing.split()) - {"mirror", "delete"}
        assert emptied <= set(base.store.columns(one.table)), one.table


def test_card_that_is_gone_leaves_no_trace(base: Any) -> None:
    """Memberships, lists, lines of imports go; journals keep their lines without a word of him; the other person is untouched."""
    fill(base)
    before = base.store.row("SELECT members FROM segment_state WHERE segment_key = 'won'")["members"]

    remove_records(base.ctx, BY_KEY["contact"], [1])
    base.update()
    refresh(base.ctx, {"C_1"})
    forget_gone(base.store)

    assert count(base, "membership", "client_key = 'C_1'") == 0
    assert count(base, "list_member", "entity_id = 1") == 0
    columns = ("properties", "answer", "error", "said")
    assert base.store.row(f"SELECT {', '.join(columns)} FROM robot_call WHERE deal_id = 5") == dict.fromkeys(columns)
    assert [row["owner_id"] for row in base.store.rows("SELECT owner_id FROM touch")] == [6]
    assert base.store.row("SELECT title, client_title, state FROM offer WHERE key = 'o5'") == {
        "title": None,
        "client_title": None,
        "state": "made",
    }
    assert [line["text"] for line in json.loads(base.store.row("SELECT lines FROM list_import")["lines"])] == ["other"]
    assert count(base, "membership", "client_key = 'C_2'") > 0
    assert base.store.row("SELECT properties FROM robot_call WHERE deal_id = 6")["properties"] == "Другой"
    assert base.store.row("SELECT members FROM segment_state WHERE segment_key = 'won'")["members"] == before - 1
    dump = "".join(str(base.store.rows(f'SELECT * FROM "{table}"')) for table in base.store.tables())
    assert SECRET not in dump
    assert [(one.key, one.rows > 0) for one in list_erasures(base.ctx)] == [("C_1", True)]


def test_offer_whose_words_are_erased_is_counted_and_left_alone(base: Any) -> None:
    """Figures keep it; nobody is asked about it, and its links are not fetched again."""
    fill(base)
    with base.store.write() as db:
        db.conn.execute("UPDATE deal SET stage_semantic_id = 'P'")  # an offer of a deal that is still open
    order_erasure(base.ctx, "C_1")
    erase_ordered(base.ctx)

    assert [row["key"] for row in list_without_pdf(base.store, "2000-01-01")] == ["o6"]
    assert {row["key"] for row in list_to_ask_about(base.store, NOW, "9999", "9999")} == {"o6"}
    assert {group: sum(one.issued for one in count_outcomes(base.ctx, group)) for group in ("template", "manager")} == {
        "template": 2,
        "manager": 2,
    }
    assert count_outcomes(base.ctx, "segment")
    assert [row["reasons"] for row in list_entries(base.store, {"state": "", "rule": "", "search": "5"}, 9)] == [[]]


def test_export_holds_everything_and_is_written_down(base: Any) -> None:
    """Every table that speaks of him is in it, nobody else; who asked is in the journal."""
    fill(base)
    told = base.ctx.app_store.by(7)

    found = json.loads(export_person(replace(base.ctx, app_store=told), "C_1"))

    tables = {
        "contact",
        "communication",
        "deal",
        "client",
        "client_fact",
        "membership",
        "robot_call",
        "touch",
        "offer",
        "offer_step",
        "offer_entry",
        "list_member",
        "list_import",
    }
    assert tables <= set(found["held"])
    assert [row["id"] for row in found["held"]["contact"]] == [1]
    assert {row["deal_id"] for row in found["held"]["robot_call"]} == {5}
    [line], _ = base.ctx.app_store.list_notes("m1", {"kind": "person"}, 10)
    assert (line["user_id"], line["about"], line["after"]) == (7, "C_1", {"done": "export"})


def test_erasure_that_was_ordered_is_done_once(base: Any) -> None:
    """The worker erases and has the portal asked whether the card is still there; an order of later is another moment."""
    fill(base)
    order_erasure(base.ctx, "C_1")
    moment = erasures_moment(base.ctx)

    assert moment
    assert erase_ordered(base.ctx) == 1
    assert (erasures_moment(base.ctx), count(base, "membership", "client_key = 'C_1' AND reasons <> '[]'")) == ("", 0)
    assert count(base, '"change"', "entity = 'contact' AND record_id = 1") == 1
    assert count(base, "contact", "id = 1") == 1


@pytest.mark.parametrize("words", ["тайный", "C_1", "999 555-00", "79995550011"])
def test_person_is_found_by_what_is_known_of_him(base: Any, words: str) -> None:
    """Name, key, phone however it is written."""
    fill(base)

    assert [(one.key, one.title) for one in find_cards(base.ctx, words)] == [("C_1", f"{SECRET} Пётр")]


@pytest.mark.parametrize("ask", [find_cards, export_person, order_erasure, read_person], ids=lambda ask: ask.__name__)
def test_only_an_administrator_may(base: Any, ask: Any) -> None:
    """A marketer sees all clients, and yet not this."""
    fill(base)

    with pytest.raises(NotAllowed):
        ask(base.ctx.seen_by(Viewer(5, sees_all=True)), "C_1")


@pytest.mark.parametrize("key", ["", "X_1", "C_", "C_1; DROP TABLE contact", "C_9999999999999999999"])
def test_what_is_no_key_names_nobody(key: str) -> None:
    """Only Bitrix24's own notation."""
    with pytest.raises(NotFound):
        read_key(key)


def test_consent_is_read_from_the_chosen_fields(base: Any) -> None:
    """Channel by channel: whether, since when, on what grounds; a channel without a field is not known."""
    items = json.dumps([{"id": 1, "title": "Договор"}])
    base.user_field("contact", "UF_OK", "boolean")
    base.user_field("contact", "UF_SINCE", "date")
    base.user_field("contact", "UF_WHY", "enumeration", items=items)
    base.contact(1, uf_ok=1, uf_since="2025-02-03", uf_why=1)

    save_fields(base.ctx, {"sms.given": "UF_OK", "sms.since": "UF_SINCE", "sms.basis": "UF_WHY"})
    found = {one.channel: (one.given, one.since, one.basis) for one in read_consents(base.ctx, "contact", 1)}

    assert found == {**dict.fromkeys(CHANNELS, (None, "", "")), "sms": (True, "2025-02-03", "Договор")}
    assert [name for name, _ in list_choices(base.ctx, "since")] == ["UF_SINCE"]


def test_field_that_is_not_there_cannot_be_chosen(base: Any) -> None:
    """Nothing is saved then."""
    with pytest.raises(Mistaken):
        save_fields(base.ctx, {"sms.given": "UF_NONE"})

    assert find_fields(base.ctx)["sms"]["given"] == ""


def test_journals_are_kept_as_long_as_was_chosen(base: Any) -> None:
    """Older lines go; a membership that has not ended stays however old it is."""
    fill(base)
    base.ctx.app_store.note("m1", "setting", "old")
    base.save("membership", segment_key="won", client_key="C_9", entered_at="2020-01-01T00:00:00Z", left_at="2020-02-01T00:00:00Z")
    save_days(base.ctx, {**{one.key: "30" for one in KEPT}, "journal": "3650"})
    late = replace(base.ctx, clock=lambda: base.at.replace(year=base.at.year + 5))

    gone = keep_to_days(late)

    assert (gone["calls"], gone["memberships"], gone["imports"], gone["journal"]) == (2, 1, 1, 0)
    assert count(base, "membership", "left_at IS NULL") > 0
    assert find_days(base.ctx)["calls"] == 30


@pytest.mark.parametrize("days", ["", "0", "6", "3651", "ж", "1e3", "-5"])
def test_days_out_of_reason_are_refused(base: Any, days: str) -> None:
    """From a week to ten years."""
    with pytest.raises(Mistaken):
        save_days(base.ctx, {**{one.key: "30" for one in KEPT}, "calls": days})
