"""One more load for a large shop: only what it says something of is worked out again, and put beside what is there.

A load names orders. Of these, and of the later orders of their customers where they changed, the order tables and the ledger are
made again, by the same SQL as a full build over these orders alone; of their customers, what customers have done. The rows that
stood for them before are noted as gone, the new ones are a file beside. So are the cells of sums that lose what the gone rows
brought, and there is a file for what new rows bring; visits get a file of differences, which add up. So every table says what a
full build would say.

Where that cannot be known (a load is gone, was rewritten or replaces another; products, places or rates changed; other SQL), a
table is made as in any build, and so is all that follows from it. After `MOST_FILES` files, or when `MOST_SHARE` of the orders are
gone, all is made again from files without gaps. Cost: the keys of the large tables are read once or twice, in columns; the rest
grows with the load and its customers, not with the shop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis

from tillsight.core.errors import BuildError
from tillsight.database.models import Release
from tillsight.domains.sales.relations import addresses
from tillsight.metrics.model import Catalogue, Layer, Relation, Rollup, Visits
from tillsight.metrics.rollups import TOUCHED, VISITORS, schema_of, settled_in
from tillsight.pipeline import parts
from tillsight.pipeline.checks import lines_are_sold
from tillsight.pipeline.writing import GONE, Made, Writer
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import IBIS_TYPES
from tillsight.warehouse.duck import ROW, compiled, quoted, read_files, read_rows, read_table
from tillsight.warehouse.engine import StoredTable, is_there, numbered, stored

if TYPE_CHECKING:
    import ibis.expr.types as ir

WHOSE = "order_customers"
NAMED, ORDERS, CUSTOMERS = "_named_orders", "_renewed_orders", "_renewed_customers"
"""What a build calls the orders that new loads name; those that are made again; and whose they are and were."""
KEPT = "_kept_orders"
"""What it calls the other orders of these customers."""
ORDER = ("shop_id", "order_id")
MOST_FILES = 16
"""So many times files are put beside, before all is made again."""
MOST_SHARE = 1 / 20
"""So many of the orders may be named, or gone, before all is made again."""
_ADDRESSED = "_addressed"


@dataclass(frozen=True)
class Renewed:
    """A table of which some rows were made again: how it was before, the files with the new rows, and the table of those gone."""

    before: StoredTable
    new: tuple[Path, ...]
    gone: str
    numbers: Mapping[Path, int]


@dataclass
class Refresh:
    """What of the release before can be kept but for what new loads bear on. Use `begin`."""

    writer: Writer
    catalogue: Catalogue
    before: Release
    there: Mapping[str, Made]
    """The tables of the release that is being built, as they are made."""
    matches: bool
    """Whether some order has an e-mail address or a phone number, by which it is known whose it is."""
    renewed: dict[str, Renewed] = field(default_factory=dict)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Where everything is worked out."""
        return self.writer.connection

    @property
    def workspace(self) -> Path:
        """The folder of the shop."""
        return self.writer.workspace

    def renew(
        self, relation: Relation, layers: Mapping[str, str], made_by: str, guard: Callable[[], None]
    ) -> Made | None:
        """A relation or a roll-up with what is new; None where it has to be made as in any build.

        `layers`: the SQL of each. `made_by`: a stamp of all of it: what was made by other SQL is made again. `guard`: called where
        the names of tables stand for the rows that are new; raises where they cannot be used.
        """
        entry = self.before.manifest["tables"].get(relation.name)
        if not entry or not entry["files"] or entry.get("made_by") != made_by:
            return None
        if not is_there(self.workspace, entry):
            return None
        old = stored(self.workspace, relation.name, entry)
        rollup = self.catalogue.rollups.get(relation.name)
        if rollup is not None:
            made_of = {rollup.relation, *(rollup.visits.inputs[:1] if rollup.visits else ())}
            if not made_of <= self.renewed.keys():
                return None
        if rollup is None and (relation.renewed_by is None or not self._rest_is_same(relation, layers)):
            return None
        started = time.perf_counter()
        target = self.writer.folder / relation.name
        target.mkdir(parents=True)
        if rollup is None:
            if relation.name == WHOSE:
                renewed = self._whose(relation, layers, old)
            elif relation.renewed_by == "order":
                renewed = self._rows(relation, layers, old, guard)
            else:
                renewed = self._of_customers(relation, layers, old)
            self.renewed[relation.name] = renewed
            files = [*old.files, *renewed.new]
            made = self.writer.made(relation.name, "", entry["kind"], started, files, renewed.numbers)
            made.parts, made.cuts, made.digests = (
                entry.get("parts", {}),
                entry.get("cuts", []),
                entry.get("digests", {}),
            )
        elif rollup.visits:
            new = self._visits(rollup, rollup.visits, relation, layers)
            made = self.writer.made(relation.name, "", entry["kind"], started, [*old.files, *new])
        else:
            renewed, noted = self._sums(rollup, relation, layers, old, entry.get("parts", {}))
            files = [*old.files, *renewed.new]
            made = self.writer.made(relation.name, "", entry["kind"], started, files, renewed.numbers)
            made.parts = {str(file.relative_to(self.workspace)): said for file, said in noted.items()}
        return made

    def _rest_is_same(self, relation: Relation, layers: Mapping[str, str]) -> bool:
        """Whether what a relation reads differs only in rows that name an order, or belong to a customer, that is made again."""
        # customers bear on whose orders are by their addresses alone: see `_name_matched`
        by_order = relation.by_order | ({"customers"} if relation.name == WHOSE else set())
        tables = self.before.manifest["tables"]
        for name in relation.inputs:
            now, then = self.there.get(name), tables.get(name)
            if now is None or name in by_order or name in self.renewed or not _reads(layers, name):
                continue
            if then is None or now.kind != "canonical":
                return False
            if self.differs(name) and not self._says_the_same(name, then):
                return False
        return True

    def _says_the_same(self, name: str, then: Mapping[str, Any]) -> bool:
        if not then["files"] or not is_there(self.workspace, then):
            return False
        columns = TABLES[name].column_names
        before = parts.digest(self.connection, read_table(stored(self.workspace, name, then)), columns)
        return before == parts.digest(self.connection, quoted(name), columns)

    # Whose orders are ----------------------------------------------------------------------------------------------------

    def _whose(self, relation: Relation, layers: Mapping[str, str], old: StoredTable) -> Renewed:
        """Orders that loads name, with whose they are, and the other orders of these customers where they changed.

        Two steps: whose the named orders are now, and were; then all orders of these customers, since one more changes the later ones.
        """
        numbers = numbered(old.gone, old.files)
        held = _rows_of(old, numbers)
        execute = self.connection.execute
        columns = ", ".join(quoted(name) for name in relation.schema)
        keys = ", ".join(ORDER)
        if self.matches:
            self._name_matched()
        execute(
            f"CREATE OR REPLACE TEMP TABLE _old_named AS SELECT * FROM {held} AS o SEMI JOIN {NAMED} USING ({keys})"
        )
        self._work_out(layers, "_named_now", NAMED)
        execute(
            f"CREATE OR REPLACE TEMP TABLE {CUSTOMERS} AS SELECT DISTINCT customer_key FROM (SELECT customer_key FROM _named_now "
            "UNION ALL SELECT customer_key FROM _old_named) WHERE customer_key IS NOT NULL"
        )
        execute(
            f"CREATE OR REPLACE TEMP TABLE _old AS SELECT * FROM {held} AS o SEMI JOIN {CUSTOMERS} USING (customer_key) "
            "UNION ALL BY NAME SELECT * FROM _old_named WHERE customer_key IS NULL"
        )
        execute(
            f"CREATE OR REPLACE TEMP TABLE _of_customers AS SELECT {keys} FROM {NAMED} UNION SELECT {keys} FROM _old"
        )
        if self.matches or _reads(layers, "order_items"):
            self._work_out(layers, "_new", "_of_customers")
        else:  # of the others their own rows say all that is read of an order
            others = f"{_stand_in(relation, 'orders')} ANTI JOIN {NAMED} USING ({keys})"
            with self._shadowed({"own": "SELECT * FROM _old"}, kind="VIEW"):
                self._work_out(layers, "_new", "_of_customers", among=NAMED, others=others)
        self._refuse_doubles(relation, held)
        execute(
            f"CREATE OR REPLACE TEMP TABLE {ORDERS} AS SELECT {keys} FROM {NAMED} "
            f"UNION SELECT {keys} FROM (SELECT {columns} FROM _new EXCEPT SELECT {columns} FROM _old) "
            f"UNION (SELECT {keys} FROM _old EXCEPT SELECT {keys} FROM _new)"
        )
        execute(
            f"CREATE OR REPLACE TEMP TABLE {CUSTOMERS} AS SELECT DISTINCT customer_key FROM (SELECT {keys}, customer_key FROM _new "
            f"UNION ALL SELECT {keys}, customer_key FROM _old) SEMI JOIN {ORDERS} USING ({keys}) WHERE customer_key IS NOT NULL"
        )
        execute(
            f"CREATE OR REPLACE TEMP TABLE {KEPT} AS SELECT * FROM _new SEMI JOIN {CUSTOMERS} USING (customer_key) "
            f"ANTI JOIN {ORDERS} USING ({keys})"
        )
        gone = f"_gone_{relation.name}"
        execute(f"CREATE OR REPLACE TEMP TABLE {gone} AS SELECT file, row FROM _old SEMI JOIN {ORDERS} USING ({keys})")
        new = self._write(relation.name, "orders", f"SELECT {columns} FROM _new SEMI JOIN {ORDERS} USING ({keys})")
        for name in ("_old", "_old_named", "_new", "_named_now", "_of_customers"):
            execute(f"DROP TABLE {name}")
        return self._noted(old, new, gone, numbers)

    def _work_out(
        self, layers: Mapping[str, str], name: str, orders: str, *, among: str | None = None, others: str | None = None
    ) -> None:
        """A temporary table with the rows of some orders, worked out from these orders and those that share an address with them.

        `among`: those that are looked for, if not all; `others`: the SQL that says enough of the rest.
        """
        keys, within = ", ".join(ORDER), among or orders
        if self.matches:
            within = "_within"
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE _within AS SELECT {keys} FROM {orders} UNION SELECT {keys} FROM {_ADDRESSED} AS a "
                f"WHERE {_shares(f'(SELECT * FROM {_ADDRESSED} SEMI JOIN {orders} USING ({keys}))')}"
            )
        whose = self.catalogue.relations[WHOSE]
        of_orders = {
            table: f"SELECT {_columns(whose, table)} FROM memory.main.{table} SEMI JOIN {within} USING ({keys})"
            for table in ("orders", "order_items")
            if _reads(layers, table)
        }
        if others:
            of_orders["orders"] += f" UNION ALL BY NAME {others}"
        [sql] = layers.values()
        with self._shadowed(of_orders):  # as tables: the SQL reads them several times
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM ({sql}) AS r SEMI JOIN {orders} USING ({keys})"
            )

    def _name_matched(self) -> None:
        """Name the orders too that share an address with one that is named, or with a customer who is new or changed."""
        keys, execute = ", ".join(ORDER), self.connection.execute
        of_orders, of_customers = (compiled(addresses(_bound(name)), pretty=False) for name in ("orders", "customers"))
        stated = "WHERE _email IS NOT NULL OR _phone IS NOT NULL"
        execute(f"CREATE OR REPLACE TEMP TABLE {_ADDRESSED} AS SELECT * FROM ({of_orders}) AS a {stated}")
        execute(
            f"CREATE OR REPLACE TEMP TABLE _changed AS SELECT shop_id, _email, _phone FROM {_ADDRESSED} SEMI JOIN {NAMED} USING ({keys})"
        )
        with self._shadowed({"orders": f"SELECT * FROM {self._then('orders')} SEMI JOIN {NAMED} USING ({keys})"}):
            execute(f"INSERT INTO _changed SELECT shop_id, _email, _phone FROM ({of_orders}) AS a {stated}")
        if self.differs("customers"):
            columns = ", ".join(quoted(name) for name in TABLES["customers"].column_names)
            now, then = (f"SELECT {columns} FROM {rows}" for rows in ("memory.main.customers", self._then("customers")))
            with self._shadowed({"customers": f"({now} EXCEPT {then}) UNION ALL ({then} EXCEPT {now})"}):
                execute(f"INSERT INTO _changed SELECT shop_id, _email, _phone FROM ({of_customers}) AS a {stated}")
        execute(
            f"INSERT INTO {NAMED} SELECT {keys} FROM {_ADDRESSED} AS a WHERE {_shares('_changed')} EXCEPT FROM {NAMED}"
        )
        execute("DROP TABLE _changed")

    def _then(self, name: str) -> str:
        """The SQL that reads a canonical table of the release before."""
        entry = self.before.manifest["tables"].get(name)
        if entry and entry["files"]:
            return read_table(stored(self.workspace, name, entry))
        return f"(SELECT * FROM memory.main.{quoted(name)} WHERE false)"

    def _refuse_doubles(self, relation: Relation, held: str) -> None:
        """Raise DoubledError where a key of a new row stands for something else: in another new row, or in one that was there.

        Of customers in `_new` all rows that were there are in `_old`, so only the keys of orders are looked for among all.
        """
        for key, names in relation.keys.items():
            of = ", ".join(names)
            rows = f"SELECT {key}, {of} FROM _new UNION ALL SELECT {key}, {of} FROM _old"
            doubled = f"SELECT count(DISTINCT {key}) <> count(DISTINCT ({of})) FROM ({rows}) WHERE {key} IS NOT NULL"
            if self.connection.execute(doubled).fetchone() != (False,):
                raise DoubledError(relation.title)
        met = "SELECT count(*) FROM {} AS o SEMI JOIN (SELECT order_key FROM _new) USING (order_key)"
        there, known = (self.connection.execute(met.format(rows)).fetchone() for rows in (held, "_old"))
        if there != known:
            raise DoubledError(relation.title)

    # What follows from orders and customers ------------------------------------------------------------------------------

    def _rows(
        self, relation: Relation, layers: Mapping[str, str], old: StoredTable, guard: Callable[[], None]
    ) -> Renewed:
        """The rows of the orders that are made again."""
        keys, numbers = ", ".join(ORDER), numbered(old.gone, old.files)
        gone = f"_gone_{relation.name}"
        self.connection.execute(
            f"CREATE TEMP TABLE {gone} AS SELECT file, row FROM {_rows_of(old, numbers)} AS o SEMI JOIN {ORDERS} USING ({keys})"
        )
        seen: dict[str, str] = {}
        for name in relation.inputs:
            if name in self.renewed:
                seen[name] = self.rows_of(name)
            elif name in relation.by_order and _reads(layers, name):
                seen[name] = f"SELECT * FROM {self._of_orders(name)}"
        new: list[Path] = []
        with self._shadowed(seen, kind="VIEW"):
            guard()
            for layer in relation.layers:
                of_part = {
                    f"{name}__part": f"SELECT * FROM {quoted(name)}" for name in layer.parts if name in relation.inputs
                }
                with self._shadowed(of_part, kind="VIEW"):
                    new += self._write(relation.name, layer.name, layers[layer.name])
        return self._noted(old, new, gone, numbers)

    def _of_customers(self, relation: Relation, layers: Mapping[str, str], old: StoredTable) -> Renewed:
        """The rows of the customers, from their orders that are made again, and from what stands in for those that are as they were."""
        numbers = numbered(old.gone, old.files)
        gone, own = f"_gone_{relation.name}", f"_lost_{relation.name}"
        self.connection.execute(
            f"CREATE TEMP TABLE {own} AS SELECT * RENAME (file AS _of_file, row AS _row) FROM {_rows_of(old, numbers)} AS o "
            f"SEMI JOIN {CUSTOMERS} USING (customer_key)"
        )
        self.connection.execute(f"CREATE TEMP TABLE {gone} AS SELECT _of_file AS file, _row AS row FROM {own}")
        [(layer, sql)] = layers.items()
        seen = {"own": f"SELECT * FROM {own}", "orders": f"SELECT * FROM {KEPT}"}
        for name in relation.inputs:
            columns = _columns(relation, name)
            of = f"SEMI JOIN {CUSTOMERS} USING (customer_key)"
            seen[name] = f"SELECT {columns} FROM ({self.rows_of(name)}) {of}"
            if name in relation.stands_in:  # else all that customers did is among what is new
                seen[name] += f" UNION ALL {_stand_in(relation, name)}"
        with self._shadowed(_as_seen(seen, relation.layers[0]), kind="VIEW"):
            new = self._write(relation.name, layer, sql)
        return self._noted(old, new, gone, numbers)

    def _of_orders(self, name: str) -> str:
        """The temporary table with the rows of a canonical table that are of orders which are made again."""
        held = f"_of_orders_{name}"
        if held not in self._held():
            self.connection.execute(
                f"CREATE TEMP TABLE {held} AS SELECT * FROM memory.main.{quoted(name)} SEMI JOIN {ORDERS} USING ({', '.join(ORDER)})"
            )
        return held

    def _held(self) -> set[str]:
        """The temporary tables that there are."""
        found = self.connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
        return {name for (name,) in found}

    def _sums(
        self,
        rollup: Rollup,
        relation: Relation,
        layers: Mapping[str, str],
        old: StoredTable,
        noted: Mapping[str, list[str]],
    ) -> tuple[Renewed, dict[Path, list[str]]]:
        """A sum with other rows for the cells that lost something and a file for each new one; and what its files were made of."""
        [(layer, sql)] = layers.items()
        source, numbers = self.renewed[rollup.relation], numbered(old.gone, old.files)
        part = f"{rollup.relation}__part" if relation.layers[0].split_by else rollup.relation
        gone = f"_gone_{relation.name}"
        self.connection.execute(f"CREATE TEMP TABLE {gone} (file INTEGER, row BIGINT)")
        said = {file: noted[str(file.relative_to(self.workspace))] for file in old.files} if noted else {}
        of_source: dict[str, list[Path]] = {}
        for file in old.files:
            of_source.setdefault(said[file][0] if said else "", []).append(file)
        new: list[Path] = []
        touched = self._files_of(source)
        for of, files in of_source.items():
            number = source.numbers[self.workspace / of] if of else None
            if number in touched or (number is None and touched):
                only = f" WHERE _of_file = {number}" if of else ""
                lost = f"SELECT * EXCLUDE (_of_file, _row) FROM {self._lost(rollup.relation)}{only}"
                with self._shadowed({part: lost}, kind="VIEW"):
                    self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _less AS {sql}")
                name = f"{layer}-{number or 0:04}-less"
                for file in self._less(rollup, replace(old, files=tuple(files)), numbers, gone, name):
                    new.append(file)
                    said |= {file: [*said[files[0]][:2], "less"]} if of else {}
        for number, one in enumerate(source.new):
            with self._shadowed({part: f"SELECT * FROM {read_files([one])}"}, kind="VIEW"):
                for file in self._write(relation.name, f"{layer}-{number:04}", sql):
                    new.append(file)
                    said |= {file: [str(one.relative_to(self.workspace)), said[old.files[0]][1]]} if said else {}
        return self._noted(old, new, gone, numbers), said

    def _less(self, rollup: Rollup, held: StoredTable, numbers: Mapping[Path, int], gone: str, name: str) -> list[Path]:
        """The cells of a sum that have something in `_less`, without it, in a file; those that add up to nothing are left out.

        What stood for them before is noted in a table, `gone`.
        """
        told_apart, settled = _cells(self.catalogue, rollup), settled_in(self.catalogue, rollup)
        measures = [measure for measure in schema_of(self.catalogue, rollup) if measure not in told_apart]
        types = {row[0]: row[1] for row in self.connection.execute("DESCRIBE _less").fetchall()}
        keys = [quoted(cell) for cell in told_apart if cell not in settled]
        same = " AND ".join(f"o.{key} IS NOT DISTINCT FROM s.{key}" for key in keys)
        cells = ", ".join(f"any_value({quoted(c)}) AS {quoted(c)}" if c in settled else quoted(c) for c in told_apart)
        values = ", ".join(f"CAST({self._left(name)} AS {types[name]}) AS {quoted(name)}" for name in measures)
        lost = ", ".join(f"-{quoted(name)} AS {quoted(name)}" for name in measures)
        anything = " OR ".join(f"sum({quoted(name)}) <> 0" for name in measures)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE _met AS SELECT * FROM {_rows_of(held, numbers)} AS o SEMI JOIN _less AS s ON {same}"
        )
        self.connection.execute(f"INSERT INTO {gone} SELECT file, row FROM _met")
        new = self._write(
            rollup.name,
            name,
            f"SELECT {cells}, {values} FROM (SELECT * EXCLUDE (file, row) FROM _met UNION ALL BY NAME "
            f"SELECT * REPLACE ({lost}) FROM _less) GROUP BY {', '.join(keys)} HAVING {anything}",
        )
        self.connection.execute("DROP TABLE _less; DROP TABLE _met")
        return new

    def _left(self, name: str) -> str:
        """What is left of a measure: unknown again where no row bears on it any more, if it is unknown without one."""
        measure, left = self.catalogue.measures.get(name), f"sum({quoted(name)})"
        if measure is None or not measure.unknown_when_empty or not measure.rows:
            return f"coalesce({left}, 0)"
        return f"CASE WHEN sum({quoted(TOUCHED.format(name))}) <> 0 THEN {left} END"

    def _visits(self, rollup: Rollup, visits: Visits, relation: Relation, layers: Mapping[str, str]) -> list[Path]:
        """The visits of the customers now, less those of before: differences, which add up with what is there."""
        [(layer, sql)] = layers.items()
        of = visits.inputs[0]
        now, then = self._visited(of, visits)
        cells = ", ".join(quoted(cell) for cell in _cells(self.catalogue, rollup))
        for name, rows in (("_added", now), ("_less", then)):
            seen = {of: f"SELECT * FROM {rows}"} | {
                other: f"SELECT * FROM memory.main.{other}" for other in visits.inputs[1:]
            }
            with self._shadowed(_as_seen(seen, relation.layers[0]), kind="VIEW"):
                self.connection.execute(f"CREATE TEMP TABLE {name} AS {sql}")
        types = {row[0]: row[1] for row in self.connection.execute("DESCRIBE _added").fetchall()}
        new = self._write(
            relation.name,
            layer,
            f"SELECT {cells}, CAST(sum({VISITORS}) AS {types[VISITORS]}) AS {VISITORS} FROM (FROM _added UNION ALL BY NAME "
            f"SELECT * REPLACE (-{VISITORS} AS {VISITORS}) FROM _less) GROUP BY ALL HAVING sum({VISITORS}) <> 0",
        )
        self.connection.execute("DROP TABLE _added; DROP TABLE _less")
        return new

    def _visited(self, name: str, visits: Visits) -> tuple[str, str]:
        """The temporary tables with the rows of the customers, now and before, that visits are told from. What stayed is read once."""
        tables = (f"_visited_now_{name}", f"_visited_then_{name}")
        if tables[0] not in self._held():
            some = f"SELECT {', '.join(quoted(column) for column in visits.columns)} FROM"
            of = f"SEMI JOIN {CUSTOMERS} USING ({visits.key})"
            whole = self.there[name].stored(self.workspace)
            stayed = read_table(replace(whole, files=self.renewed[name].before.files))
            self.connection.execute(f"CREATE TEMP TABLE _stayed AS {some} {stayed} {of}")
            for table, gone in zip(tables, (False, True), strict=True):
                rows = f"{some} _stayed UNION ALL {some} ({self.rows_of(name, gone=gone)}) {of}"
                self.connection.execute(f"CREATE TEMP TABLE {table} AS {rows}")
            self.connection.execute("DROP TABLE _stayed")
        return tables

    # What is checked -----------------------------------------------------------------------------------------------------

    def lines_are_sold(self) -> bool | None:
        """Whether every order line is in the ledger, once, and no other; None where that has to be looked at anew."""
        if "sales" not in self.renewed or not self.before.manifest.get("lines_are_sold"):
            return None
        with self._shadowed(
            {"order_items": f"SELECT * FROM {self._of_orders('order_items')}", "sales": self.rows_of("sales")},
            kind="VIEW",
        ):
            return lines_are_sold(self.connection, frozenset(("order_items",)))

    def rows_of(self, name: str, *, gone: bool = False) -> str:
        """The SQL that reads the rows of a derived table that were made again, or those that stood for them before."""
        if gone:
            return f"SELECT * EXCLUDE (_of_file, _row) FROM {self._lost(name)}"
        new = self.renewed[name].new
        return f"SELECT * FROM {read_files(new)}" if new else f"SELECT * FROM memory.main.{name} WHERE false"

    def _lost(self, name: str) -> str:
        """The temporary table with the rows of a derived table that are gone now, each with where it is: `_of_file`, `_row`."""
        held, renewed = f"_lost_{name}", self.renewed[name]
        if held not in self._held():
            numbers = self._files_of(renewed)
            rows = [
                f"SELECT {number} AS _of_file, * RENAME ({ROW} AS _row) FROM {read_rows(file, None)} SEMI JOIN "
                f"(SELECT row AS {ROW} FROM {renewed.gone} WHERE file = {number}) USING ({ROW})"
                for file, number in renewed.numbers.items()
                if number in numbers
            ]
            rows = rows or [f"SELECT 0 AS _of_file, 0 AS _row, * FROM memory.main.{name} WHERE false"]
            self.connection.execute(f"CREATE TEMP TABLE {held} AS {' UNION ALL BY NAME '.join(rows)}")
        return held

    def _files_of(self, renewed: Renewed) -> set[int]:
        """The numbers of the files that have rows which are gone now."""
        found = self.connection.execute(f"SELECT DISTINCT file FROM {renewed.gone}").fetchall()
        return {number for (number,) in found}

    def new_rows(self, name: str) -> str | None:
        """The SQL that reads what loads brought to a canonical table; None where it was written whole."""
        now, then = self.there[name], self.before.manifest["tables"].get(name)
        if not now.landed or not then or not then.get("landed"):
            return None
        table = now.stored(self.workspace)
        new = tuple(file for file in table.files if str(file.relative_to(self.workspace)) not in then["files"])
        return (
            f"SELECT * FROM {read_table(replace(table, files=new))}"
            if new
            else f"SELECT * FROM memory.main.{name} WHERE false"
        )

    def rows_with_new_names(self, name: str, column: str) -> str | None:
        """The SQL that reads what new rows of a canonical table have in a column where no row had it before; None where there are none."""
        names = f"shop_id, {quoted(column)}"
        new = self.new_rows(name) or f"SELECT * FROM memory.main.{name}"
        found = self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE _new_names AS SELECT {names} FROM ({new}) ANTI JOIN "
            f"(SELECT {names} FROM {self._then(name)}) USING ({names}) WHERE {quoted(column)} IS NOT NULL"
        ).fetchone()
        return "SELECT * FROM _new_names" if found and found[0] else None

    def differs(self, name: str) -> bool:
        """Whether a canonical table is another one than in the release before."""
        now, then = self.there.get(name), self.before.manifest["tables"].get(name)
        return (now.fingerprint if now else None) != (then["fingerprint"] if then else None)

    def count(self, sql: str, seen: Mapping[str, str]) -> list[int]:
        """What SQL counts where names stand for these rows."""
        with self._shadowed(seen, kind="VIEW"):
            return [int(value or 0) for value in self.connection.execute(sql).fetchone() or ()]

    # Writing -------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _shadowed(self, tables: Mapping[str, str], kind: str = "TABLE") -> Iterator[None]:
        """In the block, these names stand for these rows, and not for the tables of the release."""
        made = []
        try:
            for name, sql in tables.items():
                self.connection.execute(f"CREATE TEMP {kind} {quoted(name)} AS {sql}")
                made.append(name)
            yield
        finally:
            for name in reversed(made):
                self.connection.execute(f"DROP {kind} temp.{quoted(name)}")

    def _write(self, table: str, name: str, sql: str) -> list[Path]:
        """A file with rows, or none where there are none."""
        file = self.writer.folder / table / f"delta-{name}.parquet"
        self.writer.copy(sql, file)
        if self.writer.rows(read_files([file])):
            return [file]
        file.unlink()
        return []

    def _noted(self, old: StoredTable, new: Sequence[Path], gone: str, numbers: Mapping[Path, int]) -> Renewed:
        """Note in `GONE` what is gone in all."""
        before = f"SELECT file, row FROM {read_files([old.gone.file])} UNION ALL " if old.gone else ""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {GONE} AS {before}SELECT file, row FROM {gone}")
        return Renewed(old, tuple(new), gone, numbers)


