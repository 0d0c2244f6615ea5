"""(S)ARIMA: seasonal autoregression and moving averages of the week, by conditional least squares.

Box, Jenkins and Reinsel, Time series analysis (1994), chapters 7 and 9. Orders (p,d,q)(P,D,Q)₇ come from a short list that covers
daily shop data; the one with the lowest corrected information criterion (AICc) among those with the same differences is
taken, and differences are chosen first: seasonal where the series has a week, ordinary where its level wanders. Coefficients are
looked for as partial autocorrelations, so every model is stationary and invertible (Monahan, Biometrika 71, 1984). Amounts that
are all above zero are modelled in logarithms; the forecast is the median turned back, raised to the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize
from scipy.signal import lfilter

from tillsight.forecasting.panel import WEEK, Floats, Panel, filled
from tillsight.forecasting.theta import has_week

LONGEST = 730


@dataclass(frozen=True)
class Order:
    """Orders of a seasonal model: ordinary (p, d, q), seasonal (P, D, Q) and the days of a season."""

    p: int
    d: int
    q: int
    seasonal_p: int = 0
    seasonal_d: int = 0
    seasonal_q: int = 0
    season: int = WEEK

    @property
    def coefficients(self) -> int:
        """Number of coefficients that are fitted."""
        return self.p + self.q + self.seasonal_p + self.seasonal_q


WEEKLY = tuple(Order(p, d, q, 0, 1, 1) for d in (0, 1) for p, q in ((0, 1), (1, 0), (1, 1), (2, 1), (1, 2)))
PLAIN = tuple(Order(p, d, q) for d in (0, 1) for p, q in ((0, 1), (1, 0), (1, 1), (2, 1), (1, 2)))


@dataclass(frozen=True)
class Fit:
    """A fitted model: the four polynomials' coefficients, variance of the one-day errors and AICc of the differenced series."""

    order: Order
    ar: Floats
    ma: Floats
    seasonal_ar: Floats
    seasonal_ma: Floats
    variance: float
    score: float
    mean: float


class Arima:
    """The best seasonal ARIMA of a short list, series by series: some tens of milliseconds each."""

    name: ClassVar[str] = "arima"
    title: ClassVar[str] = "Seasonal ARIMA"
    source: ClassVar[str] = "Box, Jenkins and Reinsel (1994)"
    least: ClassVar[int] = 8 * WEEK

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """A row per series; NaN where no model of the list fits."""
        values = filled(panel)[:, -LONGEST:]
        weekly = has_week(values)
        points = np.full((panel.count, horizon), np.nan)
        for row in range(panel.count):
            series = values[row][np.isfinite(values[row])]
            if len(series) >= self.least:
                points[row] = _forecast(series, bool(weekly[row]), horizon)
        return points


def _forecast(series: Floats, weekly: bool, horizon: int) -> Floats:
    logs = bool(series.min() > 0)
    if series.std() == 0:
        return np.full(horizon, float(series[-1]))
    unit = float(series.std())
    work = np.log(series / unit) if logs else series / unit
    seasonal = work[WEEK:] - work[:-WEEK] if weekly else work
    wanders = np.var(np.diff(seasonal)) < np.var(seasonal)
    orders = [order for order in (WEEKLY if weekly else PLAIN) if order.d == int(wanders)]
    fits = [fit(work, order) for order in orders]
    best = min(fits, key=lambda one: one.score)
    ahead, spread = extend(work, best, horizon)
    if not logs:
        return np.asarray(ahead * unit)
    highest = work.max() + np.log(3)  # far above all that was: guards cut it, the power must not overflow
    return np.asarray(unit * np.exp(np.minimum(ahead + np.minimum(spread, 0.5) / 2, highest)))


def differenced(series: Floats, order: Order) -> Floats:
    """The series after d ordinary and D seasonal differences."""
    for _ in range(order.seasonal_d):
        series = series[order.season :] - series[: -order.season]
    return np.diff(series, n=order.d) if order.d else series


