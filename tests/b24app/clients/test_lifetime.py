"""BG/NBD and Gamma-Gamma against their authors' own numbers, and against clients who are drawn as the models say."""

from __future__ import annotations

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


def draw_buyers(model: BgNbd, size: int) -> tuple[Floats, Floats, Floats]:
    """Draw clients who behave as the model says: repeat purchases, week of the last one, weeks since the first."""
    rng = np.random.default_rng(11)
    rate, chance = rng.gamma(model.r, 1 / model.alpha, size), rng.beta(model.a, model.b, size)
    age, now, last, times = rng.uniform(27, 39, size), np.zeros(size), np.zeros(size), np.zeros(size)
    stays = np.ones(size, bool)
    while stays.any():
        now = now + rng.exponential(1 / rate)
        stays &= now <= age
        last, times = np.where(stays, now, last), times + stays
        stays &= rng.random(size) > chance
    return times, last, age


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


def test_fit_finds_the_parameters_that_clients_were_drawn_with() -> None:
    """The paper's parameters come back from 60,000 clients who behave by them; their forecasts agree."""
    found = fit_purchases(*draw_buyers(PAPER, 60_000))

    assert found is not None
    assert [found.r, found.alpha] == pytest.approx([PAPER.r, PAPER.alpha], rel=0.05)
    assert found.a / (found.a + found.b) == pytest.approx(PAPER.a / (PAPER.a + PAPER.b), rel=0.1)
    assert found.expected(column(2), column(30.43), column(38.86), 39)[0] == pytest.approx(1.226, rel=0.05)


def test_fit_finds_the_money_that_clients_were_drawn_with() -> None:
    """The note's parameters come back from 40,000 clients whose purchases are drawn by them."""
    rng = np.random.default_rng(12)
    times = rng.integers(1, 8, 40_000).astype(float)
    average = rng.gamma(MONEY.p * times, 1 / (rng.gamma(MONEY.q, 1 / MONEY.v, times.size) * times))

    found = fit_money(times, average)

    assert found is not None
    assert [found.p, found.q, found.v] == pytest.approx([MONEY.p, MONEY.q, MONEY.v], rel=0.1)


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
