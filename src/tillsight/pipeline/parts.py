"""Which files of a large table stay as they are when more is loaded.

The ledger of a large shop lies in parts of some months each, and so does what is made of it. A part is made again only where
something bears on it: the orders that it has, as `order_customers` tells them; the rows of other tables that name one of these
orders; and tables that are read whole, such as products. All else stays the file of the release before.

Nothing is compared that need not be: the orders that are touched are those that loads name which the release before did not
have. Where that does not tell everything (a load is gone, was rewritten, or replaces another; another currency or time zone),
every part is made again. Cost: the keys of the new loads, and of each part the keys of its orders once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tillsight.database.models import Release
from tillsight.metrics.model import Layer
from tillsight.pipeline.current import CurrentTable, LandedLoad, same_key
from tillsight.warehouse.duck import quoted, read_files

if TYPE_CHECKING:
    from tillsight.core.settings import Settings
    from tillsight.pipeline.writing import Made

TOUCHED = "_touched"
"""What a build calls the orders that new loads say something of: shop_id, order_id."""
PART_ROWS = 2_500_000
"""So many orders are worked on at a time, but a month at least: what a build holds in memory does not grow with the shop."""
FINE_ROWS = 1_000_000
"""From so many orders on there are parts at all."""
FINE_MONTHS = 4
"""So many of the latest months are parts of their own: what is late or corrected is mostly of these."""
MOST_MORE = 12
"""With so many parts more than there would be at the start, months that have got old are put together again."""


def plan_cuts(months: Sequence[tuple[date, int]], before: Sequence[date]) -> list[date]:
    """The first days of the parts, but for the first one. `months`: orders by month. `before`: the cuts of the release before.

    Parts stay as they are cut, so that their files can; later months are cut off.
    """
    if sum(rows for _, rows in months) <= FINE_ROWS:
        return []
    anew: list[date] = []
    held = 0
    for number, (month, rows) in enumerate(months):
        if held and (held + rows > PART_ROWS or number >= len(months) - FINE_MONTHS):
            anew.append(month)
            held = 0
        held += rows
    if not before:
        return anew
    cuts = [*before, *(cut for cut in anew if cut > before[-1])]
    starts = [date.min, *cuts]
    sizes = [0] * len(starts)
    most = [0] * len(starts)
    for month, rows in months:
        place = max(number for number, start in enumerate(starts) if start <= month)
        sizes[place] += rows
        most[place] = max(most[place], rows)
    grown = any(size > 2 * PART_ROWS and size > month for size, month in zip(sizes, most, strict=True))
    return anew if grown or len(cuts) > len(anew) + MOST_MORE else cuts


def note_touched(
    connection: duckdb.DuckDBPyConnection,
    workspace: Path,
    settings: Settings,
    before: Release | None,
    loads: Sequence[LandedLoad],
    plans: Iterable[CurrentTable],
    by_order: Collection[str],
    noted: str,
) -> bool:
    """Note the orders that loads name which the release before did not have, in a temporary table. False where that does not tell all.

    `by_order`: the tables that are looked at. `noted`: the name of that table.
    """
    if before is None or before.state != "published":
        return False
    manifest = before.manifest
    known = {load_id: manifest.get("revisions", {}).get(load_id, 0) for load_id in manifest["loads"]}
    there = {load.id: load.revision for load in loads}
    if any(there.get(load_id) != revision for load_id, revision in known.items()):
        return False
    if any(load.manifest.get("replaces") for load in loads if load.id not in known):
        return False
    if (manifest["currency"], manifest["timezone"]) != (settings.currency, settings.timezone):
        return False
    named: list[str] = []
    for current in plans:
        table = current.table
        if table.name not in by_order:
            continue
        new = [file for load in current.loads if load.id not in known and (file := load.file(workspace, table.name))]
        if not new:
            continue
        named.append(f"SELECT shop_id, order_id FROM {read_files(new)}")
        old = [workspace / file for file in manifest["tables"].get(table.name, {}).get("files", [])]
        if "order_id" in table.key or not old:
            continue
        if not all(file.exists() for file in old):
            return False
        # a row may have named another order before
        same = same_key(table, "o", "n")
        named.append(
            f"SELECT o.shop_id, o.order_id FROM {read_files(old)} AS o SEMI JOIN {read_files(new)} AS n ON {same}"
        )
    nothing = "SELECT CAST(NULL AS VARCHAR) AS shop_id, CAST(NULL AS VARCHAR) AS order_id WHERE false"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {noted} AS SELECT DISTINCT shop_id, order_id FROM ({' UNION ALL '.join([nothing, *named])})"
    )
    return True


def files_touched(connection: duckdb.DuckDBPyConnection, workspace: Path, files: Sequence[str]) -> set[str]:
    """Those of some files, of a table with an order in each row, that have an order which is touched."""
    paths = {str(workspace / file): file for file in files}
    found = connection.execute(
        f"SELECT DISTINCT filename FROM {read_files([Path(path) for path in paths], named=True)} AS f "
        f"SEMI JOIN {TOUCHED} AS t ON f.shop_id = t.shop_id AND f.order_id = t.order_id"
    ).fetchall()
    return {paths[path] for (path,) in found}


def digest(connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[str]) -> str:
    """A digest of the rows of a table, as SQL names it, in whatever order they lie, and in whichever files."""
    values = ", ".join(quoted(column) for column in columns)
    found = connection.execute(
        f"SELECT count(*), sum(CAST(h AS HUGEINT)), bit_xor(h) FROM (SELECT hash({values}) AS h FROM {rows})"
    ).fetchone()
    return " ".join(str(value) for value in found or ())


def digests(
    connection: duckdb.DuckDBPyConnection, workspace: Path, files: Sequence[str], columns: Sequence[str]
) -> dict[str, str]:
    """For each file a digest of its rows, in whatever order they lie. Files with the same digest have the same rows."""
    paths = {str(workspace / file): file for file in files}
    values = ", ".join(quoted(column) for column in columns)
    found = connection.execute(
        f"SELECT filename, count(*), sum(CAST(h AS HUGEINT)), bit_xor(h) FROM "
        f"(SELECT filename, hash({values}) AS h FROM {read_files([Path(path) for path in paths], named=True)}) GROUP BY 1"
    ).fetchall()
    return {paths[path]: f"{rows} {total} {mixed}" for path, rows, total, mixed in found}


def stamp_of(version: str, sql: str, whole: Mapping[str, str]) -> str:
    """What a part follows from besides its orders: the SQL, and the tables that are read whole, each with its digest."""
    said = [version, duckdb.__version__, sql, *(f"{name} {digest}" for name, digest in sorted(whole.items()))]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def read_whole(layer: Layer, sql: str, there: Mapping[str, Made], inputs: Sequence[str]) -> list[str]:
    """The inputs that a layer reads, and not only what belongs to the orders of a part."""
    partly = {layer.split_by, *layer.by_order}

    def read(name: str) -> bool:
        return quoted(name) in sql or (name in layer.with_codes and quoted(f"{name}__part") in sql)

    return [name for name in inputs if name in there and name not in partly and read(name)]


def of_before(before: Release | None, name: str, what: str) -> dict[str, Any]:
    """What the release before noted of the files of a table, `parts` or `digests`: of those that are in it, whole."""
    entry = (before.manifest.get("tables", {}) if before else {}).get(name, {})
    gone = entry.get("gone", {}).get("of", {})
    return {file: noted for file, noted in entry.get(what, {}).items() if file in entry["files"] and file not in gone}
