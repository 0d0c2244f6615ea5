"""The web site: sessions, what happened in them, the touch points before an order and how fast the pages were.

Visitors are pseudonyms of the analytics system. Moments are in UTC, durations in seconds, page timings in milliseconds.
"""

from __future__ import annotations

from tillsight.tables.columns import (
    CURRENCY,
    ORDER_CURRENCY,
    campaign_id,
    line_id,
    order_id,
    place,
    product_id,
)
from tillsight.tables.schema import SHOP, Check, Column, Table

_VISITOR = Column(
    "visitor_id",
    "text",
    "The visitor: a pseudonym that lasts over sessions of one browser, or over devices where the visitor is signed in.",
    synonyms=("client_id", "user_pseudo_id", "anonymous_id", "cookie_id", "visitor", "fullvisitorid"),
)
# `client_id` is the visitor here, so it cannot mean the customer.
_CUSTOMER = Column(
    "customer_id",
    "text",
    "The customer, when signed in or matched.",
    references="customers.customer_id",
    synonyms=("customer", "user_id", "buyer_id"),
)
_DEVICE = Column("device_type", "text", "Device: desktop, mobile or tablet.", synonyms=("device", "device_category"))

WEB_SESSIONS = Table(
    name="web_sessions",
    title="Web sessions",
    domain="ads",
    grain="One visit to the shop's site or app.",
    key=("shop_id", "session_id"),
    time="started_at",
    synonyms=("web_session", "sessions", "visits", "website_analytics"),
    columns=(
        SHOP,
        Column(
            "session_id", "text", "The session.", required=True, synonyms=("session", "visit_id", "ga_session_id", "id")
        ),
        _VISITOR,
        _CUSTOMER,
        Column(
            "started_at",
            "moment",
            "When it began.",
            required=True,
            synonyms=("timestamp", "session_start", "start_time", "date", "visit_start_time", "event_timestamp"),
        ),
        Column(
            "duration_seconds",
            "number",
            "How long it lasted.",
            unit="seconds",
            minimum=0,
            synonyms=("duration", "session_duration", "time_on_site"),
        ),
        Column(
            "page_views",
            "integer",
            "Pages that were seen.",
            unit="count",
            minimum=0,
            synonyms=("page_view", "pages", "page_view_count"),
        ),
        Column(
            "is_bounce",
            "boolean",
            "Only one page was seen and nothing was done.",
            synonyms=("bounce", "bounced"),
        ),
        Column(
            "is_new_visitor",
            "boolean",
            "First visit of the visitor.",
            synonyms=("new_visitor", "first_visit", "is_new_user"),
        ),
        Column("landing_page", "text", "First page.", synonyms=("landing_page_path", "entry_page", "landing_page_url")),
        Column("exit_page", "text", "Last page.", synonyms=("exit_page_path",)),
        Column(
            "referrer",
            "text",
            "The site or page that sent the visitor.",
            synonyms=("referer", "page_referrer", "referral_source"),
        ),
        Column("utm_source", "text", "Source in the link (utm_source)."),
        Column("utm_medium", "text", "Medium in the link (utm_medium)."),
        Column("utm_campaign", "text", "Campaign in the link (utm_campaign)."),
        Column("utm_content", "text", "Content in the link (utm_content)."),
        Column("utm_term", "text", "Term in the link (utm_term)."),
        Column(
            "click_id",
            "text",
            "Click number that the ad platform puts into the link.",
            synonyms=("gclid", "fbclid", "msclkid", "ttclid"),
        ),
        Column(
            "channel",
            "text",
            "Marketing channel, e.g. organic search.",
            synonyms=("channel_group", "default_channel_group", "marketing_channel"),
        ),
        Column(
            "traffic_source",
            "text",
            "Where the visit came from: organic, paid, social, email, direct.",
            synonyms=("source", "session_source"),
        ),
        campaign_id("The campaign that brought the visit."),
        _DEVICE,
        Column("browser", "text", "Browser.", synonyms=("browser_name",)),
        Column("operating_system", "text", "Operating system.", synonyms=("os", "os_name")),
        Column("language", "text", "Language of the browser, as an ISO code.", synonyms=("locale",)),
        *place("of the visitor", ("geo",)),
        Column(
            "location",
            "text",
            "Place of the visitor, where city and country are not apart.",
            synonyms=("geo_location",),
        ),
        Column(
            "adds_to_cart",
            "integer",
            "Products put into the cart.",
            unit="count",
            minimum=0,
            synonyms=("add_to_cart", "add_to_carts"),
        ),
        Column(
            "purchases",
            "integer",
            "Orders placed.",
            unit="count",
            minimum=0,
            synonyms=("purchase", "transactions", "orders"),
        ),
        Column(
            "revenue",
            "money",
            "Value of the orders placed, as the analytics system states it.",
            unit="money",
            synonyms=("purchase_revenue", "transaction_revenue", "value"),
        ),
        CURRENCY,
        Column(
            "has_consent", "boolean", "The visitor allowed to be followed.", synonyms=("consent", "analytics_consent")
        ),
    ),
    checks=(
        Check("bounce_has_one_page", "NOT is_bounce OR page_views <= 1", "A bounce saw one page."),
        Check("bounce_buys_nothing", "NOT is_bounce OR purchases = 0", "A bounce placed no order."),
    ),
)

