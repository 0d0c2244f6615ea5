"""Every metric of the catalogue gives the same answer on DuckDB, PostgreSQL and Spark: in total, cut, and by month with a filter.

Metrics over the same relations are asked together, as one question. Money agrees to the cent, ratios to ten digits; rows come
in the same order.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from tillsight.domains.registry import catalogue
from tillsight.metrics.answer import Answer
from tillsight.metrics.model import Metric
from tillsight.shop import Shop

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(600)]

DAYS = {"start": "2025-11-01", "end": "2026-10-31"}
NEVER_HERE: frozenset[str] = frozenset()
"""Metrics that the small reference shop has no data for."""

Group = tuple[Metric, ...]


def groups() -> dict[str, Group]:
    """Metrics by the relations that they read and what they must be cut by."""
    made: dict[str, list[Metric]] = {}
    for metric in catalogue().metrics.values():
        relations = "+".join(sorted(relation.name for relation in catalogue().relations_of(metric)))
        if metric.requires:
            relations += f" by {'+'.join(metric.requires)}"
        elif metric.total == "share of parent":
            relations += " as a share"
        elif not metric.grains:
            relations += " over a period"
        made.setdefault(relations, []).append(metric)
    return {name: tuple(metrics) for name, metrics in made.items()}


GROUPS = groups()


def dimension_of(group: Group) -> str:
    """What a group is cut by: the channel if it can be, else the second of its own dimensions (the first is the shop)."""
    names = catalogue().dimensions_of(group[0])
    return next((name for name in ("channel", "marketing_channel") if name in names), names[min(1, len(names) - 1)])


def questions(group: Group) -> list[dict[str, Any]]:
    """Three questions for a group."""
    names = [metric.name for metric in group]
    cut = dimension_of(group)
    required = [cut] if group[0].total == "share of parent" else list(group[0].requires)
    grain = "month" if all("month" in metric.grains for metric in group) else None
    return [
        {"metrics": names, "by": required, "compare": "previous", **DAYS},
        {
            "metrics": names,
            "by": list(dict.fromkeys([cut, *required])),
            "limit": 5,
            "others": not group[0].requires,
            **DAYS,
        },
        {"metrics": names, "by": required, "grain": grain, "where": [f"{cut} is not null", "shop!=none"], **DAYS},
    ]


@pytest.mark.feature("PLT-16")
@pytest.mark.parametrize("name", GROUPS)
def test_every_engine_gives_the_same_answer(duckdb: Shop, engine: Shop, name: str) -> None:
    group = GROUPS[name]
    for question in questions(group):
        expected, answer = duckdb.query(**question), engine.query(**question)
        for metric in group:
            if metric.name not in NEVER_HERE:
                assert any(value is not None for value in expected.table[metric.name].to_pylist()), metric.name
        assert_same(answer, expected)


def assert_same(answer: Answer, expected: Answer) -> None:
    """Same columns, types, rows in the same order, totals."""
    assert answer.table.column_names == expected.table.column_names
    rows, others = answer.table.to_pylist(), expected.table.to_pylist()
    assert len(rows) == len(others) > 0
    assert answer.row_count == expected.row_count
    pairs = [(row, other, f"row {number}") for number, (row, other) in enumerate(zip(rows, others, strict=True))]
    if expected.totals is not None:
        assert answer.totals is not None
        pairs.append((answer.totals, expected.totals, "totals"))
    for row, other, where in pairs:
        for column, wanted in other.items():
            assert same(row[column], wanted), f"{column} in {where}: {row[column]!r} is not {wanted!r}"


def same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and isinstance(value, float):
        return math.isclose(value, wanted, rel_tol=1e-10, abs_tol=1e-12)
    return type(value) is type(wanted) and value == wanted and (not isinstance(value, Decimal) or value.is_finite())
