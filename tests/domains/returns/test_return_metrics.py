"""The metrics of returns on a few returns that can be counted by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.dashboards import load
from tillsight.domains.returns.reasons import REASONS, WORDS, plain
from tillsight.shop import Shop

RELATIONS = ("returned_items", "returned_purchases")
MAY = {"start": "2024-05-01", "end": "2024-05-31"}
JUNE = {"start": "2024-06-01", "end": "2024-06-30"}


def item(return_id: str, line_id: str, product: str, quantity: float, **more: Any) -> dict[str, Any]:
    return {"return_id": return_id, "line_id": line_id, "product_id": product, "quantity": quantity, **more}


TABLES: dict[str, list[dict[str, Any]]] = {
    "products": [
        {"product_id": "D", "product_name": "Dress", "category": "Clothing", "size": "M"},
        {"product_id": "L", "product_name": "Lamp", "category": "Light"},
    ],
    "orders": [
        order("1", "2024-05-02", customer_id="a", channel="web"),
        order("2", "2024-05-10", customer_id="b", channel="retail"),
        order("3", "2024-05-20", customer_id="a", channel="web"),
        order("T", "2024-05-20", is_test=True),
    ],
    "order_items": [
        line("1", "1", "D", 4, "50", unit_cost="20"),
        line("2", "1", "L", 5, "100", unit_cost="60"),
        line("3", "1", "D", 1, "50", unit_cost="20"),
        line("T", "1", "D", 1, "50"),
    ],
    "returns": [
        # asked for after 10 days, done after two and a half
        {"return_id": "R1", "order_id": "1", "initiated_at": "2024-05-12 08:00:00", "completed_at": "2024-05-14 20:00:00",
         "return_status": "completed", "workflow_step": "completed", "return_type": "refund", "processing_cost": "5",
         "shipping_cost": "4", "disposal_cost": "1", "restocking_fee": "2"},
        # after 31 days: outside the window, in June, an exchange
        {"return_id": "R2", "order_id": "2", "initiated_at": "2024-06-10", "return_status": "approved",
         "workflow_step": "received", "return_type": "exchange"},
        # without items, without a tracking record
        {"return_id": "R3", "order_id": "3", "initiated_at": "2024-05-25", "return_status": "pending"},
        {"return_id": "R4", "order_id": "3", "initiated_at": "2024-05-25", "return_status": "rejected", "workflow_step": "cancelled"},
        {"return_id": "R5", "order_id": "T", "initiated_at": "2024-05-25", "return_status": "pending"},
    ],
    "return_items": [
        item("R1", "1", "D", 1, reason_code="too_small", disposition="restocked", resaleable=True),
        item("R1", "2", "D", 2, reason_detail="Manufacturing defect!", disposition="scrapped", resaleable=False),
        item("R2", "1", "L", 1, reason_category="Wrong item shipped", disposition="restocked", resaleable=True, restocked_value="45"),
        item("R4", "1", "D", 1, reason_code="too_small"),
        item("R5", "1", "D", 1, reason_code="too_small"),
    ],
    "refunds": [
        {"refund_id": "F1", "line_id": "1", "order_id": "1", "order_line_id": "1", "quantity": 3, "amount": "150",
         "refunded_at": "2024-05-13", "kind": "goods"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module", params=[1_000_000, 0], ids=["facts", "roll-ups"])
def shop(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The same twice: as a small shop is, and added up in advance."""
    with make_shop(tmp_path_factory.mktemp("returns"), TABLES, limits={"rollup_rows": request.param}) as made:
        yield made


def of(shop: Shop, metric: str, **parts: Any) -> Any:
    [row] = shop.query(metric, **{**MAY, **parts}).to_records()
    return row[metric]


@pytest.mark.feature("RET-01")
def test_how_much_comes_back(shop: Shop) -> None:
    # Withdrawn returns and those of test orders do not count; R3 is a return of which no item is known.
    assert of(shop, "returns") == 2
    assert of(shop, "returned_units") == 3
    assert of(shop, "return_rate") == 100 * 3 / 10
    assert of(shop, "return_rate_orders") == pytest.approx(100 * 2 / 3)
    assert of(shop, "return_value") == 150
    assert of(shop, "return_rate_value") == 100 * 150 / 750
    by_product = {row["product"]: row for row in shop.query("return_rate", by="product", **MAY).to_records()}
    assert (by_product["Dress"]["return_rate"], by_product["Lamp"]["return_rate"]) == (60, 0)


