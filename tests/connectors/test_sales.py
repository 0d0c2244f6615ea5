"""From the lines of a flat export to orders, items, refunds, products and customers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from tests.connectors.conftest import Load

D = Decimal


def test_the_export_of_the_specification(load: Load) -> None:
    text = (
        "order_id,order_date,order_time,customer_id,sku,product_name,category,brand,quantity,unit_price,discount_amount,total_amount,"
        "cost_of_goods,payment_method,shipping_method,order_status,channel,traffic_source,device_type,city,state,country,"
        "customer_name,email\n"
        "1,2024-01-31,08:30,C1,A,Apple,Fruit,Orchard,2,3.00,1.00,5.00,2.40,card,post,completed,web,organic,mobile,Ely,Cambs,UK,Ann,a@x.org\n"
        "1,2024-01-31,08:30,C1,B,Bean,Veg,,1,2.00,0,2.00,,card,post,completed,web,organic,mobile,Ely,Cambs,UK,Ann,a@x.org\n"
        "2,2024-02-01,09:00,,A,Apple,Fruit,Orchard,1,3.00,0,3.00,1.20,cash,,cancelled,retail,,,,,,,\n"
    )
    seen = load(text)
    assert seen.tables == {"products": 2, "orders": 2, "order_items": 3, "customers": 1}
    assert seen.rows(
        "orders", "order_id", "placed_at", "order_status", "payment_method", "channel", "city", "email"
    ) == [
        ("1", datetime(2024, 1, 31, 8, 30), "completed", "card", "web", "Ely", "a@x.org"),
        ("2", datetime(2024, 2, 1, 9), "cancelled", "cash", "retail", None, None),
    ]
    assert seen.rows(
        "order_items",
        "order_id",
        "product_id",
        "quantity",
        "unit_price",
        "discount_amount",
        "total_amount",
        "cost_amount",
        order="_line",
    ) == [
        ("1", "A", D(2), D(3), D(1), D(5), D("2.4")),
        ("1", "B", D(1), D(2), D(0), D(2), None),
        ("2", "A", D(1), D(3), D(0), D(3), D("1.2")),
    ]
    assert seen.rows("products", "product_id", "product_name", "category", "brand", "_line") == [
        ("A", "Apple", "Fruit", "Orchard", None),
        ("B", "Bean", "Veg", None, None),
    ]
    assert seen.rows("customers", "customer_id", "customer_name", "email", "country") == [
        ("C1", "Ann", "a@x.org", "UK")
    ]
    assert seen.outcome.files[0].columns_unmapped == []


def test_negative_quantities_are_returns(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,country\n1,2024-01-31,A,2,3,UK\n1,2024-01-31,A,-1,3,UK\nC9,2024-02-01,A,-1,3,UK\n"
    seen = load(text)
    assert seen.rows("refunds", "refund_id", "order_id", "product_id", "quantity", "amount", "kind", "country") == [
        ("1", "1", "A", D(1), D(3), "goods", "UK"),
        ("C9", None, "A", D(1), D(3), "goods", "UK"),
    ]
    assert seen.tables["orders"] == 1
    assert {count.name: count.money for count in seen.outcome.files[0].classes} == {"sale": D(6), "return": D(-6)}


@pytest.mark.parametrize(
    ("quantity", "total", "discount"),
    [("3", "1.00", "0"), ("7", "10.01", "0.35"), ("1.5", "2.00", "0"), ("3", "0.00", "1.00")],
)
def test_a_price_is_made_from_the_total_without_losing_a_digit(
    quantity: str, total: str, discount: str, load: Load
) -> None:
    text = f"order_id,order_date,sku,quantity,line_total,line_discount\n1,2024-01-31,A,{quantity},{total},{discount}\n"
    ((units, price, taken),) = load(text).rows("order_items", "quantity", "unit_price", "discount_amount")
    assert units * price - taken == D(total)
    assert abs(units * price - (D(total) + D(discount))) <= D("0.00001")
    assert taken >= D(discount)


def test_a_line_without_price_and_units_cannot_have_an_amount(load: Load) -> None:
    text = (
        "order_id,order_date,sku,quantity,line_total\n1,2024-01-31,A,0,5.00\n2,2024-01-31,A,0,0.00\n3,2024-01-31,A,1,\n"
    )
    seen = load(text)
    assert seen.rows("order_items", "order_id", "quantity", "unit_price") == [("2", D(0), D(0))]
    assert seen.rejects("line", "column", "reason") == [
        (2, "quantity", "is 0 though the line has an amount"),
        (4, "total_amount", "is missing"),
    ]


def test_discounts_written_as_negative_amounts(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,discount\n1,2024-01-31,A,1,3,-0.50\n2,2024-01-31,A,1,3,0\n"
    seen = load(text)
    assert seen.rows("order_items", "discount_amount", order="_line") == [(D("0.5"),), (D(0),)]
    assert any("negative amounts" in note for note in seen.outcome.notes)


def test_shipping_that_stands_on_every_line_is_taken_once(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,shipping_cost\n1,2024-01-31,A,1,3,4.90\n1,2024-01-31,B,1,3,4.90\n2,2024-01-31,B,1,3,0\n"
    seen = load(text)
    assert seen.rows("orders", "order_id", "shipping_amount") == [("1", D("4.9")), ("2", D(0))]
    assert any("taken once" in note for note in seen.outcome.notes)


def test_shipping_that_is_spread_over_the_lines_is_added_up(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,shipping_cost\n1,2024-01-31,A,1,3,4.90\n1,2024-01-31,B,1,3,0.10\n2,2024-01-31,B,1,3,1\n"
    seen = load(text)
    assert seen.rows("orders", "order_id", "shipping_amount") == [("1", D(5)), ("2", D(1))]
    assert any("added up" in note for note in seen.outcome.notes)


def test_an_order_takes_its_first_moment_and_tells_of_two_customers(load: Load) -> None:
    text = (
        "order_id,order_date,sku,quantity,price,customer_id\n1,2024-01-31 08:31,A,1,3,\n"
        "1,2024-01-31 08:30,B,1,3,C1\n1,2024-01-31 08:32,C,1,3,C2\n"
    )
    seen = load(text)
    assert seen.rows("orders", "placed_at", "customer_id", "_line") == [(datetime(2024, 1, 31, 8, 30), "C1", 2)]
    assert any("1 orders name more than one customer" in note for note in seen.outcome.notes)


def test_a_product_has_the_name_that_most_of_its_sales_give_it(load: Load) -> None:
    rows = [
        ("A", "Apple", 1),
        ("A", "Apple", 1),
        ("A", "APPLE", 1),
        ("A", "lost", -1),
        ("A", "lost", -1),
        ("A", "lost", -1),
        ("B", "", 1),
    ]
    text = "order_id,order_date,sku,product_name,quantity,price\n" + "".join(
        f"{number},2024-01-31,{sku},{name},{quantity},1\n" for number, (sku, name, quantity) in enumerate(rows)
    )
    assert load(text).rows("products", "product_id", "product_name") == [("A", "Apple"), ("B", None)]


def test_every_effect_has_its_table(load: Load) -> None:
    effects = [
        "sale",
        "refund",
        "cancelled",
        "shipping",
        "discount",
        "adjustment",
        "expense",
        "gift_card",
        "stock_movement",
        "ignore",
    ]
    rules = "".join(
        f'[[file.rule]]\nclass = "is {effect}"\neffect = "{effect}"\nwhen = {{ column = "sku", equals = "{effect}" }}\n'
        for effect in effects
    )
    signs = {"refund": -1, "discount": -1, "stock_movement": -1, "expense": -1}
    rows = "".join(
        f"{'D1' if effect != 'cancelled' else 'D2'},2024-01-31,{effect},{signs.get(effect, 1)},2.50,C1\n"
        for effect in effects
    )
    seen = load(
        "order_id,order_date,sku,quantity,price,customer_id\n" + rows, mapping=f'[[file]]\ntable = "sales"\n{rules}'
    )
    assert seen.tables == {
        "products": 4,
        "orders": 2,
        "order_items": 2,
        "discount_lines": 1,
        "shipping_lines": 1,
        "refunds": 1,
        "gift_card_entries": 1,
        "account_entries": 2,
        "customers": 1,
        "inventory_movements": 1,
    }
    assert seen.rows("orders", "order_id", "order_status") == [("D1", "completed"), ("D2", "cancelled")]
    assert seen.rows("discount_lines", "order_id", "amount", "customer_id") == [("D1", D("2.5"), "C1")]
    assert seen.rows("shipping_lines", "order_id", "amount") == [("D1", D("2.5"))]
    assert seen.rows("refunds", "order_id", "amount", "quantity") == [("D1", D("2.5"), D(1))]
    assert seen.rows("gift_card_entries", "gift_card_id", "kind", "amount") == [("D1/gift_card", "sold", D("2.5"))]
    assert seen.rows("account_entries", "kind", "amount", "document_id", order="kind") == [
        ("adjustment", D("2.5"), "D1"),
        ("expense", D("-2.5"), "D1"),
    ]
    assert seen.rows("inventory_movements", "product_id", "quantity", "movement_type", "location_id") == [
        ("stock_movement", D(-1), "adjustment", "main")
    ]
    counts = {count.name: count.rows for count in seen.outcome.files[0].classes}
    assert counts == {f"is {effect}": 1 for effect in effects}
    assert seen.rejects() == []


def test_a_product_file_in_the_same_load_wins(load: Load) -> None:
    seen = load(
        {
            "sales.csv": "order_id,order_date,sku,product_name,quantity,price\n1,2024-01-31,A,apple?,1,3\n1,2024-01-31,B,bean,1,3\n",
            "products.csv": "sku,product_name,category,unit_cost\nA,Apple,Fruit,1.20\n",
        }
    )
    assert seen.rows("products", "product_id", "product_name", "category", "unit_cost", "_line") == [
        ("A", "Apple", "Fruit", D("1.2"), 2),
        ("B", "bean", None, None, None),
    ]


def test_orders_that_are_only_marked_as_refunded_are_told(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,status\n1,2024-01-31,A,1,3,refunded\n2,2024-01-31,A,1,3,completed\n"
    seen = load(text)
    assert "refunds" not in seen.tables
    assert any("1 orders are marked as refunded" in note for note in seen.outcome.notes)