def fit(series: Floats, order: Order) -> Fit:
    """Fit one order by conditional least squares: errors before the series are taken as zero."""
    work = differenced(series, order)
    mean = 0.0 if order.d + order.seasonal_d else float(work.mean())
    work = work - mean
    lost = order.p + order.season * order.seasonal_p

    def squares(raw: Floats) -> float:
        errors = _errors(work, order, _unpacked(raw, order))[lost:]
        return float(np.log(max(float(errors @ errors), 1e-300)))

    start = np.full(order.coefficients, 0.1)
    start[order.p : order.p + order.q] = -0.1
    if order.seasonal_q:
        start[-order.seasonal_q :] = -0.6
    found = minimize(squares, start, method="BFGS", options={"gtol": 1e-5, "maxiter": 60})
    parts = _unpacked(found.x, order)
    errors = _errors(work, order, parts)[lost:]
    count, parameters = len(errors), order.coefficients + 1 + (mean != 0)
    variance = float(errors @ errors) / max(count - order.coefficients, 1)
    score = count * np.log(max(variance, 1e-300)) + 2 * parameters * count / max(count - parameters - 1, 1)
    return Fit(order, *parts, variance, float(score), mean)


def extend(series: Floats, model: Fit, horizon: int) -> tuple[Floats, Floats]:
    """Points after the series, and the variance of their errors (sum of squared weights of past shocks × variance)."""
    order = model.order
    work = differenced(series, order) - model.mean
    errors = _errors(work, order, (model.ar, model.ma, model.seasonal_ar, model.seasonal_ma))
    differences = _differences(order)
    ar = np.convolve(_polynomial(model.ar, 1, -1), _polynomial(model.seasonal_ar, order.season, -1))
    ma = np.convolve(_polynomial(model.ma, 1, 1), _polynomial(model.seasonal_ma, order.season, 1))
    whole = np.convolve(ar, differences)
    # recursion in levels: y_t = −Σ whole_k y_{t−k} + Σ ma_k e_{t−k} + drift
    drift = model.mean * ar.sum()
    past = np.concatenate([series[-len(whole) :], np.zeros(horizon)])
    shocks = np.concatenate([np.zeros(len(ma)), errors])[-len(ma) :]
    shocks = np.concatenate([shocks, np.zeros(horizon)])
    begin_y, begin_e = len(past) - horizon, len(shocks) - horizon
    for step in range(horizon):
        level = drift - whole[1:] @ past[begin_y + step - len(whole) + 1 : begin_y + step][::-1]
        moved = ma[1:] @ shocks[begin_e + step - len(ma) + 1 : begin_e + step][::-1]
        past[begin_y + step] = level + moved
    impulse = np.zeros(horizon)
    impulse[0] = 1
    weights = lfilter(ma, whole, impulse)
    return past[begin_y:], np.cumsum(weights**2) * model.variance


def _errors(work: Floats, order: Order, parts: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    ar, ma, seasonal_ar, seasonal_ma = parts
    top = np.convolve(_polynomial(ar, 1, -1), _polynomial(seasonal_ar, order.season, -1))
    bottom = np.convolve(_polynomial(ma, 1, 1), _polynomial(seasonal_ma, order.season, 1))
    return np.asarray(lfilter(top, bottom, work))


def _polynomial(coefficients: Floats, step: int, sign: int) -> Floats:
    polynomial = np.zeros(len(coefficients) * step + 1)
    polynomial[0] = 1
    polynomial[step::step] = sign * coefficients
    return polynomial


def _differences(order: Order) -> Floats:
    result = np.ones(1)
    for _ in range(order.d):
        result = np.convolve(result, [1.0, -1.0])
    season = np.zeros(order.season + 1)
    season[0], season[-1] = 1, -1
    for _ in range(order.seasonal_d):
        result = np.convolve(result, season)
    return result


def _unpacked(raw: Floats, order: Order) -> tuple[Floats, Floats, Floats, Floats]:
    """Unbounded numbers as coefficients of stationary and invertible polynomials."""
    ends = np.cumsum([order.p, order.q, order.seasonal_p, order.seasonal_q])
    ar, ma, seasonal_ar, seasonal_ma = (_stationary(np.tanh(part) * 0.99) for part in np.split(raw, ends[:-1]))
    return ar, -ma, seasonal_ar, -seasonal_ma


def _stationary(partial: Floats) -> Floats:
    """Partial autocorrelations (each between −1 and 1) as coefficients: Durbin and Levinson's recursion."""
    coefficients = np.zeros(0)
    for last in partial:
        coefficients = np.append(coefficients - last * coefficients[::-1], last)
    return coefficients
