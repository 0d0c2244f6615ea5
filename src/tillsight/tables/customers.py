"""Customers: who bought, what is known about them and what they agreed to.

First order, value and segment of a customer are computed from orders. What a source states about them is kept and
shown, and no metric uses it.
"""

from __future__ import annotations

from tillsight.tables.columns import (
    CREATED_AT,
    CURRENCY,
    CUSTOMER_HEADERS,
    STATED,
    UPDATED_AT,
    customer_id,
    location_id,
    place,
)
from tillsight.tables.schema import SHOP, Check, Column, Table

CUSTOMERS = Table(
    name="customers",
    title="Customers",
    domain="customers",
    grain="One customer of the shop.",
    key=("shop_id", "customer_id"),
    synonyms=("customer", "customer_data", "clients", "buyers", "users", "contacts"),
    columns=(
        SHOP,
        Column("customer_id", "text", "The customer.", required=True, synonyms=(*CUSTOMER_HEADERS, "id")),
        Column(
            "group_customer_id",
            "text",
            "The same person in the sister shops of a group, for acquisition from the group.",
            synonyms=("customer_unique_id", "master_customer_id", "global_customer_id", "person_id"),
        ),
        Column(
            "customer_name",
            "text",
            "Full name.",
            personal=True,
            synonyms=("name", "full_name", "client_name", "buyer_name", "billing_name"),
        ),
        Column("first_name", "text", "First name.", personal=True, synonyms=("given_name", "billing_first_name")),
        Column(
            "last_name", "text", "Last name.", personal=True, synonyms=("surname", "family_name", "billing_last_name")
        ),
        Column(
            "email",
            "text",
            "E-mail address; guests are matched by it.",
            personal=True,
            synonyms=("email_address", "customer_email", "billing_email", "buyer_email", "mail"),
        ),
        Column(
            "phone",
            "text",
            "Telephone number; guests without e-mail are matched by it.",
            personal=True,
            synonyms=("telephone", "phone_number", "customer_phone", "billing_phone", "mobile_phone", "mobile"),
        ),
        Column("company", "text", "Company.", personal=True, synonyms=("company_name", "billing_company")),
        Column(
            "address",
            "text",
            "Street and number.",
            personal=True,
            synonyms=("street", "address_1", "address_line_1", "billing_address_1", "default_address_address_1"),
        ),
        *place("of the customer", ("billing", "default_address")),
        Column("market", "text", "Kind of market of the home, e.g. metro or regional.", synonyms=("market_segment",)),
        Column("language", "text", "Language, as an ISO code.", synonyms=("locale", "language_code")),
        Column("birth_date", "day", "Day of birth.", personal=True, synonyms=("date_of_birth", "birthday", "dob")),
        Column("gender", "text", "Gender as the customer states it.", synonyms=("sex",)),
        Column(
            "customer_type",
            "text",
            "Private person or business.",
            values=("consumer", "business"),
            value_synonyms=(
                ("b2c", "consumer"),
                ("private", "consumer"),
                ("retail", "consumer"),
                ("individual", "consumer"),
                ("b2b", "business"),
                ("wholesale", "business"),
                ("company", "business"),
            ),
            default="consumer",
            synonyms=("account_type", "b2b_b2c"),
        ),
        Column(
            "customer_segment",
            "text",
            f"Segment in the source's own words. {STATED}",
            synonyms=("segment", "customer_group", "group"),
        ),
        Column(
            "acquisition_channel",
            "text",
            "Channel through which the customer came first.",
            synonyms=("acquisition_source", "signup_source", "registration_channel"),
        ),
        location_id("The store that is the customer's home store."),
        Column(
            "registered_at",
            "moment",
            "When the customer registered.",
            synonyms=(
                "registration_date",
                "signup_date",
                "date_registered",
                "customer_since",
                "joined",
            ),
        ),
        Column(
            "status",
            "text",
            f"Status in the source's own words. {STATED}",
            values=("active", "inactive", "churned"),
            value_synonyms=(("enabled", "active"), ("disabled", "inactive"), ("blocked", "inactive")),
            synonyms=("customer_status",),
        ),
        CURRENCY,
        Column(
            "total_orders",
            "integer",
            f"Number of orders so far. {STATED}",
            unit="count",
            minimum=0,
            synonyms=("orders_count", "order_count", "number_of_orders", "orders"),
        ),
        Column(
            "total_lifetime_value",
            "money",
            f"Value of all orders so far. {STATED}",
            unit="money",
            synonyms=("lifetime_value", "total_spent", "total_spend", "clv", "ltv"),
        ),
        Column(
            "last_purchase_date",
            "day",
            f"Day of the last order. {STATED}",
            synonyms=("last_order_date", "last_purchase", "last_order"),
        ),
        CREATED_AT,
        UPDATED_AT,
    ),
    checks=(
        Check(
            "purchase_after_registration",
            "total_orders = 0 OR last_purchase_date >= CAST(registered_at AS DATE)",
            "The last purchase is not before the registration.",
        ),
    ),
)

