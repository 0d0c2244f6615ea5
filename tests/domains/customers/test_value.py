"""BG/NBD and Gamma-Gamma: parameters of simulated customers come back, and every formula agrees with a second way to it."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, optimize, special, stats

from tillsight.domains.customers.value import (
    BgNbd,
    FitError,
    GammaGamma,
    _BgNbdLikelihood,
    _GammaGammaLikelihood,
    customer_value,
    fit_bg_nbd,
    fit_gamma_gamma,
)

Floats = NDArray[np.float64]

PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426)
"""The parameters of Fader, Hardie and Lee (2005), table 2, in weeks."""
AMOUNTS = GammaGamma(6.25, 3.74, 15.44)
"""The parameters of Fader and Hardie (2013)."""


def simulated(customers: int, model: BgNbd, seed: int) -> tuple[Floats, Floats, Floats]:
    """Customers of the story that the model tells, one order after the other; first orders within 12 of 39 weeks."""
    chance = np.random.default_rng(seed)
    age = chance.uniform(27, 39, customers)
    rate = chance.gamma(model.r, 1 / model.alpha, customers)
    leaving = chance.beta(model.a, model.b, customers)
    frequency, recency, now = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    alive = np.ones(customers, dtype=bool)
    while alive.any():
        now = now + chance.exponential(1 / rate)
        bought = alive & (now <= age)
        frequency[bought] += 1
        recency[bought] = now[bought]
        alive = bought & (chance.random(customers) >= leaving)
    return frequency, recency, age


def naive_log_likelihood(model: BgNbd, x: float, t_x: float, t: float) -> float:
    """Equation 6 of the paper as it is printed, for one customer."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b

    def beta(one: float, other: float) -> float:
        return math.gamma(one) * math.gamma(other) / math.gamma(one + other)

    kept = beta(a, b + x) / beta(a, b) * math.gamma(r + x) * alpha**r / (math.gamma(r) * (alpha + t) ** (r + x))
    left = 0.0
    if x > 0:
        left = beta(a + 1, b + x - 1) / beta(a, b)
        left *= math.gamma(r + x) * alpha**r / (math.gamma(r) * (alpha + t_x) ** (r + x))
    return math.log(kept + left)


CUSTOMERS = np.array([[0, 0, 38.9], [1, 1.7, 30.0], [2, 30.43, 38.86], [7, 29.1, 29.9], [26, 30.9, 31.0]])


def test_the_likelihood_is_the_printed_one() -> None:
    x, t_x, t = CUSTOMERS.T
    n = np.array([5.0, 3, 2, 1, 1])
    logs = np.log([PUBLISHED.r, PUBLISHED.alpha, PUBLISHED.a, PUBLISHED.b])
    value, _ = _BgNbdLikelihood(x, t_x, t, n)(logs)
    assert value == pytest.approx(
        sum(w * naive_log_likelihood(PUBLISHED, *row) for w, row in zip(n, CUSTOMERS, strict=True))
    )


