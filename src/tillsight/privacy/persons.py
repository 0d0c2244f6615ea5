"""Who a person is: which identifiers are theirs, and which rows, found over everything that is landed.

From one identifier the others follow: a customer's number leads to the addresses that the customer states, to orders,
loyalty membership, returns and visits; an address leads to the customer who states it and to the orders of guests who gave
it. What others share is left out: an address or telephone number that other customers have too, the visitor number of a
browser that another customer used. So nobody is erased along with somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from tillsight.privacy.declared import EVERYWHERE, KIND_TITLES, Kind, personal_tables
from tillsight.privacy.tags import SEPARATOR, compared, compared_sql, plain
from tillsight.tables.registry import TABLES
from tillsight.warehouse.duck import quoted

MOST_CUSTOMERS = 5
"""An address that more customers state than this is nobody's own."""
MOST_FOUND = 20
_LINKED = (
    "customers", "orders", "loyalty_members", "returns", "return_items", "exchanges", "web_sessions", "web_events", "touch_points",
)  # fmt: skip


@dataclass(frozen=True)
class Identifier:
    """One identifier of a person. `shop` is empty for kinds that mean the same in every shop."""

    kind: Kind
    value: str
    shop: str = ""

    @property
    def compared(self) -> str:
        """As it is compared."""
        return compared(self.kind, self.value, self.shop)

    @classmethod
    def of(cls, kind: Kind, value: str) -> Identifier:
        """From a value as it is compared."""
        shop = "" if kind in EVERYWHERE else value.partition(SEPARATOR)[0]
        return cls(kind, plain(kind, value), shop)

    def to_dict(self) -> dict[str, str]:
        """Plain values, with the title of the kind."""
        return {"kind": self.kind, "title": KIND_TITLES[self.kind], "value": self.value, "shop": self.shop}


@dataclass(frozen=True)
class Person:
    """Somebody who was found. `tables`: rows by table; `shared`: identifiers on their rows that others have too."""

    identifiers: tuple[Identifier, ...]
    names: tuple[str, ...]
    tables: dict[str, int]
    shared: tuple[Identifier, ...] = field(default=())

    @property
    def first(self) -> Identifier:
        """What the person is asked for by: the customer's number, else what there is."""
        return self.identifiers[0]

    @property
    def customers(self) -> tuple[Identifier, ...]:
        """Their numbers as a customer."""
        return tuple(one for one in self.identifiers if one.kind == "customer")

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "identifiers": [one.to_dict() for one in self.identifiers],
            "names": list(self.names),
            "tables": [{"name": name, "title": TABLES[name].title, "rows": rows} for name, rows in self.tables.items()],
            "shared": [one.to_dict() for one in self.shared],
        }


def define_links(connection: duckdb.DuckDBPyConnection) -> None:
    """Views over the named canonical tables that say which identifiers stand beside each other, as they are compared."""

    def pairs(table: str, **names: tuple[Kind, str] | None) -> str:
        said = ", ".join(
            f"{compared_sql(*of) if of else 'CAST(NULL AS VARCHAR)'} AS {quoted(name)}" for name, of in names.items()
        )
        return f"SELECT DISTINCT {said} FROM {quoted(table)}"

    customer: tuple[Kind, str] = ("customer", "customer_id")
    order: tuple[Kind, str] = ("order", "order_id")
    returned: tuple[Kind, str] = ("return", "return_id")
    group: tuple[Kind, str] = ("group", "group_customer_id")
    member: tuple[Kind, str] = ("member", "member_id")
    email: tuple[Kind, str] = ("email", "email")
    phone: tuple[Kind, str] = ("phone", "phone")
    session: tuple[Kind, str] = ("session", "session_id")
    visitor: tuple[Kind, str] = ("visitor", "visitor_id")
    exchanged: tuple[Kind, str] = ("order", "exchange_order_id")
    visit = {"session": session, "visitor": visitor, "customer": customer}
    views = {
        "l_customers": [pairs("customers", customer=customer, email=email, phone=phone, grp=group)],
        "l_orders": [pairs("orders", ord=order, customer=customer, email=email, phone=phone, member=member)],
        "l_members": [pairs("loyalty_members", member=member, customer=customer, grp=group)],
        "l_returns": [
            pairs("returns", ret=returned, ord=order, customer=customer),
            pairs("return_items", ret=returned, ord=order, customer=None),
            pairs("exchanges", ret=returned, ord=exchanged, customer=None),
        ],
        "l_web": [
            pairs("web_sessions", **visit, ord=None),
            pairs("web_events", **visit, ord=order),
            pairs("touch_points", **visit, ord=order),
        ],
    }
    for name, parts in views.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {' UNION '.join(parts)}")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE l_common AS SELECT email FROM l_customers WHERE email IS NOT NULL "
        f"GROUP BY email HAVING count(DISTINCT customer) > {MOST_CUSTOMERS}"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW l_stated AS SELECT customer, email, phone FROM l_customers "
        "UNION SELECT customer, email, phone FROM l_orders WHERE customer IS NOT NULL"
    )


