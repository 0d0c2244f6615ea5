"""Whether a release that is built has what the catalogue of this version reads.

A release outlives the version that built it. One that lacks a derived relation, or a column of a table that it has, is not
asked: questions of it would fail one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tillsight.metrics.model import Catalogue
from tillsight.metrics.rollups import schema_of
from tillsight.tables.registry import TABLES


def lacking(catalogue: Catalogue, held: Mapping[str, Collection[str]]) -> list[str]:
    """What a release lacks, as `table` or `table.column`, sorted; empty for one that this version can ask.

    `held`: the columns of every table that the release has files of. Canonical tables and roll-ups may be absent, derived
    relations may not: every build makes them all.
    """
    wanted: dict[str, Collection[str]] = {name: relation.schema for name, relation in catalogue.relations.items()}
    wanted |= {name: schema_of(catalogue, rollup) for name, rollup in catalogue.rollups.items() if name in held}
    wanted |= {name: [column.name for column in table.columns] for name, table in TABLES.items() if name in held}
    absent = [name for name in wanted if name not in held]
    return sorted(
        absent
        + [
            f"{name}.{column}"
            for name, columns in wanted.items()
            if name in held
            for column in columns
            if column not in held[name]
        ]
    )
