"""What to offer a client next, from what he and the others have bought. Pure.

service      a date that matters to him (the field that the administrator has chosen) is near
replacement  a product that he buys again and again is due: its own rhythm, drawn towards that of the base (`clients.rhythm`)
together     who has bought what he has bought also buys this (`clients.together`)

Nothing is suggested that his own purchases, or enough other clients', do not speak for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from b24app.clients.rhythm import Prior, estimate, measure
from b24app.clients.together import Rule
from b24app.segments.words import date_text, days_text, number_text, plural

Texts = Mapping[str, str]

SERVICE, REPLACEMENT, TOGETHER = KINDS = ("service", "replacement", "together")
AHEAD = 7  # days before a product is due at which it may be offered
GIVEN_UP = 2.0  # own rhythms after which a product is bought no more
NEAR, PASSED = 45, 60  # days before and after a date that matters
TIMES = ("раз", "раза", "раз")
FEWEST, LIFT, CONFIDENCE = 5, 1.2, 0.15  # what a pair of products has to show


@dataclass(frozen=True)
class Bought:
    """A product that the client has bought: on which days (rising ordinals, all different)."""

    product_id: int
    name: str
    is_service: bool
    days: tuple[int, ...]


@dataclass(frozen=True)
class Suggestion:
    """One thing to offer. `product_id` 0: no product of the catalogue. `day`: when it is due, YYYY-MM-DD, or ''."""

    kind: str
    product_id: int
    product: str
    reason: Texts
    day: str = ""
    weight: float = 0.0


def read_bought(rows: Iterable[Mapping[str, Any]]) -> list[Bought]:
    """Return the products out of rows by product and day (`store.histories.list_bought`)."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["product_id"], []).append(row)
    return [
        Bought(
            number,
            some[-1]["product_name"] or "",
            any(row["is_service"] for row in some),
            tuple(date.fromisoformat(row["bought_on"]).toordinal() for row in some),
        )
        for number, some in found.items()
    ]


def due_again(bought: Bought, prior: Prior | None, today: date) -> Suggestion | None:
    """Return the product when it is due, as often as he buys it himself; None when it is not, or when he buys it no more."""
    own = estimate(measure(bought.days, bought.product_id), prior) if len(bought.days) > 1 else None
    if own is None:
        return None
    since, rhythm = today.toordinal() - bought.days[-1], round(own)
    if not own - AHEAD <= since <= own * GIVEN_UP:
        return None
    last = date.fromordinal(bought.days[-1])
    reason = {
        "ru": f"{quoted(bought.name)} берёт примерно раз в {number_text(rhythm, 'ru')} дн.; "
        f"последний раз — {date_text(last, 'ru')}, {days_text(-since, 'ru')}.",
        "en": f"Buys “{bought.name}” about every {number_text(rhythm, 'en')} days; "
        f"last on {date_text(last, 'en')}, {days_text(-since, 'en')}.",
    }
    due = (last + timedelta(days=rhythm)).isoformat()
    return Suggestion(SERVICE if bought.is_service else REPLACEMENT, bought.product_id, bought.name, reason, due, since / own)


def service_due(key_date: str | None, field: Texts, bought: Collection[Bought], today: date) -> Suggestion | None:
    """Return the service for a date that is near; with the service that he has bought last, if any."""
    if not key_date:
        return None
    day = date.fromisoformat(key_date)
    left = (day - today).days
    if not -PASSED <= left <= NEAR:
        return None
    last = max((one for one in bought if one.is_service), key=lambda one: one.days[-1], default=None)
    named = {"ru": f". Прошлая услуга — {quoted(last.name)}.", "en": f". His last service: “{last.name}”."} if last else {}
    reason = {lang: f"{field[lang]}: {date_text(day, lang)}, {days_text(left, lang)}{named.get(lang, '.')}" for lang in ("ru", "en")}
    return Suggestion(SERVICE, last.product_id if last else 0, last.name if last else "", reason, key_date, 1.0)


def best_companion(rules: Iterable[Rule], names: Mapping[int, str], without: Collection[int]) -> Suggestion | None:
    """Return what goes best with what he has; None when nothing goes with it for sure."""
    good = [rule for rule in rules if rule.other not in without and names.get(rule.other) and _is_sure(rule)]
    if not good:
        return None
    best = max(good, key=lambda rule: (rule.confidence, rule.lift, -rule.other))
    share, own, other = round(best.confidence * 100), names.get(best.product, ""), names[best.other]
    times = f"{best.lift:.1f}".removesuffix(".0")
    reason = {
        "ru": f"Из купивших {quoted(own)} {share} % ({number_text(best.both, 'ru')}) берут и {quoted(other)} — "
        f"в {times.replace('.', ',')} {plural(float(times), TIMES, 'ru')} чаще, чем все покупатели.",
        "en": f"Of those who bought “{own}”, {share}% ({number_text(best.both, 'en')}) also buy “{other}”: "
        f"{times} times as often as all buyers.",
    }
    return Suggestion(TOGETHER, best.other, other, reason, weight=best.confidence)


def quoted(name: str) -> str:
    """Return a name in Russian quotes; quotes inside of it are the inner ones."""
    inner = name.replace("«", "„").replace("»", "“")
    return f"«{inner}»"


def _is_sure(rule: Rule) -> bool:
    return rule.both >= FEWEST and rule.lift >= LIFT and rule.confidence >= CONFIDENCE


def rank(found: Iterable[Suggestion | None]) -> list[Suggestion]:
    """Return the suggestions that there are: services first, then replacements, then companions; the strongest first in each."""
    there = [one for one in found if one]
    return sorted(there, key=lambda one: (KINDS.index(one.kind), -one.weight, one.product_id))
