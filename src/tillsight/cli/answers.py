"""Writing an answer: a table for people, a list of objects as JSON, or a file for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast, get_args

from tillsight.cli.options import AnswerFormat
from tillsight.cli.output import in_words, print_json, print_table, say
from tillsight.core.errors import QuestionError

if TYPE_CHECKING:
    from datetime import date

    from tillsight.core.periods import Period
    from tillsight.exports import ExportFormat
    from tillsight.exports.whole import Export
    from tillsight.metrics.answer import Answer, AnswerColumn

PARTIAL = " *"


def chosen_format(how: AnswerFormat | None, output: Path | None) -> AnswerFormat:
    """The format that is asked for, else the one that the ending of the file says, else a table.

    Raises QuestionError for an ending that says none, and for a binary format on a terminal.
    """
    if how is None and output is not None:
        ending = output.suffix.lower().removeprefix(".")
        if ending not in get_args(AnswerFormat):
            raise QuestionError(
                f"The ending of {output} names no format: use .json, .csv, .parquet or .xlsx, or say --format.",
                field="output",
                value=str(output),
            )
        return cast("AnswerFormat", ending)
    if how in ("parquet", "xlsx") and output is None and sys.stdout.isatty():
        raise QuestionError(f"{how} is not for a terminal: add --output FILE.", field="format", value=how)
    return how or "table"


def write_answer(answer: Answer, how: AnswerFormat, output: Path | None) -> None:
    """Write an answer; what a reader of it should know goes to standard error."""
    with _standard_output(output):
        if how == "table":
            _print_answer(answer)
        elif how == "json":
            rows = answer.to_records() if answer.columns else answer.sentences
            print_json(rows if answer.document is None else answer.document)
        else:
            from tillsight.exports import write

            with binary_output() as out:
                write(answer.table, answer.columns, how, out)
    if output is not None:
        say(f"Wrote {answer.table.num_rows:,} rows to {output}.")
    elif how == "table" and answer.columns:
        say(_basis(answer), style="dim")
    for note in answer.notes:
        if how == "table" or note["level"] == "warning":
            say(note["text"], style="yellow" if note["level"] == "warning" else "dim")


def write_export(export: Export, how: ExportFormat, output: Path | None) -> None:
    """Write an answer of any size as a file; what a reader of it should know goes to standard error."""
    with _standard_output(output), binary_output() as out:
        for piece in export.pieces(how):
            out.write(piece)
    if output is not None:
        say(f"Wrote {export.answer.row_count:,} rows to {output}.")
    for note in export.answer.notes:
        if note["level"] == "warning":
            say(note["text"], style="yellow")


@contextmanager
def _standard_output(output: Path | None) -> Iterator[None]:
    """Standard output is the file, where one is named. A file that could not be finished is not left behind."""
    if output is None:
        yield
        return
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file, redirect_stdout(file):
            yield
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def binary_output() -> Iterator[IO[bytes]]:
    """Standard output for bytes, with the text before them already out."""
    sys.stdout.flush()
    yield cast("IO[bytes]", sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _print_answer(answer: Answer) -> None:
    for sentence in answer.sentences:
        print(sentence["text"])
    if not answer.columns:
        return
    if answer.sentences:
        print()
    labels: dict[date, str] = {
        bucket.start: bucket.label + (PARTIAL if bucket.partial else "") for bucket in answer.buckets
    }
    rows = [
        [_cell(value, column, labels) for value, column in zip(row.values(), answer.columns, strict=True)]
        for row in answer.to_records()
    ]
    totals = None
    if answer.totals is not None:
        totals = [_cell(answer.totals[c.name], c, {}) if c.name in answer.totals else "" for c in answer.columns]
        totals[0] = totals[0] or "Total"
    print_table(
        [f"{c.title} ({c.currency})" if c.currency else c.title for c in answer.columns],
        rows,
        [c.unit is not None for c in answer.columns],
        totals,
    )


def _cell(value: Any, column: AnswerColumn, labels: dict[date, str]) -> str:
    from tillsight.metrics.answer import shown

    if column.kind == "time" and value in labels:
        return labels[value]
    text = in_words(value) if isinstance(value, bool) else shown(value, column)
    return f"+{text}" if column.kind in ("change", "change_rate") and value is not None and value > 0 else text


def _basis(answer: Answer) -> str:
    """What the rows stand on: how many of how many, which days, which release."""
    shown = answer.table.num_rows
    parts = [f"{shown:,} of {answer.row_count:,} rows" if answer.row_count > shown else f"{shown:,} rows"]
    if answer.period:
        parts.append(days(answer.period))
    if answer.compare_period:
        parts.append(f"compared with {days(answer.compare_period)}")
    if answer.release is not None:
        parts.append(f"release {answer.release}")
    if answer.as_of is not None:
        parts.append(f"as known at {answer.as_of:%Y-%m-%d %H:%M} UTC")
    if any(bucket.partial for bucket in answer.buckets):
        parts.append(f"{PARTIAL.strip()} only partly covered")
    return " · ".join(parts)


def days(period: Period) -> str:
    """A period in words: `1 Dec 2010 – 9 Dec 2011`."""
    return f"{period.start.day} {period.start:%b %Y} – {period.end.day} {period.end:%b %Y}"
