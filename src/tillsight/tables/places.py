"""Shops, business units and locations: who sells, and from where.

A shop is one set of books (a web shop, a country, a brand). A business unit is a part of the group that numbers are
cut by. A location is a store, a warehouse or another place where goods lie or are sold.
"""

from __future__ import annotations

from tillsight.tables.columns import CREATED_AT, CURRENCY, UPDATED_AT, business_unit_id, place
from tillsight.tables.schema import SHOP, Check, Column, Table

SHOPS = Table(
    name="shops",
    title="Shops",
    domain="shop",
    grain="One shop: a web shop, marketplace account or chain with its own books.",
    key=("shop_id",),
    synonyms=("shop", "webshops"),
    columns=(
        SHOP,
        Column("shop_name", "text", "Name shown on pages and reports.", synonyms=("name",)),
        Column("brand", "text", "Brand under which it sells.", synonyms=("brand_name",)),
        business_unit_id(),
        Column(
            "group_name",
            "text",
            "Group of sister shops; customers who come from a sister count as acquired from the group.",
            synonyms=("shop_group", "parent_company"),
        ),
        Column("platform", "text", "Software it runs on, e.g. shopify, woocommerce, magento.", synonyms=("system",)),
        Column("url", "text", "Address of the shop.", synonyms=("website", "domain", "web_address")),
        CURRENCY,
        Column("timezone", "text", "IANA name of the shop's time zone.", synonyms=("iana_timezone",)),
        Column("country", "text", "Country where it sells from.", synonyms=("country_code", "country_name")),
        Column("opened_date", "day", "First day of trade.", synonyms=("opened", "opening_date", "start_date")),
        Column("closed_date", "day", "Last day of trade.", synonyms=("closed", "closing_date", "end_date")),
        CREATED_AT,
        UPDATED_AT,
    ),
    checks=(Check("opened_before_closed", "closed_date >= opened_date", "It did not close before it opened."),),
)

BUSINESS_UNITS = Table(
    name="business_units",
    title="Business units",
    domain="shop",
    grain="One business unit: a division, destination or brand that figures are kept for.",
    key=("shop_id", "business_unit_id"),
    synonyms=("business_unit", "divisions", "destinations"),
    columns=(
        SHOP,
        Column(
            "business_unit_id",
            "text",
            "The business unit.",
            required=True,
            synonyms=("business_unit", "business_unit_code", "division_id", "unit_id", "id"),
        ),
        Column(
            "business_unit_name",
            "text",
            "Name.",
            synonyms=("name", "unit_name", "division", "division_name", "destination"),
        ),
        Column(
            "parent_business_unit_id",
            "text",
            "The business unit that it is part of.",
            references="business_units.business_unit_id",
            synonyms=("parent_id", "parent_unit_id", "parent_business_unit"),
        ),
        Column("group_name", "text", "Group of sister units.", synonyms=("unit_group",)),
        CREATED_AT,
        UPDATED_AT,
    ),
    checks=(
        Check("no_own_parent", "parent_business_unit_id <> business_unit_id", "A business unit is not part of itself."),
    ),
)

LOCATIONS = Table(
    name="locations",
    title="Locations",
    domain="inventory",
    grain="One place where goods lie or are sold: a warehouse, a store, a fulfilment centre.",
    key=("shop_id", "location_id"),
    synonyms=("location", "warehouses", "stores", "branches", "outlets"),
    columns=(
        SHOP,
        Column(
            "location_id",
            "text",
            "The location.",
            required=True,
            synonyms=("location_code", "warehouse_id", "store_id", "branch_id", "outlet_id", "store_number", "id"),
        ),
        Column(
            "location_name",
            "text",
            "Name.",
            synonyms=("name", "location", "warehouse", "warehouse_name", "warehouse_location", "store", "store_name"),
        ),
        Column(
            "location_type",
            "text",
            "What it is. A store has a till; a virtual place holds stock that lies elsewhere, such as at a fulfilment "
            "service.",
            values=("warehouse", "store", "virtual"),
            value_synonyms=(
                ("shop", "store"),
                ("retail", "store"),
                ("branch", "store"),
                ("outlet", "store"),
                ("dc", "warehouse"),
                ("distribution centre", "warehouse"),
                ("distribution center", "warehouse"),
                ("fulfilment centre", "warehouse"),
                ("fulfillment center", "warehouse"),
                ("3pl", "virtual"),
                ("online", "virtual"),
            ),
            default="warehouse",
            synonyms=("type", "store_type", "warehouse_type"),
        ),
        business_unit_id(),
        Column(
            "address", "text", "Street and number.", personal=True, synonyms=("street", "address_1", "address_line_1")
        ),
        *place("of the location", ("store", "warehouse")),
        Column(
            "sales_region", "text", "Region that the shop groups its places by.", synonyms=("area", "district", "zone")
        ),
        Column("market", "text", "Kind of market, e.g. metro or regional.", synonyms=("market_type", "market_segment")),
        Column("latitude", "number", "Latitude.", unit="degrees", minimum=-90, maximum=90, synonyms=("lat",)),
        Column(
            "longitude",
            "number",
            "Longitude.",
            unit="degrees",
            minimum=-180,
            maximum=180,
            synonyms=("lon", "lng", "long"),
        ),
        Column(
            "floor_area_m2",
            "number",
            "Sales floor or storage area.",
            unit="m²",
            minimum=0,
            synonyms=("floor_area", "area_m2"),
        ),
        Column(
            "capacity_units",
            "quantity",
            "Units that fit into it.",
            unit="units",
            minimum=0,
            synonyms=("capacity", "storage_capacity"),
        ),
        Column(
            "is_sellable",
            "boolean",
            "Stock that lies here can be sold; false for quarantine, returns and damaged goods.",
            required=True,
            default="true",
            synonyms=("sellable",),
        ),
        Column("opened_date", "day", "First day in use.", synonyms=("opened", "opening_date")),
        Column("closed_date", "day", "Last day in use.", synonyms=("closed", "closing_date")),
        CREATED_AT,
        UPDATED_AT,
    ),
    checks=(Check("opened_before_closed", "closed_date >= opened_date", "It did not close before it opened."),),
)
