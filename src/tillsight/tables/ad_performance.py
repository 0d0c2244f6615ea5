"""Advertising figures by day as platforms report them: performance, search terms and auction insights.

Conversions and revenue are the platform's own claims and are never mixed with attributed revenue. Platforms restate
them for weeks: a later load of the same day and cut replaces the earlier one. Ratios that a platform reports are kept
as stated; metrics are computed from the counts.
"""

from __future__ import annotations

from tillsight.tables.ads import AD_GROUP_HEADERS
from tillsight.tables.columns import CURRENCY, STATED, campaign_id, line_id, product_id
from tillsight.tables.schema import SHOP, Check, Column, Table, Type

_DAY = Column(
    "day",
    "day",
    "The day, in the zone of the ad account.",
    required=True,
    synonyms=("date", "report_date", "segments_date", "reporting_starts"),
)
_PLATFORM = Column(
    "platform",
    "text",
    "Ad platform: google, facebook, instagram, tiktok, amazon, pinterest, linkedin, x, snapchat, microsoft.",
    synonyms=("ad_platform", "publisher_platform", "network", "channel"),
)
_CAMPAIGN_ID = Column(
    "campaign_id",
    "text",
    "The campaign.",
    references="ad_campaigns.campaign_id",
    synonyms=("campaign", "fb_campaign_id", "campaign_name"),
)
_AD_GROUP_ID = Column(
    "ad_group_id",
    "text",
    "The ad group; unknown where the figures are of the whole campaign.",
    references="ad_groups.ad_group_id",
    synonyms=(*AD_GROUP_HEADERS, "ad_group_name", "ad_set_name"),
)
_KEYWORD_ID = Column(
    "keyword_id",
    "text",
    "The keyword; unknown where the figures are not by keyword.",
    references="ad_keywords.keyword_id",
    synonyms=("criterion_id", "keyword", "keyword_text"),
)


def _count(name: str, description: str, *synonyms: str, type_: Type = "integer") -> Column:
    return Column(name, type_, description, unit="count", minimum=0, synonyms=synonyms)


def _stated(name: str, description: str, unit: str, *synonyms: str) -> Column:
    return Column(name, "rate", f"{description} {STATED}", unit=unit, synonyms=synonyms)


_IMPRESSIONS = _count("impressions", "Times that ads were shown.", "impr", "views")
_CLICKS = _count("clicks", "Clicks on ads.", "link_clicks", "clicks_all")
_SPEND = Column(
    "spend",
    "money",
    "What the platform charges.",
    unit="money",
    minimum=0,
    synonyms=("cost", "spent", "amount_spent", "ad_spend", "total_spend"),
)
_CONVERSIONS = _count(
    "conversions",
    "Conversions that the platform claims, after a click or a view; may be fractions.",
    "total_conversion",
    "purchases",
    "orders",
    "results",
    "actions",
    type_="quantity",
)
_REVENUE = Column(
    "revenue",
    "money",
    "Value of the conversions that the platform claims.",
    unit="money",
    synonyms=(
        "conversion_value",
        "conversions_value",
        "purchase_value",
        "action_values",
        "sales",
        "total_conv_value",
        "purchases_conversion_value",
    ),
)

