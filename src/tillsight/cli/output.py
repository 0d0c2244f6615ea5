"""What is printed, and where: data to standard output, sentences to standard error.

Tables are plain lines with numbers to the right, the same on a terminal and in a pipe, so that they can be read, searched
and compared; on a terminal the last column of words is folded to its width. JSON has exact decimals.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from tillsight.cli.options import ListFormat

GAP = "  "
NARROWEST = 24
NARROWEST_TITLE = 10


@dataclass(frozen=True)
class Heading:
    """A column of a printed list: the key of its value in a row, its title, and whether it holds numbers."""

    name: str
    title: str
    number: bool = False


def say(text: str, style: str | None = None) -> None:
    """A sentence to standard error; coloured only where that is a terminal."""
    errors().print(text, style=style, soft_wrap=True)


def errors() -> Console:
    """Standard error as Rich sees it. Made when asked for, so that it is the stream of now."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def print_list(headings: Sequence[Heading], rows: Sequence[Mapping[str, Any]], how: ListFormat) -> None:
    """A list of things: as a table of the headings for people, or whole as JSON."""
    if how == "json":
        print_json(rows)
        return
    print_table(
        [heading.title for heading in headings],
        [[in_words(row.get(heading.name)) for heading in headings] for row in rows],
        [heading.number for heading in headings],
    )


def print_json(value: Any) -> None:
    """A value as JSON: decimals exact, days and moments as ISO texts, unknown as null."""
    import simplejson

    simplejson.dump(value, sys.stdout, use_decimal=True, ignore_nan=True, default=_plain, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def print_pairs(pairs: Mapping[str, Any]) -> None:
    """Names and their values, one a line; those without a value are left out."""
    lines = [(name, in_words(value)) for name, value in pairs.items() if value not in (None, "", [], ())]
    print_lines(lines, (False, False))


def print_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Sequence[bool],
    totals: Sequence[str] | None = None,
) -> None:
    """A table with its titles above and its totals below a rule; long titles take several lines."""
    body = [list(row) for row in rows]
    below = [list(totals)] if totals else []
    head = _head(titles, [max((len(row[index]) for row in [*body, *below]), default=0) for index in range(len(titles))])
    print_lines([*head, *body, *below], numbers, {len(head), *([len(head) + len(body)] if totals else [])})


def _head(titles: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    """Titles broken at spaces to about the width of what stands below them, the last lines level."""
    folded = [textwrap.wrap(title, max(width, NARROWEST_TITLE)) for title, width in zip(titles, widths, strict=True)]
    height = max(len(lines) for lines in folded)
    columns = [[*[""] * (height - len(lines)), *lines] for lines in folded]
    return [list(line) for line in zip(*columns, strict=True)]


def print_lines(lines: Sequence[Sequence[str]], numbers: Sequence[bool], rules: Iterable[int] = ()) -> None:
    """Aligned cells, with a rule before the lines of these numbers."""
    from rich.cells import cell_len

    widths = [max((cell_len(line[index]) for line in lines), default=0) for index in range(len(numbers))]
    folded = _fold(widths, numbers)
    rule = GAP.join("─" * width for width in widths) + "\n"
    before = set(rules)
    for number, line in enumerate(lines):
        if number in before:
            sys.stdout.write(rule)
        last = textwrap.wrap(line[-1], folded) if folded else [line[-1]]
        cells = [*line[:-1], last[0] if last else ""]
        sys.stdout.write(_line(cells, widths, numbers, cell_len))
        for more in last[1:]:
            sys.stdout.write(_line([*[""] * (len(line) - 1), more], widths, numbers, cell_len))
    if len(lines) in before:
        sys.stdout.write(rule)


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool], length: Any) -> str:
    padded = []
    for cell, width, number in zip(cells, widths, numbers, strict=True):
        space = " " * max(width - length(cell), 0)
        padded.append(space + cell if number else cell + space)
    return GAP.join(padded).rstrip() + "\n"


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
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list | tuple):
        return ", ".join(in_words(item) for item in value)
    return " ".join(str(value).split())