class Known:
    """What is known of the checks: of what is unchanged what was found before, and where nothing broke one the new rows alone."""

    def __init__(self, refresh: Refresh) -> None:
        self._refresh = refresh
        self._bad: dict[str, int | None] = {check["name"]: check.get("bad") for check in refresh.before.checks}

    def of_rows(self, table: str, checks: Sequence[str], sql: str) -> list[int] | None:
        """How many rows of a table break each check, `sql` telling it of all rows; None where nothing is known."""
        bad = [found for check in checks if (found := self._bad.get(check)) is not None]
        if len(bad) < len(checks):
            return None
        if not self._refresh.differs(table):
            return bad
        new = self._refresh.new_rows(table)
        return None if new is None or any(bad) else self._refresh.count(sql, {table: new})

    def of_reference(self, table: str, column: str, other: str, check: str, sql: str) -> int | None:
        """How many rows name one of another table that is not there; None where nothing is known. Keys only come to be."""
        bad = self._bad.get(check)
        if bad is None or (bad and (self._refresh.differs(table) or self._refresh.differs(other))):
            return None
        if not self._refresh.differs(table):
            return bad
        new, there = self._refresh.new_rows(table), self._refresh.there
        # to look through the names of before takes less than through the other table, or tells what is new at all
        if new is None or there[table].rows < there[other].rows:
            new = self._refresh.rows_with_new_names(table, column)
        return self._refresh.count(sql, {table: new})[0] if new else bad

    def of_orders(self, check: str, sql: str) -> int | None:
        """How many orders, or lines, break a check that looks at the ledger of each order by itself; None where nothing is known."""
        bad = self._bad.get(check)
        if bad is None or "sales" not in self._refresh.renewed:
            return None
        [now] = self._refresh.count(sql, {"sales": self._refresh.rows_of("sales")})
        [then] = self._refresh.count(sql, {"sales": self._refresh.rows_of("sales", gone=True)})
        return bad - then + now


