"""The response of 002, number for number: its three scenarios, its edge cases, and what it leaves open."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.workspace import create_workspace
from tillsight.shop import Shop

MAY = {"start": "2024-05-01", "end": "2024-05-31"}


def shop_of(folder: Path, sold: int, damaged: float, supplier: float, **more: Any) -> Shop:
    """A shop that sold so many pieces in May, of which pieces came back; each cost 150."""
    tables: dict[str, list[dict[str, Any]]] = {
        "products": [{"product_id": "P", "product_name": "Lamp", "category": "Light"}],
        "orders": [order("1", "2024-05-02")],
        "order_items": [line("1", "1", "P", sold, "200", unit_cost="150")],
    }
    items = [
        {
            "return_id": f"R-{fate}",
            "line_id": "1",
            "product_id": "P",
            "quantity": units,
            "disposition": fate,
            "unit_cost": "150",
        }
        for fate, units in {"damaged_stock": damaged, "returned_to_supplier": supplier, **more}.items()
        if units
    ]
    if items:
        tables["returns"] = [
            {"return_id": item["return_id"], "order_id": "1", "initiated_at": "2024-05-20", "return_status": "approved"}
            for item in items
        ]
        tables["return_items"] = items
    else:
        tables["returns"] = [{"return_id": "R0", "initiated_at": "2024-04-20", "return_status": "approved"}]
        tables["return_items"] = [{"return_id": "R0", "line_id": "1", "product_id": "P", "quantity": 1}]
    if not sold:
        tables["orders"][0]["placed_at"] = "2024-04-02"
        tables["order_items"][0]["quantity"] = 1
    return make_shop(folder, tables)


def document(shop: Shop, **params: Any) -> dict[str, Any]:
    found = shop.analyse("returns.breakdown", **MAY, **params).document
    assert found is not None
    return found


@pytest.mark.feature("RET-07")
@pytest.mark.parametrize(
    ("sold", "damaged", "supplier", "rates", "shares"),
    [
        (4, 60, 40, ("2500.00", "1500.00", "1000.00"), ("60.00", "40.00")),
        (100, 5, 3, ("8.00", "5.00", "3.00"), ("62.50", "37.50")),
        (200, 30, 10, ("20.00", "15.00", "5.00"), ("75.00", "25.00")),
    ],
    ids=["current data", "normal operations", "high damaged stock"],
)
def test_the_scenarios(
    tmp_path: Path, sold: int, damaged: int, supplier: int, rates: tuple[str, ...], shares: tuple[str, ...]
) -> None:
    with shop_of(tmp_path, sold, damaged, supplier) as shop:
        found = document(shop)
        [metrics] = shop.query(["return_rate", "damaged_return_rate", "supplier_return_rate"], **MAY).to_records()
    assert found["totalReturns"] == damaged + supplier
    assert found["totalReturnValue"] == 150 * (damaged + supplier)
    assert (found["returnRate"], found["damagedReturnRate"], found["supplierReturnRate"]) == tuple(map(Decimal, rates))
    assert found["returnsByReason"] == [
        {"reason": "Damaged Stock", "count": damaged, "value": 150 * damaged, "percentage": Decimal(shares[0])},
        {"reason": "Returns to Supplier", "count": supplier, "value": 150 * supplier, "percentage": Decimal(shares[1])},
    ]
    assert found["hasReturnsWithoutSales"] is (damaged + supplier > sold)
    assert found["highReturnRate"] is (sold == 4), "above 20 %, not at it"
    [item] = found["returnsByItem"]
    assert (item["item"], item["name"], item["sold"], item["returned"]) == ("P", "Lamp", sold, damaged + supplier)
    assert (item["rate"], item["value"]) == (found["returnRate"], found["totalReturnValue"])
    # the same figures as metrics
    assert [round(value, 2) for value in metrics.values()] == [float(rate) for rate in rates]


@pytest.mark.feature("RET-07")
def test_without_sales_the_rates_are_zero_and_the_metric_is_unknown(tmp_path: Path) -> None:
    with shop_of(tmp_path, 0, 3, 1) as shop:
        found = document(shop)
        [row] = shop.query("return_rate", **MAY).to_records()
    assert (found["returnRate"], found["damagedReturnRate"], found["supplierReturnRate"]) == (0, 0, 0)
    assert (found["totalReturns"], found["hasReturnsWithoutSales"]) == (4, True)
    assert [part["percentage"] for part in found["returnsByReason"]] == [75, 25]
    assert row["return_rate"] is None


@pytest.mark.feature("RET-07")
def test_without_returns_everything_is_zero(tmp_path: Path) -> None:
    with shop_of(tmp_path, 10, 0, 0) as shop:
        found = document(shop)
    assert (found["totalReturns"], found["totalReturnValue"], found["returnRate"]) == (0, 0, 0)
    assert (found["damagedReturnRate"], found["supplierReturnRate"], found["hasReturnsWithoutSales"]) == (0, 0, False)
    assert found["returnsByReason"] == []
    assert found["returnsByItem"] == []


@pytest.mark.feature("RET-07")
@pytest.mark.parametrize(("damaged", "supplier"), [(5, 0), (0, 5)], ids=["only damaged", "only to the supplier"])
def test_only_one_of_the_two(tmp_path: Path, damaged: int, supplier: int) -> None:
    with shop_of(tmp_path, 50, damaged, supplier) as shop:
        found = document(shop)
    assert found["damagedReturnRate"] == (10 if damaged else 0)
    assert found["supplierReturnRate"] == (10 if supplier else 0)
    [part] = found["returnsByReason"]
    assert part["percentage"] == 100


def test_the_parts_sum_to_the_whole_where_both_would_be_rounded_up(tmp_path: Path) -> None:
    with shop_of(tmp_path, 7, 1, 1) as shop:
        found = document(shop)
    assert found["returnRate"] == Decimal("28.57")
    assert (found["damagedReturnRate"], found["supplierReturnRate"]) == (Decimal("14.29"), Decimal("14.28"))


def test_other_dispositions_stand_beside(tmp_path: Path) -> None:
    with shop_of(tmp_path, 100, 5, 3, restocked=20) as shop:
        found = document(shop)
        told = [one["text"] for one in shop.analyse("returns.breakdown", **MAY).sentences]
        [row] = shop.query("return_rate", **MAY).to_records()
    assert (found["totalReturns"], found["returnRate"]) == (8, 8)
    assert found["otherReturns"] == [{"disposition": "Restocked", "count": 20, "value": 3000}]
    assert row["return_rate"] == 28, "the metric counts every unit that came back"
    # both rates are told with what they are of
    assert told[0] == "28.00% of the units sold came back, whatever became of them (return rate, units)."
    assert told[1].startswith("Of these, damaged stock and returns to the supplier alone are 8.00% of the units sold:")


def test_a_value_whose_cost_is_not_known_is_not_zero(tmp_path: Path) -> None:
    tables: dict[str, list[dict[str, Any]]] = {
        "orders": [order("1", "2024-05-02")],
        "order_items": [line("1", "1", "P", 10, "200")],
        "returns": [{"return_id": "R", "order_id": "1", "initiated_at": "2024-05-20", "return_status": "approved"}],
        "return_items": [
            {"return_id": "R", "line_id": "1", "product_id": "P", "quantity": 1, "disposition": "damaged_stock"}
        ],
    }
    with make_shop(tmp_path, tables) as shop:
        answer = shop.analyse("returns.breakdown", **MAY)
    assert answer.document is not None
    assert answer.document["totalReturnValue"] is None
    assert any("not known" in sentence["text"] for sentence in answer.sentences)


@pytest.mark.feature("RET-07")
def test_the_first_scenario_from_files_with_the_words_of_002(tmp_path: Path) -> None:
    """Returns as the application of 002 keeps them: item, quantity, reason, total cost."""
    create_workspace(tmp_path / "shop", currency="PHP", timezone="Asia/Manila")
    sales, returns = tmp_path / "sales.csv", tmp_path / "returns.csv"
    sales.write_text("order_id,order_date,sku,quantity,unit_price\n1,2024-05-02,P,4,200\n")
    returns.write_text(
        "return_id,return_date,sku,quantity,reason,total_cost\n"
        "R1,2024-05-03,P,60,damaged-return,9000\n"
        "R2,2024-05-04,P,40,supplier-return,6000\n"
    )
    with Shop.open(tmp_path / "shop") as shop:
        shop.load(sales)
        shop.load(returns)
        shop.build()
        found = document(shop)
        reasons = shop.query("returned_units", by="return_reason", **MAY).to_records()
    assert (found["returnRate"], found["damagedReturnRate"], found["supplierReturnRate"]) == (2500, 1500, 1000)
    assert (found["totalReturnValue"], found["totalReturns"], found["hasReturnsWithoutSales"]) == (15000, 100, True)
    assert [row["return_reason"] for row in reasons] == [None], "what became of the goods is no reason"
