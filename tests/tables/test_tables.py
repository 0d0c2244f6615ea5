"""The canonical tables: they are valid in an engine, they fit together, and every column of the source documents has a
home."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from tillsight.core.errors import NotFoundError
from tillsight.tables.reference import DOMAIN_TITLES, TYPES, UNITS, render
from tillsight.tables.registry import TABLES, table
from tillsight.tables.schema import DUCKDB_TYPES, IBIS_TYPES, SHOP, Check, Column, Table, ddl, header_key

ROOT = Path(__file__).resolve().parents[2]
ALL = pytest.mark.parametrize("declared", TABLES.values(), ids=TABLES)

NAMES = [
    "shops", "business_units", "exchange_rates", "fiscal_calendar", "products", "orders", "order_items",
    "discount_lines", "tax_lines", "shipping_lines", "refunds", "payments", "gift_card_entries", "account_entries",
    "order_edits", "order_cancellations", "shipments", "customers", "customer_attributes", "customer_consents",
    "campaign_members", "marketing_spend", "reviews", "support_tickets", "locations", "suppliers",
    "inventory_movements", "stock_snapshots", "stock_counts", "purchase_orders", "transfers", "returns",
    "return_items", "return_events", "exchanges", "ad_campaigns", "ad_groups", "ads", "ad_keywords",
    "ad_performance", "search_terms", "auction_insights", "web_sessions", "web_events", "touch_points",
    "price_changes", "product_costs", "competitor_prices", "promotions", "promotion_products", "bundles", "seasons",
    "season_budgets", "season_spend", "season_milestones", "season_forecasts", "season_results", "site_performance",
    "loyalty_members", "offers", "offer_products", "offer_events", "subscriptions", "points",
]  # fmt: skip

UNITS_KNOWN = {
    None, "money", "units", "count", "percent", "ratio", "score", "points", "ordinal", "days", "months", "year", "seconds",
    "ms", "g", "cm", "m²", "degrees",
}  # fmt: skip

# What the sales ledger stands on: the columns, and those that are never unknown (marked !).
SALES = {
    "orders": "shop_id! order_id! customer_id email phone placed_at! processed_at shipped_at cancelled_at "
    "order_status! "
    "is_test! is_deleted! currency! exchange_rate prices_include_tax! subtotal discount_amount! tax_amount! "
    "shipping_amount! shipping_tax_amount total_amount payment_method shipping_method channel traffic_source "
    "device_type "
    "referrer campaign_id location_id business_unit_id city state postcode country",
    "order_items": "shop_id! order_id! line_id! product_id product_name quantity! unit_price! unit_cost "
    "discount_amount! "
    "tax_amount! total_amount size colour is_gift_card! parent_line_id fulfilled_quantity",
    "discount_lines": "shop_id! line_id! order_id order_line_id amount! code promotion_id applied_at",
    "tax_lines": "shop_id! order_id! line_id! order_line_id amount! name rate jurisdiction",
    "shipping_lines": "shop_id! line_id! order_id amount! tax_amount! charged_at method",
    "refunds": "shop_id! refund_id! line_id! order_id order_line_id product_id quantity! amount! tax_amount! "
    "shipping_amount! refunded_at! currency kind! reason channel country",
    "account_entries": "shop_id! entry_id! line_id! kind! amount! description document_id occurred_at! currency!",
    "gift_card_entries": "shop_id! gift_card_id! line_id! order_id kind! amount! occurred_at!",
}

PERSONAL = {
    "orders": {"email", "phone"},
    "order_edits": {"edited_by"},
    "customers": {"customer_name", "first_name", "last_name", "email", "phone", "company", "address", "birth_date"},
    "customer_attributes": {"value"},
    "support_tickets": {"subject", "agent"},
    "locations": {"address"},
    "suppliers": {"contact_name", "email", "phone", "address"},
    "stock_counts": {"counted_by"},
    "return_events": {"actor"},
    "price_changes": {"changed_by"},
    "season_milestones": {"responsible_party"},
}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """All tables, empty, as their declarations make them."""
    with duckdb.connect() as connection:
        for declared in TABLES.values():
            connection.execute(ddl(declared))
        yield connection


# ------------------------------------------------------------------------------------------------- the registry


def test_every_table_is_there_once_and_by_domain() -> None:
    assert list(TABLES) == NAMES
    assert [declared.name for declared in TABLES.values()] == NAMES
    domains = list(dict.fromkeys(declared.domain for declared in TABLES.values()))
    assert domains == list(DOMAIN_TITLES)
    assert len({declared.title for declared in TABLES.values()}) == len(TABLES)


def test_a_wrong_name_is_an_error_that_names_near_ones() -> None:
    assert table("orders") is TABLES["orders"]
    with pytest.raises(NotFoundError, match="There is no table order_item; did you mean order_items") as caught:
        table("order_item")
    assert caught.value.details["near"][0] == "order_items"
    with pytest.raises(NotFoundError, match=r"There is no table zzz\.$"):
        table("zzz")


# --------------------------------------------------------------------------------------------------- the engine


@ALL
def test_ddl_makes_the_declared_columns(declared: Table, database: duckdb.DuckDBPyConnection) -> None:
    made = {name: (kind, null) for name, kind, null, *_ in database.execute(f"DESCRIBE {declared.name}").fetchall()}
    assert list(made) == list(declared.column_names)
    for column in declared.columns:
        kind = DUCKDB_TYPES[column.type].replace(" ", "")
        assert made[column.name] == (kind, "NO" if column.required or column.name in declared.key else "YES")


@ALL
def test_ddl_is_read_by_other_engines(declared: Table) -> None:
    for dialect in ("duckdb", "postgres"):
        (statement,) = sqlglot.parse(ddl(declared), read=dialect)
        assert isinstance(statement, exp.Create)


@ALL
def test_defaults_and_bounds_can_be_kept(declared: Table, database: duckdb.DuckDBPyConnection) -> None:
    for column in declared.columns:
        where = f"{declared.name}.{column.name}"
        if column.default is not None:
            database.execute(f"SELECT CAST(? AS {DUCKDB_TYPES[column.type]})", [column.default])
            assert not column.values or column.default in column.values, where
        if column.minimum is not None or column.maximum is not None:
            assert column.type in {"integer", "quantity", "money", "rate", "number"}, where
        if column.minimum is not None and column.maximum is not None:
            assert column.minimum < column.maximum, where


# --------------------------------------------------------------------------------------------- how they fit


@ALL
def test_references_lead_to_a_column_of_the_same_type(declared: Table) -> None:
    for column in declared.columns:
        if column.references:
            name, target = column.references.split(".")
            assert name in TABLES, f"{declared.name}.{column.name}"
            assert TABLES[name].column(target).type == column.type
            assert target in TABLES[name].key


def test_keys_are_declared_and_never_unknown() -> None:
    for declared in TABLES.values():
        assert declared.columns[0] is SHOP
        assert len(set(declared.key)) == len(declared.key)
        assert all(declared.column(name).required for name in declared.key), declared.name
        if "line_id" in declared.column_names:
            assert declared.key[-1] == "line_id", declared.name
        if declared.time:
            assert declared.column(declared.time).type in {"day", "moment"}


@ALL
def test_a_header_means_one_column(declared: Table) -> None:
    owners: dict[str, str] = {}
    for column in declared.columns:
        headers = [column.name, *column.synonyms, *column.time_headers]
        keys = ["".join(re.findall("[a-z0-9]", header.lower())) for header in headers]
        assert len(set(keys)) == len(keys), f"{declared.name}.{column.name} lists a header twice"
        for key in keys:
            assert owners.setdefault(key, column.name) == column.name, f"{declared.name}: {key}"


def test_a_header_of_two_columns_is_refused() -> None:
    first, second = Column("a", "text", "A.", synonyms=("Size",)), Column("b", "text", "B.", synonyms=("si_ze",))
    with pytest.raises(ValueError, match="the header si_ze means both a and b"):
        Table("t", "T", "sales", "One.", ("shop_id",), (SHOP, first, second))


def test_line_from_needs_a_line_id() -> None:
    with pytest.raises(ValueError, match="line_from needs line_id"):
        Table("t", "T", "sales", "One.", ("shop_id",), (SHOP,), line_from=("shop_id",))
    with pytest.raises(ValueError, match=r"unknown column.*nothing"):
        Table("t", "T", "sales", "One.", ("shop_id",), (SHOP,), line_from=("nothing",))


def test_headers_are_compared_without_case_spaces_and_punctuation() -> None:
    assert header_key("Order ID") == header_key("order_id") == header_key("ORDER-Id.") == "orderid"
    assert header_key("Größe") != header_key("Grosse2")
    assert header_key("Ｓｋｕ") == "sku"


@ALL
def test_codes_are_lower_case_and_their_synonyms_lead_to_them(declared: Table) -> None:
    for column in declared.columns:
        where = f"{declared.name}.{column.name}"
        others = [other for other, _ in column.value_synonyms]
        assert {code for _, code in column.value_synonyms} <= set(column.values), where
        assert not set(others) & set(column.values), where
        assert len(set(others)) == len(others), where
        assert all(code == code.lower() for code in (*column.values, *others)), where
        assert not column.values or column.type == "text", where


@ALL
def test_units_are_known_and_fit_the_type(declared: Table) -> None:
    for column in declared.columns:
        where = f"{declared.name}.{column.name}"
        assert column.unit in UNITS_KNOWN, where
        if column.type in {"text", "boolean", "day", "moment"}:
            assert column.unit is None, where
        elif column.type != "money" and column.name != "bid_target":
            assert column.unit is not None, where
    # A reduction is money, percent or points, by its kind.
    no_unit = {column.name for column in declared.columns if column.type == "money" and column.unit is None}
    assert no_unit <= {"discount_value"}


def test_money_has_a_currency() -> None:
    # Parts of an order are in the order's currency.
    without = {
        declared.name
        for declared in TABLES.values()
        if any(column.type == "money" for column in declared.columns) and "currency" not in declared.column_names
    }
    assert without == {"order_items"}


@ALL
def test_everything_is_described(declared: Table) -> None:
    assert declared.grain.endswith(".")
    for column in declared.columns:
        assert column.description.endswith("."), f"{declared.name}.{column.name}"
        assert column.description[0].isupper() or column.description.split()[0].strip(":") in column.values
    for check in declared.checks:
        assert check.description.endswith("."), check.name


def test_personal_columns_are_marked() -> None:
    marked = {
        name: {column.name for column in declared.columns if column.personal} for name, declared in TABLES.items()
    }
    assert {name: columns for name, columns in marked.items() if columns} == PERSONAL


@pytest.mark.parametrize("name", SALES)
def test_sales_tables_have_what_the_ledger_stands_on(name: str) -> None:
    for word in SALES[name].split():
        column = TABLES[name].column(word.rstrip("!"))
        assert column.required == word.endswith("!"), f"{name}.{column.name}"


# ------------------------------------------------------------------------------------------------------- checks

# For every check a row that passes and one that does not; what a row leaves out takes a harmless value.
CASES: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {
    ("shops", "opened_before_closed"): (
        {"opened_date": "2020-01-01", "closed_date": "2020-01-01"},
        {"opened_date": "2020-01-02", "closed_date": "2020-01-01"},
    ),
    ("business_units", "no_own_parent"): (
        {"business_unit_id": "a", "parent_business_unit_id": "b"},
        {"business_unit_id": "a", "parent_business_unit_id": "a"},
    ),
    ("exchange_rates", "rate_above_zero"): ({"rate": "0.000001"}, {"rate": "0"}),
    ("exchange_rates", "own_rate_is_one"): (
        {"from_currency": "EUR", "to_currency": "GBP", "rate": "0.86"},
        {"from_currency": "EUR", "to_currency": "EUR", "rate": "0.86"},
    ),
    ("fiscal_calendar", "ends_after_start"): (
        {"start_date": "2024-01-01", "end_date": "2024-01-07"},
        {"start_date": "2024-01-08", "end_date": "2024-01-07"},
    ),
    ("products", "price_within_limits"): (
        {"minimum_price": 5, "current_price": 9, "maximum_price": 9},
        {"minimum_price": 5, "current_price": 4.99},
    ),
    ("products", "list_price_is_highest"): ({"list_price": 9, "current_price": 9}, {"list_price": 8, "current_price": 9}),
    ("products", "launch_before_end"): (
        {"launch_date": "2024-01-01", "discontinued_date": "2024-06-01"},
        {"launch_date": "2024-01-01", "discontinued_date": "2023-06-01"},
    ),
    ("orders", "discount_not_negative"): ({"discount_amount": 0}, {"discount_amount": "-0.01"}),
    ("orders", "tax_not_negative"): ({"tax_amount": 0}, {"tax_amount": "-0.01"}),
    ("orders", "shipping_not_negative"): ({"shipping_amount": 0}, {"shipping_amount": "-0.01"}),
    ("orders", "rate_above_zero"): ({"exchange_rate": "1.1"}, {"exchange_rate": "0"}),
    ("orders", "shipped_after_placed"): (
        {"placed_at": "2024-03-01 17:00", "shipped_at": "2024-03-01 00:00"},
        {"placed_at": "2024-03-03 00:01", "shipped_at": "2024-03-02 00:00"},
    ),
    ("orders", "cancelled_after_placed"): (
        {"placed_at": "2024-03-01 17:00", "cancelled_at": "2024-03-02"},
        {"placed_at": "2024-03-01 17:00", "cancelled_at": "2024-02-02"},
    ),
    ("orders", "cancelled_has_status"): (
        {"cancelled_at": "2024-03-02", "order_status": "cancelled"},
        {"cancelled_at": "2024-03-02", "order_status": "completed"},
    ),
    ("order_items", "discount_within_line"): (
        {"unit_price": "2.55", "quantity": 3, "discount_amount": "7.65"},
        {"unit_price": "2.55", "quantity": 3, "discount_amount": "7.66"},
    ),
    ("order_items", "not_fulfilled_beyond_order"): (
        {"quantity": "1.5", "fulfilled_quantity": "1.5"},
        {"quantity": "1.5", "fulfilled_quantity": 2},
    ),
    ("order_items", "tax_not_negative"): ({"tax_amount": "0.42"}, {"tax_amount": "-0.42"}),
    ("refunds", "shipping_names_no_goods"): (
        {"kind": "shipping", "shipping_amount": 5, "quantity": 0, "amount": 0},
        {"kind": "shipping", "shipping_amount": 5, "quantity": 1, "amount": 0},
    ),
    ("refunds", "rate_above_zero"): ({"exchange_rate": None}, {"exchange_rate": -1}),
    ("refunds", "goods_name_their_product"): (
        {"kind": "goods", "quantity": 1, "order_line_id": "1"},
        {"kind": "goods", "quantity": 1},
    ),
    ("payments", "sign_fits_kind"): ({"kind": "refund", "amount": -5}, {"kind": "payment", "amount": -5}),
    ("gift_card_entries", "sold_is_positive"): ({"kind": "sold", "amount": 50}, {"kind": "sold", "amount": -50}),
    ("gift_card_entries", "spent_is_negative"): ({"kind": "redeemed", "amount": -5}, {"kind": "expired", "amount": 5}),
    ("gift_card_entries", "expires_after_sale"): (
        {"kind": "sold", "occurred_at": "2024-01-01 12:00", "expires_date": "2024-01-01"},
        {"kind": "sold", "occurred_at": "2024-01-01 12:00", "expires_date": "2023-12-31"},
    ),
    ("shipments", "delivered_after_shipped"): (
        {"shipped_at": "2024-01-02", "delivered_at": "2024-01-03"},
        {"shipped_at": "2024-01-05", "delivered_at": "2024-01-03"},
    ),
    ("shipments", "return_is_inbound"): (
        {"return_id": "r", "direction": "inbound"},
        {"return_id": "r", "direction": "outbound"},
    ),
    ("customers", "purchase_after_registration"): (
        {"registered_at": "2024-01-02 08:00", "last_purchase_date": "2024-01-02", "total_orders": 1},
        {"registered_at": "2024-01-02 08:00", "last_purchase_date": "2024-01-01", "total_orders": 1},
    ),
    ("campaign_members", "names_somebody"): ({"member_id": "m"}, {}),
    ("reviews", "answer_after_review"): (
        {"reviewed_at": "2024-01-02", "answered_at": "2024-01-02"},
        {"reviewed_at": "2024-01-05", "answered_at": "2024-01-02"},
    ),
    ("support_tickets", "answered_after_opened"): (
        {"opened_at": "2024-01-02", "first_response_at": "2024-01-02"},
        {"opened_at": "2024-01-05", "first_response_at": "2024-01-02"},
    ),
    ("support_tickets", "solved_after_opened"): (
        {"opened_at": "2024-01-02", "solved_at": "2024-01-09"},
        {"opened_at": "2024-01-05", "solved_at": "2024-01-02"},
    ),
    ("locations", "opened_before_closed"): (
        {"opened_date": "2020-01-01", "closed_date": "2021-01-01"},
        {"opened_date": "2022-01-01", "closed_date": "2021-01-01"},
    ),
    ("inventory_movements", "quantity_not_zero"): ({"quantity": "0.5"}, {"quantity": 0}),
    ("inventory_movements", "sign_fits_type"): (
        {"movement_type": "write_off", "quantity": -1},
        {"movement_type": "purchase", "quantity": -1},
    ),
    ("stock_snapshots", "available_within_on_hand"): (
        {"quantity_on_hand": 5, "quantity_available": 5},
        {"quantity_on_hand": 5, "quantity_available": 6},
    ),
    ("stock_snapshots", "on_hand_not_negative"): ({"quantity_on_hand": 0}, {"quantity_on_hand": -1}),
    ("purchase_orders", "expected_after_order"): (
        {"order_date": "2024-01-01", "expected_date": "2024-01-31"},
        {"order_date": "2024-02-01", "expected_date": "2024-01-31"},
    ),
    ("purchase_orders", "received_after_order"): (
        {"order_date": "2024-01-01", "received_date": "2024-01-31"},
        {"order_date": "2024-02-01", "received_date": "2024-01-31"},
    ),
    ("purchase_orders", "rejected_within_received"): (
        {"quantity_received": 10, "quantity_rejected": 10},
        {"quantity_received": 10, "quantity_rejected": 11},
    ),
    ("transfers", "received_after_sent"): (
        {"sent_at": "2024-01-01", "received_at": "2024-01-03"},
        {"sent_at": "2024-01-05", "received_at": "2024-01-03"},
    ),
    ("transfers", "between_two_places"): (
        {"from_location_id": "a", "to_location_id": "b"},
        {"from_location_id": "a", "to_location_id": "a"},
    ),
    ("transfers", "received_within_sent"): (
        {"quantity_sent": 5, "quantity_received": 4},
        {"quantity_sent": 5, "quantity_received": 6},
    ),
    ("returns", "received_after_start"): (
        {"initiated_at": "2024-01-01", "received_at": "2024-01-03"},
        {"initiated_at": "2024-01-05", "received_at": "2024-01-03"},
    ),
    ("returns", "inspected_after_receipt"): (
        {"received_at": "2024-01-03", "inspected_at": "2024-01-04"},
        {"received_at": "2024-01-06", "inspected_at": "2024-01-04"},
    ),
    ("returns", "completed_after_start"): (
        {"initiated_at": "2024-01-01", "completed_at": "2024-01-09"},
        {"initiated_at": "2024-01-11", "completed_at": "2024-01-09"},
    ),
    ("returns", "step_fits_status"): (
        {"workflow_step": "inspected", "return_status": "approved"},
        {"workflow_step": "in_transit", "return_status": "pending"},
    ),
    ("return_items", "only_resaleable_is_restocked"): (
        {"disposition": "restocked", "resaleable": True},
        {"disposition": "restocked", "resaleable": False},
    ),
    ("return_items", "scrapped_has_no_value"): (
        {"disposition": "scrapped", "restocked_value": 0},
        {"disposition": "kept_by_customer", "restocked_value": 3},
    ),
    ("ad_campaigns", "ends_after_start"): (
        {"start_date": "2024-01-01", "end_date": None},
        {"start_date": "2024-01-02", "end_date": "2024-01-01"},
    ),
    ("ad_performance", "clicks_within_impressions"): ({"clicks": 5, "impressions": 5}, {"clicks": 6, "impressions": 5}),
    ("ad_performance", "reach_within_impressions"): ({"reach": 5, "impressions": 5}, {"reach": 6, "impressions": 5}),
    ("ad_performance", "spend_in_default_window"): (
        {"attribution_window": "7d_click", "conversions": 2},
        {"attribution_window": "7d_click", "spend": 10},
    ),
    ("search_terms", "clicks_within_impressions"): ({"clicks": 0, "impressions": 5}, {"clicks": 6, "impressions": 5}),
    ("web_sessions", "bounce_has_one_page"): ({"is_bounce": True, "page_views": 1}, {"is_bounce": True, "page_views": 2}),
    ("web_sessions", "bounce_buys_nothing"): ({"is_bounce": False, "purchases": 1}, {"is_bounce": True, "purchases": 1}),
    ("touch_points", "belongs_to_somebody"): ({"session_id": "s"}, {}),
    ("price_changes", "price_really_changes"): ({"old_price": 9, "new_price": 8}, {"old_price": 9, "new_price": "9.00"}),
    ("product_costs", "landed_cost_not_below_cost"): (
        {"unit_cost": 5, "landed_cost": 6},
        {"unit_cost": 5, "landed_cost": 4},
    ),
    ("promotions", "ends_after_start"): (
        {"start_date": "2024-01-01", "end_date": "2024-01-01"},
        {"start_date": "2024-01-02", "end_date": "2024-01-01"},
    ),
    ("promotions", "percent_up_to_100"): (
        {"discount_type": "dollar_off", "discount_value": 120},
        {"discount_type": "percent_off", "discount_value": 120},
    ),
    ("bundles", "not_its_own_part"): (
        {"bundle_product_id": "a", "component_product_id": "b"},
        {"bundle_product_id": "a", "component_product_id": "a"},
    ),
    ("bundles", "has_units"): ({"quantity": 2}, {"quantity": 0}),
    ("bundles", "ends_after_start"): (
        {"valid_from": "2024-01-01", "valid_to": "2024-01-01"},
        {"valid_from": "2024-01-02", "valid_to": "2024-01-01"},
    ),
    ("seasons", "ends_after_start"): (
        {"start_date": "2024-11-29", "end_date": "2024-12-02"},
        {"start_date": "2024-12-29", "end_date": "2024-12-02"},
    ),
    ("season_milestones", "done_has_status"): (
        {"completed_date": "2024-01-01", "status": "completed"},
        {"completed_date": "2024-01-01", "status": "overdue"},
    ),
    ("season_milestones", "deadline_after_start"): (
        {"start_date": "2024-01-01", "deadline": "2024-01-02"},
        {"start_date": "2024-01-03", "deadline": "2024-01-02"},
    ),
    ("site_performance", "errors_within_requests"): ({"requests": 9, "errors": 9}, {"requests": 9, "errors": 10}),
    ("loyalty_members", "left_after_joined"): (
        {"joined_at": "2024-01-01", "left_at": "2024-02-01"},
        {"joined_at": "2024-03-01", "left_at": "2024-02-01"},
    ),
    ("offers", "ends_after_start"): (
        {"start_date": "2024-01-01", "end_date": "2024-01-07"},
        {"start_date": "2024-01-08", "end_date": "2024-01-07"},
    ),
    ("offers", "percent_up_to_100"): (
        {"discount_type": "percent_off", "discount_value": 100},
        {"discount_type": "percent_off", "discount_value": 101},
    ),
    ("offer_events", "names_somebody"): ({"member_id": "m"}, {}),
    ("offer_events", "control_never_redeems"): (
        {"is_control": True, "event": "allocated"},
        {"is_control": True, "event": "redeemed"},
    ),
    ("subscriptions", "ends_after_start"): (
        {"started_at": "2024-01-01", "ended_at": "2024-02-01"},
        {"started_at": "2024-03-01", "ended_at": "2024-02-01"},
    ),
    ("subscriptions", "cancelled_after_start"): (
        {"started_at": "2024-01-01", "cancelled_at": "2024-01-01"},
        {"started_at": "2024-03-01", "cancelled_at": "2024-02-01"},
    ),
    ("points", "sign_fits_kind"): ({"kind": "redeemed", "points": -100}, {"kind": "earned", "points": -1}),
}  # fmt: skip

CHECKS = [(declared, check) for declared in TABLES.values() for check in declared.checks]
EACH_CHECK = pytest.mark.parametrize(("declared", "check"), CHECKS, ids=[f"{t.name}.{c.name}" for t, c in CHECKS])


def harmless(column: Column) -> Any:
    """A value that a required column may have."""
    if column.default is not None:
        return column.default
    if column.values:
        return column.values[0]
    samples = {"text": "x", "boolean": False, "day": "2024-01-01", "moment": "2024-01-01"}
    return samples.get(column.type, Decimal(max(1, column.minimum or 1)))


def fails(database: duckdb.DuckDBPyConnection, declared: Table, check: Check, values: dict[str, Any]) -> bool:
    row = {column.name: harmless(column) for column in declared.columns if column.required} | values
    database.begin()
    try:
        marks = ", ".join("?" for _ in row)
        database.execute(f"INSERT INTO {declared.name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        return database.execute(f"SELECT 1 FROM {declared.name} WHERE NOT ({check.condition})").fetchone() is not None
    finally:
        database.rollback()


def test_every_check_has_a_case() -> None:
    assert set(CASES) == {(declared.name, check.name) for declared, check in CHECKS}


@EACH_CHECK
def test_a_check_finds_the_bad_row_only(declared: Table, check: Check, database: duckdb.DuckDBPyConnection) -> None:
    good, bad = CASES[declared.name, check.name]
    assert not fails(database, declared, check, good)
    assert fails(database, declared, check, bad)


@EACH_CHECK
def test_checks_are_read_by_every_engine(declared: Table, check: Check) -> None:
    for dialect in ("duckdb", "postgres", "spark"):
        condition = sqlglot.parse_one(check.condition, read=dialect)
        assert condition is not None
        assert {column.name for column in condition.find_all(exp.Column)} <= set(declared.column_names)
        assert not list(condition.find_all(exp.Anonymous)), "a function that only one engine knows"


# ---------------------------------------------------------------------------------------- the source documents

# Where the columns of the source documents live: document → their table → their column → ours.
DATA_MODEL = {
    "products": {
        "sku": "products.product_id",
        "product_name": "products.product_name",
        "description": "products.description",
        "category": "products.category",
        "sub_category": "products.sub_category",
        "brand": "products.brand",
        "supplier_id": "products.supplier_id",
        "unit_cost": "products.unit_cost",
        "current_price": "products.current_price",
        "list_price": "products.list_price",
        "reorder_point": "products.reorder_point",
        "safety_stock_level": "products.safety_stock",
        "lead_time_days": "products.lead_time_days",
        "launch_date": "products.launch_date",
        "status": "products.status",
        "created_at": "products.created_at",
        "updated_at": "products.updated_at",
    },
    "inventory": {
        "inventory_id": "stock_snapshots.record_id",
        "sku": "stock_snapshots.product_id",
        "warehouse_location": "stock_snapshots.location_id",
        "quantity_on_hand": "stock_snapshots.quantity_on_hand",
        "quantity_reserved": "stock_snapshots.quantity_reserved",
        "quantity_available": "stock_snapshots.quantity_available",
        "last_updated": "stock_snapshots.taken_at",
    },
    "inventory_transactions": {
        "transaction_id": "inventory_movements.line_id",
        "sku": "inventory_movements.product_id",
        "transaction_type": "inventory_movements.movement_type",
        "quantity": "inventory_movements.quantity",
        "unit_cost": "inventory_movements.unit_cost",
        "warehouse_location": "inventory_movements.location_id",
        "reference_id": "inventory_movements.reference_id",
        "transaction_date": "inventory_movements.occurred_at",
        "notes": "inventory_movements.notes",
    },
    "customers": {
        "customer_id": "customers.customer_id",
        "customer_name": "customers.customer_name",
        "email": "customers.email",
        "phone": "customers.phone",
        "registration_date": "customers.registered_at",
        "customer_segment": "customers.customer_segment",
        "total_orders": "customers.total_orders",
        "total_lifetime_value": "customers.total_lifetime_value",
        "last_purchase_date": "customers.last_purchase_date",
        "status": "customers.status",
        "created_at": "customers.created_at",
    },
    "orders": {
        "order_id": "orders.order_id",
        "customer_id": "orders.customer_id",
        "order_date": "orders.placed_at",
        "order_status": "orders.order_status",
        "subtotal": "orders.subtotal",
        "discount_amount": "orders.discount_amount",
        "tax_amount": "orders.tax_amount",
        "shipping_amount": "orders.shipping_amount",
        "total_amount": "orders.total_amount",
        "payment_method": "orders.payment_method",
        "shipping_method": "orders.shipping_method",
        "channel": "orders.channel",
        "traffic_source": "orders.traffic_source",
        "device_type": "orders.device_type",
        "city": "orders.city",
        "state": "orders.state",
        "country": "orders.country",
        # The moment of the order for a source that has no other; order_date comes first where both are there.
        "created_at": "orders.placed_at",
    },
    "order_items": {
        "order_item_id": "order_items.line_id",
        "order_id": "order_items.order_id",
        "sku": "order_items.product_id",
        "product_name": "order_items.product_name",
        "quantity": "order_items.quantity",
        "unit_price": "order_items.unit_price",
        "unit_cost": "order_items.unit_cost",
        "discount_amount": "order_items.discount_amount",
        "total_amount": "order_items.total_amount",
        "created_at": "order_items.created_at",
    },
    "returns": {
        "return_id": "returns.return_id",
        "order_id": "returns.order_id",
        "customer_id": "returns.customer_id",
        "return_date": "returns.initiated_at",
        "return_status": "returns.return_status",
        "return_type": "returns.return_type",
        "total_refund_amount": "returns.total_refund_amount",
        "processing_cost": "returns.processing_cost",
        "restocking_fee": "returns.restocking_fee",
        "created_at": "returns.created_at",
    },
    "return_items": {
        "return_item_id": "return_items.line_id",
        "return_id": "return_items.return_id",
        "order_item_id": "return_items.order_line_id",
        "sku": "return_items.product_id",
        "quantity_returned": "return_items.quantity",
        "return_reason_category": "return_items.reason_category",
        "return_reason_detail": "return_items.reason_detail",
        "condition_received": "return_items.condition_received",
        "resaleable": "return_items.resaleable",
        "restocked_value": "return_items.restocked_value",
        "refund_amount": "return_items.refund_amount",
        "created_at": "return_items.created_at",
    },
    "ad_campaigns": {
        "campaign_id": "ad_campaigns.campaign_id",
        "platform": "ad_campaigns.platform",
        "campaign_name": "ad_campaigns.campaign_name",
        "campaign_type": "ad_campaigns.campaign_type",
        "status": "ad_campaigns.status",
        "budget": "ad_campaigns.budget",
        "start_date": "ad_campaigns.start_date",
        "end_date": "ad_campaigns.end_date",
        "objective": "ad_campaigns.objective",
        "created_at": "ad_campaigns.created_at",
    },
    "ad_performance": {
        "performance_id": "ad_performance.line_id",
        "campaign_id": "ad_performance.campaign_id",
        "date": "ad_performance.day",
        "impressions": "ad_performance.impressions",
        "clicks": "ad_performance.clicks",
        "spend": "ad_performance.spend",
        "conversions": "ad_performance.conversions",
        "revenue": "ad_performance.revenue",
        "video_views": "ad_performance.video_views",
        "engagements": "ad_performance.engagements",
        "device_type": "ad_performance.device_type",
        "location": "ad_performance.location",
        "created_at": "ad_performance.created_at",
    },
    "pricing_history": {
        "pricing_id": "price_changes.line_id",
        "sku": "price_changes.product_id",
        "old_price": "price_changes.old_price",
        "new_price": "price_changes.new_price",
        "change_reason": "price_changes.reason",
        "effective_date": "price_changes.effective_at",
        "created_by": "price_changes.changed_by",
        "created_at": "price_changes.created_at",
    },
    "competitor_pricing": {
        "competitor_price_id": "competitor_prices.line_id",
        "competitor_id": "competitor_prices.competitor_id",
        "competitor_name": "competitor_prices.competitor_name",
        "sku": "competitor_prices.product_id",
        "competitor_product_id": "competitor_prices.competitor_product_id",
        "competitor_price": "competitor_prices.price",
        "in_stock": "competitor_prices.in_stock",
        "price_check_date": "competitor_prices.checked_at",
        "product_url": "competitor_prices.product_url",
        "created_at": "competitor_prices.created_at",
    },
    "seasons": {
        "season_id": "seasons.season_id",
        "season_name": "seasons.season_name",
        "season_type": "seasons.season_type",
        "start_date": "seasons.start_date",
        "end_date": "seasons.end_date",
        "total_budget": "seasons.total_budget",
        "revenue_target": "seasons.revenue_target",
        "profit_target": "seasons.profit_target",
        "status": "seasons.status",
        "created_at": "seasons.created_at",
    },
    "season_budgets": {
        "budget_id": "season_budgets.line_id",
        "season_id": "season_budgets.season_id",
        "budget_category": "season_budgets.budget_category",
        "sub_category": "season_budgets.sub_category",
        "budgeted_amount": "season_budgets.budgeted_amount",
        "actual_spend": "season_budgets.actual_spend",
        "committed_spend": "season_budgets.committed_spend",
        "notes": "season_budgets.notes",
        "created_at": "season_budgets.created_at",
        "updated_at": "season_budgets.updated_at",
    },
}

RETURN_TRACKING = {
    "return_tracking": {
        "return_id": "returns.return_id",
        "order_id": "returns.order_id",
        "product_id": "return_items.product_id",
        "user_id": "returns.customer_id",
        "original_order_date": "returns.original_order_date",
        "return_initiated_date": "returns.initiated_at",
        "return_received_date": "returns.received_at",
        "return_reason": "return_items.reason_detail",
        "size_returned": "return_items.size_returned",
        "condition_rating": "return_items.condition_rating",
        "refund_amount": "return_items.refund_amount",
        "exchange_requested": "returns.exchange_requested",
        "new_size_requested": "return_items.new_size_requested",
        "status": "returns.workflow_step",
        "notes": "returns.notes",
    }
}

DATA_REQUIREMENTS = {
    "inventory transactions": {
        "product_name": "inventory_movements.product_name",
        "timestamp": "inventory_movements.occurred_at",
        "supplier_id": "inventory_movements.supplier_id",
        "order_id": "inventory_movements.order_id",
    },
    "product master data": {
        "selling_price": "products.current_price",
        "warehouse_location": "products.location_id",
    },
    "purchase orders": {
        "po_id": "purchase_orders.purchase_order_id",
        "supplier_id": "purchase_orders.supplier_id",
        "sku": "purchase_orders.product_id",
        "quantity_ordered": "purchase_orders.quantity_ordered",
        "unit_cost": "purchase_orders.unit_cost",
        "order_date": "purchase_orders.order_date",
        "expected_delivery_date": "purchase_orders.expected_date",
        "actual_delivery_date": "purchase_orders.received_date",
        "status": "purchase_orders.status",
    },
    "sales transactions": {
        "order_time": "orders.placed_at",
        "category": "products.category",
        "brand": "products.brand",
        "cost_of_goods": "order_items.cost_amount",
    },
    "sales data for elasticity": {
        "date": "orders.placed_at",
        "sku": "order_items.product_id",
        "price_at_sale": "order_items.unit_price",
        "quantity_sold": "order_items.quantity",
        "discount_applied": "order_items.discount_amount",
        "revenue": "order_items.total_amount",
        "cost": "order_items.cost_amount",
    },
    "return transactions": {
        "product_name": "return_items.product_name",
        "category": "products.category",
        "sale_price": "return_items.sale_price",
        "processing_date": "returns.completed_at",
        "refund_date": "returns.refunded_at",
        "days_from_purchase": "returns.days_from_purchase",
    },
    "return processing": {
        "received_date": "returns.received_at",
        "inspection_date": "returns.inspected_at",
        "inspection_notes": "returns.inspection_notes",
        "refund_processed_date": "returns.refunded_at",
        "exchange_processed_date": "returns.exchanged_at",
        "shipping_cost": "returns.shipping_cost",
    },
    "exchange details": {
        "return_id": "exchanges.return_id",
        "original_sku": "exchanges.original_product_id",
        "exchange_sku": "exchanges.exchange_product_id",
        "exchange_order_id": "exchanges.exchange_order_id",
        "additional_payment": "exchanges.additional_payment",
    },
    "google ads": {
        "ad_group_id": "ad_performance.ad_group_id",
        "ad_group_name": "ad_groups.ad_group_name",
        "ad_id": "ad_performance.ad_id",
        "ad_copy": "ads.ad_copy",
        "headline": "ads.headline",
        "description": "ads.description",
        "keyword": "ad_keywords.keyword",
        "match_type": "ad_keywords.match_type",
        "ctr": "ad_performance.ctr",
        "cost": "ad_performance.spend",
        "avg_cpc": "ad_performance.cpc",
        "avg_cpm": "ad_performance.cpm",
        "conversion_rate": "ad_performance.conversion_rate",
        "cost_per_conversion": "ad_performance.cpa",
        "roas": "ad_performance.roas",
        "device": "ad_performance.device_type",
    },
    "facebook and instagram ads": {
        "ad_set_id": "ad_performance.ad_group_id",
        "ad_set_name": "ad_groups.ad_group_name",
        "ad_name": "ads.ad_name",
        "ad_creative_url": "ads.creative_url",
        "reach": "ad_performance.reach",
        "frequency": "ad_performance.frequency",
        "cpc": "ad_performance.cpc",
        "cpm": "ad_performance.cpm",
        "actions": "ad_performance.conversions",
        "purchases": "ad_performance.conversions",
        "add_to_cart": "ad_performance.adds_to_cart",
        "action_values": "ad_performance.revenue",
        "purchase_value": "ad_performance.revenue",
        "age": "ad_performance.age",
        "gender": "ad_performance.gender",
        "placement": "ad_performance.placement",
    },
    "amazon advertising": {
        "keyword": "ad_performance.keyword_id",
        "asin": "ad_performance.product_id",
        "orders": "ad_performance.conversions",
        "sales": "ad_performance.revenue",
        "acos": "ad_performance.acos",
    },
    "tiktok ads": {
        "cpa": "ad_performance.cpa",
        "video_view_rate": "ad_performance.video_view_rate",
        "engagement_rate": "ad_performance.engagement_rate",
    },
    "website analytics": {
        "session_id": "web_sessions.session_id",
        "utm_source": "web_sessions.utm_source",
        "utm_medium": "web_sessions.utm_medium",
        "utm_campaign": "web_sessions.utm_campaign",
        "landing_page": "web_sessions.landing_page",
        "device_type": "web_sessions.device_type",
        "location": "web_sessions.location",
        "actions": "web_events.event",
        "page_view": "web_sessions.page_views",
        "add_to_cart": "web_sessions.adds_to_cart",
        "purchase": "web_sessions.purchases",
        "revenue": "web_sessions.revenue",
        "timestamp": "web_sessions.started_at",
    },
    "order attribution": {
        "attributed_channel": "orders.attributed_channel",
        "attributed_campaign": "orders.attributed_campaign",
        "attribution_model": "orders.attribution_model",
        "touchpoint_sequence": "orders.touchpoint_sequence",
    },
    "product pricing data": {
        "msrp": "products.list_price",
        "cost_of_goods": "products.unit_cost",
        "last_price_change_date": "products.last_price_change_date",
        "date": "price_changes.effective_at",
        "reason": "price_changes.reason",
        "minimum_price": "products.minimum_price",
        "maximum_price": "products.maximum_price",
        "target_margin_percent": "products.target_margin_percent",
    },
    "competitor pricing": {"matching_product_id": "competitor_prices.competitor_product_id"},
    "cost data": {
        "sku": "product_costs.product_id",
        "cost_of_goods": "product_costs.unit_cost",
        "cost_date": "product_costs.valid_from",
        "supplier_id": "product_costs.supplier_id",
        "shipping_cost": "product_costs.shipping_cost",
        "handling_cost": "product_costs.handling_cost",
        "total_landed_cost": "product_costs.landed_cost",
    },
    "discount and promotion data": {
        "promotion_id": "promotions.promotion_id",
        "sku": "promotion_products.product_id",
        "discount_type": "promotions.discount_type",
        "discount_value": "promotions.discount_value",
        "start_date": "promotions.start_date",
        "end_date": "promotions.end_date",
        "sales_during_promo": "promotion_products.sales_during_promotion",
        "sales_before_promo": "promotion_products.sales_before_promotion",
    },
    "season planning data": {"peak_dates": "seasons.peak_dates"},
    "budget allocation": {"remaining_budget": "season_budgets.remaining_budget"},
    "revenue forecast": {
        "season_id": "season_forecasts.season_id",
        "forecast_date": "season_forecasts.forecast_date",
        "daily_revenue_forecast": "season_forecasts.daily_revenue_forecast",
        "total_season_forecast": "season_forecasts.total_season_forecast",
        "forecast_method": "season_forecasts.forecast_method",
        "confidence_level": "season_forecasts.confidence_level",
    },
    "actual performance": {
        "season_id": "season_results.season_id",
        "date": "season_results.day",
        "revenue": "season_results.revenue",
        "orders": "season_results.orders",
        "units_sold": "season_results.units_sold",
        "marketing_spend": "season_results.marketing_spend",
        "operational_spend": "season_results.operational_spend",
        "logistics_spend": "season_results.logistics_spend",
        "other_expenses": "season_results.other_expenses",
        "profit": "season_results.profit",
    },
    "historical season data": {
        "year": "seasons.season_year",
        "total_revenue": "seasons.total_revenue",
        "total_profit": "seasons.total_profit",
        "actual_spend": "seasons.actual_spend",
        "roi": "seasons.roi",
        "key_learnings": "seasons.key_learnings",
    },
    "milestones": {
        "milestone_id": "season_milestones.milestone_id",
        "season_id": "season_milestones.season_id",
        "milestone_name": "season_milestones.milestone_name",
        "deadline": "season_milestones.deadline",
        "responsible_party": "season_milestones.responsible_party",
        "status": "season_milestones.status",
        "notes": "season_milestones.notes",
    },
    "segment figures": {
        "segment": "marketing_spend.customer_segment",
        "marketing_spend": "marketing_spend.amount",
        "sale_price": "order_items.unit_price",
        "size": "order_items.size",
    },
}

HOMES = [
    pytest.param(old, home, id=f"{source}.{old}")
    for document in (DATA_MODEL, RETURN_TRACKING, DATA_REQUIREMENTS)
    for source, columns in document.items()
    for old, home in columns.items()
]


@pytest.mark.parametrize(("old", "home"), HOMES)
def test_a_column_of_the_source_documents_is_read_under_its_own_header(old: str, home: str) -> None:
    name, column_name = home.split(".")
    column = table(name).column(column_name)
    headers = (column.name, *column.synonyms, *column.time_headers)
    assert header_key(old) in {header_key(header) for header in headers}


# Headers of exports that shops really have.
EXPORTS = {
    "orders": {
        "amazon-order-id": "order_id",
        "purchase-date": "placed_at",
        "ship-postal-code": "postcode",
        "sales-channel": "channel",
        "Financial Status": "order_status",
        "Paid at": "processed_at",
        "Created at": "placed_at",
        "Shipping Province": "state",
        "Order Number": "order_id",
        "Order Total Amount": "total_amount",
        "Cart Discount Amount": "discount_amount",
        "City (Shipping)": "city",
        "Email (Billing)": "email",
        "InvoiceDate": "placed_at",
        "CustomerID": "customer_id",
        "order_purchase_timestamp": "placed_at",
    },
    "order_items": {
        "Lineitem quantity": "quantity",
        "Lineitem price": "unit_price",
        "Lineitem sku": "product_id",
        "Lineitem discount": "discount_amount",
        "quantity-purchased": "quantity",
        "amazon-order-item-code": "line_id",
        "InvoiceNo": "order_id",
        "StockCode": "product_id",
        "Description": "product_name",
        "UnitPrice": "unit_price",
    },
    "products": {
        "Variant SKU": "product_id",
        "Variant Price": "current_price",
        "Variant Compare At Price": "list_price",
        "Cost per item": "unit_cost",
        "Regular price": "list_price",
    },
}


@pytest.mark.parametrize(
    ("name", "header", "column"), [(name, *pair) for name, pairs in EXPORTS.items() for pair in pairs.items()]
)
def test_headers_of_real_exports_are_read(name: str, header: str, column: str) -> None:
    declared = table(name).column(column)
    assert header_key(header) in {header_key(word) for word in (declared.name, *declared.synonyms)}


def test_the_price_of_a_whole_line_is_not_taken_for_a_unit_price() -> None:
    # In a marketplace report, item-price is the price of all units together.
    unit_price = table("order_items").column("unit_price")
    assert header_key("item-price") not in {header_key(word) for word in unit_price.synonyms}


# Codes that the source documents list, as they write them: each is a code of ours, or one that it is read as.
CODES = {
    "products.status": "active discontinued seasonal",
    "inventory_movements.movement_type": "purchase sale return transfer adjustment",
    "customers.status": "active inactive churned",
    "orders.order_status": "pending completed cancelled refunded",
    "returns.return_status": "pending approved rejected completed",
    "returns.return_type": "refund exchange store_credit",
    "return_items.condition_received": "new opened damaged defective",
    "return_items.disposition": "damaged-return supplier-return",
    "ad_campaigns.status": "active paused ended",
    "ad_campaigns.objective": "awareness conversion retention",
    "promotions.discount_type": "percent_off dollar_off bogo",
    "seasons.season_type": "holiday sale_event product_launch",
    "seasons.status": "planning active completed",
    "season_budgets.budget_category": "inventory marketing operations logistics technology contingency",
    "season_milestones.status": "not_started in_progress completed overdue",
}


@pytest.mark.parametrize("home", CODES)
def test_codes_of_the_source_documents_are_read(home: str) -> None:
    name, column_name = home.split(".")
    column = table(name).column(column_name)
    assert set(CODES[home].split()) <= {*column.values, *(other for other, _ in column.value_synonyms)}


def test_every_step_of_the_return_workflow_is_read() -> None:
    steps = [
        "Initiated",
        "Return Label Generated",
        "In Transit",
        "Received",
        "Inspected",
        "Refunded",
        "Exchanged",
        "Completed",
    ]
    for name, column_name in (("returns", "workflow_step"), ("return_events", "step")):
        column = table(name).column(column_name)
        read = dict(column.value_synonyms) | {code: code for code in column.values}
        codes = [read[step.lower()] for step in steps]
        assert codes == list(column.values[:8])


def test_derived_totals_of_customers_say_that_no_metric_uses_them() -> None:
    for name in ("total_orders", "total_lifetime_value", "last_purchase_date", "customer_segment", "status"):
        assert "never used for metrics" in table("customers").column(name).description


# ---------------------------------------------------------------------------------------------- the reference


def test_the_reference_page_is_as_the_declarations_say() -> None:
    committed = (ROOT / "docs" / "reference" / "tables.md").read_text("utf-8")
    assert committed == render(), "run make docs"


def test_the_reference_explains_every_type_and_unit() -> None:
    assert set(TYPES) == set(DUCKDB_TYPES) == set(IBIS_TYPES)
    used = {column.unit for declared in TABLES.values() for column in declared.columns}
    assert used - {None} == set(UNITS) == UNITS_KNOWN - {None}


def test_the_reference_shows_every_table_column_and_check() -> None:
    page = render()
    targets = set(re.findall(r'<a id="(\w+)"></a>', page))
    assert targets == set(TABLES)
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= targets
    parts = dict(zip(TABLES, re.split(r'### <a id="\w+"></a>', page)[1:], strict=True))
    for name, declared in TABLES.items():
        for column in declared.columns:
            (line,) = [line for line in parts[name].splitlines() if line.startswith(f"| `{column.name}` |")]
            assert column.description in line
            assert ("**Personal.**" in line) == column.personal
            assert all(f"`{code}`" in line for code in column.values)
        assert all(check.condition in parts[name] for check in declared.checks)
