"""What activities say: contacts by channel, who began, requests and complaints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from b24app.clients.settings import save_choices
from b24app.clients.update import update_clients
from b24app.sync.apply import clients_of
from b24app.sync.entities import BY_KEY

CALL = {"type_id": 2, "provider_id": "VOXIMPLANT_CALL"}
EMAIL = {"type_id": 4, "provider_id": "CRM_EMAIL"}
CHAT = {"type_id": 6, "provider_id": "IMOPENLINES_SESSION"}
TODO = {"type_id": 6, "provider_id": "CRM_TODO"}
IN, OUT = 1, 2


def talk(base: Any, number: int, at: str, **columns: Any) -> None:
    """Save an activity of contact 1 that is done."""
    owner = {"owner_type_id": 3, "owner_id": 1}
    base.save("activity", id=number, **{"completed": 1, "direction": IN, "subject": "", **owner, "start_time": at, **columns})


def test_last_contact_by_channel_and_who_began_it(base: Any) -> None:
    """Each channel has its last day; the newest of all says who began and how."""
    base.contact(1)
    talk(base, 1, "2025-05-01T10:00:00Z", **CALL)
    talk(base, 2, "2025-05-20T10:00:00Z", **EMAIL, direction=OUT)
    talk(base, 3, "2025-06-01T10:00:00Z", **CHAT)
    talk(base, 4, "2025-06-10T10:00:00Z", **TODO, direction=0)

    base.update()

    facts = base.facts("C_1")
    assert (facts["last_call"], facts["last_email"], facts["last_chat"]) == ("2025-05-01", "2025-05-20", "2025-06-01")
    assert (facts["last_contact"], facts["last_channel"], facts["last_begun_by"]) == ("2025-06-01", "chat", "client")
    assert (facts["last_incoming"], facts["last_outgoing"], facts["last_meeting"]) == ("2025-06-01", "2025-05-20", None)


def test_plans_and_the_future_are_no_contact(base: Any) -> None:
    """A call that we plan has not been; what is dated tomorrow neither; a letter that came in has, though nobody has closed it."""
    base.contact(1)
    talk(base, 1, "2025-06-14T10:00:00Z", **CALL, direction=OUT, completed=0)
    talk(base, 2, "2025-06-20T10:00:00Z", **CALL)
    talk(base, 3, "2025-06-02T10:00:00Z", **EMAIL, completed=0)

    base.update()

    assert (base.facts("C_1")["last_contact"], base.facts("C_1")["last_call"]) == ("2025-06-02", None)


def test_contact_has_the_portals_day(base: Any) -> None:
    """Half past nine in the evening by UTC is the next day in Moscow, also on a leap day."""
    base.at = datetime(2024, 3, 15, tzinfo=UTC)
    base.contact(1)
    talk(base, 1, "2024-02-28T21:30:00Z", **CALL)

    base.update()

    assert base.facts("C_1")["last_call"] == "2024-02-29"


def test_talks_of_deals_companies_and_parties_are_the_clients(base: Any) -> None:
    """Whatever card of his an activity is with or about; once, however many of them it names."""
    base.company(7)
    base.contact(1, [7])
    base.deal(5, company=7)
    talk(base, 1, "2025-06-01T10:00:00Z", **CALL, owner_type_id=2, owner_id=5)
    talk(base, 2, "2025-06-02T10:00:00Z", **EMAIL, owner_type_id=4, owner_id=7)
    talk(base, 3, "2025-06-03T10:00:00Z", **CHAT, owner_type_id=1, owner_id=99, subject="Жалоба: течёт", completed=0)
    base.save("activity_party", activity_id=3, position=0, entity_type_id=3, entity_id=1)
    base.save("activity_party", activity_id=3, position=1, entity_type_id=4, entity_id=7)

    base.update()

    facts = base.facts("CO_7")
    assert (facts["last_call"], facts["last_email"], facts["last_chat"]) == ("2025-06-01", "2025-06-02", "2025-06-03")
    assert facts["open_complaints"] == 1


def test_changed_activity_concerns_whom_it_is_with(base: Any) -> None:
    """By its owner, be it a deal, and by the people it was with: they are counted anew."""
    base.company(7)
    base.contact(1)
    base.contact(2)
    base.deal(5, company=7, contacts=[2])
    talk(base, 1, "2025-06-01T10:00:00Z", **CALL, owner_type_id=2, owner_id=5)
    base.save("activity_party", activity_id=1, position=0, entity_type_id=3, entity_id=1)
    base.update()
    talk(base, 1, "2025-06-05T10:00:00Z", **CALL, owner_type_id=2, owner_id=5)

    due = clients_of(base.store, BY_KEY["activity"], [1])
    update_clients(base.ctx, due)

    assert due == {"CO_7", "C_1", "C_2"}
    assert base.facts("CO_7")["last_call"] == base.facts("C_1")["last_call"] == "2025-06-05"


@pytest.mark.parametrize(
    ("columns", "counts"),
    [
        ({"subject": "Жалоба: снова поломка", **CHAT}, (1, 1)),
        ({"subject": "ПРЕТЕНЗИЯ по договору", **EMAIL}, (1, 1)),
        ({"subject": "Заявка на ремонт", **CALL}, (1, 0)),
        ({"subject": "Ticket #15", **EMAIL}, (1, 0)),
        ({"subject": "без темы", "type_id": 6, "provider_id": "HELPDESK_APP"}, (1, 0)),
        ({"subject": "Жалоба клиента: ответ", **EMAIL, "direction": OUT}, (0, 0)),
        ({"subject": "Счёт и договор", **EMAIL}, (0, 0)),
        ({"subject": None, **CALL}, (0, 0)),
    ],
)
def test_requests_and_complaints_are_known_by_their_words(base: Any, columns: dict[str, Any], counts: tuple[int, int]) -> None:
    """A complaint is a request too; our own letters are neither."""
    base.contact(1)
    talk(base, 1, "2025-06-01T10:00:00Z", **{**columns, "completed": 0})

    base.update()

    facts = base.facts("C_1")
    assert (facts["open_requests"], facts["open_complaints"]) == counts
    assert (facts["recent_requests"], facts["recent_complaints"]) == counts


def test_closed_and_old_requests_are_not_open_and_not_recent(base: Any) -> None:
    """Ninety days are recent; the day of the last one is kept."""
    base.contact(1)
    talk(base, 1, "2025-03-17T10:00:00Z", **CHAT, subject="Жалоба")
    talk(base, 2, "2025-03-16T10:00:00Z", **CHAT, subject="Жалоба")

    base.update()

    facts = base.facts("C_1")
    assert (facts["open_complaints"], facts["recent_complaints"], facts["last_request"]) == (0, 1, "2025-03-17")


def test_items_of_the_support_process_are_requests(base: Any) -> None:
    """An administrator names the smart process; its items are open until they are at a final stage, and counted once."""
    columns = {"company_id": "INTEGER", "contact_id": "INTEGER", "created_time": "TEXT", "stage_id": "TEXT"}
    base.store.make_table("smart_128", columns)
    base.company(7)
    base.contact(1, [7])
    base.save("smart_128", id=1, company_id=7, contact_id=1, created_time="2025-06-01T10:00:00Z", stage_id="DT128_10:NEW")
    base.save("smart_128", id=2, company_id=7, created_time="2025-06-02T10:00:00Z", stage_id="DT128_10:SUCCESS")
    save_choices(base.ctx, {"support_process": 128})

    base.update()

    facts = base.facts("CO_7")
    assert (facts["open_requests"], facts["recent_requests"], facts["last_request"]) == (1, 2, "2025-06-02")


def test_process_that_is_not_mirrored_brings_nothing(base: Any) -> None:
    """Its table may not be there yet, or any more."""
    base.contact(1)
    save_choices(base.ctx, {"support_process": 128})

    base.update()

    assert base.facts("C_1")["open_requests"] == 0
