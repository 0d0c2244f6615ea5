"""The child process of the tests: the real one, with a few tiny kinds of jobs besides.

Each leaves a mark in the workspace when it starts, so that a test can tell how often it ran.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tillsight.core.errors import LoadError
from tillsight.jobs.child import main
from tillsight.jobs.kinds import KINDS, Task


def runs(workspace: Path, job_id: str) -> int:
    return len(list(workspace.glob(f"run-{job_id}-*")))


def mark(task: Task) -> int:
    (task.workspace / f"run-{task.job_id}-{os.getpid()}").touch()
    return runs(task.workspace, task.job_id)


def count(task: Task) -> dict[str, Any]:
    mark(task)
    steps = task.params["steps"]
    for step in range(steps):
        task.progress("Counting", step + 1, steps, f"{step + 1} of {steps}")
        time.sleep(task.params.get("pause", 0))
    return {"counted": steps, "by": task.created_by}


def dies(task: Task) -> dict[str, Any]:
    """Ended by the system as often as asked, then well."""
    if mark(task) <= task.params["times"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"runs": runs(task.workspace, task.job_id)}


def half_way(task: Task) -> dict[str, Any]:
    """Does the first half for good, dies, and goes on from there."""
    mark(task)
    if "first" not in task.kept:
        task.keep(first=runs(task.workspace, task.job_id))
        os.kill(os.getpid(), signal.SIGKILL)
    return {**task.kept, "second": runs(task.workspace, task.job_id)}


def waits(task: Task) -> dict[str, Any]:
    mark(task)
    while True:
        task.progress("Waiting")
        time.sleep(0.05)


def deaf(task: Task) -> dict[str, Any]:
    """Never asks whether it should go on, and does not hear a request to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    mark(task)
    time.sleep(600)
    return {}


def mistakes(task: Task) -> dict[str, Any]:
    """Makes an error of its own of a stop, as an engine does of an interrupted query."""
    mark(task)
    try:
        time.sleep(600)
    except BaseException as stopped:
        raise RuntimeError("Query interrupted") from stopped
    return {}


def refuses(task: Task) -> dict[str, Any]:
    raise LoadError("The file has no header.", file="orders.csv")


def breaks(task: Task) -> dict[str, Any]:
    raise ZeroDivisionError("secret inside")


KINDS.update(
    count=count,
    dies=dies,
    half_way=half_way,
    waits=waits,
    deaf=deaf,
    mistakes=mistakes,
    refuses=refuses,
    breaks=breaks,
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
