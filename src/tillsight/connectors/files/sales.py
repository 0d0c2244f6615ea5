"""From the lines of a flat sales export to the tables that they speak about.

Sale lines become order items, and their documents orders. The other classes go where their effect says: refunds, shipping,
discounts, amounts outside sales, gift cards, stock movements. A line that is no sale belongs to the order of its document when
that has sale lines; otherwise its order is unknown and it counts on its own day.

Products and customers are gathered from all lines. Such a row has no line of its own (`_line` is null): it gives way to a row
from a product or customer file.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from tillsight.connectors.files.convert import Converted
from tillsight.connectors.files.lines import add_line_ids
from tillsight.connectors.files.raw import identifier
from tillsight.connectors.files.targets import OF_THE_ORDER
from tillsight.tables.registry import TABLES

_SALE = "_effect IN ('sale', 'cancelled')"
_DATED = {
    "refunds": "refunded_at",
    "shipping_lines": "charged_at",
    "discount_lines": "applied_at",
    "account_entries": "occurred_at",
    "gift_card_entries": "occurred_at",
    "inventory_movements": "occurred_at",
}
_TEXT = "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True)
class Rows:
    """Rows for one canonical table: SQL of some of its columns with `_part` and `_line`."""

    table: str
    sql: str
    columns: tuple[str, ...]


def prepare_lines(connection: duckdb.DuckDBPyConnection, converted: Converted) -> str:
    """SQL of the good lines, kept in a temporary table, each with `line_id`, `_amount` (what it adds to the file's total) and `_ord`."""
    name = f"{converted.name}_lines"
    have = set(converted.present)
    batch = converted.batch
    line = _priced(have, _negated(connection, converted))
    source = (
        f"(SELECT * REPLACE ({line[0]}){line[1]} FROM {converted.name} WHERE {converted.good})"
        if line[0]
        else (f"(SELECT *{line[1]} FROM {converted.name} WHERE {converted.good})")
    )
    amount = (
        "CASE WHEN _effect = 'refund' THEN sign(quantity * unit_price) * (abs(quantity * unit_price) - "
        f"abs({_or_zero('discount_amount', have)})) ELSE quantity * unit_price - {_or_zero('discount_amount', have)} END"
        if "unit_price" in have
        else "total_amount"
    )
    rows = (
        f"(SELECT *, CAST({amount} AS DECIMAL(28, 9)) AS _amount, _part * 1000000000000 + _line AS _ord FROM {source})"
    )
    if "line_id" not in have:
        content = [column for column in batch.target.column_names if column in have and column != "shop_id"]
        return add_line_ids(connection, name, rows, content)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {rows}")
    return name


def _or_zero(column: str, have: set[str]) -> str:
    return f"coalesce({column}, 0)" if column in have else "0"


def _negated(connection: duckdb.DuckDBPyConnection, converted: Converted) -> bool:
    """Are discounts written as negative amounts throughout?"""
    if "discount_amount" not in converted.present:
        return False
    row = connection.execute(
        f"SELECT count(*) FILTER (discount_amount < 0), count(*) FILTER (discount_amount > 0) FROM {converted.name} "
        f"WHERE {converted.good} AND {_SALE}"
    ).fetchone() or (0, 0)
    if row[0] == 0 or row[1] > 0:
        return False
    converted.notes.append(
        "Discounts are written as negative amounts in the file; they are read as positive discounts."
    )
    return True


def _priced(have: set[str], negated: bool) -> tuple[str, str]:
    """Replacements and additions to the columns: the sign of discounts, and a unit price where only totals are given.

    A price for one unit is the amount before discount through the quantity, rounded up to six decimals in whole numbers; the
    discount takes up what the rounding added, so that quantity × price − discount is the total to the last digit.
    """
    discount = f"{'-' if negated else ''}{_or_zero('discount_amount', have)}"
    if "unit_price" in have:
        return (f"{discount} AS discount_amount" if "discount_amount" in have else "", "")
    gross = f"CAST(abs(total_amount + {discount}) * 1000000 AS HUGEINT)"
    units = "CAST(abs(quantity) * 10000 AS HUGEINT)"
    price = (
        f"CASE WHEN quantity = 0 THEN CAST(0 AS DECIMAL(18, 6)) ELSE CAST(CAST(({gross} * 10000 + {units} - 1) // {units} "
        "AS DECIMAL(30, 0)) * 0.000001 AS DECIMAL(18, 6)) END"
    )
    rest = f"CAST(abs(quantity) * {price} - abs(total_amount) AS DECIMAL(18, 6))"
    replaced = f"{rest} AS discount_amount" if "discount_amount" in have else ""
    added = f", {price} AS unit_price" + ("" if "discount_amount" in have else f", {rest} AS discount_amount")
    return replaced, added


def fan_out(connection: duckdb.DuckDBPyConnection, converted: Converted, lines: str) -> list[Rows]:
    """The rows of every table that the lines speak about. Tables without rows are left out."""
    have = set(converted.present) | {"line_id", "unit_price"}
    if "total_amount" in have:
        have.add("discount_amount")
    effects = {str(row[0]) for row in connection.execute(f"SELECT DISTINCT _effect FROM {lines}").fetchall()}
    found: list[Rows] = []
    if effects & {"sale", "cancelled"}:
        found += [_items(lines, have), _orders(connection, converted, lines, have)]
    makers = {
        "refund": _refunds,
        "shipping": _shipping,
        "discount": _discounts,
        "gift_card": _gift_cards,
        "stock_movement": _movements,
    }
    found += [make(lines, have) for effect, make in makers.items() if effect in effects]
    if effects & {"adjustment", "expense"}:
        found.append(_entries(lines, have))
    if "product_id" in have:
        found.append(_products(lines, have))
    if "customer_id" in have:
        found.append(_customers(lines, have))
    return found


def _rows(table: str, columns: dict[str, str], tail: str) -> Rows:
    parts = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in columns.items())
    return Rows(table, f"SELECT {parts}, _part, _line {tail}", tuple(columns))


