"""The loyalty programme: members, what they were offered, what they did with it, their points and paid subscriptions.

Member classes (premium, engaged, standard) are computed by rules for each period; `tier` is what the programme itself
says.
"""

from __future__ import annotations

from tillsight.tables.columns import (
    CREATED_AT,
    CURRENCY,
    ORDER_CURRENCY,
    business_unit_id,
    campaign_id,
    customer_id,
    line_id,
    location_id,
    member_id,
    order_id,
    product_id,
)
from tillsight.tables.promotions import DISCOUNT_TYPE_SYNONYMS, DISCOUNT_TYPES
from tillsight.tables.schema import SHOP, Check, Column, Table

LOYALTY_MEMBERS = Table(
    name="loyalty_members",
    title="Loyalty members",
    domain="loyalty",
    grain="One membership of the loyalty programme: a person or a household with a card.",
    key=("shop_id", "member_id"),
    synonyms=("loyalty_member", "members", "member_classification", "loyalty_cards", "households"),
    columns=(
        SHOP,
        Column(
            "member_id",
            "text",
            "The member.",
            required=True,
            synonyms=(
                "loyalty_id",
                "loyalty_member_id",
                "loyalty_card",
                "card_id",
                "member_number",
                "membership_number",
                "household_id",
                "id",
            ),
        ),
        Column(
            "customer_id",
            "text",
            "The customer that the member is.",
            references="customers.customer_id",
            synonyms=("customer", "client_id", "user_id"),
        ),
        Column(
            "group_customer_id",
            "text",
            "The same person in the sister shops of a group.",
            synonyms=("group_member_id", "master_customer_id", "global_customer_id"),
        ),
        Column(
            "tier",
            "text",
            "Class in the programme's own words.",
            synonyms=("member_type", "level", "member_tier", "membership_level", "member_class"),
        ),
        Column(
            "status",
            "text",
            "Whether the membership runs.",
            default="active",
            values=("active", "paused", "left"),
            value_synonyms=(
                ("inactive", "paused"),
                ("suspended", "paused"),
                ("closed", "left"),
                ("cancelled", "left"),
                ("canceled", "left"),
                ("churned", "left"),
            ),
            synonyms=("member_status", "membership_status"),
        ),
        Column(
            "joined_at",
            "moment",
            "When the membership began.",
            synonyms=(
                "join_date",
                "enrolled_at",
                "enrolment_date",
                "enrollment_date",
                "registration_date",
                "signup_date",
                "member_since",
            ),
        ),
        Column("left_at", "moment", "When it ended.", synonyms=("left", "leave_date", "cancelled_at", "closed_at")),
        location_id("The store where the member joined."),
        Column(
            "channel",
            "text",
            "Channel through which the member joined.",
            synonyms=("enrolment_channel", "enrollment_channel", "signup_channel"),
        ),
        business_unit_id("The business unit where the member joined."),
        Column("postcode", "text", "Postcode of the home.", synonyms=("postal_code", "zip", "zip_code")),
        Column("market", "text", "Kind of market of the home, e.g. metro or regional.", synonyms=("market_segment",)),
        CREATED_AT,
    ),
    checks=(
        Check(
            "left_after_joined", "left_at >= joined_at - INTERVAL '1' DAY", "A member does not leave before joining."
        ),
    ),
)

