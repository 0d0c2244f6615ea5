"""The golden cases of the definitions that concern orders, number for number, in the order of the definitions.

Every case is a shop in EUR. `bridge` is: gross sales, discounts, returns, net sales, taxes, shipping, total sales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import land, line, make_shop, order, write_settings

from tillsight.core.errors import BuildError
from tillsight.shop import Shop

D = Decimal
BRIDGE = ("gross_sales", "discounts", "returned_sales", "net_sales", "taxes", "shipping_charges", "total_sales")


def refund(order_id: str | None, day: str, amount: str = "0", **more: Any) -> dict[str, Any]:
    return {
        "refund_id": f"r {order_id} {day} {amount}",
        "line_id": "1",
        "order_id": order_id,
        "amount": amount,
        "refunded_at": day,
        **more,
    }


def bridge(shop: Shop, **parts: Any) -> tuple[Decimal, ...]:
    """The bridge, which ties out: in all, and for every order by itself."""
    for row in shop.query(BRIDGE, by="order_id", **parts).to_records():
        assert row["gross_sales"] - row["discounts"] - row["returned_sales"] == row["net_sales"]
        assert row["net_sales"] + row["taxes"] + row["shipping_charges"] == row["total_sales"]
    found = shop.query(BRIDGE, **parts).to_records()[0]
    return tuple(found[name] for name in BRIDGE)


def amounts(*texts: str) -> tuple[Decimal, ...]:
    return tuple(D(text) for text in texts)


def figures(shop: Shop, names: str, **parts: Any) -> dict[str, Any]:
    row: dict[str, Any] = shop.query(names, **parts).to_records()[0]
    return row


# case 2: refund and goods are two facts


def test_2_refunds_with_and_without_goods(tmp_path: Path) -> None:
    """Three orders of 2 × 50.00 in March.

    o1   12 April: one unit refunded, 50.00 and 9.50 tax; the customer keeps the goods (no restock)
    o2   13 April: both units come back and are put on stock; nothing is paid back (rejected refund, restock)
    o3   14 April: 7.00 of goodwill for no line, no tax; 4.90 of shipping paid back
    """
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "orders": [order(o, "2024-03-05 10:00:00", shipping_amount="4.90") for o in ("o1", "o2", "o3")],
        "order_items": [line(o, "1", "A", 2, "50", tax_amount="19") for o in ("o1", "o2", "o3")],
        "refunds": [
            refund("o1", "2024-04-12", "50", order_line_id="1", quantity=1, tax_amount="9.50"),
            refund("o3", "2024-04-14", "7", kind="goodwill"),
            refund("o3", "2024-04-14", kind="shipping", shipping_amount="4.90"),
        ],
        "returns": [{"return_id": "b2", "order_id": "o2", "initiated_at": "2024-04-10"}],
        "return_items": [{"return_id": "b2", "line_id": "1", "order_id": "o2", "product_id": "A", "quantity": 2}],
    }
    with make_shop(tmp_path, tables) as shop:
        assert bridge(shop, start="2024-03-01", end="2024-03-31") == amounts(
            "300", "0", "0", "300", "57", "14.70", "371.70"
        )
        assert bridge(shop, start="2024-04-01", end="2024-04-30") == amounts(
            "0", "0", "57", "-57", "-9.50", "-4.90", "-71.40"
        )
        assert bridge(shop) == amounts("300", "0", "57", "243", "47.50", "9.80", "300.30")
        assert bridge(shop, where="order_id=o2") == amounts("100", "0", "0", "100", "19", "4.90", "123.90")
        # revenue and what stands on it are before later returns
        assert figures(shop, "revenue,orders,units_sold,average_order_value") == {
            "revenue": D(300), "orders": 3, "units_sold": D(6), "average_order_value": 100.0,
        }  # fmt: skip
        by_product = shop.query("returned_sales", by="product_id").to_records()
        assert {row["product_id"]: row["returned_sales"] for row in by_product} == {"A": D(50), None: D(7)}, (
            "goodwill is of no product"
        )


# case 3: edits and cancellations


def test_3_an_order_that_was_edited_after_it_was_paid(tmp_path: Path) -> None:
    """Known on 2 May: 3 × 20.00 and 1 × 10.00. Known on 4 May: the shop took one unit off and raised the price of B; the order
    states the edit too. What was known on 3 May stays what it was."""
    paid = {
        "orders": [order("o1", "2024-05-01 12:00:00", processed_at="2024-05-01 12:05:00", total_amount="70")],
        "order_items": [line("o1", "1", "A", 3, "20"), line("o1", "2", "B", 1, "10")],
    }
    change = {"order_id": "o1", "edited_at": "2024-05-03"}
    edited = {
        "orders": [order("o1", "2024-05-01 12:00:00", processed_at="2024-05-01 12:05:00", total_amount="52")],
        "order_items": [line("o1", "1", "A", 2, "20"), line("o1", "2", "B", 1, "12")],
        "order_edits": [
            change | {"line_id": "1", "order_line_id": "1", "kind": "quantity", "quantity_change": -1, "amount_change": "-20"},
            change | {"line_id": "2", "order_line_id": "2", "kind": "price", "amount_change": "2"},
        ],
    }  # fmt: skip
    with make_shop(tmp_path, {}, build=False) as shop:
        land(shop, paid, known_at=datetime(2024, 5, 2, tzinfo=UTC), file="paid.csv")
        land(shop, edited, known_at=datetime(2024, 5, 4, tzinfo=UTC), file="edited.csv")
        shop.build()
        assert bridge(shop) == amounts("52", "0", "0", "52", "0", "0", "52")
        assert figures(shop, "orders,units_sold") == {"orders": 1, "units_sold": D(3)}
        assert figures(shop, "net_sales,units_sold", as_of="2024-05-03") == {"net_sales": D(70), "units_sold": D(4)}
        checks = {check["name"]: check["state"] for check in shop.releases.current().record.checks}
        assert checks["sales.orders_tie_out"] == "passed"


def test_3_orders_cancelled_before_and_after_they_were_sent(tmp_path: Path) -> None:
    """o1 stays. o2 is cancelled before it was sent. o3 is sent, then cancelled, and paid back: outside the bridge, the refund with it."""
    cancelled = {"order_status": "cancelled", "cancelled_at": "2024-05-03"}
    tables = {
        "orders": [
            order("o1", "2024-05-01", customer_id="ann", shipping_amount="5"),
            order("o2", "2024-05-01", customer_id="bob", shipping_amount="5", **cancelled),
            order("o3", "2024-05-01", customer_id="cat", shipping_amount="5", shipped_at="2024-05-02", **cancelled),
        ],
        "order_items": [line(o, "1", "A", 1, "30", tax_amount="6", unit_cost="10") for o in ("o1", "o2", "o3")],
        "shipping_lines": [{"line_id": "s3", "order_id": "o3", "amount": "5", "tax_amount": "1"}],
        "refunds": [refund("o3", "2024-05-03", "30", kind="cancellation", tax_amount="6", shipping_amount="5")],
        "order_cancellations": [
            {"order_id": "o3", "line_id": "1", "cancelled_at": "2024-05-03", "is_after_fulfilment": True, "amount": "30"},
        ],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        assert bridge(shop) == amounts("30", "0", "0", "30", "6", "5", "41")
        names = "revenue,orders,units_sold,customers,cost_of_goods_sold,cancellation_rate"
        assert figures(shop, names) == {
            "revenue": D(30), "orders": 1, "units_sold": D(1), "customers": 1, "cost_of_goods_sold": D(10),
            "cancellation_rate": pytest.approx(200 / 3),
        }  # fmt: skip
        assert shop.query("orders", by="order_status").to_records() == [{"order_status": "completed", "orders": 1}]


# case 4: a refund long after


def test_4_a_refund_across_a_clock_change_and_a_fiscal_year(tmp_path: Path) -> None:
    """London; the fiscal year ends on the last Sunday of June: 30 June 2024. Bought on 15 March 2024 (winter time), refunded on
    1 July 2024 at 00:15 summer time, which is 23:15 UTC on 30 June: the first day of FY2025 and of the third quarter."""
    tables = {
        "shops": [{"timezone": "Europe/London"}],
        "orders": [order("o1", "2024-03-15 23:30:00", tax_amount="20", shipping_amount="5")],
        "order_items": [line("o1", "1", "A", 1, "100")],
        "refunds": [refund("o1", "2024-06-30 23:15:00", "100", order_line_id="1", quantity=1, tax_amount="20")],
    }
    with make_shop(tmp_path, tables, fiscal={"preset": "last-sunday-of-june"}) as shop:
        years = shop.query(BRIDGE, grain="fiscal_year")
        assert [bucket.label for bucket in years.buckets] == ["FY2024", "FY2025"]
        assert [tuple(row[name] for name in BRIDGE) for row in years.to_records()] == [
            amounts("100", "0", "0", "100", "20", "5", "125"), amounts("0", "0", "100", "-100", "-20", "0", "-120"),
        ]  # fmt: skip
        days = shop.query("net_sales", grain="day").to_records()
        assert {row["day"].isoformat(): row["net_sales"] for row in days if row["net_sales"]} == {
            "2024-03-15": D(100),
            "2024-07-01": D(-100),
        }
        assert shop.query("net_sales", by="hour").to_records() == [
            {"hour": 0, "net_sales": D(-100)},
            {"hour": 23, "net_sales": D(100)},
        ]
        quarters = shop.query("net_sales", grain="quarter").to_records()
        assert [row["net_sales"] for row in quarters] == [D(100), D(0), D(-100)]


# case 5: prices that include tax


def test_5_tax_in_the_price_and_a_discount_on_the_order(tmp_path: Path) -> None:
    """Prices with 19 % tax in them: 3 × 9.99, 1 × 24.90, 2 × 4.95, and 10.00 off the order. To be paid 54.77; tax in it 8.74.

        line   with tax   share of 10.00   paid     tax     net     gross without tax   discount without tax
        1      29.97      4.63             25.34    4.04    21.30   25.19               3.89
        2      24.90      3.84             21.06    3.36    17.70   20.93               3.23
        3       9.90      1.53              8.37    1.34     7.03    8.32               1.29
                         10.00             54.77    8.74    46.03   54.44               8.41

    Shares of the discount: 4.6273, 3.8444, 1.5285: 4.62 + 3.84 + 1.52 and two cents over, for .8500 and then .7300.
    Shares of the tax: 4.0437, 3.3607, 1.3357: 4.04 + 3.36 + 1.33 and one cent over, for .5700. Gross without tax is with
    tax × net ÷ paid: 29.97 × 21.30 ÷ 25.34 = 25.1918.
    """
    head = {"prices_include_tax": True, "discount_amount": "10", "tax_amount": "8.74", "total_amount": "59.53"}
    shipping = {"shipping_amount": "4", "shipping_tax_amount": "0.76"}
    tables = {
        "orders": [order("o1", "2024-05-01", **head, **shipping)],
        "order_items": [
            line("o1", "1", "A", 3, "9.99"),
            line("o1", "2", "B", 1, "24.90"),
            line("o1", "3", "C", 2, "4.95"),
        ],
    }
    with make_shop(tmp_path, tables) as shop:
        assert bridge(shop) == amounts("54.44", "8.41", "0", "46.03", "9.50", "4", "59.53")
        rows = shop.query(
            "gross_sales,discounts,revenue,taxes", by="product_id", where="product_id is not null"
        ).to_records()
        assert {row.pop("product_id"): tuple(row.values()) for row in rows} == {
            "A": amounts("25.19", "3.89", "21.30", "4.04"), "B": amounts("20.93", "3.23", "17.70", "3.36"),
            "C": amounts("8.32", "1.29", "7.03", "1.34"),
        }  # fmt: skip
        checks = {check["name"]: check["state"] for check in shop.releases.current().record.checks}
        assert checks["sales.orders_tie_out"] == "passed"


def test_5_an_order_given_away_keeps_its_list_price(tmp_path: Path) -> None:
    """Wholly discounted: nothing is paid, so no tax can be taken out of the price."""
    head = {"prices_include_tax": True, "discount_amount": "20"}
    tables = {"orders": [order("o1", "2024-05-01", **head)], "order_items": [line("o1", "1", "A", 2, "10")]}
    with make_shop(tmp_path, tables) as shop:
        assert bridge(shop) == amounts("20", "20", "0", "0", "0", "0", "0")


def test_5_large_amounts_are_split_to_the_cent(tmp_path: Path) -> None:
    """A hundred million of a small currency and a discount of a third of it: products of cents beyond 64 bits."""
    rate = {"currency": "IDR", "exchange_rate": "0.00006"}
    tables = {
        "orders": [order("o1", "2024-05-01", discount_amount="33333333.33", **rate)],
        "order_items": [line("o1", "1", "A", 1, "70000000.01"), line("o1", "2", "B", 1, "30000000.01")],
    }
    with make_shop(tmp_path, tables) as shop:
        rows = shop.query("discounts", by="product_id").to_records()
        # of 33,333,333.33: 23,333,333.3283 and 10,000,000.0017; the cent over goes to the larger remainder
        assert {row["product_id"]: row["discounts"] for row in rows} == {"A": D("1400.00"), "B": D("600.00")}
        assert figures(shop, "discounts") == {"discounts": D("2000.00")}


# case 6: currencies


RATES = [
    {"day": "2024-05-01", "from_currency": "USD", "to_currency": "EUR", "rate": "0.90"},
    {"day": "2024-05-01", "from_currency": "EUR", "to_currency": "JPY", "rate": "160"},
    {"day": "2024-05-01", "from_currency": "EUR", "to_currency": "IDR", "rate": "16900"},
]


def test_6_orders_in_other_currencies(tmp_path: Path) -> None:
    """o1 100.00 USD at its own rate 0.95; o2 10.01 USD at that of the day, 0.90; o3 1,001 JPY at 1 ÷ 160; o4 in EUR, whose stray
    rate says nothing; o5 a thousand million IDR at 1 ÷ 16,900. Each amount is rounded once: 95.00, 9.01 (9.009), 6.26 (6.25625),
    59,171.60 (59,171.5976…). A refund of o1 is at the rate of o1."""
    tables = {
        "orders": [
            order("o1", "2024-05-03", currency="USD", exchange_rate="0.95"),
            order("o2", "2024-05-03", currency="USD"),
            order("o3", "2024-05-03", currency="JPY"),
            order("o4", "2024-05-03", exchange_rate="7"),
            order("o5", "2024-05-03", currency="IDR"),
        ],
        "order_items": [
            line("o1", "1", "A", 1, "100", unit_cost="40"), line("o2", "1", "A", 1, "10.01"), line("o3", "1", "A", 1, "1001"),
            line("o4", "1", "A", 1, "50"), line("o5", "1", "A", 1, "1000000000"),
        ],
        "refunds": [refund("o1", "2024-05-06", "100", order_line_id="1", currency="USD")],
        "shipping_lines": [{"line_id": "s", "order_id": "o2", "amount": "5"}],
        "exchange_rates": RATES,
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        rows = shop.query("gross_sales,returned_sales,shipping_charges", by="order_currency").to_records()
        assert {row.pop("order_currency"): tuple(row.values()) for row in rows} == {
            "USD": amounts("104.01", "95", "4.50"), "EUR": amounts("50", "0", "0"), "JPY": amounts("6.26", "0", "0"),
            "IDR": amounts("59171.60", "0", "0"),
        }  # fmt: skip
        assert bridge(shop, where="order_id=o1") == amounts("95", "0", "95", "0", "0", "0", "0")
        assert figures(shop, "cost_of_goods_sold") == {"cost_of_goods_sold": D(38)}


MISSING = {
    "order": {"orders": [order("o2", "2024-05-08", currency="USD")], "order_items": [line("o2", "1", "A", 1, "10")]},
    "refund": {"refunds": [refund(None, "2024-05-08", "5", currency="USD")]},
    "discount": {"discount_lines": [{"line_id": "d", "amount": "5", "currency": "USD", "applied_at": "2024-05-08"}]},
    "shipping": {"shipping_lines": [{"line_id": "s", "amount": "5", "currency": "USD", "charged_at": "2024-05-08"}]},
    "spend": {"marketing_spend": [{"line_id": "m", "day": "2024-05-08", "amount": "5", "currency": "USD"}]},
    "cost": {
        "product_costs": [
            {"line_id": "c", "product_id": "A", "valid_from": "2024-05-08", "unit_cost": "5", "currency": "USD"}
        ]
    },
}


def test_6_a_missing_rate_is_an_error_that_names_currency_and_day(tmp_path: Path) -> None:
    """The last rate of USD is seven days old on 8 May: too old. Whatever needs it, the build stops and the last release answers on."""
    base = {
        "orders": [order("o1", "2024-05-03")],
        "order_items": [line("o1", "1", "A", 1, "10")],
        "exchange_rates": RATES,
    }
    with make_shop(tmp_path, base) as shop:
        for name, tables in MISSING.items():
            load = land(shop, tables, file=f"{name}.csv")
            with pytest.raises(
                BuildError, match=r"No exchange rate from USD to EUR for 2024-05-08 .*load it into exchange_rates"
            ) as caught:
                shop.build()
            assert (caught.value.details["currency"], caught.value.details["day"]) == ("USD", "2024-05-08"), name
            assert figures(shop, "revenue") == {"revenue": D(10)}
            with shop.database.write() as session:
                session.delete(shop.get_load(load))
        land(shop, MISSING["order"], file="order again.csv")
        land(shop, {"exchange_rates": [RATES[0] | {"day": "2024-05-07", "rate": "0.5"}]}, file="rates.csv")
        assert shop.build().number == 8
        assert figures(shop, "revenue") == {"revenue": D(15)}


def test_6_a_cancelled_order_needs_no_rate(tmp_path: Path) -> None:
    tables = {
        "orders": [order("o1", "2024-05-03"), order("o2", "2024-05-03", currency="USD", order_status="cancelled")],
        "order_items": [line("o1", "1", "A", 1, "10"), line("o2", "1", "A", 1, "10")],
    }
    with make_shop(tmp_path, tables) as shop:
        assert figures(shop, "revenue,cancellation_rate") == {"revenue": D(10), "cancellation_rate": 50.0}


def test_6_another_reporting_currency(tmp_path: Path) -> None:
    """o1 100.00 USD, whose own rate 0.95 led to EUR; o2 50.00 EUR. Reported in GBP, the own rate says nothing any more: the rate
    of the day is taken, 0.80 for USD and 0.85 for EUR."""
    tables = {
        "orders": [order("o1", "2024-05-03", currency="USD", exchange_rate="0.95"), order("o2", "2024-05-03")],
        "order_items": [line("o1", "1", "A", 1, "100"), line("o2", "1", "A", 1, "50")],
    }
    with make_shop(tmp_path, tables) as shop:
        assert figures(shop, "revenue") == {"revenue": D(145)}
    write_settings(tmp_path, currency="GBP")
    with Shop.open(tmp_path) as shop:
        assert shop.query("revenue").currency == "EUR", "until the next build the release answers in its currency"
        with pytest.raises(BuildError, match="No exchange rate from EUR to GBP for 2024-05-03"):
            shop.build()
        land(
            shop,
            {
                "exchange_rates": [
                    {"day": "2024-05-03", "from_currency": of, "to_currency": "GBP", "rate": rate}
                    for of, rate in (("USD", "0.80"), ("EUR", "0.85"))
                ]
            },
            file="rates.csv",
        )
        shop.build()
        answer = shop.query("revenue", by="order_currency")
        assert answer.currency == "GBP"
        assert {row["order_currency"]: row["revenue"] for row in answer.to_records()} == {
            "USD": D("80.00"),
            "EUR": D("42.50"),
        }


# case 7: gift cards


def test_7_a_gift_card_sold_redeemed_and_refunded(tmp_path: Path) -> None:
    """A card is no sale, whether the line says so or the product does. Paying with it changes nothing of the sale it pays.

    o1   1 × gift card 50.00, nothing else        o2   1 × gift card 25.00 (known by its product) and 1 × A 40.00
    o3   2 × A 40.00, paid with the first card    refunds: the card of o1; the card of o2, by product; one A of o3
    """
    card = {"gift_card_id": "g1", "amount": "50", "currency": "EUR"}
    tables = {
        "products": [{"product_id": "A"}, {"product_id": "CARD", "is_gift_card": True}],
        "orders": [order(o, "2024-05-01", customer_id=o) for o in ("o1", "o2", "o3")],
        "order_items": [
            line("o1", "1", "VOUCHER", 1, "50", is_gift_card=True),
            line("o2", "1", "CARD", 1, "25"), line("o2", "2", "A", 1, "40"),
            line("o3", "1", "A", 2, "40"),
        ],
        "gift_card_entries": [
            card | {"line_id": "1", "order_id": "o1", "kind": "sold", "occurred_at": "2024-05-01"},
            card | {"line_id": "2", "order_id": "o3", "kind": "redeemed", "occurred_at": "2024-05-02"},
        ],
        "payments": [
            {"line_id": "p1", "order_id": "o3", "amount": "50", "payment_method": "gift card", "gift_card_id": "g1"},
            {"line_id": "p2", "order_id": "o3", "amount": "30", "payment_method": "card"},
        ],
        "refunds": [
            refund("o1", "2024-05-05", "50", order_line_id="1", quantity=1),
            refund("o2", "2024-05-05", "25", product_id="CARD", quantity=1),
            refund("o2", "2024-05-06", "25", kind="gift_card"),
            refund("o3", "2024-05-05", "40", order_line_id="1", quantity=1),
        ],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        assert bridge(shop) == amounts("120", "0", "40", "80", "0", "0", "80")
        # an order of gift cards alone sells nothing: no order, no customer
        assert figures(shop, "orders,customers,units_sold,average_order_value") == {
            "orders": 2, "customers": 2, "units_sold": D(3), "average_order_value": 60.0,
        }  # fmt: skip
        assert shop.query("revenue", by="product_id").to_records() == [{"product_id": "A", "revenue": D(120)}]


def test_7_a_customer_whose_first_order_was_a_gift_card_is_new_with_the_first_goods(tmp_path: Path) -> None:
    tables = {
        "orders": [order("o1", "2024-05-01", customer_id="ann"), order("o2", "2024-06-01", customer_id="ann")],
        "order_items": [line("o1", "1", "CARD", 1, "50", is_gift_card=True), line("o2", "1", "A", 1, "9")],
    }
    with make_shop(tmp_path, tables) as shop:
        assert figures(shop, "new_customers,customers,repeat_purchase_rate", start="2024-06-01", end="2024-06-30") == {
            "new_customers": 1, "customers": 1, "repeat_purchase_rate": 0.0,
        }  # fmt: skip


# case 8: bundles


def test_8_a_bundle_and_its_components(tmp_path: Path) -> None:
    """The line of the bundle carries the sale, 90.00; its components say what is in it, at 0.00 or at their list prices. One
    component comes back: 30.00 of it. Four bundles share the component C."""
    tables = {
        "orders": [order("o1", "2024-05-01", discount_amount="9"), order("o2", "2024-05-01")],
        "order_items": [
            line("o1", "1", "BUNDLE1", 1, "90", unit_cost="30"),
            line("o1", "2", "C", 2, "35", parent_line_id="1", unit_cost="10"), line("o1", "3", "D", 1, "40", parent_line_id="1"),
            *(line("o2", f"{n}", f"BUNDLE{n}", 1, "20") for n in range(1, 5)),
            *(line("o2", f"{n}c", "C", 1, "0", parent_line_id=f"{n}") for n in range(1, 5)),
        ],
        "refunds": [refund("o1", "2024-05-09", "30", order_line_id="2", quantity=1)],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        assert bridge(shop) == amounts("170", "9", "30", "131", "0", "0", "131")
        rows = shop.query("revenue,units_sold,returned_sales", by="product_id", sort="product_id").to_records()
        assert [(row["product_id"], row["revenue"], row["units_sold"], row["returned_sales"]) for row in rows] == [
            ("BUNDLE1", D(101), D(2), D(0)), ("BUNDLE2", D(20), D(1), D(0)), ("BUNDLE3", D(20), D(1), D(0)),
            ("BUNDLE4", D(20), D(1), D(0)), ("C", D(0), D(0), D(30)),
        ]  # fmt: skip
        # a bundle is one product: o1 has one, o2 four
        assert figures(shop, "cross_sell_rate,cost_of_goods_sold") == {
            "cross_sell_rate": 50.0,
            "cost_of_goods_sold": D(30),
        }


# case 9: sold in one year, sent in the next


def test_9_a_pre_order_across_the_year_end(tmp_path: Path) -> None:
    """Placed on 28 December 2023, paid on 2 January, sent on 15 January 2024: sales of 2023. The part that never came is refunded in
    February 2024. A shipping charge is of the day it was charged; undated, of the day of the order."""
    later = {"processed_at": "2024-01-02 09:00:00", "shipped_at": "2024-01-15 09:00:00"}
    tables = {
        "orders": [order("o1", "2023-12-28 09:00:00", customer_id="ann", **later)],
        "order_items": [line("o1", "1", "A", 2, "60", fulfilled_quantity=1)],
        "shipping_lines": [
            {"line_id": "s1", "order_id": "o1", "amount": "6", "charged_at": "2024-01-15 09:00:00"},
            {"line_id": "s2", "order_id": "o1", "amount": "3"},
        ],
        "refunds": [refund("o1", "2024-02-01", "60", order_line_id="1", quantity=1)],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        assert bridge(shop, start="2023-01-01", end="2023-12-31") == amounts("120", "0", "0", "120", "0", "3", "123")
        assert bridge(shop, start="2024-01-01", end="2024-12-31") == amounts("0", "0", "60", "-60", "0", "6", "-54")
        years = shop.query("orders,new_customers,revenue", grain="year").to_records()
        assert [(row["orders"], row["new_customers"], row["revenue"]) for row in years] == [
            (1, 1, D(120)),
            (0, 0, D(0)),
        ]


# case 12, the fiscal years, is in tests/soundness/test_time.py and tests/core/test_fiscal.py


# what belongs to no case but must not be lost


def test_nothing_that_moves_money_is_lost(tmp_path: Path) -> None:
    """A discount meant for a line that is not there counts on the order; entries of orders nobody knows count on their own day."""
    tables = {
        "orders": [order("o1", "2024-05-01"), order("t", "2024-05-01", is_test=True)],
        "order_items": [line("o1", "1", "A", 1, "30"), line("o1", "2", "B", 1, "10"), line("t", "1", "A", 1, "500")],
        "discount_lines": [
            {"line_id": "d1", "order_id": "o1", "order_line_id": "1", "amount": "3"},
            {"line_id": "d2", "order_id": "o1", "order_line_id": "not there", "amount": "4"},
            {"line_id": "d3", "order_id": "unknown", "amount": "1", "applied_at": "2024-05-02"},
            {"line_id": "d4", "order_id": "t", "amount": "100", "applied_at": "2024-05-02"},
        ],
        "shipping_lines": [{"line_id": "s1", "order_id": "unknown", "amount": "5", "charged_at": "2024-05-02"}],
        "refunds": [refund("unknown", "2024-05-02", "2", channel="web"), refund("t", "2024-05-02", "500")],
    }
    with make_shop(tmp_path, tables) as shop:
        assert bridge(shop) == amounts("40", "8", "2", "30", "0", "5", "35")
        rows = shop.query("discounts", by="product_id").to_records()
        # of the 4.00, A takes 27 parts and B 10: 2.92 and 1.08
        assert {row["product_id"]: row["discounts"] for row in rows} == {"A": D("5.92"), "B": D("1.08"), None: D(1)}
        assert shop.query("returned_sales", by="channel").to_records() == [{"channel": "web", "returned_sales": D(2)}]


def test_the_cost_of_the_day_where_a_line_states_none(tmp_path: Path) -> None:
    """A costs 10.00 from January, 12.00 from June at its usual supplier, 9.00 at another from July; in the outlet 8.00 from May.

    o1 February 10.00   o2 June 12.00   o3 August 12.00 (usual supplier)   o4 August, line of the other supplier 9.00
    o5 June, outlet 8.00   o6 December 2023 unknown   o7 states 7.00, whatever the table says   o8 product without a cost: unknown
    """
    costs = [
        ("2024-01-01", "10", "usual", None),
        ("2024-06-01", "12", "usual", None),
        ("2024-07-01", "9", "other", None),
        ("2024-05-01", "8", None, "outlet"),
    ]
    placed = [
        ("o1", "2024-02-01", {}, {}), ("o2", "2024-06-01", {}, {}), ("o3", "2024-08-01", {}, {}),
        ("o4", "2024-08-01", {}, {"supplier_id": "other"}), ("o5", "2024-06-02", {"location_id": "outlet"}, {}),
        ("o6", "2023-12-31", {}, {}), ("o7", "2024-08-02", {}, {"unit_cost": "7"}), ("o8", "2024-08-02", {}, {"product_id": "B"}),
    ]  # fmt: skip
    cost_of_a = {"product_id": "A", "currency": "EUR"}
    tables = {
        "products": [{"product_id": "A", "supplier_id": "usual"}, {"product_id": "B"}],
        "orders": [order(o, day, **head) for o, day, head, _ in placed],
        "order_items": [line(o, "1", "A", 1, "20") | more for o, _, _, more in placed],
        "product_costs": [
            cost_of_a | {"line_id": f"{n}", "valid_from": day, "unit_cost": cost, "supplier_id": supplier, "location_id": place}
            for n, (day, cost, supplier, place) in enumerate(costs)
        ],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        rows = shop.query("cost_of_goods_sold", by="order_id").to_records()
        assert {row["order_id"]: row["cost_of_goods_sold"] for row in rows} == {
            "o1": D(10), "o2": D(12), "o3": D(12), "o4": D(9), "o5": D(8), "o7": D(7),
        }  # fmt: skip
        assert figures(shop, "gross_profit,cost_coverage_rate") == {"gross_profit": D(62), "cost_coverage_rate": 75.0}
        # a later cost never rewrites an old margin
        land(
            shop,
            {
                "product_costs": [
                    {
                        "line_id": "9",
                        "product_id": "A",
                        "valid_from": "2024-09-01",
                        "unit_cost": "1",
                        "currency": "EUR",
                        "supplier_id": "usual",
                    }
                ]
            },
            file="new.csv",
        )
        shop.build()
        assert figures(shop, "cost_of_goods_sold") == {"cost_of_goods_sold": D(58)}
