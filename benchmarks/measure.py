"""How everything here is measured: whole processes from outside, medians, and the machine beside the figures.

Wall seconds are a monotonic clock around a child process; CPU seconds and peak memory are the operating system's own
accounting of the child that ended. This module imports nothing heavy: a child's peak cannot read below that of its parent.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

MB = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """One process that ended: exit code (negative: the signal), wall and CPU seconds, peak memory in bytes, what it printed."""

    code: int
    seconds: float
    cpu: float
    peak: int
    output: str
    errors: str

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object on the last line that the process printed. Raises RuntimeError when it failed."""
        if self.code:
            raise RuntimeError(f"exit code {self.code}: {self.errors.strip()[-2000:]}")
        return dict(json.loads(self.output.strip().splitlines()[-1]))


class Child:
    """A process under way. `poll` to look, `kill` to end it, `wait` for its figures."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )

    def kill(self) -> None:
        """End it at once (SIGKILL); nothing happens when it has ended."""
        os.kill(self._process.pid, signal.SIGKILL)  # Popen.kill would take the figures of one that has ended

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait(self) -> Run:
        """Until it ends."""
        assert self._process.stdout
        assert self._process.stderr
        # what it prints is short: neither pipe fills while the other one is read
        output, errors = self._process.stdout.read(), self._process.stderr.read()
        _, status, usage = os.wait4(self._process.pid, 0)
        seconds = time.perf_counter() - self._started
        self._process.returncode = os.waitstatus_to_exitcode(status)
        unit = 1 if sys.platform == "darwin" else 1024
        return Run(
            self._process.returncode,
            seconds,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * unit,
            output.decode(errors="replace"),
            errors.decode(errors="replace"),
        )


def run(*command: str | Path, env: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end."""
    return Child(command, env).wait()


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 1).__int__() - 1)]


def machine() -> str:
    """Processors, memory, system and Python, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f"load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{datetime.now(UTC):%Y-%m-%d} · {cores} cores, {memory:.0f} GiB · {platform.system()} {platform.machine()} · "
        f"Python {platform.python_version()} · {load} at the start"
    )


def versions(*packages: str) -> str:
    """Name and version of what is installed of these."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown, aligned: the first column to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[at]) for line in [list(header), *cells]) for at in range(len(header))]

    def line(parts: Sequence[str]) -> str:
        aligned = [
            part.ljust(width) if not at else part.rjust(width)
            for at, (part, width) in enumerate(zip(parts, widths, strict=True))
        ]
        return "| " + " | ".join(aligned) + " |"

    print(f"\n{title}\n")
    print(line(list(header)))
    print("|" + "|".join("-" * (width + 1) + (":" if at else "-") for at, width in enumerate(widths)) + "|")
    for cell in cells:
        print(line(cell))
    sys.stdout.flush()


def folder_bytes(folder: Path, pattern: str = "*") -> int:
    """Bytes of the files in a folder and below."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


def size(text: str) -> int:
    """A number of rows as people write it: 500k, 1m, 170M, 1_000_000."""
    scale = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    return int(float((text[:-1] if scale > 1 else text).replace("_", "")) * scale)