@pytest.mark.parametrize(
    ("metrics", "by", "tables"),
    [
        (["returns", "returned_units"], "country", {"returns_by_place"}),
        (["returns", "return_window_compliance"], "return_status", {"returns_by_step"}),
        (["returned_units"], "return_reason_group", {"returns_by_reason"}),
        (["returned_goods_cost"], "category", {"returns_by_range"}),
        (["returned_units_of_purchases"], "category", {"returned_purchases_by_range"}),
        (["returns"], "category", {"returned_items"}),  # the items of a return may be of several
        (
            ["return_processing_days"],
            "country",
            {"returned_items"},
        ),  # fractions of days do not add up to the last digit
    ],
)
def test_what_is_added_up_is_read_there(shop: Shop, metrics: list[str], by: str, tables: set[str]) -> None:
    added_up = shop.settings.limits.rollup_rows == 0
    cut = shop.query(metrics, by=by, **MAY).queries[0]
    read = set(re.findall(r'FROM "(\w+)"', cut))
    assert read == (tables if added_up else {table for table in RELATIONS if table in read}) != set()


@pytest.mark.feature("RET-01")
def test_by_purchase_date_a_later_return_counts_with_its_order(shop: Shop) -> None:
    assert of(shop, "return_rate_cohort") == 100 * 4 / 10
    assert of(shop, "returned_units", **JUNE) == 1
    assert of(shop, "return_rate", **JUNE) is None, "nothing was sold in June"


@pytest.mark.feature("RET-02")
def test_why(shop: Shop) -> None:
    whole = {"start": "2024-05-01", "end": "2024-06-30"}
    assert of(shop, "defect_rate", **whole) == pytest.approx(100 / 3)
    assert of(shop, "wrong_item_rate", **whole) == pytest.approx(100 / 3)
    assert of(shop, "size_fit_rate", **whole) == pytest.approx(100 / 3)
    rows = shop.query(["returned_units", "returns"], by="return_reason", **whole).to_records()
    assert {row["return_reason"]: row["returned_units"] for row in rows} == {
        "Too small": 1,
        "Manufacturing defect": 2,
        "Wrong item shipped": 1,
        None: 0,
    }
    [sizes] = [row for row in shop.query("size_issue_rate", by="size", **MAY).to_records() if row["size"] == "M"]
    assert sizes["size_issue_rate"] == 50, "one of the two orders of the size"


@pytest.mark.feature("RET-03")
def test_how_it_is_handled(shop: Shop) -> None:
    whole = {"start": "2024-05-01", "end": "2024-06-30"}
    assert of(shop, "return_processing_days", **whole) == 2.5
    assert of(shop, "return_exchange_rate", **whole) == pytest.approx(100 / 3)
    assert of(shop, "restocking_rate", **whole) == 50
    assert of(shop, "days_to_return", **whole) == pytest.approx((10 + 31 + 5) / 3)


@pytest.mark.feature("RET-11")
def test_the_window(shop: Shop) -> None:
    assert of(shop, "return_window_compliance", start="2024-05-01", end="2024-06-30") == pytest.approx(200 / 3)


@pytest.mark.feature("RET-04")
def test_what_it_costs(shop: Shop) -> None:
    # One dress went back on the shelf at its cost; the lamp's restocked value is stated.
    assert of(shop, "recovered_value") == 20
    assert of(shop, "recovered_value", **JUNE) == 45
    assert of(shop, "returned_goods_cost") == 60
    assert of(shop, "net_return_loss") == 150 - 20 + 5
    assert of(shop, "return_cost_rate") == pytest.approx(100 * (150 - 20 + 5 + 4 + 1 - 2) / 750)


