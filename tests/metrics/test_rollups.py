"""Roll-ups and facts: the same answer whichever is read, for every metric; and the smallest that can answer is read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.metrics.conftest import Pair
from tests.support.shops import line, make_shop, order

from tillsight.domains.registry import catalogue
from tillsight.metrics.answer import Answer
from tillsight.shop import Shop

CATALOGUE = catalogue()
SPANS = (("2024-01-01", "2024-06-30"), ("2024-02-13", "2024-11-05"))
FILTERS: tuple[tuple[str, ...], ...] = (
    (),
    ("channel=web",),
    ("channel!=web",),
    ("country=DE", "channel=web"),
    ("category=Lamps",),
)


@pytest.fixture
def shop(pairs: list[Pair]) -> Shop:
    """The one that is added up in advance."""
    return pairs[1][0]


def both(shop: Shop, monkeypatch: pytest.MonkeyPatch, *metrics: str, **parts: Any) -> tuple[Answer, Answer]:
    """The answer, and the answer from the facts."""
    asked = shop._asked
    answer = shop.query(list(metrics), **parts)
    with monkeypatch.context() as patch:
        patch.setattr(shop, "_asked", lambda release: replace(asked(release), rollups={}))
        facts = shop.query(list(metrics), **parts)
    return answer, facts


def read(answer: Answer) -> set[str]:
    """The tables of the release that the SQL names."""
    known = {*CATALOGUE.relations, *CATALOGUE.rollups}
    return {name for name in re.findall(r'"(\w+)"', " ".join(answer.queries)) if name in known}


@pytest.mark.feature("PLT-20")
@pytest.mark.parametrize("name", sorted(CATALOGUE.metrics))
def test_roll_ups_and_facts_agree(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Every metric, in all and by every dimension that a roll-up of its relations has, with filters and over time."""
    metric = CATALOGUE.metric(name)
    there = CATALOGUE.dimensions_of(metric)
    cuts = [(), *((one,) for one in there if one in ("channel", "category", "customer_type", "weekday", "country"))]
    cuts = [(*metric.requires, *cut) for cut in cuts if cut or metric.total != "share of parent"]
    for number, cut in enumerate(cuts):
        where = [item for item in FILTERS[number % len(FILTERS)] if re.split("!?=", item)[0] in there]
        start, end = SPANS[number % 2]
        grain = ("month", None, "week", "quarter")[number % 4] if "month" in metric.grains else None
        answer, facts = both(
            shop, monkeypatch, name, by=cut, where=where, start=start, end=end, grain=grain, compare="previous"
        )
        assert sorted(map(repr, answer.to_records())) == sorted(map(repr, facts.to_records())), (cut, where, grain)
        assert answer.totals == facts.totals, (cut, where, grain)
        assert not read(facts) & set(CATALOGUE.rollups)


@pytest.mark.parametrize(
    ("metrics", "parts", "tables"),
    [
        (["revenue"], {}, {"sales_by_hour"}),
        (["orders"], {"by": ["country"]}, {"sales_by_hour", "sales_by_order", "sales_by_place"}),
        (["revenue"], {"by": ["brand"], "where": ["channel=web"]}, {"sales_by_brand", "sales_by_hour"}),
        (["orders"], {"where": ["category=Lamps"]}, {"sales_by_category"}),
        (["customers"], {"grain": "month"}, {"visits"}),
        (["customers"], {"by": ["channel"]}, {"visits", "visits_by_channel"}),
        (["new_customers", "revenue"], {"by": ["channel"]}, {"visits", "visits_by_channel", "sales_by_hour"}),
        (["repeat_purchase_rate"], {"by": ["country"]}, {"customer_events_by_day"}),
    ],
)
def test_the_smallest_that_can_answer_is_read(
    shop: Shop, metrics: list[str], parts: dict[str, Any], tables: set[str]
) -> None:
    assert read(shop.query(metrics, period="all", **parts)) <= tables


@pytest.mark.parametrize(
    ("metrics", "parts"),
    [
        (["customers"], {"where": ["brand=Acme"]}),  # no roll-up has visits by brand
        (["customers"], {"where": ["channel!=web"]}),  # a customer may have come through several of the others
        (["customers"], {"by": ["weekday"]}),  # the visit before was on another day of the week
        (["orders"], {"by": ["department"]}),  # an order may have several
    ],
)
def test_what_no_roll_up_can_tell_is_asked_of_the_facts(shop: Shop, metrics: list[str], parts: dict[str, Any]) -> None:
    assert "sales" in read(shop.query(metrics, period="all", **parts))


def test_a_small_shop_has_none(pairs: list[Pair]) -> None:
    release = pairs[0][0].releases.current()
    assert not [name for name, entry in release.manifest["tables"].items() if entry["kind"] == "rollup"]


def test_an_answer_says_what_it_was_read_from(shop: Shop) -> None:
    sources = shop.evidence(shop.query("revenue", period="all"))["sources"]
    assert [(source["table"], source["title"]) for source in sources[:2]] == [
        ("sales_by_hour", "Sales by day and hour"), ("sales", "Sales ledger"),
    ]  # fmt: skip


def test_only_what_saves_rows_is_added_up(tmp_path: Path) -> None:
    """A hundred lines on two days, each of a product of its own, all of one hour: by product they are as many again, by hour two."""
    orders = [order(str(number), f"2025-05-0{1 + number % 2}T10:00:00") for number in range(100)]
    lines = [line(str(number), "1", f"P{number}", 1, "10") for number in range(100)]
    with make_shop(tmp_path, {"orders": orders, "order_items": lines}, limits={"rollup_rows": 50}) as shop:
        made = shop.releases.current().record.manifest["tables"]
        assert made["sales_by_hour"]["rows"] == 2
        assert "sales_by_product" not in made
        assert "visits" in made, "distinct customers are always prepared"
        answer = shop.query(["units_sold"], by="product_id")
        assert answer.to_arrow().num_rows == 100
        assert "sales" in read(answer)
        assert "sales" not in read(shop.query(["units_sold"], by="hour"))
