"""A number explains itself: the exact parts that it is made of give it again, and the rows behind it sum to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.metrics.conftest import Pair
from tests.support.shops import land, line, make_shop, order

from tillsight.core.errors import QuestionError
from tillsight.domains.registry import catalogue
from tillsight.metrics.explain import describe
from tillsight.shop import Shop

D = Decimal
SIMPLE = [m for m in catalogue().metrics.values() if not m.requires and m.total != "share of parent"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two orders in January: 20.00 with a cost of 8.00, and 10.00 with none; the first is refunded by 4.00 in February."""
    tables = {
        "orders": [order("1", "2024-01-10", country="FR"), order("2", "2024-01-20", country="DE")],
        "order_items": [line("1", "1", "A", 2, "10", unit_cost="4"), line("2", "1", "B", 1, "10")],
        "refunds": [{"refund_id": "r", "line_id": "1", "order_id": "1", "amount": "4", "refunded_at": "2024-02-03"}],
    }
    with make_shop(tmp_path_factory.mktemp("shop"), tables) as made:
        yield made


@pytest.mark.feature("PLT-22")
def test_the_steps_of_net_sales(small: Shop) -> None:
    told = small.explain("net_sales")
    assert told.value == D(26)
    assert [(step["name"], step["value"], step["unit"]) for step in told.steps] == [
        ("gross_sales", D(30), "money"), ("discounts", D(0), "money"), ("returned_sales", D(4), "money"),
    ]  # fmt: skip
    assert told.arithmetic == "Gross sales − Discounts − Returns"
    body = told.to_dict()
    assert body["formula"] == "gross sales − discounts − returns"
    assert body["period"]["start"] == "2024-01-10"
    assert all("sales" in sql.lower() for sql in body["sql"])


@pytest.mark.parametrize("metric", SIMPLE, ids=lambda metric: metric.name)
def test_the_parts_give_the_number_again(pairs: list[Pair], metric: Any) -> None:
    """Top over bottom of every term, from the exact parts that are shown, is the number."""
    shop, _ = pairs[0]
    period = {"start": "2024-03-01", "end": "2024-09-30"}
    told = shop.explain(metric.name, **period)
    assert told.value == shop.query(metric.name, **period).to_records()[0][metric.name]
    steps = {(step["name"], step["when"]): step["value"] for step in told.steps}
    days = {"period_days": 214, "observed_days": (date(2024, 9, 30) - shop.releases.current().data_from).days + 1}  # type: ignore[operator]

    def summed(parts: Any) -> float:
        values = [steps[part.measure, part.when] if part.measure not in days else days[part.measure] for part in parts]
        return sum(
            math.nan if value is None else float(value) * part.weight for value, part in zip(values, parts, strict=True)
        )

    result = 1.0
    for term in metric.terms:
        top, bottom = summed(term.top) if term.top else 1.0, summed(term.bottom) if term.bottom else 1.0
        result *= top / bottom * term.factor if bottom else math.nan
    if told.value is None:
        assert math.isnan(result)
    else:
        assert float(told.value) == pytest.approx(result, rel=1e-9)
    assert told.arithmetic


@pytest.mark.feature("PLT-22")
@pytest.mark.parametrize("name", ["gross_sales", "discounts", "returned_sales", "taxes", "shipping_charges", "revenue"])
@pytest.mark.parametrize("where", [(), ("country=FR",), ("product_id is null",)])
def test_the_rows_behind_a_number_sum_to_it(pairs: list[Pair], name: str, where: tuple[str, ...]) -> None:
    shop, _ = pairs[0]
    period = {"start": "2024-01-15", "end": "2024-12-15", "where": where}
    rows = shop.rows(name, limit=10_000, **period)
    assert sum((row[name] for row in rows.to_records()), D(0)) == shop.query(name, **period).to_records()[0][name]
    assert rows.row_count == rows.table.num_rows
    days = [row["day"] for row in rows.to_records()]
    assert days == sorted(days, reverse=True)
    assert all(date(2024, 1, 15) <= day <= date(2024, 12, 15) for day in days)


def test_rows_come_in_pages_without_gap_or_overlap(pairs: list[Pair]) -> None:
    shop, _ = pairs[0]
    whole = shop.rows("revenue", limit=10_000).to_records()
    pages = [row for page in range(20) for row in shop.rows("revenue", limit=7, offset=7 * page).to_records()]
    assert pages == whole[:140]


@pytest.mark.parametrize("metric", catalogue().metrics.values(), ids=lambda metric: metric.name)
def test_every_metric_can_be_explained_and_shows_rows(pairs: list[Pair], metric: Any) -> None:
    shop, _ = pairs[1]
    by = metric.requires or (("product_id",) if metric.total == "share of parent" else ())
    body = shop.explain(metric.name, by=by).to_dict()
    assert body["sql"]
    assert body["metric"] == describe(metric)
    assert shop.rows(metric.name, by=by, limit=3).columns


def test_a_share_is_explained_in_its_cut(small: Shop) -> None:
    told = small.explain("product_contribution", by="product_id", where="product_id=A")
    assert told.value == pytest.approx(20 / 30 * 100)
    assert [step["value"] for step in told.steps] == [D(20), D(30)]
    assert small.explain("product_contribution", by="product_id").value is None
    with pytest.raises(QuestionError, match="needs something to be a share of"):
        small.explain("product_contribution")


def test_one_metric_at_a_time(small: Shop) -> None:
    with pytest.raises(QuestionError, match="Explain one metric at a time"):
        small.explain("revenue,orders")


@pytest.mark.feature("PLT-22")
def test_what_an_answer_stands_on(tmp_path: Path) -> None:
    """An order line without its order is a check that fails, and it is shown with the numbers that it bears on."""
    tables = {
        "orders": [order("1", "2024-01-10")],
        "order_items": [line("1", "1", "A", 1, "10"), line("lost", "1", "A", 1, "99")],
    }
    with make_shop(tmp_path, tables) as shop:
        stands = shop.evidence(shop.query("revenue"))
        assert stands["sources"][0] == {
            "table": "sales", "title": "Sales ledger", "rows": 1, "known_to": "2026-01-01T00:00:00+00:00",
        }  # fmt: skip
        assert {source["table"] for source in stands["sources"]} == {
            "sales", "order_facts", "order_customers", "orders", "order_items",
        }  # fmt: skip
        assert stands["freshness"]["data_to"] == "2024-01-10"
        assert stands["release"]["number"] == 1
        failed = [check["name"] for check in stands["checks"] if check["state"] == "failed"]
        assert failed == ["order_items.order_id.exists"]
        land(
            shop,
            {"marketing_spend": [{"line_id": "1", "day": "2024-01-10", "amount": "5", "currency": "EUR"}]},
            file="spend.csv",
        )
        shop.build()
        spend = shop.evidence(shop.query("marketing_spend"))
        assert [source["table"] for source in spend["sources"]] == ["marketing_spend_days", "marketing_spend"]
        assert not [check for check in spend["checks"] if check["state"] == "failed"]
