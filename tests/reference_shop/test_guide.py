"""The guide to the reference shop says what the truths say."""

from __future__ import annotations

from pathlib import Path

from tillsight.reference_shop.guide import guide
from tillsight.reference_shop.truths import PLAN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "reference-shop.md"


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == guide(), "run make docs"


def test_every_truth_states_its_size_its_place_and_its_noise() -> None:
    titles = [truth.title for truth in PLAN.all()]
    assert len(set(titles)) == len(titles)
    for truth in PLAN.all():
        assert truth.sizes()
        assert truth.where
        assert truth.noise
