"""The way from a panel to forecasts: backtest, choice, intervals, bounds, and sums over a hierarchy."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tillsight.forecasting.accuracy import accuracy, coverage, naive_scale
from tillsight.forecasting.backtest import combine, run, weights, windows_for
from tillsight.forecasting.forecast import Forecasts, forecast
from tillsight.forecasting.guards import ForecastError, bounds
from tillsight.forecasting.hierarchy import reconcile, shrunk_covariance, total_over_parts
from tillsight.forecasting.intervals import errors_of
from tillsight.forecasting.models import COMBINATIONS, MODELS, plan
from tillsight.forecasting.panel import Panel

Floats = NDArray[np.float64]
START = date(2024, 1, 1)
QUICK = ["seasonal_naive", "moving_average", "theta", "exponential_smoothing"]


def shops(series: int, days: int, seed: int = 0) -> Floats:
    """Series with a week, a slow wave and noise."""
    chance = np.random.default_rng(seed)
    at = np.arange(days)
    week = np.exp(chance.normal(0, 0.3, (series, 7)))[:, at % 7]
    wave = 1 + 0.12 * np.sin(2 * np.pi * at / 90 + chance.uniform(0, 6, (series, 1)))
    level = np.exp(chance.normal(4, 1, (series, 1)))
    return np.asarray(
        chance.poisson(level * week * wave * np.exp(chance.normal(0, 0.08, (series, days)))).astype(float)
    )


def test_measures_by_hand() -> None:
    actual, made = np.array([[[10.0, 0, 20]], [[5, 5, 5]]]), np.array([[[8.0, 2, 25]], [[5, 5, 5]]])
    found = accuracy(actual, made, np.array([2.0, np.nan]))
    assert found["mape"] == pytest.approx([100 * (0.2 + 0.25) / 2, 0])  # the day with nothing is left out
    assert found["smape"] == pytest.approx([100 * (4 / 18 + 2 + 10 / 45) / 3, 0])
    assert found["rmse"] == pytest.approx([np.sqrt((4 + 4 + 25) / 3), 0])
    assert found["mase"][0] == pytest.approx(3 / 2)
    assert np.isnan(found["mase"][1])
    assert found["bias"] == pytest.approx([100 * 5 / 30, 0])
    nothing = accuracy(np.zeros((1, 1, 3)), np.ones((1, 1, 3)), np.ones(1))
    assert np.isnan(nothing["mape"][0])
    assert np.isnan(nothing["bias"][0])
    assert coverage(actual, made - 2, made + 2) == pytest.approx([200 / 3, 100])
    change = Panel(np.array([[1.0] * 7 + [3.0] * 7, [4.0] * 14]), START)
    assert naive_scale(change)[0] == 2
    assert np.isnan(naive_scale(change)[1])


def test_windows_follow_each_other_to_the_last_day_and_shrink_with_the_history() -> None:
    assert windows_for(730, 28, 3) == (3, 28)
    assert windows_for(360, 90, 3) == (3, 90)
    assert windows_for(359, 90, 3) == (3, 56)  # no more than half of the history, in whole weeks
    assert windows_for(112, 28, 3) == (3, 28)
    assert windows_for(111, 28, 3) == (3, 14)
    assert windows_for(56, 28, 3) == (2, 14)
    for days, horizon in ((56, 1), (57, 366), (60, 5), (200, 100)):
        count, length = windows_for(days, horizon, 3)
        assert count * length + 28 <= days
        assert 1 <= length <= horizon
    trial = run(Panel(shops(3, 200), START), {"theta": np.arange(3), "seasonal_naive": np.arange(3)}, 28, 3)
    assert trial.origins == (116, 144, 172)
    assert trial.actual.shape == (3, 3, 28)


def test_a_backtest_sees_nothing_behind_its_origin() -> None:
    values = shops(2, 160)
    rows = plan(Panel(values, START), [name for name in MODELS if name != "arima"])
    one = run(Panel(values, START), rows, 14, 2)
    changed = values.copy()
    changed[:, 146:] *= 50
    other = run(Panel(changed, START), rows, 14, 2)
    for name in one.points:
        if name != "weighted":  # the weights of a window come from the other windows, also from later ones
            assert np.array_equal(one.points[name], other.points[name], equal_nan=True), name


def test_combinations() -> None:
    points = {"a": np.array([[1.0, 2]]), "b": np.array([[3.0, 6]]), "c": np.array([[8.0, np.nan]])}
    even = {name: np.ones(1) for name in points}
    made = combine(points, even)
    assert made["mean"].tolist() == [[4, 4]]
    assert made["median"].tolist() == [[3, 4]]
    assert combine(points, even | {"c": np.zeros(1)})["weighted"].tolist() == [[2, 4]]
    actual = np.zeros((1, 1, 2))
    share = weights({"a": actual + 1.0, "b": actual + 1.1, "c": actual + 2}, actual)
    assert share["a"][0] == 1
    assert share["b"][0] == pytest.approx(1.1**-4)
    assert share["c"][0] == 0  # more than a fifth worse


@pytest.mark.feature("SAL-09")
def test_what_is_chosen_beats_the_naive_forecast_and_every_single_model_on_days_kept_back() -> None:
    """On average over four panels: on a single one luck may favour another model."""
    errors: dict[str, list[float]] = {}
    held: dict[float, list[float]] = {0.5: [], 0.8: [], 0.95: []}
    for seed in range(4, 8):
        values = shops(40, 428, seed=seed)
        history, later = Panel(values[:, :400], START), values[:, 400:]
        found = forecast(history, 28, models=QUICK)
        scale = naive_scale(history)
        for name, points in [("chosen", found.points), *((name, found.every[name]) for name in QUICK)]:
            errors.setdefault(name, []).append(float(np.nanmean(accuracy(later, points, scale)["mase"])))
        for level, shares in held.items():
            shares.append(float(np.nanmean(coverage(later, *found.interval(level)))))
        assert set(found.chosen) <= {*QUICK, *COMBINATIONS}
    mean = {name: float(np.mean(values)) for name, values in errors.items()}
    assert mean["chosen"] < 0.9 * mean["seasonal_naive"]
    assert all(mean["chosen"] < mean[name] for name in QUICK)
    # out of sample, over 4,480 days
    assert 75 <= np.mean(held[0.8]) <= 85
    assert 90 <= np.mean(held[0.95]) <= 98
    assert 42 <= np.mean(held[0.5]) <= 58


def test_the_score_table_says_who_was_tried_and_who_was_taken() -> None:
    found = forecast(Panel(shops(3, 300), START), 14, models=QUICK)
    rows = found.scores(0.8)
    assert [row["series"] for row in rows] == sorted(row["series"] for row in rows)
    for series in range(3):
        mine = [row for row in rows if row["series"] == series]
        assert {row["model"] for row in mine} == {*QUICK, *COMBINATIONS}
        assert [row["model"] for row in mine if row["chosen"]] == [found.chosen[series]]
        assert [row["mase"] for row in mine] == sorted(row["mase"] for row in mine)
        assert [row["coverage"] is not None for row in mine] == [row["chosen"] for row in mine]
    points, lower, upper = found.tried(0.8)
    assert points.shape == lower.shape == upper.shape == (3, 3, 14)
    assert (lower <= points).all()
    assert (points <= upper).all()


def test_higher_levels_are_wider_and_hold_the_lower_ones() -> None:
    found = forecast(Panel(shops(5, 300), START), 28, models=QUICK)
    ends = [found.interval(level) for level in (0.5, 0.8, 0.9, 0.95)]
    for (low, high), (lower, higher) in pairwise(ends):
        assert (lower <= low).all()
        assert (high <= higher).all()
    total, low, high = found.of_sum(0.8)
    assert total == pytest.approx(found.points.sum(axis=1))
    assert ((low < total) & (total < high)).all()
    # errors of a window cancel in part: the sum is at least as sure as its days together
    assert (high - low <= (ends[1][1] - ends[1][0]).sum(axis=1) + 1e-9).all()
    for wrong in (0, 1, 80):
        with pytest.raises(ForecastError, match="between 0 and 1"):
            found.interval(wrong)


def test_farther_ahead_than_was_tried_intervals_widen() -> None:
    errors = errors_of(
        np.full((1, 3, 10), 100.0) + np.tile([-10.0, 10], 15).reshape(1, 3, 10), np.full((1, 3, 10), 100.0), True
    )
    lower, upper = errors.around(np.full((1, 40), 100.0), 0.8, True, 10)
    width = (upper - lower)[0]
    assert width[:10] == pytest.approx([20.0] * 10)
    assert width[39] == pytest.approx(40.0)


@pytest.mark.feature("SAL-09", "INV-06")
@pytest.mark.parametrize("horizon", [7, 28, 90])
def test_golden_case_13(horizon: int) -> None:
    """Zeros, one single sale, 40 zeros and a spike, all on a history that is long enough: finite, not negative, bounded."""
    days = 200
    zeros = np.zeros(days)
    single = zeros.copy()
    single[70] = 1
    spike = zeros.copy()
    spike[:159] = np.random.default_rng(1).poisson(2, 159)
    spike[199] = 1000
    late = np.full(days, np.nan)
    late[150:] = np.random.default_rng(2).poisson(5, 50)
    found = forecast(Panel(np.stack([zeros, single, spike, late]), START), horizon)
    lower, upper = found.interval(0.8)
    for ends in (found.points[:3], lower[:3], upper[:3]):
        assert np.isfinite(ends).all()
        assert (ends >= 0).all()
    assert (found.points[0] == 0).all()
    assert (upper[0] == 0).all()
    assert (found.points[1] < 0.2).all()
    assert (upper[1] <= 2).all()
    assert (found.points[2] <= 1500).all()
    assert found.points[2].mean() < 400  # one spike is not a level
    assert (upper[2] <= 2000).all()
    assert found.reasons[:3] == (None, None, None)
    assert found.reasons[3] == "50 days of history are too few: a forecast needs 56 days."
    assert np.isnan(found.points[3]).all()
    assert found.chosen[3] is None
    assert {row["series"] for row in found.scores()} == {0, 1, 2}


def test_a_history_that_is_too_short_gives_no_number() -> None:
    spike = Panel(np.array([[0.0] * 40 + [9.0]]), START)
    found = forecast(spike, 14)
    assert np.isnan(found.points).all()
    assert found.reasons == ("41 days of history are too few: a forecast needs 56 days.",)
    assert found.scores() == []
    assert found.tried(0.8)[0].shape == (1, 0, 0)
    with pytest.raises(ForecastError, match="1 to 366 days"):
        forecast(spike, 0)


def test_a_measure_that_may_be_negative_is_bounded_on_both_sides() -> None:
    values = np.random.default_rng(3).normal(0, 10, (2, 200))
    panel = Panel(values, START, not_negative=False)
    found = forecast(panel, 14)
    low, high = bounds(panel, 1.5)
    assert ((found.points >= low) & (found.points <= high)).all()
    lower, _ = found.interval(0.8)
    assert (lower < 0).all()


def test_days_without_stock_are_not_read_as_days_without_demand() -> None:
    values = np.random.default_rng(7).poisson(20, (1, 300)).astype(float)
    sold_out = values.copy()
    sold_out[0, 255:] = 0
    known = values.copy()
    known[0, 255:] = np.nan
    assert forecast(Panel(known, START), 14, models=QUICK).points.mean() == pytest.approx(20, rel=0.15)
    assert forecast(Panel(sold_out, START), 14, models=QUICK).points.mean() < 15


def test_the_same_panel_gives_the_same_forecasts() -> None:
    values = shops(3, 150)

    def made() -> Forecasts:
        return forecast(Panel(values, START), 14, windows=1)

    assert (made().points == made().points).all()


def test_parts_sum_to_the_whole() -> None:
    chance = np.random.default_rng(5)
    structure = np.vstack([np.ones((1, 4)), [[1, 1, 0, 0], [0, 0, 1, 1]], np.eye(4)])
    truth = structure @ chance.uniform(50, 100, (4, 60))
    spread = np.array([2, 4, 4, 8, 8, 8, 8.0])[:, None]
    errors = chance.normal(0, 1, (7, 84)) * spread
    points = truth + chance.normal(0, 1, truth.shape) * spread
    for method in ("bottom_up", "mint"):
        made = reconcile(points, structure, errors, method)  # type: ignore[arg-type]
        assert made == pytest.approx(structure @ made[3:])
    bottom = reconcile(points, structure, None, "bottom_up")
    assert bottom[3:] == pytest.approx(points[3:])
    mint = reconcile(points, structure, errors)

    def missed(made: Floats) -> float:
        return float(np.square((made - truth) / spread).mean())

    assert missed(mint) < missed(points)
    assert missed(mint) < missed(bottom)
    sums = reconcile(truth, structure, errors)
    assert sums == pytest.approx(truth)  # what sums already stays


def test_mint_with_independent_errors_is_weighted_least_squares() -> None:
    """One whole of 100, parts of 40 and 50 with equal variances: the gap of 10 is shared by thirds."""
    structure = total_over_parts(2)
    chance = np.random.default_rng(0)
    errors = np.linalg.qr(chance.normal(size=(90, 3)))[0].T * 5  # exactly uncorrelated, all of one size
    made = reconcile(np.array([[100.0], [40], [50]]), structure, errors)
    assert made[:, 0] == pytest.approx([100 - 10 / 3, 40 + 10 / 3, 50 + 10 / 3])
    assert np.allclose(shrunk_covariance(errors), np.eye(3) * 25 / 90, atol=1e-9)


def test_parts_are_not_negative_and_sums_still_hold() -> None:
    structure = total_over_parts(3)
    errors = np.random.default_rng(1).normal(0, 1, (4, 50))
    made = reconcile(np.array([[10.0], [0.1], [30], [5]]), structure, errors)
    assert (made >= 0).all()
    assert made[0] == pytest.approx(made[1:].sum(axis=0))


def test_shrinking_makes_the_covariance_of_many_series_and_few_errors_usable() -> None:
    errors = np.random.default_rng(2).normal(0, 1, (60, 12))
    found = shrunk_covariance(errors)
    assert np.linalg.eigvalsh(found).min() > 1e-3
    assert np.diag(found) == pytest.approx((errors**2).mean(axis=1))