def begin(
    writer: Writer, catalogue: Catalogue, before: Release, tables: Mapping[str, Made], void: Collection[str]
) -> Refresh | None:
    """Begin with the orders in `NAMED`; None where the shop is small, much is new, or files have been put beside often enough.

    `tables`: the canonical ones, as they are now. `void`: the columns of orders that have no value.
    """
    entry = before.manifest["tables"].get(WHOSE)
    if not entry or not entry.get("cuts"):
        return None
    beside = [file for file in entry["files"] if Path(file).name.startswith("delta-")]
    named, nameless = writer.connection.execute(
        f"SELECT count(*), count(*) - count(order_id) FROM {NAMED}"
    ).fetchone() or (0, 0)
    gone = entry["gone"]["rows"] if entry.get("gone") else 0
    if nameless or len(beside) >= MOST_FILES or named + gone > entry["rows"] * MOST_SHARE:
        return None
    return Refresh(writer, catalogue, before, tables, matches=not {"email", "phone"} <= set(void))


class DoubledError(BuildError):
    """Two things got the same key: keys have to be made otherwise, all of them."""

    def __init__(self, title: str) -> None:
        super().__init__(f"{title}: a new row has the key of another one.")


def _as_seen(tables: Mapping[str, str], layer: Layer) -> dict[str, str]:
    """Tables by the names by which a layer sees them."""
    return {f"{name}__part" if name in layer.parts else name: sql for name, sql in tables.items()}


