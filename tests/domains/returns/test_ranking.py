"""Products by what surely comes back of them, from the catalogue and over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import PASSWORD, signed_in
from tests.support.shops import line, make_shop, order

from tillsight.accounts import add_user
from tillsight.api.app import create_app

SOLD_AND_BACK = {"few": (3, 2), "often": (100, 40), **{f"usual-{number}": (100, 5) for number in range(6)}}
MAY = {"from": "2024-05-01", "to": "2024-05-31"}


def tables() -> dict[str, list[dict[str, Any]]]:
    return {
        "products": [{"product_id": name, "product_name": name.title(), "category": "Light"} for name in SOLD_AND_BACK],
        "orders": [order("1", "2024-05-02")],
        "order_items": [line("1", name, name, sold, "10") for name, (sold, _) in SOLD_AND_BACK.items()],
        "returns": [{"return_id": "R", "order_id": "1", "initiated_at": "2024-05-09", "return_status": "approved"}],
        "return_items": [
            *(
                {"return_id": "R", "line_id": name, "order_line_id": name, "product_id": name, "quantity": back}
                for name, (_, back) in SOLD_AND_BACK.items()
            ),
            {"return_id": "R", "line_id": "x", "product_id": "unsold", "quantity": 9},
        ],
    }


@pytest.mark.feature("RET-10")
def test_two_returns_of_three_sales_do_not_make_the_worst_product(tmp_path: Path) -> None:
    with make_shop(tmp_path, tables()) as shop:
        add_user(shop.database, "analyst", PASSWORD, "analyst")
        client = signed_in(create_app(shop), "analyst")

        def asked(**more: Any) -> dict[str, Any]:
            found: dict[str, Any] = client.get("/api/v1/returns/products", params={**MAY, **more}).json()
            return found

        whole = asked()
        rows = whole["data"]["rows"]
        assert rows[0]["product_id"] == "often"
        assert rows[0]["return_rate"] == 40, "the rate itself is not touched"
        assert 30 < rows[0]["return_rate_low"] < 40
        few = next(row for row in rows if row["product_id"] == "few")
        assert few["return_rate"] == pytest.approx(200 / 3)
        assert few["return_rate_low"] < rows[0]["return_rate_low"]
        assert (rows[-1]["product_id"], rows[-1]["return_rate"], rows[-1]["return_rate_low"]) == ("unsold", None, None)
        assert whole["data"]["totals"]["returned_units"] == sum(back for _, back in SOLD_AND_BACK.values()) + 9
        # page by page the same rows, and by the plain rate where that is asked for
        pages = [asked(page=page, per_page=3) for page in (1, 2, 3)]
        assert [row for page in pages for row in page["data"]["rows"]] == rows
        assert {page["meta"]["total"] for page in pages} == {len(SOLD_AND_BACK) + 1}
        assert asked(sort="-return_rate")["data"]["rows"][0]["product_id"] == "few"
        assert asked(compare="previous")["data"]["rows"][0]["returned_units_compare"] is None


@pytest.mark.feature("RET-14")
def test_one_defect_of_one_return_does_not_lead_the_quality_report(tmp_path: Path) -> None:
    back = {"single": (1, 1), "bad": (40, 20), **{f"fine-{number}": (40, 1) for number in range(4)}}
    returns = [(name, number, number < defects) for name, (count, defects) in back.items() for number in range(count)]
    shop_tables: dict[str, list[dict[str, Any]]] = {
        "products": [{"product_id": name, "product_name": name.title(), "supplier_id": name} for name in back],
        "suppliers": [{"supplier_id": name, "supplier_name": f"{name.title()} Ltd"} for name in back],
        "orders": [order("1", "2024-05-02")],
        "order_items": [line("1", name, name, 100, "10") for name in back],
        "returns": [
            {
                "return_id": f"{name} {number}",
                "order_id": "1",
                "initiated_at": "2024-05-09",
                "return_status": "approved",
            }
            for name, number, _ in returns
        ],
        "return_items": [
            {
                "return_id": f"{name} {number}", "line_id": "1", "order_line_id": name, "product_id": name, "quantity": 1,
                "reason_code": "manufacturing_defect" if defect else "too_small",
            }
            for name, number, defect in returns
        ],
    }  # fmt: skip
    with make_shop(tmp_path, shop_tables) as shop:
        document = shop.analyse("returns.report", report="quality", start="2024-05-01", end="2024-05-31").document
    assert document is not None
    products, suppliers = document["sections"][:2]
    assert [row["product"] for row in products["rows"]][:2] == ["Bad", "Single"]
    assert [row["supplier"] for row in suppliers["rows"]][:2] == ["Bad Ltd", "Single Ltd"]
    assert [row["defect_rate"] for row in products["rows"]] == [50, 100, *[2.5] * 4], (
        "the rates themselves are not touched"
    )
