"""Builds and releases: what did not change is shared, the past can be asked, a failure changes nothing, old files go when they may."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.shops import KNOWN, land, line, make_shop, order, write_settings

import tillsight.pipeline.build as building
from tillsight.core.errors import BuildError, ConflictError, NoReleaseError, NotFoundError, QuestionError
from tillsight.database.models import Load, Release
from tillsight.pipeline.keeping import build_lock, collect
from tillsight.pipeline.progress import silent
from tillsight.shop import Shop

D = Decimal


def may(price: str = "10") -> dict[str, list[dict[str, Any]]]:
    return {"orders": [order("1", "2024-05-01")], "order_items": [line("1", "1", "A", 1, price)]}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path, may() | {"products": [{"product_id": "A", "category": "Lamps"}]})


def at(hours: int) -> datetime:
    return KNOWN + timedelta(hours=hours)


def revenue(shop: Shop, **parts: Any) -> Decimal:
    return D(shop.query("revenue", **parts).to_records()[0]["revenue"])


def files_of(release: Release) -> dict[str, list[str]]:
    return {name: entry["files"] for name, entry in release.manifest["tables"].items()}


def on_disk(shop: Shop) -> set[str]:
    return {str(file.relative_to(shop.path)) for file in (shop.path / "releases").rglob("*.parquet")}


def test_nothing_to_build_is_a_clear_error(tmp_path: Path) -> None:
    with make_shop(tmp_path, {}, build=False) as empty:
        with pytest.raises(BuildError, match=r"no load is committed\. Load files with `tillsight load`"):
            empty.build()
        with pytest.raises(NoReleaseError, match="Nothing is built yet"):
            empty.query("revenue")
        assert empty.status().release is None


def test_unchanged_inputs_give_no_new_release(shop: Shop) -> None:
    first = shop.releases.current().record
    assert shop.build().number == first.number
    assert shop.build().number == first.number
    assert on_disk(shop) == {file for files in files_of(first).values() for file in files}
    with Shop.open(shop.path) as other:
        assert other.build().number == first.number
    # in another process sets have another order, and what is made must not hang on it
    build = [sys.executable, "-m", "tillsight", "-w", str(shop.path), "build"]
    subprocess.run(build, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "20261121"})
    assert published(shop) == [first.number]


def test_only_what_changed_is_written(shop: Shop) -> None:
    """A new price for a line changes the lines and what is made of them; products and orders are shared with the release before."""
    before = files_of(shop.releases.current().record)
    land(shop, {"order_items": [line("1", "1", "A", 1, "12")]}, known_at=at(1), file="price.csv")
    after = files_of(shop.build())
    assert set(after) == set(before)
    changed = {name for name in after if after[name] != before[name]}
    made_of_lines = {
        "order_customers",
        "order_facts",
        "sales",
        "customer_events",
        "customer_facts",
        "customer_segments",
        "returned_items",
        "returned_purchases",
    }
    assert changed == {"order_items", *made_of_lines}
    assert revenue(shop) == 12


def test_what_does_not_bear_on_sales_leaves_the_ledger_alone(shop: Shop) -> None:
    before = files_of(shop.releases.current().record)
    land(shop, {"payments": [{"line_id": "1", "order_id": "1", "amount": "10"}]}, known_at=at(1), file="payments.csv")
    after = files_of(shop.build())
    assert {name for name in after if after.get(name) != before.get(name)} == {"payments"}


def test_a_lost_file_is_written_again(shop: Shop) -> None:
    """A release whose file is gone is not the release that would be built: the build heals it."""
    for file in files_of(shop.releases.current().record)["sales"]:
        (shop.path / file).unlink()
    assert shop.build().number == 2
    assert revenue(shop) == 10


def test_as_it_was_known(shop: Shop) -> None:
    """Known on 1 January 2026: 10.00. On the 3rd: 12.00. On the 5th a load arrives that was known on the 2nd: 11.00."""
    land(shop, {"order_items": [line("1", "1", "A", 1, "12")]}, known_at=datetime(2026, 1, 3, tzinfo=UTC), file="b.csv")
    current = shop.build().number
    assert revenue(shop) == 12
    assert revenue(shop, as_of="2026-01-02") == 10
    assert revenue(shop, as_of=datetime(2026, 1, 2, 12, tzinfo=UTC)) == 10
    assert revenue(shop, as_of="2026-01-03") == revenue(shop, as_of="2030-01-01") == 12
    answer = shop.query("revenue", as_of="2026-01-02")
    assert answer.as_of is not None
    assert answer.release != current
    assert shop.releases.current_number() == current
    assert revenue(shop) == 12

    again = shop.query("revenue", as_of="2026-01-02").release
    assert again == answer.release, "asked again, it is there"
    land(
        shop,
        {"order_items": [line("1", "1", "A", 1, "11")]},
        known_at=datetime(2026, 1, 2, tzinfo=UTC),
        file="late.csv",
    )
    assert revenue(shop, as_of="2026-01-02") == 11, "what was known then is another thing now"
    assert revenue(shop, as_of="2026-01-01") == 10
    shop.build()
    assert revenue(shop) == 12


def test_nothing_was_known_then(shop: Shop) -> None:
    with pytest.raises(NoReleaseError, match="Nothing was known yet at 2020-01-01"):
        shop.query("revenue", as_of="2020-01-01")
    for wrong in ("2020-13-01", "then", "2020-01-01T99:00"):
        with pytest.raises(QuestionError, match="as_of must be a day or a time such as 2026-11-14"):
            shop.query("revenue", as_of=wrong)


def test_a_day_as_of_ends_with_the_day_of_the_shop(tmp_path: Path) -> None:
    """Known at 01:00 UTC on 3 January is still the 2nd in New York."""
    with make_shop(tmp_path, may(), timezone="America/New_York") as shop:
        land(
            shop,
            {"order_items": [line("1", "1", "A", 1, "12")]},
            known_at=datetime(2026, 1, 3, 1, tzinfo=UTC),
            file="b.csv",
        )
        land(
            shop,
            {"order_items": [line("1", "1", "A", 1, "13")]},
            known_at=datetime(2026, 1, 9, tzinfo=UTC),
            file="c.csv",
        )
        shop.build()
        assert revenue(shop, as_of="2026-01-02") == 12
        assert revenue(shop, as_of="2026-01-02T19:00") == 10
        assert revenue(shop, as_of="2026-01-02T20:00") == 12


def test_a_failed_build_leaves_the_last_release(shop: Shop) -> None:
    """No rate for USD: the build says so, the last release answers on, nothing is left behind, and the next build is right."""
    held = on_disk(shop)
    land(
        shop,
        {"orders": [order("2", "2024-05-02", currency="USD")], "order_items": [line("2", "1", "A", 1, "20")]},
        known_at=at(1),
        file="b.csv",
    )
    with pytest.raises(BuildError, match="No exchange rate from USD to EUR for 2024-05-02"):
        shop.build()
    assert revenue(shop) == 10
    assert on_disk(shop) == held
    with shop.database.read() as session:
        failed = session.scalars(select(Release).where(Release.state == "failed")).one()
    assert failed.error is not None
    assert failed.error.startswith("No exchange rate")
    rate = {"day": "2024-05-02", "from_currency": "USD", "to_currency": "EUR", "rate": "0.5"}
    land(shop, {"exchange_rates": [rate]}, known_at=at(2), file="rates.csv")
    assert shop.build().number > failed.number
    assert revenue(shop) == 20


def test_a_file_that_cannot_be_read_fails_the_build_alone(shop: Shop) -> None:
    load = land(shop, {"order_items": [line("1", "1", "A", 1, "12")]}, known_at=at(1), file="b.csv")
    (shop.path / "landing" / "loads" / load / "tables" / "order_items.parquet").write_bytes(b"no parquet")
    with pytest.raises(BuildError, match=r"could not be built: .* The last one goes on answering"):
        shop.build()
    assert revenue(shop) == 10


def test_a_release_that_is_out_stays_out_whatever_happens_after(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clearing away old files fails, or the process is interrupted there: the new release answers, with all its files."""
    for number, error in enumerate((PermissionError("busy"), KeyboardInterrupt()), start=2):

        def fail(*_: Any, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(building, "collect", fail)
        land(shop, {"order_items": [line("1", "1", "A", 1, f"{number}0")]}, known_at=at(number), file=f"{number}.csv")
        if isinstance(error, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                shop.build()
        else:
            assert shop.build().number == number
        assert shop.releases.current_number() == number
        assert revenue(shop) == number * 10


def test_another_currency_is_another_release(shop: Shop) -> None:
    write_settings(shop.path, currency="GBP")
    rate = {"day": "2024-05-01", "from_currency": "EUR", "to_currency": "GBP", "rate": "0.5"}
    with Shop.open(shop.path) as other:
        land(other, {"exchange_rates": [rate]}, known_at=at(1), file="rates.csv")
        assert other.build().number == 2
        assert revenue(other) == 5


# two at once


def test_a_second_build_waits_or_says_so(shop: Shop) -> None:
    land(shop, {"order_items": [line("1", "1", "A", 1, "12")]}, known_at=at(1), file="b.csv")
    told: list[str] = []
    done: list[int] = []

    def second() -> None:
        with Shop.open(shop.path) as other:
            done.append(other.build(lambda stage, *_: told.append(stage)).number)

    with build_lock(shop.path, silent, wait=False):
        with (
            Shop.open(shop.path) as other,
            pytest.raises(ConflictError, match="Another build of this workspace is running"),
        ):
            other.build(wait=False)
        waiting = threading.Thread(target=second)
        waiting.start()
        deadline = time.monotonic() + 30
        while "waiting" not in told and time.monotonic() < deadline:
            time.sleep(0.01)
        assert told == ["waiting"]
        assert not done
        assert revenue(shop) == 10, "readers do not wait for a build"
    waiting.join(60)
    assert done == [2]
    assert revenue(shop) == 12


def _read(path: Path, reads: Any, stop: Any, results: Any) -> None:
    """Another process: asks on and on, in two threads, and reports what it was told and what went wrong."""
    seen: set[tuple[int, Decimal]] = set()
    wrong: list[str] = []

    def ask(shop: Shop) -> None:
        while not stop.is_set():
            try:
                answer = shop.query("revenue", by="order_id", limit=1)
                seen.add((answer.release or 0, answer.totals["revenue"]))  # type: ignore[index]
                reads.set()
            except Exception as error:
                wrong.append(repr(error))

    with Shop.open(path) as shop:
        threads = [threading.Thread(target=ask, args=(shop,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    results.put((sorted(seen), wrong))


def test_readers_go_on_while_builds_publish(tmp_path: Path) -> None:
    """Only one release is kept, and still nobody who asks is left without an answer, or with half of one: every release is told
    with its own revenue, by threads here and in another process."""
    with make_shop(tmp_path, may(), keep={"releases": 1, "days": 0}) as shop:
        context = multiprocessing.get_context("spawn")
        reads, stop, results = context.Event(), context.Event(), context.Queue()
        process = context.Process(target=_read, args=(tmp_path, reads, stop, results))
        process.start()
        assert reads.wait(120)
        seen: list[tuple[int, Decimal]] = []
        own = threading.Event()

        def ask() -> None:
            while not own.is_set():
                answer = shop.query("revenue", grain="month")
                seen.append((answer.release or 0, answer.to_records()[0]["revenue"]))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            for number in range(2, 6):
                land(
                    shop,
                    {"order_items": [line("1", "1", "A", 1, f"{number}0")]},
                    known_at=at(number),
                    file=f"{number}.csv",
                )
                assert shop.build().number == number
        finally:
            own.set()
            thread.join(60)
            time.sleep(0.5)
            stop.set()
            told, wrong = results.get(timeout=120)
            process.join(60)
        assert wrong == []
        assert all(value == number * 10 for number, value in [*told, *seen])
        assert told[-1] == (5, D(50))
        assert len({number for number, _ in seen}) > 1


# what is kept


def age(shop: Shop, **days: float) -> None:
    """Make releases older than they are: number → days."""
    with shop.database.write() as session:
        for number, back in days.items():
            release = session.get_one(Release, int(number.removeprefix("r")))
            assert release.published_at is not None
            release.published_at -= timedelta(days=back)


def published(shop: Shop) -> list[int]:
    return [release.number for release in shop.releases.published()]


def test_old_releases_are_kept_as_set_and_then_collected(tmp_path: Path) -> None:
    """Two newest, and the last of each day for ten days. Files go with the last release that names them.

    release   made              kept because
    1         20 days ago       – collected
    2         3 days ago        – release 3 is the last of that day
    3         3 days ago        the last of its day
    4, 5      today             the two newest
    """
    with make_shop(tmp_path, may() | {"products": [{"product_id": "A"}]}, keep={"releases": 2, "days": 10}) as shop:
        for number in range(2, 5):
            land(
                shop, {"order_items": [line("1", "1", "A", 1, f"{number}0")]}, known_at=at(number), file=f"{number}.csv"
            )
            shop.build()
        assert published(shop) == [4, 3, 2, 1], "what answered a moment ago is not taken away"
        age(shop, r1=20, r2=3.001, r3=3, r4=1)
        land(shop, {"order_items": [line("1", "1", "A", 1, "50")]}, known_at=at(5), file="5.csv")
        release = shop.build()
        assert published(shop) == [5, 4, 3]
        kept = [files_of(shop.releases.get(number).record) for number in (3, 4, 5)]
        assert on_disk(shop) == {file for files in kept for group in files.values() for file in group}
        assert files_of(release)["products"] == ["releases/1/products/rows.parquet"], "shared by all"
        assert revenue(shop) == 50
        for gone in (1, 2, 99):
            with pytest.raises(NotFoundError, match=f"no release {gone}, or it is not kept any more"):
                shop.releases.get(gone)


def test_the_release_that_answers_is_never_collected(tmp_path: Path) -> None:
    """Old as it may be, and with newer releases of the past beside it."""
    with make_shop(tmp_path, may(), keep={"releases": 1, "days": 0}) as shop:
        for hour in range(1, 4):
            land(shop, {"order_items": [line("1", "1", "A", 1, f"{hour}1")]}, known_at=at(hour), file=f"{hour}.csv")
        shop.build()
        age(shop, r1=99, r2=90)
        for hour in range(3):
            assert revenue(shop, as_of=at(hour)) == (10, 11, 21)[hour]
        age(shop, r3=50, r4=50, r5=0.5)
        collect(shop.path, shop.settings, shop.database)
        assert published(shop) == [5, 2], "the newest of the past, and the one that answers"
        assert revenue(shop) == 31
        assert revenue(shop, as_of=at(2)) == 21


def test_files_of_a_build_that_died_are_cleared_away(shop: Shop) -> None:
    """A record that says `building` when nobody holds the lock, and a folder that no record names."""
    with shop.database.write() as session:
        session.add(Release(state="building", code_version="x"))
    for number in (2, 77):
        folder = shop.path / "releases" / str(number) / "sales"
        folder.mkdir(parents=True)
        (folder / "part-0.parquet").write_bytes(b"half")
    land(shop, {"order_items": [line("1", "1", "A", 1, "12")]}, known_at=at(1), file="b.csv")
    assert shop.build().number == 3
    assert revenue(shop) == 12
    assert not (shop.path / "releases" / "2").exists()
    assert not (shop.path / "releases" / "77").exists()
    with shop.database.read() as session:
        assert session.get_one(Release, 2).error == "The build was killed."


# checks


def states(shop: Shop) -> dict[str, str]:
    return {check["name"]: check["state"] for check in shop.releases.current().record.checks}


def test_checks_pass_where_all_is_well(shop: Shop) -> None:
    assert set(states(shop).values()) == {"passed"}


def test_checks_find_what_is_wrong(tmp_path: Path) -> None:
    """Each of these rows breaks one check, and no release is stopped by it."""
    tables = {
        "orders": [
            order("1", "2024-05-01", total_amount="10", customer_id="nobody"),
            order("2", "2024-05-01", total_amount="99", discount_amount="-1"),
            order("3", "2024-05-01"),
            order("4", "2024-05-05", shipped_at="2024-05-01", cancelled_at="2024-05-06"),
        ],
        "order_items": [
            line("1", "1", "A", 1, "10"), line("2", "1", "A", 1, "20"), line("4", "1", "A", 1, "1", discount_amount="2"),
            line("lost", "1", "A", 1, "5"),
        ],
        "customers": [{"customer_id": "ann"}],
        "products": [{"product_id": "A"}],
        "refunds": [{"refund_id": "r", "line_id": "1", "order_id": "1", "amount": "11", "refunded_at": "2024-05-02"}],
        "discount_lines": [{"line_id": "d", "amount": "1"}],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        found = {name: state for name, state in states(shop).items() if state != "passed"}
        assert found == {
            "orders.discount_not_negative": "failed", "orders.shipped_after_placed": "failed", "orders.cancelled_has_status": "failed",
            "orders.customer_id.exists": "warned", "order_items.order_id.exists": "failed", "order_items.discount_within_line": "failed",
            "sales.days_known": "failed", "sales.orders_have_lines": "warned", "sales.orders_tie_out": "warned",
            "sales.refunds_within_orders": "warned",
        }  # fmt: skip
        texts = {check["name"]: check["text"] for check in shop.releases.current().record.checks}
        assert texts["sales.orders_tie_out"] == "1 of 2 orders differ by more than 0.05."
        assert texts["order_items.order_id.exists"] == "1 of 4 rows name one that is not there."


def test_orders_without_any_line_are_no_quiet_zero(tmp_path: Path) -> None:
    """Only a file of orders was loaded: revenue cannot be known, and the check that bears on it says so."""
    with make_shop(tmp_path, {"orders": [order("1", "2024-05-01", total_amount="10")]}) as shop:
        answer = shop.query("orders,revenue")
        assert answer.to_records() == [{"orders": 1, "revenue": D(0)}]
        failed = [check["name"] for check in shop.evidence(answer)["checks"] if check["state"] == "failed"]
        assert failed == ["sales.orders_have_lines"]


def test_progress_is_told_by_stage(shop: Shop) -> None:
    land(shop, {"order_items": [line("1", "1", "A", 1, "12")]}, known_at=at(1), file="b.csv")
    told: list[str] = []
    shop.build(lambda stage, *_: told.append(stage))
    assert list(dict.fromkeys(told)) == ["tables", "relations", "checks", "publish"]


def test_loads_are_listed_and_found(shop: Shop) -> None:
    (load,) = shop.loads()
    assert shop.get_load(load.id).known_at == KNOWN
    with pytest.raises(NotFoundError, match="There is no load 'x'"):
        shop.get_load("x")
    with shop.database.write() as session:
        session.get_one(Load, load.id).state = "withdrawn"
    assert shop.loads() == []
