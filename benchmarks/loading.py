"""How long a raw file takes to become an answer, and how much memory: load, build, first question, each a whole process.

    python -m benchmarks.loading [SIZES] [--runs N] [--folder DIR]

Files: the public Online Retail (541,909 rows, gzipped; left out where it is absent) and generated CSV of order lines (SIZES, by
default 1m,10m). Beside us, in turn and on the same file, pandas, Polars and DuckDB's SQL answer the one question that we ask
first, reading the file each time. Every figure is the median of the runs; a file of more than 2 M rows is run once.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.lines import ONLINE_RETAIL, write_lines
from benchmarks.measure import MB, Run, folder_bytes, machine, median, run, show, size, versions

TILLSIGHT = (sys.executable, "-m", "tillsight")
QUESTION = ("query", "revenue,orders", "--by", "country", "--grain", "month", "--format", "json")
PEERS = ("pandas", "polars", "duckdb")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("sizes", nargs="?", default="1m,10m")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where files and workspaces are made, and removed")
    asked = parser.parse_args()
    print(f"Loading · {machine()}\n{versions('tillsight', 'duckdb', 'ibis-framework', 'pandas', 'polars', 'pyarrow')}")
    folder = Path(tempfile.mkdtemp(prefix="loading-", dir=asked.folder))
    try:
        if ONLINE_RETAIL.exists():
            measure("Online Retail, csv.gz", ONLINE_RETAIL.resolve(), "retail", "GBP", asked.runs, folder)
        else:
            print(f"\nOnline Retail is not measured: there is no {ONLINE_RETAIL}.")
        for rows in (size(text) for text in asked.sizes.split(",") if text):
            file = folder / f"lines-{rows}.csv"
            write_lines(file, rows)
            measure(
                f"Order lines, csv, {file.stat().st_size / MB:,.0f} MB",
                file,
                "lines",
                "EUR",
                asked.runs if rows <= 2_000_000 else 1,
                folder,
            )
            file.unlink()
    finally:
        shutil.rmtree(folder)


def measure(title: str, file: Path, kind: str, currency: str, runs: int, folder: Path) -> None:
    """One file: us and the peers in turn; that all give the same answer; a table."""
    steps: dict[str, list[Run]] = {}
    answers: dict[str, dict[str, Any]] = {}
    rows = kept = 0
    for _ in range(runs):
        workspace = folder / "shop"
        run(*TILLSIGHT, "init", workspace, "--currency", currency, "--timezone", "Europe/London")
        ours: dict[str, Sequence[str | Path]] = {
            "load": ("load", file), "build": ("build",), "first question": QUESTION, "the same question again": QUESTION,
        }  # fmt: skip
        for step, words in ours.items():
            done = run(*TILLSIGHT, *words, env={"TILLSIGHT_WORKSPACE": str(workspace)})
            if done.code:
                raise SystemExit(f"{step} failed: {done.errors[-2000:]}")
            steps.setdefault(step, []).append(done)
        answers["tillsight"] = summed(json.loads(steps["first question"][-1].output))
        for peer in PEERS:
            steps.setdefault(peer, []).append(run(sys.executable, "-m", "benchmarks.peers", peer, file, kind))
            answers[peer] = steps[peer][-1].result
        rows, kept = int(answers["pandas"]["read"]), folder_bytes(workspace)
        shutil.rmtree(workspace)
    report(title, rows, kept, steps)
    agree(answers)


def summed(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Our answer as the peers print theirs. Months in which a country has no order are no groups of theirs."""
    found = [record for record in records if record["orders"]]
    return {
        "groups": len(found), "revenue": sum(float(record["revenue"]) for record in found),
        "orders": sum(record["orders"] for record in found),
    }  # fmt: skip


def agree(answers: dict[str, dict[str, Any]]) -> None:
    """Say whether all tools gave the same answer; revenue to the cent."""
    distinct = {(answer["groups"], round(answer["revenue"], 2), answer["orders"]) for answer in answers.values()}
    if len(distinct) > 1:
        print(
            "The answers differ:",
            {name: (a["groups"], round(a["revenue"], 2), a["orders"]) for name, a in answers.items()},
        )
    else:
        groups, revenue, orders = distinct.pop()
        print(f"All gave the same answer: {groups} groups, revenue {revenue:,.2f}, orders {orders:,}.")


def report(title: str, rows: int, kept: int, steps: dict[str, list[Run]]) -> None:
    """Print what was measured."""

    def middle(step: str, of: Callable[[Run], float]) -> float:
        return median([of(done) for done in steps[step]])

    lines = []
    for step in steps:
        seconds = middle(step, lambda done: done.seconds)
        speed = f"{rows / seconds:,.0f}" if step in ("load", "build", *PEERS) else ""
        cpu, peak = middle(step, lambda done: done.cpu), middle(step, lambda done: done.peak)
        lines.append([step, f"{seconds:.2f}", f"{cpu:.2f}", f"{peak / MB:,.0f}", speed])
    show(f"{title}: {rows:,} rows, {len(steps['load'])} runs; the workspace has {kept / MB:,.0f} MB afterwards",
         ["whole process", "s", "CPU s", "peak MB", "rows per s"], lines)  # fmt: skip
    # ratios run by run, so that a machine that slows down does so for both
    ratios = []
    for peer in PEERS:
        pairs = list(
            zip(
                *(steps[name] for name in ("load", "build", "first question", "the same question again", peer)),
                strict=True,
            )
        )
        whole = median([sum(done.seconds for done in pair[:3]) / pair[4].seconds for pair in pairs])
        load = median([pair[0].seconds / pair[4].seconds for pair in pairs])
        again = median([pair[3].seconds / pair[4].seconds for pair in pairs])
        ratios.append([peer, f"{load:.2f} ×", f"{whole:.2f} ×", f"{again:.2f} ×"])
    show("Our seconds ÷ theirs", ["against", "load", "load, build, first question", "every further question"], ratios)


if __name__ == "__main__":
    main()
