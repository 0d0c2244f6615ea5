"""The types of customers that are planted in the reference shop are found by their orders alone; how precisely is stated here.

In the small shop, 775 customers have ordered: 38 planted champions, 196 who never buy again, 20 who all stop in March 2026.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tillsight.reference_shop import Truths
from tillsight.shop import Shop

SINGLE = {"Single Buyers (Recent)", "Single Buyers (Lapsed)", "Hibernating"}
OFTEN = {"champion", "regular", "gift buyer", "bargain hunter", "lapsed"}
"""Types that are planted to order more than once a year; the others once, or about once."""


@pytest.fixture(scope="module")
def kinds(reference: Shop) -> dict[str, str]:
    """The type of each customer who is not a guest, as planted; the analyses do not read it."""
    rows = reference.releases.current().files.run_sql(
        "SELECT customer_id, value FROM customer_attributes WHERE attribute = 'behaviour'"
    )
    return {row["customer_id"]: row["value"] for row in rows.to_pylist()}


def found(shop: Shop, kinds: dict[str, str], preset: str, **asked: str) -> Counter[tuple[str, str]]:
    """How many customers of which planted type are in which segment."""
    rows = shop.analyse("customers.rfm", preset=preset, limit=0, **asked).to_records()
    return Counter((kinds.get(row["customer_id"], "guest"), row["segment"]) for row in rows)


@pytest.mark.feature("CUS-02")
def test_planted_champions_are_champions(reference: Shop, truths: Truths, kinds: dict[str, str]) -> None:
    """Recall 95 %: 36 of 38. Precision: 79 % of the champions found are of types that order often; of everybody 37 % are."""
    assert {kind.name for kind in truths.segments.types if kind.rate > 1} == OFTEN
    counts = found(reference, kinds, "five")
    planted = sum(number for (kind, _), number in counts.items() if kind == "champion")
    assert counts["champion", "Champions"] / planted >= 0.90
    champions = sum(number for (_, segment), number in counts.items() if segment == "Champions")
    often = sum(number for (kind, segment), number in counts.items() if segment == "Champions" and kind in OFTEN)
    everybody = sum(number for (kind, _), number in counts.items() if kind in OFTEN) / counts.total()
    assert often / champions >= 0.75
    assert often / champions >= 2 * everybody


@pytest.mark.feature("CUS-02")
def test_who_buys_once_is_a_single_buyer(reference: Shop, kinds: dict[str, str]) -> None:
    """Recall 100 %. Precision 69 %: the others are of types that order rarely, and have ordered once so far; guests count as right."""
    counts = found(reference, kinds, "olist")
    once = {segment: number for (kind, segment), number in counts.items() if kind == "one-time"}
    assert set(once) <= SINGLE
    single = sum(number for (_, segment), number in counts.items() if segment in SINGLE)
    right = sum(
        number for (kind, segment), number in counts.items() if segment in SINGLE and kind in ("one-time", "guest")
    )
    assert right / single >= 0.65


@pytest.mark.feature("CUS-10")
def test_who_lapses_in_march_leaves_the_champions(reference: Shop, truths: Truths, kinds: dict[str, str]) -> None:
    """All who are planted to stop around 1 March 2026 leave the champions, three to seven months later: R is relative, so it is slow."""
    assert str(truths.segments.lapse_day) == "2026-03-01"
    before = found(reference, kinds, "olist", end="2026-02-28")
    were = before["lapsed", "Champions"]
    assert were >= 10
    assert found(reference, kinds, "olist")["lapsed", "Champions"] == 0
    stays = reference.analyse("customers.segment_changes", preset="olist", segment="Champions", limit=0).to_records()
    left = [stay for stay in stays if kinds.get(stay["customer_id"]) == "lapsed" and stay["valid_to"] is not None]
    last = {stay["customer_id"]: stay["valid_to"] for stay in reversed(left)}
    since = [day for day in last.values() if str(day) >= "2026-03-01"]
    assert len(since) >= were
    assert all("2026-05-01" <= str(day) <= "2026-09-30" for day in since)
