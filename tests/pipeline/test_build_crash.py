"""Builds that are killed, and disks that are full: the last release answers, nothing is lost, the next build is right."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.shops import KNOWN, land, line, make_shop, order

from tillsight.core.errors import BuildError
from tillsight.database.models import Release
from tillsight.shop import Shop

SPAWN = multiprocessing.get_context("spawn")


def months(price: int) -> dict[str, list[dict[str, Any]]]:
    """Three hundred orders of a line each."""
    return {
        "orders": [
            order(f"{n}", f"2024-{1 + n % 12:02}-{1 + n % 28:02}", customer_id=f"c{n % 40}") for n in range(300)
        ],
        "order_items": [line(f"{n}", "1", f"p{n % 7}", 1, f"{price}") for n in range(300)],
    }


def _build(path: Path, began: Any) -> None:
    with Shop.open(path) as shop:
        shop.build(lambda stage, *_: began.put(stage))


def _build_with_a_small_disk(path: Path, limit: int, results: Any) -> None:
    """No file may grow beyond the limit: what a full disk does to a write."""
    with Shop.open(path) as shop:
        before = shop.releases.current_number()
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            shop.build()
            results.put(("built", "", before))
        except BuildError as error:
            results.put((type(error).__name__, error.message, shop.releases.current_number()))
        except BaseException as error:
            results.put((type(error).__name__, repr(error), None))
            raise


def revenue(shop: Shop) -> Decimal:
    value: Decimal = shop.query("revenue").to_records()[0]["revenue"]
    return value


def whole(shop: Shop) -> None:
    """Every file of every release that is kept is there, and no build is left half done."""
    with shop.database.read() as session:
        assert session.scalars(select(Release.number).where(Release.state == "building")).all() == []
        for release in session.scalars(select(Release).where(Release.state == "published")):
            for entry in release.manifest["tables"].values():
                assert all((shop.path / file).is_file() for file in entry["files"])


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("rounds", [3, pytest.param(15, marks=pytest.mark.slow)])
def test_a_build_that_is_killed_at_any_moment_changes_nothing(tmp_path: Path, rounds: int) -> None:
    """Killed at its start, in the middle of writing, while it checks, about when it publishes: whatever happened, what answers is
    a whole release, and the next build of the same loads is right."""
    random = Random(rounds)
    with make_shop(tmp_path, months(10)) as shop:
        before = 3000
        killed = 0
        for number in range(1, rounds + 1):
            land(shop, months(10 + number), known_at=KNOWN + timedelta(hours=number), file=f"{number}.csv")
            began = SPAWN.Queue()
            process = SPAWN.Process(target=_build, args=(tmp_path, began))
            process.start()
            for _ in range(random.choice([1, 3, 6, 8, 9])):  # stages of the build: tables, relations, checks, publish
                began.get(timeout=120)
            time.sleep(random.random() * 0.3)
            if process.is_alive():
                os.kill(process.pid or 0, signal.SIGKILL)
                killed += 1
            process.join(60)
            after = 300 * (10 + number)
            assert revenue(shop) in (before, after)
            shop.build()
            assert revenue(shop) == after
            whole(shop)
            before = after
        assert killed > 0
        checks = shop.releases.current().record.checks
        assert {check["state"] for check in checks} == {"passed"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("kilobytes", [1, 16])
def test_a_full_disk_leaves_the_last_release(tmp_path: Path, kilobytes: int) -> None:
    """At one kilobyte not even the database can note that it failed; at sixteen the build stops at its first large file."""
    with make_shop(tmp_path, months(10)) as shop:
        land(shop, months(11), known_at=KNOWN + timedelta(hours=1), file="more.csv")
        results = SPAWN.Queue()
        process = SPAWN.Process(target=_build_with_a_small_disk, args=(tmp_path, kilobytes * 1024, results))
        process.start()
        kind, message, current = results.get(timeout=120)
        process.join(60)
        assert kind in ("BuildError", "OperationalError", "DatabaseError")
        if kind == "BuildError":
            assert "The last one goes on answering" in message
            assert current == 1
        assert revenue(shop) == 3000
        shop.build()
        assert revenue(shop) == 3300
        whole(shop)
