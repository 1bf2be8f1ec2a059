"""What was said between the dealer and its clients: calls, letters, chats, meetings, tasks, complaints. Knows no sums.

Deals older than the newest TALKED_OF ones have left no calls: a base of a million deals is about deals. Complaints are kept of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from sandbox.company.days import DAY, PAST
from sandbox.company.deals import Sales
from sandbox.company.habits import HABIT_INDEX
from sandbox.company.people import phone_digits
from sandbox.company.purchases import NOBODY, OPEN
from sandbox.company.record import Record
from sandbox.company.staff import SERVICE_STAFF

TALKED_OF = 50_000
SLEEP_DAYS = 180
RECENT_DAYS = 14
TALKING_SHARE, TALKING_LEAST = 25, 3  # every so many sleeping clients, and at least so many, write to us now
IN, OUT = 1, 2
COMPLAINT = "Жалоба: "
OPEN_DAYS, OPEN_LEAST = 30, 3  # a complaint as fresh as this is still open; so many clients at least have one


class TalkKind(NamedTuple):
    """A way to talk: the vendor's type and provider, who begins (1 they, 2 we), what about, how often it happens around a deal."""

    key: str
    type_id: int
    provider: str
    provider_type: str
    direction: int
    subjects: tuple[str, ...]
    often: float = 0.0
    is_planned: bool = False


TALK_KINDS = (
    TalkKind("call_in", 2, "VOXIMPLANT_CALL", "CALL", IN, ("Звонок: вопрос по цене", "Звонок: срок поставки"), 0.35),
    TalkKind("call_out", 2, "VOXIMPLANT_CALL", "CALL", OUT, ("Звонок: уточнить состав заказа", "Звонок: напомнить о счёте"), 0.4),
    TalkKind("email_out", 4, "CRM_EMAIL", "EMAIL", OUT, ("Коммерческое предложение", "Счёт и договор", "Документы по поставке"), 0.4),
    TalkKind("email_in", 4, "CRM_EMAIL", "EMAIL", IN, ("Re: Коммерческое предложение", "Реквизиты для договора"), 0.15),
    TalkKind("meeting", 1, "CRM_MEETING", "MEETING", 0, ("Встреча в шоуруме", "Замер и осмотр помещения"), 0.06),
    TalkKind("todo", 6, "CRM_TODO", "TODO", 0, ("Отправить предложение", "Согласовать доставку", "Узнать решение"), 0.5, is_planned=True),
    TalkKind("chat", 6, "IMOPENLINES_SESSION", "OPENLINE", IN, ("Чат: как чистить машину", "Чат: есть ли зерно")),
    TalkKind(
        "complaint_chat", 6, "IMOPENLINES_SESSION", "OPENLINE", IN,
        (COMPLAINT + "машина течёт после ремонта", COMPLAINT + "зерно пришло не той обжарки"),
    ),
    TalkKind(
        "complaint_email", 4, "CRM_EMAIL", "EMAIL", IN,
        (COMPLAINT + "инженер не приехал в назначенный день", COMPLAINT + "прислали не ту запчасть"),
    ),
    TalkKind("complaint_call", 2, "VOXIMPLANT_CALL", "CALL", IN, (COMPLAINT + "не отвечаете на заявку", COMPLAINT + "снова поломка")),
)  # fmt: skip
AROUND_DEALS = tuple(kind for kind in TALK_KINDS if kind.often)
CHAT = next(kind for kind in TALK_KINDS if kind.key == "chat")
COMPLAINTS = tuple(kind for kind in TALK_KINDS if kind.subjects[0].startswith(COMPLAINT))


class Talk(NamedTuple):
    """One conversation to be written down; `deal` 0 means that it concerns the client as such."""

    minute: int
    place: int
    kind: TalkKind
    client: int
    deal: int


def draw_talks(rng: Random, sales: Sales) -> list[Talk]:
    """All conversations in the order of time; clients and deals learn when they were last talked of."""
    drawn = [*_deal_talks(rng, sales), *_complaints(rng, sales), *_chats_of_sleeping(rng, sales), *_fresh_complaints(rng, sales)]
    talks = sorted(talk._replace(place=place) for place, talk in enumerate(drawn))
    for talk in talks:
        sales.people.histories.heard[talk.client] = talk.minute
        if talk.deal:
            sales.heard[talk.deal] = talk.minute
    return talks


def _deal_talks(rng: Random, sales: Sales) -> Iterator[Talk]:
    deals = sales.deals
    for place in range(max(0, len(deals) - TALKED_OF), len(deals)):
        client, created, closed = deals.client[place], deals.created[place], deals.closed[place]
        if client == NOBODY:
            continue
        begin, end = created // DAY, closed // DAY if closed != OPEN else PAST - 1
        for kind in AROUND_DEALS:
            if rng.random() < kind.often and (closed == OPEN or not kind.is_planned):
                minute = sales.people.days.working_minute(rng, begin + int(rng.random() * (end - begin + 1)))
                yield Talk(max(created + 10, minute), 0, kind, client, place + 1)


def _complaints(rng: Random, sales: Sales) -> Iterator[Talk]:
    """Who complains does it within weeks after his last purchase; now and then a good client does too."""
    unhappy, regular = HABIT_INDEX["complains"], HABIT_INDEX["regular"]
    for client, day in enumerate(sales.people.histories.won):
        habit = sales.people.habits[client]
        if day and (habit == unhappy or (habit == regular and rng.random() < 0.03)):
            for _ in range(1 + (rng.random() < 0.3)):
                when = min(PAST - 1, day + 1 + int(rng.random() * 20))
                kind = COMPLAINTS[int(rng.random() * len(COMPLAINTS))]
                yield Talk(when * DAY + 570 + int(rng.random() * 500), 0, kind, client, 0)


