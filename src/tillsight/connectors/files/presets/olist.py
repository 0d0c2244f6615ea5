"""Olist, a Brazilian marketplace: orders with items, payments, reviews, customers, products and sellers, 2016 to 2018.

A customer is `customer_unique_id`: `customer_id` is new for every order. Freight is charged for each item and becomes a
shipping line. A payment is dated when its order was approved. A customer's place is that of the latest order.
"""

from __future__ import annotations

from tillsight.connectors.files.mapping import ColumnMapping, FileMapping
from tillsight.connectors.files.presets.declare import Output, Preset, Role

_BRAZIL = ColumnMapping(constant="Brazil")

_ORDERS = """
SELECT o._part, o._line, o.order_id, c.customer_unique_id AS customer_id, o.order_status,
       o.order_purchase_timestamp AS placed_at, o.order_approved_at AS processed_at,
       o.order_delivered_carrier_date AS shipped_at, c.customer_city AS city, c.customer_state AS state,
       c.customer_zip_code_prefix AS postcode, p.payment_method
FROM role_orders o
LEFT JOIN (SELECT customer_id, any_value(customer_unique_id) AS customer_unique_id, any_value(customer_city) AS customer_city,
                  any_value(customer_state) AS customer_state, any_value(customer_zip_code_prefix) AS customer_zip_code_prefix
           FROM role_customers GROUP BY customer_id) c USING (customer_id)
LEFT JOIN (SELECT order_id, arg_max(payment_type, (TRY_CAST(payment_value AS DOUBLE), payment_type)) AS payment_method
           FROM role_payments GROUP BY order_id) p ON p.order_id = o.order_id
ORDER BY o._part, o._line
"""
_ITEMS = """
SELECT _part, _line, order_id, order_item_id AS line_id, product_id, '1' AS quantity, price AS unit_price,
       seller_id AS supplier_id
FROM role_items
"""
_FREIGHT = """
SELECT i._part, i._line, i.order_id || '-' || i.order_item_id AS line_id, i.order_id, i.freight_value AS amount,
       o.order_purchase_timestamp AS charged_at
FROM role_items i LEFT JOIN role_orders o USING (order_id)
ORDER BY i._part, i._line
"""
_PAYMENTS = """
SELECT p._part, p._line, p.order_id, p.payment_sequential AS sequence, p.payment_type AS payment_method,
       p.payment_installments AS instalments, p.payment_value AS amount, o.order_approved_at AS paid_at
FROM role_payments p LEFT JOIN role_orders o USING (order_id)
ORDER BY p._part, p._line
"""
_CUSTOMERS = """
SELECT c._part, c._line, c.customer_unique_id AS customer_id, c.customer_city AS city, c.customer_state AS state,
       c.customer_zip_code_prefix AS postcode
FROM role_customers c LEFT JOIN role_orders o USING (customer_id)
QUALIFY row_number() OVER (
  PARTITION BY c.customer_unique_id ORDER BY o.order_purchase_timestamp DESC NULLS LAST, c._part DESC, c._line DESC) = 1
ORDER BY c._part, c._line
"""
_PRODUCTS = """
SELECT p._part, p._line, p.product_id, {category} AS category, p.product_weight_g AS weight_grams,
       p.product_length_cm AS length_cm, p.product_width_cm AS width_cm, p.product_height_cm AS height_cm,
       p.product_photos_qty AS photo_count
FROM role_products p {join}
ORDER BY p._part, p._line
"""
_SHIPMENTS = """
SELECT o._part, o._line, o.order_id AS shipment_id, o.order_id, o.order_delivered_carrier_date AS shipped_at,
       o.order_estimated_delivery_date AS promised_at, o.order_delivered_customer_date AS delivered_at
FROM role_orders o WHERE nullif(trim(o.order_delivered_carrier_date), '') IS NOT NULL
"""

OLIST = Preset(
    name="olist",
    title="Olist",
    currency="BRL",
    timezone="America/Sao_Paulo",
    roles=(
        Role(
            "orders",
            (
                "order_id",
                "customer_id",
                "order_status",
                "order_purchase_timestamp",
                "order_approved_at",
                "order_delivered_carrier_date",
                "order_delivered_customer_date",
                "order_estimated_delivery_date",
            ),
        ),
        Role("items", ("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value")),
        Role("payments", ("order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value")),
        Role(
            "customers",
            ("customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state"),
        ),
        Role("reviews", ("review_id", "order_id", "review_score", "review_creation_date"), required=False),
        Role(
            "products",
            (
                "product_id",
                "product_category_name",
                "product_photos_qty",
                "product_weight_g",
                "product_length_cm",
                "product_height_cm",
                "product_width_cm",
            ),
            required=False,
        ),
        Role("sellers", ("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state"), required=False),
        Role("translation", ("product_category_name", "product_category_name_english"), required=False),
        Role("places", ("geolocation_zip_code_prefix", "geolocation_lat", "geolocation_lng"), required=False),
    ),
    outputs=(
        Output(("orders", "customers", "payments"), FileMapping(table="orders", columns={"country": _BRAZIL}), _ORDERS),
        Output(("items",), FileMapping(table="order_items"), _ITEMS),
        Output(("items", "orders"), FileMapping(table="shipping_lines"), _FREIGHT, counts=False),
        Output(("payments", "orders"), FileMapping(table="payments"), _PAYMENTS),
        Output(("orders",), FileMapping(table="shipments"), _SHIPMENTS, counts=False),
        Output(("customers", "orders"), FileMapping(table="customers", columns={"country": _BRAZIL}), _CUSTOMERS),
        Output(("reviews",), FileMapping(table="reviews")),
        Output(("sellers",), FileMapping(table="suppliers", columns={"country": _BRAZIL})),
        Output(
            ("products", "translation"),
            FileMapping(table="products"),
            _PRODUCTS.format(
                category="coalesce(t.product_category_name_english, p.product_category_name)",
                join="LEFT JOIN role_translation t USING (product_category_name)",
            ),
        ),
        Output(
            ("products",),
            FileMapping(table="products"),
            _PRODUCTS.format(category="p.product_category_name", join=""),
            unless=("translation",),
        ),
    ),
)
