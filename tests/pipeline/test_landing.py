"""A load lands as a whole or not at all, side by side with others, and says what it did."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import monotonic

import duckdb
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from sqlalchemy import select

from tillsight.connectors.files.mapping import MappingError
from tillsight.core.errors import LoadError, QuestionError
from tillsight.core.settings import Settings
from tillsight.database.models import Load
from tillsight.database.store import Database
from tillsight.pipeline import landing
from tillsight.pipeline.landing import LoadReport, collect_orphans, load, rejects
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import DUCKDB_TYPES

SALES = (
    "order_id,order_date,sku,product_name,quantity,price,wrapping\n"
    "1,2024-01-31 08:30,A,Apple,2,3.00,red\n"
    "1,2024-01-31 08:30,B,Bean,1,2.50,\n"
    "2,2024-02-01 23:30,A,Apple,one,3.00,\n"
    "2,2024-02-01 23:30,B,Bean,1,2.50,\n"
)


class Workspace:
    """A workspace with its database, and short ways to load into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = Settings(name="Test", currency="GBP", timezone="Europe/London")
        self.database = Database.open(path, self.settings)
        self.files = path.parent / f"{path.name}-files"
        self.files.mkdir()

    def write(self, content: str, name: str = "sales.csv") -> Path:
        file = self.files / name
        file.write_text(content)
        return file

    def load(self, content: str | Path = SALES, name: str = "sales.csv", **options: object) -> LoadReport:
        path = self.write(content, name) if isinstance(content, str) else content
        return load(self.path, self.database, self.settings, path, **options)  # type: ignore[arg-type]

    def records(self) -> list[Load]:
        with self.database.read() as session:
            return list(session.scalars(select(Load).order_by(Load.created_at)))

    def left(self) -> list[str]:
        """What lies in staging."""
        staging = self.path / "landing" / ".staging"
        return sorted(entry.name for entry in staging.iterdir()) if staging.exists() else []

    def folders(self) -> list[str]:
        loads = self.path / "landing" / "loads"
        return sorted(entry.name for entry in loads.iterdir()) if loads.exists() else []


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "shop")


def test_what_a_load_leaves(workspace: Workspace) -> None:
    report = workspace.load(created_by="ann")
    folder = workspace.path / "landing" / "loads" / report.load_id
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()) == [
        "load.json",
        "raw/01-sales-csv.parquet",
        "rejects.parquet",
        "tables/order_items.parquet",
        "tables/orders.parquet",
        "tables/products.parquet",
    ]
    (record,) = workspace.records()
    assert (record.id, record.state, record.source, record.created_by) == (report.load_id, "committed", "files", "ann")
    assert (record.rows_read, record.rows_rejected) == (4, 1)
    manifest = json.loads((folder / "load.json").read_text())
    assert manifest == json.loads(json.dumps(record.manifest, default=str))
    assert {name: entry["rows"] for name, entry in manifest["tables"].items()} == {
        "products": 2,
        "orders": 2,
        "order_items": 3,
    }
    assert manifest["tables"]["orders"] == {
        "rows": 2,
        "file": "tables/orders.parquet",
        "time_from": "2024-01-31T08:30:00Z",
        "time_to": "2024-02-01T23:30:00Z",
    }
    file = manifest["files"][0]
    assert (file["name"], file["format"], file["encoding"], file["delimiter"]) == ("sales.csv", "csv", "utf-8", ",")
    assert file["columns_unmapped"] == ["wrapping"]
    assert file["classes"] == [{"class": "sale", "rows": 3, "money": 11.00}]
    assert manifest["digest"] == record.digest
    assert report.classes == [{"class": "sale", "rows": 3, "money": Decimal("11.00")}]
    assert report.to_dict()["rows_read"] == 4
    assert workspace.left() == []


