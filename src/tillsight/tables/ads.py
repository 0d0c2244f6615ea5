"""Ad groups, ads and keywords: what a paid campaign is made of, whatever the platform calls it."""

from __future__ import annotations

from tillsight.tables.columns import CREATED_AT, CURRENCY, campaign_id, product_id
from tillsight.tables.schema import SHOP, Column, Table

AD_GROUP_HEADERS = ("ad_group", "ad_set_id", "ad_set")
_STATUS = Column(
    "status",
    "text",
    "Whether it runs.",
    values=("active", "paused", "ended"),
    value_synonyms=(
        ("enabled", "active"),
        ("running", "active"),
        ("disabled", "paused"),
        ("inactive", "paused"),
        ("removed", "ended"),
        ("archived", "ended"),
        ("deleted", "ended"),
    ),
    synonyms=("state", "delivery_status"),
)

AD_GROUPS = Table(
    name="ad_groups",
    title="Ad groups",
    domain="ads",
    grain="One ad group or ad set of a campaign.",
    key=("shop_id", "ad_group_id"),
    synonyms=("ad_group", "adgroups", "ad_sets", "adsets"),
    columns=(
        SHOP,
        Column("ad_group_id", "text", "The ad group.", required=True, synonyms=(*AD_GROUP_HEADERS, "id")),
        campaign_id(required=True),
        Column("ad_group_name", "text", "Name.", synonyms=("name", "ad_set_name")),
        _STATUS,
        Column(
            "audience",
            "text",
            "Audience that it is shown to.",
            synonyms=("audience_name", "targeting", "audience_segment"),
        ),
        Column(
            "audience_type",
            "text",
            "Kind of audience, e.g. retargeting, lookalike, interest, customer list.",
            synonyms=("targeting_type",),
        ),
        CURRENCY,
        Column(
            "budget",
            "money",
            "Budget of a day, where it has its own.",
            unit="money",
            minimum=0,
            synonyms=("daily_budget",),
        ),
        Column(
            "bid",
            "money",
            "Highest bid for a click.",
            unit="money",
            minimum=0,
            synonyms=("max_cpc", "default_bid", "bid_amount"),
        ),
        Column("start_date", "day", "First day.", synonyms=("start", "start_time")),
        Column("end_date", "day", "Last day.", synonyms=("end", "end_time")),
        CREATED_AT,
    ),
)

ADS = Table(
    name="ads",
    title="Ads",
    domain="ads",
    grain="One ad: the text, picture or film that is shown.",
    key=("shop_id", "ad_id"),
    synonyms=("ad", "creatives", "ad_creatives"),
    columns=(
        SHOP,
        Column("ad_id", "text", "The ad.", required=True, synonyms=("ad", "creative_id", "id")),
        Column(
            "ad_group_id",
            "text",
            "The ad group that it is in.",
            references="ad_groups.ad_group_id",
            synonyms=AD_GROUP_HEADERS,
        ),
        campaign_id(),
        Column("ad_name", "text", "Name.", synonyms=("name", "creative_name")),
        _STATUS,
        Column(
            "ad_format",
            "text",
            "Format, e.g. text, single image, carousel, video, shopping.",
            synonyms=("format", "ad_type", "creative_type", "media_type"),
        ),
        Column("headline", "text", "Headline.", synonyms=("title", "headline_1", "ad_headline")),
        Column("description", "text", "Description below the headline.", synonyms=("description_1", "ad_description")),
        Column("ad_copy", "text", "Text.", synonyms=("copy", "body", "primary_text", "ad_text", "message")),
        Column("call_to_action", "text", "Text of the button.", synonyms=("cta", "call_to_action_type", "button")),
        Column(
            "creative_url",
            "text",
            "Address of the picture or film.",
            synonyms=("ad_creative_url", "image_url", "video_url", "thumbnail_url", "asset_url"),
        ),
        Column(
            "landing_page",
            "text",
            "Address that a click leads to.",
            synonyms=("final_url", "destination_url", "link_url", "landing_page_url"),
        ),
        product_id("The product that it advertises."),
        Column(
            "test_name", "text", "The A/B test that it is in.", synonyms=("experiment", "experiment_name", "ab_test")
        ),
        Column("test_arm", "text", "Its arm in the A/B test.", synonyms=("variant", "experiment_arm", "test_cell")),
        Column("start_date", "day", "First day.", synonyms=("start", "start_time")),
        Column("end_date", "day", "Last day.", synonyms=("end", "end_time")),
        CREATED_AT,
    ),
)

AD_KEYWORDS = Table(
    name="ad_keywords",
    title="Ad keywords",
    domain="ads",
    grain="One keyword of an ad group, bought or excluded.",
    key=("shop_id", "keyword_id"),
    synonyms=("ad_keyword", "keywords", "search_keywords"),
    columns=(
        SHOP,
        Column(
            "keyword_id",
            "text",
            "The keyword in its ad group.",
            required=True,
            synonyms=("criterion_id", "keyword_number", "id"),
        ),
        campaign_id(),
        Column(
            "ad_group_id",
            "text",
            "The ad group that it is in.",
            references="ad_groups.ad_group_id",
            synonyms=AD_GROUP_HEADERS,
        ),
        Column(
            "keyword",
            "text",
            "The words.",
            required=True,
            synonyms=("keyword_text", "search_keyword", "text", "targeting"),
        ),
        Column(
            "match_type",
            "text",
            "How near a search must come.",
            values=("exact", "phrase", "broad", "product"),
            value_synonyms=(
                ("exact match", "exact"),
                ("phrase match", "phrase"),
                ("broad match", "broad"),
                ("targeting_expression", "product"),
            ),
            synonyms=("keyword_match_type", "search_keyword_match_type"),
        ),
        Column(
            "is_negative",
            "boolean",
            "Searches for it are excluded.",
            required=True,
            default="false",
            synonyms=("negative", "negative_keyword"),
        ),
        _STATUS,
        CURRENCY,
        Column(
            "bid",
            "money",
            "Highest bid for a click.",
            unit="money",
            minimum=0,
            synonyms=("max_cpc", "keyword_bid", "cpc_bid"),
        ),
        Column(
            "quality_score",
            "rate",
            "Quality score of the platform: 1 is worst, 10 is best.",
            unit="score",
            minimum=1,
            maximum=10,
            synonyms=("qs",),
        ),
        CREATED_AT,
    ),
)