linked_tables: tuple[str, ...] = _LINKED
"""The tables that lead from one identifier to another."""


def _own(kind: str) -> str:
    return f"(SELECT value FROM ids WHERE kind = '{kind}')"


def _others(column: str) -> str:
    """Values that customers who are not this person have."""
    return f"(SELECT {column} FROM l_stated WHERE {column} IS NOT NULL AND customer NOT IN {_own('customer')})"


_VISITORS_OF_OTHERS = (
    "(SELECT visitor FROM l_web WHERE visitor IS NOT NULL AND customer IS NOT NULL "
    f"AND customer NOT IN {_own('customer')})"
)
_MEMBERS_OF_OTHERS = f"(SELECT member FROM l_members WHERE customer IS NOT NULL AND customer NOT IN {_own('customer')})"
_STEPS: tuple[tuple[Kind, str, str], ...] = (
    # what is found, column, and where
    ("email", "email", f"l_customers WHERE customer IN {_own('customer')} AND email NOT IN (SELECT email FROM l_common)"),
    ("customer", "customer", f"l_customers WHERE email IN {_own('email')} AND email NOT IN (SELECT email FROM l_common)"),
    ("phone", "phone", f"l_stated WHERE customer IN {_own('customer')} AND phone NOT IN {_others('phone')}"),
    ("email", "email", f"l_stated WHERE customer IN {_own('customer')} AND email NOT IN {_others('email')}"),
    ("group", "grp", f"l_customers WHERE customer IN {_own('customer')}"),
    ("group", "grp", f"l_members WHERE member IN {_own('member')}"),
    ("customer", "customer", f"l_customers WHERE grp IN {_own('group')}"),
    ("member", "member", f"l_members WHERE customer IN {_own('customer')} OR grp IN {_own('group')}"),
    ("customer", "customer", f"l_members WHERE member IN {_own('member')}"),
    ("order", "ord", f"l_orders WHERE customer IN {_own('customer')}"),
    ("order", "ord", f"l_orders WHERE customer IS NULL AND (member IN {_own('member')} OR email IN {_own('email')})"),
    ("order", "ord", f"l_orders WHERE customer IS NULL AND email IS NULL AND phone IN {_own('phone')}"),
    ("customer", "customer", f"l_orders WHERE ord IN {_own('order')}"),
    ("member", "member", f"l_orders WHERE ord IN {_own('order')} AND member NOT IN {_MEMBERS_OF_OTHERS}"),
    ("email", "email", f"l_orders WHERE ord IN {_own('order')} AND customer IS NULL AND email NOT IN (SELECT email FROM l_common)"),
    ("phone", "phone", f"l_orders WHERE ord IN {_own('order')} AND customer IS NULL AND phone NOT IN {_others('phone')}"),
    ("return", "ret", f"l_returns WHERE ord IN {_own('order')} OR customer IN {_own('customer')}"),
    ("order", "ord", f"l_returns WHERE ret IN {_own('return')}"),
    ("visitor", "visitor", f"l_web WHERE customer IN {_own('customer')} AND visitor NOT IN {_VISITORS_OF_OTHERS}"),
    ("visitor", "visitor", f"l_web WHERE customer IS NULL AND ord IN {_own('order')} AND visitor NOT IN {_VISITORS_OF_OTHERS}"),
    ("visitor", "visitor", f"l_web WHERE customer IS NULL AND session IN {_own('session')} AND visitor NOT IN {_VISITORS_OF_OTHERS}"),
    ("session", "session", f"l_web WHERE customer IN {_own('customer')}"),
    ("session", "session", f"l_web WHERE customer IS NULL AND (visitor IN {_own('visitor')} OR ord IN {_own('order')})"),
    ("customer", "customer", f"l_web WHERE visitor IN {_own('visitor')} OR session IN {_own('session')}"),
)  # fmt: skip


