"""BG/NBD and Gamma-Gamma against their authors' own numbers.

`cdnow.csv` is the authors' sample of CDNOW's customers (2,357 of them; time in weeks, dollars), as published with
brucehardie.com/notes/008: x, t_x, T and the average of repeat purchases.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from b24app.clients.forecast import Forecaster, time_columns
from b24app.clients.lifetime import BgNbd, Floats, GammaGamma, fit_money, fit_purchases
from b24app.clients.simplex import minimize

PAPER = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
MONEY = GammaGamma(p=6.25, q=3.74, v=15.44)


def column(*values: float) -> Floats:
    """Return numbers as the models take them."""
    return np.array(values, float)


def cdnow() -> Floats:
    """Return the four columns of the sample."""
    with (Path(__file__).parent / "cdnow.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return np.array(rows, float).T


def test_expected_purchases_of_the_papers_customer() -> None:
    """Customer 1 of CDNOW: x = 2, t_x = 30.43, T = 38.86; 39 weeks ahead 1.226 (Hardie, note 004)."""
    assert PAPER.expected(column(2), column(30.43), column(38.86), 39)[0] == pytest.approx(1.226, abs=0.0005)


def test_expected_purchases_of_a_frequent_customer() -> None:
    """x = 26, t_x = 30.86, T = 31; 52 weeks ahead 25.76, alive with 0.9688 (manual of the authors' package BTYD)."""
    fitted = BgNbd(0.2425945, 4.4136019, 0.7929199, 2.4258881)
    client = column(26), column(30.86), column(31)

    assert fitted.expected(*client, 52)[0] == pytest.approx(25.76, abs=0.005)
    assert fitted.alive(*client)[0] == pytest.approx(0.9688, abs=0.0005)
    assert fitted.expected_of_anybody(52) == pytest.approx(1.444, abs=0.0005)


def test_expected_purchase_of_the_notes_customers() -> None:
    """CDNOW's customers 1, 2 and 6: 24.65, 18.91, 71.46; of whom nothing is known, 35.17 (Hardie, note 025)."""
    found = MONEY.mean(column(2, 1, 7, 0), column(22.35, 11.77, 73.74, 0))

    assert found == pytest.approx([24.65, 18.91, 71.46, 35.17], abs=0.06)


def test_fit_finds_the_papers_parameters() -> None:
    """Fitted to CDNOW: r = 0.243, alpha = 4.414, a = 0.793, b = 2.426; the prior moves them by less than the last digit but one."""
    x, tx, age, _ = cdnow()

    found = fit_purchases(x, tx, age)

    assert found is not None
    assert [found.r, found.alpha, found.a, found.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], rel=0.002)


def test_fit_finds_the_notes_money() -> None:
    """Fitted to CDNOW's repeat buyers: p = 6.25, q = 3.74, v = 15.44."""
    x, _, _, average = cdnow()
    again = x > 0

    found = fit_money(x[again], average[again])

    assert found is not None
    assert [found.p, found.q, found.v] == pytest.approx([6.25, 3.74, 15.44], rel=0.02)


@pytest.mark.parametrize("model", [PAPER, BgNbd(2.0, 10.0, 1.0, 3.0), BgNbd(0.6, 20.0, 3.5, 2.0)])
def test_quantiles_and_expectation_are_of_one_distribution(model: BgNbd) -> None:
    """The sum of the chances to buy once or more, twice or more, ... is the expectation: the paper's formula, found another way."""
    client = column(0, 1, 5, 30), column(0, 3, 20, 51), column(10, 4, 52, 52)
    levels = np.linspace(0.0005, 0.9995, 1000)

    quantiles = model.quantiles(*client, 52, tuple(levels))

    assert np.mean(quantiles, axis=0) == pytest.approx(model.expected(*client, 52), rel=0.02)
    assert model.expected(*client, 0) == pytest.approx([0, 0, 0, 0], abs=1e-9)


