"""What is checked on every release: keys, references, ranges, what ties out, and how fresh the data are.

A check that fails marks the metrics that depend on it; it does not stop the release, because the numbers that do not depend
on it are still right. States: passed, warned (worth knowing), failed (a number may be wrong).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import duckdb

from tillsight.tables.schema import Table
from tillsight.warehouse.duck import quoted

State = Literal["passed", "warned", "failed"]


@dataclass(frozen=True)
class CheckResult:
    """One check of one release. `relations`: derived relations whose numbers it bears on."""

    name: str
    title: str
    state: State
    text: str
    table: str
    relations: tuple[str, ...] = ()
    bad: int | None = None
    """How many rows, or orders, break it; None where it could not be computed."""

    def to_dict(self) -> dict[str, Any]:
        """As kept with the release."""
        return {
            "name": self.name,
            "title": self.title,
            "state": self.state,
            "text": self.text,
            "table": self.table,
            "relations": list(self.relations),
            "bad": self.bad,
        }


class Told(Protocol):
    """What is known of the checks without looking at every row, from the release before."""

    def of_rows(self, table: str, checks: Sequence[str], sql: str) -> list[int] | None:
        """How many rows of a table break each check, `sql` telling it of all rows; None where nothing is known."""

    def of_reference(self, table: str, column: str, other: str, check: str, sql: str) -> int | None:
        """How many rows name one of another table that is not there; None where nothing is known."""

    def of_orders(self, check: str, sql: str) -> int | None:
        """How many orders, or lines, break a check that looks at each order by itself; None where nothing is known."""


class Nothing:
    """Nothing is known: every row is looked at."""

    def of_rows(self, table: str, checks: Sequence[str], sql: str) -> None:
        """None."""

    def of_reference(self, table: str, column: str, other: str, check: str, sql: str) -> None:
        """None."""

    def of_orders(self, check: str, sql: str) -> None:
        """None."""


NOTHING = Nothing()
Count = Callable[[str], int]


def _counter(connection: duckdb.DuckDBPyConnection) -> Count:
    def count(sql: str) -> int:
        row = connection.execute(sql).fetchone()
        return int(row[0] or 0) if row else 0

    return count


def _broken(connection: duckdb.DuckDBPyConnection, table: Table, told: Told) -> Sequence[int | str]:
    """How many rows break each rule of a table, in one pass; for a rule that cannot be computed, why."""
    if not table.checks:
        return []
    broken = [f"count_if(NOT coalesce(({check.condition}), true))" for check in table.checks]
    sql = f"SELECT {', '.join(broken)} FROM {quoted(table.name)}"
    try:
        known = told.of_rows(table.name, [f"{table.name}.{check.name}" for check in table.checks], sql)
        if known is not None:
            return known
        found = connection.execute(sql).fetchone()
        return [int(bad) for bad in found or ()]
    except duckdb.Error:
        # a value beyond what can be computed with is a finding, not the end of the build
        return [_broken_one(connection, table, condition) for condition in broken]


def _broken_one(connection: duckdb.DuckDBPyConnection, table: Table, broken: str) -> int | str:
    try:
        found = connection.execute(f"SELECT {broken} FROM {quoted(table.name)}").fetchone()
        return int(found[0]) if found else 0
    except duckdb.Error as error:
        return str(error).splitlines()[0]


def check_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Table],
    present: Mapping[str, int],
    dependents: Callable[[str], tuple[str, ...]],
    held: Set[str] = frozenset(),
    told: Told = NOTHING,
) -> list[CheckResult]:
    """The checks that the declarations ask for: row rules and references, of the tables that have rows.

    `present`: the tables with their rows. `held`: references (`table.column`) that are known to hold, and need not be looked up one
    by one. `told`: what is known of them besides.
    """
    count = _counter(connection)
    have = set(present)
    results: list[CheckResult] = []
    for name in sorted(have):
        table, rows = tables[name], present[name]
        for check, found in zip(table.checks, _broken(connection, table, told), strict=True):
            bad = rows if isinstance(found, str) else found
            text = f"{bad:,} of {rows:,} rows break it." if bad else f"{rows:,} rows."
            if isinstance(found, str):
                text = f"It cannot be checked: {found}"
            results.append(
                CheckResult(
                    f"{name}.{check.name}",
                    f"{table.title}: {check.description}",
                    "failed" if bad else "passed",
                    text,
                    name,
                    dependents(name),
                    None if isinstance(found, str) else bad,
                )
            )
        for column in table.columns:
            if column.references is None:
                continue
            other, _, key = column.references.partition(".")
            if other not in have or other == name:
                continue
            check_name = f"{name}.{column.name}.exists"
            # each name is looked up once, however many rows have it
            names = (
                f"SELECT shop_id, {quoted(column.name)} AS name, count(*) AS rows FROM {quoted(name)} "
                f"WHERE {quoted(column.name)} IS NOT NULL GROUP BY ALL"
            )
            sql = (
                f"SELECT sum(a.rows) FROM ({names}) AS a WHERE NOT EXISTS "
                f"(SELECT 1 FROM {quoted(other)} AS b WHERE b.shop_id = a.shop_id AND b.{quoted(key)} = a.name)"
            )
            lost = (
                0 if f"{name}.{column.name}" in held else told.of_reference(name, column.name, other, check_name, sql)
            )
            lost = count(sql) if lost is None else lost
            results.append(
                CheckResult(
                    check_name,
                    f"{table.title}: every {column.name} is among {tables[other].title.lower()}",
                    ("failed" if column.required else "warned") if lost else "passed",
                    f"{lost:,} of {rows:,} rows name one that is not there." if lost else f"{rows:,} rows.",
                    name,
                    dependents(name),
                    lost,
                )
            )
    return results


def lines_are_sold(connection: duckdb.DuckDBPyConnection, present: frozenset[str]) -> bool:
    """Whether the ledger has every order line, once, and no other: then each line has its order, and none is lost or doubled.

    Told by the number of lines and the sum of a hash of each, in one pass over either side; the keys of the lines are unique.
    False says only that it has to be looked at line by line: gift cards, bundles and lines of test orders are not sold.
    """
    if "order_items" not in present:
        return False
    told = "SELECT count(*), sum(hash(shop_id, order_id, line_id)) FROM"
    landed, sold = (
        connection.execute(f"{told} {rows}").fetchone() for rows in ("order_items", "sales WHERE kind = 'sale'")
    )
    return bool(landed == sold)


def check_sales(
    connection: duckdb.DuckDBPyConnection, present: frozenset[str], *, all_sold: bool, told: Told = NOTHING
) -> list[CheckResult]:
    """What must hold for the ledger: nothing of the orders is lost or doubled, and orders tie to what the source states.

    `all_sold`: see `lines_are_sold`. `told`: what is known of the checks besides.
    """
    if not {"orders", "order_items", "refunds", "shipping_lines", "discount_lines"} & present:
        return []
    count = _counter(connection)
    results: list[CheckResult] = []

    def add(name: str, title: str, bad: int, text: str, fine: str, state: State = "failed") -> None:
        results.append(
            CheckResult(name, title, state if bad else "passed", text if bad else fine, "sales", ("sales",), bad)
        )

    def of_orders(check: str, sql: str) -> int:
        known = told.of_orders(check, sql)
        return count(sql) if known is None else known

    doubled = (
        0
        if all_sold
        else of_orders(
            "sales.lines_once",
            "SELECT count(*) FROM (SELECT order_key, line_id FROM sales WHERE kind = 'sale' GROUP BY ALL HAVING count(*) > 1)",
        )
    )
    add(
        "sales.lines_once",
        "Sales: every order line is counted once",
        doubled,
        f"{doubled:,} lines are doubled.",
        "No line is doubled.",
    )
    lost = (
        0
        if all_sold
        else count(
            "SELECT (SELECT count(*) FROM order_items AS i JOIN order_facts AS o USING (shop_id, order_id) "
            "LEFT JOIN products AS p ON p.shop_id = i.shop_id AND p.product_id = i.product_id "
            "WHERE NOT (i.is_gift_card OR coalesce(p.is_gift_card, false)) AND i.parent_line_id IS NULL) "
            "- (SELECT count(*) FROM sales WHERE kind = 'sale')"
        )
    )
    add(
        "sales.lines_kept",
        "Sales: every order line is in the ledger",
        abs(lost),
        f"{abs(lost):,} lines differ.",
        "All lines are there.",
    )
    undated = count("SELECT count(*) FROM sales WHERE day IS NULL")
    add(
        "sales.days_known",
        "Sales: everything has a day",
        undated,
        f"{undated:,} rows of no order have no day and count in no period.",
        "Every row has a day.",
    )
    orders = count("SELECT count(*) FROM order_facts WHERE NOT is_cancelled")
    bare = of_orders(
        "sales.orders_have_lines",
        "SELECT count(DISTINCT order_key) FROM sales WHERE kind = 'order' AND NOT is_cancelled",
    )
    add(
        "sales.orders_have_lines",
        "Sales: orders have lines",
        bare,
        f"{bare:,} of {orders:,} orders have no line: they count as orders, with no revenue.",
        f"{orders:,} orders.",
        "failed" if bare == orders else "warned",
    )
    stated = count(
        "SELECT count(*) FROM order_facts WHERE stated_total IS NOT NULL AND NOT is_cancelled AND NOT is_foreign"
    )
    if stated:
        off = count(
            "WITH ledger AS (SELECT order_key, sum(gross_sales - discounts + taxes + shipping_charges) AS total FROM sales "
            "WHERE kind IN ('sale', 'shipping') AND NOT is_cancelled AND shipping_charges >= 0 GROUP BY order_key), "
            "gifts AS (SELECT DISTINCT i.shop_id, i.order_id FROM order_items AS i LEFT JOIN products AS p "
            "ON p.shop_id = i.shop_id AND p.product_id = i.product_id WHERE i.is_gift_card OR p.is_gift_card) "
            "SELECT count(*) FROM order_facts AS o LEFT JOIN ledger AS l USING (order_key) "
            "WHERE o.stated_total IS NOT NULL AND NOT o.is_cancelled AND NOT o.is_foreign "
            "AND NOT EXISTS (SELECT 1 FROM gifts AS g WHERE g.shop_id = o.shop_id AND g.order_id = o.order_id) "
            "AND abs(coalesce(l.total, 0) - o.stated_total) > 0.05"
        )
        add(
            "sales.orders_tie_out",
            "Sales: orders add up to the total that the source states",
            off,
            f"{off:,} of {stated:,} orders differ by more than 0.05.",
            f"{stated:,} orders tie out.",
            "warned",
        )
    beyond = of_orders(
        "sales.refunds_within_orders",
        "WITH back AS (SELECT order_key, sum(returned_sales) AS returned FROM sales WHERE kind = 'refund' "
        "AND order_key IS NOT NULL GROUP BY 1), "
        "sold AS (SELECT order_key, sum(revenue) AS revenue FROM sales WHERE kind = 'sale' "
        "AND order_key IN (SELECT order_key FROM back) GROUP BY 1) "
        "SELECT count(*) FROM back JOIN sold USING (order_key) WHERE returned > revenue + 0.05",
    )
    add(
        "sales.refunds_within_orders",
        "Sales: no order was refunded more than it brought",
        beyond,
        f"{beyond:,} orders were refunded more than their revenue.",
        "No order was.",
        "warned",
    )
    return results


def check_sources(
    clashing: Mapping[str, int], tables: Mapping[str, Table], dependents: Callable[[str], tuple[str, ...]]
) -> list[CheckResult]:
    """Two sources that claim the same key: counted once, but one of the two is not seen."""
    return [
        CheckResult(
            f"{name}.one_source",
            f"{tables[name].title}: no key comes from two sources",
            "failed" if bad else "passed",
            f"{bad:,} keys come from more than one source; the latest known is used. Give one source a shop_id of its own."
            if bad
            else "No key does.",
            name,
            dependents(name),
            bad,
        )
        for name, bad in clashing.items()
    ]


def check_calendar(connection: duckdb.DuckDBPyConnection, present: frozenset[str]) -> list[CheckResult]:
    """A loaded fiscal calendar has no gap and no overlap; otherwise no question can be asked by its grains."""
    if "fiscal_calendar" not in present:
        return []
    bad = _counter(connection)(
        "SELECT count(*) FROM (SELECT start_date, end_date, lead(start_date) OVER (PARTITION BY shop_id ORDER BY start_date) AS after "
        "FROM fiscal_calendar) WHERE end_date < start_date OR after <> end_date + 1"
    )
    return [
        CheckResult(
            "fiscal_calendar.complete",
            "Fiscal calendar: no gap and no overlap",
            "failed" if bad else "passed",
            f"After {bad:,} rows the next one does not begin on the day after."
            if bad
            else "Every row follows the one before.",
            "fiscal_calendar",
            bad=bad,
        )
    ]
