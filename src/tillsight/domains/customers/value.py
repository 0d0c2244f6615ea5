"""What customers will be worth: BG/NBD for when they buy again, Gamma-Gamma for what an order is worth.

A customer is three numbers and an amount: `frequency` x, days with an order after the first; `recency` t_x, time from the first
to the last order; `age` T, time from the first order to the end of observation; `mean_value`, mean amount of the repeat
orders. Times are in any one unit (days, weeks), and forecasts take and give the same unit. Arrays have one entry per customer
(or per group of equal customers with `weights`).

BG/NBD: Fader, Hardie and Lee, "Counting your customers" the easy way: an alternative to the Pareto/NBD model, Marketing
Science 24 (2005), 275–284. While alive, a customer buys at random at his own rate (gamma over customers: shape r, rate α); after
each repeat order he leaves with his own probability (beta over customers: a, b). Numerically stable form of the likelihood:
Fader and Hardie, Overcoming the BG/NBD model's #NUM! error problem (2013).

Gamma-Gamma: Fader and Hardie, The Gamma-Gamma model of monetary value (2013); Colombo and Jiang (1999). Amounts of a customer
spread around his mean (gamma: shape p); means differ between customers (q, v). It holds where amount and frequency are
not related; `correlation` of the fit tells.

Fitted by maximum likelihood: L-BFGS on the logarithms of the parameters with exact gradients, from several starts. Customers
with the same numbers are counted once, with their weight, so a million of them cost what their distinct rows cost.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1

from tillsight.core.errors import TillsightError

Floats = npt.NDArray[np.float64]
Numbers = npt.ArrayLike

LOWEST, HIGHEST = 1e-4, 1e7
"""Parameters are looked for between these, in units of the data's mean age and mean amount where they have a unit."""
LEAST_REPEATERS = 10
SAMPLE = 20_000
"""Starts are compared on about so many distinct rows; the best one goes on with all of them."""


class FitError(TillsightError):
    """The customers do not allow a model to be fitted; the message says what they lack."""

    code: ClassVar[str] = "NOT_ENOUGH_DATA"
    status: ClassVar[int] = 422


