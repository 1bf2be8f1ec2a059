"""The facts of clients, and that the whole base and one client are worked out alike."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any

from b24app.clients.cards import client_of_deal, find_client, find_owner, list_purchases
from b24app.clients.counting import PARTS, Evidence, World, keys_by_part
from b24app.clients.fact import GROUPS, KINDS
from b24app.clients.facts import ASKED, BY_KEY, FACTS, STORED, catalogue
from b24app.clients.forecast import Forecaster
from b24app.clients.rfm import Edges
from b24app.clients.settings import read_choices
from b24app.clients.update import update_changed, update_clients


def test_facts_have_their_columns_and_words(base: Any) -> None:
    """Every stored fact is a column of client_fact and the other way round; every fact speaks both languages."""
    columns = set(base.store.columns("client_fact")) - {"number", "client_key"}

    assert columns == set(STORED)
    assert len(BY_KEY) == len(FACTS)
    for fact in FACTS:
        assert fact.kind in KINDS
        assert fact.group in GROUPS
        assert set(fact.words) == {"ru", "en"}
        assert all(words["title"] and words["definition"] and words["say"] for words in fact.words.values())
        assert (fact.kind == "days") == bool(fact.since)
        assert not fact.since or BY_KEY[fact.since].kind == "date"
        assert [len(fact.words[lang]["forms"]) for lang in ("ru", "en")] == ([3, 2] if fact.kind == "count" else [0, 0])
        assert bool(fact.words["ru"]["choices"]) == (fact.kind == "choice")
        assert set(fact.words["ru"]["choices"]) == set(fact.words["en"]["choices"])


def test_every_fact_comes_from_its_group(base: Any) -> None:
    """What is not asked in SQL is worked out by the computation of its group, which answers for nothing else."""
    base.contact(1)
    base.update()
    client = Evidence({key: base.facts("C_1")[key] for key in ASKED})
    world = World(date(2025, 6, 15), read_choices(base.ctx), None, Edges([], [], []), Forecaster(None, None), {})

    found = {group: set(next(iter(part([client], world)))) for group, part in PARTS.items()}

    assert found == keys_by_part()
    assert {fact.group for fact in FACTS} == set(PARTS)


def test_facts_of_a_buyer(base: Any) -> None:
    """Won deals are purchases, deals in progress are open, lost ones are neither."""
    base.company(7, last_activity_time="2025-01-01T00:00:00Z")
    base.deal(1, company=7, won="2025-03-01", opportunity=300.0)
    base.deal(2, company=7, won="2024-02-29", opportunity=100.0, last_activity_time="2025-05-05T10:00:00Z")
    base.deal(3, company=7, opportunity=50.0)
    base.deal(4, company=7, stage_semantic_id="F", closedate="2025-04-01", opportunity=1000.0)

    base.update()

    facts = base.facts("CO_7")
    assert {key: facts[key] for key in ("purchases", "revenue", "average_purchase", "median_purchase", "ltv")} == {
        "purchases": 2, "revenue": 400.0, "average_purchase": 200.0, "median_purchase": 200.0, "ltv": 400.0,
    }  # fmt: skip
    assert (facts["first_purchase"], facts["last_purchase"], facts["lifetime"]) == ("2024-02-29", "2025-03-01", 366)
    assert (facts["open_deals"], facts["open_sum"], facts["lost_deals"], facts["last_lost"]) == (1, 50.0, 1, "2025-04-01")
    assert facts["last_activity"] == "2025-05-05T10:00:00Z"
    assert facts["frequency"] == 1.99  # two in 366 days


def test_client_who_never_bought_has_zero_and_no_dates(base: Any) -> None:
    """Nothing bought is 0 purchases for 0, no average and no date."""
    base.contact(1)

    base.update()

    facts = base.facts("C_1")
    assert (facts["purchases"], facts["revenue"], facts["open_deals"]) == (0, 0.0, 0)
    assert (facts["average_purchase"], facts["last_purchase"], facts["last_activity"]) == (None, None, None)


def test_money_is_in_base_currency(base: Any) -> None:
    """Foreign money counts at the present rate; without a rate the sum is unknown, not smaller."""
    base.save("currency", id="USD", is_base=0, rate=90.0)
    base.contact(1)
    base.contact(2)
    base.deal(1, contacts=[1], won="2025-01-01", currency_id="USD", opportunity=10.0)
    base.deal(2, contacts=[1], won="2025-01-02", currency_id=None, opportunity=None)
    base.deal(3, contacts=[2], won="2025-01-01", currency_id="XXX")

    base.update()

    assert (base.facts("C_1")["revenue"], base.facts("C_1")["purchases"]) == (900.0, 2)
    assert (base.facts("C_2")["revenue"], base.facts("C_2")["purchases"]) == (None, 1)


def test_purchase_without_closing_date_is_dated_in_the_portal_zone(base: Any) -> None:
    """Won at 21:30 UTC is won the next day in Moscow."""
    base.contact(1)
    base.deal(1, contacts=[1], stage_semantic_id="S", moved_time="2024-02-28T21:30:00Z")

    base.update()

    assert base.facts("C_1")["last_purchase"] == "2024-02-29"


def test_deal_lost_after_it_was_won_is_no_purchase(base: Any) -> None:
    """A refund takes the purchase back."""
    base.contact(1)
    base.deal(1, contacts=[1], won="2025-01-01")
    base.update()
    base.deal(1, contacts=[1], stage_semantic_id="F", closedate="2025-01-01")

    update_changed(base.ctx, {"deal": [1]})

    assert base.facts("C_1")["purchases"] == 0


def test_changed_clients_come_out_as_the_whole_base_does(base: Any) -> None:
    """Whatever changes, working out what it concerns gives what working out everything gives."""
    chance = random.Random(5)
    for step in range(60):
        changed: dict[str, set[int]] = {"company": set(), "contact": set(), "deal": set()}
        for _ in range(chance.randint(1, 4)):
            entity = chance.choice(list(changed))
            number = chance.randint(1, 8)
            changed[entity].add(number)
            change_something(base, chance, entity, number)
        update_changed(base.ctx, changed)
        found = everything(base)
        base.update()
        assert plain(found) == plain(everything(base)), step
        found = everything(base)
        update_clients(base.ctx, [f"CO_{number}" for number in range(1, 9)] + [f"C_{number}" for number in range(1, 9)])
        assert found == everything(base), step


def plain(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Leave out what is judged by the rest of the base: it is learned only when all are worked out."""
    learned = {fact.key for fact in FACTS if fact.group in ("rhythm", "value", "rfm")}
    return {table: [{key: one for key, one in row.items() if key not in learned} for row in rows] for table, rows in found.items()}


