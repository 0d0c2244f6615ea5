"""The whole way on a real file: what the command line says equals what is computed from the raw file by other means."""

import csv
import gzip
import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tillsight.cli.main import run

PRODUCT = re.compile(r"\d{5}|DCGS|PADS$")


def from_the_file(file: Path) -> dict[str, tuple[Decimal, int]]:
    """Revenue and orders by country, added up row by row: product codes, invoices without a letter, positive quantities."""
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    orders: dict[str, set[str]] = defaultdict(set)
    with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            invoice, quantity = row["InvoiceNo"].strip(), int(row["Quantity"])
            if invoice.isdigit() and quantity > 0 and PRODUCT.match(row["StockCode"].strip()):
                revenue[row["Country"]] += quantity * Decimal(row["UnitPrice"])
                orders[row["Country"]].add(invoice)
    return {country: (revenue[country], len(orders[country])) for country in revenue}


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.feature("SAL-01", "SAL-02", "PLT-21")
def test_revenue_and_orders_by_country_equal_the_raw_file(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "online_retail" / "online_retail.csv.gz"
    shop = str(tmp_path / "shop")
    assert run(["init", shop, "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    capsys.readouterr()
    assert run(["-w", shop, "load", str(file), "--build"]) == 0
    loaded = capsys.readouterr().out.splitlines()
    total = next(line.split() for line in reversed(loaded) if line.startswith("Total"))
    assert total == ["Total", "541,909", "9,747,747.934"]
    assert run(["-w", shop, "query", "revenue,orders", "--by", "country", "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out, parse_float=Decimal)
    expected = from_the_file(file)
    assert len(expected) == 38
    assert {row["country"]: (row["revenue"], row["orders"]) for row in answer} == expected
