"""Money that moves beside the sale: payments, gift cards and amounts on sales documents that are no sale.

None of these is revenue. A payment shows how and when an order was paid; a gift card is money held for a customer; an
account entry keeps adjustments and expenses that a sales file carries, so that the file ties out.
"""

from __future__ import annotations

from tillsight.tables.columns import (
    CURRENCY,
    ORDER_CURRENCY,
    customer_id,
    line_id,
    location_id,
    order_id,
    order_line_id,
)
from tillsight.tables.schema import SHOP, Check, Column, Table

PAYMENTS = Table(
    name="payments",
    title="Payments",
    domain="sales",
    grain="One payment received for an order, or one paid back.",
    key=("shop_id", "line_id"),
    time="paid_at",
    line_from=("payment_id", "order_id", "sequence", "kind", "payment_method", "paid_at", "amount"),
    synonyms=("payment", "order_payments", "payment_transactions", "tenders"),
    columns=(
        SHOP,
        line_id("The payment, unique in the shop.", ("payment_line_id",)),
        Column(
            "payment_id",
            "text",
            "Number of the payment at the payment provider.",
            synonyms=("payment_reference", "payment_transaction_id", "transaction_id", "charge_id", "id"),
        ),
        order_id("The order that is paid."),
        Column(
            "sequence",
            "integer",
            "Place of the payment among those of the order, from 1.",
            unit="count",
            minimum=1,
            synonyms=("payment_sequential", "payment_number", "payment_no"),
        ),
        Column(
            "kind",
            "text",
            "What happened. Money that is only reserved is an authorisation and counts in no total.",
            required=True,
            default="payment",
            values=("payment", "refund", "chargeback", "authorisation"),
            value_synonyms=(
                ("sale", "payment"),
                ("capture", "payment"),
                ("charge", "payment"),
                ("payout", "refund"),
                ("dispute", "chargeback"),
                ("authorization", "authorisation"),
                ("auth", "authorisation"),
            ),
            synonyms=("payment_kind", "transaction_kind", "transaction_type"),
        ),
        Column(
            "amount",
            "money",
            "Money received; negative when it is paid back.",
            required=True,
            unit="money",
            synonyms=("payment_value", "payment_amount", "amount_paid", "paid_amount", "value"),
        ),
        ORDER_CURRENCY,
        Column(
            "fee_amount",
            "money",
            "Fee that the payment provider keeps.",
            unit="money",
            synonyms=("fee", "fees", "processing_fee", "transaction_fee", "payment_fee"),
        ),
        Column(
            "paid_at",
            "moment",
            "When the money moved.",
            synonyms=(
                "payment_date",
                "payment_time",
                "transaction_date",
                "processed_at",
                "captured_at",
                "date",
                "created_at",
            ),
        ),
        Column(
            "payment_method",
            "text",
            "Card, bank transfer, wallet, cash, gift card and the like.",
            synonyms=("payment_type", "method", "tender", "tender_type", "gateway", "payment_gateway"),
        ),
        Column(
            "instalments",
            "integer",
            "Number of instalments.",
            unit="count",
            minimum=0,
            synonyms=("installments", "payment_installments"),
        ),
        Column(
            "status",
            "text",
            "Whether the money moved; only completed payments count.",
            required=True,
            default="completed",
            values=("pending", "completed", "failed"),
            value_synonyms=(
                ("success", "completed"),
                ("succeeded", "completed"),
                ("paid", "completed"),
                ("complete", "completed"),
                ("failure", "failed"),
                ("error", "failed"),
                ("declined", "failed"),
                ("cancelled", "failed"),
                ("canceled", "failed"),
            ),
            synonyms=("payment_status", "transaction_status"),
        ),
        Column(
            "gift_card_id", "text", "The gift card that paid.", synonyms=("gift_card", "gift_card_code", "voucher_id")
        ),
    ),
    checks=(
        Check(
            "sign_fits_kind",
            "(kind IN ('payment', 'authorisation') AND amount >= 0) OR (kind IN ('refund', 'chargeback') AND amount <= "
            "0)",
            "Payments are positive; refunds and chargebacks are negative.",
        ),
    ),
)

