"""The registry of the canonical tables: all of them, in the order of the documentation, and one by name."""

from __future__ import annotations

from difflib import get_close_matches

from tillsight.core.errors import NotFoundError
from tillsight.tables.ad_performance import AD_PERFORMANCE, AUCTION_INSIGHTS, SEARCH_TERMS
from tillsight.tables.ads import AD_GROUPS, AD_KEYWORDS, ADS
from tillsight.tables.calendars import EXCHANGE_RATES, FISCAL_CALENDAR
from tillsight.tables.campaigns import AD_CAMPAIGNS, CAMPAIGN_MEMBERS, MARKETING_SPEND
from tillsight.tables.customers import CUSTOMER_ATTRIBUTES, CUSTOMER_CONSENTS, CUSTOMERS
from tillsight.tables.inventory import INVENTORY_MOVEMENTS, STOCK_COUNTS, STOCK_SNAPSHOTS
from tillsight.tables.loyalty import LOYALTY_MEMBERS, OFFER_EVENTS, OFFER_PRODUCTS, OFFERS, POINTS, SUBSCRIPTIONS
from tillsight.tables.money import ACCOUNT_ENTRIES, GIFT_CARD_ENTRIES, PAYMENTS
from tillsight.tables.order_changes import ORDER_CANCELLATIONS, ORDER_EDITS
from tillsight.tables.order_items import ORDER_ITEMS
from tillsight.tables.order_lines import DISCOUNT_LINES, SHIPPING_LINES, TAX_LINES
from tillsight.tables.orders import ORDERS
from tillsight.tables.places import BUSINESS_UNITS, LOCATIONS, SHOPS
from tillsight.tables.prices import COMPETITOR_PRICES, PRICE_CHANGES, PRODUCT_COSTS
from tillsight.tables.products import PRODUCTS
from tillsight.tables.promotions import BUNDLES, PROMOTION_PRODUCTS, PROMOTIONS
from tillsight.tables.purchasing import PURCHASE_ORDERS, TRANSFERS
from tillsight.tables.refunds import REFUNDS
from tillsight.tables.returns import EXCHANGES, RETURN_EVENTS, RETURN_ITEMS, RETURNS
from tillsight.tables.reviews import REVIEWS
from tillsight.tables.schema import Table
from tillsight.tables.seasons import (
    SEASON_BUDGETS,
    SEASON_FORECASTS,
    SEASON_MILESTONES,
    SEASON_RESULTS,
    SEASON_SPEND,
    SEASONS,
)
from tillsight.tables.service import SHIPMENTS, SUPPORT_TICKETS
from tillsight.tables.suppliers import SUPPLIERS
from tillsight.tables.web import SITE_PERFORMANCE, TOUCH_POINTS, WEB_EVENTS, WEB_SESSIONS

TABLES: dict[str, Table] = {
    declared.name: declared
    for declared in (
        SHOPS,
        BUSINESS_UNITS,
        EXCHANGE_RATES,
        FISCAL_CALENDAR,
        PRODUCTS,
        ORDERS,
        ORDER_ITEMS,
        DISCOUNT_LINES,
        TAX_LINES,
        SHIPPING_LINES,
        REFUNDS,
        PAYMENTS,
        GIFT_CARD_ENTRIES,
        ACCOUNT_ENTRIES,
        ORDER_EDITS,
        ORDER_CANCELLATIONS,
        SHIPMENTS,
        CUSTOMERS,
        CUSTOMER_ATTRIBUTES,
        CUSTOMER_CONSENTS,
        CAMPAIGN_MEMBERS,
        MARKETING_SPEND,
        REVIEWS,
        SUPPORT_TICKETS,
        LOCATIONS,
        SUPPLIERS,
        INVENTORY_MOVEMENTS,
        STOCK_SNAPSHOTS,
        STOCK_COUNTS,
        PURCHASE_ORDERS,
        TRANSFERS,
        RETURNS,
        RETURN_ITEMS,
        RETURN_EVENTS,
        EXCHANGES,
        AD_CAMPAIGNS,
        AD_GROUPS,
        ADS,
        AD_KEYWORDS,
        AD_PERFORMANCE,
        SEARCH_TERMS,
        AUCTION_INSIGHTS,
        WEB_SESSIONS,
        WEB_EVENTS,
        TOUCH_POINTS,
        PRICE_CHANGES,
        PRODUCT_COSTS,
        COMPETITOR_PRICES,
        PROMOTIONS,
        PROMOTION_PRODUCTS,
        BUNDLES,
        SEASONS,
        SEASON_BUDGETS,
        SEASON_SPEND,
        SEASON_MILESTONES,
        SEASON_FORECASTS,
        SEASON_RESULTS,
        SITE_PERFORMANCE,
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