@pytest.mark.feature("RET-04")
def test_costs_of_a_return_are_split_over_its_items_to_the_cent(shop: Shop) -> None:
    rows = shop.releases.current().files.run_sql(
        "SELECT line_id, processing_cost, shipping_cost, restocking_fee FROM returned_items WHERE return_id = 'R1' ORDER BY 1"
    )
    assert [[float(value) for value in row.values()] for row in rows.drop(["line_id"]).to_pylist()] == [
        [1.67, 1.33, 0.67],
        [3.33, 2.67, 1.33],
    ]


@pytest.mark.feature("RET-15")
def test_coverage(shop: Shop) -> None:
    assert of(shop, "return_tracking_coverage") == 50


@pytest.mark.feature("RET-08")
@pytest.mark.parametrize(
    ("where", "returns", "units"),
    [
        ("return_reason=Too small", 1, 1),
        ("return_reason_group=Wrong product", 1, 1),
        ("product=Dress", 1, 3),
        ("category=Light", 1, 1),
        ("customer_type=new", 2, 4),
        ("return_status=Completed", 1, 3),
        ("return_status=Pending", 1, 0),
        ("return_status in (Approved, Rejected)", 1, 1),
        ("return_type=Exchange", 1, 1),
        ("return_type=Refund", 1, 3),
        ("disposition=Restocked", 2, 2),
    ],
)
def test_the_filters_of_the_overview(shop: Shop, where: str, returns: int, units: int) -> None:
    whole = {"start": "2024-05-01", "end": "2024-06-30"}
    [row] = shop.query(["returns", "returned_units"], where=where, **whole).to_records()
    assert (row["returns"], row["returned_units"]) == (returns, units)


@pytest.mark.feature("RET-08")
def test_every_panel_of_the_pages_of_returns_answers(shop: Shop) -> None:
    """The questions of the declared pages, on the few returns; the columns that a table names are there."""
    whole = {"start": "2024-05-01", "end": "2024-06-30"}
    pages = [page for page in load().values() if page.domain == "returns"]
    assert {page.name for page in pages} >= {
        "returns",
        "returns_reasons",
        "returns_products",
        "returns_customers",
        "returns_money",
    }
    for page in pages:
        for panel in page.panels:
            if hasattr(panel, "analysis"):
                answer = shop.analyse(panel.analysis, **whole)
                assert answer.sentences or answer.table.num_rows, (page.name, panel.id)
                missing = set(getattr(panel, "columns", ())) - {column.name for column in answer.columns}
                assert not missing, (page.name, panel.id)
                continue
            by = [*getattr(panel, "by", ())]
            found = shop.query([*panel.metrics], by=by, **whole)
            assert {column.name for column in found.columns} >= {*panel.metrics, *by}, (page.name, panel.id)


@pytest.mark.feature("RET-06")
def test_both_trees_of_reasons() -> None:
    """000 has 3 groups with 14 leaves, 001 6 groups with 19; every one of their words is a leaf of ours."""
    style = ("Color not as expected", "Style different from photos", "Material concerns", "Design preferences")
    sizes = ("Too small", "Too large", "Band too tight", "Band too loose", "Cup too small", "Cup too large")
    quality = ("Manufacturing defect", "Damage on arrival", "Wear after use", "Material quality")
    families = dict.fromkeys(style, "style") | dict.fromkeys(sizes, "size") | dict.fromkeys(quality, "quality")
    groups = {
        "product_quality": ("Defective/damaged", "Not as described", "Poor quality", "Stopped working"),
        "size_and_fit": ("Too small", "Too large", "Wrong size ordered", "Doesn't fit as expected"),
        "wrong_product": ("Wrong item shipped", "Wrong color", "Wrong model"),
        "changed_mind": ("No longer needed", "Found better price", "Ordered by mistake", "Impulse buy regret"),
        "delivery": ("Late delivery", "Package damaged", "Lost in transit"),
        "other": ("Other",),
    }
    by_code = {reason.code: reason for reason in REASONS}

    def found(words: str) -> Any:
        [code] = [code for code, known in WORDS.items() if plain(words) in known]
        return by_code[code]

    for words, family in families.items():
        assert found(words).family == family, words
    for group, leaves in groups.items():
        for words in leaves:
            assert found(words).group == group, words
    assert all(reason.is_size == (reason.group == "size_and_fit") for reason in REASONS)
