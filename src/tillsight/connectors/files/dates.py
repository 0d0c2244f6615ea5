"""Reading days and moments: ISO, `31/12/2011 8:26`, `12/31/11`, `1 Dec 2010`, `20101201`, with or without a zone.

Which of two numbers is the day is read off the whole column: a number above 12 decides. Where none is, another column of the
file may decide; else the format is asked for, never guessed. A moment without a zone is a moment of the shop's zone: in
the hour that the autumn clock change repeats it is the later one, and a time that the spring change leaves out is moved on
by an hour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from tillsight.connectors.files.columns import Input, with_texts
from tillsight.connectors.files.mapping import MappingError, Order
from tillsight.connectors.files.raw import literal

_SHAPES = 1000
# So many times fewer dates of the other order are mistakes, not a second way of writing.
_FEW = 10
_YEARS = (1800, 2200)
_ISO = r"^\d{4}-\d{1,2}-\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?$"
_ZONED = r"^\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)$"
_TIME = r"(?:(?P<gap>,? |T|, *| - )(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?P<half> ?[AaPp]\.?[Mm]\.?)?)?$"
_NUMERIC = re.compile(r"^(?P<a>\d{1,2})(?P<s>[./-])(?P<b>\d{1,2})(?P=s)(?P<c>\d{4}|\d{2})" + _TIME)
_YEAR_FIRST = re.compile(r"^(?P<a>\d{4})(?P<s>[./-])(?P<b>\d{1,2})(?P=s)(?P<c>\d{1,2})" + _TIME)
_DAY_WORD = re.compile(r"^\d{1,2}(?P<s>[ ./-]|\. )(?P<m>[A-Za-z]{3,9})\.?(?P<t>[ ./-]|, )(?P<y>\d{4}|\d{2})" + _TIME)
_WORD_DAY = re.compile(r"^(?P<m>[A-Za-z]{3,9})(?P<s>[ -]|\. )\d{1,2}(?P<t>, ?|[ -])(?P<y>\d{4})" + _TIME)
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_ORDERS: dict[Order, str] = {"year first": "ymd", "day first": "dmy", "month first": "mdy"}


@dataclass(frozen=True)
class Shape:
    """One way in which values of a column are written: digits as 9, words as a; how many, and one of them.

    `first`, `second`: how many have a first or second number above 12; `differ`: how many have two different numbers.
    """

    count: int
    example: str
    first: int
    second: int
    differ: int


@dataclass(frozen=True)
class Look:
    """What a column shows. `iso`, `zoned`: values in ISO form without and with a zone; `values`: all of them."""

    values: int
    iso: int
    zoned: int
    shapes: tuple[Shape, ...]

    @property
    def evidence(self) -> tuple[int, int]:
        """How many values can only be day first, and only month first."""
        numeric = [shape for shape in self.shapes if _NUMERIC.match(shape.example)]
        return sum(shape.first for shape in numeric), sum(shape.second for shape in numeric)


def look(connection: duckdb.DuckDBPyConnection, relation: str, given: Input) -> Look:
    """How the values of a column are written."""
    # The numbers between the separators are looked at over the different values: days repeat, rows are many.
    rows = connection.execute(
        f"WITH given AS (SELECT {given.text} AS v, count(*) AS n FROM {with_texts(relation, [given])} GROUP BY v), "
        "cut AS (SELECT v, n, translate(v, '0123456789', '9999999999') AS shape, "
        "string_split(translate(v[:10], '.- ', '///'), '/') AS parts FROM given WHERE v IS NOT NULL), "
        "numbered AS (SELECT v, n, shape, TRY_CAST(parts[1] AS INTEGER) AS a, TRY_CAST(parts[2] AS INTEGER) AS b FROM cut) "
        "SELECT sum(n), min(v), coalesce(sum(n) FILTER (a > 12 AND b <= 12), 0), "
        "coalesce(sum(n) FILTER (b > 12 AND a <= 12), 0), coalesce(sum(n) FILTER (a <> b), 0) "
        f"FROM numbered GROUP BY shape ORDER BY 1 DESC, 2 LIMIT {_SHAPES}"
    ).fetchall()
    shapes = [Shape(int(count), example, int(a), int(b), int(differ)) for count, example, a, b, differ in rows]
    iso = sum(shape.count for shape in shapes if re.search(_ISO, shape.example))
    zoned = sum(shape.count for shape in shapes if re.search(_ZONED, shape.example))
    others = tuple(s for s in shapes if not re.search(_ISO, s.example) and not re.search(_ZONED, s.example))
    return Look(sum(shape.count for shape in shapes), iso, zoned, others)


def moment_sql(
    name: str, file: str, given: Input, found: Look | None, said: Order | None, file_says: Order | None, zone: str
) -> tuple[str, str | None]:
    """SQL of the moment in UTC, and a note when the order of day and month was read off another column.

    Raises MappingError when the values can be read two ways, or in no way that is known.
    """
    how = given.how
    zone = how.timezone or zone
    if given.typed is not None and not how.format:
        return _typed(given, zone), None
    text = given.text
    if how.format and how.format not in _ORDERS:
        return _explicit(given, zone), None
    if found is None or found.values == 0:
        return "CAST(NULL AS TIMESTAMP)", None
    parts = []
    if found.zoned:
        parts.append(
            f"CASE WHEN regexp_matches({text}, '{_ZONED}') THEN timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ)) END"
        )
    if found.iso:
        local = f"TRY_CAST({text} AS TIMESTAMP)"
        if found.zoned or found.shapes:
            local = f"CASE WHEN regexp_matches({text}, '{_ISO}') THEN {local} END"
        parts.append(_utc(local, zone))
    note = None
    if found.shapes:
        chosen = how.format if how.format in _ORDERS else said
        order, note = _order(name, file, given, found, chosen, file_says)
        formats = _formats(found, order)
        known = sum(shape.count for shape in found.shapes if _format(shape.example, order))
        if (known + found.iso + found.zoned) * 2 < found.values:
            raise MappingError(
                f"{file}: {given.label} is no date in a form that is known ({found.shapes[0].example}). Give its form in a "
                f'mapping: {name} = {{ column = "{given.label}", format = "%d.%m.%Y %H:%M" }}, or format = "excel" or "unix".',
                file=file,
                column=name,
                header=given.label,
                example=found.shapes[0].example,
            )
        if formats:
            parts.append(_utc(f"try_strptime({text}, [{', '.join(map(literal, formats))}])", zone))
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})", note


def day_sql(moment: str, zone: str) -> str:
    """The day, in the shop's zone, of a moment in UTC."""
    return f"CAST({_local(moment, zone)} AS DATE)"


