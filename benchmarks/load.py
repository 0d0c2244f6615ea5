"""Many people at once: what they wait while all of them ask, over loopback, with the client on the same processors.

    python -m benchmarks.load --workspace W [--people 50] [--seconds 120] [--think 5] [--repeats 0.7] [--no-cache] [--json FILE]

Everybody has a session and a connection of his own, asks, thinks for a time drawn from an exponential distribution (5 seconds
on average), and asks again. Seven in ten questions are ones that somebody asked before; the others are new: a dashboard question
with days or a filter that nobody had. The order is drawn from a fixed seed, so that every run asks the same. Nothing is asked
before; the first answers pay for the first reading of the files.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import MB, machine, median, percentile, show, versions
from benchmarks.questions import ADDITIVE, DISTINCT, Values, figure, words
from benchmarks.served import UNLIMITED, Server, request_of, served, tokens

SEED = 170


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--think", type=float, default=5, help="seconds between an answer and the next question")
    parser.add_argument("--repeats", type=float, default=0.7, help="share of questions that were asked before")
    parser.add_argument("--cache", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--json", type=Path, help="where the figures are written as well")
    parser.add_argument("--size", default="", help="what the size is called in the figures")
    asked = parser.parse_args()
    print(f"Load · {machine()}\n{versions('tillsight', 'duckdb', 'fastapi', 'uvicorn')}")
    result = measure(asked.workspace, asked.people, asked.seconds, asked.think, asked.repeats, cache=asked.cache)
    figures = report(result, asked)
    if asked.json:
        asked.json.write_text(json.dumps([one | {"size": asked.size} for one in figures], indent=1))


@dataclass
class Result:
    """Milliseconds of every answer, by whether it was asked before; what did not succeed; what the server used."""

    took: dict[str, list[float]] = field(default_factory=lambda: {"asked before": [], "new": []})
    errors: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    seconds: float = 0.0
    server_cpu: float = 0.0
    client_cpu: float = 0.0
    server_peak: int = 0


class Drawn:
    """Questions as people ask them: repeats of those asked before, and new ones, from a fixed seed."""

    def __init__(self, known: list[dict[str, Any]], first: date, last: date, repeats: float) -> None:
        self._random = random.Random(SEED)
        self._known, self._first, self._last, self._repeats = known, first, last, repeats
        self._asked: list[dict[str, Any]] = []

    def next(self) -> tuple[str, dict[str, Any]]:
        """Whether it was asked before, and the question."""
        if self._asked and self._random.random() < self._repeats:
            return "asked before", self._random.choice(self._asked)
        question = self._new()
        self._asked.append(question)
        return "new", question

    def think(self, seconds: float) -> float:
        """How long somebody thinks, in seconds."""
        return self._random.expovariate(1 / seconds)

    def _new(self) -> dict[str, Any]:
        """A dashboard question over days that nobody asked about yet: half a month to a year that end somewhere."""
        question = {name: part for name, part in self._random.choice(self._known).items() if name != "period"}
        span = (self._last - self._first).days
        end = self._last - timedelta(days=self._random.randrange(max(span // 2, 1)))
        start = max(self._first, end - timedelta(days=self._random.randrange(14, 366)))
        return question | {"from": start.isoformat(), "to": end.isoformat()}


def measure(workspace: Path, people: int, seconds: float, think: float, repeats: float, *, cache: bool) -> Result:
    """Serve the workspace, let everybody ask, and see what the server used."""
    import psutil

    import tillsight

    with tillsight.open(workspace) as shop:
        values = Values(shop)
        known = [values.put(one) for one in (*ADDITIVE, *DISTINCT)]
        release = shop.releases.current()
        first, last = release.data_from, release.data_to
    assert first
    assert last
    drawn = Drawn(known, first, last, repeats)
    signed = tokens(workspace, people)
    with served(workspace, UNLIMITED if cache else {"TILLSIGHT_LIMITS__CACHE_MB": "0"}) as server:
        process, own = psutil.Process(server.pid), psutil.Process()
        before, own_before = process.cpu_times(), own.cpu_times()
        result = asyncio.run(_everybody(server, signed, drawn, seconds, think))
        after, own_after = process.cpu_times(), own.cpu_times()
        result.server_cpu = after.user + after.system - before.user - before.system
        result.client_cpu = own_after.user + own_after.system - own_before.user - own_before.system
        result.server_peak = process.memory_info().rss
    return result


async def _everybody(server: Server, signed: list[str], drawn: Drawn, seconds: float, think: float) -> Result:
    result = Result()
    started = time.perf_counter()
    until = started + seconds
    await asyncio.gather(*(_one(server, token, drawn, result, until, think) for token in signed))
    result.seconds = time.perf_counter() - started
    return result


async def _one(server: Server, token: str, drawn: Drawn, result: Result, until: float, think: float) -> None:
    """One person: thinks first, so that not all begin at once."""
    await asyncio.sleep(drawn.think(think))
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        while time.perf_counter() < until:
            kind, question = drawn.next()
            started = time.perf_counter()
            writer.write(request_of(server, token, question))
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            body = await reader.readexactly(length)
            milliseconds = 1000 * (time.perf_counter() - started)
            status = head[9:12].decode()
            if status != "200":
                result.errors[f"{status} {body[:200]!r}"] += 1
            else:
                result.took[kind].append(milliseconds)
                result.slowest = sorted([*result.slowest, (milliseconds, words(question))], reverse=True)[:5]
            await asyncio.sleep(drawn.think(think))
    except (OSError, asyncio.IncompleteReadError) as error:
        result.errors[type(error).__name__] += 1
    finally:
        writer.close()


def report(result: Result, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Print what was measured; the figures for the table of what was reached."""
    every = [*result.took["asked before"], *result.took["new"]]
    if not every:
        raise SystemExit(f"Nothing was answered: {dict(result.errors)}")
    rows = [
        [
            kind,
            len(took),
            f"{median(took):.1f}",
            *(f"{percentile(took, share):.1f}" for share in (0.95, 0.99)),
            f"{max(took):.1f}",
        ]
        for kind, took in (*result.took.items(), ("all", every))
        if took
    ]
    show(
        f"{asked.people} people for {asked.seconds:g} s, {asked.think:g} s of thinking on average, milliseconds",
        ["question", "answers", "p50", "p95", "p99", "max"],
        rows,
    )
    print(
        f"\n{len(every) / result.seconds:.1f} answers a second · {sum(result.errors.values())} errors · "
        f"CPU: server {result.server_cpu:.0f} s, client {result.client_cpu:.1f} s · server {result.server_peak / MB:,.0f} MB at the end"
    )
    for milliseconds, question in result.slowest:
        print(f"  {milliseconds:8.1f} ms  {question[:130]}")
    for error, count in result.errors.items():
        print(f"  {count} × {error}", file=sys.stderr)
    return [
        figure(
            f"{asked.people} people at once, {asked.think:g} s think time, p95", percentile(every, 0.95), "ms", 200, 100
        ),
        figure("errors while they asked", sum(result.errors.values()), "", 0, 0),
    ]


if __name__ == "__main__":
    main()