def join(connection: duckdb.DuckDBPyConnection, kinds: Iterable[Kind] = KIND_TITLES) -> None:
    """Add to the table `ids` (kind, value), which holds some identifiers of a person, all others that follow from them.

    `kinds`: only those kinds are added. The tables must be named and `define_links` called.
    """
    steps = [step for step in _STEPS if step[0] in set(kinds)]
    found = " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, {column} AS value FROM {where}" for kind, column, where in steps
    )
    while True:
        added = connection.execute(
            f"INSERT INTO ids SELECT DISTINCT kind, value FROM ({found}) WHERE value IS NOT NULL "
            "AND (kind, value) NOT IN (SELECT (kind, value) FROM ids)"
        ).fetchone()
        if not added or not added[0]:
            return


def search(
    connection: duckdb.DuckDBPyConnection, text: str, kind: Kind | None = None, shop: str | None = None
) -> list[list[tuple[Kind, str]]]:
    """Everybody who has this identifier: for each person all of their identifiers, as they are compared.

    `kind`: None tries all. `shop`: None looks in all. The tables must be named and `define_links` called.
    """
    wanted = text.strip()
    if not wanted:
        return []
    sources: dict[Kind, str] = {
        "customer": "SELECT customer AS value FROM l_stated UNION SELECT customer FROM l_members UNION SELECT customer FROM l_web",
        "group": "SELECT grp AS value FROM l_customers UNION SELECT grp FROM l_members",
        "email": "SELECT email AS value FROM l_customers UNION SELECT email FROM l_orders",
        "phone": "SELECT phone AS value FROM l_customers UNION SELECT phone FROM l_orders",
        "member": "SELECT member AS value FROM l_members UNION SELECT member FROM l_orders",
        "order": "SELECT ord AS value FROM l_orders",
        "return": "SELECT ret AS value FROM l_returns",
        "visitor": "SELECT visitor AS value FROM l_web",
        "session": "SELECT session AS value FROM l_web",
    }
    if kind is None and not _like_phone(wanted):
        sources.pop("phone")
    seeds: list[tuple[Kind, str]] = []
    for one, sql in sources.items():
        if kind not in (None, one):
            continue
        condition, asked = "split_part(value, chr(31), -1) = ?", [plain(one, compared(one, wanted, ""))]
        if shop and one not in EVERYWHERE:
            condition, asked = f"{condition} AND split_part(value, chr(31), 1) = ?", [*asked, shop]
        rows = connection.execute(
            f"SELECT DISTINCT value FROM ({sql}) WHERE {condition} ORDER BY value LIMIT {MOST_FOUND}", asked
        ).fetchall()
        seeds += [(one, row[0]) for row in rows]
        if one in ("email", "phone"):
            seeds += _customers_with(connection, one, compared(one, wanted, ""))
    persons: list[list[tuple[Kind, str]]] = []
    # numbers of customers lead to whole persons; an address that several share belongs to none of them
    for seed in sorted(seeds, key=lambda seed: (seed[0] != "customer", seed)):
        if any(seed in person for person in persons) or len(persons) >= MOST_FOUND:
            continue
        if seed[0] in ("email", "phone") and _shared(connection, *seed):
            continue
        hold(connection, [seed])
        join(connection)
        persons.append(_ordered(connection))
    return persons


