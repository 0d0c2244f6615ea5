"""Suppliers: whom the shop buys from, with the terms that planning needs. Amounts are in the supplier's currency."""

from __future__ import annotations

from tillsight.tables.columns import CREATED_AT, CURRENCY, NOTES, SUPPLIER_HEADERS, UPDATED_AT, place
from tillsight.tables.schema import SHOP, Column, Table

SUPPLIERS = Table(
    name="suppliers",
    title="Suppliers",
    domain="inventory",
    grain="One supplier, vendor or marketplace seller.",
    key=("shop_id", "supplier_id"),
    synonyms=("supplier", "vendors", "sellers"),
    columns=(
        SHOP,
        Column(
            "supplier_id",
            "text",
            "The supplier.",
            required=True,
            synonyms=(*(name for name in SUPPLIER_HEADERS if name != "supplier_name"), "seller_id", "id"),
        ),
        Column(
            "supplier_name", "text", "Name of the firm.", synonyms=("name", "vendor_name", "seller_name", "company")
        ),
        Column("contact_name", "text", "Person to talk to.", personal=True, synonyms=("contact", "contact_person")),
        Column("email", "text", "E-mail address.", personal=True, synonyms=("contact_email", "email_address")),
        Column(
            "phone", "text", "Telephone number.", personal=True, synonyms=("telephone", "contact_phone", "phone_number")
        ),
        Column(
            "address", "text", "Street and number.", personal=True, synonyms=("street", "address_1", "address_line_1")
        ),
        *place("of the supplier", ("seller", "supplier", "vendor")),
        CURRENCY,
        Column(
            "lead_time_days",
            "number",
            "Days from order to receipt, as agreed.",
            unit="days",
            minimum=0,
            synonyms=("lead_time",),
        ),
        Column(
            "minimum_order_value",
            "money",
            "Least value that the supplier takes an order for.",
            unit="money",
            minimum=0,
            synonyms=("minimum_order", "mov"),
        ),
        Column(
            "order_cost",
            "money",
            "Fixed cost of placing one order, for the economic order quantity.",
            unit="money",
            minimum=0,
            synonyms=("ordering_cost",),
        ),
        Column(
            "payment_terms_days",
            "integer",
            "Days until an invoice is due.",
            unit="days",
            minimum=0,
            synonyms=("payment_terms", "payment_days"),
        ),
        Column("is_active", "boolean", "The shop still buys from it.", default="true", synonyms=("active",)),
        NOTES,
        CREATED_AT,
        UPDATED_AT,
    ),
)