def test_the_likelihood_of_amounts_is_a_density() -> None:
    """The density of a customer's mean of x amounts, integrated over the mean, is one; and it is a mixture of gammas."""
    x = 3.0

    def density(mean: float) -> float:
        value, _ = _GammaGammaLikelihood(np.array([x]), np.array([mean]), np.ones(1))(np.log([6.25, 3.74, 15.44]))
        return math.exp(value)

    assert integrate.quad(density, 0, np.inf)[0] == pytest.approx(1, abs=1e-6)
    mixture, _ = integrate.quad(
        lambda nu: stats.gamma.pdf(30, 6.25 * x, scale=1 / (nu * x)) * stats.gamma.pdf(nu, 3.74, scale=1 / 15.44), 0, 5
    )
    assert density(30) == pytest.approx(mixture, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_gradients_are_those_of_finite_differences(seed: int) -> None:
    chance = np.random.default_rng(seed)
    x, t_x, t = simulated(300, PUBLISHED, seed)
    n = chance.integers(1, 5, len(x)).astype(float)
    of_orders = _BgNbdLikelihood(x, t_x, t, n)
    of_amounts = _GammaGammaLikelihood(x + 1, chance.gamma(2, 10, len(x)), n)
    for likelihood, count in ((of_orders, 4), (of_amounts, 3)):
        logs = chance.normal(0.3, 0.8, count)
        _, gradient = likelihood(logs)  # type: ignore[operator]
        measured = optimize.approx_fprime(logs, lambda at, f=likelihood: f(at)[0], 1e-6)
        assert gradient == pytest.approx(measured, rel=1e-4, abs=1e-2)


def test_parameters_of_simulated_customers_come_back() -> None:
    x, t_x, t = simulated(60_000, PUBLISHED, seed=3)
    fit = fit_bg_nbd(x, t_x, t)
    assert fit.r == pytest.approx(PUBLISHED.r, rel=0.06)
    assert fit.alpha == pytest.approx(PUBLISHED.alpha, rel=0.08)
    assert fit.a / (fit.a + fit.b) == pytest.approx(PUBLISHED.a / (PUBLISHED.a + PUBLISHED.b), rel=0.08)
    assert fit.a == pytest.approx(PUBLISHED.a, rel=0.25)
    assert fit.customers == 60_000
    truth, _ = _BgNbdLikelihood(x, t_x, t, np.ones(len(x)))(np.log([0.243, 4.414, 0.793, 2.426]))
    assert fit.log_likelihood > truth  # a maximum is above the truth, by about half a point a parameter
    assert fit.log_likelihood - truth < 10


def test_amounts_of_simulated_customers_come_back() -> None:
    chance = np.random.default_rng(8)
    x = chance.integers(1, 12, 30_000).astype(float)
    means = chance.gamma(AMOUNTS.p * x, 1 / chance.gamma(AMOUNTS.q, 1 / AMOUNTS.v, len(x))) / x
    fit = fit_gamma_gamma(x, means)
    assert (fit.p, fit.q, fit.v) == pytest.approx((AMOUNTS.p, AMOUNTS.q, AMOUNTS.v), rel=0.08)
    assert fit.mean_of_all() == pytest.approx(AMOUNTS.mean_of_all(), rel=0.02)
    assert abs(fit.correlation) < 0.02


def test_equal_customers_count_by_their_weight_and_units_do_not_matter() -> None:
    x, t_x, t = simulated(4_000, PUBLISHED, seed=5)
    t_x, t = np.ceil(t_x), np.ceil(t)
    rows, n = np.unique(np.column_stack([x, t_x, t]), axis=0, return_counts=True)
    assert len(rows) < 2_000
    one, grouped, days = fit_bg_nbd(x, t_x, t), fit_bg_nbd(*rows.T, weights=n), fit_bg_nbd(x, t_x * 7, t * 7)
    assert grouped == one
    assert days.alpha == pytest.approx(one.alpha * 7, rel=1e-4)
    assert (days.r, days.a, days.b) == pytest.approx((one.r, one.a, one.b), rel=1e-4)
    assert days.log_likelihood == pytest.approx(one.log_likelihood - x.sum() * math.log(7), rel=1e-9)
    order = np.random.default_rng(1).permutation(len(x))
    assert fit_bg_nbd(x[order], t_x[order], t[order]) == one
    m = np.round(10 + x * 0 + np.random.default_rng(2).gamma(2, 10, len(x)), 1)
    euros, cents = fit_gamma_gamma(x, m), fit_gamma_gamma(x, m * 100)
    assert cents.v == pytest.approx(euros.v * 100, rel=1e-3)
    assert (cents.p, cents.q) == pytest.approx((euros.p, euros.q), rel=1e-3)


def test_the_published_example() -> None:
    """Customer 0001 of the CDNOW sample: 2 repeat orders, the last after 30.43 of 38.86 weeks; 1.226 orders in the next 39."""
    assert PUBLISHED.expected_orders(39, 2, 30.43, 38.86)[0] == pytest.approx(1.226, abs=5e-4)
    assert PUBLISHED.probability_alive(2, 30.43, 38.86)[0] == pytest.approx(0.7266, abs=5e-4)


@pytest.mark.parametrize(
    "model",
    [
        PUBLISHED,
        BgNbd(0.9, 60.0, 1.0, 3.0),
        BgNbd(2.0, 30.0, 5.0, 2.0),
        BgNbd(0.5, 9.0, 0.3, 0.7),
        BgNbd(0.4, 5.0, 0.2, 0.4),
    ],
)
@pytest.mark.parametrize("ahead", [0.5, 13.0, 400.0])
def test_expected_orders_are_the_integral_over_what_customers_may_be_like(model: BgNbd, ahead: float) -> None:
    """While alive with rate λ and chance of leaving p, (1 − exp(−λ p t)) ÷ p orders are expected; over λ it is a power, over p
    it is integrated by Gauss and Jacobi's quadrature."""
    for x, t_x, t in CUSTOMERS[:4]:
        with np.errstate(invalid="ignore"):  # its own 0/0, which it replaces
            nodes, weights = special.roots_jacobi(200, model.b + x - 1, model.a - 1)
        leaving = (1 + nodes) / 2
        orders = -np.expm1(-(model.r + x) * np.log1p(ahead * leaving / (model.alpha + t))) / leaving
        whole = weights @ orders / weights.sum() * model.probability_alive(x, t_x, t)[0]
        assert model.expected_orders(ahead, x, t_x, t)[0] == pytest.approx(whole, rel=1e-6)


def test_identities() -> None:
    x, t_x, t = CUSTOMERS.T
    alive = PUBLISHED.probability_alive(x, t_x, t)
    assert alive[0] == 1  # who bought once cannot have left: one leaves after a repeat order
    assert ((alive >= 0) & (alive <= 1)).all()
    silent = PUBLISHED.probability_alive(np.full(50, 3), np.full(50, 10.0), np.linspace(10, 60, 50))
    assert (np.diff(silent) < 0).all()  # the longer the silence, the less probable
    assert PUBLISHED.expected_orders(0, x, t_x, t) == pytest.approx(np.zeros(5), abs=1e-12)
    grid = [PUBLISHED.expected_orders(ahead, x, t_x, t) for ahead in (1e-6, 1, 5, 20, 80, 400)]
    assert all((later > earlier).all() for earlier, later in pairwise(grid))
    assert grid[0] == pytest.approx(alive * (PUBLISHED.r + x) / (PUBLISHED.alpha + t) * 1e-6, rel=1e-3)
    assert PUBLISHED.expected_orders_of_new(7)[0] == pytest.approx(PUBLISHED.expected_orders(7, 0, 0, 0)[0])


def test_expectations_are_what_simulated_customers_do() -> None:
    x, _, t = simulated(200_000, PUBLISHED, seed=11)
    expected = PUBLISHED.expected_orders_of_new(t).mean()
    assert x.mean() == pytest.approx(expected, abs=4 * x.std() / math.sqrt(len(x)))


def test_the_next_order_comes_when_it_is_more_likely_than_not() -> None:
    x, t_x, t = CUSTOMERS.T
    wait = PUBLISHED.time_to_next_order(x, t_x, t)
    alive = PUBLISHED.probability_alive(x, t_x, t)
    rate_stays = ((PUBLISHED.alpha + t) / (PUBLISHED.alpha + t + wait)) ** (PUBLISHED.r + x)
    known = alive > 0.5
    assert known.tolist() == [True, False, True, True, True]
    assert (alive * (1 - rate_stays))[known] == pytest.approx(0.5)
    assert np.isnan(wait[~known]).all()


def test_amounts_are_drawn_to_the_mean_of_all_the_less_is_known() -> None:
    mean = AMOUNTS.mean_of_all()
    assert mean == pytest.approx(6.25 * 15.44 / 2.74)
    assert AMOUNTS.expected_value([0], [math.nan])[0] == pytest.approx(mean)
    values = AMOUNTS.expected_value([1, 5, 50, 5000], [100.0] * 4)
    assert mean < values[0] < values[1] < values[2] < values[3] < 100
    assert math.isnan(GammaGamma(1, 0.9, 3).mean_of_all())
    assert math.isnan(GammaGamma(1, 0.9, 3).expected_value([0], [0])[0])


def test_the_value_of_customers_is_orders_times_amount_less_the_discount() -> None:
    x, t_x, t = CUSTOMERS.T
    means = np.array([np.nan, 20.0, 35.0, 50.0, 12.0])
    plain = customer_value(PUBLISHED, AMOUNTS, x, t_x, t, means, horizon=52, year=52)
    assert plain.orders == pytest.approx(PUBLISHED.expected_orders(52, x, t_x, t))
    assert plain.clv == pytest.approx(plain.orders * AMOUNTS.expected_value(x, means))
    less = customer_value(PUBLISHED, AMOUNTS, x, t_x, t, means, horizon=52, yearly_discount=0.1, year=52)
    assert (less.clv < plain.clv).all()
    assert (less.clv > plain.clv / 1.1).all()
    many = customer_value(PUBLISHED, AMOUNTS, *np.tile(CUSTOMERS, (3, 1)).T, np.tile(means, 3), horizon=52, year=52)
    assert many.clv == pytest.approx(np.tile(plain.clv, 3))


def test_extreme_customers_give_finite_numbers() -> None:
    x = np.array([0.0, 0, 1, 300, 5000, 2])
    t_x = np.array([0.0, 0, 0, 700, 7300, 1e-6])
    t = np.array([0.0, 7300, 7300, 730, 7300, 7300])
    value, gradient = _BgNbdLikelihood(x, t_x, t, np.ones(6))(np.log([0.2, 60.0, 0.7, 2.5]))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    for model in (BgNbd(0.2, 60, 0.7, 2.5), BgNbd(1e-4, 1e-3, 1e-4, 1e5), BgNbd(50, 2, 30, 1e-3)):
        for found in (model.expected_orders(365, x, t_x, t), model.probability_alive(x, t_x, t)):
            assert np.isfinite(found).all()
            assert (found >= 0).all()


def test_too_few_or_impossible_customers_are_refused() -> None:
    with pytest.raises(FitError, match="Only 9 customers have ordered again"):
        fit_bg_nbd([1] * 9 + [0] * 500, [5] * 9 + [0] * 500, [9] * 509)
    with pytest.raises(FitError, match="0 ≤ recency ≤ age"):
        fit_bg_nbd([1, 2], [5, 12], [9, 9])
    with pytest.raises(FitError, match="must be known"):
        fit_bg_nbd([1, 2], [5, np.nan], [9, 9])
    with pytest.raises(FitError, match="one frequency, one recency"):
        fit_bg_nbd([1, 2], [5, 6, 7], [9, 9])
    with pytest.raises(FitError, match="Weights"):
        fit_bg_nbd([1, 2], [5, 6], [9, 9], weights=[1, -1])
    with pytest.raises(FitError, match="Only 0 customers"):
        fit_gamma_gamma([0, 0, 3], [10, 10, -1])
    with pytest.raises(FitError, match="A horizon"):
        PUBLISHED.expected_orders(-1, 2, 5, 9)
