"""From rows as they came to rows of a canonical table: every value read, every row judged, nothing dropped in silence.

How a number or a date is written is decided for a column as a whole (`numbers`, `dates`). A row with a value that cannot be
read, that is missing or out of bounds becomes a reject that says which and why. In a flat sales export a row carries several
tables: what is wrong with its product or customer leaves the order line in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

from tillsight.connectors.files import dates, numbers
from tillsight.connectors.files.columns import Input, input_of, kind_of, not_clean, with_texts
from tillsight.connectors.files.mapping import SALES, ColumnMapping, Condition, FileMapping, MappingError
from tillsight.connectors.files.raw import LINE, RawColumn, identifier, literal
from tillsight.connectors.files.targets import match_headers, missing_columns, sales_owner
from tillsight.tables.schema import DUCKDB_TYPES, Column, Table, Type, header_key

PART = "_part"
_TRUE = ("true", "t", "yes", "y", "1", "on", "x")
_FALSE = ("false", "f", "no", "n", "0", "off")
_A_REASON: dict[Type, str] = {
    "integer": "is not a whole number",
    "quantity": "is not a number",
    "money": "is not an amount",
    "rate": "is not a number",
    "number": "is not a number",
    "boolean": "is neither yes nor no",
    "day": "is not a date",
    "moment": "is not a date",
}
# A row of a flat export without these is no order line; anything else that is wrong costs only the value.
_CORE = {
    "shop_id",
    "order_id",
    "line_id",
    "placed_at",
    "product_id",
    "quantity",
    "unit_price",
    "discount_amount",
    "tax_amount",
    "total_amount",
    "currency",
}


@dataclass(frozen=True)
class Defaults:
    """What holds where a source says nothing: the settings of the workspace."""

    timezone: str
    currency: str
    shop_id: str


@dataclass
class Batch:
    """Rows to convert together: files with the same headers, or what a preset makes of several files.

    `relation`: SQL that gives the source's columns, `_part` and `_line`. `label`: how messages call it. `parts`: names of all
    files of the load, by `_part`. `mapped`: the columns that are known, with the headers they come from.
    """

    target: Table
    entry: FileMapping
    relation: str
    columns: tuple[RawColumn, ...]
    label: str
    parts: tuple[str, ...]
    mapped: dict[str, ColumnMapping] = field(default_factory=dict)


@dataclass(frozen=True)
class _Value:
    """How one column is read. `read`: SQL over the texts; None for a value that the source does not have.

    `value`: SQL over what was read, with its default. `failed`: SQL that is true where the source has a value and it cannot
    be read.
    """

    column: Column
    read: str | None
    value: str
    failed: str | None
    given: Input | None
    reason: str

    @property
    def name(self) -> str:
        """The canonical column, quoted."""
        return identifier(self.column.name)


@dataclass(frozen=True)
class _Fault:
    """One thing that can be wrong with a row, as SQL over the values that were read."""

    table: str
    column: str
    condition: str
    reason: str
    core: bool


@dataclass
class Converted:
    """The rows of one batch, in a temporary table. `good`: the SQL condition for rows that are taken."""

    name: str
    batch: Batch
    present: tuple[str, ...]
    good: str
    faults: int
    notes: list[str]


def plan_columns(
    target: Table, entry: FileMapping, headers: tuple[str, ...], name: str
) -> tuple[dict[str, ColumnMapping], tuple[str, ...]]:
    """Which column comes from which header: first what the mapping says, then what the headers say by themselves.

    Returns the columns and the headers that are left over. Raises MappingError for a header that the file does not have.
    """
    by_key = {header_key(header): header for header in headers}
    mapped: dict[str, ColumnMapping] = {}
    used: set[str] = {
        by_key[header_key(condition.column)]
        for rule in entry.rule
        for condition in rule.when
        if header_key(condition.column) in by_key
    }
    taken: set[str] = set()
    for column, how in entry.columns.items():
        found = [by_key[header_key(header)] for header in how.column if header_key(header) in by_key]
        wanted = len(how.column) if how.join is not None else 1
        if how.column and len(found) < wanted:
            absent = [header for header in how.column if header_key(header) not in by_key]
            raise MappingError(
                f"{name} has no column {' or '.join(absent)}, which the mapping names for {column}; it has "
                f"{', '.join(headers)}.",
                file=name,
                key=f"columns.{column}",
                headers=list(headers),
            )
        chosen = tuple(found[:wanted]) if how.column else ()
        mapped[column] = how.model_copy(update={"column": chosen})
        taken.update(chosen)
    if not entry.only:
        free = [header for header in headers if header not in taken]
        for column, words in match_headers(target, free).columns.items():
            if column not in mapped:
                mapped[column] = ColumnMapping(column=words, join=" " if len(words) > 1 else None)
                taken.update(words)
    missing = missing_columns(target, mapped)
    if missing:
        raise MappingError(
            f"{name} cannot be read as {target.name}: it has nothing for {', '.join(missing)}. Its columns are "
            f"{', '.join(headers)}.",
            file=name,
            missing=list(missing),
            headers=list(headers),
        )
    for rule in entry.rule:
        for condition in rule.when:
            if header_key(condition.column) not in by_key:
                raise MappingError(
                    f"{name} has no column {condition.column}, which the rule for {rule.class_} looks at.",
                    file=name,
                    key="rule",
                    headers=list(headers),
                )
    left = tuple(header for header in headers if header not in taken | used)
    return mapped, left


def convert(connection: duckdb.DuckDBPyConnection, batch: Batch, defaults: Defaults, name: str) -> Converted:
    """Read the values of a batch into the temporary table `name`, with `_bad` and `_half` for rows with faults.

    `_bad`: the row is left out. `_half`: something beside the order line is wrong with it. Raises MappingError when a column
    can be read two ways.
    """
    notes: list[str] = []
    values = _values(connection, batch, defaults, notes)
    rule = _rule_sql(batch)
    effect, class_ = _effects(batch)
    faults = list(_faults(batch, values))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {_outer(values, faults, effect, class_, batch)} "
        f"FROM ({_inner(batch, values, rule)})"
    )
    row = connection.execute(f"SELECT count(*) FILTER (_bad OR _half) FROM {name}").fetchone() or (0,)
    faulty = int(row[0])
    if faulty:
        _keep_rejects(connection, batch, values, faults, rule, effect, name)
    present = tuple(value.column.name for value in values)
    return Converted(name, batch, present, "NOT _bad" if faulty else "TRUE", faulty, notes)


def canonical_sql(
    connection: duckdb.DuckDBPyConnection,
    target: Table,
    relation: str,
    columns: tuple[RawColumn, ...],
    entry: FileMapping,
    defaults: Defaults,
) -> tuple[str, tuple[str, ...]] | None:
    """SQL of rows that are canonical as they are, in declared types, and its columns; None when a single row, or a type, is not.

    Every value must be as reading would give it, allowed and within bounds: then nothing is left to convert. Only moments are
    brought to UTC: those with a zone from theirs, those without from the shop's; numbers with no more places than are kept
    become such, where they fit; and shop and currency are filled in where the file does not have them.
    """
    kept = _as_kept(target, columns, entry.timezone or defaults.timezone)
    own = {column.name for column in columns}
    if kept is None or missing_columns(target, own) or "line_id" in set(target.key) - own:
        return None
    parts, tests = kept
    filled = [column for column in target.columns if column.name in {"shop_id", "currency"} - own]
    parts += [f"{_default(column, entry, defaults).value} AS {identifier(column.name)}" for column in filled]
    present = own | {column.name for column in filled}
    if any(column.default is None for column in target.columns if column.required and column.name not in present):
        return None
    tests += [condition for column, condition, _ in bounds(target) if column in own]
    anything = " OR ".join(f"coalesce({test}, FALSE)" for test in tests)
    row = connection.execute(f"SELECT coalesce(bool_or({anything}), FALSE) FROM {relation}").fetchone()
    return None if row is None or row[0] else (f"SELECT {', '.join(parts)} FROM {relation}", tuple(sorted(present)))


def _as_kept(target: Table, columns: tuple[RawColumn, ...], zone: str) -> tuple[list[str], list[str]] | None:
    """The values of columns in declared types, and conditions that are true where one is not; None where a type does not do."""
    declared_columns = {column.name: column for column in target.columns}
    parts, tests = [LINE], []
    for column in columns:
        known, name = declared_columns.get(column.name), identifier(column.name)
        if known is None:
            return None
        declared = DUCKDB_TYPES[known.type]
        if known.type == "moment" and kind_of(column.type) in ("moment", "zoned"):
            parts.append(f"{dates.utc(name, zone, zoned=kind_of(column.type) == 'zoned')} AS {name}")
        elif column.type.replace(" ", "") == declared.replace(" ", ""):
            parts.append(name)
        elif _fits(column.type, declared):
            parts.append(f"CAST({name} AS {declared}) AS {name}")
            tests.append(f"{name} IS NOT NULL AND TRY_CAST({name} AS {declared}) IS NULL")
        else:
            return None
        if known.values:
            tests.append(f"{name} NOT IN ({_list(known.values)})")
        elif known.type == "text":
            tests.append(not_clean(name))
        elif known.type in ("day", "moment"):
            tests.append(f"NOT {dates.in_years(name)}")
    return parts, tests


def _fits(type_: str, declared: str) -> bool:
    """Whether every value of an exact number type that is not too large is one of another, to the last place."""
    have, keep = _places(type_), _places(declared)
    return have is not None and keep is not None and have <= keep


def _places(type_: str) -> int | None:
    """Places after the point of an exact number type; None for another type."""
    if kind_of(type_) != "number":
        return None
    found = re.fullmatch(r"DECIMAL\(\d+, ?(\d+)\)", type_)
    return int(found[1]) if found else 0


def bounds(target: Table) -> list[tuple[str, str, str]]:
    """What must not be in a column of a table: its name, SQL that is true for a wrong value, and the reason in words."""
    found = []
    for column in target.columns:
        name = identifier(column.name)
        if column.required or column.name in target.key:
            found.append((column.name, f"{name} IS NULL", "is missing"))
        if column.minimum is not None:
            found.append((column.name, f"{name} < {column.minimum}", f"is below {column.minimum:g}"))
        if column.maximum is not None:
            found.append((column.name, f"{name} > {column.maximum}", f"is above {column.maximum:g}"))
    return found


def create_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    """The table that rejected values are gathered in."""
    connection.execute(
        'CREATE OR REPLACE TEMP TABLE rejects (file VARCHAR, line BIGINT, "table" VARCHAR, "column" VARCHAR, value VARCHAR, '
        '"reason" VARCHAR, row VARCHAR)'
    )


# Reading the values ---------------------------------------------------------------------------------------------------


def _values(connection: duckdb.DuckDBPyConnection, batch: Batch, defaults: Defaults, notes: list[str]) -> list[_Value]:
    entry = batch.entry
    raw = {column.name: column for column in batch.columns}
    inputs = {
        name: input_of(name, how, raw, entry.null, words=batch.target.column(name).type in ("text", "boolean"))
        for name, how in batch.mapped.items()
    }
    amounts = {
        name: given for name, given in inputs.items() if batch.target.column(name).type in _NUMERIC and given.how.column
    }
    signs = numbers.look(connection, batch.relation, amounts)
    file_decimal = numbers.file_decimal(signs)
    zone = entry.timezone or defaults.timezone
    moments = {
        name: dates.look(connection, batch.relation, given)
        for name, given in inputs.items()
        if batch.target.column(name).type in ("day", "moment")
        and (given.typed is None)
        and not (given.how.format and "%" in given.how.format)
    }
    order = dates.file_order(moments)
    values = []
    for column in batch.target.columns:
        given = inputs.get(column.name)
        if given is None:
            if column.name in _always(batch.target):
                values.append(_default(column, entry, defaults))
            continue
        if column.type in _NUMERIC:
            decimal = numbers.decide(
                column.name, batch.label, given, signs.get(column.name), entry.decimal, file_decimal
            )
            found = signs.get(column.name)
            value = (
                numbers.integer_sql(given, decimal, found)
                if column.type == "integer"
                else numbers.number_sql(given, decimal, found, DUCKDB_TYPES[column.type], column.unit)
            )
            if column.type == "number":
                value = f"CASE WHEN isfinite({value}) THEN {value} END"
            if found and found.fine and column.type == "money":
                notes.append(
                    f"{found.fine:,} amounts in {given.label} have more than six decimals and were rounded to six."
                )
        elif column.type in ("day", "moment"):
            value, note = dates.moment_sql(
                column.name, batch.label, given, moments.get(column.name), entry.dates, order, zone
            )
            if column.type == "day":
                value = dates.day_sql(value, zone) if given.kind != "day" else f"CAST({given.typed} AS DATE)"
            if note:
                notes.append(note)
        elif column.type == "boolean":
            value = _boolean(given)
        else:
            value = _text(column, given)
        values.append(_judged(column, value, given, entry, defaults))
    return values


_NUMERIC: tuple[Type, ...] = ("integer", "quantity", "money", "rate", "number")


def _always(target: Table) -> set[str]:
    """Columns that are filled though the file does not have them."""
    names = {"shop_id", "currency"}
    if target.name != SALES:
        names |= {column.name for column in target.columns if column.default is not None}
    return names


def _default(column: Column, entry: FileMapping, defaults: Defaults) -> _Value:
    if column.name == "shop_id":
        text: str | None = entry.shop or defaults.shop_id
    elif column.name == "currency":
        text = entry.currency or (defaults.currency if column.required else None)
    else:
        text = column.default
    return _Value(column, None, f"CAST({literal(text)} AS {DUCKDB_TYPES[column.type]})", None, None, "")


def _judged(column: Column, read: str, given: Input, entry: FileMapping, defaults: Defaults) -> _Value:
    """A value with its default, and when it counts as not readable."""
    source = given.text if given.typed is None else identifier(f"{column.name}>typed")
    known = f"{source} IS NOT NULL"
    value = identifier(column.name)
    good = f"{value} IS NOT NULL"
    if column.type in ("day", "moment"):
        good = f"coalesce({dates.in_years(value)}, FALSE)"
        value = f"CASE WHEN {good} THEN {value} END"
    reason = _A_REASON.get(column.type, "")
    if column.values:
        reason = f"is not one of {', '.join(column.values)}"
    elif column.name == "currency":
        reason = "is not a three-letter currency code"
    failed = None if column.type == "text" and not reason else f"({known} AND NOT {good})"
    default = _default(column, entry, defaults).value
    if default != f"CAST(NULL AS {DUCKDB_TYPES[column.type]})":
        value = f"CASE WHEN {known} THEN {value} ELSE {default} END"
    return _Value(column, read, value, failed, given, reason)


def _text(column: Column, given: Input) -> str:
    text = given.text if given.typed is None else given.shown
    if column.values:
        words = dict(column.value_synonyms) | {code: code for code in column.values}
        words |= {word.casefold(): code.casefold() for word, code in given.how.values.items()}
        otherwise = given.how.otherwise.casefold() if given.how.otherwise else None
        return _looked_up(f"lower({text})", words, literal(otherwise))
    if column.name == "currency":
        upper = _words(f"upper({text})", given, upper=True)
        return f"CASE WHEN regexp_full_match({upper}, '[A-Z]{{3}}') THEN {upper} END"
    value = _words(text, given, upper=False)
    if given.how.matches is not None:
        value = f"CASE WHEN regexp_matches({value}, {literal(given.how.matches)}) THEN {value} END"
    return value


def _words(text: str, given: Input, *, upper: bool) -> str:
    if not given.how.values:
        return text
    words = {word.casefold(): meaning.upper() if upper else meaning for word, meaning in given.how.values.items()}
    otherwise = literal(given.how.otherwise) if given.how.otherwise is not None else text
    return _looked_up(f"lower({text})", words, otherwise)


def _looked_up(key: str, words: dict[str, str], otherwise: str) -> str:
    by_meaning: dict[str, list[str]] = {}
    for word, meaning in words.items():
        by_meaning.setdefault(meaning, []).append(literal(word))
    cases = " ".join(
        f"WHEN {key} IN ({', '.join(many)}) THEN {literal(meaning)}" for meaning, many in by_meaning.items()
    )
    return f"CASE {cases} WHEN {key} IS NULL THEN NULL ELSE {otherwise} END"


def _boolean(given: Input) -> str:
    if given.kind == "boolean":
        return given.typed or "NULL"
    own = given.how.true or given.how.false
    true = [word.casefold() for word in given.how.true] if own else list(_TRUE)
    false = [word.casefold() for word in given.how.false] if own else list(_FALSE)
    key = f"lower({given.text})"
    value = f"CASE WHEN {key} IN ({_list(true)}) THEN TRUE WHEN {key} IN ({_list(false)}) THEN FALSE END"
    if given.how.true and not given.how.false:
        return f"CASE WHEN {key} IS NULL THEN NULL ELSE {key} IN ({_list(true)}) END"
    if given.how.false and not given.how.true:
        return f"CASE WHEN {key} IS NULL THEN NULL ELSE {key} NOT IN ({_list(false)}) END"
    return value


def _list(words: Iterable[str]) -> str:
    return ", ".join(map(literal, words)) or "NULL"


# Rules ----------------------------------------------------------------------------------------------------------------


def _rule_sql(batch: Batch) -> str:
    """SQL of the number of the first rule whose conditions hold; null where none does."""
    if not batch.entry.rule:
        return "NULL"
    inputs = _rule_inputs(batch)
    cases = []
    for number, rule in enumerate(batch.entry.rule):
        conditions = [_condition(condition, inputs[header_key(condition.column)]) for condition in rule.when]
        cases.append(f"WHEN {' AND '.join(conditions) or 'TRUE'} THEN {number}")
    return f"CASE {' '.join(cases)} END"


def _rule_inputs(batch: Batch) -> dict[str, Input]:
    """The texts that rules look at, by the key of their header."""
    raw = {header_key(column.name): column for column in batch.columns}
    asked = {header_key(condition.column) for rule in batch.entry.rule for condition in rule.when}
    return {
        key: input_of(f"rule {key}", ColumnMapping(column=(raw[key].name,)), {raw[key].name: raw[key]}, (), words=True)
        for key in sorted(asked)
    }


def _condition(condition: Condition, given: Input) -> str:
    text = f"coalesce({given.text}, '')"
    number = f"TRY_CAST({given.text} AS DOUBLE)"
    tests = []
    if condition.equals:
        tests.append(f"{text} IN ({_list(condition.equals)})")
    for words, function in (
        (condition.starts_with, "starts_with"),
        (condition.ends_with, "ends_with"),
        (condition.contains, "contains"),
    ):
        if words:
            tests.append("(" + " OR ".join(f"{function}({text}, {literal(word)})" for word in words) + ")")
    if condition.matches is not None:
        tests.append(f"regexp_matches({text}, {literal(condition.matches)})")
    if condition.empty is not None:
        tests.append(f"({text} = '') = {literal(condition.empty)}")
    if condition.above is not None:
        tests.append(f"coalesce({number} > {condition.above}, FALSE)")
    if condition.below is not None:
        tests.append(f"coalesce({number} < {condition.below}, FALSE)")
    together = " AND ".join(tests)
    return f"NOT ({together})" if condition.not_ else f"({together})"


def _effects(batch: Batch) -> tuple[str, str]:
    """SQL of the effect and the class of a row, from the number of its rule and its quantity."""
    rules = batch.entry.rule
    if batch.target.name != SALES:
        if not rules:
            return "'row'", literal(batch.target.name)
        ignored = " ".join(f"WHEN {n} THEN {literal(rule.class_)}" for n, rule in enumerate(rules))
        return (
            "CASE WHEN _rule IS NULL THEN 'row' ELSE 'ignore' END",
            f"CASE _rule {ignored} ELSE {literal(batch.target.name)} END",
        )
    usual, called = (
        "CASE WHEN quantity < 0 THEN 'refund' ELSE 'sale' END",
        "CASE WHEN quantity < 0 THEN 'return' ELSE 'sale' END",
    )
    if not rules:
        return usual, called
    effects = " ".join(f"WHEN {n} THEN {literal(rule.effect)}" for n, rule in enumerate(rules))
    classes = " ".join(f"WHEN {n} THEN {literal(rule.class_)}" for n, rule in enumerate(rules))
    return f"CASE _rule {effects} ELSE {usual} END", f"CASE _rule {classes} ELSE {called} END"


# Faults ---------------------------------------------------------------------------------------------------------------


def _faults(batch: Batch, values: list[_Value]) -> Iterable[_Fault]:
    """What can be wrong with a row, as conditions over the values and the flags of those that could not be read."""
    sales = batch.target.name == SALES
    present = {value.column.name for value in values}
    for value in values:
        column = value.column
        name = identifier(column.name)
        table, core = (sales_owner(column.name)[0], column.name in _CORE) if sales else (batch.target.name, True)
        if value.failed:
            yield _Fault(table, column.name, identifier(column.name + "?"), value.reason, core)
        needed = column.required or column.name in batch.target.key
        if sales:
            needed = column.name in ("shop_id", "order_id", "line_id", "placed_at", "quantity", "currency")
            needed = needed or (column.name == "unit_price" and "total_amount" not in present)
        if needed and value.given is not None:
            failed = f" AND NOT {identifier(column.name + '?')}" if value.failed else ""
            yield _Fault(table, column.name, f"({name} IS NULL{failed})", "is missing", True)
        lines = " AND _effect IN ('sale', 'cancelled')" if sales and core else ""
        if column.minimum is not None and value.given is not None:
            yield _Fault(
                table, column.name, f"({name} < {column.minimum}{lines})", f"is below {column.minimum:g}", core
            )
        if column.maximum is not None and value.given is not None:
            yield _Fault(
                table, column.name, f"({name} > {column.maximum}{lines})", f"is above {column.maximum:g}", core
            )
    if sales:
        if "unit_price" not in present:
            yield _Fault(
                "order_items",
                "quantity",
                "(quantity = 0 AND total_amount <> 0)",
                "is 0 though the line has an amount",
                True,
            )
            yield _Fault("order_items", "total_amount", "(total_amount IS NULL)", "is missing", True)
        if "product_id" in present:
            yield _Fault(
                "inventory_movements",
                "product_id",
                "(product_id IS NULL AND _effect = 'stock_movement')",
                "is missing",
                True,
            )


def _inner(batch: Batch, values: list[_Value], rule: str, *, shown: bool = False, where: str = "") -> str:
    """The values and the flags of those that could not be read, for every row.

    In steps, so that nothing is worked out twice: the texts, what is read from them, then defaults and flags. Source and
    canonical columns may share a name, so the source's are handed on under names of their own.
    """
    inputs = [value.given for value in values if value.given is not None]
    texts = with_texts(f"(SELECT * FROM {batch.relation} {where})", [*inputs, *_rule_inputs(batch).values()])
    read = [PART, LINE, f"{rule} AS _rule"]
    final = [PART, LINE, "_rule"]
    for value in values:
        final.append(f"{value.value} AS {value.name}")
        if value.given is None:
            continue
        read.append(f"{value.read} AS {value.name}")
        known = value.given.text if value.given.typed is None else identifier(f"{value.column.name}>typed")
        read.append(known if value.given.typed is None else f"{value.given.typed} AS {known}")
        if value.failed:
            final.append(f"{value.failed} AS {identifier(value.column.name + '?')}")
        if shown:
            read.append(f"{value.given.shown} AS {identifier(value.column.name + '!')}")
            final.append(identifier(value.column.name + "!"))
    if shown:
        packed = ", ".join(f"{identifier(column.name)} := {identifier(column.name)}" for column in batch.columns)
        read.append(f"CAST(to_json(struct_pack({packed})) AS VARCHAR) AS _row")
        final.append("_row")
    return f"SELECT {', '.join(final)} FROM (SELECT {', '.join(read)} FROM {texts})"


def _outer(values: list[_Value], faults: list[_Fault], effect: str, class_: str, batch: Batch) -> str:
    names = ", ".join(identifier(value.column.name) for value in values)
    kept = "_effect <> 'ignore' AND "
    core = [fault.condition for fault in faults if fault.core]
    half = [fault.condition for fault in faults if not fault.core]
    bad = f"{kept}coalesce({' OR '.join(f'coalesce({c}, FALSE)' for c in core) or 'FALSE'}, FALSE)"
    halves = f"{kept}({' OR '.join(f'coalesce({c}, FALSE)' for c in half) or 'FALSE'})"
    return f"{PART}, {LINE}, {effect} AS _effect, {class_} AS _class, {names}, {bad} AS _bad, {halves} AS _half"


def _keep_rejects(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    values: list[_Value],
    faults: list[_Fault],
    rule: str,
    effect: str,
    name: str,
) -> None:
    """Write every fault of every faulty row to the rejects. The values are read again, for those rows alone."""
    given = {value.column.name for value in values if value.given is not None}
    items = []
    for fault in faults:
        value = identifier(fault.column + "!") if fault.column in given else "NULL"
        items.append(
            f"CASE WHEN coalesce({fault.condition}, FALSE) THEN {{'t': {literal(fault.table)}, 'c': {literal(fault.column)}, "
            f"'v': CAST({value} AS VARCHAR), 'r': {literal(fault.reason)}}} END"
        )
    where = f"WHERE ({PART}, {LINE}) IN (SELECT ({PART}, {LINE}) FROM {name} WHERE _bad OR _half)"
    inner = _inner(batch, values, rule, shown=True, where=where)
    parts = ", ".join(map(literal, batch.parts))
    connection.execute(
        f"INSERT INTO rejects SELECT [{parts}][{PART} + 1], {LINE}, f.t, f.c, f.v, f.r, _row FROM ("
        f"SELECT {PART}, {LINE}, _row, unnest([{', '.join(items)}]) AS f FROM (SELECT *, {effect} AS _effect FROM ({inner})) "
        f"WHERE _effect <> 'ignore') WHERE f IS NOT NULL ORDER BY {PART}, {LINE}"
    )


def column_list(target: Table, present: Iterable[str]) -> dict[str, str]:
    """SQL of every column of a table: its own name where it is present, else a typed null or its default."""
    have = set(present)
    parts: dict[str, str] = {}
    for column in target.columns:
        kind = DUCKDB_TYPES[column.type]
        if column.name in have:
            parts[column.name] = identifier(column.name)
        else:
            parts[column.name] = f"CAST({literal(column.default)} AS {kind})"
    return parts
