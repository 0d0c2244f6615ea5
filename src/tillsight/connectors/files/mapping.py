"""A shop's own mapping: which file is which table, which column means what, and what kinds of rows there are.

Written in TOML, read strictly: a key that does not exist, a column that the table does not have or a rule without meaning is
an error that names the line and the key. A preset is the same declaration, prepared by us (`presets`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tillsight.core.errors import LoadError
from tillsight.core.settings import Currency, TimeZone

SALES = "sales"
"""The target of a flat export: one row per order line, with what it says about order, customer and product."""
IGNORE = "ignore"

Effect = Literal[
    "sale",
    "refund",
    "cancelled",
    "shipping",
    "discount",
    "adjustment",
    "expense",
    "gift_card",
    "stock_movement",
    "ignore",
]
"""What the rows of a class become.

sale: a line of its order. refund: money back for goods, on its own date. cancelled: a line of an order that is cancelled.
shipping, discount: lines of their order, or of their own day when the document has no product. adjustment, expense:
amounts outside sales. gift_card: a card sold. stock_movement: goods without money. ignore: kept in landing, counted,
in no table.
"""

Order = Literal["year first", "day first", "month first"]


class MappingError(LoadError):
    """A mapping says something that cannot be: the message names the line and the key."""

    code: ClassVar[str] = "MAPPING_ERROR"
    exit_code: ClassVar[int] = 2


def _words(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ColumnMapping(_Part):
    """Where the values of a canonical column come from, and how they are written.

    `column`: the source's header, or several of which the first one present is used. `join`: put all of `column` together
    with this between them, e.g. a date and a time. `constant`: one value for all rows. `values`: the source's words and
    what they mean; `otherwise`: what all other words mean. `matches`: a value that does not match is unknown. `negate`,
    `absolute`: the sign that the source uses the other way round.
    """

    column: Words = ()
    join: str | None = None
    constant: str | int | float | bool | None = None
    format: str | None = None
    timezone: TimeZone | None = None
    decimal: Literal["point", "comma"] | None = None
    values: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    true: Words = ()
    false: Words = ()
    negate: bool = False
    absolute: bool = False
    matches: Pattern | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if bool(self.column) == (self.constant is not None):
            raise ValueError("needs either column or constant")
        return self


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, (str, list, tuple)) else value


class Condition(_Part):
    """A condition on a column of the source. All that it names must hold; `not = true` turns it round."""

    column: str
    equals: Words = ()
    starts_with: Words = ()
    ends_with: Words = ()
    contains: Words = ()
    matches: Pattern | None = None
    empty: bool | None = None
    above: float | None = None
    below: float | None = None
    not_: bool = Field(False, alias="not")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        said = (self.equals, self.starts_with, self.ends_with, self.contains, self.matches)
        if not any(said) and self.empty is None and self.above is None and self.below is None:
            raise ValueError("needs one of equals, starts_with, ends_with, contains, matches, empty, above and below")
        return self


def _conditions(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else value


class Rule(_Part):
    """A class of rows: those for which every condition of `when` holds, and no earlier rule's do."""

    class_: str = Field(alias="class", min_length=1, max_length=60)
    effect: Effect = "sale"
    when: Annotated[tuple[Condition, ...], BeforeValidator(_conditions)] = ()


class FileMapping(_Part):
    """How one file, or all files whose name matches, is read.

    `match`: a pattern for the name, of the sheet too (`book.xlsx#Returns`). `table`: a canonical table, `sales` for a flat
    export of order lines, or `ignore`. `header`: the line of the header row, or the headers of a file that has none.
    `only`: leave out columns that are not mapped here, instead of finding them by their headers. `null`: words that mean
    "unknown".
    """

    match: str = "*"
    table: str
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    header: Annotated[int, Field(ge=1)] | tuple[str, ...] | None = None
    decimal: Literal["point", "comma"] | None = None
    dates: Order | None = None
    timezone: TimeZone | None = None
    currency: Currency | None = None
    shop: str | None = None
    null: Words = ()
    only: bool = False
    columns: dict[str, Annotated[ColumnMapping, BeforeValidator(_column)]] = Field(default_factory=dict)
    rule: tuple[Rule, ...] = ()

    def is_for(self, name: str) -> bool:
        """Does the pattern fit the full name or the last part of it, in any case?"""
        full = name.casefold()
        last = full.rsplit("/", 1)[-1]
        pattern = self.match.casefold()
        return fnmatchcase(full, pattern) or fnmatchcase(last, pattern)


class Mapping(_Part):
    """A whole mapping: what holds for all files, then the files."""

    timezone: TimeZone | None = None
    currency: Currency | None = None
    shop: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]{1,50}$")
    decimal: Literal["point", "comma"] | None = None
    dates: Order | None = None
    file: tuple[FileMapping, ...] = Field(min_length=1)

    def for_file(self, name: str) -> FileMapping | None:
        """The first entry whose pattern fits, with what holds for all files filled in."""
        for entry in self.file:
            if entry.is_for(name):
                common = {
                    key: getattr(self, key)
                    for key in ("timezone", "currency", "shop", "decimal", "dates")
                    if getattr(entry, key) is None
                }
                return entry.model_copy(update=common)
        return None


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises MappingError that names the line and the key."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"The mapping {path} cannot be read: {error}.", file=str(path)) from error
    return parse_mapping(text, path.name)


