"""Jobs: run in a child process, tell how far they are, can be cancelled, and are never lost when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import update
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import ConflictError, NotFoundError
from tillsight.core.settings import Settings
from tillsight.database import Database, Job, now
from tillsight.jobs import Jobs, Worker, uploads_of
from tillsight.jobs.queue import new_id
from tillsight.jobs.states import LOG_LINES, Report, claim, expire, finish, renew
from tillsight.jobs.worker import QUEUE_FILE
from tillsight.pipeline.keeping import build_lock
from tillsight.pipeline.progress import silent

HERE = Path(__file__).parent
CHILD = (sys.executable, str(HERE / "child.py"))
LEASE = timedelta(seconds=20)
"""Longer than a slow machine needs to start a child; tests that wait for its end move it instead."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "tillsight.toml").touch()
    with Database.open(tmp_path, Settings()) as database:
        yield database


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@pytest.fixture
def worker(database: Database, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(database, tmp_path, lease=LEASE, grace=1, child=CHILD)
    worker.start()
    yield worker
    worker.stop()


def until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def ended(jobs: Jobs, job_id: str) -> Job:
    until(lambda: jobs.get(job_id).state in ("done", "failed", "cancelled"))
    return jobs.get(job_id)


def pids(workspace: Path, job_id: str) -> list[int]:
    return [int(file.name.rsplit("-", 1)[1]) for file in workspace.glob(f"run-{job_id}-*")]


def start(jobs: Jobs, worker: Worker, kind: str, **params: object) -> str:
    job = jobs.start(kind, params, "ana")
    worker.carry(job.id)
    return job.id


def test_a_job_runs_in_the_background_and_leaves_its_result(jobs: Jobs, worker: Worker, tmp_path: Path) -> None:
    job = ended(jobs, start(jobs, worker, "count", steps=3))
    assert (job.state, job.result, job.error) == ("done", {"counted": 3, "by": "ana"}, None)
    assert (job.progress, job.stage, job.attempts) == (1.0, "Counting", 1)
    assert [line["text"] for line in job.log] == ["Counting: 3 of 3"]
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at
    assert pids(tmp_path, job.id) != [os.getpid()]


def test_progress_is_seen_while_it_runs(jobs: Jobs, worker: Worker) -> None:
    job_id = start(jobs, worker, "count", steps=30, pause=0.05)
    until(lambda: 0 < (jobs.get(job_id).progress or 0) < 1)
    job = jobs.get(job_id)
    assert job.state == "running"
    assert job.stage == "Counting"
    assert job.log[-1]["text"].endswith("of 30")
    assert ended(jobs, job_id).state == "done"


@pytest.mark.slow
def test_jobs_run_one_after_the_other(jobs: Jobs, worker: Worker) -> None:
    first = start(jobs, worker, "count", steps=2, pause=0.1)
    second = start(jobs, worker, "count", steps=1)
    later, earlier = ended(jobs, second), ended(jobs, first)
    assert later.started_at is not None
    assert earlier.finished_at is not None
    assert earlier.finished_at <= later.started_at


def test_a_refusal_is_told_in_its_own_words(jobs: Jobs, worker: Worker) -> None:
    job = ended(jobs, start(jobs, worker, "refuses"))
    assert job.state == "failed"
    assert job.error == {"code": "LOAD_FAILED", "message": "The file has no header.", "details": {"file": "orders.csv"}}
    assert job.attempts == 1


def test_an_unexpected_error_shows_nothing_of_the_inside(
    jobs: Jobs, worker: Worker, capfd: pytest.CaptureFixture[str]
) -> None:
    job = ended(jobs, start(jobs, worker, "breaks"))
    assert job.state == "failed"
    assert job.error is not None
    assert "ZeroDivisionError" in job.error["message"]
    assert "secret inside" not in str(job.error)
    assert "secret inside" in capfd.readouterr().err, "the log of the server has the details"


def test_a_job_whose_process_is_killed_is_taken_up_again(jobs: Jobs, worker: Worker, tmp_path: Path) -> None:
    job = ended(jobs, start(jobs, worker, "dies", times=1))
    assert (job.state, job.result, job.attempts) == ("done", {"runs": 2}, 2)
    assert [line["text"] for line in job.log] == [
        "Its process was ended by SIGKILL, perhaps for want of memory. It is taken up again."
    ]


def test_what_is_done_for_good_is_not_done_twice(jobs: Jobs, worker: Worker) -> None:
    job = ended(jobs, start(jobs, worker, "half_way"))
    assert (job.state, job.result, job.attempts) == ("done", {"first": 1, "second": 2}, 2)


@pytest.mark.slow
def test_a_job_that_is_killed_again_and_again_fails_and_says_so(jobs: Jobs, worker: Worker, tmp_path: Path) -> None:
    job = ended(jobs, start(jobs, worker, "dies", times=9))
    assert (job.state, job.attempts) == ("failed", 3)
    assert job.error is not None
    assert job.error["code"] == "JOB_DIED"
    assert "tried 3 times" in job.error["message"]
    assert len(pids(tmp_path, job.id)) == 3


def test_cancel_ends_a_running_job(jobs: Jobs, worker: Worker, tmp_path: Path) -> None:
    job_id = start(jobs, worker, "waits")
    until(lambda: pids(tmp_path, job_id))
    jobs.cancel(job_id)
    job = ended(jobs, job_id)
    assert (job.state, job.error, job.attempts) == ("cancelled", None, 1)
    until(lambda: not psutil.pid_exists(pids(tmp_path, job_id)[0]))
    with pytest.raises(ConflictError):
        jobs.cancel(job_id)


def test_cancel_kills_a_job_that_does_not_listen(jobs: Jobs, worker: Worker, tmp_path: Path) -> None:
    job_id = start(jobs, worker, "deaf")
    until(lambda: pids(tmp_path, job_id))
    jobs.cancel(job_id)
    assert ended(jobs, job_id).state == "cancelled"
    until(lambda: not psutil.pid_exists(pids(tmp_path, job_id)[0]))


@pytest.mark.slow
def test_cancel_ends_a_waiting_job_before_it_starts(jobs: Jobs, worker: Worker, tmp_path: Path) -> None:
    running = start(jobs, worker, "waits")
    waiting = start(jobs, worker, "count", steps=1)
    until(lambda: pids(tmp_path, running))
    assert jobs.cancel(waiting).state == "cancelled"
    jobs.cancel(running)
    ended(jobs, running)
    ended(jobs, start(jobs, worker, "count", steps=1))
    assert pids(tmp_path, waiting) == []


def stopped_while_it_runs(jobs: Jobs, database: Database, workspace: Path, kind: str, grace: float) -> Job:
    """A job, after the worker that runs it was stopped."""
    worker = Worker(database, workspace, lease=LEASE, grace=grace, child=CHILD)
    worker.start()
    job_id = start(jobs, worker, kind)
    until(lambda: pids(workspace, job_id))
    worker.stop()
    return jobs.get(job_id)


@pytest.mark.slow
def test_stopping_the_server_queues_its_job_again(jobs: Jobs, database: Database, tmp_path: Path) -> None:
    job = stopped_while_it_runs(jobs, database, tmp_path, "waits", grace=1)
    assert (job.state, job.attempts, job.worker) == ("queued", 0, None)
    assert not psutil.pid_exists(pids(tmp_path, job.id)[0])
    second = Worker(database, tmp_path, lease=LEASE, grace=1, child=CHILD)
    second.start()
    until(lambda: len(pids(tmp_path, job.id)) == 2)
    jobs.cancel(job.id)
    assert ended(jobs, job.id).state == "cancelled"
    second.stop()


@pytest.mark.slow
def test_a_stop_of_which_a_library_made_an_error_is_still_a_stop(
    jobs: Jobs, database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    job = stopped_while_it_runs(jobs, database, tmp_path, "mistakes", grace=10)
    assert (job.state, job.attempts, job.error) == ("queued", 0, None)
    assert "Traceback" not in capfd.readouterr().err


def serve(workspace: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "server.py"), str(workspace), str(LEASE.total_seconds())]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    return server


def let_leases_run_out(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Job).values(lease_until=now() - timedelta(seconds=1)))