AD_PERFORMANCE = Table(
    name="ad_performance",
    title="Ad performance",
    domain="ads",
    grain="One day of one campaign, in the finest cut of the report: ad group, ad, keyword, device, place, age, "
    "gender.",
    key=("shop_id", "line_id"),
    time="day",
    line_from=(
        "day",
        "hour",
        "platform",
        "campaign_id",
        "ad_group_id",
        "ad_id",
        "keyword_id",
        "match_type",
        "product_id",
        "breakdown",
        "device_type",
        "country",
        "location",
        "age",
        "gender",
        "income",
        "interest",
        "audience",
        "placement",
        "attribution_window",
        "date_basis",
        "currency",
    ),
    synonyms=(
        "ads_performance",
        "ads_report",
        "campaign_performance",
        "google_ads",
        "facebook_ads",
        "meta_ads",
        "tiktok_ads",
    ),
    columns=(
        SHOP,
        line_id("The row, unique in the shop.", ("performance_id",)),
        _DAY,
        Column(
            "hour",
            "integer",
            "Hour of the day, where the report has it.",
            unit="ordinal",
            minimum=0,
            maximum=23,
            synonyms=("hour_of_day",),
        ),
        _PLATFORM,
        _CAMPAIGN_ID,
        _AD_GROUP_ID,
        Column(
            "ad_id",
            "text",
            "The ad; unknown where the figures are not by ad.",
            references="ads.ad_id",
            synonyms=("ad", "creative_id", "ad_name"),
        ),
        _KEYWORD_ID,
        Column("match_type", "text", "Match type of the keyword.", synonyms=("keyword_match_type",)),
        product_id("The product advertised."),
        Column(
            "breakdown",
            "text",
            "The report that the row is from. Totals are taken over `base`; a second report over the same clicks, cut "
            "another way, "
            "has a name of its own (device, age_gender, location, …), so that no click counts twice.",
            required=True,
            default="base",
            synonyms=("report", "cut", "segment_type"),
        ),
        Column(
            "device_type", "text", "Device of the viewer.", synonyms=("device", "impression_device", "device_platform")
        ),
        Column("country", "text", "Country of the viewer.", synonyms=("country_code", "country_name")),
        Column("location", "text", "Region or town of the viewer.", synonyms=("region", "city", "geo", "dma")),
        Column("age", "text", "Age band of the viewer.", synonyms=("age_range", "age_group", "age_band")),
        Column("gender", "text", "Gender of the viewer.", synonyms=("sex",)),
        Column("income", "text", "Income band of the viewer.", synonyms=("household_income", "income_range")),
        Column("interest", "text", "Interest of the viewer.", synonyms=("interests", "interest_category")),
        Column("audience", "text", "Audience that the viewer is in.", synonyms=("audience_name", "audience_segment")),
        Column(
            "placement",
            "text",
            "Where the ad was shown, e.g. feed, stories, search results.",
            synonyms=("platform_position", "ad_placement"),
        ),
        Column(
            "attribution_window",
            "text",
            "Time in which a conversion counts, e.g. 7d_click. Spend, impressions and clicks are only on the rows of "
            "the window "
            "`default`, which is the platform's own.",
            required=True,
            default="default",
            synonyms=("attribution_setting", "window"),
        ),
        Column(
            "date_basis",
            "text",
            "Whether conversions count on the day of the click or of the conversion.",
            required=True,
            default="click",
            values=("click", "conversion"),
            value_synonyms=(("impression", "click"), ("interaction", "click"), ("action", "conversion")),
            synonyms=("conversion_date_basis", "reported_by"),
        ),
        CURRENCY,
        _SPEND,
        _IMPRESSIONS,
        _CLICKS,
        _count(
            "reach", "Different people who saw the ads. Does not add up over days.", "people_reached", "unique_reach"
        ),
        _count(
            "engagements",
            "Reactions, comments, shares, saves and the like.",
            "engagement",
            "post_engagement",
            "interactions",
        ),
        _count(
            "video_views",
            "Views of a film, by the platform's own rule.",
            "video_plays",
            "views_video",
            "video_views_total",
        ),
        _count(
            "adds_to_cart", "Products put into the cart after a click.", "add_to_cart", "add_to_carts", type_="quantity"
        ),
        _count("sign_ups", "Registrations after a click.", "leads", "registrations", type_="quantity"),
        _CONVERSIONS,
        _count("click_conversions", "Conversions after a click.", "click_through_conversions", type_="quantity"),
        _count(
            "view_conversions",
            "Conversions after a view without a click.",
            "view_through_conversions",
            type_="quantity",
        ),
        _count(
            "new_customers",
            "Conversions of customers that the platform takes for new.",
            "new_to_brand_orders",
            type_="quantity",
        ),
        _REVENUE,
        Column(
            "units",
            "quantity",
            "Units sold, where the platform claims them.",
            unit="units",
            minimum=0,
            synonyms=("units_sold", "unit_sales"),
        ),
        Column(
            "quality_score",
            "rate",
            "Quality score of the keyword on that day.",
            unit="score",
            minimum=0,
            maximum=10,
            synonyms=("qs", "historical_quality_score"),
        ),
        Column(
            "impression_share",
            "rate",
            "Share of the possible impressions that were won.",
            unit="percent",
            minimum=0,
            maximum=100,
            synonyms=("search_impression_share", "search_impr_share", "impr_share"),
        ),
        Column(
            "impression_share_lost_budget",
            "rate",
            "Share lost because the budget was spent.",
            unit="percent",
            minimum=0,
            maximum=100,
            synonyms=("search_lost_is_budget", "search_budget_lost_impression_share"),
        ),
        Column(
            "impression_share_lost_rank",
            "rate",
            "Share lost because bid or quality was too low.",
            unit="percent",
            minimum=0,
            maximum=100,
            synonyms=("search_lost_is_rank", "search_rank_lost_impression_share"),
        ),
        Column(
            "average_position",
            "rate",
            "Mean place among the ads; 1 is first.",
            unit="ordinal",
            minimum=0,
            synonyms=("avg_position", "position"),
        ),
        _stated("ctr", "Click-through rate.", "percent", "click_through_rate"),
        _stated("cpc", "Cost of a click.", "money", "avg_cpc", "average_cpc", "cost_per_click"),
        _stated("cpm", "Cost of a thousand impressions.", "money", "avg_cpm", "average_cpm", "cost_per_mille"),
        _stated(
            "cpa", "Cost of a conversion.", "money", "cost_per_conversion", "cost_per_acquisition", "cost_per_result"
        ),
        _stated("conversion_rate", "Conversions per click.", "percent", "conv_rate", "cvr"),
        _stated("roas", "Return on ad spend.", "ratio", "return_on_ad_spend", "purchase_roas"),
        _stated("acos", "Advertising cost of sales.", "percent", "advertising_cost_of_sales"),
        _stated("frequency", "Impressions per person reached.", "ratio"),
        _stated("video_view_rate", "Video views per impression.", "percent", "view_rate"),
        _stated("engagement_rate", "Engagements per impression.", "percent"),
        Column("created_at", "moment", "When the source wrote the row first.", synonyms=("created",)),
    ),
    checks=(
        Check("clicks_within_impressions", "clicks <= impressions", "No more clicks than impressions."),
        Check("reach_within_impressions", "reach <= impressions", "No more people than impressions."),
        Check(
            "spend_in_default_window",
            "attribution_window = 'default' OR spend IS NULL OR spend = 0",
            "Spend stands only on the rows of the default attribution window.",
        ),
    ),
)

