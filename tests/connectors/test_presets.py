"""The presets tie to figures that were computed from the files by other means."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.connectors.conftest import LONDON, Load, Seen

from tillsight.connectors.files.convert import Defaults

pytestmark = pytest.mark.real_data
D = Decimal

# From the description of the data set: rows and money of every class.
CLASSES = {
    "product sale": (528_923, D("10271433.063")),
    "product credit": (8_704, D("-478724.180")),
    "shipping": (2_110, D("279462.120")),
    "stock movement": (1_336, D(0)),
    "adjustment": (575, D("-79733.700")),
    "expense": (150, D("-239678.959")),
    "discount": (77, D("-5696.220")),
    "gift card": (34, D("685.810")),
}


@pytest.fixture(scope="module")
def seen_once() -> dict[str, Seen]:
    """Loads of this file that several tests look at."""
    return {}


@pytest.fixture(params=["online_retail.csv.gz", "online_retail.parquet"])
def retail(request: pytest.FixtureRequest, load: Load, data: Path, seen_once: dict[str, Seen]) -> Seen:
    name = request.param
    if name not in seen_once:
        seen_once[name] = load(data / "online_retail" / name)
    return seen_once[name]


def one(seen: Seen, table: str, *columns: str) -> tuple[object, ...]:
    return seen.rows(table, *columns)[0]


@pytest.mark.feature("PLT-09")
def test_online_retail_ties_to_its_file(retail: Seen) -> None:
    file = retail.outcome.files[0]
    assert (file.rows_read, file.rows_rejected, retail.outcome.rejects) == (541_909, 0, None)
    assert file.mapping == "preset online_retail: lines"
    assert {count.name: (count.rows, count.money) for count in file.classes} == CLASSES
    assert sum(count.money or 0 for count in file.classes) == D("9747747.934")


def test_online_retail_lies_in_the_tables(retail: Seen) -> None:
    assert one(retail, "order_items", "count(*)", "sum(quantity * unit_price)") == (528_923, D("10271433.063"))
    assert one(retail, "refunds", "count(*)", "sum(amount)", "count(order_id)", "min(amount)")[:3] == (
        8_704,
        D("478724.180"),
        0,
    )
    assert one(retail, "shipping_lines", "count(*)", "sum(amount)") == (2_110, D("279462.120"))
    assert one(retail, "discount_lines", "count(*)", "sum(amount)") == (77, D("5696.220"))
    assert one(retail, "gift_card_entries", "count(*)", "sum(amount)") == (34, D("685.810"))
    assert one(retail, "inventory_movements", "count(*)", "max(quantity) < 0") == (1_336, True)
    file = retail.folder / "tables" / "account_entries.parquet"
    assert duckdb.sql(f"SELECT kind, count(*), sum(amount) FROM '{file}' GROUP BY 1 ORDER BY 1").fetchall() == [
        ("adjustment", 575, D("-79733.700")),
        ("expense", 150, D("-239678.959")),
    ]


def test_online_retail_has_its_customers_and_orders(retail: Seen) -> None:
    assert one(retail, "customers", "count(*)", "count(DISTINCT customer_id)") == (4_372, 4_372)
    # 4,339 have a positive line on an invoice that is no credit; four of them never bought a product.
    assert one(retail, "orders", "count(DISTINCT customer_id)", "count(DISTINCT country)") == (4_335, 38)
    orders = retail.folder / "tables" / "orders.parquet"
    items = retail.folder / "tables" / "order_items.parquet"
    missing = duckdb.sql(f"SELECT count(*) FROM '{orders}' ANTI JOIN '{items}' USING (order_id)").fetchone()
    assert missing == (0,)


def test_online_retail_against_its_file_by_other_means(retail: Seen, data: Path) -> None:
    source = data / "online_retail" / "online_retail.parquet"
    sales = (
        f"(SELECT * FROM '{source}' WHERE regexp_matches(stock_code, '^([0-9]{{5}}|DCGS|PADS)') "
        "AND NOT regexp_matches(invoice_no, '^[A-Za-z]') AND quantity > 0)"
    )
    expected = duckdb.sql(
        f"SELECT invoice_no, sum(quantity * unit_price), count(*) FROM {sales} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    file = retail.folder / "tables" / "order_items.parquet"
    found = duckdb.sql(
        f"SELECT order_id, sum(quantity * unit_price), count(*) FROM '{file}' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert found == expected
    first = duckdb.sql(
        f"SELECT invoice_no, CAST(timezone('UTC', timezone('Europe/London', CAST(min(invoice_date) AS TIMESTAMP))) AS VARCHAR) "
        f"FROM {sales} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    orders = retail.folder / "tables" / "orders.parquet"
    assert duckdb.sql(f"SELECT order_id, CAST(placed_at AS VARCHAR) FROM '{orders}' ORDER BY 1").fetchall() == first


def test_online_retail_names_its_products(retail: Seen) -> None:
    names = dict(retail.rows("products", "product_id", "product_name"))
    assert names["85123A"] == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert "POST" not in names
    assert all(name is None or ("?" not in name and name != name.lower()) for name in names.values())


def test_csv_and_parquet_are_the_same_rows(seen_once: dict[str, Seen], load: Load, data: Path) -> None:
    both = []
    for name in ("online_retail.csv.gz", "online_retail.parquet"):
        seen = seen_once[name] = seen_once.get(name) or load(data / "online_retail" / name)
        file = seen.folder / "tables" / "order_items.parquet"
        both.append(
            duckdb.sql(
                "SELECT count(*), count(DISTINCT line_id), bit_xor(hash(order_id, line_id, product_id, quantity, unit_price)) "
                f"FROM '{file}'"
            ).fetchone()
        )
    assert both[0] == both[1]


def test_a_preset_tells_of_another_currency_and_clock(load: Load, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "part.csv"
    path.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.550,17850.0,United Kingdom\n"
    )
    seen = load(path, defaults=Defaults("UTC", "EUR", "main"))
    assert len(seen.outcome.notes) == 2
    assert "in GBP; the workspace counts in EUR" in seen.outcome.notes[0]
    assert "those of Europe/London" in seen.outcome.notes[1]
    assert load(path, defaults=LONDON).outcome.notes == []


def test_olist(load: Load, data: Path) -> None:
    folder = data / "olist"
    seen = load(folder, defaults=Defaults("America/Sao_Paulo", "BRL", "main"))
    assert seen.outcome.rejects is None
    assert seen.outcome.notes == []
    raw = {
        name: f"read_csv('{folder}/olist_{name}_dataset.csv', all_varchar = true)"
        for name in ("orders", "order_items", "order_payments", "order_reviews", "customers", "products", "sellers")
    }

    def sql(query: str) -> tuple[object, ...] | None:
        return duckdb.sql(query).fetchone()

    assert seen.tables["orders"] == 8_135
    assert one(seen, "orders", "count(DISTINCT customer_id)") == sql(
        f"SELECT count(DISTINCT customer_unique_id) FROM {raw['orders']} JOIN {raw['customers']} USING (customer_id)"
    )
    assert one(seen, "order_items", "count(*)", "sum(quantity * unit_price)") == sql(
        f"SELECT count(*), sum(CAST(price AS DECIMAL(18, 6))) FROM {raw['order_items']}"
    )
    assert one(seen, "shipping_lines", "sum(amount)") == sql(
        f"SELECT sum(CAST(freight_value AS DECIMAL(18, 6))) FROM {raw['order_items']}"
    )
    assert one(seen, "payments", "count(*)", "sum(amount)") == sql(
        f"SELECT count(*), sum(CAST(payment_value AS DECIMAL(18, 6))) FROM {raw['order_payments']}"
    )
    assert one(seen, "reviews", "count(*)", "avg(rating)") == sql(
        f"SELECT count(*), avg(CAST(review_score AS DECIMAL(18, 9))) FROM {raw['order_reviews']}"
    )
    file = seen.folder / "tables" / "orders.parquet"
    states = dict(duckdb.sql(f"SELECT order_status, count(*) FROM '{file}' GROUP BY 1").fetchall())
    assert states == {"completed": 5172 + 314 + 1107 + 301 + 2, "cancelled": 625 + 609, "pending": 5}
    assert seen.tables["suppliers"] == 1_610
    names = {category for (category,) in seen.rows("products", "category")}
    assert "health_beauty" in names
    assert "beleza_saude" not in names
    # A purchase at 21:57 in São Paulo (daylight saving over) is 00:57 of the next day in UTC.
    assert seen.rows(
        "orders", "CAST(placed_at AS VARCHAR)", order="order_id = 'a4591c265e18cb1dcee52889e2d8acc3' DESC"
    )[0] == ("2017-07-10 00:57:05",)


def test_complete_journey(load: Load, data: Path) -> None:
    folder = data / "complete_journey"
    seen = load(folder, defaults=Defaults("America/New_York", "USD", "main"))
    assert seen.outcome.rejects is None
    raw = f"read_csv('{folder}/transactions_sample.csv', all_varchar = true)"
    cents = "CAST(CAST({0} AS DOUBLE) AS DECIMAL(18, 2))"
    expected = duckdb.sql(
        f"SELECT count(*), sum({cents.format('sales_value')}), "
        f"sum({cents.format('retail_disc')} + {cents.format('coupon_match_disc')}), count(DISTINCT basket_id) FROM {raw}"
    ).fetchone()
    assert expected is not None
    rows, net, discounts, baskets = expected
    lines, amount, taken = one(
        seen, "order_items", "count(*)", "sum(quantity * unit_price - discount_amount)", "sum(discount_amount)"
    )
    assert (lines, seen.tables["orders"]) == (rows, baskets)
    assert isinstance(amount, Decimal)
    assert isinstance(taken, Decimal)
    assert round(amount, 2) == net == D("233935.24")
    # Nothing is taken off lines that have no units: these carry 0.86 of discounts.
    assert abs(discounts - D("0.86") - taken) < D("0.01")
    assert one(seen, "order_items", "count(*) FILTER (quantity = 0)") == (416,)
    assert one(seen, "order_items", "max(quantity) < 100") == (True,)
    assert {
        name: seen.tables[name] for name in ("ad_campaigns", "offer_events", "campaign_members", "loyalty_members")
    } == {
        "ad_campaigns": 27,
        "offer_events": 2_102,
        "campaign_members": 6_589,
        "loyalty_members": 2_377,
    }
    assert one(seen, "products", "count(*) FILTER (_line IS NOT NULL)") == (92_331,)