def kill(*processes: int) -> None:
    for process in processes:
        os.kill(process, signal.SIGKILL)


@pytest.mark.slow
def test_a_job_outlives_a_server_that_is_killed(jobs: Jobs, tmp_path: Path) -> None:
    job_id = jobs.start("count", {"steps": 20, "pause": 0.1}, None).id
    server = serve(tmp_path)
    until(lambda: jobs.get(job_id).progress)
    kill(server.pid)
    server.wait()
    job = ended(jobs, job_id)
    assert (job.state, job.attempts) == ("done", 1), "its child goes on without the server"


def test_a_job_whose_server_and_child_are_killed_is_taken_up_by_the_next_server(
    jobs: Jobs, database: Database, tmp_path: Path
) -> None:
    job_id = jobs.start("waits", {}, None).id
    server = serve(tmp_path)
    until(lambda: pids(tmp_path, job_id))
    kill(server.pid, *pids(tmp_path, job_id))
    server.wait()
    assert jobs.get(job_id).state == "running", "nobody could say so"
    let_leases_run_out(database)
    next_server = serve(tmp_path)
    until(lambda: len(pids(tmp_path, job_id)) == 2)
    job = jobs.get(job_id)
    assert (job.state, job.attempts) == ("running", 2)
    assert "does not answer any more" in job.log[0]["text"]
    jobs.cancel(job_id)
    assert ended(jobs, job_id).state == "cancelled"
    next_server.terminate()
    assert next_server.wait(timeout=20) == 0