def _reads(layers: Mapping[str, str], name: str) -> bool:
    """Whether SQL reads a table, or a part of it."""
    return any(quoted(name) in sql or quoted(f"{name}__part") in sql for sql in layers.values())


def _columns(relation: Relation, name: str) -> str:
    """The columns of an input that the one layer of a relation may read."""
    return ", ".join(quoted(column) for column in relation.layers[0].columns[name])


def _stand_in(relation: Relation, name: str) -> str:
    """The SQL of what stands in for rows of an input, with every column that may be read: one that it lacks is an error."""
    return f"SELECT {_columns(relation, name)} FROM ({relation.stands_in[name]}) AS s"


def _bound(name: str) -> ir.Table:
    return ibis.table({column.name: IBIS_TYPES[column.type] for column in TABLES[name].columns}, name=name)


def _shares(rows: str) -> str:
    """The condition that `a` has an address that some rows have."""
    return " OR ".join(
        f"(a.{name} IS NOT NULL AND (a.shop_id, a.{name}) IN (SELECT (shop_id, {name}) FROM {rows} WHERE {name} IS NOT NULL))"
        for name in ("_email", "_phone")
    )


def _rows_of(table: StoredTable, numbers: Mapping[Path, int]) -> str:
    """The SQL that reads a table with where each row is: `file` and `row`."""
    files = " UNION ALL BY NAME ".join(
        f"SELECT {numbers[file]} AS file, * RENAME ({ROW} AS row) FROM {read_rows(file, table.gone)}"
        for file in table.files
    )
    return f"({files})"


def _cells(catalogue: Catalogue, rollup: Rollup) -> list[str]:
    """The columns of a roll-up that tell its rows apart."""
    schema = schema_of(catalogue, rollup)
    if rollup.visits:
        return list(schema)[:-1]
    return [name for name in schema if name not in rollup.measures and not name.endswith("__rows")]