def parse_mapping(text: str, name: str = "mapping") -> Mapping:
    """A mapping from TOML text. Raises MappingError that names the line and the key."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The mapping {name} is not valid TOML: {error}.", file=name) from None
    try:
        mapping = Mapping.model_validate(content)
    except pydantic.ValidationError as error:
        first = _first(error)
        where = tuple(part for part in first["loc"] if not _is_branch(part))
        key = _dotted(where)
        line = _line_of(text, where)
        at = f", line {line}" if line else ""
        raise MappingError(
            f"The mapping {name}{at} is wrong: {key} {_reason(first, where)}.", file=name, line=line, key=key
        ) from None
    for number, entry in enumerate(mapping.file):
        _check_entry(entry, number, text, name)
    return mapping


def _first(error: pydantic.ValidationError) -> Any:
    """The deepest error: for a value that may be several things it is the one that was meant."""
    return max(error.errors(), key=lambda found: (found["type"] == "extra_forbidden", len(found["loc"])))


def _is_branch(part: object) -> bool:
    return isinstance(part, str) and ("[" in part or part in ("int", "constrained-int", "function-before"))


def _reason(found: Any, where: tuple[Any, ...]) -> str:
    reason = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        known = _known_keys(where)
        near = get_close_matches(str(where[-1]), known, n=1)
        return "is not a key here" + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}")
    if found["type"] == "missing":
        return "is missing"
    return reason[0].lower() + reason[1:]


def _known_keys(where: tuple[Any, ...]) -> list[str]:
    model: type[BaseModel] = Mapping
    if "rule" in where:
        model = Condition if "when" in where else Rule
    elif "columns" in where and len(where) > where.index("columns") + 2:
        model = ColumnMapping
    elif where and where[0] == "file" and len(where) > 1:
        model = FileMapping
    return [field.alias or key for key, field in model.model_fields.items()]


def _dotted(where: Iterable[Any]) -> str:
    text = ""
    for part in where:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the mapping"


def _line_of(text: str, where: tuple[Any, ...]) -> int | None:
    """The line of a key: the tables of TOML are counted down to the one that is meant."""
    names = [part for part in where if isinstance(part, str)]
    counts = [part for part in where if isinstance(part, int)]
    file_at, rule_at, section = -1, -1, ""
    wanted_file = counts[0] if counts else -1
    wanted_rule = counts[1] if len(counts) > 1 and "rule" in where else None
    best = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if match := re.match(r"\[\[?\s*([\w.\"' -]+?)\s*\]\]?", line):
            section = match[1]
            if section == "file":
                file_at, rule_at = file_at + 1, -1
            elif section == "file.rule":
                rule_at += 1
        elif not re.match(r"[\w\"'.-]+\s*=", line):
            continue
        if names[:1] == ["file"] and file_at != wanted_file:
            continue
        if wanted_rule is not None and rule_at != wanted_rule:
            continue
        best = best or number
        if any(re.search(rf"(^|[\s.\[{{\"',]){re.escape(key)}\"?\s*(=|\])", line) for key in names[-1:]):
            return number
    return best


def _check_entry(entry: FileMapping, number: int, text: str, name: str) -> None:
    """What the types cannot say: that tables and columns exist, and that rules belong to sales."""
    from tillsight.connectors.files.targets import target_of

    def fail(reason: str, *key: Any) -> MappingError:
        where = ("file", number, *key)
        line = _line_of(text, where)
        at = f", line {line}" if line else ""
        return MappingError(
            f"The mapping {name}{at} is wrong: {_dotted(where)} {reason}.", file=name, line=line, key=_dotted(where)
        )

    if entry.table == IGNORE:
        return
    target = target_of(entry.table)
    if target is None:
        near = get_close_matches(entry.table, _table_names(), n=2)
        hint = (
            f"; did you mean {' or '.join(near)}?" if near else f". Use {SALES}, {IGNORE} or a table of the reference"
        )
        raise fail(f"names the table {entry.table}, which does not exist{hint.rstrip('?')}", "table")
    columns = set(target.column_names)
    for column, how in entry.columns.items():
        if column not in columns:
            near = get_close_matches(column, sorted(columns), n=2)
            hint = f"; did you mean {' or '.join(near)}" if near else ""
            raise fail(f"is not a column of {entry.table}{hint}", "columns", column)
        allowed = target.column(column).values
        for word, meaning in [*how.values.items(), *([("otherwise", how.otherwise)] if how.otherwise else [])]:
            if allowed and meaning.casefold() not in allowed:
                raise fail(f"says that {word} means {meaning}; allowed are {', '.join(allowed)}", "columns", column)
    if entry.rule and entry.table != SALES:
        for index, rule in enumerate(entry.rule):
            if rule.effect != IGNORE:
                raise fail(
                    f"gives rows of {entry.table} the effect {rule.effect}; outside {SALES} a rule can only ignore rows",
                    "rule",
                    index,
                    "effect",
                )


def _table_names() -> list[str]:
    from tillsight.tables.registry import TABLES

    return [*TABLES, SALES, IGNORE]
