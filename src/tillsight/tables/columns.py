"""Columns that many canonical tables share, so that they read and mean the same everywhere.

References to products, customers, orders, locations and campaigns, the currency of a row, places, and the moments at
which a source wrote a row. Units follow the declaration of each column; moments are in UTC.
"""

from __future__ import annotations

from tillsight.tables.schema import Column

STATED = "As the source states; shown, never used for metrics."

PRODUCT_HEADERS = (
    "sku",
    "product_sku",
    "variant_sku",
    "seller_sku",
    "item_sku",
    "lineitem_sku",
    "product_code",
    "stock_code",
    "item_code",
    "item_id",
    "item_number",
    "article_number",
    "asin",
    "product",
)
CUSTOMER_HEADERS = (
    "customer",
    "customer_no",
    "customer_number",
    "customer_code",
    "client_id",
    "user_id",
    "buyer_id",
    "shopper_id",
    "household_id",
    "account_id",
)
ORDER_HEADERS = (
    "order_number",
    "order_no",
    "order",
    "order_name",
    "order_reference",
    "sales_order_id",
    "amazon_order_id",
    "invoice",
    "invoice_no",
    "invoice_id",
    "invoice_number",
    "receipt",
    "receipt_no",
    "receipt_number",
    "basket_id",
)
LOCATION_HEADERS = (
    "location",
    "location_code",
    "location_name",
    "warehouse",
    "warehouse_id",
    "warehouse_location",
    "store",
    "store_id",
    "store_number",
    "branch",
    "branch_id",
    "outlet",
    "outlet_id",
)
SUPPLIER_HEADERS = ("supplier", "supplier_code", "supplier_name", "vendor", "vendor_id")
QUANTITY_HEADERS = ("qty", "units", "pieces")

CURRENCY = Column(
    "currency",
    "text",
    "Currency of the amounts of the row: three-letter ISO code in upper case. That of the settings where the source "
    "has none.",
    required=True,
    synonyms=("currency_code", "iso_currency", "order_currency"),
)
ORDER_CURRENCY = Column(
    "currency",
    "text",
    "Currency of the amounts of the row: three-letter ISO code in upper case. Unknown means the currency of the order, "
    "and "
    "that of the settings where there is no order.",
    synonyms=("currency_code", "iso_currency", "order_currency"),
)
CREATED_AT = Column(
    "created_at", "moment", "When the source wrote the row first.", synonyms=("created", "date_created", "created_on")
)
UPDATED_AT = Column(
    "updated_at",
    "moment",
    "When the source last changed the row.",
    synonyms=("updated", "modified_at", "date_modified", "last_modified", "last_updated_at"),
)
NOTES = Column("notes", "text", "Free text.", synonyms=("note", "comment", "comments", "remarks"))


def product_id(description: str = "The product: its stock keeping unit (SKU).", *, required: bool = False) -> Column:
    """The product of a fact."""
    return Column(
        "product_id", "text", description, required=required, references="products.product_id", synonyms=PRODUCT_HEADERS
    )


def product_name(description: str = "Name of the product as the source writes it here.") -> Column:
    """The product's name beside a fact."""
    return Column(
        "product_name",
        "text",
        description,
        synonyms=(
            "product_title",
            "item_name",
            "lineitem_name",
            "item_description",
            "product_description",
            "description",
        ),
    )


def customer_id(description: str = "The customer; unknown for a guest.", *, required: bool = False) -> Column:
    """The customer of a fact."""
    return Column(
        "customer_id",
        "text",
        description,
        required=required,
        references="customers.customer_id",
        synonyms=CUSTOMER_HEADERS,
    )


def order_id(description: str = "The order.", *, required: bool = False) -> Column:
    """The order of a fact."""
    return Column(
        "order_id", "text", description, required=required, references="orders.order_id", synonyms=ORDER_HEADERS
    )


def order_line_id(
    description: str = "The order line (`order_items.line_id` of the order); unknown when it is not for one line.",
) -> Column:
    """The order line of a fact; together with order_id it finds the line."""
    return Column(
        "order_line_id",
        "text",
        description,
        references="order_items.line_id",
        synonyms=("order_item_id", "line_item_id"),
    )


def location_id(description: str = "The store, warehouse or other place.", *, stock: bool = False) -> Column:
    """The place of a fact. Stock always lies somewhere: a source without places means the place `main`."""
    return Column(
        "location_id",
        "text",
        description + (" `main` where the source knows one place only." if stock else ""),
        required=stock,
        default="main" if stock else None,
        references="locations.location_id",
        synonyms=LOCATION_HEADERS,
    )


def supplier_id(description: str = "The supplier.") -> Column:
    """The supplier of a fact."""
    return Column("supplier_id", "text", description, references="suppliers.supplier_id", synonyms=SUPPLIER_HEADERS)


def business_unit_id(
    description: str = "The business unit (brand, division or destination) that it belongs to.",
) -> Column:
    """The business unit of a fact."""
    return Column(
        "business_unit_id",
        "text",
        description,
        references="business_units.business_unit_id",
        synonyms=("business_unit", "division", "division_id"),
    )


def campaign_id(description: str = "The campaign.", *, required: bool = False) -> Column:
    """The campaign of a fact."""
    return Column(
        "campaign_id",
        "text",
        description,
        required=required,
        references="ad_campaigns.campaign_id",
        synonyms=("campaign", "campaign_code"),
    )


def member_id(description: str = "The loyalty member.", *, required: bool = False) -> Column:
    """The loyalty member of a fact."""
    return Column(
        "member_id",
        "text",
        description,
        required=required,
        references="loyalty_members.member_id",
        synonyms=("loyalty_id", "loyalty_member_id", "loyalty_card", "card_id", "member_number", "membership_number"),
    )


def line_id(description: str, synonyms: tuple[str, ...] = ()) -> Column:
    """The line key that the mapping makes where the source has none."""
    return Column(
        "line_id",
        "text",
        f"{description} Made from the content and its occurrence where the source has none.",
        required=True,
        synonyms=synonyms,
    )


def unit_cost(description: str) -> Column:
    """A cost of one unit, never below zero; unknown stays unknown."""
    return Column(
        "unit_cost", "money", description, unit="money", minimum=0, synonyms=("cost", "cost_price", "cost_per_item")
    )


def place(of: str, prefixes: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """City, state, postcode and country; `prefixes` are how sources write whose place it is: `Shipping City` or `City
    (Shipping)`."""

    def column(name: str, description: str, *words: str) -> Column:
        headers = (name, *words)
        whose = (f"{prefix}_{header}" for prefix in prefixes for header in headers)
        in_brackets = (f"{header}_{prefix}" for prefix in prefixes for header in headers)
        return Column(name, "text", description, synonyms=(*words, *whose, *in_brackets))

    return (
        column("city", f"City {of}.", "town"),
        column(
            "state", f"State, province or region {of}.", "province", "province_code", "state_code", "region", "county"
        ),
        column("postcode", f"Postcode {of}.", "zip", "zip_code", "postal_code", "zip_code_prefix"),
        column(
            "country", f"Country {of}: a name or an ISO code, the same way throughout.", "country_code", "country_name"
        ),
    )
