"""Breaks in the course of a series: planted ones are found near their week, and chance is not mistaken for one."""

from __future__ import annotations

import numpy as np
import pytest

from tillsight.forecasting.turns import turns, year_strength


def weeks(seed: int, count: int = 80) -> np.ndarray:
    """Noise of 8 % in which a week resembles the one before, around a level that grows by 0.3 % a week; on the logarithm."""
    chance = np.random.default_rng(seed).normal(0, 0.08, count)
    for at in range(1, count):
        chance[at] += 0.4 * chance[at - 1]
    return 7 + 0.003 * np.arange(count) + chance


@pytest.mark.feature("SAL-06")
def test_chance_is_seldom_mistaken_for_a_break() -> None:
    assert sum(bool(turns(np.exp(weeks(seed)))) for seed in range(60)) <= 5


@pytest.mark.feature("SAL-06")
def test_a_step_is_found_at_its_week_with_its_size() -> None:
    found = [turns(np.exp(weeks(seed) + 0.4 * (np.arange(80) >= 40))) for seed in range(20)]
    steps = [[turn for turn in each if turn.sort == "step" and abs(turn.week - 40) <= 2] for each in found]
    assert sum(bool(each) for each in steps) >= 17
    sizes = [each[0].size for each in steps if each]
    assert np.median(sizes) == pytest.approx(np.expm1(0.4), rel=0.2)


@pytest.mark.feature("SAL-06")
def test_a_turn_of_growth_is_found_with_the_growth_on_both_sides() -> None:
    bend = np.exp(weeks(3) * 0.25 + 5 + 0.02 * np.arange(80) - 0.05 * np.maximum(np.arange(80) - 45, 0))
    found = turns(bend)
    assert len(found) == 1
    assert found[0].sort == "turn"
    assert abs(found[0].week - 45) <= 4
    assert found[0].before == pytest.approx(0.021, abs=0.006)
    assert found[0].after == pytest.approx(-0.029, abs=0.006)


def test_short_or_empty_courses_have_no_breaks() -> None:
    assert turns(np.full(25, 10.0)) == []
    assert turns(np.r_[np.full(40, 10.0), 0.0]) == []


@pytest.mark.feature("SAL-04", "SAL-06")
def test_the_season_of_the_year_is_told_from_chance() -> None:
    wave = 0.3 * np.sin(2 * np.pi * np.arange(104) / 52)
    strong = year_strength(np.exp(weeks(1, 104) + wave))
    assert strong is not None
    assert strong > 0.8
    none = year_strength(np.exp(weeks(1, 104)))
    assert none is not None
    assert none < 0.1
    assert year_strength(np.exp(weeks(1, 103))) is None
