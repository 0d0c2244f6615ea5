"""Which columns of the canonical tables find a person, which are cleared when a person is erased, and which stay.

A column is one of four things. An identifier finds the rows of a person, and gives way to an anonymous number. A cleared
column becomes unknown. A cut column loses the part that may tell of somebody: what follows the path of an address on the
web. Everything else stays, so that totals stay what they were: amounts, moments, products, channels, country and city.
Members of staff and suppliers are no customers; their columns stay. A test looks at every column of every table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from tillsight.tables.registry import TABLES
from tillsight.tables.schema import header_key

Kind = Literal["customer", "group", "email", "phone", "member", "order", "return", "visitor", "session"]

KIND_TITLES: dict[Kind, str] = {
    "customer": "Customer number",
    "group": "Number in the group",
    "email": "E-mail address",
    "phone": "Telephone number",
    "member": "Loyalty member",
    "order": "Order",
    "return": "Return",
    "visitor": "Visitor",
    "session": "Visit",
}
"""What an identifier is called."""

EVERYWHERE: tuple[Kind, ...] = ("email", "phone", "group")
"""Kinds that mean the same in every shop of the workspace; the others are numbers of one shop."""
CONTACT: tuple[Kind, ...] = ("email", "phone")
"""Kinds that are taken away from whoever is only anonymised, too."""

_BY_COLUMN: dict[str, Kind] = {
    "customer_id": "customer",
    "group_customer_id": "group",
    "email": "email",
    "phone": "phone",
    "member_id": "member",
    "order_id": "order",
    "exchange_order_id": "order",
    "return_id": "return",
    "visitor_id": "visitor",
    "session_id": "session",
}
NOT_CUSTOMERS = frozenset({"suppliers", "locations"})
"""Tables whose addresses are those of businesses."""
STAFF = frozenset({"edited_by", "agent", "actor", "counted_by", "changed_by", "responsible_party"})
"""Columns that name members of staff."""

_CLEARED: dict[str, tuple[str, ...]] = {
    "orders": ("postcode",),
    "payments": ("payment_id",),
    "gift_card_entries": ("description",),
    "account_entries": ("document_id",),
    "shipments": ("tracking_number", "postcode"),
    "customers": ("postcode", "gender"),
    "customer_consents": ("evidence",),
    "reviews": ("title", "body"),
    "inventory_movements": ("reference_id", "notes"),
    "returns": ("tracking_number", "inspection_notes", "notes"),
    "return_items": ("reason_detail",),
    "return_events": ("notes",),
    "web_sessions": ("utm_content", "utm_term", "click_id", "postcode", "location"),
    "web_events": ("search_term",),
    "loyalty_members": ("postcode",),
    "points": ("description",),
}
_CUT: dict[str, tuple[str, ...]] = {
    "orders": ("referrer", "landing_page"),
    "web_sessions": ("landing_page", "exit_page", "referrer"),
    "web_events": ("page",),
}
LINES = ("line_id", "order_line_id", "parent_line_id")
"""Columns of line numbers: one made from the content of its row is a hash of personal values, and gives way too."""


@dataclass(frozen=True)
class Personal:
    """What of a table is personal. `identifiers`: column and kind. `lines`: columns of line numbers."""

    table: str
    identifiers: tuple[tuple[str, Kind], ...]
    cleared: tuple[str, ...]
    cut: tuple[str, ...]
    lines: tuple[str, ...]


@cache
def personal_tables() -> dict[str, Personal]:
    """Every table that may hold rows of a customer."""
    found: dict[str, Personal] = {}
    for name, table in TABLES.items():
        identifiers = tuple((column, kind) for column, kind in _BY_COLUMN.items() if column in table.column_names)
        if not identifiers or name in NOT_CUSTOMERS:
            continue
        said = {column for column, _ in identifiers} | STAFF
        cleared = [column.name for column in table.columns if column.personal and column.name not in said]
        found[name] = Personal(
            name,
            identifiers,
            tuple(dict.fromkeys([*cleared, *_CLEARED.get(name, ())])),
            _CUT.get(name, ()),
            tuple(column for column in LINES if column in table.column_names),
        )
    return found


def kind_of(column: str) -> Kind | None:
    """The kind of identifier that a column of this name holds; None for any other column."""
    return _BY_COLUMN.get(column)


@cache
def header_kinds() -> dict[str, Kind]:
    """Headers of files, as headers are compared, that say which kind of identifier a column holds."""
    kinds: dict[str, Kind] = {}
    for name in personal_tables():
        for column in TABLES[name].columns:
            kind = _BY_COLUMN.get(column.name)
            if kind is not None:
                for header in (column.name, *column.synonyms):
                    kinds.setdefault(header_key(header), kind)
    kinds.pop("id", None)
    return kinds
