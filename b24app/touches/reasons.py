"""Why to get in touch with a client, and on which day: his rhythm, the window for an upsell, a service that is due. Pure.

A reason belongs to an anchor, the date that it comes from: the same reason of the same anchor is the same touch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from b24app.segments.words import date_text, days_text

Texts = Mapping[str, str]

RHYTHM, UPSELL, SERVICE = REASONS = ("rhythm", "upsell", "service")
PASSED = 30  # days after a date that matters in which it still is a reason


@dataclass(frozen=True)
class Touch:
    """One touch that is due. `anchor`: YYYY-MM-DD."""

    reason: str
    anchor: str
    day: date
    title: Texts
    why: Texts


def due_touches(facts: Mapping[str, Any], window: tuple[int, int], lead: int, today: date) -> list[Touch]:
    """Return what is due, the soonest first. `window`: days after a purchase; `lead`: days before an expected purchase or a service."""
    found = [_rhythm(facts, lead, today), _upsell(facts, window, today), _service(facts, lead, today)]
    return sorted((one for one in found if one), key=lambda one: (one.day, REASONS.index(one.reason)))


def _rhythm(facts: Mapping[str, Any], lead: int, today: date) -> Touch | None:
    if not facts.get("next_purchase") or facts.get("retention") == "lost":
        return None
    expected = date.fromisoformat(facts["next_purchase"])
    late = (expected - today).days
    why = {
        "ru": f"По своему ритму клиент покупает {date_text(expected, 'ru')}, {days_text(late, 'ru')}.",
        "en": f"By his own rhythm the client buys on {date_text(expected, 'en')}, {days_text(late, 'en')}.",
    }
    title = {"ru": "Пора покупать: связаться с клиентом", "en": "Time to buy: get in touch"}
    return Touch(RHYTHM, str(facts["last_purchase"]), max(expected - timedelta(days=lead), today), title, why)


def _upsell(facts: Mapping[str, Any], window: tuple[int, int], today: date) -> Touch | None:
    if not facts.get("last_purchase"):
        return None
    bought = date.fromisoformat(facts["last_purchase"])
    first, last = (bought + timedelta(days=days) for days in window)
    if today > last:
        return None
    why = {
        "ru": f"Купил {date_text(bought, 'ru')}: допродажа удаётся лучше всего с {date_text(first, 'ru')} по {date_text(last, 'ru')}.",
        "en": f"Bought on {date_text(bought, 'en')}: an upsell works best from {date_text(first, 'en')} to {date_text(last, 'en')}.",
    }
    title = {"ru": "Предложить дополнение к покупке", "en": "Offer something to go with the purchase"}
    return Touch(UPSELL, bought.isoformat(), max(first, today), title, why)


def _service(facts: Mapping[str, Any], lead: int, today: date) -> Touch | None:
    if not facts.get("key_date"):
        return None
    due = date.fromisoformat(facts["key_date"])
    left = (due - today).days
    if left < -PASSED:
        return None
    why = {
        "ru": f"Срок по карточке клиента — {date_text(due, 'ru')}, {days_text(left, 'ru')}.",
        "en": f"The date on the client's card is {date_text(due, 'en')}, {days_text(left, 'en')}.",
    }
    title = {"ru": "Подходит срок: предложить обслуживание", "en": "The date comes near: offer service"}
    return Touch(SERVICE, due.isoformat(), max(due - timedelta(days=lead), today), title, why)
