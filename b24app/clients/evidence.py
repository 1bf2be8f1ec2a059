"""Gathers what the mirror knows of the touched clients, for `counting`. Reads only; days are the portal's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from b24app.clients.counting import Evidence
from b24app.clients.learning import INSTANT, ordinal
from b24app.clients.settings import Choices
from b24app.clients.talks import Talk, Ticket
from b24app.store import evidence as sql

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

CLOSED = (":SUCCESS", ":FAIL")  # how the last stages of smart processes end: crm/crm-mode.md; DT128_10:SUCCESS
Clients = Mapping[str, Evidence]


def gather(store: PortalStore, zone: tzinfo, asked: Mapping[str, Mapping[str, Any]], choices: Choices) -> dict[str, Evidence]:
    """Return the evidence by client key; `asked` holds the facts that were asked in SQL, of those who are clients."""
    clients = {key: Evidence(row) for key, row in asked.items()}
    day_of = day_reader(zone)
    _take_deals(store, clients)
    _take_talks(store, clients, day_of, choices)
    for key, kind, value in sql.list_reached(store):
        if key in clients:
            clients[key].reached.append((kind, value))
    if choices.consent_field:
        for key, value in sql.list_answers(store, choices.consent_field.lower()):
            if key in clients:
                clients[key].consents.append(value)
    _take_cards(store, clients, day_of, choices)
    return clients


def day_reader(zone: tzinfo) -> Callable[[str], int]:
    """Return what tells the ordinal of the portal's day at an instant."""

    @lru_cache(maxsize=8192)
    def turn(day: str) -> tuple[str, int]:
        """Return the instant in this day of UTC at which the portal's new day begins, and the ordinal of the day before."""
        last = datetime.fromisoformat(f"{day}T23:59:59Z").astimezone(zone).date()
        return datetime.combine(last, time.min, zone).astimezone(UTC).strftime(INSTANT), last.toordinal() - 1

    def day_of(instant: str) -> int:
        begins, before = turn(instant[:10])
        return before + (instant >= begins)

    return day_of


def _take_deals(store: PortalStore, clients: Clients) -> None:
    days: dict[str, set[int]] = {}
    for key, day, amount in sql.list_purchases(store):
        if key in clients:
            clients[key].amounts.append(amount)
            if day:
                days.setdefault(key, set()).add(ordinal(day))
    for key, found in days.items():
        clients[key].days = sorted(found)
    for key, product, name, count in sql.list_products(store):
        if key in clients:
            clients[key].bought((product, name or "", count))
    for key, title in sql.list_losses(store):
        if key in clients:
            clients[key].lost_reason = title


def _take_talks(store: PortalStore, clients: Clients, day_of: Callable[[str], int], choices: Choices) -> None:
    for key, _, type_id, provider, direction, completed, at, subject in sql.list_talks(store):
        if at and key in clients:
            clients[key].talks.append(Talk(type_id, provider, direction, completed, at, day_of(at), subject))
    if choices.support_process:
        for key, at, stage in sql.list_tickets(store, f"smart_{choices.support_process}"):
            if key in clients:
                clients[key].tickets.append(Ticket(day_of(at), not (stage or "").endswith(CLOSED)))


def _take_cards(store: PortalStore, clients: Clients, day_of: Callable[[str], int], choices: Choices) -> None:
    fields = {name: field.lower() for name, field in choices.fields.items() if name != "consent"}
    cities = sql.list_titles(store, choices.city_field) if choices.city_field else {}
    for key, card in sql.list_cards(store, fields).items():
        city, moment = card.get("city"), card.get("key_date")
        card["city"] = cities.get(str(city), city)
        if moment and "T" in moment:
            card["key_date"] = datetime.fromordinal(day_of(moment)).date().isoformat()
        elif moment and moment.startswith("["):
            card["key_date"] = None
        clients[key].card = card
