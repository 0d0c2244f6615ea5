"""Building a release: current state of every table, derived relations, checks; then published whole by swapping one pointer.

Whatever did not change is shared with the release before (same fingerprint, same files), so a build costs what changed. A
build that dies leaves files that nobody names and a record in state `building`; the next build clears both away. One build
runs at a time in a workspace; a second one waits, or says so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from tillsight import privacy
from tillsight.audit import record
from tillsight.core.errors import BuildError, WarehouseError
from tillsight.core.settings import Settings
from tillsight.core.version import VERSION
from tillsight.database.models import CURRENT, Load, Pointer, Release
from tillsight.database.store import Database
from tillsight.domains.registry import catalogue as standard
from tillsight.metrics.model import BuildInputs, Catalogue, Layer, Relation
from tillsight.metrics.rollups import relation_of
from tillsight.metrics.shaping import RATE_DAYS
from tillsight.pipeline import parts
from tillsight.pipeline.checks import (
    NOTHING,
    CheckResult,
    Told,
    check_calendar,
    check_sales,
    check_sources,
    check_tables,
    lines_are_sold,
)
from tillsight.pipeline.current import CurrentTable, LandedLoad, clashes_sql, plan
from tillsight.pipeline.keeping import build_lock, collect
from tillsight.pipeline.kept_sql import RelationSql, code_digest, kept
from tillsight.pipeline.progress import Progress, silent
from tillsight.pipeline.refresh import NAMED, DoubledError, Known, Refresh, begin
from tillsight.pipeline.writing import Made, Writer, shared
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import IBIS_TYPES
from tillsight.vault import is_encrypted
from tillsight.warehouse.duck import compiled, connect, definitions, literal, quoted, read_files, words_of
from tillsight.warehouse.engine import stored_tables
from tillsight.warehouse.engines import open_warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

FORMAT = 3
"""Part of every fingerprint: raise it when files are written differently."""
TAILORED_ROWS = 200_000
"""From so many rows on, SQL that leaves out what a shop does not have is worth the time to compile it."""
SORTED_ROWS = 2_500_000
"""Up to so many rows a derived table is sorted by day. Larger ones lie by part, and as their sources lie."""
ROLLED_UP_SHARE = 1 / 3
"""A roll-up has at most this share of the rows it adds up: else it saves too little to be worth making."""
SAMPLED_DAYS = 12
MOST_SALTS = 4


@dataclass(frozen=True)
class Piece:
    """One file of a relation: its name, its SQL, the layer, and the file of which it is made where that is a part of a table."""

    name: str
    sql: str
    layer: Layer
    source: str


@dataclass
class Build:
    """One build of one workspace. Use `build()`."""

    workspace: Path
    settings: Settings
    database: Database
    catalogue: Catalogue
    progress: Progress
    as_of: datetime | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    refresh: Refresh | None = None
    """What works out only what is new, where that can be known."""
    lines_are_sold: bool = False
    """Whether the checks found that every order line is in the ledger, once, and no other."""
    void: dict[str, frozenset[str]] = field(default_factory=dict)
    """Of the tables that were asked about: the columns without a value."""
    tells_touched: bool = False
    """Whether the orders are known that something new is said of, so that other parts can stay."""

    def run(self) -> Release:
        """Build and publish; the release that answers now when nothing changed. Raises BuildError."""
        privacy.follow(self.workspace, self.database, self.settings, self.progress)
        loads = self._loads()
        if not loads:
            when = f" by {self.as_of:%Y-%m-%d %H:%M} UTC" if self.as_of else ""
            raise BuildError(
                f"There is nothing to build: no load is committed{when}. Load files with `tillsight load`."
            )
        self._clear_dead_builds()
        before = self._previous()
        plans = [
            current
            for table in TABLES.values()
            if (
                current := plan(
                    self.workspace, table, loads, self.settings.timezone, self.settings.currency, str(FORMAT)
                )
            )
        ]
        number = self._reserve(loads)
        folder = self.workspace / "releases" / str(number)
        connection: duckdb.DuckDBPyConnection | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            connection = connect(self.workspace, self.settings.limits.build_memory, self.settings.limits.threads)
            writer = Writer(connection, self.workspace, folder, self.seconds)
            self._note_touched(connection, before, loads, plans)
            made = self._tables(writer, plans, before)
            if self.tells_touched and before is not None and "orders" in made:
                self.refresh = begin(writer, self.catalogue, before, made, self._void(connection, made["orders"]))
            made |= self._relations(writer, made, before)
            unchanged = self._unchanged(made, before)
            if unchanged is not None:
                self._drop(number, folder)
                self._hand_over(unchanged.number, unchanged.manifest)
                return unchanged
            results = self._checks(connection, made, plans)
            release = self._publish(connection, number, made, results, loads, folder, before)
        except BaseException as error:
            self._fail(number, folder, error)
            if isinstance(error, duckdb.Error):
                raise BuildError(
                    f"The release could not be built: {_first_line(error)}. The last one goes on answering."
                ) from error
            if isinstance(error, SQLAlchemyError):
                raise BuildError(
                    f"The release could not be recorded: {_first_line(error)}. The last one goes on answering."
                ) from error
            if isinstance(error, OSError):
                raise BuildError(
                    f"The release could not be written: {error.strerror or error}. The last one goes on answering."
                ) from error
            raise
        finally:
            if connection is not None:
                connection.close()
        try:
            collect(self.workspace, self.settings, self.database)
        except (OSError, SQLAlchemyError, WarehouseError) as error:  # the release is out; the next build clears away
            self.progress("collect", None, None, f"Old releases could not be cleared away: {_first_line(error)}")
        return release

    def _loads(self) -> list[LandedLoad]:
        revisions = privacy.revisions(self.database)
        with self.database.read() as session:
            query = select(Load).where(Load.state == "committed").order_by(Load.known_at, Load.digest)
            if self.as_of is not None:
                query = query.where(Load.known_at <= self.as_of)
            return [
                LandedLoad(
                    load.id, load.source, load.known_at, load.digest or "", load.manifest, revisions.get(load.id, 0)
                )
                for load in session.scalars(query)
            ]

    def _clear_dead_builds(self) -> None:
        """This build holds the lock, so any other that is still `building` has died."""
        with self.database.write() as session:
            dead = list(session.scalars(select(Release.number).where(Release.state == "building")))
            session.execute(
                update(Release).where(Release.number.in_(dead)).values(state="failed", error="The build was killed.")
            )
        for number in dead:
            shutil.rmtree(self.workspace / "releases" / str(number), ignore_errors=True)

    def _previous(self) -> Release | None:
        with self.database.read() as session:
            number = session.scalar(select(Pointer.release).where(Pointer.name == CURRENT))
            return session.get(Release, number) if number is not None else None

    def _reserve(self, loads: list[LandedLoad]) -> int:
        with self.database.write() as session:
            release = Release(
                kind="as_of" if self.as_of else "current",
                as_of=self.as_of,
                known_to=max(load.known_at for load in loads),
                code_version=VERSION,
            )
            session.add(release)
            session.flush()
            return release.number

    def _note_touched(
        self,
        connection: duckdb.DuckDBPyConnection,
        before: Release | None,
        loads: list[LandedLoad],
        plans: list[CurrentTable],
    ) -> None:
        if self.as_of is not None:
            return
        relations = self.catalogue.relations.values()
        of_parts = {n for relation in relations for layer in relation.layers if layer.split_by for n in layer.by_order}
        for noted, by_order in (
            (parts.TOUCHED, of_parts),
            (NAMED, frozenset[str]().union(*(relation.by_order for relation in relations))),
        ):
            self.tells_touched = parts.note_touched(
                connection, self.workspace, self.settings, before, loads, plans, by_order, noted
            )

    def _tables(self, writer: Writer, plans: list[CurrentTable], before: Release | None) -> dict[str, Made]:
        made: dict[str, Made] = {}
        for step, current in enumerate(plans):
            name = current.table.name
            self.progress("tables", step, len(plans), current.table.title)
            entry = (
                shared(before, name, current.fingerprint, self.workspace)
                or writer.link(current, before)
                or writer.write(name, [(current.sql, "rows")], current.fingerprint, "canonical")
            )
            entry.known_to = max(load.known_at for load in current.loads).isoformat()
            made[name] = entry
            writer.view(entry)
        absent = {
            name: {column.name: column.type for column in table.columns}
            for name, table in TABLES.items()
            if name not in made
        }
        for statement in definitions((), absent):
            writer.connection.execute(statement)
        return made

    def _relations(self, writer: Writer, tables: dict[str, Made], before: Release | None) -> dict[str, Made]:
        made: dict[str, Made] = {}
        connection = writer.connection
        order = [*self.catalogue.relations, *self.catalogue.rollups]
        for step, name in enumerate(order):
            relation = derived(self.catalogue, name)
            there = tables | made
            rolled_up = name in self.catalogue.rollups
            if rolled_up and not self._worth_adding_up(connection, name, there, before):
                continue
            self.progress("relations", step, len(order), relation.title)
            known = [there[name] for name in relation.inputs if name in there]
            without = relation.nothing_without
            nothing = without is not None and (without not in there or not there[without].rows)
            empty: frozenset[str] = frozenset()
            void: tuple[tuple[str, frozenset[str]], ...] = ()
            if max((entry.rows for entry in known), default=0) > TAILORED_ROWS:
                empty = frozenset(relation.inputs) - {entry.name for entry in known if entry.rows}
                void = tuple((entry.name, columns) for entry in known if (columns := self._void(connection, entry)))
            sql_of = partial(
                _no_rows if nothing else _sql_of,
                self.catalogue,
                relation.name,
                self.settings.currency,
                self.settings.timezone,
                self.settings.return_desk.window_days,
                empty,
                void,
            )
            layers, without_rate = sql_of(salt=0)
            guard = partial(self._guard_rates, connection, relation, without_rate)
            stamp = hashlib.sha256(
                "\n".join(
                    [str(FORMAT), duckdb.__version__, *layers.values()]
                    + [f"{entry.name} {entry.fingerprint}" for entry in known]
                ).encode()
            ).hexdigest()
            entry = (
                shared(before, relation.name, stamp, self.workspace)
                or self._renewed(relation, sql_of, stamp, there, guard)
                or self._derive(
                    writer, relation, sql_of, stamp, there, "rollup" if rolled_up else "derived", before, guard
                )
            )
            entry.known_to = max((e.known_to for e in known if e.known_to), default=None)
            made[relation.name] = entry
            writer.view(entry)
        return made

    def _renewed(
        self,
        relation: Relation,
        sql_of: Callable[..., RelationSql],
        stamp: str,
        there: dict[str, Made],
        guard: Callable[[], None],
    ) -> Made | None:
        """A relation as in the release before, but for what is new; None where it has to be made whole."""
        if self.refresh is None:
            return None
        self.refresh.there = there
        layers = self._layer_sql(relation, sql_of(salt=0)[0], there)
        made_by = _made_by(layers)
        try:
            made = self.refresh.renew(relation, layers, made_by, guard)
        except DoubledError:  # with other keys, so everything is made whole
            self.refresh = None
            return None
        if made is not None:
            made.fingerprint, made.made_by = stamp, made_by
        return made

    def _worth_adding_up(
        self, connection: duckdb.DuckDBPyConnection, name: str, there: Mapping[str, Made], before: Release | None
    ) -> bool:
        """Whether a roll-up is made: of a large table, and only where it has far fewer rows, by what some days of it say."""
        least, source = self.settings.limits.rollup_rows, there[self.catalogue.rollups[name].relation]
        if least == 0 or source.rows < least:
            return least == 0
        if self.refresh is not None and before is not None:  # so little is new that it would say the same again
            return name in before.manifest["tables"]
        rollup = self.catalogue.rollups[name]
        if rollup.kind == "visits":  # a question for distinct customers is worth more than rows
            return True
        rows, cells = connection.execute(_cells_sql(self.catalogue, name)).fetchone() or (0, 0)
        return bool(cells <= rows * ROLLED_UP_SHARE)

    def _derive(
        self,
        writer: Writer,
        relation: Relation,
        sql_of: Callable[..., RelationSql],
        stamp: str,
        there: dict[str, Made],
        kind: str,
        before: Release | None,
        guard: Callable[[], None],
    ) -> Made:
        """Write a relation, layer by layer, and where a layer allows it some months at a time, but for the parts that stay."""
        guard()
        for salt in range(MOST_SALTS):
            pieces = self._pieces(relation, sql_of(salt=salt)[0], there)
            noted = self._stamps(writer.connection, relation, pieces, there)
            stay = self._stay(writer.connection, relation, noted, there, before)
            cuts = self._cuts(relation, there, writer.connection, before)
            entry = writer.write(
                relation.name,
                [
                    (self._tailored(writer, relation, piece, sql_of, there), piece.name)
                    for piece in pieces
                    if piece.name not in stay
                ],
                stamp,
                kind,
                {
                    piece.name: (
                        piece.layer,
                        there[piece.layer.split_by].stored(self.workspace) if piece.layer.split_by else None,
                        piece.source,
                    )
                    for piece in pieces
                    if piece.layer.parts
                },
                cuts,
                list(stay.values()),
            )
            if not any(self._meet(writer.connection, entry, key, names) for key, names in relation.keys.items()):
                folder = (writer.folder / relation.name).relative_to(self.workspace)
                if salt == 0:
                    entry.made_by = _made_by(self._layer_sql(relation, sql_of(salt=0)[0], there))
                entry.parts = {stay.get(name, str(folder / f"{name}.parquet")): said for name, said in noted.items()}
                if cuts:
                    self._same_parts(writer.connection, relation, entry, before)
                    entry.cuts = [cut.isoformat() for cut in cuts]
                return entry
        raise BuildError(f"{relation.title}: two rows have the same key, however the keys are made.")

    def _tailored(
        self,
        writer: Writer,
        relation: Relation,
        piece: Piece,
        sql_of: Callable[..., RelationSql],
        there: dict[str, Made],
    ) -> str:
        """The SQL that a piece is written by: a sum of a file adds up nothing that is zero in all of it. It says the same rows."""
        source = self.catalogue.relations.get(str(piece.layer.split_by))
        if source is None or relation.name not in self.catalogue.rollups:
            return piece.sql
        zero = writer.still.get(piece.source, frozenset())
        # amounts alone: for each other set of columns the SQL is compiled anew
        still = frozenset(name for name in zero if source.schema[name].startswith("decimal"))
        if not still:
            return piece.sql
        layers, _ = sql_of(still=((source.name, still),), salt=0)
        return self._layer_sql(relation, layers, there)[piece.layer.name]

    def _layer_sql(self, relation: Relation, layers: dict[str, str], there: dict[str, Made]) -> dict[str, str]:
        """The SQL of each layer of a relation, with its columns as they are written."""
        columns = ", ".join(
            quoted(name) if type_ == "string" else f"CAST({quoted(name)} AS {_duck_type(type_)}) AS {quoted(name)}"
            for name, type_ in relation.schema.items()
        )
        small = max((there[name].rows for name in relation.inputs if name in there), default=0) <= SORTED_ROWS
        timed = relation.time is not None and relation.time in relation.schema
        by_time = f" ORDER BY {quoted(relation.time or '')}" if small and timed else ""
        return {name: f"SELECT {columns} FROM ({sql}) AS r{by_time}" for name, sql in layers.items()}

    def _pieces(self, relation: Relation, layers: dict[str, str], there: dict[str, Made]) -> list[Piece]:
        """The files of a relation: each with its SQL, and those made from a part of a table with that part."""
        pieces: list[Piece] = []
        written = self._layer_sql(relation, layers, there)
        for layer in relation.layers:
            sql = written[layer.name]
            if layer.split_by is None:
                pieces.append(Piece(layer.name, sql, layer, ""))
                continue
            for number, file in enumerate(there[layer.split_by].files):
                pieces.append(Piece(f"{layer.name}-{number:04}", sql, layer, file))
        return pieces

    def _stamps(
        self,
        connection: duckdb.DuckDBPyConnection,
        relation: Relation,
        pieces: Sequence[Piece],
        there: dict[str, Made],
    ) -> dict[str, list[str]]:
        """For pieces that are made of a part of a table: its file, and the stamp of all else. Nothing where there is one part."""
        if not any(
            there[layer.split_by].cuts or there[layer.split_by].parts for layer in relation.layers if layer.split_by
        ):
            return {}
        of_layer: dict[str, str] = {}
        for piece in pieces:
            if piece.source and piece.layer.name not in of_layer:
                whole = {
                    name: self._digest(connection, there[name])
                    for name in parts.read_whole(piece.layer, piece.sql, there, relation.inputs)
                }
                of_layer[piece.layer.name] = parts.stamp_of(str(FORMAT), piece.sql, whole)
        gone = {
            file: there[name].gone["file"]
            for name in relation.inputs
            if name in there
            for file in there[name].gone.get("of", {})
        }
        return {
            piece.name: [
                piece.source,
                of_layer[piece.layer.name],
                *([gone[piece.source]] if piece.source in gone else []),
            ]
            for piece in pieces
            if piece.source
        }

    def _digest(self, connection: duckdb.DuckDBPyConnection, entry: Made) -> str:
        """What a table says, whatever it was loaded from."""
        columns = (
            TABLES[entry.name].column_names
            if entry.kind == "canonical"
            else tuple(derived(self.catalogue, entry.name).schema)
        )
        return parts.digest(connection, quoted(entry.name), columns)

    def _stay(
        self,
        connection: duckdb.DuckDBPyConnection,
        relation: Relation,
        noted: dict[str, list[str]],
        there: dict[str, Made],
        before: Release | None,
    ) -> dict[str, str]:
        """The pieces that are as in the release before, with their files there: made of the same part, by the same stamp, and
        none of its orders is touched."""
        old = {tuple(said): file for file, said in parts.of_before(before, relation.name, "parts").items()}
        stay = {
            name: file
            for name, said in noted.items()
            if (file := old.get(tuple(said))) and (self.workspace / file).exists()
        }
        for layer in relation.layers:
            if stay and layer.split_by and layer.by_order:
                if not self.tells_touched:
                    return {}
                touched = parts.files_touched(connection, self.workspace, there[layer.split_by].files)
                stay = {name: file for name, file in stay.items() if noted[name][0] not in touched}
        return stay

    def _same_parts(
        self, connection: duckdb.DuckDBPyConnection, relation: Relation, entry: Made, before: Release | None
    ) -> None:
        """Give up files that have the same rows as one of the release before, for that one: so what is made of it stays too."""
        found = parts.digests(connection, self.workspace, entry.files, tuple(relation.schema))
        old = {digest: file for file, digest in parts.of_before(before, relation.name, "digests").items()}
        for number, file in enumerate(entry.files):
            same = old.get(found[file])
            if same and (self.workspace / same).exists():
                (self.workspace / file).unlink()
                found[same] = found.pop(file)
                entry.files[number] = same
        entry.digests = found

    def _void(self, connection: duckdb.DuckDBPyConnection, entry: Made) -> frozenset[str]:
        """The columns of a table that have no value in any row, or false in all, by what its files say of themselves."""
        if is_encrypted(self.workspace):
            return frozenset()
        if entry.name in self.void:
            return self.void[entry.name]
        rows = connection.execute(
            "SELECT path_in_schema FROM parquet_metadata($1) GROUP BY 1 "
            "HAVING bool_and(coalesce(stats_null_count = num_values OR (type = 'BOOLEAN' AND stats_max_value = 'false'), false))",
            [[str(self.workspace / file) for file in entry.files]],
        ).fetchall()
        self.void[entry.name] = frozenset(name for (name,) in rows)
        return self.void[entry.name]

    def _cuts(
        self,
        relation: Relation,
        there: dict[str, Made],
        connection: duckdb.DuckDBPyConnection,
        before: Release | None,
    ) -> list[date]:
        """The first days of the parts, but for the first one, in which a relation is written that others are made by the months of."""
        makes_parts = any(
            layer.split_by == relation.name for other in self.catalogue.relations.values() for layer in other.layers
        )
        if not makes_parts or any(layer.split_by for layer in relation.layers):
            return []
        if there["orders"].rows <= parts.FINE_ROWS:
            return []
        months = connection.execute(
            "SELECT CAST(date_trunc('month', placed_at) AS DATE) AS month, count(*) FROM orders GROUP BY 1 ORDER BY 1"
        ).fetchall()
        entry = (before.manifest.get("tables", {}) if before else {}).get(relation.name, {})
        return parts.plan_cuts(months, [date.fromisoformat(cut) for cut in entry.get("cuts", [])])

    def _meet(self, connection: duckdb.DuckDBPyConnection, entry: Made, key: str, names: tuple[str, ...]) -> bool:
        """Whether one key stands for two things. Not where every row has a key of its own, which is told soonest."""
        files = read_files([self.workspace / file for file in entry.files])
        # put in order, as many keys are told apart in a third of the time that it takes to gather them
        keys, rows = connection.execute(
            f"SELECT count(*) FILTER (key IS DISTINCT FROM before), count(*) FROM (SELECT {quoted(key)} AS key, "
            f"lag({quoted(key)}) OVER (ORDER BY {quoted(key)}) AS before FROM {files} WHERE {quoted(key)} IS NOT NULL)"
        ).fetchone() or (0, 0)
        if keys == rows:
            return False
        of = ", ".join(quoted(name) for name in names)
        row = connection.execute(
            f"SELECT count(*) FROM (SELECT DISTINCT {of} FROM {files} WHERE {quoted(key)} IS NOT NULL)"
        ).fetchone()
        return bool(row != (keys,))

    def _guard_rates(self, connection: duckdb.DuckDBPyConnection, relation: Relation, without_rate: str | None) -> None:
        """A missing exchange rate is an error that names the currency and the day; it is never one to one."""
        if without_rate is None or self._in_one_currency(connection, relation):
            return
        missing = connection.execute(
            f"SELECT currency, day, count(*) FROM ({without_rate}) AS r GROUP BY ALL ORDER BY day, currency LIMIT 1"
        ).fetchone()
        if missing:
            raise BuildError(
                f"No exchange rate from {missing[0]} to {self.settings.currency} for {missing[1]} "
                f"(nor for the {RATE_DAYS - 1} days before): load it into exchange_rates, or give the orders their exchange_rate.",
                currency=missing[0],
                day=str(missing[1]),
                rows=missing[2],
                relation=relation.name,
            )

    def _in_one_currency(self, connection: duckdb.DuckDBPyConnection, relation: Relation) -> bool:
        """Whether all that a relation reads states the reporting currency, or none: then nothing needs a rate."""
        schemas = {name: TABLES[name].column_names for name in relation.inputs if name in TABLES}
        schemas |= {
            name: tuple(self.catalogue.relations[name].schema) for name in relation.inputs if name not in TABLES
        }
        stated = [
            f"SELECT 1 FROM {quoted(name)} WHERE currency <> {literal(self.settings.currency)}"
            for name, columns in schemas.items()
            if "currency" in columns
        ]
        return (
            bool(stated) and not connection.execute(f"SELECT 1 FROM ({' UNION ALL '.join(stated)}) LIMIT 1").fetchone()
        )

    def _unchanged(self, made: dict[str, Made], before: Release | None) -> Release | None:
        """The release before, when every table of it is what this build made: then there is nothing to publish."""
        if before is None or before.state != "published" or self.as_of is not None:
            return None
        old = {name: (entry["fingerprint"], entry["files"]) for name, entry in before.manifest["tables"].items()}
        return before if old == {name: (entry.fingerprint, entry.files) for name, entry in made.items()} else None

    def _checks(
        self, connection: duckdb.DuckDBPyConnection, made: dict[str, Made], plans: list[CurrentTable]
    ) -> list[CheckResult]:
        self.progress("checks", None, None, "Checking")
        started = time.perf_counter()
        present = frozenset(name for name, entry in made.items() if entry.rows and entry.kind == "canonical")
        told: Told = NOTHING
        known = None
        if self.refresh is not None:
            self.refresh.there = made
            if self.refresh.before.manifest.get("checked_by") == code_digest() is not None:
                told = Known(self.refresh)
                known = self.refresh.lines_are_sold()
        all_sold = lines_are_sold(connection, present) if known is None else known
        self.lines_are_sold = all_sold
        held = {"order_items.order_id"} if all_sold else set()
        rows = {name: made[name].rows for name in present}
        results = check_tables(connection, TABLES, rows, self._dependents, held, told)
        results += check_sales(connection, present, all_sold=all_sold, told=told)
        results += check_calendar(connection, present)
        clashing = {
            current.table.name: int((connection.execute(clashes_sql(current, self.workspace)).fetchone() or (0,))[0])
            for current in plans
            if current.sources > 1
        }
        results += check_sources(clashing, TABLES, self._dependents)
        self.seconds["checks"] = round(time.perf_counter() - started, 3)
        return results

    def _dependents(self, table: str) -> tuple[str, ...]:
        """The relations whose numbers rest on a table, directly or through another relation."""
        found: list[str] = []
        for relation in self.catalogue.relations.values():
            if table in relation.inputs or any(name in found for name in relation.inputs):
                found.append(relation.name)
        return tuple(found)

    def _publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        number: int,
        made: dict[str, Made],
        results: list[CheckResult],
        loads: list[LandedLoad],
        folder: Path,
        before: Release | None,
    ) -> Release:
        self.progress("publish", None, None, "Publishing")
        first, last = connection.execute("SELECT min(day), max(day) FROM sales").fetchone() or (None, None)
        manifest = {
            "format": FORMAT,
            "tables": {name: entry.entry() for name, entry in sorted(made.items())},
            "data_from": first.isoformat() if isinstance(first, date) else None,
            "data_to": last.isoformat() if isinstance(last, date) else None,
            "loads": [load.id for load in loads],
            "revisions": {load.id: load.revision for load in loads if load.revision},
            "code_version": VERSION,
            "checked_by": code_digest(),
            "lines_are_sold": self.lines_are_sold,
            "currency": self.settings.currency,
            "timezone": self.settings.timezone,
            "seconds": self.seconds,
        }
        _sync(folder)
        self._hand_over(number, manifest)
        with self.database.write() as session:
            release = session.get_one(Release, number)
            release.state = "published"
            release.published_at = datetime.now(UTC)
            release.manifest = manifest
            release.checks = [result.to_dict() for result in results]
            release.fingerprint = hashlib.sha256(
                "".join(entry.fingerprint for _, entry in sorted(made.items())).encode()
            ).hexdigest()
            if self.as_of is None:
                pointer = session.get(Pointer, CURRENT)
                if pointer is None:
                    session.add(Pointer(name=CURRENT, release=number))
                else:
                    pointer.release = number
            record(
                session,
                who="system",
                action="release.published",
                subject=f"release:{number}",
                before={"release": before.number} if before else None,
                after={"kind": release.kind, "loads": len(loads), "tables": len(made)},
            )
        return release

    def _hand_over(self, number: int, manifest: dict[str, Any]) -> None:
        """Give a release to the engine that answers, whole, before it is said to be there. Nothing where that has it."""
        started = time.perf_counter()
        with closing(open_warehouse(self.workspace, self.settings, self.database)) as warehouse:
            warehouse.publish(number, stored_tables(self.workspace, manifest))
        self.seconds["warehouse"] = round(time.perf_counter() - started, 3)

    def _drop(self, number: int, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        with self.database.write() as session:
            session.delete(session.get_one(Release, number))

    def _fail(self, number: int, folder: Path, error: BaseException) -> None:
        """Take back what is not published. Where not even that can be written, the next build clears it away."""
        try:
            with self.database.write() as session:
                release = session.get(Release, number)
                if release is None or release.state != "building":
                    return
                release.state = "failed"
                release.error = _first_line(error)
        except SQLAlchemyError:
            return
        shutil.rmtree(folder, ignore_errors=True)


def build(
    workspace: Path,
    settings: Settings,
    database: Database,
    catalogue: Catalogue,
    *,
    progress: Progress = silent,
    as_of: datetime | None = None,
    wait: bool = True,
) -> Release:
    """Build a release and publish it, or one `as of` an earlier moment (kept, not published as the current one).

    Returns the current release unchanged when no table changed. Raises BuildError; ConflictError when another build is
    running and `wait` is false.
    """
    with build_lock(workspace, progress, wait):
        return Build(workspace, settings, database, catalogue, progress, as_of).run()


@cache
def derived(catalogue: Catalogue, name: str) -> Relation:
    """A relation or a roll-up by name, as a build makes it."""
    rollup = catalogue.rollups.get(name)
    return relation_of(catalogue, rollup) if rollup else catalogue.relations[name]


def _no_rows(catalogue: Catalogue, name: str, *_: object, **__: object) -> RelationSql:
    """The SQL of a relation that is known to have no row."""
    columns = ", ".join(
        f"CAST(NULL AS {_duck_type(type_)}) AS {quoted(column)}"
        for column, type_ in catalogue.relations[name].schema.items()
    )
    return {layer.name: f"SELECT {columns} WHERE false" for layer in catalogue.relations[name].layers}, None


@cache
def _sql_of(
    catalogue: Catalogue,
    name: str,
    currency: str,
    timezone: str,
    return_window: int,
    empty: frozenset[str],
    void: tuple[tuple[str, frozenset[str]], ...],
    still: tuple[tuple[str, frozenset[str]], ...] = (),
    salt: int = 0,
) -> RelationSql:
    """The SQL of the layers of a relation, and of the rows in it that lack a rate. It depends on nothing else, so it is compiled once."""

    def make() -> RelationSql:
        given = BuildInputs({}, currency, timezone, return_window, empty, dict(void), dict(still), salt)
        return _compile(catalogue, name, given)

    if catalogue is not standard():  # a catalogue of one's own follows from more than this code
        return make()
    left_out = [sorted(empty), *([[table, sorted(columns)] for table, columns in of] for of in (void, still))]
    return kept((name, currency, timezone, return_window, salt, left_out), make)


def _compile(catalogue: Catalogue, name: str, given: BuildInputs) -> RelationSql:
    schemas: dict[str, dict[str, str]] = {
        table.name: {column.name: IBIS_TYPES[column.type] for column in table.columns} for table in TABLES.values()
    }
    schemas |= {other.name: dict(other.schema) for other in catalogue.relations.values()}
    relation = derived(catalogue, name)

    def inputs(layer: Layer | None = None) -> BuildInputs:
        def bound(other: str) -> ir.Table:
            schema = schemas[other]
            if layer is not None and other in layer.columns:
                schema = {name: schema[name] for name in layer.columns[other]}
            return ibis.table(schema, name=f"{other}__part" if layer is not None and other in layer.parts else other)

        return replace(given, tables={other: bound(other) for other in relation.inputs})

    lacking = compiled(relation.without_rate(inputs()), pretty=False) if relation.without_rate else None
    return {layer.name: _with_codes(layer, layer.build(inputs(layer))) for layer in relation.layers}, lacking


def _with_codes(layer: Layer, rows: ir.Table) -> str:
    """The SQL of a layer. Texts that it says itself are written as codes, which takes a tenth of the time."""
    sql = compiled(rows, pretty=False, held=layer.held)
    codes = ", ".join(
        f"CAST({quoted(name)} AS ENUM({', '.join(map(literal, words or ['']))})) AS {quoted(name)}"
        for name, words in words_of(rows).items()
    )
    return f"SELECT * REPLACE ({codes}) FROM ({sql}) AS r" if codes else sql


@cache
def _cells_sql(catalogue: Catalogue, name: str) -> str:
    """How many rows some days of a relation have, spread over all of it, and how many a roll-up of them would have."""
    rollup = catalogue.rollups[name]
    relation = catalogue.relations[rollup.relation]
    rows = ibis.table(dict(relation.schema), name=relation.name)
    time_ = str(relation.time)
    days = rows.select(_day=rows[time_]).distinct()
    days = days.mutate(_place=ibis.row_number().over(order_by=days._day), _all=days.count().over(ibis.window()))
    step = (days._all / SAMPLED_DAYS).ceil().cast("int64")
    days = days.filter(days._place % step == 0).select("_day")
    rows = rows.semi_join(days, rows[time_] == days._day)
    cells = rows.group_by(
        _day=rows[time_], **{f"_{n}": catalogue.dimensions[d].of(rows) for n, d in enumerate(rollup.dimensions)}
    ).agg(_rows=rows.count())
    return compiled(cells.agg(rows=cells._rows.sum(), cells=cells.count()), pretty=False)


def _made_by(layers: Mapping[str, str]) -> str:
    """A stamp of the SQL that a relation is made by."""
    return hashlib.sha256("\n".join([str(FORMAT), duckdb.__version__, *layers.values()]).encode()).hexdigest()


def _duck_type(type_: str) -> str:
    return {
        "string": "VARCHAR", "int64": "BIGINT", "int8": "TINYINT", "float64": "DOUBLE", "boolean": "BOOLEAN",
        "date": "DATE", "timestamp": "TIMESTAMP",
    }.get(type_, type_.upper())  # fmt: skip


def _sync(folder: Path) -> None:
    """On the disk before the pointer moves: a release that answers survives a power cut."""
    paths: Iterable[Path] = [folder, *folder.rglob("*")]
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0][:500] if text else type(error).__name__
