"""A client's purchases in numbers: median, lifetime, frequency, the value he has brought. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

YEAR = 365


def purchase_values(row: Mapping[str, Any], days: Sequence[int], amounts: Sequence[float | None]) -> dict[str, Any]:
    """Return the facts of the group `purchases` that are not asked in SQL. `days`: rising ordinals of days with purchases.

    Money is unknown as soon as one purchase has none (a currency without a rate).
    """
    known = [amount for amount in amounts if amount is not None]
    lifetime = days[-1] - days[0] if days else None
    return {
        "median_purchase": median(known) if known and len(known) == len(amounts) else None,
        "lifetime": lifetime,
        "frequency": round(row["purchases"] * YEAR / max(lifetime, YEAR), 2) if lifetime is not None else None,
    }


def past_value(row: Mapping[str, Any], days: Sequence[int]) -> float | None:
    """Return average purchase x purchases a year x years of buying, one year at least; nothing is 0, unknown money unknown.

    By the way in which frequency is counted it is the client's revenue: what is yet to come is in the prediction.
    """
    if not row["purchases"]:
        return 0.0
    if row["average_purchase"] is None or not days:
        return None
    years = max(days[-1] - days[0], YEAR) / YEAR
    return float(row["average_purchase"]) * (row["purchases"] / years) * years
