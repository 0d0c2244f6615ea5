"""The drill: is the newest backup good for anything, and how long until a shop stands again?

The backup is restored beside the original, a release is built from it, and both are compared: every file with its
SHA-256, the rows of every operational table with those at the time of the backup, and with the release that answered then,
where it is still kept, the rows and a hash of every table and the value of metrics of every domain. The copy is then gone.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from tillsight import privacy
from tillsight.audit import record
from tillsight.backup import BackupError, Repository, Snapshot, find, write_files
from tillsight.backup.database import bare, copy_in, counts
from tillsight.backup.taking import ERASURES_FILE, place_of
from tillsight.core.errors import OutdatedReleaseError, TillsightError
from tillsight.core.settings import read_settings
from tillsight.database import Database, Drill, Load, Release, now
from tillsight.pipeline.progress import Progress, silent
from tillsight.recovery.restoring import lend_key, settle
from tillsight.shop import Shop
from tillsight.vault import Keys
from tillsight.warehouse.duck import quoted
from tillsight.warehouse.releases import OpenRelease, Releases

METRICS_OF_DOMAIN = 5
"""So many metrics of each domain are asked on both sides."""
PATIENCE = 3600.0
"""Seconds that a hash of a table may take."""


@dataclass
class Outcome:
    """What a drill found. Seconds: reading back and checking files, building, from nothing to the first answer.

    `recovery_point`: the moment that the backup holds; `lost_seconds`: how much younger the shop is, `lost_loads`: loads
    since. `differences`: one sentence each; empty when the copy is the original.
    """

    backup: str
    place: str
    recovery_point: datetime
    lost_seconds: float
    lost_loads: int
    files: int = 0
    bytes: int = 0
    seconds_files: float = 0.0
    seconds_build: float = 0.0
    seconds: float = 0.0
    operational_tables: int = 0
    compared_with: int | None = None
    tables: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the copy is the original."""
        return not self.differences

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"recovery_point": self.recovery_point.isoformat(), "passed": self.passed}


def drill(shop: Shop, *, place: str | None = None, who: str = "system", progress: Progress = silent) -> Outcome:
    """Hold a drill and record it. Raises NotFoundError where there is no backup; what differs is in the outcome."""
    from_place = place_of(shop.path, shop.settings, shop.database, place)
    repository = Repository.open(from_place, lambda: Keys.open(shop.path))
    snapshot = find(repository)
    at = now()
    outcome = Outcome(
        snapshot.id,
        from_place.address,
        snapshot.at,
        max((at - snapshot.at).total_seconds(), 0.0),
        _loads_since(shop.database, snapshot.at),
    )
    for left in shop.path.glob(".drill-*"):
        shutil.rmtree(left, ignore_errors=True)
    _check_room(shop, snapshot)
    folder = shop.path / f".drill-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        started = time.monotonic()
        lend_key(shop.path, folder)
        outcome.bytes = write_files(repository, snapshot, folder, progress)
        outcome.files = len(snapshot.files)
        outcome.seconds_files = time.monotonic() - started
        if (shop.path / ERASURES_FILE).exists():
            shutil.copyfile(shop.path / ERASURES_FILE, folder / ERASURES_FILE)
        found = counts(copy_in(folder))
        outcome.operational_tables = len(found)
        outcome.differences += [
            f"The table {name} has {found.get(name, 0):,} rows; at the backup it had {rows:,}."
            for name, rows in snapshot.facts["tables"].items()
            if found.get(name) != rows
        ]
        settings = read_settings(folder).model_copy(update={"database_url": None, "warehouse_url": None})
        original = _release_at(shop.database, snapshot.facts["release"])
        with bare(folder, settings) as database:
            settle(database)
            built = set(original.manifest["loads"]) if original else None
            loads = _only(database, built)
        if loads:
            with Shop(folder, settings, Database.open(folder, settings)) as copy:
                built_at = time.monotonic()
                privacy.replay(copy, progress)
                copy.build(progress=progress)
                outcome.seconds_build = time.monotonic() - built_at
                progress("compare", None, None, "Comparing with the original")
                first = _values(copy, _measured(copy)[:1])
                outcome.seconds = time.monotonic() - started
                if original is not None:
                    _compare(shop, copy, original.number, outcome, progress)
                elif not first:
                    outcome.differences.append("The copy does not answer.")
        else:
            outcome.seconds = time.monotonic() - started
    except TillsightError as error:
        outcome.differences.append(error.message)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    with shop.database.write() as session:
        session.add(
            Drill(
                backup=outcome.backup,
                at=at,
                recovery_point=outcome.recovery_point,
                seconds=outcome.seconds,
                passed=outcome.passed,
                report=outcome.to_dict(),
            )
        )
        record(
            session,
            who=who,
            action="drill.held",
            subject=f"backup:{outcome.backup}",
            after={"passed": outcome.passed, "seconds": round(outcome.seconds, 1)},
        )
    return outcome


