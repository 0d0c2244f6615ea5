"""How long the models of customer value take: `python -m benchmarks.value [--customers 1000000]`.

Customers are simulated by the story of BG/NBD with the parameters that Fader, Hardie and Lee (2005) publish, over two years in
days as a shop has them (whole days: equal customers are counted once) and in weeks with fractions (every customer differs).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import machine, show, versions
from tillsight.domains.customers.value import BgNbd, customer_value, fit_bg_nbd, fit_gamma_gamma

MODEL = BgNbd(0.243, 4.414, 0.793, 2.426)
SEED = 7


def simulated(customers: int, chance: np.random.Generator) -> tuple[Any, Any, Any]:
    """Frequency, recency and age in weeks of customers whose first order lies in the 104 weeks of observation."""
    age = chance.uniform(0, 104, customers)
    rate = chance.gamma(MODEL.r, 1 / MODEL.alpha, customers)
    leaving = chance.beta(MODEL.a, MODEL.b, customers)
    frequency, recency, now = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    alive = np.ones(customers, dtype=bool)
    while alive.any():
        now = now + chance.exponential(1 / rate)
        bought = alive & (now <= age)
        frequency[bought] += 1
        recency[bought] = now[bought]
        alive = bought & (chance.random(customers) >= leaving)
    return frequency, recency, age


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and its wall seconds."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def main() -> None:
    """Fit and value, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    customers = parser.parse_args().customers
    print(machine())
    print(versions("numpy", "scipy"), f"· seed {SEED}")
    chance = np.random.default_rng(SEED)
    x, t_x, t = simulated(customers, chance)
    means = chance.gamma(6.25 * np.maximum(x, 1), 1 / chance.gamma(3.74, 1 / 15.44, customers)) / np.maximum(x, 1)
    days_x, days = np.floor(t_x * 7), np.ceil(t * 7)
    rows = []
    for title, recency, age, unit in (("whole days", days_x, days, 7), ("weeks, every one different", t_x, t, 1)):
        distinct = len(np.unique(np.column_stack([x, recency, age]), axis=0))
        fit, seconds = timed(lambda recency=recency, age=age: fit_bg_nbd(x, recency, age))
        found = f"r {fit.r:.3f}, α {fit.alpha / unit:.3f} weeks, a {fit.a:.3f}, b {fit.b:.3f}"
        rows.append((f"BG/NBD, {title}", f"{distinct:,}", f"{seconds:.1f}", found))
    spending, seconds = timed(lambda: fit_gamma_gamma(x, means))
    found = f"p {spending.p:.2f}, q {spending.q:.2f}, v {spending.v:.2f}"
    rows.append(("Gamma-Gamma", f"{int((x > 0).sum()):,}", f"{seconds:.1f}", found))
    daily = fit_bg_nbd(x, days_x, days)
    value, seconds = timed(
        lambda: customer_value(daily, spending, x, days_x, days, means, horizon=365, yearly_discount=0.1)
    )
    rows.append(("Value over a year, 12 steps", f"{customers:,}", f"{seconds:.1f}", f"sum {value.clv.sum():,.0f}"))
    show(f"{customers:,} customers", ("step", "distinct rows", "seconds", "found"), rows)


if __name__ == "__main__":
    main()
