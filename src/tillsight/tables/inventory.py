"""Stock: every movement of goods in and out of a location, stock levels as the source states them, and physical counts.

Movements are the truth where a shop has them; snapshots serve where it has none and to tie out. Movement quantities are
signed; costs are of one unit.
"""

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

STOCK_SNAPSHOTS = Table(
    name="stock_snapshots",
    title="Stock snapshots",
    domain="inventory",
    grain="The stock of one product in one location at one moment, as the source states it.",
    key=("shop_id", "product_id", "location_id", "taken_at"),
    time="taken_at",
    synonyms=("stock_snapshot", "inventory", "stock", "stock_levels", "inventory_levels", "stock_on_hand"),
    columns=(
        SHOP,
        product_id(required=True),
        location_id("The place where it lies.", stock=True),
        Column(
            "taken_at",
            "moment",
            "The moment that the quantities are for.",
            required=True,
            synonyms=("last_updated", "snapshot_date", "stock_date", "as_of", "date", "updated_at", "timestamp"),
        ),
        Column(
            "record_id",
            "text",
            "Number of the row in the source; a place and product keep it from one snapshot to the next.",
            synonyms=("inventory_id", "inventory_item_id", "stock_id"),
        ),
        Column(
            "quantity_on_hand",
            "quantity",
            "Units that lie there; negative where the source sold more than it knew of.",
            required=True,
            unit="units",
            synonyms=("on_hand", "quantity", "qty", "stock", "stock_quantity", "in_stock", "stock_on_hand"),
        ),
        Column(
            "quantity_reserved",
            "quantity",
            "Units on hand that are promised to orders.",
            unit="units",
            minimum=0,
            synonyms=("reserved", "committed", "allocated"),
        ),
        Column(
            "quantity_available",
            "quantity",
            "Units that can still be sold, as the source states; for tie-out checks.",
            unit="units",
            synonyms=("available", "available_quantity", "inventory_available"),
        ),
        Column(
            "quantity_incoming",
            "quantity",
            "Units on order or in transfer to this place.",
            unit="units",
            minimum=0,
            synonyms=("incoming", "on_order", "quantity_on_order", "in_transit"),
        ),
        unit_cost("Cost of one unit, as the source values its stock."),
        CURRENCY,
    ),
    checks=(
        Check(
            "available_within_on_hand",
            "quantity_available <= quantity_on_hand",
            "No more can be sold than is on hand.",
        ),
        Check(
            "on_hand_not_negative",
            "quantity_on_hand >= 0",
            "Stock is not negative (it is where goods were sold before their receipt was booked).",
        ),
    ),
)

STOCK_COUNTS = Table(
    name="stock_counts",
    title="Stock counts",
    domain="inventory",
    grain="One product counted in one location: what the system said and what was there.",
    key=("shop_id", "count_id", "line_id"),
    time="counted_at",
    line_from=("product_id", "location_id", "lot"),
    synonyms=("stock_count", "physical_counts", "stocktakes", "cycle_counts", "inventory_counts"),
    columns=(
        SHOP,
        Column(
            "count_id", "text", "The count.", required=True, synonyms=("stock_count_id", "stocktake_id", "count_number")
        ),
        line_id("The line of the count.", ("count_line_id", "line_number")),
        product_id(required=True),
        location_id("The place where it was counted.", stock=True),
        Column(
            "counted_at", "moment", "When it was counted.", required=True, synonyms=("count_date", "date", "counted_on")
        ),
        Column(
            "system_quantity",
            "quantity",
            "Units that the system expected.",
            required=True,
            unit="units",
            synonyms=("expected_quantity", "book_quantity", "system_qty", "system_stock"),
        ),
        Column(
            "counted_quantity",
            "quantity",
            "Units that were there.",
            required=True,
            unit="units",
            minimum=0,
            synonyms=("physical_quantity", "actual_quantity", "counted_qty", "physical_stock", "counted"),
        ),
        unit_cost("Cost of one unit, for the value of the difference."),
        CURRENCY,
        Column("lot", "text", "Lot or batch.", synonyms=("batch", "lot_number", "batch_number")),
        Column("reason", "text", "Why they differ.", synonyms=("variance_reason", "reason_code")),
        Column("counted_by", "text", "Who counted.", personal=True, synonyms=("counter", "employee", "user")),
        NOTES,
    ),
)