def _same(names: tuple[str, ...], have: set[str]) -> dict[str, str]:
    """Columns that are taken over under their own name, as far as the export has them."""
    return {name: f"l.{identifier(name)}" for name in names if name in have}


def _items(lines: str, have: set[str]) -> Rows:
    names = tuple(name for name in TABLES["order_items"].column_names if name != "location_id")
    columns = _same(names, have)
    if "product_id" not in have:
        columns["product_id"] = "l.product_name"
    for name in ("discount_amount", "tax_amount"):
        if name in columns:
            columns[name] = f"coalesce({columns[name]}, 0)"
    return _rows("order_items", columns, f"FROM {lines} l WHERE {_SALE}")


def _orders(connection: duckdb.DuckDBPyConnection, converted: Converted, lines: str, have: set[str]) -> Rows:
    own = [
        name
        for name in TABLES["orders"].column_names
        if name in have
        and name
        not in ("shop_id", "order_id", "placed_at", "order_status", "discount_amount", "tax_amount", "total_amount")
        and name not in OF_THE_ORDER
    ]
    columns = {
        "shop_id": "l.shop_id",
        "order_id": "l.order_id",
        "placed_at": "min(l.placed_at)",
        **{name: f"arg_min(l.{identifier(name)}, l._ord)" for name in own},
    }
    status = "arg_min(l.order_status, l._ord)" if "order_status" in have else "'completed'"
    columns["order_status"] = (
        f"CASE WHEN bool_or(l._effect = 'cancelled') THEN 'cancelled' ELSE coalesce({status}, 'completed') END"
    )
    for name in OF_THE_ORDER:
        if name in have:
            total = _amount_of_order(connection, converted, lines, name)
            columns[name.removeprefix("order_")] = total
    _note_conflicts(connection, converted, lines, have)
    _note_refunded(connection, converted, lines, have)
    sql = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in columns.items())
    return Rows(
        "orders",
        f"SELECT {sql}, arg_min(l._part, l._ord) AS _part, arg_min(l._line, l._ord) AS _line FROM {lines} l "
        f"WHERE {_SALE} GROUP BY l.shop_id, l.order_id",
        tuple(columns),
    )


