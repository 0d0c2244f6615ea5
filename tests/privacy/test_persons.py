"""Finding persons, what is handed over, what they chose, and that no column of any table was forgotten."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import text
from tests.support.shops import make_shop

from tillsight import audit
from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.privacy import Identifier, personal_tables
from tillsight.privacy.declared import STAFF
from tillsight.shop import Shop
from tillsight.tables.registry import TABLES

ADA = Identifier("customer", "CUST-ADA-1")
# Texts of a customer's rows that stay when the customer is erased: they name things, places and ways, never somebody.
STAYS = {
    "orders": {"currency", "payment_method", "shipping_method", "discount_code", "channel", "traffic_source", "device_type",
               "utm_source", "utm_medium", "utm_campaign", "campaign_id", "attributed_channel", "attributed_campaign",
               "attribution_model", "touchpoint_sequence", "location_id", "business_unit_id", "city", "state", "country"},
    "order_items": {"product_id", "product_name", "size", "colour", "promotion_id", "price_list", "supplier_id", "location_id"},
    "discount_lines": {"currency", "code", "promotion_id", "description", "channel", "country", "location_id"},
    "tax_lines": {"currency", "name", "jurisdiction"},
    "shipping_lines": {"currency", "method", "channel", "country", "location_id"},
    "refunds": {"refund_id", "product_id", "product_name", "currency", "reason", "channel", "country", "location_id"},
    "payments": {"currency", "payment_method", "gift_card_id"},
    "gift_card_entries": {"gift_card_id", "currency"},
    "account_entries": {"entry_id", "currency", "description", "channel", "country", "location_id"},
    "order_edits": {"product_id", "currency", "reason"},
    "order_cancellations": {"product_id", "currency", "cancelled_by", "reason"},
    "shipments": {"shipment_id", "location_id", "carrier", "shipping_method", "status", "currency", "city", "state", "country"},
    "customers": {"city", "state", "country", "market", "language", "customer_segment", "acquisition_channel", "location_id",
                  "currency"},
    "customer_attributes": {"attribute", "attribute_source"},
    "customer_consents": {"legal_basis"},
    "campaign_members": {"campaign_id", "customer_segment"},
    "reviews": {"review_id", "product_id", "language"},
    "support_tickets": {"ticket_id", "product_id", "channel", "topic", "priority"},
    "inventory_movements": {"product_id", "product_name", "location_id", "currency", "supplier_id", "purchase_order_id",
                            "transfer_id", "reason", "lot"},
    "returns": {"channel", "location_id", "carrier", "currency"},
    "return_items": {"product_id", "product_name", "reason_code", "reason_category", "size_returned", "new_size_requested",
                     "currency"},
    "return_events": set(),
    "exchanges": {"original_product_id", "exchange_product_id", "currency"},
    "web_sessions": {"utm_source", "utm_medium", "utm_campaign", "channel", "traffic_source", "campaign_id", "device_type",
                     "browser", "operating_system", "language", "city", "state", "country", "currency"},
    "web_events": {"event", "product_id", "currency", "device_type"},
    "touch_points": {"channel", "platform", "campaign_id", "ad_group_id", "ad_id", "keyword_id", "device_type"},
    "loyalty_members": {"tier", "location_id", "channel", "business_unit_id", "market"},
    "offer_events": {"offer_id", "campaign_id", "product_id", "currency"},
    "subscriptions": {"subscription_id", "plan", "business_unit_id", "currency", "channel", "cancel_reason"},
    "points": {"currency", "offer_id"},
}  # fmt: skip


@pytest.mark.feature("PLT-06")
def test_every_text_of_every_table_of_customers_is_judged() -> None:
    personal = personal_tables()
    assert set(personal) == set(STAYS), "a table with rows of customers needs a judgement of its columns"
    for name, one in personal.items():
        judged = {column for column, _ in one.identifiers} | {*one.cleared, *one.cut, *one.lines} | STAFF | {"shop_id"}
        texts = {column.name for column in TABLES[name].columns if column.type == "text" and not column.values}
        assert texts - judged == STAYS[name], name


def test_personal_columns_are_cleared_or_identify() -> None:
    personal = personal_tables()
    for name, one in personal.items():
        gone = {column for column, _ in one.identifiers} | set(one.cleared) | STAFF
        assert {column.name for column in TABLES[name].columns if column.personal} <= gone


@pytest.mark.feature("PLT-06")
@pytest.mark.parametrize(
    "identifier",
    [
        "CUST-ADA-1",
        " ada.lovelace@EXAMPLE.org",
        "+44 (20) 7946-0958",
        "442079460958",
        "MEM-ADA-9",
        "SO-7003",
        "RET-555",
        "VIS-AAA",
    ],
)
def test_a_person_is_found_by_any_identifier(shop: Shop, identifier: str) -> None:
    [person] = shop.desk.find(identifier, "anna")
    assert person.names == ("Ada Lovelace",)
    assert person.first == Identifier("customer", "CUST-ADA-1", "main")
    assert {(one.kind, one.value) for one in person.identifiers} == {
        ("customer", "CUST-ADA-1"),
        ("email", "ada.lovelace@example.org"),
        ("phone", "442079460958"),
        ("member", "MEM-ADA-9"),
        ("order", "SO-7001"),
        ("order", "SO-7003"),
        ("order", "SO-7006"),
        ("return", "RET-555"),
        ("visitor", "VIS-AAA"),
        ("session", "SES-AAA"),
        ("session", "SES-AAB"),
    }
    assert person.tables == {
        "orders": 3, "order_items": 5, "customers": 1, "customer_consents": 2, "reviews": 1, "returns": 1, "return_items": 1,
        "web_sessions": 2, "loyalty_members": 1,
    }  # fmt: skip


def test_guests_shared_and_unknown_identifiers(shop: Shop) -> None:
    [guest] = shop.desk.find("guest@example.org", "anna")
    assert guest.first == Identifier("email", "guest@example.org")
    assert guest.tables == {"orders": 1, "order_items": 1}
    assert shop.desk.find("nobody@example.org", "anna") == []
    both = shop.desk.find("+44 20 7946 0111", "anna")
    assert [person.names for person in both] == [("Bob Babbage",), ("Eve Else",)]
    with pytest.raises(QuestionError, match="Several"):
        shop.desk.erase(Identifier("phone", "442079460111"), "erase", "442079460111", "anna")
    with pytest.raises(NotFoundError):
        shop.desk.person(Identifier("customer", "nobody"))
    with pytest.raises(QuestionError, match="type CUST-ADA-1"):
        shop.desk.erase(ADA, "erase", "CUST-ADA-2", "anna")


def test_the_same_number_in_two_shops_is_two_persons(shop: Shop, tmp_path: object) -> None:
    from tests.support.shops import land

    land(
        shop,
        {
            "customers": [
                {
                    "shop_id": "other",
                    "customer_id": "CUST-ADA-1",
                    "customer_name": "Someone Else",
                    "email": "x@example.org",
                }
            ]
        },
        known_at=datetime(2026, 2, 1, tzinfo=UTC),
    )
    found = shop.desk.find("CUST-ADA-1", "anna")
    assert [person.names for person in found] == [("Ada Lovelace",), ("Someone Else",)]
    [other] = shop.desk.find("CUST-ADA-1", "anna", shop="other")
    assert other.tables == {"customers": 1}
    shop.desk.erase(other.first, "erase", "CUST-ADA-1", "anna")
    shop.build()
    assert [person.names for person in shop.desk.find("CUST-ADA-1", "anna")] == [("Ada Lovelace",)]


@pytest.mark.feature("PLT-06")
def test_the_package_holds_everything_in_both_forms(shop: Shop) -> None:
    made = shop.desk.export(ADA, "anna", "10.0.0.1")
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        names = set(package.namelist())
        tables = shop.desk.person(ADA).tables
        assert names == {"index.html", "person.json"} | {f"tables/{t}.{e}" for t in tables for e in ("json", "csv")}
        about = json.loads(package.read("person.json"))
        assert about["names"] == ["Ada Lovelace"]
        orders = json.loads(package.read("tables/orders.json"))
        assert [row["order_id"] for row in orders["rows"]] == ["SO-7001", "SO-7003", "SO-7006"]
        assert {column["name"] for column in orders["columns"]} == set(TABLES["orders"].column_names)
        lines = package.read("tables/reviews.csv").decode().splitlines()
        assert len(lines) == 2
        assert "I am Ada Lovelace and I like it" in lines[1]
        index = package.read("index.html").decode()
        everything = index + "".join(package.read(name).decode() for name in names)
    assert "Ada Lovelace" in index
    assert "Bob" not in everything
    entry = audit.entries(shop.database, audit.Wanted(person="CUST-ADA-1"))[0][0]
    assert (entry.action, entry.who, entry.address) == ("person.exported", "anna", "10.0.0.1")
    with shop.database.read() as session:
        kept = session.execute(
            text("SELECT group_concat(coalesce(\"before\", '') || coalesce(\"after\", '')) FROM audit_entries")
        )
        assert "CUST-ADA-1" not in kept.scalar_one()


def test_a_formula_in_a_package_is_only_text(shop: Shop) -> None:
    from tests.support.shops import land

    land(
        shop,
        {"reviews": [{"line_id": "R-9", "review_id": "9", "customer_id": "CUST-ADA-1", "rating": 5, "title": "=1+1",
                      "reviewed_at": "2025-01-01 00:00:00"}]},
        known_at=datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(shop.desk.export(ADA, "anna"))) as package:
        assert "'=1+1" in package.read("tables/reviews.csv").decode()
        assert '"=1+1"' in package.read("tables/reviews.json").decode()


@pytest.mark.feature("PLT-06")
def test_choices_are_kept_and_honoured_where_a_list_is_handed_out(shop: Shop) -> None:
    people = pa.table({"customer_id": ["CUST-EVE-3", "CUST-ADA-1", None, "CUST-BOB-2"], "spent": [1, 2, 3, 4]})

    def allowed(purpose: str) -> list[str]:
        table = shop.consented(people, purpose)  # type: ignore[arg-type]
        assert table.column_names == ["customer_id", "spent"]
        return [str(name) for name in table.column("customer_id").to_pylist()]

    # Ada said yes to mail and no to sale; Bob took his yes back; Eve said nothing
    assert allowed("email") == ["CUST-ADA-1"]
    assert allowed("sale") == ["CUST-EVE-3", "CUST-BOB-2"]
    assert allowed("sms") == []
    assert allowed("profiling") == ["CUST-EVE-3", "CUST-ADA-1", "CUST-BOB-2"]
    shop.desk.choose(Identifier("customer", "CUST-BOB-2"), "email", granted=True, who="anna")
    shop.desk.choose(ADA, "email", granted=False, who="anna")
    shop.desk.choose(Identifier("email", "eve@example.org"), "sale", granted=False, who="anna")
    assert allowed("email") == ["CUST-BOB-2"]
    assert allowed("sale") == ["CUST-BOB-2"]
    standing = {row["purpose"]: (row["granted"], row["source"]) for row in shop.desk.consents(ADA)}
    assert standing["email"] == (False, "here")
    assert standing["sale"] == (False, "files")
    assert standing["tracking"] == (True, "default")
    with pytest.raises(QuestionError, match="number"):
        shop.desk.choose(Identifier("email", "guest@example.org"), "sale", granted=False, who="anna")
    with pytest.raises(QuestionError, match="no use"):
        allowed("spam")
    with pytest.raises(QuestionError, match="customer_id"):
        shop.consented(pa.table({"id": ["a"]}), "sale")


@pytest.mark.feature("PLT-06")
def test_a_refusal_in_any_shop_counts_where_a_list_does_not_say_of_which(tmp_path: Path) -> None:
    def said(customer: str, shop: str, granted: str) -> dict[str, str]:
        return {
            "customer_id": customer, "shop_id": shop, "purpose": "sale", "is_granted": granted, "decided_at": "2025-01-01",
        }  # fmt: skip

    tables = {
        "customers": [
            {"customer_id": customer, "shop_id": shop}
            for shop, customer in (("main", "1"), ("main", "2"), ("north", "1"), ("north", "3"))
        ],
        "customer_consents": [said("1", "north", "false"), said("2", "main", "true")],
    }
    with make_shop(tmp_path / "shop", tables, build=False) as shop:
        shop.desk.choose(Identifier("customer", "3", "north"), "sale", granted=False, who="anna")
        people = pa.table({"customer_id": ["1", "2", "3", "4"]})
        assert shop.consented(people, "sale").to_pylist() == [{"customer_id": "2"}, {"customer_id": "4"}]
        people = people.append_column("shop_id", pa.array(["main", "main", "north", "main"]))
        assert shop.consented(people, "sale").column("customer_id").to_pylist() == ["1", "2", "4"]


@pytest.mark.feature("PLT-06")
def test_choices_go_with_the_person(shop: Shop) -> None:
    shop.desk.choose(ADA, "sale", granted=False, who="anna")
    shop.desk.erase(ADA, "erase", ADA.value, "anna")
    with shop.database.read() as session:
        assert session.execute(text("SELECT count(*) FROM consent_choices")).scalar() == 0
