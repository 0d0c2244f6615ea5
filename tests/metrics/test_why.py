"""Why a metric changed: by hand, and by property over every metric: effects sum to contributions, contributions to the change."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.support.naive import Naive
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import NotAllowedError, QuestionError
from tillsight.core.scope import Scope
from tillsight.metrics.answer import Answer
from tillsight.metrics.ask import OTHERS
from tillsight.metrics.why import EFFECTS, OVERLAP, kind_of
from tillsight.shop import Shop

NOW = {"start": "2024-09-01", "end": "2025-01-31", "compare": ["2024-01-01", "2024-08-31"]}
EVERY = [effect for effects in EFFECTS.values() for effect in effects]


def check_sums(answer: Answer, now: Any, then: Any) -> None:
    """Rows sum to the change exactly, and effects to their row; the change is that of the metric, to the cent."""
    rows, totals = answer.to_records(), answer.totals
    assert totals is not None
    effects = [name for name in answer.table.column_names if name in EVERY]
    assert sum((row["contribution"] for row in rows), Decimal(0)) == totals["contribution"]
    for row in [*rows, totals]:
        assert sum((row[name] for name in effects), Decimal(0)) == row["contribution"]
    assert abs(float(totals["contribution"]) - (float(now) - float(then))) <= 0.005


@pytest.mark.feature("SAL-02")
def test_every_metric_sums_to_its_change(pairs: list[tuple[Shop, Naive]]) -> None:
    shop = pairs[0][0]
    kinds: dict[str, int] = {}
    for place, metric in enumerate(shop.catalogue.metrics.values()):
        try:
            kind = kind_of(metric)
        except QuestionError:
            continue
        row = shop.query(metric.name, **NOW).to_records()[0]
        now, then = row[metric.name], row[f"{metric.name}_compare"]
        allowed = shop.catalogue.dimensions_of(metric)
        for by in {allowed[place % len(allowed)], "category" if "category" in allowed else allowed[0]}:
            answer = shop.analyse("metrics.why", metric=metric.name, by=by, limit=3, **NOW)
            if now is None or then is None:
                assert "unknown" in answer.sentences[0]["text"]
                continue
            check_sums(answer, now, then)
            kinds[f"{kind}: {metric.total}"] = kinds.get(f"{kind}: {metric.total}", 0) + 1
    assert {"amount: additive", "count: distinct", "ratio: ratio", "ratio: as of"} <= set(kinds), kinds


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two months. Lamps: 10 at 5.00, then 15 at 6.00; chairs: 4 at 50.00, then 3 at 50.00; cups are gone, rugs are new."""
    heads, lines = [], []
    sold = [
        ("2025-01-05", [("L", 10, "5.00"), ("C", 4, "50.00")], "a"),
        ("2025-01-06", [("U", 2, "10.00")], "b"),
        ("2025-02-05", [("L", 15, "6.00")], "a"),
        ("2025-02-06", [("C", 3, "50.00"), ("R", 1, "80.00")], "c"),
    ]
    for number, (day, goods, who) in enumerate(sold):
        name = f"O-{number}"
        heads.append(order(name, f"{day} 09:00:00", customer_id=who, channel="web" if who == "a" else "retail"))
        lines += [line(name, str(at), product, count, price) for at, (product, count, price) in enumerate(goods)]
    products = [{"product_id": one, "category": f"Cat {one}"} for one in "LCUR"]
    tables = {"orders": heads, "order_items": lines, "products": products}
    with make_shop(tmp_path_factory.mktemp("why") / "shop", tables) as shop:
        yield shop


MONTH = {"start": "2025-02-01", "end": "2025-02-28", "compare": ["2025-01-01", "2025-01-31"]}


@pytest.mark.feature("SAL-02")
def test_an_amount_by_hand(small: Shop) -> None:
    answer = small.analyse("metrics.why", metric="revenue", by="category", **MONTH)
    rows = {row["category"]: row for row in answer.to_records()}
    check_sums(answer, 320, 270)
    # continuing: 14 units then, 18 now
    growth = Decimal(18) / 14 - 1
    lamps = rows["Cat L"]
    assert lamps["before"] == 50
    assert lamps["after"] == 90
    assert lamps["contribution"] == 40
    assert lamps["volume"] == round(50 * growth, 6)
    assert lamps["mix"] == round(5 * (15 - 10 * (1 + growth)), 6)
    assert abs(lamps["price"] - 15) < Decimal("0.00001")
    assert rows["Cat C"]["price"] == pytest.approx(0, abs=1e-5)
    assert rows["Cat U"]["lost"] == rows["Cat U"]["contribution"] == -20
    assert rows["Cat R"]["new"] == rows["Cat R"]["contribution"] == 80
    assert answer.sentences[0]["text"] == "Total revenue rose by €50.00 (+18.5%), from €270 to €320."
    assert answer.sentences[0]["tone"] == "good"
    assert answer.columns[-3].title == "Price"


@pytest.mark.feature("SAL-02")
def test_a_ratio_by_hand(small: Shop) -> None:
    """Web had 250 in one order then, 90 in one now; retail 20 in one then, 230 in one now."""
    answer = small.analyse("metrics.why", metric="average_order_value", by="channel", **MONTH)
    check_sums(answer, 160, 135)
    rows = {row["channel"]: row for row in answer.to_records()}
    assert rows["web"]["contribution"] == rows["web"]["price"] == -80
    assert rows["retail"]["price"] == 105
    assert rows["web"]["mix"] == 0
    assert [column.title for column in answer.columns if column.name == "price"] == ["Own rate"]


@pytest.mark.feature("SAL-02")
def test_what_counts_for_several_values_has_a_row(small: Shop) -> None:
    """January: orders 2; lamps 1, chairs 1 (the same order), cups 1. February: orders 2; lamps 1, chairs 1, rugs 1 (with chairs)."""
    answer = small.analyse("metrics.why", metric="orders", by="category", **MONTH)
    assert OVERLAP not in answer.table["category"].to_pylist()  # one order too many in both months
    later = small.analyse(
        "metrics.why", metric="orders", by="category", start="2025-02-06", end="2025-02-06", compare=["2025-01-06"] * 2
    )
    rows = {row["category"]: row for row in later.to_records()}
    assert rows[OVERLAP]["contribution"] == rows[OVERLAP]["volume"] == -1
    check_sums(later, 1, 1)
    assert later.sentences[0]["text"] == "Orders did not change: 1."


def test_the_rest_is_one_row_and_the_telling_dimension_is_found(small: Shop) -> None:
    answer = small.analyse("metrics.why", metric="revenue", by="category", limit=1, **MONTH)
    assert answer.table["category"].to_pylist() == ["Cat R", OTHERS]
    assert answer.row_count == 4
    check_sums(answer, 320, 270)
    chosen = small.analyse("metrics.why", metric="revenue", **MONTH)
    assert chosen.table.column_names[0] == "channel"  # web fell by 160 and retail rose by 210
    assert "looked at besides: " in chosen.notes[-1]["text"]


def test_what_has_no_whole_is_refused(small: Shop) -> None:
    with pytest.raises(QuestionError, match="figure of parts"):
        small.analyse("metrics.why", metric="product_contribution", **MONTH)
    nothing = small.analyse("metrics.why", metric="gross_margin_rate", **MONTH)
    assert "is unknown" in nothing.sentences[0]["text"]


def test_a_module_that_is_closed_stays_closed(small: Shop) -> None:
    scope = Scope("somebody", modules=("returns",))
    with pytest.raises(NotAllowedError, match="module sales"):
        small.analyse("metrics.why", metric="revenue", scope=scope, **MONTH)
