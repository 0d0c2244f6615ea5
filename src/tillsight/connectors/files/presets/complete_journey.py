"""dunnhumby, The Complete Journey: a year of grocery baskets of households with a loyalty card, with campaigns and coupons.

`sales_value` is what the shop receives for a line, after its own discounts: the loyalty card's (`retail_disc`) and the
shop's match of a manufacturer's coupon (`coupon_match_disc`), both written as positive amounts. So the price before
discounts is their sum through the quantity, the discount is the two together, and net sales are `sales_value` to the cent.
`coupon_disc` is paid by the manufacturer and lowers nothing that the shop receives; it stays in landing. Fuel, the only
goods in quantities above 100, is given in thousandths of a gallon (around 0.0024 dollars each) and is read in gallons.
Households are customers and members; an offer is a coupon in a campaign.
"""

from __future__ import annotations

from tillsight.connectors.files.mapping import ColumnMapping, FileMapping
from tillsight.connectors.files.presets.declare import Output, Preset, Role

_AMOUNT = "CAST(TRY_CAST({0} AS DOUBLE) AS DECIMAL(18, 2))"
_DISCOUNT = f"{_AMOUNT.format('retail_disc')} + {_AMOUNT.format('coupon_match_disc')}"
_TRANSACTIONS = f"""
SELECT _part, _line, basket_id AS order_id, household_id AS customer_id, household_id AS member_id,
       store_id AS location_id, product_id, transaction_timestamp AS placed_at, {_AMOUNT.format("sales_value")} AS total_amount,
       CAST({_DISCOUNT} AS DECIMAL(18, 2)) AS discount_amount,
       CAST(CASE WHEN TRY_CAST(quantity AS DOUBLE) > 100 THEN TRY_CAST(quantity AS DOUBLE) / 1000
                 ELSE TRY_CAST(quantity AS DOUBLE) END AS DECIMAL(18, 4)) AS quantity
FROM role_transactions
"""
_MEMBERS = """
SELECT arg_min(_part, (_part, _line)) AS _part, arg_min(_line, (_part, _line)) AS _line, household_id AS member_id,
       household_id AS customer_id
FROM role_transactions WHERE household_id IS NOT NULL GROUP BY household_id ORDER BY _part, _line
"""
_STORES = """
SELECT arg_min(_part, (_part, _line)) AS _part, arg_min(_line, (_part, _line)) AS _line, store_id AS location_id
FROM role_transactions WHERE store_id IS NOT NULL GROUP BY store_id ORDER BY _part, _line
"""
_PRODUCTS = """
SELECT _part, _line, regexp_replace(product_id, '\\.0$', '') AS product_id, coalesce(product_type, product_category) AS product_name,
       department, product_category AS category, product_type AS sub_category, brand, manufacturer_id AS manufacturer,
       package_size AS size
FROM role_products
"""
_ATTRIBUTES = """
SELECT _part, _line, household_id AS customer_id, a.name AS attribute, a.value AS value FROM (
  SELECT _part, _line, household_id, unnest([
    {'name': 'age', 'value': age}, {'name': 'income', 'value': income}, {'name': 'home_ownership', 'value': home_ownership},
    {'name': 'marital_status', 'value': marital_status}, {'name': 'household_size', 'value': household_size},
    {'name': 'household_composition', 'value': household_comp}, {'name': 'children', 'value': kids_count}]) AS a
  FROM role_demographics)
WHERE nullif(trim(a.value), '') IS NOT NULL
"""
_OFFER = "campaign_id || '-' || coupon_upc"
_OFFERS = """
SELECT arg_min(c._part, (c._part, c._line)) AS _part, arg_min(c._line, (c._part, c._line)) AS _line,
       c.campaign_id || '-' || c.coupon_upc AS offer_id, c.coupon_upc AS offer_name, c.campaign_id {dates}
FROM role_coupons c {join} GROUP BY c.campaign_id, c.coupon_upc ORDER BY _part, _line
"""
_OFFER_PRODUCTS = f"SELECT _part, _line, {_OFFER} AS offer_id, product_id FROM role_coupons"
_REDEMPTIONS = f"""
SELECT _part, _line, {_OFFER} AS offer_id, household_id AS customer_id, household_id AS member_id, campaign_id,
       redemption_date AS occurred_at
FROM role_redemptions
"""
_REDEEMED = {"event": ColumnMapping(constant="redeemed")}
_COUPON = {"offer_type": ColumnMapping(constant="coupon")}

COMPLETE_JOURNEY = Preset(
    name="complete_journey",
    title="dunnhumby, The Complete Journey",
    currency="USD",
    timezone="America/New_York",
    roles=(
        Role(
            "transactions",
            (
                "household_id",
                "store_id",
                "basket_id",
                "product_id",
                "quantity",
                "sales_value",
                "retail_disc",
                "coupon_disc",
                "coupon_match_disc",
                "transaction_timestamp",
            ),
        ),
        Role(
            "products",
            (
                "product_id",
                "manufacturer_id",
                "department",
                "brand",
                "product_category",
                "product_type",
                "package_size",
            ),
            required=False,
        ),
        Role(
            "demographics",
            (
                "household_id",
                "age",
                "income",
                "home_ownership",
                "marital_status",
                "household_size",
                "household_comp",
                "kids_count",
            ),
            required=False,
        ),
        Role("redemptions", ("household_id", "coupon_upc", "campaign_id", "redemption_date"), required=False),
        Role("coupons", ("coupon_upc", "product_id", "campaign_id"), required=False),
        Role("descriptions", ("campaign_id", "campaign_type", "start_date", "end_date"), required=False),
        Role("campaigns", ("campaign_id", "household_id"), required=False),
    ),
    outputs=(
        Output(
            ("transactions",),
            FileMapping(table="sales", columns={"channel": ColumnMapping(constant="retail")}),
            _TRANSACTIONS,
        ),
        Output(("transactions",), FileMapping(table="loyalty_members"), _MEMBERS, counts=False),
        Output(
            ("transactions",),
            FileMapping(table="locations", columns={"location_type": ColumnMapping(constant="store")}),
            _STORES,
            counts=False,
        ),
        Output(("products",), FileMapping(table="products"), _PRODUCTS),
        Output(("demographics",), FileMapping(table="customer_attributes"), _ATTRIBUTES),
        Output(("descriptions",), FileMapping(table="ad_campaigns")),
        Output(
            ("campaigns",),
            FileMapping(
                table="campaign_members",
                columns={
                    "customer_id": ColumnMapping(column=("household_id",)),
                    "member_id": ColumnMapping(column=("household_id",)),
                },
            ),
        ),
        Output(
            ("coupons", "descriptions"),
            FileMapping(table="offers", columns=_COUPON),
            _OFFERS.format(
                dates=", any_value(d.start_date) AS start_date, any_value(d.end_date) AS end_date",
                join="LEFT JOIN role_descriptions d ON d.campaign_id = c.campaign_id",
            ),
            counts=False,
        ),
        Output(
            ("coupons",),
            FileMapping(table="offers", columns=_COUPON),
            _OFFERS.format(dates="", join=""),
            unless=("descriptions",),
            counts=False,
        ),
        Output(("coupons",), FileMapping(table="offer_products"), _OFFER_PRODUCTS),
        Output(("redemptions",), FileMapping(table="offer_events", columns=_REDEEMED), _REDEMPTIONS),
    ),
)
