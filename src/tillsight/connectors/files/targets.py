"""What a file can be: a canonical table, or a flat sales export whose rows carry columns of several tables.

Headers are compared without case, spaces and punctuation. A column's own name wins over its synonyms, an earlier synonym over
a later one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from tillsight.connectors.files.mapping import SALES
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import SHOP, Column, Table, header_key

# Column of the flat export -> the table and column it fills. What has no entry here fills the column of its own name.
_RENAMED = {
    "order_discount_amount": ("orders", "discount_amount"),
    "order_tax_amount": ("orders", "tax_amount"),
    "order_total_amount": ("orders", "total_amount"),
}
_LEFT_OUT = {
    "order_items": {"shop_id", "created_at", "location_id", "parent_line_id"},
    "orders": {"shop_id", "order_id", "discount_amount", "tax_amount", "total_amount", "updated_at", "subtotal"},
}
_OF_PRODUCTS = (
    "parent_product_id",
    "department",
    "category",
    "sub_category",
    "brand",
    "manufacturer",
    "material",
    "season",
    "barcode",
)
_OF_CUSTOMERS = (
    "customer_name",
    "first_name",
    "last_name",
    "company",
    "gender",
    "birth_date",
    "customer_type",
    "customer_segment",
    "acquisition_channel",
    "registered_at",
    "language",
    "group_customer_id",
)
# Headers that say too little in a file that is about orders, products and customers at once.
_VAGUE = {
    header_key(word) for word in ("name", "id", "type", "title", "code", "group", "segment", "brand_id", "source")
}
_MORE = {
    "product_name": ("description", "item", "article", "product"),
    "unit_price": ("unit_price_excl_tax", "net_price"),
    "placed_at": ("transaction_time", "order_placed_at", "sales_date", "document_date", "posting_date"),
    "order_id": ("transaction_id", "document_no", "document_id", "sale_id", "ticket", "basket"),
    "quantity": ("quantity_sold", "count", "pcs"),
    "total_amount": ("line_total", "total_price", "net_amount", "gross_amount", "total_amount"),
}
# Amounts of a whole order that an export repeats on each of its lines.
OF_THE_ORDER = (
    "shipping_amount",
    "shipping_tax_amount",
    "order_discount_amount",
    "order_tax_amount",
    "order_total_amount",
)


@dataclass(frozen=True)
class Match:
    """How the headers of a file fit a target.

    `columns`: canonical name to header, or to two: of the day and of the time of day. `missing`: what it cannot be without.
    """

    target: str
    columns: dict[str, tuple[str, ...]]
    missing: tuple[str, ...]
    exact: int
    share: float

    @property
    def score(self) -> float:
        """Matched columns; a column under its own name counts a little more."""
        return len(self.columns) + 0.25 * self.exact


def sales_owner(column: str) -> tuple[str, str]:
    """The table and column that a column of a flat export fills first."""
    if column in _RENAMED:
        return _RENAMED[column]
    if column in _OF_PRODUCTS:
        return "products", column
    if column in _OF_CUSTOMERS:
        return "customers", column
    lines = TABLES["order_items"].column_names
    if column in lines and column not in _LEFT_OUT["order_items"]:
        return "order_items", column
    return "orders", column


@cache
def sales_target() -> Table:
    """The flat export as a table: the columns of lines, orders, products and customers, each header meaning one of them."""
    lines, orders = TABLES["order_items"], TABLES["orders"]
    columns = [SHOP]
    for table in (lines, orders):
        names = {column.name for column in columns}
        columns += [
            _extended(column)
            for column in table.columns
            if column.name not in _LEFT_OUT[table.name] and column.name not in names
        ]
    columns += [replace(TABLES[table].column(column), name=name) for name, (table, column) in _RENAMED.items()]
    columns += [TABLES["products"].column(name) for name in _OF_PRODUCTS]
    columns += [TABLES["customers"].column(name) for name in _OF_CUSTOMERS]
    taken = {header_key(word) for column in columns for word in (column.name, *column.time_headers)}
    return Table(
        name=SALES,
        title="Sales",
        domain="sales",
        grain="One line of an order, with what the export says about the order, the product and the customer.",
        key=("shop_id", "order_id", "line_id"),
        time="placed_at",
        columns=tuple(_claim(column, taken) for column in columns),
        synonyms=("sales_transactions", "transactions", "order_lines", "sales_export", "line_items"),
    )


def _extended(column: Column) -> Column:
    return replace(column, synonyms=(*column.synonyms, *_MORE.get(column.name, ())))


def _claim(column: Column, taken: set[str]) -> Column:
    """A column without the headers that an earlier column means already."""
    free = []
    for word in column.synonyms:
        key = header_key(word)
        if key not in taken and key not in _VAGUE:
            free.append(word)
            taken.add(key)
    return replace(column, synonyms=tuple(free))


def target_of(name: str) -> Table | None:
    """The target of a mapping by name; None when there is no such table."""
    return sales_target() if name == SALES else TABLES.get(name)


def match_headers(target: Table, headers: Iterable[str]) -> Match:
    """Which header is which column of a target."""
    by_key: dict[str, str] = {}
    for header in headers:
        by_key.setdefault(header_key(header), header)
    found: dict[str, tuple[str, ...]] = {}
    used: set[str] = set()

    def first(words: Iterable[str]) -> str | None:
        for word in words:
            header = by_key.get(header_key(word))
            if header is not None and header not in used:
                used.add(header)
                return header
        return None

    for column in target.columns:
        chosen = (first((column.name, *column.synonyms)), first(column.time_headers))
        if any(chosen):
            found[column.name] = tuple(word for word in chosen if word)
    exact = sum(1 for name, words in found.items() if header_key(words[0]) == header_key(name))
    return Match(target.name, found, missing_columns(target, found), exact, len(used) / max(1, len(by_key)))


_HEADS_AND_LINES = {"return_items": "returns", "returns": "return_items"}
"""Tables of which a flat file may hold both, as a tracking record of returns does: a row for each product of a return."""


def companion(target: str, headers: Iterable[str]) -> Match | None:
    """The other table that the same rows hold, where they have all that it needs."""
    other = _HEADS_AND_LINES.get(target)
    match = match_headers(TABLES[other], headers) if other else None
    return match if match and not match.missing else None


def missing_columns(target: Table, found: Iterable[str]) -> tuple[str, ...]:
    """What a file must have to be the target: its key and its required columns that nothing else can fill."""
    present = set(found)
    if target.name == SALES:
        needed = [name for name in ("order_id", "placed_at", "quantity") if name not in present]
        if not present & {"product_id", "product_name"}:
            needed.append("product_id")
        if not present & {"unit_price", "total_amount"}:
            needed.append("unit_price")
        return tuple(needed)
    filled = {"line_id"} | ({"shop_id"} if len(target.key) > 1 else set())
    return tuple(
        column.name
        for column in target.columns
        if (column.required or column.name in target.key)
        and column.default is None
        and column.name not in present | filled
        and column.name != "currency"
    )


@cache
def all_targets() -> tuple[Table, ...]:
    """Every table, and the flat export."""
    return (*TABLES.values(), sales_target())


@cache
def known_keys() -> frozenset[str]:
    """Every header that some target knows."""
    return frozenset(
        header_key(word)
        for target in all_targets()
        for column in target.columns
        for word in (column.name, *column.synonyms, *column.time_headers)
    )