def file_order(looks: dict[str, Look]) -> Order | None:
    """What the columns of one file say together about day and month; None when nothing, or not the same."""
    day = sum(1 for found in looks.values() if found.evidence[0] > found.evidence[1])
    month = sum(1 for found in looks.values() if found.evidence[1] > found.evidence[0])
    if day and not month:
        return "day first"
    return "month first" if month and not day else None


def _order(
    name: str, file: str, given: Input, found: Look, said: Order | None, file_says: Order | None
) -> tuple[Order, str | None]:
    if said is not None:
        return said, None
    numeric = [shape for shape in found.shapes if _NUMERIC.match(shape.example)]
    if not numeric:
        return "day first", None
    day, month = found.evidence
    if max(day, month) and min(day, month) * _FEW <= max(day, month):
        return ("day first" if day > month else "month first"), None
    if day == month == 0:
        matches = [_NUMERIC.match(shape.example) for shape in numeric]
        if all(match and match["s"] == "." and len(match["c"]) == 4 for match in matches):
            return "day first", None  # 03.04.2011: nobody writes the month first with full stops
        if not any(shape.differ for shape in numeric) and all(match and len(match["c"]) == 4 for match in matches):
            return "day first", None  # 01/01/2011 is the same day either way
        if file_says is not None:
            return file_says, f"{given.label} is read {file_says}, as the other dates of the file are."
        reason = f"{numeric[0].example} can be day or month first"
    else:
        reason = f"{day:,} values can only be day first and {month:,} only month first"
    raise MappingError(
        f"{file}: the dates in {given.label} can be read two ways: {reason}. Say which in a mapping: "
        f'[[file]] match = "{file}" … dates = "day first" or dates = "month first".',
        file=file,
        column=name,
        header=given.label,
        example=numeric[0].example,
    )