def test_chances_agree_with_a_simulation() -> None:
    """Clients drawn as the model says: of those with the same history who are alive, as many buy as often as it expects."""
    rng, model, size = np.random.default_rng(7), BgNbd(1.0, 8.0, 1.2, 4.0), 200_000
    rate, chance = rng.gamma(model.r, 1 / model.alpha, size), rng.beta(model.a, model.b, size)
    leaves = rng.geometric(chance)
    first = rng.poisson(rate * 30)
    found = (first == 2) & (leaves > 2)
    later = np.minimum(rng.poisson(rate[found] * 20), leaves[found] - 2)
    client = column(2), column(15), column(30)
    alive = model.alive(*client)[0]
    fewest, most = (values[0] for values in model.quantiles(*client, 20, (1 - 0.9 * alive, 1 - 0.1 * alive)))

    assert np.mean(later) == pytest.approx(model.expected(*client, 20)[0] / alive, rel=0.02)
    assert np.mean(later < fewest) < 0.1 < np.mean(later <= fewest)
    assert np.mean(later > most) < 0.1 < np.mean(later >= most)


def test_client_of_thousands_of_purchases_has_no_bounds() -> None:
    """Where the numbers run out the bounds are unknown, not wrong."""
    found = PAPER.quantiles(column(9000, 3), column(100, 80), column(100, 100), 52, (0.1, 0.9))

    assert np.isnan([values[0] for values in found]).all()
    assert np.isfinite([values[1] for values in found]).all()


def test_small_base_is_not_enough() -> None:
    """Fewer than thirty buyers, or ten who bought again, teach nothing."""
    many, few = np.ones(40), np.ones(29)
    once = np.concatenate((np.ones(9), np.zeros(31)))

    assert fit_purchases(few, few, few * 2) is None
    assert fit_purchases(once, once, many * 2) is None
    assert fit_money(few, few) is None
    assert fit_money(many, np.zeros(40)) is None


@pytest.mark.parametrize("again", [10, 30])
def test_thirty_clients_are_enough(again: int) -> None:
    """A base of thirty gives finite parameters and finite forecasts, however alike its clients are."""
    x = np.where(np.arange(30) < again, 2.0, 0.0)
    model = fit_purchases(x, x * 4, np.full(30, 52.0))
    money = fit_money(x + 1, np.full(30, 1000.0))

    assert model is not None
    assert money is not None
    assert np.isfinite(model.expected(x, x * 4, np.full(30, 52.0), 52)).all()
    assert money.mean(x + 1, np.full(30, 1000.0)) == pytest.approx(np.full(30, 1000.0), rel=0.2)


def test_forecast_says_when_there_is_not_enough() -> None:
    """Without models a buyer hears that there is too little, who never bought hears nothing."""
    row = {"purchases": 1, "average_purchase": 10.0}

    bought, never = Forecaster(None, None).predict([([1], row), ([], row)], 10)

    assert (bought["forecast"], bought["alive"]) == ("few", None)
    assert set(never.values()) == {None}


def test_forecast_knows_nothing_of_the_life_of_who_bought_once() -> None:
    """BG/NBD takes everybody who bought once for alive: that is no knowledge. Unknown money leaves revenue unknown."""
    rows = [{"purchases": 1, "average_purchase": 10.0}, {"purchases": 3, "average_purchase": None}]

    once, again = Forecaster(PAPER, MONEY).predict([([1], rows[0]), ([1, 20, 60], rows[1])], 100)

    assert once["alive"] is None
    assert once["expected_purchases_365"] > once["expected_purchases_90"] > 0
    assert once["low"] <= once["expected_revenue_365"] <= once["high"]
    assert 0 < again["alive"] < 1
    assert (again["expected_revenue_90"], again["high"]) == (None, None)


def test_purchase_in_the_future_counts_as_one_of_today() -> None:
    """A date that is still to come makes no client older or younger than he is."""
    x, tx, age = time_columns([[100, 107, 900], [900]], 114)

    assert (list(x), list(tx), list(age)) == ([2, 0], [2, 0], [2, 0])


def test_simplex_finds_the_bottom_of_a_bent_valley() -> None:
    """Rosenbrock's function has its lowest point at (1, 1)."""
    found = minimize(lambda point: (1 - point[0]) ** 2 + 100 * (point[1] - point[0] ** 2) ** 2, (-1.2, 1.0), 1e-14)

    assert found == pytest.approx((1, 1), abs=1e-4)