WEB_EVENTS = Table(
    name="web_events",
    title="Web events",
    domain="ads",
    grain="One thing that happened in a session: a page seen, a product put into the cart, an order placed.",
    key=("shop_id", "line_id"),
    time="occurred_at",
    synonyms=("web_event", "events", "site_events", "tracking_events", "clickstream"),
    columns=(
        SHOP,
        line_id("The event, unique in the shop.", ("event_id", "hit_id")),
        Column(
            "session_id",
            "text",
            "The session.",
            references="web_sessions.session_id",
            synonyms=("session", "visit_id", "ga_session_id"),
        ),
        _VISITOR,
        _CUSTOMER,
        Column(
            "occurred_at",
            "moment",
            "When.",
            required=True,
            synonyms=("timestamp", "event_time", "event_timestamp", "event_date", "date"),
        ),
        Column(
            "event",
            "text",
            "What happened: page_view, view_item, search, add_to_cart, begin_checkout, purchase, sign_up, or a name of "
            "the shop's own.",
            required=True,
            synonyms=("event_name", "event_type", "action", "actions"),
        ),
        Column(
            "page",
            "text",
            "Page on which it happened.",
            synonyms=("page_path", "page_url", "url", "page_location", "path"),
        ),
        product_id("The product that it was about."),
        Column("quantity", "quantity", "Units.", unit="units", minimum=0, synonyms=("qty", "units")),
        Column(
            "value",
            "money",
            "Value of it, as the analytics system states it.",
            unit="money",
            synonyms=("revenue", "event_value", "purchase_revenue"),
        ),
        ORDER_CURRENCY,
        order_id("The order that was placed."),
        Column(
            "search_term", "text", "What was searched for on the site.", synonyms=("search_query", "query", "search")
        ),
        Column(
            "results",
            "integer",
            "Results that the search found.",
            unit="count",
            minimum=0,
            synonyms=("result_count", "search_results"),
        ),
        _DEVICE,
    ),
)

