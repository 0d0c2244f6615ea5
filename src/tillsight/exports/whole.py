"""A whole answer on its way into a file: row for row what the screen shows, however many rows there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pyarrow as pa

from tillsight.exports import ExportFormat, pieces
from tillsight.exports.spool import Spool
from tillsight.metrics.answer import Answer, AnswerColumn, places_of, with_places


@dataclass
class Export:
    """An answer whose rows are on disk. `answer`: everything but the rows; `places`: of every column of amounts."""

    answer: Answer
    columns: Sequence[AnswerColumn]
    spool: Spool
    places: dict[str, int]

    @classmethod
    def of(cls, answer: Answer, parts: Iterable[pa.Table], least: int, folder: Path) -> Self:
        """Read an answer to its end, part by part. `least`: places that amounts have at least."""
        spool, places = Spool(folder), dict[str, int]()
        try:
            for part in parts:
                for field in part.schema:
                    if pa.types.is_decimal(field.type):
                        found = places_of(part.column(field.name), least)
                        places[field.name] = max(found, places.get(field.name, 0))
                spool.write(part)
        except BaseException:
            spool.close()
            raise
        return cls(replace(answer, row_count=spool.rows), answer.columns, spool, places)

    def __iter__(self) -> Iterator[pa.Table]:
        for part in self.spool:
            columns = {
                name: with_places(part.column(name), self.places[name]) if name in self.places else part.column(name)
                for name in part.column_names
            }
            yield pa.table(columns)

    def pieces(self, how: ExportFormat) -> Iterator[bytes]:
        """The bytes of the file, piece by piece. Raises TooBigError at once where Excel cannot hold the rows."""
        return pieces(self, self.columns, how, self.spool.rows)

    def close(self) -> None:
        """Give the room on the disk back."""
        self.spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