@pytest.mark.slow
def test_a_cancelled_job_ends_even_without_its_server(jobs: Jobs, tmp_path: Path) -> None:
    job_id = jobs.start("waits", {}, None).id
    server = serve(tmp_path)
    until(lambda: pids(tmp_path, job_id))
    kill(server.pid)
    server.wait()
    jobs.cancel(job_id)
    assert ended(jobs, job_id).state == "cancelled"


def test_a_job_that_the_queue_lost_is_found_in_the_table(jobs: Jobs, database: Database, tmp_path: Path) -> None:
    job_id = jobs.start("count", {"steps": 1}, None).id
    assert not (tmp_path / QUEUE_FILE).exists()
    worker = Worker(database, tmp_path, lease=LEASE, grace=1, child=CHILD)
    worker.start()
    assert ended(jobs, job_id).state == "done"
    worker.stop()


def test_files_that_came_with_a_job_go_when_it_has_ended(jobs: Jobs, worker: Worker, tmp_path: Path) -> None:
    job_id = new_id()
    folder = uploads_of(tmp_path, job_id)
    folder.mkdir(parents=True)
    (folder / "orders.csv").write_text("private")
    worker._sweep(waiting=timedelta(0))
    assert folder.exists(), "not before the job is there"
    job = jobs.start("count", {"steps": 1}, None, job_id=job_id)
    worker.carry(job.id)
    assert ended(jobs, job_id).state == "done"
    until(lambda: not folder.exists())


def test_only_one_worker_gets_a_job(jobs: Jobs, database: Database) -> None:
    job_id = jobs.start("count", {}, None).id
    assert claim(database, job_id, "a", LEASE)
    assert not claim(database, job_id, "b", LEASE)
    assert jobs.get(job_id).worker == "a"


def test_a_worker_that_lost_its_lease_can_change_nothing(jobs: Jobs, database: Database) -> None:
    job_id = jobs.start("count", {}, None).id
    claim(database, job_id, "a", LEASE)
    let_leases_run_out(database)
    assert expire(database) == [job_id]
    assert expire(database) == []
    assert claim(database, job_id, "b", LEASE)
    assert renew(database, job_id, "a", LEASE, Report("late", 0.9)) == "lost"
    assert not finish(database, job_id, "a", "done", result={"late": True})
    job = jobs.get(job_id)
    assert (job.state, job.worker, job.stage, job.result) == ("running", "b", "", None)
    assert finish(database, job_id, "b", "done", result={})


