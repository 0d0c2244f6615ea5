"""What was reached, against what must be and what is aimed at: scale, questions, people at once, the cost over SQL, in one table.

    python -m benchmarks.table SIZE [--folder DIR] [--keep] [--seconds 120]     (make bench SIZE=170m)
    python -m benchmarks.table --show FILE.json …                               (figures that were written before)

SIZE order lines (1.7m, 17m, 170m) are made, loaded, built and refreshed by `benchmarks.scale`; then the questions of dashboards
are asked, many people ask at once, and questions are compared with hand-written SQL, all on that shop. Each is a process of its own.
Several sizes beside each other show the growth.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import machine, show

MORE = frozenset({"a second"})
"""Units of which more is better."""


def main() -> None:
    """Run everything for a size, or show what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("size", nargs="?", help="order lines, such as 1.7m")
    parser.add_argument("--folder", type=Path, help="where the shop is made; removed afterwards unless --keep is given")
    parser.add_argument("--keep", action="store_true", help="leave the shop and the figures there")
    parser.add_argument("--seconds", type=float, default=120, help="how long many people ask")
    parser.add_argument("--show", type=Path, nargs="*", default=[], help="files of figures")
    asked = parser.parse_args()
    files = [*asked.show]
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        if asked.size:
            files += measure(asked.size, folder, asked.seconds)
        print(f"\n{machine()}")
        table([figure for file in files for figure in json.loads(file.read_text())])
    finally:
        if not asked.keep and not asked.show:
            shutil.rmtree(folder, ignore_errors=True)


def measure(size: str, folder: Path, seconds: float) -> list[Path]:
    """Every run for one size, one after the other; the files with their figures."""
    folder.mkdir(parents=True, exist_ok=True)
    shop = str(folder / "shop")
    runs = {
        "scale": (size, "--folder", str(folder), "--keep"),
        "questions": ("--workspace", shop, "--size", size),
        "load": ("--workspace", shop, "--size", size, "--seconds", str(seconds)),
        "overhead": ("--workspace", shop, "--rounds", "5"),
    }
    files = []
    for name, words in runs.items():
        file = folder / f"{name}-{size}.json"
        if subprocess.call([sys.executable, "-m", f"benchmarks.{name}", *words, "--json", str(file)]):
            sys.exit(f"benchmarks.{name} failed")
        files.append(file)
    return files


def table(figures: Sequence[dict[str, Any]]) -> None:
    """A row for each thing that was measured, a column for each size; what must be and is not is marked."""
    sizes = list(dict.fromkeys(figure.get("size") or "" for figure in figures))
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for figure in figures:
        rows.setdefault(figure["what"], {})[figure.get("size") or ""] = figure
    lines = []
    for what, found in rows.items():
        one = next(iter(found.values()))
        cells = [_reached(found[size]) if size in found else "" for size in sizes]
        lines.append([what, *cells, one["unit"], _told(one.get("must")), _told(one.get("aim"))])
    show("Reached", ["what", *(size or "reached" for size in sizes), "unit", "must", "aim"], lines)


def _reached(figure: dict[str, Any]) -> str:
    """The value, with a star where the aim is reached and an exclamation mark where it is not what it must be."""
    value = figure["value"]
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}".rstrip("0").rstrip(".")
    if figure.get("must") is None:
        return text
    more = figure["unit"] in MORE
    within = (value >= figure["must"]) if more else (value <= figure["must"])
    aimed = figure.get("aim") is not None and ((value >= figure["aim"]) if more else (value <= figure["aim"]))
    return f"{text} ★" if aimed else text if within else f"{text} !"


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:,g}"


if __name__ == "__main__":
    main()