def change_something(base: Any, chance: random.Random, entity: str, number: int) -> None:
    """Delete, add or change a record."""
    some = [chance.randint(1, 8) for _ in range(chance.randint(0, 2))]
    if chance.random() < 0.25:
        base.delete(entity, number)
        owned = {"contact": ("contact_company", "contact_id"), "deal": ("deal_contact", "deal_id")}.get(entity)
        if owned:
            with base.store.write() as db:
                db.conn.execute(f"DELETE FROM {owned[0]} WHERE {owned[1]} = ?", (number,))
    elif entity == "company":
        base.company(number, is_my_company=int(chance.random() < 0.2))
    elif entity == "contact":
        with base.store.write() as db:
            db.conn.execute("DELETE FROM contact_company WHERE contact_id = ?", (number,))
        base.contact(number, list(dict.fromkeys(some)))
    else:
        with base.store.write() as db:
            db.conn.execute("DELETE FROM deal_contact WHERE deal_id = ?", (number,))
        won = chance.choice([None, "2025-01-01", "2025-02-02"])
        base.deal(number, chance.choice([None, *range(1, 9)]), list(dict.fromkeys(some)), won, is_recurring=int(chance.random() < 0.1))


def everything(base: Any) -> dict[str, list[dict[str, Any]]]:
    """Return all that is derived."""
    tables = {"client": "key", "client_fact": "client_key", "client_contact": "contact_id", "client_deal": "deal_id"}
    return {table: base.store.rows(f"SELECT * FROM {table} ORDER BY {key}") for table, key in tables.items()}


def test_card_shows_facts_and_counts_days_now(base: Any) -> None:
    """A card has every fact with its words; days are counted up to today where the portal is."""
    base.save("employee", id=1, name="Анна Орлова")
    base.contact(1, name="Пётр", last_name="Ёлкин")
    base.communication("contact", 1, "PHONE", "+7 916 123-45-67")
    base.deal(1, contacts=[1], won="2025-06-01")
    base.update()
    base.at = datetime(2025, 6, 15, 21, 30, tzinfo=UTC)

    card = find_client(base.ctx, "C_1")

    assert card is not None
    assert (card.title, card.phone, card.responsible) == ("Пётр Ёлкин", "+7 916 123-45-67", "Анна Орлова")
    assert [fact.key for fact in card.facts] == [fact.key for fact in FACTS]
    assert card.fact("days_since_purchase") == 15
    assert card.facts[0].title == "Покупки"
    assert [fact.key for fact in card.group("rfm")] == ["r_score", "f_score", "m_score", "rfm_group"]


def test_picture_of_a_rhythm_has_purchases_and_what_is_expected(base: Any) -> None:
    """Purchases come in the order of their days, with the next one; a stranger to the client gets nothing."""
    base.contact(1, assigned_by_id=5)
    base.deal(2, contacts=[1], won="2025-03-01", title="B")
    base.deal(1, contacts=[1], won="2025-01-30", title="A")
    base.deal(3, contacts=[1], won="2025-03-31", title="C")
    base.deal(4, contacts=[1])
    base.update()

    found = list_purchases(base.seen_by(5), "C_1")

    assert found is not None
    assert [(one.deal_id, one.title, one.day) for one in found.purchases] == [
        (1, "A", "2025-01-30"), (2, "B", "2025-03-01"), (3, "C", "2025-03-31"),
    ]  # fmt: skip
    assert (found.rhythm, found.expected, found.today) == (30.0, "2025-04-30", "2025-06-15")
    assert list_purchases(base.seen_by(6), "C_1") is None


def test_viewer_sees_only_his_own_clients(base: Any) -> None:
    """For an employee a client of somebody else does not exist, by key or by deal."""
    base.contact(1, assigned_by_id=5)
    base.contact(2, assigned_by_id=6)
    base.deal(1, contacts=[1])
    base.update()

    assert find_client(base.seen_by(5), "C_1") is not None
    assert find_client(base.seen_by(6), "C_1") is None
    assert client_of_deal(base.seen_by(5), 1) == "C_1"
    assert client_of_deal(base.seen_by(6), 1) is None
    assert find_owner(base.ctx, "contact", 2) == "C_2"
    assert find_owner(base.ctx, "company", 2) is None


def test_catalogue_tells_other_rooms_what_facts_there_are(base: Any) -> None:
    """The table `fact` says what FACTS says."""
    base.update()

    assert base.store.rows("SELECT * FROM fact ORDER BY position") == catalogue()
