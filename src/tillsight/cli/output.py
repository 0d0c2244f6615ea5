"""What is printed, and where: data to standard output, sentences to standard error.

Tables are plain lines with numbers to the right, the same on a terminal and in a pipe, so that they can be read, searched and
compared; on a terminal the last column of words is folded to its width. JSON is a list of objects, with exact decimals.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from tillsight.cli.options import ListFormat

GAP = "  "
NARROWEST = 24


@dataclass(frozen=True)
class Heading:
    """A column of a printed list: the key of its value in a row, its title, and whether it holds numbers."""

    name: str
    title: str
    number: bool = False


def say(text: str, style: str = "") -> None:
    """One sentence to standard error; colour only where that is a terminal."""
    errors().print(text, style=style or None, soft_wrap=True)


def errors() -> Console:
    """Standard error as Rich sees it. Made when asked for, so that tests and pipes see their own stream."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def print_list(headings: Sequence[Heading], rows: Sequence[Mapping[str, Any]], how: ListFormat) -> None:
    """A list of things as a table for people, or complete as JSON or CSV."""
    if how == "json":
        print_json([{heading.name: row.get(heading.name) for heading in headings} for row in rows])
    elif how == "csv":
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([heading.name for heading in headings])
        writer.writerows([_cell(row.get(heading.name)) for heading in headings] for row in rows)
    else:
        print_table(
            [heading.title for heading in headings],
            [[in_words(row.get(heading.name)) for heading in headings] for row in rows],
            [heading.number for heading in headings],
        )


def _cell(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def print_json(value: Any) -> None:
    """A value as JSON: decimals exact, days and moments as ISO texts, unknown as null."""
    import simplejson

    def plain(item: Any) -> Any:
        if isinstance(item, date | datetime):
            return item.isoformat()
        if isinstance(item, Path):
            return str(item)
        raise TypeError(f"{type(item).__name__} cannot be written as JSON")

    text = simplejson.dumps(value, use_decimal=True, ignore_nan=True, default=plain, indent=2, ensure_ascii=False)
    print(text)


def print_pairs(pairs: Mapping[str, Any]) -> None:
    """Names with their values, one a line; those without a value are left out."""
    print_table(
        ("", ""),
        [(name, in_words(value)) for name, value in pairs.items() if value not in (None, "", [], ())],
        (False, False),
    )


def print_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Sequence[bool],
    totals: Sequence[str] | None = None,
) -> None:
    """Lines of aligned cells: numbers to the right, words to the left, totals below a rule."""
    from rich.cells import cell_len

    body = [list(row) for row in rows]
    everything = [list(titles), *body, *([list(totals)] if totals else [])]
    widths = [max(cell_len(row[index]) for row in everything) for index in range(len(titles))]
    folded = _fold(widths, numbers)
    out = sys.stdout

    def write(cells: Sequence[str]) -> None:
        parts = [
            textwrap.wrap(cell, folded) or [""] if index == len(cells) - 1 and folded else [cell]
            for index, cell in enumerate(cells)
        ]
        for line in range(max(len(part) for part in parts)):
            padded = []
            for part, width, number in zip(parts, widths, numbers, strict=True):
                text = part[line] if line < len(part) else ""
                space = " " * max(width - cell_len(text), 0)
                padded.append(space + text if number else text + space)
            out.write(GAP.join(padded).rstrip() + "\n")

    write(titles)
    out.write(GAP.join("─" * width for width in widths) + "\n")
    for row in body:
        write(row)
    if totals:
        out.write(GAP.join("─" * width for width in widths) + "\n")
        write(totals)


def _fold(widths: list[int], numbers: Sequence[bool]) -> int:
    """The width that the last column gets so that a line fits the terminal; 0 where it need not be folded."""
    if not sys.stdout.isatty() or not widths or numbers[-1]:
        return 0
    room = shutil.get_terminal_size().columns - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)
    if widths[-1] <= room:
        return 0
    widths[-1] = max(room, NARROWEST)
    return widths[-1]


def in_words(value: Any) -> str:
    """A value of a list as a person reads it; unknown as a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}" if value == value else "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(in_words(item) for item in value)
    return " ".join(str(value).split())
