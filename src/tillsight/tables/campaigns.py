"""Campaigns and who is in them: paid campaigns on an ad platform as well as mail, e-mail, loyalty and television."""

from __future__ import annotations

from tillsight.tables.columns import (
    CREATED_AT,
    CURRENCY,
    business_unit_id,
    campaign_id,
    customer_id,
    line_id,
    member_id,
)
from tillsight.tables.schema import SHOP, Check, Column, Table

AD_CAMPAIGNS = Table(
    name="ad_campaigns",
    title="Campaigns",
    domain="ads",
    grain="One campaign, on an ad platform or the shop's own (mail, e-mail, loyalty, television).",
    key=("shop_id", "campaign_id"),
    synonyms=("ad_campaign", "campaigns", "campaign_descriptions", "marketing_campaigns"),
    columns=(
        SHOP,
        Column(
            "campaign_id", "text", "The campaign.", required=True, synonyms=("campaign_code", "campaign_number", "id")
        ),
        Column(
            "platform",
            "text",
            "Where it runs: google, facebook, instagram, tiktok, amazon, pinterest, linkedin, x, snapchat, microsoft, "
            "or a "
            "channel of the shop's own such as email, mail, loyalty or tv.",
            synonyms=("ad_platform", "network", "publisher", "channel", "source"),
        ),
        Column("campaign_name", "text", "Name.", synonyms=("name", "campaign", "campaign_title")),
        Column(
            "campaign_type",
            "text",
            "Type in the platform's own words, e.g. search, shopping, display, video.",
            synonyms=("type", "advertising_channel_type", "campaign_subtype"),
        ),
        Column(
            "line",
            "text",
            "Above the line (mass media), below the line (addressed to people), or both.",
            values=("above", "below", "both"),
            value_synonyms=(
                ("atl", "above"),
                ("btl", "below"),
                ("ttl", "both"),
                ("above the line", "above"),
                ("below the line", "below"),
                ("through the line", "both"),
            ),
            synonyms=("atl_btl", "media_line"),
        ),
        Column(
            "status",
            "text",
            "Whether it runs.",
            values=("active", "paused", "ended"),
            value_synonyms=(
                ("enabled", "active"),
                ("running", "active"),
                ("live", "active"),
                ("disabled", "paused"),
                ("inactive", "paused"),
                ("completed", "ended"),
                ("finished", "ended"),
                ("removed", "ended"),
                ("archived", "ended"),
                ("deleted", "ended"),
            ),
            synonyms=("campaign_status", "state", "delivery_status", "campaign_state"),
        ),
        Column(
            "objective",
            "text",
            "What it is for.",
            values=("awareness", "conversion", "retention"),
            value_synonyms=(
                ("reach", "awareness"),
                ("brand_awareness", "awareness"),
                ("video_views", "awareness"),
                ("traffic", "awareness"),
                ("engagement", "awareness"),
                ("outcome_awareness", "awareness"),
                ("outcome_traffic", "awareness"),
                ("outcome_engagement", "awareness"),
                ("conversions", "conversion"),
                ("sales", "conversion"),
                ("outcome_sales", "conversion"),
                ("leads", "conversion"),
                ("outcome_leads", "conversion"),
                ("product_catalog_sales", "conversion"),
                ("loyalty", "retention"),
                ("reactivation", "retention"),
                ("winback", "retention"),
            ),
            synonyms=("campaign_objective", "goal", "purpose"),
        ),
        CURRENCY,
        Column(
            "budget",
            "money",
            "Budget for the whole campaign, or for a day: see budget_period.",
            unit="money",
            minimum=0,
            synonyms=("campaign_budget", "budget_amount", "lifetime_budget", "total_budget"),
        ),
        Column(
            "budget_period",
            "text",
            "What the budget is for.",
            values=("campaign", "day", "month"),
            value_synonyms=(
                ("total", "campaign"),
                ("lifetime", "campaign"),
                ("daily", "day"),
                ("monthly", "month"),
            ),
            default="campaign",
            synonyms=("budget_type",),
        ),
        Column(
            "bid_strategy",
            "text",
            "How it bids, e.g. manual CPC, target ROAS, maximise conversions.",
            synonyms=("bidding_strategy", "bid_strategy_type", "bidding_strategy_type"),
        ),
        Column(
            "bid_target",
            "rate",
            "Target of the bid strategy: a ROAS, or a cost in the row's currency.",
            synonyms=("target_roas", "target_cpa"),
        ),
        business_unit_id("The business unit that pays for it."),
        Column(
            "target_segment",
            "text",
            "Customers that it is meant for.",
            synonyms=("segment", "customer_segment", "audience"),
        ),
        Column("start_date", "day", "First day.", synonyms=("starts", "start", "start_time", "campaign_start")),
        Column(
            "end_date",
            "day",
            "Last day; unknown while it has none.",
            synonyms=("ends", "end", "stop_time", "campaign_end"),
        ),
        CREATED_AT,
    ),
    checks=(Check("ends_after_start", "end_date >= start_date", "It does not end before it starts."),),
)

CAMPAIGN_MEMBERS = Table(
    name="campaign_members",
    title="Campaign members",
    domain="customers",
    grain="One customer in a campaign, addressed or held out for comparison.",
    key=("shop_id", "campaign_id", "line_id"),
    time="assigned_at",
    line_from=("customer_id", "member_id"),
    synonyms=("campaign_member", "campaign_audience", "campaign_recipients", "campaigns"),
    columns=(
        SHOP,
        campaign_id(required=True),
        line_id("The customer within the campaign.", ("campaign_member_id", "recipient_id")),
        customer_id("The customer; unknown when only the loyalty member is known."),
        member_id(),
        Column(
            "arm",
            "text",
            "target is addressed; control is held out, chosen at random, to measure what the campaign adds.",
            required=True,
            default="target",
            values=("target", "control"),
            value_synonyms=(
                ("treatment", "target"),
                ("treated", "target"),
                ("test", "target"),
                ("exposed", "target"),
                ("holdout", "control"),
                ("held_out", "control"),
                ("held out", "control"),
            ),
            synonyms=("group", "test_group", "variant", "treatment_group", "cell"),
        ),
        Column("customer_segment", "text", "Segment at the time of assignment.", synonyms=("segment",)),
        Column(
            "assigned_at", "moment", "When it was decided.", synonyms=("assigned_on", "joined_at", "sent_at", "date")
        ),
    ),
    checks=(
        Check(
            "names_somebody",
            "customer_id IS NOT NULL OR member_id IS NOT NULL",
            "A campaign member is a known customer or loyalty member.",
        ),
    ),
)
