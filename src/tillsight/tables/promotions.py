"""Promotions and bundles: reduced prices for a time, and products sold as a set.

A promotion is for everything unless it has rows in `promotion_products`.
"""

from __future__ import annotations

from tillsight.tables.columns import CREATED_AT, CURRENCY, NOTES, STATED, campaign_id, location_id, product_id
from tillsight.tables.schema import SHOP, Check, Column, Table

DISCOUNT_TYPES = ("percent_off", "dollar_off", "fixed_price", "bogo", "bundle_price", "free_shipping", "gift", "points")
DISCOUNT_TYPE_SYNONYMS = (
    ("percentage", "percent_off"),
    ("percent", "percent_off"),
    ("amount_off", "dollar_off"),
    ("fixed_amount", "dollar_off"),
    ("fixed_cart", "dollar_off"),
    ("fixed_product", "dollar_off"),
    ("buy_x_get_y", "bogo"),
    ("buy one get one", "bogo"),
    ("bundle", "bundle_price"),
    ("free shipping", "free_shipping"),
)

PROMOTIONS = Table(
    name="promotions",
    title="Promotions",
    domain="pricing",
    grain="One promotion: a reduction for a time.",
    key=("shop_id", "promotion_id"),
    time="start_date",
    synonyms=("promotion", "discounts_and_promotions", "price_rules", "coupons"),
    columns=(
        SHOP,
        Column(
            "promotion_id",
            "text",
            "The promotion.",
            required=True,
            synonyms=("promotion", "promo_id", "price_rule_id", "coupon_id", "id"),
        ),
        Column("promotion_name", "text", "Name.", synonyms=("name", "title", "promo_name")),
        Column(
            "code",
            "text",
            "Code that customers enter; unknown when it applies by itself.",
            synonyms=("coupon_code", "discount_code", "promo_code"),
        ),
        Column(
            "discount_type",
            "text",
            "Kind of reduction. dollar_off is an amount of money in the row's currency; fixed_price is the price that "
            "is left; "
            "bogo is buy one, get one.",
            required=True,
            values=DISCOUNT_TYPES,
            value_synonyms=DISCOUNT_TYPE_SYNONYMS,
            synonyms=("promotion_type", "promo_type", "value_type"),
        ),
        Column(
            "discount_value",
            "money",
            "Size of the reduction: percent of the price for percent_off, points for points, money otherwise.",
            minimum=0,
            synonyms=("value", "discount", "amount"),
        ),
        CURRENCY,
        Column(
            "start_date",
            "day",
            "First day.",
            required=True,
            synonyms=("starts_at", "valid_from", "start", "promotion_start", "starts_on"),
        ),
        Column(
            "end_date",
            "day",
            "Last day; unknown while it has none.",
            synonyms=("ends_at", "valid_to", "valid_until", "end", "promotion_end", "ends_on"),
        ),
        Column("channel", "text", "Sales channel that it is limited to.", synonyms=("sales_channel",)),
        location_id("The location that it is limited to."),
        Column("customer_segment", "text", "Customers that it is limited to.", synonyms=("segment", "customer_group")),
        Column(
            "minimum_order_value",
            "money",
            "Least order value for it.",
            unit="money",
            minimum=0,
            synonyms=("minimum_spend", "minimum_amount", "min_order_value"),
        ),
        campaign_id("The campaign that it is part of."),
        Column(
            "cost",
            "money",
            "Cost of running it, besides the reduction.",
            unit="money",
            minimum=0,
            synonyms=("promotion_cost",),
        ),
        Column("status", "text", "Status in the source's own words.", synonyms=("promotion_status",)),
        NOTES,
        CREATED_AT,
    ),
    checks=(
        Check("ends_after_start", "end_date >= start_date", "It does not end before it starts."),
        Check(
            "percent_up_to_100",
            "discount_type <> 'percent_off' OR discount_value <= 100",
            "A percentage off is at most 100.",
        ),
    ),
)

PROMOTION_PRODUCTS = Table(
    name="promotion_products",
    title="Promotion products",
    domain="pricing",
    grain="One product in a promotion.",
    key=("shop_id", "promotion_id", "product_id"),
    synonyms=("promotion_product", "promotion_items", "promotion_skus"),
    columns=(
        SHOP,
        Column(
            "promotion_id",
            "text",
            "The promotion.",
            required=True,
            references="promotions.promotion_id",
            synonyms=("promotion", "promo_id", "price_rule_id"),
        ),
        product_id(required=True),
        CURRENCY,
        Column(
            "promotion_price",
            "money",
            "Price of one unit during the promotion.",
            unit="money",
            minimum=0,
            synonyms=("promo_price", "offer_price"),
        ),
        Column(
            "sales_before_promotion",
            "money",
            f"Sales of the product before the promotion. {STATED}",
            unit="money",
            synonyms=("sales_before_promo", "sales_before"),
        ),
        Column(
            "sales_during_promotion",
            "money",
            f"Sales of the product during the promotion. {STATED}",
            unit="money",
            synonyms=("sales_during_promo", "sales_during"),
        ),
    ),
)

BUNDLES = Table(
    name="bundles",
    title="Bundles",
    domain="pricing",
    grain="One component of a bundle. A component may be in several bundles.",
    key=("shop_id", "bundle_product_id", "component_product_id"),
    synonyms=("bundle", "bundle_components", "kits", "bill_of_materials"),
    columns=(
        SHOP,
        Column(
            "bundle_product_id",
            "text",
            "The product that is sold as a set.",
            required=True,
            references="products.product_id",
            synonyms=("bundle", "bundle_id", "bundle_sku", "kit_sku", "parent_sku"),
        ),
        Column(
            "component_product_id",
            "text",
            "The product in it.",
            required=True,
            references="products.product_id",
            synonyms=("component", "component_id", "component_sku", "child_sku"),
        ),
        Column(
            "quantity",
            "quantity",
            "Units of the component in one bundle.",
            required=True,
            default="1",
            unit="units",
            minimum=0,
            synonyms=("qty", "units", "component_quantity"),
        ),
        Column("valid_from", "day", "First day of this composition.", synonyms=("start_date",)),
        Column("valid_to", "day", "Last day of this composition.", synonyms=("end_date",)),
    ),
    checks=(
        Check("not_its_own_part", "component_product_id <> bundle_product_id", "A bundle is not a part of itself."),
        Check("has_units", "quantity > 0", "A bundle holds some units of each component."),
        Check("ends_after_start", "valid_to >= valid_from", "The composition does not end before it starts."),
    ),
)
