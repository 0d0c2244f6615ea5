"""Each model against figures computed by hand or published, and all of them against what every forecast must be."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.forecasting import calendar
from tillsight.forecasting.arima import Order, extend, fit
from tillsight.forecasting.average import weekday_index
from tillsight.forecasting.decomposition import loess, stl
from tillsight.forecasting.effects import without_holidays
from tillsight.forecasting.intermittent import croston, is_intermittent, tsb
from tillsight.forecasting.models import MODELS, plan
from tillsight.forecasting.panel import Panel, filled, trailing_mean
from tillsight.forecasting.smoothing import SIMPLE, simple_smoothing

Floats = NDArray[np.float64]
START = date(2024, 1, 1)  # a Monday

AIR_PASSENGERS = np.array([
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
    145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166, 171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
    196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201, 204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
    242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278, 284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
    315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336, 340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
    360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405, 417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
], dtype=float)  # fmt: skip
"""International airline passengers by month, 1949 to 1960: Box, Jenkins and Reinsel, series G."""


def panel(*rows: list[float] | Floats) -> Panel:
    return Panel(np.array(rows, dtype=float), START)


def weekly(level: float, days: int, week: tuple[float, ...] = (0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8)) -> Floats:
    return level * np.array(week)[np.arange(days) % 7]


def test_seasonal_naive_repeats_the_last_week() -> None:
    made = MODELS["seasonal_naive"].forecast(panel(list(range(1, 11))), 9)
    assert made.tolist() == [[4, 5, 6, 7, 8, 9, 10, 4, 5]]


def test_croston_by_hand() -> None:
    """Demands 3 on day 2, 5 on day 5, 1 on day 6; smoothing 0.1.

    size: 3 → 3 + 0.1 × 2 = 3.2 → 3.2 + 0.1 × (1 − 3.2) = 2.98; interval: 2 → 2 + 0.1 × (3 − 2) = 2.1 → 2.1 + 0.1 × (1 − 2.1) = 1.99
    """
    values = np.array([[0, 3, 0, 0, 5, 1, 0, 0.0]])
    size, interval = croston(values)
    assert (size[0], interval[0]) == pytest.approx((2.98, 1.99))
    long = np.concatenate([values, np.zeros((1, 8))], axis=1)
    plain = MODELS["croston"].forecast(Panel(long, START), 3)
    assert plain.tolist() == [pytest.approx([2.98 / 1.99] * 3)]
    assert MODELS["sba"].forecast(Panel(long, START), 3) == pytest.approx(0.95 * plain)


def test_tsb_by_hand_and_fades_away() -> None:
    """Share of days with a demand 0.5; then 0.1 towards 1 on a demand and towards 0 on a day without one."""
    size, chance = tsb(np.array([[0, 4, 2, 0.0]]))
    assert size[0] == pytest.approx(4 + 0.1 * (2 - 4))
    assert chance[0] == pytest.approx((((0.5 * 0.9) * 0.9 + 0.1) * 0.9 + 0.1) * 0.9)
    stopped = np.array([[1.0, 1, 1, 1, *[0.0] * 100]])
    assert (tsb(stopped)[0] * tsb(stopped)[1])[0] < 1e-3
    assert croston(stopped)[0][0] / croston(stopped)[1][0] == 1  # what TSB is for


def test_who_sells_now_and_then() -> None:
    every_third = [0, 0, 2.0] * 10
    daily = [1.0, 2, 3] * 10
    closed_sundays = [1.0, 1, 1, 1, 1, 1, 0] * 4
    assert is_intermittent(np.array([every_third, daily])).tolist() == [True, False]
    assert is_intermittent(np.array([closed_sundays])).tolist() == [False]


def test_simple_smoothing_is_the_recursion_with_the_best_of_its_constants() -> None:
    values = np.random.default_rng(3).normal(100, 5, 60).cumsum() / 10
    errors, levels = [], []
    for constant in SIMPLE:
        level, error = values[:7].mean(), 0.0
        for value in values:
            error += (value - level) ** 2
            level += constant * (value - level)
        errors.append(error)
        levels.append(level)
    found, constant, days = simple_smoothing(values[None, :])
    assert found[0] == pytest.approx(levels[int(np.argmin(errors))])
    assert constant[0] == SIMPLE[int(np.argmin(errors))]
    assert days[0] == 60


def test_the_airline_model_has_the_published_coefficients() -> None:
    """ARIMA(0,1,1)(0,1,1)₁₂ of the logarithms by conditional least squares: −0.377 and −0.572 (as `arima(…, method = "CSS")` of R);
    by exact likelihood −0.402 and −0.557 (Box, Jenkins and Reinsel give 0.396 and 0.614 with the sign turned)."""
    logs = np.log(AIR_PASSENGERS)
    found = fit(logs, Order(0, 1, 1, 0, 1, 1, 12))
    assert found.ma[0] == pytest.approx(-0.377, abs=0.003)
    assert found.seasonal_ma[0] == pytest.approx(-0.572, abs=0.003)
    ahead, spread = extend(logs, found, 12)
    # forecasts of 1961 by the exact method, which every textbook prints: 450, 426, 479, 492, 509, 583, 670, 667, 558, 497, 430, 477
    printed = [450.4, 425.7, 479.0, 492.4, 509.1, 583.3, 670.0, 667.1, 558.2, 497.2, 429.9, 477.2]
    assert np.exp(ahead) == pytest.approx(printed, rel=0.01)
    assert (np.diff(spread) > 0).all()


def test_arima_finds_the_coefficient_of_an_autoregression() -> None:
    chance = np.random.default_rng(5)
    values = np.zeros(3000)
    for day in range(1, 3000):
        values[day] = 0.7 * values[day - 1] + chance.normal()
    found = fit(values + 50, Order(1, 0, 0))
    assert found.ar[0] == pytest.approx(0.7, abs=0.03)
    assert found.mean == pytest.approx(50, abs=0.3)
    ahead, spread = extend(values + 50, found, 3)
    assert ahead == pytest.approx([found.mean + found.ar[0] ** k * (values[-1] + 50 - found.mean) for k in (1, 2, 3)])
    assert spread == pytest.approx(found.variance * np.cumsum(found.ar[0] ** (2 * np.arange(3))))


def test_loess_is_the_weighted_line_through_the_nearest_points() -> None:
    values = np.random.default_rng(2).normal(0, 1, 40)
    smooth = loess(40, 11, beyond=1) @ values
    for at in (-1, 0, 3, 20, 39, 40):
        distance = np.abs(np.arange(40) - at)
        reach = np.sort(distance)[10]
        weight = np.where(distance < reach, (1 - (distance / reach) ** 3) ** 3, 0)
        line = np.polynomial.polynomial.polyfit(np.arange(40), values, 1, w=np.sqrt(weight))
        assert smooth[at + 1] == pytest.approx(line[0] + line[1] * at, abs=1e-8)
    assert loess(40, 11) @ (3 + 2 * np.arange(40)) == pytest.approx(3 + 2 * np.arange(40))


def test_stl_takes_a_week_and_a_trend_apart() -> None:
    days = np.arange(210)
    week = np.array([3.0, -1, -2, 0, 1, 2, -3])
    seasonal, trend = stl((50 + 0.1 * days + week[days % 7])[None, :], 7, 11)
    assert seasonal[0] == pytest.approx(week[days % 7], abs=0.05)
    assert trend[0] == pytest.approx(50 + 0.1 * days, abs=0.05)


def test_weekday_index_has_the_shape_of_the_week() -> None:
    index = weekday_index(weekly(100, 91)[None, :])[0]
    assert index == pytest.approx([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8], abs=0.03)
    assert weekday_index(np.zeros((1, 28))).tolist() == [[1.0] * 7]


@pytest.mark.parametrize("name", ["moving_average", "exponential_smoothing", "theta", "arima", "mstl", "boosting"])
def test_a_steady_week_goes_on(name: str) -> None:
    noise = np.exp(np.random.default_rng(1).normal(0, 0.02, (8, 420)))
    values = np.stack([weekly(level, 448) for level in (20, 50, 90, 130, 200, 400, 900, 5000)])
    values[:, :420] *= noise
    made = MODELS[name].forecast(Panel(values[:, :420], START), 28)
    assert made == pytest.approx(values[:, 420:], rel=0.12)


@pytest.mark.parametrize("name", ["theta", "exponential_smoothing", "arima", "mstl"])
def test_a_trend_is_followed_or_damped_and_never_turned_round(name: str) -> None:
    values = (100 + 0.5 * np.arange(365))[None, :] * np.exp(np.random.default_rng(4).normal(0, 0.01, (1, 365)))
    made = MODELS[name].forecast(Panel(values, START), 28)[0]
    assert 275 < made[0] < 300
    assert 275 < made[-1] < 310


def test_boosting_learns_an_event_that_it_was_told_of() -> None:
    """A promotion doubles the sales of whoever has it; the next one lies in the days ahead of the first series alone."""
    chance = np.random.default_rng(6)
    values = np.stack([weekly(level, 428) for level in (30, 60, 90, 150, 250, 400)]) * np.exp(
        chance.normal(0, 0.05, (6, 428))
    )
    promoted = np.zeros((6, 428))
    for series in range(6):
        for begin in (100 + 9 * series, 210 + 11 * series, 330 + 8 * series):
            promoted[series, begin : begin + 7] = 1
    promoted[0, 405:412] = 1
    promoted[1:, 400:] = 0
    values *= 1 + promoted
    told = Panel(values[:, :400], START, own={"promotion": promoted})
    made = MODELS["boosting"].forecast(told, 28)
    assert made[0, 5:12] / weekly(30, 428)[405:412] == pytest.approx(2.0, rel=0.2)
    assert made[1, 5:12] / weekly(60, 428)[405:412] == pytest.approx(1.0, rel=0.15)
    again = MODELS["boosting"].forecast(told, 28)
    assert (again == made).all()


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e6])
def test_units_do_not_matter_and_nothing_looks_ahead(name: str, unit: float) -> None:
    days = MODELS[name].least + 80
    values = np.random.default_rng(9).poisson(weekly(6, days), (3, days)).astype(float)
    values[1, :60] = np.nan
    values[2, 50] = np.nan
    made = MODELS[name].forecast(Panel(values, START).until(days - 10), 14)
    assert np.isfinite(made[[0, 2]]).all()
    assert np.isfinite(made[1]).all() or name == "year_ago"  # which says nothing where there was no year ago
    scaled = MODELS[name].forecast(Panel(values[:, : days - 10] * unit, START), 14)
    assert scaled == pytest.approx(made * unit, rel=0.02, nan_ok=True)


def test_a_year_ago_with_growth() -> None:
    """Last year's level of the same weeks, 10 % more than then, with the week's shape; a summer that comes again."""
    days = np.arange(760)
    summer = 1 + 0.5 * np.sin(2 * np.pi * days / 364)
    growth = np.where(days < 364, 1.0, np.where(days < 728, 1.1, 1.21))
    whole = weekly(100, 760) * summer * growth
    made = MODELS["year_ago"].forecast(panel(whole[:700]), 28)[0]
    assert made == pytest.approx(whole[700:728], rel=0.08)
    assert np.isnan(MODELS["year_ago"].forecast(panel(whole[:364]), 7)).all()


def test_holidays_are_taken_out_and_put_back() -> None:
    """A code that doubles every series, one that closes the second, and one that does nothing; the noise of a day is 5 %."""
    chance = np.random.default_rng(2)
    values = np.stack([weekly(level, 400) for level in (50, 100, 200, 400)]) * np.exp(chance.normal(0, 0.05, (4, 400)))
    codes = np.zeros(430)
    codes[[100, 300, 410]] = 1
    codes[[150, 350, 415]] = 2
    codes[[180, 320, 420]] = 3
    clean = values.copy()
    values[:, [100, 300]] *= 2
    values[1, [150, 350]] = 0
    told = Panel(values, START, shared={"holiday": codes})
    seen, factors = without_holidays(told, 30)
    assert seen.values[:, [100, 300]] == pytest.approx(clean[:, [100, 300]], rel=0.15)
    assert factors[:, 10] == pytest.approx([2.0] * 4, rel=0.12)
    assert factors[1, 15] < 0.1
    assert factors[0, 15] == pytest.approx(1.0, abs=0.1)
    assert factors[:, 20].tolist() == [1.0] * 4
    assert (np.delete(factors, [10, 15, 20], axis=1) == 1).all()
    plain, ones = without_holidays(Panel(values, START), 30)
    assert (plain.values == values).all()
    assert (ones == 1).all()


def test_gaps_take_the_mean_of_their_weekday() -> None:
    values = weekly(100, 70)
    holed = values.copy()
    holed[[30, 31, 44]] = np.nan
    holed[:5] = np.nan
    found = filled(panel(holed))[0]
    assert found[5:] == pytest.approx(values[5:])
    assert np.isnan(found[:5]).all()
    assert trailing_mean(panel([1, 2, np.nan, 4]).values, 2).tolist() == [[1.0, 1.5, 2.0, 4.0]]


def test_which_models_are_tried() -> None:
    chance = np.random.default_rng(0)
    values = chance.poisson(20, (12, 100)).astype(float)
    values[3] = chance.random(100) < 0.2
    rows = plan(Panel(values, START))
    assert rows["croston"].tolist() == [3]
    assert len(rows["arima"]) == 10
    assert 3 not in rows["arima"]  # the smallest
    assert len(rows["boosting"]) == 12
    assert set(plan(Panel(values, START), ["theta"])) == {"theta"}
    with pytest.raises(NotFoundError, match="no model 'oracle'"):
        plan(Panel(values, START), ["oracle"])


def test_the_calendar_knows_holidays_and_the_days_on_which_shops_sell() -> None:
    days = [date(2025, 11, 1).toordinal() + at for at in range(70)]
    found = calendar.features(
        date(2025, 11, 1), 70, "DE", [calendar.Event("Opening", date(2025, 11, 10), date(2025, 11, 12))]
    )
    at = {date.fromordinal(day): index for index, day in enumerate(days)}
    holiday = found["holiday"]
    named = [
        date(2025, 11, 28),
        date(2025, 12, 1),
        date(2025, 12, 24),
        date(2025, 12, 25),
        date(2025, 12, 26),
        date(2026, 1, 1),
    ]
    assert all(holiday[at[day]] > 0 for day in named)
    assert holiday[at[date(2025, 11, 12)]] == 0
    assert len({holiday[at[day]] for day in named}) == 6
    assert found["days_to_holiday"][at[date(2025, 12, 20)]] == 4
    assert found["days_to_christmas"][at[date(2025, 12, 20)]] == 4
    assert found["event: Opening"].sum() == 3
    again = calendar.features(date(2024, 11, 1), 70, "DE")
    assert again["holiday"][28] == holiday[at[date(2025, 11, 28)]]  # Black Friday has its code in every year
    with pytest.raises(QuestionError, match="Holidays of 'XX' are not known"):
        calendar.features(START, 10, "XX")
