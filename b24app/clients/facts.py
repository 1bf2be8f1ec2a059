"""FACTS: what we know of every client, each declared once. Columns, SQL, titles and definitions come from here.

A fact is an SQL expression over `deal` (the client's rows of client_deal: state P, S or F, amount in base currency, bought_on,
last_activity) and `client`, one group a client. A new fact is a line here and a column in `store.migrations.mirror`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BOUGHT = "deal.state = 'S'"
OPEN = "deal.state = 'P'"


@dataclass(frozen=True)
class Fact:
    """One number or date of a client. NULL is "unknown" or "never".

    `kind`: count, money (base currency), date (portal's zone), instant (UTC), days. A fact in days has no SQL: it is counted when
    it is read, from today back to the date fact `since`. `words`: language to title, definition, `say` ({value} in a sentence,
    {date} for days) and `forms` of the unit: one, few, many (English: one, many).
    """

    key: str
    kind: str
    sql: str
    words: Mapping[str, Mapping[str, Any]]
    since: str = ""


def words(title: str, definition: str, say: str, *forms: str) -> dict[str, Any]:
    """Return a fact's words in one language."""
    return {"title": title, "definition": definition, "say": say, "forms": list(forms)}


def total(condition: str) -> str:
    """Return SQL for the sum of deals; unknown as soon as one of them is in a currency without a rate."""
    filled = f"COUNT(CASE WHEN {condition} THEN deal.amount END)"
    every = f"COUNT(CASE WHEN {condition} THEN 1 END)"
    return f"CASE WHEN {filled} = {every} THEN COALESCE(SUM(CASE WHEN {condition} THEN deal.amount END), 0.0) END"


RATE_RU = "в базовой валюте портала по нынешнему курсу"
RATE_EN = "in the portal's base currency at its present rate"

FACTS: tuple[Fact, ...] = (
    Fact(
        "purchases",
        "count",
        f"COUNT(CASE WHEN {BOUGHT} THEN 1 END)",
        {
            "ru": words("Покупки", "Число выигранных сделок, без шаблонов регулярных.", "{value}", "покупка", "покупки", "покупок"),
            "en": words("Purchases", "Number of won deals, templates of recurring ones left out.", "{value}", "purchase", "purchases"),
        },
    ),
    Fact(
        "revenue",
        "money",
        total(BOUGHT),
        {
            "ru": words("Выручка", f"Сумма выигранных сделок {RATE_RU}.", "покупки на {value}"),
            "en": words("Revenue", f"Sum of won deals {RATE_EN}.", "purchases for {value}"),
        },
    ),
    Fact(
        "average_purchase",
        "money",
        f"({total(BOUGHT)}) / NULLIF(COUNT(CASE WHEN {BOUGHT} THEN 1 END), 0)",
        {
            "ru": words("Средний чек", f"Выручка, делённая на число покупок, {RATE_RU}.", "средний чек {value}"),
            "en": words("Average purchase", f"Revenue divided by purchases, {RATE_EN}.", "average purchase {value}"),
        },
    ),
    Fact(
        "first_purchase",
        "date",
        f"MIN(CASE WHEN {BOUGHT} THEN deal.bought_on END)",
        {
            "ru": words("Первая покупка", "Дата завершения первой выигранной сделки.", "первая покупка {value}"),
            "en": words("First purchase", "Closing date of the first won deal.", "first purchase {value}"),
        },
    ),
    Fact(
        "last_purchase",
        "date",
        f"MAX(CASE WHEN {BOUGHT} THEN deal.bought_on END)",
        {
            "ru": words("Последняя покупка", "Дата завершения последней выигранной сделки.", "последняя покупка {value}"),
            "en": words("Last purchase", "Closing date of the last won deal.", "last purchase {value}"),
        },
    ),
    Fact(
        "days_since_purchase",
        "days",
        "",
        {
            "ru": words("Дней с покупки", "Сколько дней прошло с последней покупки.", "последняя покупка {date}, {value}"),
            "en": words("Days since purchase", "How many days ago the last purchase was.", "last purchase {date}, {value}"),
        },
        since="last_purchase",
    ),
    Fact(
        "open_deals",
        "count",
        f"COUNT(CASE WHEN {OPEN} THEN 1 END)",
        {
            "ru": words(
                "Сделки в работе", "Число незавершённых сделок.", "{value}", "сделка в работе", "сделки в работе", "сделок в работе"
            ),
            "en": words("Open deals", "Number of deals in progress.", "{value}", "open deal", "open deals"),
        },
    ),
    Fact(
        "open_sum",
        "money",
        total(OPEN),
        {
            "ru": words("Сумма в работе", f"Сумма незавершённых сделок {RATE_RU}.", "в работе {value}"),
            "en": words("Open sum", f"Sum of deals in progress {RATE_EN}.", "{value} in progress"),
        },
    ),
    Fact(
        "last_activity",
        "instant",
        "CASE WHEN MAX(deal.last_activity) > COALESCE(client.last_activity, '') THEN MAX(deal.last_activity) ELSE client.last_activity END",
        {
            "ru": words("Последняя активность", "Последнее событие в карточках клиента или его сделок.", "последняя активность {value}"),
            "en": words("Last activity", "The last event in the client's cards or deals.", "last activity {value}"),
        },
    ),
)
BY_KEY = {fact.key: fact for fact in FACTS}
STORED = {fact.key: fact.sql for fact in FACTS if fact.sql}


def catalogue() -> list[dict[str, Any]]:
    """Return the rows of the table `fact`, by which other rooms know what facts there are."""
    return [
        {"key": fact.key, "position": n, "kind": fact.kind, "since": fact.since, "words": json.dumps(fact.words, ensure_ascii=False)}
        for n, fact in enumerate(FACTS)
    ]
