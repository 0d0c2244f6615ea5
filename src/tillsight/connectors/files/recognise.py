"""What each file is: a part of a known data set, a canonical table, or a flat sales export. Told by its headers alone.

An own mapping comes first, then a preset whose files are all there, then the table that fits the headers best. Where two fit
equally well the name of the file decides; else, and where nothing fits, the load is refused with the mapping to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tillsight.connectors.files.mapping import IGNORE, FileMapping, Mapping, MappingError
from tillsight.connectors.files.presets.declare import Preset
from tillsight.connectors.files.presets.registry import find_preset
from tillsight.connectors.files.raw import RawTable
from tillsight.connectors.files.targets import Match, all_targets, match_headers, sales_target, target_of
from tillsight.core.errors import LoadError
from tillsight.tables.schema import header_key

# A table fits a file when it knows at least this share of the headers; less is enough when the file bears its name.
_SHARE, _SHARE_BY_NAME = 0.5, 0.2


@dataclass(frozen=True)
class Assignment:
    """What one file is. `how`: in words. `role`: its part in a preset. `entry`: how it is read; None for a preset's file."""

    how: str
    entry: FileMapping | None = None
    role: str | None = None


@dataclass
class Plan:
    """What all files of a load are, in the order of the files."""

    assignments: list[Assignment]
    preset: Preset | None = None
    unknown: list[str] = field(default_factory=list)


def recognise_tables(tables: list[RawTable], mapping: Mapping | None, preset: Preset | None) -> Plan:
    """What every table that was read is. Raises LoadError that lists what was found and the mapping to write."""
    headers = [table.headers for table in tables]
    plan = Plan([Assignment("") for _ in tables])
    open_files = set(range(len(tables)))
    if mapping is not None:
        for index, table in enumerate(tables):
            if entry := mapping.for_file(table.name):
                how = "left in landing" if entry.table == IGNORE else f"mapping to {entry.table}"
                plan.assignments[index] = Assignment(how, entry)
                open_files.discard(index)
        _all_used(mapping, tables)
    found = _cast(preset, headers, open_files)
    if found is not None:
        plan.preset, roles = found
        for index, role in roles.items():
            plan.assignments[index] = Assignment(f"preset {plan.preset.name}: {role}", role=role)
            open_files.discard(index)
    problems = []
    for index in sorted(open_files):
        best = best_match(tables[index].name, tables[index].headers)
        if isinstance(best, Match):
            entry = FileMapping(match=tables[index].name, table=best.target)
            if mapping is not None:
                shared = ("timezone", "currency", "shop", "decimal", "dates")
                entry = entry.model_copy(update={key: getattr(mapping, key) for key in shared})
            plan.assignments[index] = Assignment(f"headers of {best.target}", entry)
        else:
            problems.append((tables[index], best))
    if problems:
        raise _not_recognised(problems)
    return plan


def best_match(name: str, headers: tuple[str, ...]) -> Match | list[Match]:
    """The target that fits a file; or the nearest ones, best first, when none does or several do."""
    matches = sorted((match_headers(target, headers) for target in all_targets()), key=lambda match: -match.score)
    named = {match.target for match in matches if bears_name(name, match.target)}
    fitting = [
        match
        for match in matches
        if not match.missing
        and match.share >= (_SHARE_BY_NAME if match.target in named else _SHARE)
        and (len(match.columns) > 1 or len(headers) == 1)
    ]
    if not fitting:
        near = [match for match in matches if match.share >= _SHARE_BY_NAME and len(match.columns) > 1]
        # Too little is known to say what it is nearest to: most files that come in are lines of sales.
        return near[:3] or [match_headers(sales_target(), headers)]
    best = fitting[0]
    by_name = [match for match in fitting if match.target in named and match.score >= best.score - 1]
    if by_name:
        return by_name[0]
    rivals = [match for match in fitting[1:] if match.score >= best.score - 0.5]
    return [best, *rivals] if rivals else best


