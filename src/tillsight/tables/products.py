"""Products: what the shop sells, one row for each stock keeping unit.

Prices and costs here are those valid now. What an order line cost is on the line; how prices and costs moved is in
`price_changes` and `product_costs`.
"""

from __future__ import annotations

from tillsight.tables.columns import CREATED_AT, CURRENCY, PRODUCT_HEADERS, STATED, UPDATED_AT, location_id, supplier_id
from tillsight.tables.schema import SHOP, Check, Column, Table

PRODUCTS = Table(
    name="products",
    title="Products",
    domain="sales",
    grain="One product as it is stocked and sold: a stock keeping unit (SKU), that is one size and colour of an "
    "article.",
    key=("shop_id", "product_id"),
    synonyms=(
        "product",
        "product_master",
        "product_data",
        "items",
        "articles",
        "catalogue",
        "catalog",
        "skus",
        "variants",
    ),
    columns=(
        SHOP,
        Column(
            "product_id",
            "text",
            "The stock keeping unit (SKU).",
            required=True,
            synonyms=(*PRODUCT_HEADERS, "id", "handle"),
        ),
        Column(
            "parent_product_id",
            "text",
            "The article that sizes and colours of one product have in common.",
            references="products.product_id",
            synonyms=(
                "parent_id",
                "parent_sku",
                "parent_asin",
                "style",
                "style_id",
                "style_code",
                "item_group_id",
                "parent",
            ),
        ),
        Column(
            "product_name",
            "text",
            "Name.",
            synonyms=("name", "title", "product_title", "item_name", "item_title", "article_name"),
        ),
        Column(
            "description",
            "text",
            "Description that shoppers read.",
            synonyms=("product_description", "body_html", "body", "long_description", "short_description"),
        ),
        Column(
            "department",
            "text",
            "Department: the level above the category.",
            synonyms=("product_department", "product_group"),
        ),
        Column(
            "category",
            "text",
            "Category.",
            synonyms=("product_category", "product_category_name", "categories", "category_name", "item_category"),
        ),
        Column(
            "sub_category",
            "text",
            "Sub-category: the level below the category.",
            synonyms=("product_type", "type", "sub_category_name", "product_sub_category", "item_type"),
        ),
        Column("brand", "text", "Brand.", synonyms=("brand_name", "product_brand")),
        Column("manufacturer", "text", "Manufacturer.", synonyms=("manufacturer_id", "manufacturer_name")),
        supplier_id("The supplier it is usually bought from."),
        Column("size", "text", "Size as it is sold.", synonyms=("product_size", "option_size", "package_size")),
        Column("colour", "text", "Colour.", synonyms=("color", "product_color", "product_colour", "option_color")),
        Column("material", "text", "Material.", synonyms=("fabric",)),
        Column("season", "text", "Season or collection that it belongs to.", synonyms=("collection", "season_name")),
        Column(
            "barcode",
            "text",
            "Barcode number (GTIN, EAN, UPC or ISBN).",
            synonyms=("gtin", "ean", "upc", "isbn", "variant_barcode"),
        ),
        Column(
            "unit_of_measure",
            "text",
            "What one unit is: piece, kg, m, l.",
            default="piece",
            synonyms=("uom", "sales_unit"),
        ),
        CURRENCY,
        Column(
            "unit_cost",
            "money",
            "Standard cost of one unit now, excluding tax. Unknown is unknown, not zero.",
            unit="money",
            minimum=0,
            synonyms=(
                "cost",
                "cost_price",
                "cost_per_item",
                "cost_of_goods",
                "cogs",
                "standard_cost",
                "purchase_price",
            ),
        ),
        Column(
            "current_price",
            "money",
            "Selling price of one unit now, as shoppers see it.",
            unit="money",
            minimum=0,
            synonyms=("price", "selling_price", "variant_price", "sale_price", "your_price"),
        ),
        Column(
            "list_price",
            "money",
            "List price of one unit before any discount: the manufacturer's recommended or regular price.",
            unit="money",
            minimum=0,
            synonyms=(
                "msrp",
                "rrp",
                "list_price_msrp",
                "regular_price",
                "compare_at_price",
                "variant_compare_at_price",
                "recommended_price",
            ),
        ),
        Column(
            "minimum_price",
            "money",
            "Price floor: no recommendation or rule goes below it.",
            unit="money",
            minimum=0,
            synonyms=("price_floor", "min_price", "floor_price"),
        ),
        Column(
            "maximum_price",
            "money",
            "Price ceiling: no recommendation or rule goes above it.",
            unit="money",
            minimum=0,
            synonyms=("price_ceiling", "max_price", "ceiling_price"),
        ),
        Column(
            "target_margin_percent",
            "rate",
            "Gross margin that is aimed at, in percent of the selling price.",
            unit="percent",
            maximum=100,
            synonyms=("target_margin",),
        ),
        Column(
            "last_price_change_date",
            "day",
            f"Day of the last price change. {STATED} The history is in price_changes.",
            synonyms=("last_price_change", "price_changed_at"),
        ),
        Column(
            "tax_rate",
            "rate",
            "Usual tax rate on the product, in percent of the price without tax.",
            unit="percent",
            minimum=0,
            synonyms=("vat_rate", "tax_percent"),
        ),
        Column(
            "reorder_point",
            "quantity",
            "Stock at which a new order is due, as the shop has set it.",
            unit="units",
            minimum=0,
            synonyms=("reorder_level", "low_stock_amount", "min_stock"),
        ),
        Column(
            "safety_stock",
            "quantity",
            "Stock kept against surprises, as the shop has set it.",
            unit="units",
            minimum=0,
            synonyms=("safety_stock_level", "buffer_stock"),
        ),
        Column(
            "lead_time_days",
            "number",
            "Days from order to receipt, as agreed with the supplier.",
            unit="days",
            minimum=0,
            synonyms=("lead_time", "supplier_lead_time"),
        ),
        Column(
            "minimum_order_quantity",
            "quantity",
            "Least number of units that the supplier takes an order for.",
            unit="units",
            minimum=0,
            synonyms=("moq", "minimum_order_qty"),
        ),
        Column(
            "pack_size",
            "quantity",
            "Units in a pack: orders to the supplier are whole packs.",
            unit="units",
            minimum=0,
            synonyms=("pack_quantity", "case_size", "case_pack", "units_per_case"),
        ),
        Column(
            "order_cost",
            "money",
            "Fixed cost of placing one order with the supplier, for the economic order quantity.",
            unit="money",
            minimum=0,
            synonyms=("ordering_cost",),
        ),
        Column(
            "holding_cost",
            "money",
            "Cost of holding one unit for a year: space, capital, insurance, ageing.",
            unit="money",
            minimum=0,
            synonyms=("holding_cost_per_unit", "carrying_cost"),
        ),
        location_id("The place where it is kept as a rule."),
        Column(
            "weight_grams",
            "number",
            "Weight of one unit, packed.",
            unit="g",
            minimum=0,
            synonyms=("weight_g", "product_weight_g", "variant_grams", "grams"),
        ),
        Column(
            "length_cm", "number", "Length of one unit, packed.", unit="cm", minimum=0, synonyms=("product_length_cm",)
        ),
        Column(
            "width_cm", "number", "Width of one unit, packed.", unit="cm", minimum=0, synonyms=("product_width_cm",)
        ),
        Column(
            "height_cm", "number", "Height of one unit, packed.", unit="cm", minimum=0, synonyms=("product_height_cm",)
        ),
        Column(
            "photo_count",
            "integer",
            "Photos on the product's page.",
            unit="count",
            minimum=0,
            synonyms=("photos", "image_count", "product_photos_qty"),
        ),
        Column("has_size_guide", "boolean", "The product's page shows a size guide.", synonyms=("size_guide",)),
        Column("product_url", "text", "Address of the product's page.", synonyms=("url", "permalink", "link")),
        Column(
            "image_url", "text", "Address of the main photo.", synonyms=("image", "image_src", "images", "image_link")
        ),
        Column(
            "is_gift_card",
            "boolean",
            "It is a gift card: selling it is no sale.",
            required=True,
            default="false",
            synonyms=("gift_card",),
        ),
        Column(
            "is_bundle", "boolean", "It is a set of other products; see bundles.", default="false", synonyms=("bundle",)
        ),
        Column(
            "launch_date",
            "day",
            "First day on sale.",
            synonyms=("launched_at", "introduced", "first_sale_date", "published_at", "release_date"),
        ),
        Column(
            "discontinued_date",
            "day",
            "Last day on sale.",
            synonyms=("end_of_life_date", "discontinued_at", "discontinued_on"),
        ),
        Column(
            "status",
            "text",
            "Where it is in its life.",
            values=("active", "discontinued", "seasonal"),
            value_synonyms=(
                ("publish", "active"),
                ("published", "active"),
                ("draft", "discontinued"),
                ("inactive", "discontinued"),
                ("archived", "discontinued"),
            ),
            default="active",
            synonyms=("product_status",),
        ),
        CREATED_AT,
        UPDATED_AT,
    ),
    checks=(
        Check(
            "price_within_limits",
            "current_price >= minimum_price AND current_price <= maximum_price",
            "The current price lies between its floor and its ceiling.",
        ),
        Check("list_price_is_highest", "list_price >= current_price", "The list price is not below the current price."),
        Check(
            "launch_before_end", "discontinued_date >= launch_date", "It was not discontinued before it was launched."
        ),
    ),
)