def _amount_of_order(connection: duckdb.DuckDBPyConnection, converted: Converted, lines: str, name: str) -> str:
    """An amount of the order is the same on all of its lines, or it was spread over them: the file as a whole tells."""
    row = connection.execute(
        f"SELECT count(*) FILTER (n > 1), count(*) FILTER (low <> high) FROM (SELECT count(*) AS n, min(coalesce({name}, 0)) "
        f"AS low, max(coalesce({name}, 0)) AS high FROM {lines} WHERE {_SALE} GROUP BY shop_id, order_id)"
    ).fetchone() or (0, 0)
    several, spread = row
    if spread:
        converted.notes.append(f"{name} differs between the lines of an order; the lines are added up.")
        return f"coalesce(sum(l.{name}), 0)"
    if several:
        converted.notes.append(f"{name} is the same on all lines of an order; it is taken once for the order.")
    return f"coalesce(max(l.{name}), 0)"


def _note_conflicts(connection: duckdb.DuckDBPyConnection, converted: Converted, lines: str, have: set[str]) -> None:
    if "customer_id" not in have:
        return
    row = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {lines} WHERE {_SALE} GROUP BY shop_id, order_id "
        "HAVING min(customer_id) <> max(customer_id))"
    ).fetchone() or (0,)
    if row[0]:
        converted.notes.append(f"{row[0]:,} orders name more than one customer; the first one is kept.")


def _note_refunded(connection: duckdb.DuckDBPyConnection, converted: Converted, lines: str, have: set[str]) -> None:
    """A state says that an order was refunded, not when and how much: that is for a file of refunds to say."""
    if "order_status" not in have:
        return
    row = connection.execute(
        f"SELECT count(DISTINCT (shop_id, order_id)) FROM {lines} WHERE {_SALE} AND order_status = 'refunded'"
    ).fetchone() or (0,)
    if row[0]:
        converted.notes.append(
            f"{row[0]:,} orders are marked as refunded, without the day and the amount. They count as sales until refunds are loaded."
        )


def _known_order() -> str:
    """The document's number where the document is an order, else unknown."""
    return "CASE WHEN o.order_id IS NOT NULL THEN l.order_id END"


def _beside(table: str, lines: str, have: set[str], effects: str, columns: dict[str, str]) -> Rows:
    """Rows of a table beside the order: with what every such table keeps about the document."""
    shared = _same(("customer_id", "channel", "country", "location_id"), have)
    names = set(TABLES[table].column_names)
    all_columns = {
        "shop_id": "l.shop_id",
        "line_id": "l.line_id",
        "currency": "l.currency",
        _DATED[table]: "l.placed_at",
        **{name: sql for name, sql in shared.items() if name in names},
        **columns,
    }
    return _rows(
        table,
        all_columns,
        f"FROM {lines} l LEFT JOIN (SELECT DISTINCT shop_id, order_id FROM {lines} WHERE {_SALE}) o USING (shop_id, order_id) "
        f"WHERE l._effect IN ({effects})",
    )


def _described(have: set[str]) -> str:
    return "l.product_name" if "product_name" in have else _TEXT


def _refunds(lines: str, have: set[str]) -> Rows:
    tax = "abs(coalesce(l.tax_amount, 0))" if "tax_amount" in have else "0"
    return _beside(
        "refunds",
        lines,
        have,
        "'refund'",
        {
            "refund_id": "l.order_id",
            "order_id": _known_order(),
            **_same(("product_id", "product_name", "unit_cost", "exchange_rate"), have),
            "kind": "'goods'",
            "quantity": "abs(l.quantity)",
            "amount": "abs(l._amount)",
            "tax_amount": tax,
        },
    )


def _shipping(lines: str, have: set[str]) -> Rows:
    return _beside(
        "shipping_lines",
        lines,
        have,
        "'shipping'",
        {
            "order_id": _known_order(),
            "amount": "l._amount",
            "tax_amount": "coalesce(l.tax_amount, 0)" if "tax_amount" in have else "0",
            "method": _described(have),
        },
    )


def _discounts(lines: str, have: set[str]) -> Rows:
    return _beside(
        "discount_lines",
        lines,
        have,
        "'discount'",
        {"order_id": _known_order(), "amount": "-l._amount", "description": _described(have)},
    )