def bears_name(name: str, target: str) -> bool:
    """Does the file, or its sheet, bear the name of a table? Numbers and dates in the name do not count."""
    last = re.split(r"[/#]", name)[-1]
    stem = header_key(re.sub(r"[\d_.-]+", " ", last.split(".")[0] if "#" not in name else last))
    table = target_of(target)
    words = {header_key(word) for word in (target, *(table.synonyms if table else ()))}
    return stem in words


def _cast(
    preset: Preset | None, headers: list[tuple[str, ...]], open_files: set[int]
) -> tuple[Preset, dict[int, str]] | None:
    indexes = sorted(open_files)
    given = [headers[index] for index in indexes]
    if preset is None:
        found = find_preset(given)
        return None if found is None else (found[0], {indexes[at]: role for at, role in found[1].items()})
    roles = {
        index: role.name
        for index in indexes
        if (role := next((role for role in preset.roles if role.fits(headers[index])), None)) is not None
    }
    if not any(output.possible(set(roles.values())) for output in preset.outputs):
        needed = "; ".join(f"{role.name}: {', '.join(role.headers)}" for role in preset.roles if role.required)
        raise LoadError(
            f"The files are not those of the preset {preset.name} ({preset.title}), which needs {needed}.",
            preset=preset.name,
        )
    return preset, roles


def _all_used(mapping: Mapping, tables: list[RawTable]) -> None:
    """A pattern that fits no file is a mistake in the mapping, not a file that is missing by chance."""
    for number, entry in enumerate(mapping.file, start=1):
        if not any(entry.is_for(table.name) for table in tables):
            names = ", ".join(table.name for table in tables[:10])
            raise MappingError(
                f"file[{number}] of the mapping is for {entry.match}, and no file has such a name; there are {names}.",
                key=f"file[{number}].match",
                files=names,
            )


def _not_recognised(problems: list[tuple[RawTable, list[Match]]]) -> LoadError:
    """One error for all files that are not recognised, with the mapping to write."""
    sentences, drafts = [], []
    for table, nearest in problems:
        fitting = [match for match in nearest if not match.missing]
        names = ", ".join(table.headers[:12]) + (", …" if len(table.headers) > 12 else "")
        if len(fitting) > 1:
            reason = f"it can be {' or '.join(match.target for match in fitting)}"
        elif nearest and nearest[0].columns:
            reason = f"nearest is {nearest[0].target}, without {', '.join(nearest[0].missing) or 'most of its columns'}"
        else:
            reason = "no table has such columns"
        sentences.append(f"{table.name} has the columns {names}: {reason}")
        drafts.append(draft(table.name, table.headers, (fitting or nearest)[0]))
    count = f"{len(problems)} files were" if len(problems) > 1 else "The file was"
    text = "\n".join(drafts)
    return LoadError(
        f"{count} not recognised. {'; '.join(sentences)}. Write a mapping and load with it:\n\n{text}",
        files=[table.name for table, _ in problems],
        mapping=text,
    )


def draft(name: str, headers: tuple[str, ...], nearest: Match) -> str:
    """The mapping to complete for a file: what was recognised, and what is to be filled in."""
    lines = [
        "[[file]]",
        f"match = {_quoted(name)}",
        f"table = {_quoted(nearest.target)}  # or another table, sales, ignore",
    ]
    lines += ["", "[file.columns]"]
    for column, found in nearest.columns.items():
        joined = f'{{ column = [{", ".join(map(_quoted, found))}], join = " " }}'
        lines.append(f"{column} = {_quoted(found[0]) if len(found) == 1 else joined}")
    used = {header for found in nearest.columns.values() for header in found}
    left = [header for header in headers if header not in used]
    for column in nearest.missing:
        lines.append(f'{column} = ""  # one of: {", ".join(left) or "none is left"}; or {{ constant = "…" }}')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