def _check_room(shop: Shop, snapshot: Snapshot) -> None:
    """Raises BackupError where the disk has no room for the files of the backup and a release made of them."""
    release = _release_at(shop.database, shop.releases.current_number())
    built = sum(int(entry["bytes"]) for entry in release.manifest["tables"].values()) if release else 0
    needed, free = snapshot.size + built, shutil.disk_usage(shop.path).free
    if needed > free:
        raise BackupError(
            f"A drill needs {needed / 1e9:.1f} GB for a while, and {free / 1e9:.1f} GB are free in {shop.path}: make room, then "
            "hold it again.",
            needed=needed,
            free=free,
        )


def _loads_since(database: Database, at: datetime) -> int:
    with database.read() as session:
        query = select(func.count()).select_from(Load).where(Load.state == "committed", Load.created_at > at)
        return session.scalar(query) or 0


def _release_at(database: Database, number: int | None) -> Release | None:
    """The release that answered when the backup was taken, where it is still kept."""
    if number is None:
        return None
    with database.read() as session:
        release = session.get(Release, number)
    return release if release is not None and release.state == "published" else None


def _only(database: Database, loads: set[str] | None) -> int:
    """Leave in the copy only the loads that the original's release is made of, so that like is compared with like."""
    with database.write() as session:
        if loads is not None:
            beyond = update(Load).where(Load.state == "committed", Load.id.not_in(loads))
            session.execute(beyond.values(state="withdrawn"))
        return session.scalar(select(func.count()).select_from(Load).where(Load.state == "committed")) or 0


def _compare(shop: Shop, copy: Shop, number: int, outcome: Outcome, progress: Progress) -> None:
    outcome.compared_with = number
    with _patient(shop) as theirs, _patient(copy) as ours:
        original, restored = theirs.get(number), ours.current()
        names = sorted(original.manifest["tables"])
        for step, name in enumerate(names):
            progress("compare", step, len(names), name)
            # a newer version may have given a table another column since
            columns = [column for column in _columns(original, name) if column in _columns(restored, name)]
            before, after = _hash(original, name, columns), _hash(restored, name, columns)
            outcome.tables.append({"name": name, "rows": before[0], "hash": before[1], "same": before == after})
            if before != after:
                outcome.differences.append(
                    f"{name}: {after[0]:,} rows in the copy, {before[0]:,} in the original, or others."
                )
    if shop.releases.current_number() != number:
        return  # what the shop answers now comes from a later release; its tables were compared
    asked = _measured(shop)
    try:
        before_, after_ = _values(shop, asked), _values(copy, asked)
    except OutdatedReleaseError:
        return  # the original is of another version, so it answers nothing; its tables were compared
    for name in asked:
        same = before_.get(name) == after_.get(name)
        outcome.metrics.append({"name": name, "value": str(before_.get(name)), "same": same})
        if not same:
            outcome.differences.append(
                f"{name} is {after_.get(name)} in the copy and {before_.get(name)} in the original."
            )


def _patient(shop: Shop) -> closing[Releases]:
    """The releases of a shop, for reading that may take long, those of another version too: only what both have is compared."""
    limits = shop.settings.limits.model_copy(update={"seconds": PATIENCE})
    settings = shop.settings.model_copy(update={"limits": limits})
    return closing(Releases(shop.path, settings, shop.database, lambda _columns: ()))


def _columns(release: OpenRelease, table: str) -> list[str]:
    """The columns of a table; none where the release does not have it."""
    if table not in release.manifest["tables"]:
        return []
    names: list[str] = release.files.run_sql(f"SELECT * FROM {quoted(table)} LIMIT 0").column_names
    return names


def _hash(release: OpenRelease, table: str, columns: Sequence[str]) -> tuple[int, str]:
    """Rows of a table, and a hash of these columns that does not depend on their order."""
    if table not in release.manifest["tables"]:
        return 0, ""
    row = f"row({', '.join(quoted(column) for column in columns)})"
    query = f"SELECT count(*) AS n, CAST(sum(CAST(hash({row}) AS HUGEINT)) AS VARCHAR) AS h FROM {quoted(table)}"
    found = release.files.run_sql(query).to_pylist()[0]
    return int(found["n"]), found["h"] or ""


def _measured(shop: Shop) -> list[str]:
    """The metrics that are asked: the first few of each domain."""
    taken: dict[str, list[str]] = {}
    for metric in shop.catalogue.metrics.values():
        if not metric.requires:
            taken.setdefault(metric.domain, []).append(metric.name)
    return [name for names in taken.values() for name in names[:METRICS_OF_DOMAIN]]


def _values(shop: Shop, metrics: list[str]) -> dict[str, Any]:
    """Their values over all days; those whose tables are empty are left out."""
    release = shop.releases.current()
    values: dict[str, Any] = {}
    for name in metrics:
        try:
            answer = shop.query(name, start=release.data_from, end=release.data_to)
        except TillsightError:
            continue
        rows = answer.table.to_pylist()
        values[name] = rows[0].get(name) if rows else None
    return values
