"""What a file is, is told by its headers; where that is not sure, one error says what was found and what to write."""

from __future__ import annotations

import pytest
from tests.connectors.conftest import Load

from tillsight.connectors.files.mapping import SALES, parse_mapping
from tillsight.connectors.files.recognise import bears_name, best_match
from tillsight.connectors.files.targets import Match, match_headers, sales_target
from tillsight.core.errors import LoadError, NotFoundError
from tillsight.tables.registry import TABLES

# The input data of the sales chapter of the specification.
TRANSACTIONS = (
    "order_id,order_date,order_time,customer_id,sku,product_name,category,brand,quantity,unit_price,discount_amount,"
    "total_amount,cost_of_goods,payment_method,shipping_method,order_status,channel,traffic_source,device_type,city,state,country"
)
CUSTOMERS = "customer_id,customer_name,email,registration_date,customer_segment,total_lifetime_value,total_orders,last_purchase_date"
PRODUCTS = "sku,product_name,category,brand,unit_cost,current_price,launch_date"


def found(headers: str, name: str = "data.csv") -> Match | list[Match]:
    return best_match(name, tuple(headers.split(",")))


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        (TRANSACTIONS, SALES),
        (CUSTOMERS, "customers"),
        (PRODUCTS, "products"),
        ("Order ID,Order Date,SKU,Qty,Price", SALES),
        ("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country", SALES),
        ("order_id,order_date,status,total,customer_id", "orders"),
        ("order_id,order_item_id,sku,quantity,price", "order_items"),
        ("refund_id,order_id,amount,refund_date", "refunds"),
        ("order_id,payment_type,payment_value,payment_date", "payments"),
        ("supplier_id,supplier_name,lead_time_days", "suppliers"),
    ],
)
def test_usual_files_are_recognised(headers: str, target: str) -> None:
    best = found(headers)
    assert isinstance(best, Match)
    assert best.target == target


@pytest.mark.parametrize("name", TABLES)
def test_every_table_recognises_itself(name: str) -> None:
    best = best_match(f"{name}.parquet", TABLES[name].column_names)
    assert isinstance(best, Match)
    assert best.target == name
    assert set(best.columns) == set(TABLES[name].column_names)


def test_a_flat_export_knows_all_columns_of_the_specification() -> None:
    match = match_headers(sales_target(), TRANSACTIONS.split(","))
    assert {header for headers in match.columns.values() for header in headers} == set(TRANSACTIONS.split(","))
    assert match.columns["placed_at"] == ("order_date", "order_time")


def test_headers_mean_one_column_each() -> None:
    match = match_headers(TABLES["orders"], ["Order ID", "ORDER-ID", "order date", "created_at"])
    assert match.columns["order_id"] == ("Order ID",)
    assert match.columns["placed_at"] == ("order date",)


def test_names_of_files() -> None:
    assert bears_name("exports/orders_2024-01.csv", "orders")
    assert bears_name("book.xlsx#Customers", "customers")
    assert not bears_name("orders.csv", "customers")


def test_what_is_not_recognised_says_what_to_write(load: Load) -> None:
    with pytest.raises(LoadError) as caught:
        load("Beleg,Datum,Artikel,Menge,price\n1,2024-01-31,A,1,2\n", "kasse.csv")
    assert caught.value.message.startswith(
        "The file was not recognised. kasse.csv has the columns Beleg, Datum, Artikel, Menge"
    )
    draft = caught.value.details["mapping"]
    assert draft in caught.value.message
    completed = draft.replace('order_id = ""', 'order_id = "Beleg"').replace('placed_at = ""', 'placed_at = "Datum"')
    completed = completed.replace('product_id = ""', 'product_id = "Artikel"').replace(
        'quantity = ""', 'quantity = "Menge"'
    )
    assert parse_mapping(completed).file[0].table == SALES
    seen = load("Beleg,Datum,Artikel,Menge,price\n1,2024-01-31,A,1,2\n", "kasse.csv", mapping=completed)
    assert seen.tables["order_items"] == 1


def test_a_folder_with_several_unknown_files_is_one_error(load: Load) -> None:
    with pytest.raises(LoadError, match="2 files were not recognised") as caught:
        load({"a.csv": "x,y\n1,2\n", "b.csv": "p,q\n1,2\n", "orders.csv": "order_id,order_date\n1,2024-01-31\n"})
    assert caught.value.details["files"] == ["a.csv", "b.csv"]


def test_between_two_tables_the_name_of_the_file_decides(load: Load) -> None:
    headers = ("product_id", "location_id", "quantity", "date")
    nameless = best_match("x.csv", headers)
    rivals = nameless if isinstance(nameless, list) else [nameless]
    fitting = [match.target for match in rivals if not match.missing]
    for target in fitting:
        best = best_match(f"{target}.csv", headers)
        assert isinstance(best, Match)
        assert best.target == target


def test_a_preset_that_does_not_exist(load: Load) -> None:
    with pytest.raises(NotFoundError, match="did you mean online_retail"):
        load("a,b\n1,2\n", preset="online_retial")
    with pytest.raises(LoadError, match="not those of the preset olist"):
        load("order_id,order_date\n1,2024-01-31\n", "orders.csv", preset="olist")