GIFT_CARD_ENTRIES = Table(
    name="gift_card_entries",
    title="Gift-card entries",
    domain="sales",
    grain="One change of the balance of a gift card: sold, redeemed, refunded, expired or adjusted.",
    key=("shop_id", "gift_card_id", "line_id"),
    time="occurred_at",
    synonyms=("gift_card_entry", "gift_cards", "gift_card_transactions", "vouchers", "store_credit"),
    columns=(
        SHOP,
        Column(
            "gift_card_id",
            "text",
            "The gift card; not the code that can be spent.",
            required=True,
            synonyms=("gift_card", "card_id", "voucher_id", "gift_card_number"),
        ),
        line_id(
            "The entry of the card.", ("entry_id", "gift_card_entry_id", "gift_card_transaction_id", "transaction_id")
        ),
        order_id("The order that sold or redeemed it."),
        order_line_id("The order line that sold it."),
        customer_id(),
        Column(
            "kind",
            "text",
            "What happened.",
            required=True,
            values=("sold", "redeemed", "refunded", "expired", "adjusted"),
            value_synonyms=(
                ("issued", "sold"),
                ("activated", "sold"),
                ("spent", "redeemed"),
                ("used", "redeemed"),
                ("redemption", "redeemed"),
                ("refund", "refunded"),
                ("expiry", "expired"),
                ("adjustment", "adjusted"),
            ),
            synonyms=("type", "entry_type", "transaction_type"),
        ),
        Column(
            "amount",
            "money",
            "Change of the balance: positive when sold, negative when redeemed, expired or paid back in money.",
            required=True,
            unit="money",
            synonyms=("entry_amount", "value", "balance_change"),
        ),
        ORDER_CURRENCY,
        Column(
            "occurred_at",
            "moment",
            "When it happened.",
            required=True,
            synonyms=("date", "entry_date", "transaction_date", "created_at", "timestamp", "invoice_date"),
        ),
        Column(
            "expires_date", "day", "Last day on which the card can be spent.", synonyms=("expiry_date", "valid_until")
        ),
        Column("description", "text", "What the source says about it.", synonyms=("note", "notes", "reason")),
    ),
    checks=(
        Check("sold_is_positive", "kind <> 'sold' OR amount >= 0", "Selling a card raises its balance."),
        Check(
            "spent_is_negative",
            "kind NOT IN ('redeemed', 'expired') OR amount <= 0",
            "Redeeming a card, or letting it expire, lowers its balance.",
        ),
        Check(
            "expires_after_sale",
            "kind <> 'sold' OR expires_date >= CAST(occurred_at AS DATE)",
            "A card does not expire before it is sold.",
        ),
    ),
)

ACCOUNT_ENTRIES = Table(
    name="account_entries",
    title="Account entries",
    domain="sales",
    grain="One amount on a sales document that is neither product, discount, tax, shipping nor gift card: shown, "
    "outside sales.",
    key=("shop_id", "entry_id", "line_id"),
    time="occurred_at",
    synonyms=("account_entry", "adjustments", "fees"),
    columns=(
        SHOP,
        Column(
            "entry_id",
            "text",
            "The entry: its own number, else that of its document.",
            required=True,
            synonyms=("account_entry_id", "adjustment_id", "entry_number"),
        ),
        line_id("The line of the entry.", ("entry_line_id", "line_number")),
        Column(
            "kind",
            "text",
            "An adjustment corrects what a customer owes (manual entry, bad debt); an expense is a cost of the shop "
            "(bank "
            "charges, marketplace fees, samples).",
            required=True,
            values=("adjustment", "expense"),
            value_synonyms=(
                ("manual", "adjustment"),
                ("correction", "adjustment"),
                ("fee", "expense"),
                ("cost", "expense"),
            ),
            synonyms=("type", "entry_type"),
        ),
        Column(
            "amount",
            "money",
            "The amount with the sign of the document: positive is owed to the shop.",
            required=True,
            unit="money",
            synonyms=("entry_amount", "value", "total"),
        ),
        CURRENCY,
        Column(
            "occurred_at",
            "moment",
            "When it was booked.",
            required=True,
            synonyms=("date", "booked_at", "entry_date", "invoice_date", "transaction_date"),
        ),
        Column("description", "text", "What the document calls it.", synonyms=("text", "reason", "note")),
        Column(
            "document_id",
            "text",
            "The order, invoice or credit note that it stands on.",
            synonyms=("document", "document_number", "invoice", "invoice_no", "invoice_number"),
        ),
        Column(
            "order_id",
            "text",
            "The order, where it belongs to one.",
            references="orders.order_id",
            synonyms=("order", "order_number"),
        ),
        customer_id(),
        Column("channel", "text", "Sales channel.", synonyms=("sales_channel",)),
        Column("country", "text", "Country.", synonyms=("country_code", "country_name")),
        location_id(),
    ),
)
