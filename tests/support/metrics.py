"""Metrics that can be asked together."""

from __future__ import annotations

from tillsight.domains.registry import catalogue
from tillsight.metrics.model import Metric

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