def test_a_log_is_bounded(jobs: Jobs, worker: Worker, database: Database) -> None:
    job_id = jobs.start("count", {}, None).id
    claim(database, job_id, "a", LEASE)
    renew(database, job_id, "a", LEASE, Report(log=[{"at": "", "text": str(i)} for i in range(1000)]))
    log = jobs.get(job_id).log
    assert len(log) == LOG_LINES
    assert log[-1]["text"] == "999"


def test_jobs_are_listed_newest_first(jobs: Jobs) -> None:
    ids = [jobs.start("count", {}, None).id for _ in range(5)]
    page, total = jobs.list(offset=1, limit=2)
    assert ([job.id for job in page], total) == ([ids[3], ids[2]], 5)
    jobs.cancel(ids[0])
    assert [job.id for job in jobs.list(state="cancelled")[0]] == [ids[0]]


def test_a_job_that_is_not_there_is_said_to_be_so(jobs: Jobs) -> None:
    with pytest.raises(NotFoundError):
        jobs.get("none")
    with pytest.raises(NotFoundError):
        jobs.cancel("none")


def children() -> set[int]:
    """The processes that this one has started."""
    return {child.pid for child in psutil.Process().children()}


@pytest.mark.slow
def test_a_real_build_that_is_killed_is_built_again(tmp_path: Path) -> None:
    others = children()
    day = "2025-01-01 10:00:00"
    tables = {"orders": [order("1", day)], "order_items": [line("1", "1", "A", 1, "10.00")]}
    with make_shop(tmp_path / "shop", tables, build=False) as shop:
        jobs = Jobs(shop.database)
        worker = Worker(shop.database, shop.path, lease=LEASE)
        worker.start()
        job_id = start(jobs, worker, "build")
        until(lambda: jobs.get(job_id).state == "running" and children() - others)
        kill(*(children() - others))
        job = ended(jobs, job_id)
        assert (job.state, job.attempts) == ("done", 2), job.error
        assert job.result == {"release": shop.releases.current_number()}
        assert shop.query("revenue").to_records() == [{"revenue": 10}]
        worker.stop()


@pytest.mark.slow
def test_a_real_load_that_is_killed_after_it_landed_lands_once(tmp_path: Path) -> None:
    others = children()
    content = b"order_id,placed_at,order_status,currency\n1,2025-01-01 10:00:00,completed,EUR\n"
    lines = b"order_id,line_id,product_id,quantity,unit_price\n1,1,A,1,10.00\n"
    with make_shop(tmp_path / "shop", {}, build=False) as shop:
        jobs, job_id = Jobs(shop.database), new_id()
        folder = uploads_of(shop.path, job_id) / "files"
        folder.mkdir(parents=True)
        (folder / "orders.csv").write_bytes(content)
        (folder / "order_items.csv").write_bytes(lines)
        params = {"files": ["orders.csv", "order_items.csv"], "mapping": None, "preset": None, "source": "files"}
        jobs.start("load", params | {"as_of": None, "replaces": [], "build": True}, "ana", job_id=job_id)
        worker = Worker(shop.database, shop.path, lease=LEASE)
        with build_lock(shop.path, silent, wait=True):  # so that its build has to wait
            worker.start()
            until(lambda: jobs.get(job_id).result)
            kill(*(children() - others))
            until(lambda: jobs.get(job_id).attempts == 2)
        job = ended(jobs, job_id)
        assert (job.state, job.attempts) == ("done", 2), job.error
        assert [load.id for load in shop.loads()] == [job.result["load"]]
        assert shop.query("revenue").to_records() == [{"revenue": 10}]
        worker.stop()
