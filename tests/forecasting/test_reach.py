"""What forecasts reach on two shops, on days that were kept back from everything: the reference shop, and Online Retail.

At least 10 % less MASE than the seasonal naive forecast, less than every single model on average over the shops, and 80 %
intervals that hold 75 to 85 % of the days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

from tillsight.forecasting import calendar
from tillsight.forecasting.accuracy import accuracy, coverage, naive_scale
from tillsight.forecasting.forecast import forecast
from tillsight.forecasting.models import MODELS
from tillsight.forecasting.panel import Panel
from tillsight.reference_shop import generate

Floats = NDArray[np.float64]
HORIZON = 28
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.feature("SAL-09")]


Tried = Mapping[str, tuple[Mapping[str, list[float]], list[float]]]


def panel_of(rows: Sequence[tuple[Any, date, float]], country: str) -> Panel:
    """A panel of (series, day, value) rows; a series begins with its first sale."""
    names = sorted({str(row[0]) for row in rows})
    first, last = min(row[1] for row in rows), max(row[1] for row in rows)
    values = np.zeros((len(names), (last - first).days + 1))
    at = {name: index for index, name in enumerate(names)}
    for name, day, value in rows:
        values[at[str(name)], (day - first).days] += float(value)
    for series in values:
        series[: np.flatnonzero(series)[0]] = np.nan
    shared = calendar.features(first, values.shape[1] + HORIZON, country)
    return Panel(values, first, shared=shared, codes=calendar.CODES)


def kept_back(panel: Panel, windows: int) -> tuple[Mapping[str, list[float]], list[float]]:
    """MASE of the choice and of every single model, and the days that the 80 % interval holds, over the last windows."""
    errors: dict[str, list[float]] = {name: [] for name in ("chosen", *MODELS)}
    held: list[float] = []
    for window in range(windows, 0, -1):
        history = panel.until(panel.days - window * HORIZON)
        later = panel.values[:, history.days : history.days + HORIZON]
        found = forecast(history, HORIZON)
        scale = np.where([reason is None for reason in found.reasons], naive_scale(history), np.nan)
        errors["chosen"] += accuracy(later, found.points, scale)["mase"].tolist()
        for name in MODELS:
            points = found.every.get(name, np.full_like(later, np.nan))
            errors[name] += accuracy(later, points, scale)["mase"].tolist()
        inside = coverage(later, *found.interval(0.8))
        held += np.where(np.isfinite(scale), inside, np.nan).tolist()
    return errors, held


def mean(values: Sequence[float]) -> float:
    return float(np.nanmean(values))


def tried(panels: Mapping[str, Panel], windows: int) -> Tried:
    found = {title: kept_back(panel, windows) for title, panel in panels.items()}
    for title, (errors, held) in found.items():
        told = {name: round(mean(values), 3) for name, values in errors.items() if np.isfinite(values).any()}
        print(f"\n{title}: held {mean(held):.1f} %, MASE {told}")
    return found


def check(found: Tried) -> None:
    for title, (errors, held) in found.items():
        assert mean(errors["chosen"]) < 0.9 * mean(errors["seasonal_naive"]), title
        assert 75 <= mean(held) <= 85, title


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    folder = tmp_path_factory.mktemp("reference")
    generate(folder, "medium")
    with duckdb.connect() as sql:
        for table in ("orders", "order_items", "products"):
            sql.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{folder / table}.parquet')")
        sql.execute(
            """CREATE TABLE l AS SELECT timezone('Europe/Berlin', o.placed_at)::DATE AS day, p.category, i.product_id,
                 i.quantity::DOUBLE AS units, (i.quantity * i.unit_price)::DOUBLE AS amount
               FROM orders o JOIN order_items i USING (shop_id, order_id) JOIN products p USING (shop_id, product_id)
               WHERE NOT o.is_test AND NOT o.is_deleted AND o.order_status <> 'cancelled'"""
        )
        categories = sql.execute("SELECT category, day, sum(amount) FROM l GROUP BY ALL").fetchall()
        products = sql.execute(
            """SELECT product_id, day, sum(units) FROM l WHERE product_id IN
                 (SELECT product_id FROM l GROUP BY 1 ORDER BY sum(units) DESC, 1 LIMIT 60) GROUP BY ALL"""
        ).fetchall()
    return tried({"categories": panel_of(categories, "DE"), "products": panel_of(products, "DE")}, windows=4)


@pytest.fixture(scope="module")
def retail(data: Path) -> Tried:
    with duckdb.connect() as sql:
        file = data / "online_retail" / "online_retail.parquet"
        sql.execute(
            f"""CREATE TABLE l AS SELECT invoice_date::TIMESTAMP::DATE AS day, stock_code AS product, country,
                  quantity::DOUBLE AS units, (quantity * unit_price)::DOUBLE AS amount
                FROM read_parquet('{file}') WHERE quantity > 0 AND regexp_matches(stock_code, '^[0-9]{{5}}')"""
        )
        sql.execute("DELETE FROM l WHERE day = (SELECT max(day) FROM l)")  # its last day ends at noon
        products = sql.execute(
            """SELECT product, day, sum(units) FROM l WHERE product IN
                 (SELECT product FROM l GROUP BY 1 ORDER BY sum(amount) DESC, 1 LIMIT 60) GROUP BY ALL"""
        ).fetchall()
        whole = sql.execute(
            "SELECT CASE WHEN country = 'United Kingdom' THEN country ELSE 'abroad' END, day, sum(amount) FROM l GROUP BY ALL"
        ).fetchall()
    return tried({"products": panel_of(products, "GB"), "home and abroad": panel_of(whole, "GB")}, windows=3)


def test_reference_shop(reference: Tried) -> None:
    check(reference)


@pytest.mark.real_data
def test_online_retail(retail: Tried) -> None:
    check(retail)


@pytest.mark.real_data
def test_the_choice_beats_every_single_model_on_average_over_both_shops(reference: Tried, retail: Tried) -> None:
    """Error over that of the seasonal naive forecast, each panel counting alike; a model that says nothing about most series of one
    is not compared."""
    singles: dict[str, list[float]] = {name: [] for name in MODELS}
    chosen = []
    panels = [errors for errors, _ in (*reference.values(), *retail.values())]
    for errors in panels:
        naive = np.array(errors["seasonal_naive"])
        chosen.append(mean(errors["chosen"]) / mean(errors["seasonal_naive"]))
        for name in MODELS:
            known = np.isfinite(errors[name])
            if known.sum() > 0.9 * np.isfinite(naive).sum():
                singles[name].append(mean(np.array(errors[name])[known]) / mean(naive[known].tolist()))
    whole = [name for name, ratios in singles.items() if len(ratios) == len(panels)]
    assert {"seasonal_naive", "moving_average", "theta", "exponential_smoothing", "boosting"} <= set(whole)
    assert mean(chosen) < min(mean(singles[name]) for name in whole)
