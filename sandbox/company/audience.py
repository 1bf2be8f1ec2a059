"""Finds out, from the finished records alone, whom each usual way of choosing clients would choose. Part of the answer sheet.

Clients and days are those of `truth.py`; money is in roubles by the rates of the records. Scores are fifths by nearest rank of those who
have bought: how much they brought, how often, how lately; a value equal to an edge is below it. Never asks how it was planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sandbox.company.activities import COMPLAINT, IN
from sandbox.company.record import Record

MONTH, QUARTER, HALF, YEAR = 30, 90, 180, 365
UPSELL = (7, 14)
BIRTHDAY_DAYS = 5
REFUSAL = "не согласен"
FIFTHS = 5
EQUIPMENT, SERVICE = "Кофейное оборудование", "Услуги"


class Audience:
    """Is told of cards, deals, rows and talks, each with the client that it belongs to, and then chooses."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.clients: dict[str, None] = {}
        self.reachable: set[str] = set()
        self.answers: dict[str, set[bool]] = {}
        self.birthdays: dict[str, str] = {}
        self.open_deals: dict[str, None] = {}
        self.counts: dict[str, int] = {}
        self.last: dict[str, str] = {}
        self.money: dict[str, dict[str, float]] = {}
        self.incoming: dict[str, str] = {}
        self.complaining: dict[str, None] = {}
        self.rates: dict[str, float] = {}
        self.refusals: set[int] = set()
        self.section_of: dict[int, int] = {}
        self.sections: dict[str, int] = {}
        self._buyer_of: dict[int, str] = {}
        self._bought: dict[str, set[int]] = {}

    def see_client(self, client: str) -> None:
        """Somebody is a client."""
        self.clients[client] = None

    def see_card(self, client: str, record: Record, is_reachable: bool) -> None:
        """A card of a client, his own or that of one of his people."""
        if is_reachable:
            self.reachable.add(client)
        if record.get("UF_CRM_CONSENT"):
            self.answers.setdefault(client, set()).add(record["UF_CRM_CONSENT"] not in self.refusals)
        if client == f"C_{record['ID']}" and record.get("BIRTHDATE"):
            self.birthdays[client] = record["BIRTHDATE"]

    def see_deal(self, client: str, deal: Record) -> None:
        """A deal of a client."""
        if deal["STAGE_SEMANTIC_ID"] == "P":
            self.open_deals[client] = None
        if deal["STAGE_SEMANTIC_ID"] == "S":
            self._buyer_of[deal["ID"]] = client
            self.counts[client] = self.counts.get(client, 0) + 1
            self.last[client] = max(self.last.get(client, ""), deal["CLOSEDATE"])
            sums = self.money.setdefault(client, {})
            sums[deal["CURRENCY_ID"]] = sums.get(deal["CURRENCY_ID"], 0.0) + deal["OPPORTUNITY"]

    def see_row(self, row: Record) -> None:
        """A product row of a deal."""
        client = self._buyer_of.get(row["OWNER_ID"])
        if client and row["PRODUCT_ID"] in self.section_of:
            self._bought.setdefault(client, set()).add(self.section_of[row["PRODUCT_ID"]])

    def see_activity(self, client: str, activity: Record) -> None:
        """A conversation with a client."""
        if activity["DIRECTION"] == IN:
            self.incoming[client] = max(self.incoming.get(client, ""), activity["START_TIME"][:10])
            if activity["SUBJECT"].startswith(COMPLAINT) and activity["COMPLETED"] == "N":
                self.complaining[client] = None

    def see_words(self, user_fields: Iterable[Record]) -> None:
        """What the answers about consent are called: one that says no is a no."""
        for field in user_fields:
            for item in field.get("LIST") or ():
                if item["VALUE"].lower().startswith(REFUSAL):
                    self.refusals.add(item["ID"])

    def tell(self) -> dict[str, list[str]]:
        """Return the clients by the way of choosing them."""
        written = {client for client, day in self.incoming.items() if day >= self._ago(MONTH)}
        idle = {client for client in self.clients if not self.counts.get(client)} | set(self._slept(HALF))
        return {
            "with_open_deals": list(self.open_deals),
            "asleep_90_to_180": self._slept(QUARTER, HALF),
            "asleep_year": self._slept(YEAR),
            "bought_once_lately": [client for client in self._slept(0, MONTH) if self.counts[client] == 1],
            "bought_7_to_14_days_ago": self._slept(*UPSELL),
            "bought_equipment_not_service": self._without(EQUIPMENT, SERVICE),
            "birthday_in_5_days": [client for client, day in self.birthdays.items() if self._is_near(day)],
            "talk_and_do_not_buy": sorted(written & idle),
            "complaint_open": list(self.complaining),
            "without_consent": [client for client in self.clients if self.answers.get(client, {False}) != {True}],
            "unreachable": [client for client in self.clients if client not in self.reachable],
            "never_bought": [client for client in self.clients if not self.counts.get(client)],
            **self._scored(),
        }

    def _ago(self, days: int) -> str:
        return (self.today - timedelta(days=days)).isoformat()

    def _slept(self, least: int, most: int = 10**4) -> list[str]:
        return [client for client, day in self.last.items() if self._ago(most) <= day <= self._ago(least)]

    def _without(self, one: str, other: str) -> list[str]:
        wanted, unwanted = self.sections.get(one), self.sections.get(other)
        return [client for client, bought in self._bought.items() if wanted in bought and unwanted not in bought]

    def _is_near(self, born: str) -> bool:
        days = [self.today + timedelta(days=ahead) for ahead in range(BIRTHDAY_DAYS + 1)]
        return born[5:] in {f"{day:%m-%d}" for day in days}

    def _scored(self) -> dict[str, list[str]]:
        lately, often, much = (_fifths(values) for values in (self.last, self.counts, self._roubles()))
        both = {client: (often[client] + much[client] + 1) // 2 for client in often}
        return {
            "best_fifth": [client for client in much if much[client] == FIFTHS and often[client] >= FIFTHS - 1],
            "good_and_going": [client for client in both if lately[client] <= 2 and both[client] > 2],
        }

    def _roubles(self) -> dict[str, float]:
        return {client: sum(total * self.rates[code] for code, total in sums.items()) for client, sums in self.money.items()}


def _fifths(values: dict[str, Any]) -> dict[str, int]:
    """Return in which fifth everybody is, 5 the greatest; nobody is scored where there are fewer than five."""
    ranked: Sequence[Any] = sorted(values.values())
    if len(ranked) < FIFTHS:
        return dict.fromkeys(values, 0)
    edges = [ranked[-(-share * len(ranked) // FIFTHS) - 1] for share in range(1, FIFTHS)]
    return {client: 1 + sum(edge < value for edge in edges) for client, value in values.items()}
