"""The same SQL that many ask at the same time is run once, for all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from tillsight.core.errors import TooBigError
from tillsight.core.settings import LimitSettings
from tillsight.warehouse.duck import DuckEngine

ROWS = ibis.memtable({"x": [1]}).select(y=ibis.literal(2, "int64"))
OTHERS = ibis.memtable({"x": [1]}).select(y=ibis.literal(3, "int64"))
ASKING = 4


class Slow(DuckEngine):
    """An engine that answers when it is let go."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, LimitSettings())
        self.let_go, self.refuse = threading.Event(), False
        self.runs: list[str] = []

    def run_sql(self, sql: str, parameters: object = ()) -> pa.Table:
        """A row with how many ran so far, as soon as it may; or an error."""
        self.runs.append(sql)
        assert self.let_go.wait(30)
        if self.refuse:
            raise TooBigError("too big")
        return pa.table({"y": pa.array([len(self.runs)], pa.int32())})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Slow]:
    engine = Slow(tmp_path)
    yield engine
    engine.close()


def wait_for(engine: Slow, runs: int) -> None:
    """Until so many run, and the others had the time to run too if they would."""
    until = threading.Event()
    for _ in range(3000):
        if len(engine.runs) >= runs:
            break
        until.wait(0.01)
    until.wait(0.3)


def test_what_runs_already_is_waited_for_and_other_questions_are_not(engine: Slow) -> None:
    with ThreadPoolExecutor(ASKING + 1) as pool:
        same = [pool.submit(engine.run, ROWS) for _ in range(ASKING)]
        other = pool.submit(engine.run, OTHERS)
        wait_for(engine, 2)
        assert len(engine.runs) == 2
        engine.let_go.set()
        answers = [future.result(30) for future in same]
    assert other.result()[0].num_rows == 1
    assert {sql for _, sql in answers} <= set(engine.runs)
    assert [table.to_pylist() for table, _ in answers] == [[{"y": 2}]] * ASKING
    assert answers[0][0].schema.field("y").type == pa.int64()
    engine.run(ROWS)
    assert len(engine.runs) == 3, "nothing is kept"


def test_what_fails_fails_for_all_who_wait_and_is_run_again_for_the_next(engine: Slow) -> None:
    engine.refuse = True
    with ThreadPoolExecutor(ASKING) as pool:
        same = [pool.submit(engine.run, ROWS) for _ in range(ASKING)]
        wait_for(engine, 1)
        engine.let_go.set()
        for future in same:
            with pytest.raises(TooBigError, match="too big"):
                future.result(30)
    assert len(engine.runs) == 1
    engine.refuse = False
    assert engine.run(ROWS)[0].num_rows == 1