def test_canonical_files_have_the_declared_columns_and_types(workspace: Workspace) -> None:
    report = workspace.load()
    for name in report.tables:
        file = workspace.path / "landing" / "loads" / report.load_id / "tables" / f"{name}.parquet"
        found = [(row[0], row[1]) for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{file}'").fetchall()]
        declared = [(column.name, DUCKDB_TYPES[column.type].replace(", ", ",")) for column in TABLES[name].columns]
        assert found == [*declared, ("_file", "VARCHAR"), ("_line", "BIGINT")]


def test_rejects_are_a_table(workspace: Workspace) -> None:
    report = workspace.load()
    table = rejects(workspace.path, report.load_id)
    assert table.column_names == ["file", "line", "table", "column", "value", "reason", "row"]
    (row,) = table.to_pylist()
    assert (row["file"], row["line"], row["table"], row["column"], row["value"]) == (
        "sales.csv",
        4,
        "order_items",
        "quantity",
        "one",
    )
    clean = workspace.load(SALES.replace("one", "1"))
    assert rejects(workspace.path, clean.load_id).num_rows == 0
    assert rejects(workspace.path, clean.load_id).schema == table.schema


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-06-30", datetime(2024, 6, 30, 22, 59, 59, 999999, UTC)),
        (date(2024, 6, 30), datetime(2024, 6, 30, 22, 59, 59, 999999, UTC)),
        ("2024-06-30T12:00", datetime(2024, 6, 30, 11, tzinfo=UTC)),
        ("2024-06-30T12:00:00+02:00", datetime(2024, 6, 30, 10, tzinfo=UTC)),
        (datetime(2024, 6, 30, 12, tzinfo=UTC), datetime(2024, 6, 30, 12, tzinfo=UTC)),
    ],
)
def test_when_it_was_known(as_of: object, expected: datetime, workspace: Workspace) -> None:
    report = workspace.load(as_of=as_of)
    assert workspace.records()[0].known_at == expected
    assert report.manifest["known_at"] == expected.isoformat().replace("+00:00", "Z")


def test_a_wrong_time_is_said(workspace: Workspace) -> None:
    with pytest.raises(QuestionError, match="as_of must be a day or a time"):
        workspace.load(as_of="yesterday")
    assert workspace.records() == []


