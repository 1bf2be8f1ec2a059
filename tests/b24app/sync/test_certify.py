"""A full comparison ends in a certificate: what differed, what was repaired, what is left, what has only changed meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from b24app.context import Context
from b24app.store.changes import Change, list_changes, save_changes
from b24app.sync import compare as comparing
from b24app.sync.certify import certify, last_certificate, list_alarms, list_certificates
from b24app.sync.changed import pull_changes
from b24app.sync.first import first_sync, plan_first_sync
from tests.fakes import NOW, FakeBitrix

NEW = (NOW + timedelta(minutes=5)).isoformat()


@pytest.fixture
def filled(ctx: Context, bitrix: FakeBitrix) -> Context:
    """A mirror that equals the portal."""
    for number in range(1, 9):
        bitrix.put(2, number, title=f"Deal {number}", companyId=1)
        bitrix.move(number, number, "NEW")
        bitrix.put_activity(number, OWNER_ID=str(number))
    bitrix.put(4, 1, title="Company")
    bitrix.product_rows.append({"id": 1, "ownerId": 1, "ownerType": "D", "price": 10})
    first_sync(ctx)
    return ctx


def make(ctx: Context, kind: str = "asked") -> dict[str, Any]:
    """Make a certificate; repairs are pulls of what was noted."""

    def repair() -> None:
        with ctx.store.pulling:
            pull_changes(ctx, list_changes(ctx.store, 1000))

    certify(ctx, kind, repair)
    made = last_certificate(ctx)
    assert made is not None
    return made


def line(certificate: dict[str, Any], entity: str) -> tuple[int, ...]:
    """Return rows here, rows there, missing, extra, stale, repaired, live, remaining."""
    names = ("rows_here", "rows_there", "missing_here", "extra_here", "stale", "repaired", "live", "remaining")
    return next(tuple(row[name] for name in names) for row in certificate["lines"] if row["entity"] == entity)


def test_equal_sides_are_certified_by_one_comparison(filled: Context, bitrix: FakeBitrix) -> None:
    """Nothing differs, so there is nothing to prove twice; the page can say what it has cost."""
    spent = bitrix.meter.requests

    made = make(filled, "nightly")

    assert (made["kind"], made["found"], made["remaining"], made["is_equal"]) == ("nightly", 0, 0, True)
    assert made["requests"] == bitrix.meter.requests - spent
    assert line(made, "deal") == (8, 8, 0, 0, 0, 0, 0, 0)
    assert {row["entity"] for row in made["lines"]} >= {"deal", "activity", "deal_stage_history", "product_row", "stage", "department"}
    assert list_alarms(filled) == []


@pytest.mark.parametrize("together", [10_000, 0], ids=["shared batches", "streams"])
def test_every_difference_is_repaired_and_proved(
    filled: Context, bitrix: FakeBitrix, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    """Lost additions, updates and removals of every kind; the second comparison finds nothing left."""
    monkeypatch.setattr(comparing, "TOGETHER", together)
    bitrix.put(2, 20, title="new")
    bitrix.put(2, 3, title="changed", updated="2025-02-01T15:00:00+03:00")
    bitrix.put(2, 4, companyId=7)  # a merge moves deals without a new time
    del bitrix.items[2][5]
    bitrix.history[2].pop(5)
    bitrix.product_rows[0]["price"] = 20
    bitrix.put_activity(9, SUBJECT="Call")
    bitrix.activities.pop(2)
    bitrix.users.append({"ID": "2", "ACTIVE": True, "NAME": "Новый"})

    made = make(filled)

    assert line(made, "deal") == (8, 8, 1, 1, 2, 4, 0, 0)
    assert line(made, "deal_stage_history") == (8, 7, 0, 1, 0, 1, 0, 0)
    assert line(made, "activity") == (8, 8, 1, 1, 0, 2, 0, 0)
    assert line(made, "product_row") == (1, 1, 0, 0, 1, 1, 0, 0)
    assert line(made, "employee") == (1, 2, 1, 0, 0, 1, 0, 0)
    assert filled.store.row("SELECT company_id FROM deal WHERE id = 4") == {"company_id": 7}
    assert (made["is_equal"], make(filled)["found"]) == (True, 0)


def test_what_changes_during_the_run_is_no_drift(filled: Context, bitrix: FakeBitrix) -> None:
    """A record that changed after the beginning, or is known to have changed, is live."""
    bitrix.put(2, 3, title="changed just now", updated=NEW)
    bitrix.put(2, 30, title="added just now", updated=NEW)
    bitrix.put(2, 4, title="told of", updated="2025-02-01T15:00:00+03:00")
    save_changes(filled.store, [Change("deal", 4)], "2025-06-15T11:59:00Z")

    assert line(make(filled), "deal") == (8, 9, 0, 0, 0, 0, 3, 0)
    assert line(make(filled), "deal")[6:] == (0, 0)


def test_record_that_changes_between_the_comparisons_is_not_left_over(filled: Context, bitrix: FakeBitrix) -> None:
    """It was equal at first, so it differs for another reason."""
    bitrix.put(2, 3, title="drift", updated="2025-02-01T15:00:00+03:00")
    calls = []

    def repair() -> None:
        with filled.store.pulling:
            pull_changes(filled, list_changes(filled.store, 1000))
        calls.append(bitrix.items[2].pop(6 + len(calls), None))

    certify(filled, "asked", repair)
    made = last_certificate(filled)

    assert made is not None
    assert line(made, "deal") == (8, 8, 0, 0, 1, 1, 0, 0)


def test_difference_that_cannot_be_repaired_is_left_over_and_alarms(filled: Context, bitrix: FakeBitrix, caplog: Any) -> None:
    """An honest number, a line in the log, an alarm that counts."""
    bitrix.put(2, 3, title="drift", updated="2025-02-01T15:00:00+03:00")

    certify(filled, "asked", lambda: None)
    made = last_certificate(filled)

    assert made is not None
    assert (made["remaining"], made["is_equal"], line(made, "deal")) == (1, False, (8, 8, 0, 0, 1, 0, 0, 1))
    alarm = list_alarms(filled)[0]
    assert (alarm["kind"], alarm["entity"], alarm["title"], alarm["record_id"], alarm["times"]) == ("remaining", "deal", "Сделки", 3, 1)
    assert [record.message for record in caplog.records] == ["differences return or stay"]


def test_difference_that_returns_raises_an_alarm(filled: Context, bitrix: FakeBitrix) -> None:
    """The same record lost its change twice in a row: something keeps us from hearing of it."""
    for month in ("02", "03", "04"):
        bitrix.put(2, 3, title=f"lost {month}", updated=f"2025-{month}-01T15:00:00+03:00")
        bitrix.put(2, 4 + int(month), updated=f"2025-{month}-01T15:00:00+03:00")
        make(filled)

    assert [(alarm["kind"], alarm["record_id"], alarm["times"]) for alarm in list_alarms(filled)] == [("returned", 3, 2)]
    assert [made["id"] for made in list_certificates(filled)] == [3, 2, 1]


def test_rights_withdrawn_end_equal(filled: Context, bitrix: FakeBitrix) -> None:
    """Records that our token does not see any more leave the mirror; when it sees them again, they come back."""
    hidden = {number: bitrix.items[2].pop(number) for number in (2, 4, 6)}
    first = make(filled)
    rows = filled.store.rows("SELECT id FROM deal ORDER BY id")
    bitrix.items[2] |= hidden

    assert (line(first, "deal"), [row["id"] for row in rows]) == ((8, 5, 0, 3, 0, 3, 0, 0), [1, 3, 5, 7, 8])
    assert line(make(filled), "deal") == (5, 8, 3, 0, 0, 3, 0, 0)


def test_no_certificate_while_the_first_sync_is_under_way(filled: Context) -> None:
    """Everything would be a difference."""
    plan_first_sync(filled, "install")

    assert certify(filled, "asked", lambda: None) == []
    assert certify(replace(filled, clock=lambda: NOW + timedelta(hours=25)), "asked", lambda: None) != []