@dataclass(frozen=True)
class BgNbd:
    """A fitted BG/NBD model. `r` and `alpha` (a time) shape the rates of buying, `a` and `b` the chance of leaving."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")
    customers: float = float("nan")

    def probability_alive(self, frequency: Numbers, recency: Numbers, age: Numbers) -> Floats:
        """How probable it is that a customer has not left, at the end of observation; 1 for who bought once (by the model:
        one leaves only after a repeat order)."""
        x, t_x, t = _customers(frequency, recency, age)
        log_odds = np.log(self.a) - np.log(np.maximum(self.b + x - 1, 1e-300))
        log_odds = log_odds + (self.r + x) * (np.log(self.alpha + t) - np.log(self.alpha + t_x))
        return np.where(x > 0, expit(-log_odds), 1.0)

    def expected_orders(self, horizon: Numbers, frequency: Numbers, recency: Numbers, age: Numbers) -> Floats:
        """Orders expected in the next `horizon` of time, given what a customer did (Fader, Hardie and Lee, equation 10)."""
        x, t_x, t = _customers(frequency, recency, age)
        alive = self.probability_alive(x, t_x, t)
        return np.asarray(alive * self._while_alive(_times(horizon), x, t))

    def expected_orders_of_new(self, horizon: Numbers) -> Floats:
        """Repeat orders expected of somebody in the first `horizon` of time after his first order (equation 9)."""
        ahead = _times(horizon)
        return self._while_alive(ahead, np.zeros_like(ahead), np.zeros_like(ahead))

    def time_to_next_order(self, frequency: Numbers, recency: Numbers, age: Numbers) -> Floats:
        """Time from now until a customer has ordered again with a probability of one half; NaN where it never gets so high."""
        x, t_x, t = _customers(frequency, recency, age)
        alive = self.probability_alive(x, t_x, t)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            wait = (self.alpha + t) * np.expm1(-np.log1p(-0.5 / alive) / (self.r + x))
        return np.where((alive > 0.5) & np.isfinite(wait), wait, np.nan)

    def _while_alive(self, ahead: Floats, x: Floats, t: Floats) -> Floats:
        """Expected orders in the time `ahead` of a customer who is alive after x repeat orders in the time t.

        At a = 1, and for who bought once at a + b = 1, the formula is 0/0: the mean of both sides stands for its limit.
        """
        if abs(self.a - 1) < 1e-5:
            sides = [BgNbd(self.r, self.alpha, 1 + side, self.b) for side in (-2e-5, 2e-5)]
            return np.asarray(sum(side._while_alive(ahead, x, t) for side in sides) / 2)
        if abs(self.a + self.b - 1) < 1e-5:
            sides = [BgNbd(self.r, self.alpha, self.a, 1 - self.a + side) for side in (-2e-5, 2e-5)]
            return np.asarray(sum(side._while_alive(ahead, x, t) for side in sides) / 2)
        ahead, x, t = np.broadcast_arrays(ahead, x, t)
        z = ahead / (self.alpha + t + ahead)
        c = self.a + self.b + x - 1
        log_rest = np.log1p(-z)
        # The series of the published form converges fast where customers leave soon (a > 1 + r + x); elsewhere it multiplies
        # very large by very small numbers, and Euler's transformation of the same function takes its place.
        published = self.a > 1 + self.r + x
        power = np.where(published, self.r + x, self.a - 1)
        first = np.where(published, self.r + x, self.a + self.b - 1 - self.r)
        second = np.where(published, self.b + x, self.a - 1)
        with np.errstate(over="ignore", invalid="ignore"):
            orders = c / (self.a - 1) * (1 - np.exp(power * log_rest) * hyp2f1(first, second, c, z))
        # what somebody buys who never leaves is more than that, and is what the formula nears where it fails: at chances of
        # leaving below one in a million
        most = (self.r + x) / (self.alpha + t) * ahead
        return np.asarray(np.clip(np.where(np.isfinite(orders), orders, most), 0.0, most))


@dataclass(frozen=True)
class GammaGamma:
    """A fitted Gamma-Gamma model: amounts of one customer have shape `p`; means over customers have shape `q`, scale `v`.

    `correlation`: of the number of repeat orders with their mean amount. The model takes it for zero.
    """

    p: float
    q: float
    v: float
    log_likelihood: float = float("nan")
    customers: float = float("nan")
    correlation: float = float("nan")

    def mean_of_all(self) -> float:
        """Mean amount of an order over all customers; NaN where the fit has no finite mean (q not above 1)."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else float("nan")

    def expected_value(self, frequency: Numbers, mean_value: Numbers) -> Floats:
        """Amount that an order of a customer has on average: his own mean, drawn to the mean of all the less he has bought.

        NaN for customers without repeat orders where the fit has no finite mean.
        """
        x = np.asarray(frequency, dtype=float)
        m = np.where(x > 0, np.asarray(mean_value, dtype=float), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            own = self.p * (self.v + x * m) / (self.p * x + self.q - 1)
        return np.where(self.p * x + self.q > 1, own, np.nan)


def fit_bg_nbd(frequency: Numbers, recency: Numbers, age: Numbers, weights: Numbers | None = None) -> BgNbd:
    """Fit BG/NBD by maximum likelihood.

    `frequency`: repeat orders, whole numbers from 0; `recency` and `age`: times in one unit, 0 ≤ recency ≤ age; `weights`: how
    many customers a row stands for. Raises FitError where fewer than ten customers have bought twice or numbers are impossible.
    """
    x, t_x, t = _customers(frequency, recency, age)
    n = _weights(weights, x)
    rows, n = _grouped(np.column_stack([x, np.where(x > 0, t_x, 0.0), t]), n)
    x, t_x, t = rows.T
    _enough(n[x > 0].sum())
    unit = float(np.average(t, weights=n))
    likelihood = _BgNbdLikelihood(x, t_x / unit, t / unit, n)
    rate = max(float(np.average(x, weights=n)), 1e-3)
    # mean rate r/α as observed, with customers that differ little or much, that leave seldom or often
    starts = [(r, r / rate, a, b) for r in (0.25, 1.0) for a, b in ((0.3, 2.5), (1.0, 3.0))]
    few = slice(None, None, max(len(x) // SAMPLE, 1))
    sample = _BgNbdLikelihood(x[few], t_x[few] / unit, t[few] / unit, n[few])
    parameters, value = _maximise(likelihood, sample, starts)
    r, alpha, a, b = parameters
    # a density of x times that are measured in another unit
    value -= float((n * x).sum() * np.log(unit))
    return BgNbd(r, alpha * unit, a, b, value, float(n.sum()))


def fit_gamma_gamma(frequency: Numbers, mean_value: Numbers, weights: Numbers | None = None) -> GammaGamma:
    """Fit Gamma-Gamma by maximum likelihood, over the customers with repeat orders.

    `frequency`: repeat orders; `mean_value`: their mean amount. Rows without repeat orders, or with an amount that is unknown or
    not above zero, say nothing and are left out. Raises FitError where fewer than ten customers remain.
    """
    x, m = np.asarray(frequency, dtype=float).ravel(), np.asarray(mean_value, dtype=float).ravel()
    if x.shape != m.shape:
        raise FitError("There must be one frequency and one mean value for each customer.")
    n = _weights(weights, x)
    held = np.isfinite(x) & np.isfinite(m) & (x > 0) & (m > 0) & (n > 0)
    _enough(n[held].sum())
    rows, n = _grouped(np.column_stack([x[held], m[held]]), n[held])
    x, m = rows.T
    unit = float(np.average(m, weights=n))
    likelihood = _GammaGammaLikelihood(x, m / unit, n)
    starts = [(p, q, (q - 1) / p) for p in (1.0, 6.0) for q in (1.5, 4.0)]
    few = slice(None, None, max(len(x) // SAMPLE, 1))
    sample = _GammaGammaLikelihood(x[few], m[few] / unit, n[few])
    parameters, value = _maximise(likelihood, sample, starts)
    p, q, v = parameters
    value -= float(n.sum() * np.log(unit))
    return GammaGamma(p, q, v * unit, value, float(n.sum()), _correlation(x, m, n))


@dataclass(frozen=True)
class Value:
    """What is expected of each customer over a horizon. Arrays with one entry per customer.

    `alive`: probability; `orders`: expected orders; `order_value`: expected amount of an order; `clv`: expected amount over the
    horizon, discounted to the end of observation; `days_to_next`: see `BgNbd.time_to_next_order`.
    """

    alive: Floats
    orders: Floats
    order_value: Floats
    clv: Floats
    days_to_next: Floats


def customer_value(
    buying: BgNbd,
    spending: GammaGamma,
    frequency: Numbers,
    recency: Numbers,
    age: Numbers,
    mean_value: Numbers,
    *,
    horizon: float,
    steps: int = 12,
    yearly_discount: float = 0.0,
    year: float = 365.0,
) -> Value:
    """Value of customers over the next `horizon` of time (in the unit of the models; `year` is one year in it).

    The horizon is cut into `steps` equal parts; what is expected in a part is discounted from its middle, at
    `yearly_discount` (0.1 is 10 % a year). Without a discount the value is expected orders × expected amount.
    """
    x, t_x, t = _customers(frequency, recency, age)
    m = np.asarray(mean_value, dtype=float).ravel()
    rows, inverse = np.unique(np.column_stack([x, t_x, t]), axis=0, return_inverse=True)
    inverse = np.asarray(inverse).ravel()
    ux, ut_x, ut = rows.T
    ends = np.linspace(0, horizon, steps + 1)
    discounted = np.zeros(len(ux))
    before = np.zeros(len(ux))
    for start, end in itertools.pairwise(ends):
        so_far = buying.expected_orders(end, ux, ut_x, ut)
        discounted += (so_far - before) / (1 + yearly_discount) ** ((start + end) / 2 / year)
        before = so_far
    order_value = spending.expected_value(x, m)
    return Value(
        alive=buying.probability_alive(ux, ut_x, ut)[inverse],
        orders=before[inverse],
        order_value=order_value,
        clv=discounted[inverse] * order_value,
        days_to_next=buying.time_to_next_order(ux, ut_x, ut)[inverse],
    )


class _BgNbdLikelihood:
    """Log-likelihood and its gradient in the logarithms of r, α, a, b. Functions of one column are computed once per value."""

    def __init__(self, x: Floats, t_x: Floats, t: Floats, n: Floats) -> None:
        self.n, self.x = n, x
        self.ux, self.at_x = np.unique(x, return_inverse=True)
        self.ut_x, self.at_t_x = np.unique(t_x, return_inverse=True)
        self.ut, self.at_t = np.unique(t, return_inverse=True)
        self.of_x = np.bincount(self.at_x, weights=n)

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(logs)
        n, x, ux = self.n, self.x, self.ux
        by_x = (
            gammaln(r + ux) - gammaln(r) + r * np.log(alpha)
            + gammaln(a + b) + gammaln(b + ux) - gammaln(b) - gammaln(a + b + ux)
        )  # fmt: skip
        log_t, log_t_x = np.log(alpha + self.ut)[self.at_t], np.log(alpha + self.ut_x)[self.at_t_x]
        alive = -(r + x) * log_t
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = np.where(ux > 0, np.log(a) - np.log(b + ux - 1), -np.inf)
        gone = odds[self.at_x] - (r + x) * log_t_x
        both = np.logaddexp(alive, gone)
        value = float(self.of_x @ by_x + n @ both)
        left = np.exp(gone - both)  # probability of having left; zero where gone is minus infinity
        stayed = 1 - left
        d_r = self.of_x @ (digamma(r + ux) - digamma(r) + np.log(alpha)) - n @ (stayed * log_t + left * log_t_x)
        inside = stayed / (alpha + self.ut)[self.at_t] + left / (alpha + self.ut_x)[self.at_t_x]
        d_alpha = n.sum() * r / alpha - n @ ((r + x) * inside)
        gone_by_x = np.bincount(self.at_x, weights=n * left, minlength=len(ux))
        with np.errstate(divide="ignore", invalid="ignore"):
            leaving = np.where(ux > 0, gone_by_x / (b + ux - 1), 0.0).sum()
        common = digamma(a + b) - digamma(a + b + ux)
        d_a = self.of_x @ common + gone_by_x.sum() / a
        d_b = self.of_x @ (common + digamma(b + ux) - digamma(b)) - leaving
        return value, np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])


class _GammaGammaLikelihood:
    """Log-likelihood and its gradient in the logarithms of p, q, v."""

    def __init__(self, x: Floats, m: Floats, n: Floats) -> None:
        self.x, self.m, self.n = x, m, n
        self.ux, self.at_x = np.unique(x, return_inverse=True)
        self.of_x = np.bincount(self.at_x, weights=n)
        self.log_m, self.log_x = np.log(m), np.log(x)

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(logs)
        x, m, n, ux = self.x, self.m, self.n, self.ux
        by_x = gammaln(p * ux + q) - gammaln(p * ux) - gammaln(q) + q * np.log(v)
        log_sum = np.log(v + m * x)
        value = float(self.of_x @ by_x + n @ ((p * x - 1) * self.log_m + p * x * self.log_x - (p * x + q) * log_sum))
        shared = digamma(p * ux + q)
        d_p = self.of_x @ (ux * (shared - digamma(p * ux))) + n @ (x * (self.log_m + self.log_x - log_sum))
        d_q = self.of_x @ (shared - digamma(q) + np.log(v)) - n @ log_sum
        d_v = n.sum() * q / v - n @ ((p * x + q) / (v + m * x))
        return value, np.array([d_p * p, d_q * q, d_v * v])


Likelihood = Callable[[Floats], tuple[float, Floats]]


def _maximise(
    likelihood: Likelihood, sample: Likelihood, starts: Sequence[Sequence[float]]
) -> tuple[list[float], float]:
    """The highest point that is reached: from several starts on a sample, then from the best of those on everything."""
    found = [_ascent(sample, np.log(np.array(start)), 1e-10) for start in starts]
    heights = [height if np.isfinite(height) else -np.inf for _, height in found]
    best = int(np.argmax(heights))
    if not np.isfinite(heights[best]):
        raise FitError("The model does not fit these customers: the likelihood is not finite anywhere.")
    logs, height = _ascent(likelihood, found[best][0], 1e-14)
    return [float(value) for value in np.exp(logs)], height


def _ascent(likelihood: Likelihood, start: Floats, tolerance: float) -> tuple[Floats, float]:
    weight = abs(likelihood(start)[0]) or 1.0

    def downhill(logs: Floats) -> tuple[float, Floats]:
        value, gradient = likelihood(logs)
        return -value / weight, -gradient / weight

    bounds = [(np.log(LOWEST), np.log(HIGHEST))] * len(start)
    options = {"maxiter": 1000, "maxfun": 3000, "ftol": tolerance, "gtol": 1e-9}
    ended = minimize(downhill, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(ended.x), float(-ended.fun * weight)


def _grouped(rows: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Distinct rows and their weight. Sorting by columns is several times as fast as comparing whole rows."""
    held = n > 0
    rows, n = rows[held], n[held]
    order = np.lexsort(rows.T[::-1])
    rows = rows[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return rows[first], np.add.reduceat(n[order], np.flatnonzero(first)) if len(rows) else n


def _customers(frequency: Numbers, recency: Numbers, age: Numbers) -> tuple[Floats, Floats, Floats]:
    """The three numbers as arrays of one length. Raises FitError where a customer is impossible."""
    x, t_x, t = (np.atleast_1d(np.asarray(values, dtype=float)) for values in (frequency, recency, age))
    try:
        x, t_x, t = np.broadcast_arrays(x, t_x, t)
    except ValueError:
        raise FitError("There must be one frequency, one recency and one age for each customer.") from None
    if not (np.isfinite(x).all() and np.isfinite(t_x).all() and np.isfinite(t).all()):
        raise FitError("Frequency, recency and age must be known for every customer.")
    wrong = (x < 0) | (x != np.floor(x)) | (t_x < 0) | (t < 0) | ((t_x > t) & (x > 0))
    if wrong.any():
        raise FitError(
            "Frequency must be a whole number from 0, and 0 ≤ recency ≤ age must hold.", customers=int(wrong.sum())
        )
    return x, t_x, t


def _times(values: Numbers) -> Floats:
    ahead = np.atleast_1d(np.asarray(values, dtype=float))
    if not (ahead >= 0).all():
        raise FitError("A horizon must be zero or more.")
    return ahead


def _weights(weights: Numbers | None, like: Floats) -> Floats:
    if weights is None:
        return np.ones(len(like))
    n = np.asarray(weights, dtype=float).ravel()
    if n.shape != like.shape or not (n >= 0).all() or not np.isfinite(n).all():
        raise FitError("Weights must be one number from 0 for each customer.")
    return n


def _enough(repeaters: float) -> None:
    if repeaters < LEAST_REPEATERS:
        raise FitError(
            f"Only {repeaters:g} customers have ordered again; at least {LEAST_REPEATERS} are needed to learn from.",
            customers=int(repeaters),
        )


def _correlation(x: Floats, m: Floats, n: Floats) -> float:
    dx, dm = x - np.average(x, weights=n), m - np.average(m, weights=n)
    spread = np.sqrt((n @ dx**2) * (n @ dm**2))
    return float((n * dx) @ dm / spread) if spread > 0 else 0.0