def _chats_of_sleeping(rng: Random, sales: Sales) -> Iterator[Talk]:
    """By their deals they sleep, and yet they write to us these days."""
    asleep = [client for client, day in enumerate(sales.people.histories.won) if 0 < day < PAST - SLEEP_DAYS]
    for client in rng.sample(asleep, min(len(asleep), max(TALKING_LEAST, len(asleep) // TALKING_SHARE))):
        yield Talk((PAST - 1 - int(rng.random() * RECENT_DAYS)) * DAY + 560 + int(rng.random() * 500), 0, CHAT, client, 0)


def _fresh_complaints(rng: Random, sales: Sales) -> Iterator[Talk]:
    """A few who buy are unhappy these days, and nobody has answered them yet."""
    buyers = [client for client, day in enumerate(sales.people.histories.won) if day]
    for number, client in enumerate(rng.sample(buyers, min(len(buyers), OPEN_LEAST))):
        minute = (PAST - 1 - int(rng.random() * RECENT_DAYS)) * DAY + 570 + int(rng.random() * 500)
        yield Talk(minute, 0, COMPLAINTS[number % len(COMPLAINTS)], client, 0)


def list_activities(sales: Sales, talks: list[Talk]) -> Iterator[Record]:
    """Activities in the order of their ids."""
    for number, talk in enumerate(talks, 1):
        yield _activity(number, talk, sales)


def _activity(number: int, talk: Talk, sales: Sales) -> Record:
    people, kind = sales.people, talk.kind
    owner_type, owner = (2, talk.deal) if talk.deal else _card(people.cards.contact_of(talk.client), talk, sales)
    complaint = kind in COMPLAINTS
    person = SERVICE_STAFF[number % len(SERVICE_STAFF)] if complaint else people.seller_of(talk.client)
    begun, ended, done = _times(number, talk, sales)
    return {
        "ID": number,
        "OWNER_ID": owner,
        "OWNER_TYPE_ID": owner_type,
        "TYPE_ID": kind.type_id,
        "PROVIDER_ID": kind.provider,
        "PROVIDER_TYPE_ID": kind.provider_type,
        "PROVIDER_GROUP_ID": None,
        "ASSOCIATED_ENTITY_ID": 0,
        "SUBJECT": kind.subjects[number % len(kind.subjects)],
        "CREATED": people.days.moment(talk.minute),
        "LAST_UPDATED": people.days.moment(talk.minute + 5),
        "START_TIME": begun,
        "END_TIME": ended,
        "DEADLINE": ended if kind.is_planned else begun,
        "COMPLETED": "Y" if done else "N",
        "STATUS": 2 if done else 1,
        "RESPONSIBLE_ID": person,
        "AUTHOR_ID": person,
        "EDITOR_ID": person,
        "PRIORITY": 3 if complaint else 2,
        "NOTIFY_TYPE": 0,
        "NOTIFY_VALUE": 0,
        "DESCRIPTION": "",
        "DESCRIPTION_TYPE": 1,
        "DIRECTION": kind.direction,
        "LOCATION": "",
        "SETTINGS": [],
        "PROVIDER_PARAMS": [],
        "RESULT_MARK": 0,
        "AUTOCOMPLETE_RULE": 0,
        "COMMUNICATIONS": _communications(talk, sales),
        "BINDINGS": _bindings(owner_type, owner, talk, sales),
    }


def _times(number: int, talk: Talk, sales: Sales) -> tuple[str, str, bool]:
    """Begin, end and whether it is over: a plan is due some days later, so some are overdue today; a fresh complaint may be open."""
    moment, planned = sales.people.days.moment, talk.kind.is_planned
    ends = talk.minute + DAY * (2 + number % 7) if planned else talk.minute + 15
    is_open = planned or (talk.kind in COMPLAINTS and talk.minute > (PAST - OPEN_DAYS) * DAY)
    return moment(ends - 30 if planned else talk.minute), moment(ends), not is_open


def _card(contact: int, talk: Talk, sales: Sales) -> tuple[int, int]:
    """The card that a conversation belongs to: the person, or a company where nobody is known."""
    return (3, contact) if contact else (4, sales.people.cards.company_id[talk.client])


def _communications(talk: Talk, sales: Sales) -> list[Record]:
    contact = sales.people.cards.contact_of(talk.client)
    if talk.kind.type_id != 2 or not contact or not sales.people.troubles.is_free(contact):
        return []
    return [{"TYPE": "PHONE", "VALUE": f"+7{phone_digits(contact)}", "ENTITY_ID": contact, "ENTITY_TYPE_ID": 3}]


def _bindings(owner_type: int, owner: int, talk: Talk, sales: Sales) -> list[Record]:
    cards = sales.people.cards
    contact = cards.contact_of(talk.client)
    company = cards.company_id[talk.client] if talk.client < cards.companies else 0
    bound = {(owner_type, owner): True, (3, contact): bool(contact), (4, company): bool(company)}
    return [{"OWNER_TYPE_ID": type_id, "OWNER_ID": id_} for (type_id, id_), wanted in bound.items() if wanted]