TOUCH_POINTS = Table(
    name="touch_points",
    title="Touch points",
    domain="ads",
    grain="One contact of marketing with a visitor or customer: a click, a view, a visit, an e-mail opened. Credit is "
    "computed from them.",
    key=("shop_id", "line_id"),
    time="occurred_at",
    synonyms=("touch_point", "touchpoints", "customer_journeys", "conversion_paths"),
    columns=(
        SHOP,
        line_id("The touch point, unique in the shop.", ("touch_point_id",)),
        Column(
            "occurred_at",
            "moment",
            "When.",
            required=True,
            synonyms=("timestamp", "touch_time", "event_time", "date", "touched_at"),
        ),
        order_id("The order that the path ends in, where the source says so; else found by visitor or customer."),
        Column(
            "position",
            "integer",
            "Place in the path as the source counts it, from 1.",
            unit="ordinal",
            minimum=1,
            synonyms=("touch_number", "step", "sequence"),
        ),
        _VISITOR,
        _CUSTOMER,
        Column(
            "session_id",
            "text",
            "The session that it opened.",
            references="web_sessions.session_id",
            synonyms=("session", "visit_id"),
        ),
        Column(
            "channel",
            "text",
            "Marketing channel.",
            synonyms=("marketing_channel", "channel_group", "utm_medium"),
        ),
        Column("platform", "text", "Ad platform.", synonyms=("ad_platform", "source", "utm_source")),
        campaign_id(),
        Column(
            "ad_group_id",
            "text",
            "The ad group.",
            references="ad_groups.ad_group_id",
            synonyms=("ad_group", "ad_set_id"),
        ),
        Column("ad_id", "text", "The ad.", references="ads.ad_id", synonyms=("ad", "creative_id", "utm_content")),
        Column(
            "keyword_id", "text", "The keyword.", references="ad_keywords.keyword_id", synonyms=("keyword", "utm_term")
        ),
        Column(
            "interaction",
            "text",
            "How the contact was made.",
            required=True,
            default="visit",
            values=("click", "view", "visit", "open", "call"),
            value_synonyms=(
                ("impression", "view"),
                ("session", "visit"),
                ("email_open", "open"),
                ("email_click", "click"),
            ),
            synonyms=("interaction_type", "touch_type", "touchpoint_type", "type"),
        ),
        _DEVICE,
    ),
    checks=(
        Check(
            "belongs_to_somebody",
            "visitor_id IS NOT NULL OR customer_id IS NOT NULL OR order_id IS NOT NULL OR session_id IS NOT NULL",
            "A touch point can be joined to a visitor, customer, session or order.",
        ),
    ),
)


def _milliseconds(name: str, description: str, *synonyms: str) -> Column:
    return Column(name, "number", description, unit="ms", minimum=0, synonyms=synonyms)


SITE_PERFORMANCE = Table(
    name="site_performance",
    title="Site performance",
    domain="seasons",
    grain="One sample of how fast and how sound a page was: one visit, one probe, or the mean of a span.",
    key=("shop_id", "line_id"),
    time="sampled_at",
    line_from=("sampled_at", "page", "device_type", "country", "sample_source"),
    synonyms=("site_speed", "web_vitals", "uptime", "site_performance_samples"),
    columns=(
        SHOP,
        line_id("The sample, unique in the shop.", ("sample_id",)),
        Column(
            "sampled_at",
            "moment",
            "When.",
            required=True,
            synonyms=("timestamp", "date", "time", "measured_at", "checked_at"),
        ),
        Column(
            "page",
            "text",
            "Page; unknown when the sample is of the whole site.",
            synonyms=("url", "page_url", "page_path", "path"),
        ),
        _DEVICE,
        Column("country", "text", "Country from which it was measured.", synonyms=("country_code",)),
        Column(
            "sample_source",
            "text",
            "Who measured: the page itself, a probe, the server.",
            synonyms=("source", "probe", "monitor"),
        ),
        _milliseconds("response_ms", "Until the server had answered.", "response_time", "response_time_ms", "latency"),
        _milliseconds("first_byte_ms", "Until the first byte came.", "ttfb", "time_to_first_byte"),
        _milliseconds("largest_paint_ms", "Until the largest part was painted.", "lcp", "largest_contentful_paint"),
        _milliseconds("interaction_ms", "Until the page reacted to a hand.", "inp", "interaction_to_next_paint", "fid"),
        Column(
            "layout_shift",
            "number",
            "How much the page moved while it loaded.",
            unit="score",
            minimum=0,
            synonyms=("cls", "cumulative_layout_shift"),
        ),
        _milliseconds("load_ms", "Until the page was complete.", "load_time", "page_load_time"),
        Column(
            "requests",
            "integer",
            "Requests that the sample stands for.",
            unit="count",
            minimum=0,
            synonyms=("request_count", "samples", "hits"),
        ),
        Column(
            "errors",
            "integer",
            "Requests that failed.",
            unit="count",
            minimum=0,
            synonyms=("error_count", "failed_requests"),
        ),
        Column("is_up", "boolean", "The site answered.", synonyms=("up", "available", "status")),
    ),
    checks=(Check("errors_within_requests", "errors <= requests", "No more requests failed than were made."),),
)
