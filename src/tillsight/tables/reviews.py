"""Reviews: what customers wrote about orders and products, with a score from 1 to 5."""

from __future__ import annotations

from tillsight.tables.columns import customer_id, line_id, order_id, product_id
from tillsight.tables.schema import SHOP, Check, Column, Table

REVIEWS = Table(
    name="reviews",
    title="Reviews",
    domain="customers",
    grain="One review of an order or of a product.",
    key=("shop_id", "line_id"),
    time="reviewed_at",
    line_from=("review_id", "order_id", "product_id", "customer_id", "reviewed_at"),
    synonyms=("review", "order_reviews", "product_reviews", "ratings"),
    columns=(
        SHOP,
        line_id("The review, unique in the shop.", ("review_line_id",)),
        Column(
            "review_id", "text", "Number of the review in the source; one may be for several orders.", synonyms=("id",)
        ),
        order_id(),
        product_id("The product reviewed; unknown when the review is of the whole order."),
        customer_id(),
        Column(
            "rating",
            "rate",
            "Score: 1 is worst, 5 is best.",
            required=True,
            unit="score",
            minimum=1,
            maximum=5,
            synonyms=("score", "review_score", "stars", "star_rating"),
        ),
        Column("title", "text", "Headline.", synonyms=("review_title", "review_comment_title", "headline")),
        Column(
            "body",
            "text",
            "Text.",
            synonyms=("review_body", "review_text", "review", "review_comment_message", "comment", "content"),
        ),
        Column("language", "text", "Language of the text, as an ISO code.", synonyms=("locale",)),
        Column(
            "is_verified", "boolean", "The reviewer bought the product.", synonyms=("verified", "verified_purchase")
        ),
        Column(
            "reviewed_at",
            "moment",
            "When it was written.",
            required=True,
            synonyms=("review_date", "review_creation_date", "created_at", "date", "submitted_at"),
        ),
        Column(
            "answered_at",
            "moment",
            "When the shop answered, or the survey was sent back.",
            synonyms=("review_answer_timestamp", "replied_at", "answer_date"),
        ),
    ),
    checks=(
        Check(
            "answer_after_review",
            "answered_at >= reviewed_at - INTERVAL '1' DAY",
            "The answer is not older than the review.",
        ),
    ),
)
