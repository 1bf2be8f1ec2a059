"""What to expect of clients: turns the fitted models into facts of many clients at once. Pure.

Time in weeks. A purchase dated in the future counts as one of today. Purchases of one day are one, as the models want it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from b24app.clients.lifetime import BgNbd, Floats, GammaGamma

WEEK = 7
HORIZONS = (90, 365)
LEVELS = (0.1, 0.9)
KEYS = ("alive", *(f"expected_{what}_{days}" for days in HORIZONS for what in ("purchases", "revenue")), "low", "high")
NOTHING = {**dict.fromkeys(KEYS), "forecast": None}

Client = tuple[Sequence[int], Mapping[str, Any]]


@dataclass(frozen=True)
class Forecaster:
    """The models, as far as the base allowed to fit them."""

    purchases: BgNbd | None
    money: GammaGamma | None

    def predict(self, clients: Sequence[Client], today: int) -> list[dict[str, Any]]:
        """Return for each client (days with purchases, facts asked in SQL) his part of the facts of the group `value`.

        `low` and `high` are the bounds of his revenue within a year. Who has not bought has none of it; where the base is too
        small `forecast` says so. Of who bought once the model believes that he is active whatever happens: his `alive` is unknown.
        """
        found = [dict(NOTHING) for _ in clients]
        buyers = [n for n, (days, _) in enumerate(clients) if days]
        for n in buyers:
            found[n]["forecast"] = "ready" if self.purchases else "few"
        if self.purchases and buyers:
            columns = self._columns([clients[n] for n in buyers], today, self.purchases)
            for n, *values in zip(buyers, *map(_plain, columns.values()), strict=True):
                found[n].update(zip(columns, values, strict=True))
        return found

    def _columns(self, clients: Sequence[Client], today: int, model: BgNbd) -> dict[str, Floats]:
        x, tx, age = time_columns([days for days, _ in clients], today)
        columns = {"alive": np.where(x > 0, model.alive(x, tx, age).round(4), np.nan)}
        mean = self._mean([row for _, row in clients])
        for days in HORIZONS:
            expected = model.expected(x, tx, age, days / WEEK)
            columns[f"expected_purchases_{days}"] = expected.round(3)
            columns[f"expected_revenue_{days}"] = (expected * mean).round(2)
        bounds = model.quantiles(x, tx, age, max(HORIZONS) / WEEK, LEVELS)
        return columns | {name: (bound * mean).round(2) for name, bound in zip(("low", "high"), bounds, strict=True)}

    def _mean(self, rows: Sequence[Mapping[str, Any]]) -> Floats:
        if self.money is None:
            return np.full(len(rows), np.nan)
        purchases = np.array([row["purchases"] for row in rows], float)
        average = np.array([np.nan if row["average_purchase"] is None else max(row["average_purchase"], 0) for row in rows], float)
        return self.money.mean(purchases, average)


def time_columns(clients: Sequence[Sequence[int]], today: int) -> tuple[Floats, Floats, Floats]:
    """Return x, tx, T of clients from the rising ordinals of their days with purchases."""
    first = np.array([min(days[0], today) for days in clients], float)
    last = np.array([min(days[-1], today) for days in clients], float)
    repeats = np.array([len(days) - 1 for days in clients], float)
    return repeats, (last - first) / WEEK, (today - first) / WEEK


def _plain(values: Floats) -> list[float | None]:
    known = values.tolist()
    return [None if isnan(value) else value for value in known] if np.isnan(values).any() else known