def _formats(found: Look, order: Order) -> list[str]:
    formats = [_format(shape.example, order) for shape in found.shapes]
    return list(dict.fromkeys(form for form in formats if form))


def _format(example: str, order: Order) -> str | None:
    """The form of one value, for strptime; None when it is not known."""
    if example.isdigit():
        return _COMPACT.get(len(example)) if example[:2] in ("18", "19", "20", "21") else None
    if match := _YEAR_FIRST.match(example):
        s = match["s"]
        return f"%Y{s}%m{s}%d" + _time(match)
    if match := _NUMERIC.match(example):
        s, year = match["s"], "%Y" if len(match["c"]) == 4 else "%y"
        parts = {"d": "%d", "m": "%m", "y": year}
        letters = _ORDERS[order] if order != "year first" or year == "%y" else "dmy"
        return s.join(parts[letter] for letter in letters) + _time(match)
    if match := _DAY_WORD.match(example):
        dot = "." if re.search(r"[A-Za-z]\.", example) else ""
        return f"%d{match['s']}{_month(match['m'])}{dot}{match['t']}{_year(match)}" + _time(match)
    if match := _WORD_DAY.match(example):
        return f"{_month(match['m'])}{match['s']}%d{match['t']}{_year(match)}" + _time(match)
    return None


def _month(word: str) -> str:
    return "%b" if len(word) == 3 else "%B"


def _year(match: re.Match[str]) -> str:
    return "%Y" if len(match["y"]) == 4 else "%y"


def _time(match: re.Match[str]) -> str:
    time = match["time"]
    if not time:
        return ""
    form = "%I" if match["half"] else "%H"
    form += ":%M" + (":%S" if time.count(":") == 2 else "") + (".%f" if "." in time else "")
    half = match["half"] or ""
    return match["gap"] + form + (" %p" if half.startswith(" ") else "%p" if half else "")


def _typed(given: Input, zone: str) -> str:
    if given.kind in ("day", "moment", "zoned"):
        return utc(str(given.typed), zone, zoned=given.kind == "zoned")
    return "CAST(NULL AS TIMESTAMP)"


def _explicit(given: Input, zone: str) -> str:
    form, text = given.how.format or "", given.text
    number = f"TRY_CAST({text} AS DOUBLE)"
    if form == "excel":
        # Day 60 of a spreadsheet is 29 February 1900, which never was: counting starts two days before 1900.
        return _utc(
            f"TIMESTAMP '1899-12-30' + to_microseconds(CAST(round({number} * 86400) AS BIGINT) * 1000000)", zone
        )
    if form == "unix":
        return f"make_timestamp(CAST(round({number} * 1000000) AS BIGINT))"
    if form == "unix ms":
        return f"make_timestamp(CAST(round({number} * 1000) AS BIGINT))"
    if "%z" in form or "%Z" in form:
        return f"timezone('UTC', CAST(try_strptime({text}, {literal(form)}) AS TIMESTAMPTZ))"
    return _utc(f"try_strptime({text}, {literal(form)})", zone)


def utc(value: str, zone: str, *, zoned: bool) -> str:
    """SQL of a typed moment in UTC; one without a zone is in `zone`."""
    return f"CAST(timezone('UTC', {value}) AS TIMESTAMP)" if zoned else _utc(f"CAST({value} AS TIMESTAMP)", zone)


def _utc(local: str, zone: str) -> str:
    if zone in ("UTC", "Etc/UTC"):
        return local
    return f"timezone('UTC', timezone({literal(zone)}, {local}))"


def _local(moment: str, zone: str) -> str:
    if zone in ("UTC", "Etc/UTC"):
        return moment
    return f"timezone({literal(zone)}, timezone('UTC', {moment}))"


def in_years(moment: str) -> str:
    """SQL that is true for a moment or day that a shop can mean; a year such as 0011 or 9999 is a mistake."""
    first, last = _YEARS
    return f"({moment} >= DATE '{first}-01-01' AND {moment} < DATE '{last}-01-01')"