def test_the_digest_is_that_of_files_and_mapping(workspace: Workspace) -> None:
    first, again = workspace.load(), workspace.load(SALES, "renamed.csv")
    other = workspace.load(SALES + "3,2024-02-02,A,Apple,1,3.00,\n")
    mapped = workspace.load(mapping='[[file]]\ntable = "sales"\n')
    digests = [report.manifest["digest"] for report in (first, again, other, mapped)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_what_it_replaces(workspace: Workspace) -> None:
    workspace.load()
    report = workspace.load(replaces=[{"file": "sales.csv"}])
    assert report.manifest["replaces"] == [{"table": None, "file": "sales.csv"}]
    report = workspace.load(replaces=[{"table": "orders", "from": "2024-01-01", "to": date(2024, 1, 31)}])
    assert report.manifest["replaces"] == [{"table": "orders", "from": "2024-01-01", "to": "2024-01-31"}]
    report = workspace.load(replaces=[{"table": "orders", "file": "/elsewhere/sales.csv"}])
    assert report.manifest["replaces"] == [{"table": "orders", "file": "sales.csv"}]


@pytest.mark.parametrize(
    ("replaces", "expected"),
    [
        ([{"file": "other.csv"}], "No load holds a file other.csv"),
        ([{"table": "orders", "from": "2024-02-01", "to": "2024-01-01"}], "end on 2024-01-01 before they start"),
        ([{"table": "orders", "from": "soon", "to": "2024-01-01"}], "Days to replace are written as"),
        ([{"from": "2024-01-01", "to": "2024-01-01"}], "needs the table"),
    ],
)
def test_a_wrong_replacement_is_said(replaces: list[dict[str, str]], expected: str, workspace: Workspace) -> None:
    workspace.load()
    with pytest.raises(QuestionError, match=expected):
        workspace.load(replaces=replaces)
    assert len(workspace.records()) == 1


def test_several_paths_are_one_load(workspace: Workspace) -> None:
    first, second = (
        workspace.write(SALES),
        workspace.write("sku,product_name,category\nA,Apple,Fruit\n", "products.csv"),
    )
    report = load(workspace.path, workspace.database, workspace.settings, [first, second])
    assert [file["name"] for file in report.files] == ["sales.csv", "products.csv"]
    assert len(workspace.records()) == 1


def test_progress_is_told(workspace: Workspace) -> None:
    told: list[tuple[str, str]] = []
    workspace.load(progress=lambda stage, done, total, text: told.append((stage, text)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["read", "convert", "write", "commit", "done"]
    assert "rows per second" in told[-1][1]


@pytest.mark.parametrize(
    ("content", "name", "options"),
    [
        ("a,b\n1,2\n", "odd.csv", {}),
        ("", "sales.csv", {}),
        (SALES, "sales.csv", {"mapping": "[[file]]\ntable = 'nothing'\n"}),
        (SALES, "sales.csv", {"preset": "olist"}),
    ],
)
def test_a_load_that_fails_leaves_nothing(
    content: str, name: str, options: dict[str, str], workspace: Workspace
) -> None:
    with pytest.raises((LoadError, MappingError)):
        workspace.load(content, name, **options)
    assert workspace.folders() == []
    assert workspace.left() == []
    assert all(record.state == "failed" and record.error for record in workspace.records())


def test_a_canonical_folder_is_taken_without_a_copy(workspace: Workspace) -> None:
    first = workspace.load(SALES.replace("one", "1"))
    folder = workspace.files / "canonical"
    folder.mkdir()
    for name in first.tables:
        source = workspace.path / "landing" / "loads" / first.load_id / "tables" / f"{name}.parquet"
        pq.write_table(pq.read_table(source, columns=list(TABLES[name].column_names)), folder / f"{name}.parquet")
    second = workspace.load(folder)
    assert {name: entry["rows"] for name, entry in second.tables.items()} == {
        name: entry["rows"] for name, entry in first.tables.items()
    }
    target = workspace.path / "landing" / "loads" / second.load_id
    assert list((target / "raw").iterdir()) == []
    assert all(file["raw"] is None for file in second.files)
    for name in first.tables:
        names = ", ".join(TABLES[name].column_names)
        old = workspace.path / "landing" / "loads" / first.load_id / "tables" / f"{name}.parquet"
        new = target / "tables" / f"{name}.parquet"
        for one, other in ((old, new), (new, old)):
            difference = duckdb.sql(f"SELECT {names} FROM '{one}' EXCEPT SELECT {names} FROM '{other}'").fetchall()
            assert difference == []


def test_canonical_files_are_checked_too(workspace: Workspace) -> None:
    file = workspace.files / "reviews.parquet"
    duckdb.sql(
        "COPY (SELECT * FROM (VALUES ('main', '1', 'r1', 'o1', CAST(5 AS DECIMAL(18, 9)), TIMESTAMP '2024-01-31'), "
        "('main', '2', 'r2', 'o2', 7, TIMESTAMP '2024-01-31'), ('main', '3', 'r3', 'o3', NULL, TIMESTAMP '2024-01-31')) "
        f"t(shop_id, line_id, review_id, order_id, rating, reviewed_at)) TO '{file}' (FORMAT parquet)"
    )
    report = workspace.load(file)
    assert report.tables["reviews"]["rows"] == 1
    assert [
        (row["line"], row["column"], row["reason"]) for row in rejects(workspace.path, report.load_id).to_pylist()
    ] == [
        (2, "rating", "is above 5"),
        (3, "rating", "is missing"),
    ]


# Several at once, and dying in the middle ------------------------------------------------------------------------------


def test_two_loads_at_once_both_land(workspace: Workspace) -> None:
    files = [workspace.write(SALES.replace("Apple", f"Apple {number}"), f"sales-{number}.csv") for number in range(3)]
    reports: list[LoadReport] = []
    threads = [threading.Thread(target=lambda file=file: reports.append(workspace.load(file))) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 3
    assert [record.state for record in workspace.records()] == ["committed"] * 3
    assert workspace.folders() == sorted(report.load_id for report in reports)
    assert workspace.left() == []


def orphan(workspace: Workspace, load_id: str, where: str) -> Path:
    folder = workspace.path / "landing" / where / load_id
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "orders.parquet").write_bytes(b"half")
    with workspace.database.write() as session:
        session.add(Load(id=load_id, source="files", state="staged", known_at=datetime(2024, 1, 1, tzinfo=UTC)))
    return folder


@pytest.mark.parametrize("where", [".staging", "loads"])
def test_what_a_dead_load_left_is_cleared_away(where: str, workspace: Workspace) -> None:
    folder = orphan(workspace, "20240101T000000000000-abcdef", where)
    workspace.load()
    assert not folder.exists()
    states = {record.id: record.state for record in workspace.records()}
    assert states.pop("20240101T000000000000-abcdef") == "failed"
    assert set(states.values()) == {"committed"}


def test_a_load_under_way_is_left_alone(workspace: Workspace) -> None:
    folder = orphan(workspace, "20240101T000000000000-abcdef", ".staging")
    with FileLock(workspace.path / "landing" / ".staging" / "20240101T000000000000-abcdef.lock"):
        assert collect_orphans(workspace.path, workspace.database) == []
        assert folder.exists()
    assert collect_orphans(workspace.path, workspace.database) == ["20240101T000000000000-abcdef"]
    assert not folder.exists()


NURSERY = """
import os, sys
from pathlib import Path
from tillsight.core.settings import Settings
from tillsight.database.store import Database
from tillsight.pipeline.landing import load

workspace, source = map(Path, sys.argv[1:])
settings = Settings(name="Test", currency="GBP", timezone="Europe/London")
for _ in sys.stdin:
    child = os.fork()
    if not child:
        load(workspace, Database.open(workspace, settings), settings, source)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@contextmanager
def nursery(workspace: Workspace, source: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has everything imported and forks a child for every line, so that only the load itself takes time."""
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(workspace.path), str(source)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def one_load(process: subprocess.Popen[str], patience: float) -> bool:
    """Start a load and kill it after some seconds; True when it was done before."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    child = int(process.stdout.readline())
    timer = threading.Timer(patience, os.kill, (child, signal.SIGKILL))
    timer.start()
    status = int(process.stdout.readline())
    timer.cancel()
    assert status in (0, signal.SIGKILL)
    return status == 0


def test_killed_at_any_moment_it_is_all_there_or_nothing(workspace: Workspace) -> None:
    """Loads are killed at moments spread over their whole length, and over their last steps once more."""
    lines = "".join(f"{number // 3},2024-01-31,S{number % 50},Name,1,2.50,\n" for number in range(6_000))
    source = workspace.write(SALES.split("\n", maxsplit=1)[0] + "\n" + lines, "large.csv")
    before = workspace.load(SALES)
    killed = 0
    with nursery(workspace, source) as process:
        assert one_load(process, 60)
        start = monotonic()
        assert one_load(process, 60)
        length = monotonic() - start
        # the first three are killed long before their end, however much faster the machine has become since
        for share in (0.01, 0.03, 0.05, 0.3, 0.6, 0.75, 0.85, 0.9, 0.95, 1.0):
            killed += not one_load(process, share * length)
            committed = {record.id for record in workspace.records() if record.state == "committed"}
            assert committed <= set(workspace.folders())
            for load_id in committed - {before.load_id}:
                tables = workspace.path / "landing" / "loads" / load_id / "tables"
                assert pq.read_metadata(tables / "order_items.parquet").num_rows == 6_000
    assert killed >= 3
    workspace.load(SALES)
    states = {record.id: record.state for record in workspace.records()}
    assert workspace.folders() == sorted(load_id for load_id, state in states.items() if state == "committed")
    assert set(states.values()) == {"committed", "failed"}
    assert workspace.left() == []


def test_the_lock_of_a_load_that_died_when_it_was_committed_goes_with_the_next_one(workspace: Workspace) -> None:
    before = workspace.load(SALES)
    (workspace.path / "landing" / ".staging" / f"{before.load_id}.lock").touch()
    workspace.load(SALES)
    assert workspace.left() == []
    assert before.load_id in workspace.folders()


LIMITED = """
import resource, signal, sys
from pathlib import Path
from tillsight.core.settings import Settings
from tillsight.database.store import Database
from tillsight.pipeline.landing import load

workspace, source = map(Path, sys.argv[1:])
settings = Settings(name="Test", currency="GBP", timezone="Europe/London")
database = Database.open(workspace, settings)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
try:
    load(workspace, database, settings, source)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_no_room_for_a_file_is_said_and_nothing_stays(workspace: Workspace) -> None:
    """The system refuses to let any file grow: what a full disk looks like from inside, without filling one."""
    lines = "".join(
        f"{number // 3},2024-01-31,S{number * 7919},Name {number * 31},1,{number % 997}.50,\n"
        for number in range(60_000)
    )
    source = workspace.write(SALES.split("\n", maxsplit=1)[0] + "\n" + lines)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(workspace.path), str(source)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    said = done.stdout.splitlines()[-1]
    assert said.startswith("LoadError The disk is full, so nothing was loaded."), (said, done.stderr)
    assert workspace.folders() == []
    assert workspace.left() == []
    assert [record.state for record in workspace.records()] == ["failed"]


def test_a_full_disk_at_the_last_step_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

    monkeypatch.setattr(landing, "_flush", full)
    with pytest.raises(LoadError, match="The disk is full"):
        workspace.load()
    assert workspace.folders() == []
    assert workspace.left() == []


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("TIMESTAMPTZ '2024-07-01 12:00:00+00'", datetime(2024, 7, 1, 12)),
        ("TIMESTAMP '2024-07-01 12:00:00'", datetime(2024, 7, 1, 11)),
    ],
)
@pytest.mark.parametrize("more", ["'web'", "' web '"])
def test_moments_of_canonical_files_keep_their_zone(
    moment: str, expected: datetime, more: str, workspace: Workspace
) -> None:
    """A moment without a zone is the shop's, in files that go as they are and in those that need a word trimmed."""
    file = workspace.files / "orders.parquet"
    duckdb.sql(
        "SET TimeZone = 'UTC'; "
        f"COPY (SELECT 'main' AS shop_id, '1' AS order_id, {moment} AS placed_at, 'EUR' AS currency, {more} AS channel) "
        f"TO '{file}' (FORMAT parquet)"
    )
    report = workspace.load(file)
    table = workspace.path / "landing" / "loads" / report.load_id / "tables" / "orders.parquet"
    assert duckdb.sql(f"SELECT placed_at, channel, order_status, _line FROM '{table}'").fetchall() == [
        (expected, "web", "completed", 1)
    ]
