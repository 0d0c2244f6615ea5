"""Writing an answer: as a table for people, or as data in a format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from tillsight.cli.options import AnswerFormat
from tillsight.cli.output import print_json, print_table, say
from tillsight.core.errors import QuestionError

if TYPE_CHECKING:
    from tillsight.metrics.answer import Answer


def chosen_format(how: AnswerFormat | None, output: Path | None) -> AnswerFormat:
    """The format that is asked for, or that the ending of the file says; a table without either."""
    if how is None and output is not None:
        ending = output.suffix.lower().removeprefix(".")
        for name in get_args(AnswerFormat):
            if name == ending:
                return name  # type: ignore[no-any-return]
        raise QuestionError(
            f"The ending of {output} names no format: use .json, .csv, .parquet or .xlsx, or say --format.",
            field="output",
            value=str(output),
        )
    if how in ("parquet", "xlsx") and output is None and sys.stdout.isatty():
        raise QuestionError(f"{how} is not for a terminal: add --output FILE.", field="format", value=how)
    return how or "table"


def write_answer(answer: Answer, how: AnswerFormat, output: Path | None) -> None:
    """x"""
