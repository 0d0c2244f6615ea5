"""The scenarios of 002 from files: loaded, built and asked at the command line, and over HTTP from the same workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import PASSWORD, signed_in

from tillsight.accounts import add_user
from tillsight.api.app import create_app
from tillsight.cli.main import run
from tillsight.shop import Shop

MAY = ("--from", "2024-05-01", "--to", "2024-05-31")
SCENARIOS = {
    "current data": (4, 60, 40, ("2500.00", "1500.00", "1000.00"), ("60.00", "40.00")),
    "normal operations": (100, 5, 3, ("8.00", "5.00", "3.00"), ("62.50", "37.50")),
    "high damaged stock": (200, 30, 10, ("20.00", "15.00", "5.00"), ("75.00", "25.00")),
}


def write(folder: Path, sold: int, damaged: int, supplier: int) -> list[Path]:
    """Sales, returns and the list of articles as the application of 002 has them; each piece cost 150 and sold for 200."""
    files = {
        "articles.csv": "sku,product_name,category\nP,Lamp,Light\n",
        "sales.csv": f"order_id,order_date,sku,quantity,unit_price\n1,2024-05-02,P,{sold},200\n",
        "returns.csv": "return_id,order_id,return_date,sku,quantity,reason,total_cost,refund_amount,return_status\n"
        f"R1,1,2024-05-20,P,{damaged},damaged-return,{150 * damaged},{200 * damaged},completed\n"
        f"R2,1,2024-05-21,P,{supplier},supplier-return,{150 * supplier},{200 * supplier},completed\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return [folder / name for name in files]


@pytest.mark.feature("RET-07")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_of_002_from_files_to_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], scenario: str
) -> None:
    sold, damaged, supplier, rates, shares = SCENARIOS[scenario]
    shop = tmp_path / "shop"
    assert run(["init", str(shop), "--currency", "PHP", "--timezone", "Asia/Manila"]) == 0
    for file in write(tmp_path, sold, damaged, supplier):
        assert run(["-w", str(shop), "load", str(file)]) == 0
    assert run(["-w", str(shop), "build"]) == 0

    def ask(*arguments: str) -> Any:
        capsys.readouterr()
        assert run(["-w", str(shop), *arguments, *MAY, "--format", "json"]) == 0
        return json.loads(capsys.readouterr().out)

    metrics = ask("query", "return_rate,return_rate_orders,return_rate_value", "--by", "category")
    [row] = metrics
    assert row["category"] == "Light"
    assert row["return_rate"] == pytest.approx(float(rates[0]))
    assert row["return_rate_orders"] == 100
    # every piece is given back at what it was sold for, so by value it is the same rate
    assert row["return_rate_value"] == pytest.approx(float(rates[0]))
    expected: dict[str, Any] = {
        "totalReturns": damaged + supplier,
        "totalReturnValue": 150 * (damaged + supplier),
        "returnRate": float(rates[0]),
        "damagedReturnRate": float(rates[1]),
        "supplierReturnRate": float(rates[2]),
        "hasReturnsWithoutSales": sold < damaged + supplier,
        "returnsByReason": [
            {"reason": "Damaged Stock", "count": damaged, "value": 150 * damaged, "percentage": float(shares[0])},
            {"reason": "Returns to Supplier", "count": supplier, "value": 150 * supplier, "percentage": float(shares[1])},
        ],
    }  # fmt: skip
    found = ask("analyse", "returns.breakdown")
    assert {name: found[name] for name in expected} == expected
    [item] = found["returnsByItem"]
    assert (item["item"], item["name"], item["sold"], item["rate"]) == ("P", "Lamp", sold, float(rates[0]))
    # the same release over HTTP, in 002's spelling
    with Shop.open(shop) as opened:
        add_user(opened.database, "analyst", PASSWORD, "analyst")
        client = signed_in(create_app(opened), "analyst")
        data = client.get("/api/v1/returns/breakdown", params={"from": "2024-05-01", "to": "2024-05-31"}).json()["data"]
    assert {name: data[name] for name in expected} == expected