def _entries(lines: str, have: set[str]) -> Rows:
    return _beside(
        "account_entries",
        lines,
        have,
        "'adjustment', 'expense'",
        {
            "entry_id": "l.order_id",
            "kind": "l._effect",
            "amount": "l._amount",
            "description": _described(have),
            "document_id": "l.order_id",
            "order_id": _known_order(),
        },
    )


def _gift_cards(lines: str, have: set[str]) -> Rows:
    product = "coalesce('/' || l.product_id, '')" if "product_id" in have else "''"
    return _beside(
        "gift_card_entries",
        lines,
        have,
        "'gift_card'",
        {
            "gift_card_id": f"l.order_id || {product}",
            "order_id": _known_order(),
            "kind": "CASE WHEN l._amount < 0 THEN 'refunded' ELSE 'sold' END",
            "amount": "l._amount",
            "description": _described(have),
        },
    )


def _movements(lines: str, have: set[str]) -> Rows:
    return _beside(
        "inventory_movements",
        lines,
        have,
        "'stock_movement'",
        {
            **_same(("product_id", "product_name"), have),
            "location_id": "coalesce(l.location_id, 'main')" if "location_id" in have else "'main'",
            "movement_type": "'adjustment'",
            "quantity": "l.quantity",
            "reference_id": "l.order_id",
            "reason": _described(have),
        },
    )


def _products(lines: str, have: set[str]) -> Rows:
    """One row for each product: the name most of its sale lines give it, else most of its other lines."""
    others = (
        "parent_product_id", "department", "category", "sub_category", "brand", "manufacturer", "material", "season",
        "barcode", "supplier_id", "size", "colour",
    )  # fmt: skip
    columns = {
        "shop_id": "l.shop_id",
        "product_id": "l.product_id",
        "currency": "arg_max(l.currency, l._ord)",
        **{name: f"arg_max(l.{name}, l._ord)" for name in others if name in have},
        "updated_at": "max(l.placed_at)",
    }
    join = ""
    if "product_name" in have:
        columns["product_name"] = "any_value(n.product_name)"
        join = (
            "LEFT JOIN (SELECT shop_id, product_id, product_name FROM (SELECT shop_id, product_id, product_name, "
            f"count(*) FILTER ({_SALE}) AS sold, count(*) AS seen FROM {lines} WHERE product_name IS NOT NULL "
            "GROUP BY ALL) QUALIFY row_number() OVER (PARTITION BY shop_id, product_id ORDER BY sold DESC, seen DESC, "
            "product_name) = 1) n ON n.shop_id = l.shop_id AND n.product_id = l.product_id "
        )
    sql = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in columns.items())
    return Rows(
        "products",
        f"SELECT {sql}, arg_min(l._part, l._ord) AS _part, CAST(NULL AS BIGINT) AS _line FROM {lines} l {join}"
        "WHERE l._effect IN ('sale', 'cancelled', 'refund', 'stock_movement') AND l.product_id IS NOT NULL "
        "GROUP BY l.shop_id, l.product_id",
        tuple(columns),
    )


def _customers(lines: str, have: set[str]) -> Rows:
    """One row for each customer: what the latest line with each value says."""
    names = (
        "group_customer_id", "customer_name", "first_name", "last_name", "email", "phone", "company", "city", "state",
        "postcode", "country", "language", "birth_date", "gender", "customer_type", "customer_segment",
        "acquisition_channel", "registered_at",
    )  # fmt: skip
    columns = {
        "shop_id": "l.shop_id",
        "customer_id": "l.customer_id",
        "currency": "arg_max(l.currency, l._ord)",
        **{name: f"arg_max(l.{name}, (l.placed_at, l._ord))" for name in names if name in have},
        "updated_at": "max(l.placed_at)",
    }
    sql = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in columns.items())
    return Rows(
        "customers",
        f"SELECT {sql}, arg_min(l._part, l._ord) AS _part, CAST(NULL AS BIGINT) AS _line FROM {lines} l "
        "WHERE l.customer_id IS NOT NULL GROUP BY l.shop_id, l.customer_id",
        tuple(columns),
    )