OFFERS = Table(
    name="offers",
    title="Offers",
    domain="loyalty",
    grain="One offer to members: a reduction, points or a gift. Its products are in offer_products.",
    key=("shop_id", "offer_id"),
    time="start_date",
    synonyms=("offer", "marketing_offers", "loyalty_offers", "member_offers"),
    columns=(
        SHOP,
        Column(
            "offer_id",
            "text",
            "The offer.",
            required=True,
            synonyms=("offer", "offer_code", "coupon_upc", "coupon_id", "id"),
        ),
        Column("offer_name", "text", "Name.", synonyms=("name", "title", "offer_title")),
        Column(
            "offer_type", "text", "Type in the source's own words, e.g. targeted product offer.", synonyms=("type",)
        ),
        campaign_id("The campaign that hands it out."),
        Column(
            "promotion_id",
            "text",
            "The promotion that carries it out at the till.",
            references="promotions.promotion_id",
            synonyms=("promotion", "promo_id"),
        ),
        Column(
            "discount_type",
            "text",
            "Kind of reduction. dollar_off is an amount of money in the row's currency; points is bonus points.",
            values=DISCOUNT_TYPES,
            value_synonyms=DISCOUNT_TYPE_SYNONYMS,
            synonyms=("reward_type", "benefit_type"),
        ),
        Column(
            "discount_value",
            "money",
            "Size of it: percent of the price for percent_off, points for points, money otherwise.",
            minimum=0,
            synonyms=("value", "discount", "reward", "reward_value"),
        ),
        CURRENCY,
        Column("category", "text", "Category that it is limited to.", synonyms=("product_category", "department")),
        Column("brand", "text", "Brand that it is limited to.", synonyms=("product_brand",)),
        Column(
            "minimum_spend",
            "money",
            "Least spend for it.",
            unit="money",
            minimum=0,
            synonyms=("minimum_order_value", "spend_threshold"),
        ),
        Column(
            "is_targeted", "boolean", "Allocated to chosen members, not to all.", default="true", synonyms=("targeted",)
        ),
        Column("target_segment", "text", "Members that it is meant for.", synonyms=("segment", "customer_segment")),
        business_unit_id("The business unit that makes it."),
        Column("funding", "text", "Who pays for it: the shop or a supplier.", synonyms=("funded_by", "funding_source")),
        Column(
            "cost",
            "money",
            "Cost of handing it out, besides the reduction.",
            unit="money",
            minimum=0,
            synonyms=("offer_cost",),
        ),
        Column("start_date", "day", "First day.", synonyms=("starts", "starts_at", "valid_from", "start")),
        Column(
            "end_date",
            "day",
            "Last day.",
            synonyms=("ends", "ends_at", "valid_to", "valid_until", "expiry_date", "end"),
        ),
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

OFFER_PRODUCTS = Table(
    name="offer_products",
    title="Offer products",
    domain="loyalty",
    grain="One product that an offer is for.",
    key=("shop_id", "offer_id", "product_id"),
    synonyms=("offer_product", "offer_items", "coupons", "coupon_products"),
    columns=(
        SHOP,
        Column(
            "offer_id",
            "text",
            "The offer.",
            required=True,
            references="offers.offer_id",
            synonyms=("offer", "offer_code", "coupon_upc", "coupon_id"),
        ),
        product_id(required=True),
    ),
)

OFFER_EVENTS = Table(
    name="offer_events",
    title="Offer events",
    domain="loyalty",
    grain="One thing that happened between an offer and a member: allocated, delivered, opened, activated, redeemed, "
    "expired.",
    key=("shop_id", "line_id"),
    time="occurred_at",
    line_from=("offer_id", "member_id", "customer_id", "campaign_id", "event", "occurred_at", "order_id", "product_id"),
    synonyms=("offer_event", "coupon_redemptions", "redemptions", "offer_redemptions", "offer_allocations"),
    columns=(
        SHOP,
        line_id("The event, unique in the shop.", ("event_id", "offer_event_id", "redemption_id")),
        Column(
            "offer_id",
            "text",
            "The offer.",
            required=True,
            references="offers.offer_id",
            synonyms=("offer", "offer_code", "coupon_upc", "coupon_id"),
        ),
        Column(
            "member_id",
            "text",
            "The member.",
            references="loyalty_members.member_id",
            synonyms=("loyalty_id", "loyalty_member_id", "loyalty_card", "card_id", "member_number", "household_id"),
        ),
        Column(
            "customer_id",
            "text",
            "The customer, where the member is unknown.",
            references="customers.customer_id",
            synonyms=("customer", "client_id", "user_id"),
        ),
        campaign_id("The campaign through which the offer came."),
        Column(
            "event",
            "text",
            "What happened. allocated: given to the member; activated: the member took it up; redeemed: used in an "
            "order.",
            required=True,
            values=("allocated", "delivered", "opened", "clicked", "activated", "redeemed", "expired"),
            value_synonyms=(
                ("assigned", "allocated"),
                ("issued", "allocated"),
                ("sent", "delivered"),
                ("viewed", "opened"),
                ("boosted", "activated"),
                ("used", "redeemed"),
                ("redemption", "redeemed"),
            ),
            synonyms=("event_type", "event_name", "action"),
        ),
        Column(
            "is_control",
            "boolean",
            "The member was held out: the offer was allocated on paper and never shown.",
            required=True,
            default="false",
            synonyms=("control", "held_out", "holdout", "control_group"),
        ),
        Column(
            "occurred_at",
            "moment",
            "When it happened.",
            required=True,
            synonyms=("event_date", "date", "redemption_date", "redeemed_at", "event_time", "timestamp"),
        ),
        order_id("The order that redeemed it."),
        product_id("The product that it was redeemed on."),
        Column(
            "discount_amount",
            "money",
            "Reduction that the redemption gave; positive.",
            unit="money",
            minimum=0,
            synonyms=("discount", "redeemed_value", "value"),
        ),
        ORDER_CURRENCY,
    ),
    checks=(
        Check(
            "names_somebody",
            "member_id IS NOT NULL OR customer_id IS NOT NULL",
            "An offer event names the member or the customer.",
        ),
        Check(
            "control_never_redeems",
            "NOT is_control OR event NOT IN ('delivered', 'opened', 'clicked', 'activated', 'redeemed')",
            "A member who was held out never saw the offer.",
        ),
    ),
)

SUBSCRIPTIONS = Table(
    name="subscriptions",
    title="Subscriptions",
    domain="loyalty",
    grain="One paid subscription of a member or customer, from its start to its end.",
    key=("shop_id", "subscription_id"),
    time="started_at",
    synonyms=("subscription", "memberships", "subscribers", "subscription_data"),
    columns=(
        SHOP,
        Column(
            "subscription_id",
            "text",
            "The subscription.",
            required=True,
            synonyms=("subscription", "contract_id", "id"),
        ),
        member_id(),
        customer_id("The customer, where the member is unknown."),
        Column(
            "plan", "text", "What is subscribed to.", synonyms=("plan_name", "product", "subscription_type", "plan_id")
        ),
        business_unit_id(),
        Column(
            "status",
            "text",
            "Where it stands.",
            required=True,
            default="active",
            values=("trial", "active", "paused", "cancelled", "ended"),
            value_synonyms=(
                ("trialing", "trial"),
                ("on-hold", "paused"),
                ("on hold", "paused"),
                ("canceled", "cancelled"),
                ("expired", "ended"),
                ("past_due", "active"),
            ),
            synonyms=("subscription_status",),
        ),
        Column(
            "started_at",
            "moment",
            "When it began.",
            required=True,
            synonyms=("start_date", "signup_date", "subscribed_at", "signed_up_at", "created_at"),
        ),
        Column(
            "trial_ends_at", "moment", "When the free trial ends or ended.", synonyms=("trial_end", "trial_end_date")
        ),
        Column(
            "cancelled_at",
            "moment",
            "When the customer cancelled; it runs on until it ends.",
            synonyms=("canceled_at", "cancellation_date"),
        ),
        Column(
            "ended_at",
            "moment",
            "When it ended; unknown while it runs.",
            synonyms=("end_date", "expired_at", "churned_at"),
        ),
        Column(
            "next_renewal_at",
            "moment",
            "When it renews next.",
            synonyms=("next_payment_date", "renewal_date", "next_billing_date"),
        ),
        Column(
            "billing_months",
            "integer",
            "Months that one payment is for.",
            unit="months",
            minimum=1,
            synonyms=("billing_interval", "interval_months", "billing_period"),
        ),
        Column(
            "price",
            "money",
            "Price of one billing period.",
            unit="money",
            minimum=0,
            synonyms=("amount", "subscription_price", "recurring_price"),
        ),
        CURRENCY,
        Column(
            "channel", "text", "Channel through which it was taken out.", synonyms=("signup_channel", "sales_channel")
        ),
        Column("cancel_reason", "text", "Why it was cancelled.", synonyms=("cancellation_reason", "churn_reason")),
    ),
    checks=(
        Check("ends_after_start", "ended_at >= started_at - INTERVAL '1' DAY", "It does not end before it starts."),
        Check(
            "cancelled_after_start",
            "cancelled_at >= started_at - INTERVAL '1' DAY",
            "It is not cancelled before it starts.",
        ),
    ),
)

POINTS = Table(
    name="points",
    title="Points",
    domain="loyalty",
    grain="One change of a member's balance of points.",
    key=("shop_id", "line_id"),
    time="occurred_at",
    synonyms=("point_entries", "points_transactions", "points_ledger", "loyalty_points"),
    columns=(
        SHOP,
        line_id(
            "The change, unique in the shop.", ("entry_id", "points_id", "points_transaction_id", "transaction_id")
        ),
        member_id(required=True),
        Column(
            "kind",
            "text",
            "What happened.",
            required=True,
            values=("earned", "bonus", "redeemed", "expired", "adjusted"),
            value_synonyms=(
                ("earn", "earned"),
                ("accrual", "earned"),
                ("redeem", "redeemed"),
                ("burn", "redeemed"),
                ("spent", "redeemed"),
                ("expiry", "expired"),
                ("adjustment", "adjusted"),
            ),
            synonyms=("type", "transaction_type", "points_type"),
        ),
        Column(
            "points",
            "quantity",
            "Change of the balance: positive when earned, negative when redeemed or expired.",
            required=True,
            unit="points",
            synonyms=("amount", "points_amount", "value"),
        ),
        Column(
            "money_value", "money", "What the points are worth.", unit="money", synonyms=("points_value", "cash_value")
        ),
        CURRENCY,
        order_id("The order that earned or redeemed them."),
        Column(
            "offer_id",
            "text",
            "The offer that gave them.",
            references="offers.offer_id",
            synonyms=("offer", "offer_code"),
        ),
        Column(
            "occurred_at",
            "moment",
            "When it happened.",
            required=True,
            synonyms=("date", "transaction_date", "posted_at", "timestamp", "created_at"),
        ),
        Column(
            "expires_date",
            "day",
            "Last day on which earned points can be used.",
            synonyms=("expiry_date", "valid_until"),
        ),
        Column("description", "text", "What the source says about it.", synonyms=("reason", "note", "notes")),
    ),
    checks=(
        Check(
            "sign_fits_kind",
            "NOT (kind IN ('earned', 'bonus') AND points < 0) AND NOT (kind IN ('redeemed', 'expired') AND points > 0)",
            "Earning raises the balance; redeeming and expiry lower it.",
        ),
    ),
)
