"""Stock: every movement of goods in and out of a location. Quantities are signed; costs are of one unit."""

from __future__ import annotations

from tillsight.tables.columns import (
    CURRENCY,
    NOTES,
    QUANTITY_HEADERS,
    line_id,
    location_id,
    product_id,
    product_name,
    supplier_id,
    unit_cost,
)
from tillsight.tables.schema import SHOP, Check, Column, Table

INVENTORY_MOVEMENTS = Table(
    name="inventory_movements",
    title="Inventory movements",
    domain="inventory",
    grain="One movement of one product into or out of one location. The sum of the movements is the stock.",
    key=("shop_id", "line_id"),
    time="occurred_at",
    synonyms=("inventory_movement", "inventory_transactions", "stock_movements", "stock_transactions", "stock_ledger"),
    columns=(
        SHOP,
        line_id(
            "The movement, unique in the shop.",
            ("movement_id", "transaction_id", "inventory_transaction_id", "stock_movement_id", "entry_no"),
        ),
        product_id(required=True),
        product_name(),
        location_id("The place whose stock changes.", stock=True),
        Column(
            "movement_type",
            "text",
            "What happened. opening is the first stock; count is a correction after a physical count; write_off is "
            "damage, "
            "loss or theft; supplier_return goes back to the supplier.",
            required=True,
            values=(
                "purchase",
                "sale",
                "return",
                "transfer",
                "adjustment",
                "opening",
                "count",
                "write_off",
                "supplier_return",
            ),
            value_synonyms=(
                ("receipt", "purchase"),
                ("received", "purchase"),
                ("goods_receipt", "purchase"),
                ("sold", "sale"),
                ("shipment", "sale"),
                ("customer_return", "return"),
                ("returned", "return"),
                ("transfer_in", "transfer"),
                ("transfer_out", "transfer"),
                ("correction", "adjustment"),
                ("opening_stock", "opening"),
                ("initial", "opening"),
                ("stocktake", "count"),
                ("recount", "count"),
                ("damage", "write_off"),
                ("damaged", "write_off"),
                ("loss", "write_off"),
                ("shrinkage", "write_off"),
                ("write off", "write_off"),
                ("return_to_supplier", "supplier_return"),
                ("supplier return", "supplier_return"),
            ),
            synonyms=("transaction_type", "type", "movement", "stock_movement_type"),
        ),
        Column(
            "quantity",
            "quantity",
            "Units into (+) or out of (−) the location.",
            required=True,
            unit="units",
            synonyms=(*QUANTITY_HEADERS, "quantity_change", "change", "delta"),
        ),
        unit_cost("Cost of one unit that came in; unknown for what goes out."),
        CURRENCY,
        Column(
            "occurred_at",
            "moment",
            "When the goods moved.",
            required=True,
            synonyms=(
                "transaction_date",
                "timestamp",
                "movement_date",
                "date",
                "posting_date",
                "created_at",
                "invoice_date",
            ),
        ),
        supplier_id("The supplier of a purchase."),
        Column(
            "reference_id",
            "text",
            "The document behind it, whatever its kind.",
            synonyms=("reference", "document_id", "document_number", "source_document"),
        ),
        Column(
            "order_id",
            "text",
            "The order behind a sale or a return.",
            references="orders.order_id",
            synonyms=("order", "order_number"),
        ),
        Column(
            "purchase_order_id",
            "text",
            "The purchase order behind a purchase.",
            references="purchase_orders.purchase_order_id",
            synonyms=("po_id", "po_number", "purchase_order"),
        ),
        Column(
            "transfer_id",
            "text",
            "The transfer behind it; it has one movement out and one in.",
            references="transfers.transfer_id",
            synonyms=("transfer", "transfer_number"),
        ),
        Column(
            "return_id", "text", "The return behind it.", references="returns.return_id", synonyms=("rma", "rma_id")
        ),
        Column("reason", "text", "Why, in the source's own words.", synonyms=("reason_code", "adjustment_reason")),
        Column("lot", "text", "Lot or batch.", synonyms=("batch", "lot_number", "batch_number")),
        Column("expiry_date", "day", "Best before.", synonyms=("expires", "best_before", "expiration_date")),
        NOTES,
    ),
    checks=(
        Check("quantity_not_zero", "quantity <> 0", "A movement moves something."),
        Check(
            "sign_fits_type",
            "NOT (movement_type IN ('purchase', 'opening') AND quantity < 0) "
            "AND NOT (movement_type IN ('write_off', 'supplier_return') AND quantity > 0)",
            "Purchases and opening stock come in; write-offs and returns to a supplier go out.",
        ),
    ),
)