CUSTOMER_ATTRIBUTES = Table(
    name="customer_attributes",
    title="Customer attributes",
    domain="customers",
    grain="One thing known about one customer, e.g. age band, income band, household size, interest.",
    key=("shop_id", "customer_id", "attribute"),
    synonyms=("customer_attribute", "customer_properties", "customer_fields", "demographics"),
    columns=(
        SHOP,
        customer_id("The customer.", required=True),
        Column(
            "attribute",
            "text",
            "What is known.",
            required=True,
            synonyms=("property", "field", "attribute_name", "key"),
        ),
        Column(
            "value", "text", "Its value.", required=True, personal=True, synonyms=("attribute_value", "property_value")
        ),
        Column(
            "observed_at", "moment", "When it was true.", synonyms=("valid_from", "date", "recorded_at", "updated_at")
        ),
        Column("attribute_source", "text", "Where it is known from.", synonyms=("source", "origin")),
    ),
)

CUSTOMER_CONSENTS = Table(
    name="customer_consents",
    title="Customer consents",
    domain="customers",
    grain="One decision of one customer on one use of personal data; the last decision counts.",
    key=("shop_id", "customer_id", "purpose", "decided_at"),
    time="decided_at",
    synonyms=("customer_consent", "consents", "opt_ins", "marketing_consent"),
    columns=(
        SHOP,
        customer_id("The customer.", required=True),
        Column(
            "purpose",
            "text",
            "The use: email, sms, phone and mail are marketing by that way; profiling is personal analysis; sale is "
            "giving data "
            "to others.",
            required=True,
            values=("email", "sms", "phone", "mail", "push", "profiling", "tracking", "sale"),
            value_synonyms=(
                ("email_marketing", "email"),
                ("newsletter", "email"),
                ("sms_marketing", "sms"),
                ("post", "mail"),
                ("analytics", "tracking"),
                ("cookies", "tracking"),
                ("sale_of_data", "sale"),
                ("sharing", "sale"),
            ),
            synonyms=("consent_type", "consent_purpose", "channel", "type"),
        ),
        Column(
            "is_granted",
            "boolean",
            "Allowed (true) or refused (false).",
            required=True,
            synonyms=("granted", "consent", "opted_in", "opt_in", "accepted"),
        ),
        Column(
            "decided_at",
            "moment",
            "When the customer decided.",
            required=True,
            synonyms=("consent_date", "date", "changed_at", "timestamp", "consent_updated_at"),
        ),
        Column("legal_basis", "text", "Legal basis, e.g. consent or contract.", synonyms=("basis",)),
        Column(
            "evidence", "text", "Where and how it was given.", synonyms=("source", "consent_source", "collected_from")
        ),
    ),
)
