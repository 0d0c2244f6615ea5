"""How long forecasting takes, and what it is worth: `python -m benchmarks.forecasting [--series 1000] [--horizon 28]`.

Daily series of two years are made up: levels from one to thousands, a week, a year, a trend, a holiday peak, counting noise; every
fifth sells only now and then. They are backtested over three windows and forecast with the default set of models. The last days are
kept back from all of it, and every model, the combinations and the automatic choice are compared on them.
"""

from __future__ import annotations

import argparse
import time
from datetime import date, timedelta

import numpy as np

from benchmarks.measure import machine, show, versions
from tillsight.forecasting import calendar
from tillsight.forecasting.accuracy import accuracy, coverage, naive_scale
from tillsight.forecasting.forecast import forecast
from tillsight.forecasting.models import MODELS, plan
from tillsight.forecasting.panel import Panel

START = date(2024, 11, 1)
SEED = 11


def made_up(series: int, days: int, horizon: int) -> Panel:
    """A panel of shop-like series."""
    chance = np.random.default_rng(SEED)
    at = np.arange(days)
    level = np.exp(chance.normal(3.5, 1.5, (series, 1)))
    week = np.exp(chance.normal(0, 0.25, (series, 7)))[:, at % 7]
    year = 1 + chance.uniform(0, 0.5, (series, 1)) * np.cos(
        2 * np.pi * (at - chance.integers(0, 365, (series, 1))) / 365
    )
    trend = (1 + chance.normal(0.1, 0.2, (series, 1))) ** (at / 365)
    dates = [START + timedelta(days=day) for day in range(days)]
    peak = np.array([2.5 if (day.month, day.day) in ((11, 28), (11, 29)) else 1.0 for day in dates])
    rate = level * week * year * trend * peak * np.exp(chance.normal(0, 0.12, (series, days)))
    rate[::5] = np.minimum(rate[::5], 3.0) * 0.15
    shared = calendar.features(START, days + horizon, "DE")
    return Panel(chance.poisson(rate).astype(float), START, shared=shared, codes=calendar.CODES)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--horizon", type=int, default=28)
    asked = parser.parse_args()
    print(machine())
    print(versions("numpy", "scipy", "scikit-learn", "holidays"), f"· seed {SEED}")
    whole = made_up(asked.series, 730 + asked.horizon, asked.horizon)
    history, actual = whole.until(730), whole.values[:, 730:]
    rows = []
    for name, where in plan(history).items():
        started = time.perf_counter()
        MODELS[name].forecast(history.only(where), asked.horizon)
        rows.append((MODELS[name].title, len(where), f"{time.perf_counter() - started:.2f}"))
    show(f"One fit and forecast, {asked.horizon} days ahead", ("model", "series", "seconds"), rows)
    started = time.perf_counter()
    found = forecast(history, asked.horizon)
    lower, upper = found.interval(0.8)
    seconds = time.perf_counter() - started
    scale = naive_scale(history)
    chosen = {name: found.chosen.count(name) for name in dict.fromkeys(found.chosen)}
    measures = {"chosen": found.points, "seasonal naive": MODELS["seasonal_naive"].forecast(history, asked.horizon)}
    lines = []
    for name, points in measures.items():
        of = accuracy(actual, points, scale)
        lines.append((name, *(f"{np.nanmean(of[measure]):.3f}" for measure in ("mase", "smape", "bias"))))
    show("Days that were kept back, mean over the series", ("forecast", "MASE", "sMAPE", "bias %"), lines)
    inside = float(np.nanmean(coverage(actual, lower, upper)))
    lines = [
        ("backtest over three windows and forecast", f"{seconds:.1f} s"),
        ("80 % interval holds", f"{inside:.1f} %"),
        ("chosen", ", ".join(f"{name} {count}" for name, count in sorted(chosen.items(), key=lambda item: -item[1]))),
    ]
    show(f"{asked.series:,} series of 730 days", ("all together", "value"), lines)


if __name__ == "__main__":
    main()
