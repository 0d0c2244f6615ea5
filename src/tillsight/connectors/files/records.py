"""Where the records of a delimited text begin and end, and on which physical line: the ground for exact line numbers.

A vectorised scan over bytes: every quote, delimiter and line end at once, never a loop over rows. A quote opens a field only
at the start of that field, so the inch sign in `5" disk` is text; `""` inside a quoted field is one quote; a line end inside a
quoted field belongs to the field. `\n`, `\r\n` and `\r` all end a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_DELIMITER, _QUOTE, _LF, _CR = 1, 2, 3, 4

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Records:
    """The complete records at the start of a piece of text, one element each.

    `starts`, `ends`: bytes, without the line end; `after`: where the next record starts. `fields`: how many fields.
    `lines`: physical line of the first byte, counted from 0; `spans`: physical lines the record takes. `misquoted`: a quote
    stands where none may stand. `lines_seen`: physical lines of all complete records together.
    """

    starts: Positions
    ends: Positions
    after: Positions
    fields: Positions
    lines: Positions
    spans: Positions
    misquoted: Flags

    def __len__(self) -> int:
        return len(self.starts)

    def upto(self, count: int) -> Records:
        """The first `count` records."""
        return Records(
            self.starts[:count],
            self.ends[:count],
            self.after[:count],
            self.fields[:count],
            self.lines[:count],
            self.spans[:count],
            self.misquoted[:count],
        )


def scan(data: npt.NDArray[np.uint8], delimiter: int, quote: int | None, *, final: bool) -> Records:
    """The complete records of `data`, which starts where a record starts.

    `final`: nothing follows, so the last line counts as complete if it ends with a line end. An incomplete record at the
    end is left out.
    """
    kinds = _kinds(delimiter, quote)
    marks = np.flatnonzero(kinds[data])
    kind = kinds[data[marks]]
    is_end = _line_ends(data, marks, kind, final=final)
    is_delimiter = kind == _DELIMITER
    misquoted = None
    if quote is not None and (kind == _QUOTE).any():
        inside, misquoted = _quoted(data, marks, kind, delimiter)
        ends_at = np.flatnonzero(is_end & ~inside)
        is_delimiter &= ~inside
    else:
        ends_at = np.flatnonzero(is_end)
    last = marks[ends_at]
    lines_through = np.cumsum(is_end)[ends_at]
    fields_through = np.cumsum(is_delimiter)[ends_at]
    after = last + 1
    starts = np.concatenate(([0], after[:-1])) if len(after) else after
    is_crlf = (data[last] == 10) & (last > 0) & (data[np.maximum(last - 1, 0)] == 13)
    ends = np.maximum(last - is_crlf, starts)
    spans = np.diff(lines_through, prepend=0)
    return Records(
        starts=starts,
        ends=ends,
        after=after,
        fields=np.diff(fields_through, prepend=0) + 1,
        lines=lines_through - spans,
        spans=spans,
        misquoted=np.zeros(len(after), dtype=bool)
        if misquoted is None
        else np.diff(np.cumsum(misquoted)[ends_at], prepend=0) > 0,
    )


def _kinds(delimiter: int, quote: int | None) -> npt.NDArray[np.uint8]:
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[10], kinds[13] = _LF, _CR
    kinds[delimiter] = _DELIMITER
    if quote is not None:
        kinds[quote] = _QUOTE
    return kinds


def _line_ends(data: npt.NDArray[np.uint8], marks: Positions, kind: npt.NDArray[np.uint8], *, final: bool) -> Flags:
    """LF, or CR without LF behind it. A CR as the very last byte waits for what follows, unless nothing does."""
    is_end: Flags = kind == _LF
    carriage = np.flatnonzero(kind == _CR)
    if len(carriage):
        at = marks[carriage]
        has_next = at + 1 < len(data)
        alone = data[np.minimum(at + 1, len(data) - 1)] != 10
        is_end[carriage] = np.where(has_next, alone, final)
    return is_end


def _quoted(
    data: npt.NDArray[np.uint8], marks: Positions, kind: npt.NDArray[np.uint8], delimiter: int
) -> tuple[Flags, Flags]:
    """For each mark: is it inside a quoted field, and does a wrong quote stand there.

    Quotes come in runs. A run of odd length at the start of a field turns "outside" into "inside" and back; of odd length
    elsewhere it always leaves us outside (it closes the field, or is text in an unquoted one); of even length it changes
    nothing. So the state behind a run is the parity of the turns since the last run that put us outside.
    """
    is_quote = kind == _QUOTE
    quotes = marks[is_quote]
    first = np.flatnonzero(np.diff(quotes, prepend=-2) != 1)
    run_start = quotes[first]
    run_length = np.diff(first, append=len(quotes))
    run_end = run_start + run_length
    breaks = np.zeros(256, dtype=bool)
    breaks[[delimiter, 10, 13]] = True
    opens = (run_start == 0) | breaks[data[np.maximum(run_start - 1, 0)]]
    closes = (run_end >= len(data)) | breaks[data[np.minimum(run_end, len(data) - 1)]]
    odd = (run_length & 1).astype(bool)
    turns = np.cumsum(opens & odd)
    since = np.maximum.accumulate(np.where(~opens & odd, turns, 0))
    state = ((turns - since) & 1).astype(bool)
    before = np.concatenate(([False], state[:-1]))
    wrong = (before & odd & ~closes) | (~before & opens & ~odd & ~closes)
    # A run speaks at its last quote: number the runs along the marks and look the state up.
    quote_index = np.flatnonzero(is_quote)
    run_last = quote_index[np.concatenate((first[1:], [len(quotes)])) - 1]
    speaks = np.zeros(len(marks), dtype=np.int64)
    speaks[run_last] = 1
    inside = np.concatenate(([False], state))[np.cumsum(speaks)]
    misquoted = np.zeros(len(marks), dtype=bool)
    misquoted[run_last] = wrong
    return inside, misquoted