def describe(connection: duckdb.DuckDBPyConnection, identifiers: Sequence[tuple[Kind, str]]) -> Person:
    """What is found of a person: rows by table, names, and what of theirs others have too."""
    hold(connection, identifiers)
    tables: dict[str, int] = {}
    for name in personal_tables():
        row = connection.execute(f"SELECT count(*) FROM {quoted(name)} WHERE {rows_of(name)}").fetchone()
        if row and row[0]:
            tables[name] = int(row[0])
    names = connection.execute(
        "SELECT DISTINCT coalesce(customer_name, nullif(concat_ws(' ', first_name, last_name), '')) AS name FROM customers "
        f"WHERE {rows_of('customers')} AND name IS NOT NULL ORDER BY name LIMIT 5"
    ).fetchall()
    shared = connection.execute(
        f"SELECT DISTINCT kind, value FROM (SELECT 'email' AS kind, email AS value FROM l_stated WHERE customer IN {_own('customer')} "
        f"UNION SELECT 'phone', phone FROM l_stated WHERE customer IN {_own('customer')} "
        f"UNION SELECT 'visitor', visitor FROM l_web WHERE customer IN {_own('customer')}) "
        "WHERE value IS NOT NULL AND (kind, value) NOT IN (SELECT (kind, value) FROM ids) ORDER BY ALL LIMIT 20"
    ).fetchall()
    return Person(
        tuple(Identifier.of(kind, value) for kind, value in identifiers),
        tuple(row[0] for row in names),
        tables,
        tuple(Identifier.of(row[0], row[1]) for row in shared),
    )


def hold(connection: duckdb.DuckDBPyConnection, identifiers: Sequence[tuple[Kind, str]]) -> None:
    """Make these the identifiers that `join` goes on from and `rows_of` asks for: the table `ids`."""
    connection.execute("CREATE OR REPLACE TEMP TABLE ids (kind VARCHAR, value VARCHAR)")
    connection.executemany("INSERT INTO ids VALUES (?, ?)", [list(one) for one in identifiers])


def rows_of(table: str) -> str:
    """SQL of the condition that a row of a table is the person's whose identifiers stand in `ids`."""
    parts = (f"{compared_sql(kind, column)} IN {_own(kind)}" for column, kind in personal_tables()[table].identifiers)
    return f"coalesce({' OR '.join(f'coalesce({part}, false)' for part in parts)}, false)"


def _ordered(connection: duckdb.DuckDBPyConnection) -> list[tuple[Kind, str]]:
    """The identifiers that were found, the customer's numbers first."""
    order = {kind: place for place, kind in enumerate(("customer", "email", "phone", "member", "group", "order"))}
    rows = connection.execute("SELECT kind, value FROM ids").fetchall()
    return sorted(((row[0], row[1]) for row in rows), key=lambda one: (order.get(one[0], 9), one))


def _customers_with(connection: duckdb.DuckDBPyConnection, kind: Kind, value: str) -> list[tuple[Kind, str]]:
    rows = connection.execute(
        f"SELECT DISTINCT customer FROM l_stated WHERE {kind} = ? AND customer IS NOT NULL ORDER BY customer LIMIT {MOST_FOUND}",
        [value],
    ).fetchall()
    return [("customer", row[0]) for row in rows]


def _shared(connection: duckdb.DuckDBPyConnection, kind: Kind, value: str) -> bool:
    """Whether customers have it: then it is found with them, or belongs to more than one of them."""
    row = connection.execute(
        f"SELECT count(*) FROM l_stated WHERE {kind} = ? AND customer IS NOT NULL", [value]
    ).fetchone()
    return bool(row and row[0])


def _like_phone(text: str) -> bool:
    return re.fullmatch(r"\+?[0-9 ()/.-]{6,}", text) is not None
