"""Why we write to this client: sentences from what was really bought, served and promised. Nothing is said that is not known. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from b24app.documents.dossier import Source
from b24app.documents.phrases import name_products, say, sentence
from b24app.documents.wording import clean, print_day, read_day

MOST_NAMED = 2  # products of the last purchase that the letter names


@dataclass(frozen=True)
class Telling:
    """What the sentences are made of: the dossier, today, the document's language, months between two services."""

    source: Source
    today: date
    lang: str = "ru"
    service_months: int = 0


def reason(telling: Telling, parts: Sequence[str]) -> str:
    """Return the sentences of these parts that there is something to say for."""
    return " ".join(text for text in (REASONS[part](telling) for part in parts) if text)


def _purchase(telling: Telling) -> str:
    """Name the last purchase: its day and up to two of its products."""
    lang, purchases = telling.lang, telling.source.purchases
    if not purchases:
        return say(lang, "thanks_new")
    names = [clean(name, 80) for name in purchases[0].get("products") or () if clean(name)]
    day = read_day(purchases[0].get("closedate"))
    if not names or day is None:
        return say(lang, "thanks_known")
    return say(lang, "bought", day=print_day(day, lang), products=name_products(lang, names, MOST_NAMED))


def _long_ago(telling: Telling) -> str:
    """Say when the client last bought, and what."""
    purchases = telling.source.purchases
    day = read_day(purchases[0].get("closedate")) if purchases else None
    if day is None:
        return say(telling.lang, "thanks_known")
    return f"{say(telling.lang, 'long_ago', day=print_day(day, telling.lang))}"


def _stands(key: str, words: str) -> Callable[[Telling], str]:
    """Return what says of a date whether it is still to come: the day itself is still inside."""

    def tell(telling: Telling) -> str:
        until = read_day(telling.source.known(key))
        if until is None:
            return ""
        return sentence(telling.lang, f"{words}_{'live' if until >= telling.today else 'over'}", day=print_day(until, telling.lang))

    return tell


def _serviced(telling: Telling) -> str:
    """Say when the last service was, and when the next one is due where the options say how often."""
    last = telling.source.last_service
    if last is None:
        return ""
    said = sentence(telling.lang, "serviced", day=print_day(last, telling.lang))
    due = months_later(last, telling.service_months) if telling.service_months else None
    if due is None:
        return said
    key = "service_due" if due >= telling.today else "service_overdue"
    return f"{said} {sentence(telling.lang, key, day=print_day(due, telling.lang))}"


def _rhythm(telling: Telling) -> str:
    """Say when the client's own rhythm expects the next purchase; of a day long past nothing is said."""
    day = read_day(telling.source.next_purchase)
    if day is None or day < telling.today:
        return ""
    return sentence(telling.lang, "rhythm", day=print_day(day, telling.lang))


def _fixed(key: str) -> Callable[[Telling], str]:
    return lambda telling: say(telling.lang, key)


REASONS: Mapping[str, Callable[[Telling], str]] = {
    "purchase": _purchase,
    "long_ago": _long_ago,
    "warranty": _stands("warranty", "warranty"),
    "contract": _stands("membership", "contract"),
    "serviced": _serviced,
    "rhythm": _rhythm,
    "why_service": _fixed("why_service"),
    "why_delivery": _fixed("why_delivery"),
    "why_return": _fixed("why_return"),
}


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