SEARCH_TERMS = Table(
    name="search_terms",
    title="Search terms",
    domain="ads",
    grain="One day of one search that showed an ad, by campaign, ad group and keyword.",
    key=("shop_id", "line_id"),
    time="day",
    line_from=("day", "platform", "campaign_id", "ad_group_id", "keyword_id", "match_type", "search_term", "currency"),
    synonyms=("search_term", "search_term_report", "search_queries", "search_term_view"),
    columns=(
        SHOP,
        line_id("The row, unique in the shop.", ("search_term_id",)),
        _DAY,
        _PLATFORM,
        _CAMPAIGN_ID,
        _AD_GROUP_ID,
        _KEYWORD_ID,
        Column(
            "search_term",
            "text",
            "What was searched for.",
            required=True,
            synonyms=("search_query", "query", "customer_search_term"),
        ),
        Column(
            "match_type",
            "text",
            "How the search matched the keyword.",
            synonyms=("search_term_match_type", "keyword_match_type"),
        ),
        CURRENCY,
        _SPEND,
        _IMPRESSIONS,
        _CLICKS,
        _CONVERSIONS,
        _REVENUE,
    ),
    checks=(Check("clicks_within_impressions", "clicks <= impressions", "No more clicks than impressions."),),
)


def _share(name: str, description: str, *synonyms: str) -> Column:
    return Column(name, "rate", description, unit="percent", minimum=0, maximum=100, synonyms=synonyms)


AUCTION_INSIGHTS = Table(
    name="auction_insights",
    title="Auction insights",
    domain="ads",
    grain="One day of one competitor in the auctions of a campaign; the shop's own row is its own domain.",
    key=("shop_id", "line_id"),
    time="day",
    line_from=("day", "platform", "campaign_id", "ad_group_id", "competitor", "device_type"),
    synonyms=("auction_insight", "auction_insights_report", "share_of_voice"),
    columns=(
        SHOP,
        line_id("The row, unique in the shop.", ("auction_insight_id",)),
        _DAY,
        _PLATFORM,
        campaign_id("The campaign; unknown where the report is over all of them."),
        _AD_GROUP_ID,
        Column("device_type", "text", "Device of the viewer.", synonyms=("device",)),
        Column(
            "competitor",
            "text",
            "Domain or name that took part.",
            required=True,
            synonyms=("competitor_domain", "display_url_domain", "domain", "advertiser"),
        ),
        Column(
            "is_own", "boolean", "It is the shop itself.", required=True, default="false", synonyms=("own", "is_you")
        ),
        _share(
            "impression_share",
            "Share of the possible impressions that it won.",
            "search_impression_share",
            "impr_share",
        ),
        _share("overlap_rate", "How often both were shown together.", "search_overlap_rate"),
        _share("position_above_rate", "How often it stood above the shop.", "search_position_above_rate"),
        _share(
            "top_of_page_rate",
            "How often it stood above the results.",
            "search_top_of_page_rate",
            "top_impression_rate",
        ),
        _share("absolute_top_rate", "How often it stood first.", "abs_top_of_page_rate", "absolute_top_of_page_rate"),
        _share(
            "outranking_share",
            "How often the shop stood above it, or was shown when it was not.",
            "search_outranking_share",
        ),
        CURRENCY,
        Column(
            "market_cpc",
            "money",
            "Average cost of a click in the market, where it is known.",
            unit="money",
            minimum=0,
            synonyms=("average_market_cpc",),
        ),
    ),
)
