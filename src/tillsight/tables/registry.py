"""The registry of the canonical tables: all of them, in the order of the documentation, and one by name."""

from __future__ import annotations

from difflib import get_close_matches

from tillsight.core.errors import NotFoundError
from tillsight.tables.calendars import EXCHANGE_RATES, FISCAL_CALENDAR
from tillsight.tables.campaigns import AD_CAMPAIGNS, CAMPAIGN_MEMBERS
from tillsight.tables.customers import CUSTOMERS
from tillsight.tables.inventory import INVENTORY_MOVEMENTS
from tillsight.tables.loyalty import LOYALTY_MEMBERS, OFFER_EVENTS, OFFER_PRODUCTS, OFFERS, POINTS, SUBSCRIPTIONS
from tillsight.tables.money import ACCOUNT_ENTRIES, GIFT_CARD_ENTRIES, PAYMENTS
from tillsight.tables.order_items import ORDER_ITEMS
from tillsight.tables.order_lines import DISCOUNT_LINES, SHIPPING_LINES, TAX_LINES
from tillsight.tables.orders import ORDERS
from tillsight.tables.places import BUSINESS_UNITS, LOCATIONS, SHOPS
from tillsight.tables.products import PRODUCTS
from tillsight.tables.promotions import BUNDLES, PROMOTION_PRODUCTS, PROMOTIONS
from tillsight.tables.refunds import REFUNDS
from tillsight.tables.reviews import REVIEWS
from tillsight.tables.schema import Table
from tillsight.tables.suppliers import SUPPLIERS

TABLES: dict[str, Table] = {
    declared.name: declared
    for declared in (
        SHOPS,
        BUSINESS_UNITS,
        LOCATIONS,
        EXCHANGE_RATES,
        FISCAL_CALENDAR,
        PRODUCTS,
        SUPPLIERS,
        ORDERS,
        ORDER_ITEMS,
        DISCOUNT_LINES,
        TAX_LINES,
        SHIPPING_LINES,
        PAYMENTS,
        GIFT_CARD_ENTRIES,
        ACCOUNT_ENTRIES,
        REFUNDS,
        CUSTOMERS,
        CAMPAIGN_MEMBERS,
        REVIEWS,
        INVENTORY_MOVEMENTS,
        AD_CAMPAIGNS,
        PROMOTIONS,
        PROMOTION_PRODUCTS,
        BUNDLES,
        LOYALTY_MEMBERS,
        OFFERS,
        OFFER_PRODUCTS,
        OFFER_EVENTS,
        SUBSCRIPTIONS,
        POINTS,
    )
}


def table(name: str) -> Table:
    """A canonical table by name. Raises NotFoundError that names the nearest tables."""
    try:
        return TABLES[name]
    except KeyError:
        near = get_close_matches(name, TABLES, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "."
        raise NotFoundError(f"There is no table {name}{hint}", table=name, near=near or None) from None
