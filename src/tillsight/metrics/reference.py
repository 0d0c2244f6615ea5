"""The reference page of the catalogue, as Markdown: every metric with unit, direction, total, formula and basis, what it can be
cut by and at which grains; every dimension; every analysis with its parameters.

`make docs` writes the page that is committed, `docs/reference/metrics.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tillsight.core.periods import GRAINS
from tillsight.metrics.model import Analysis, Catalogue, Metric, Parameter

_INTRODUCTION = """\
# Metrics

<!-- Written by make docs. Change the declaration, not this page. -->

Every number is defined here once, and is the same on the page, over the API, at the command line and in Python. How a metric
totals is explained in [what the numbers mean](../guide/numbers.md); `tillsight metrics show NAME` tells the same as this page.

*Better*: whether more (↑) or less (↓) is good news. *Cuts*: the dimensions that it can be cut and filtered by, see the lists
below. A metric can be asked by every grain unless it says otherwise."""

_ARROWS = {"up": "↑", "down": "↓", "": ""}


def render(catalogue: Catalogue) -> str:
    """The whole page, ending with a line break."""
    return "\n".join(_page(catalogue)) + "\n"


def _page(catalogue: Catalogue) -> Iterator[str]:
    yield _INTRODUCTION
    cuts = _cuts(catalogue)
    for domain in dict.fromkeys(metric.domain for metric in catalogue.metrics.values()):
        metrics = [metric for metric in catalogue.metrics.values() if metric.domain == domain]
        yield from ("", f"## {domain.capitalize()}", "")
        yield from _grid(
            ("Name", "Title", "Unit", "Better", "Totals", "Formula", "Basis", "Cuts"),
            (
                (
                    f"`{metric.name}`", metric.title, metric.unit, _ARROWS[metric.better], metric.total, metric.formula,
                    metric.basis + _bounds(metric), cuts[tuple(catalogue.dimensions_of(metric))],
                )
                for metric in metrics
            ),
        )  # fmt: skip
    yield from ("", "## Cuts", "")
    yield from _grid(("List", "Dimensions"), ((title, _codes(names)) for names, title in cuts.items()))
    yield from ("", "## Dimensions", "")
    yield from _grid(
        ("Name", "Title", "Meaning"),
        ((f"`{one.name}`", one.title, one.description) for one in catalogue.dimensions.values()),
    )
    if catalogue.analyses:
        yield from ("", "## Analyses", "")
        yield from _grid(("Name", "Title", "Meaning", "Parameters"), map(_analysis, catalogue.analyses.values()))


def _cuts(catalogue: Catalogue) -> dict[tuple[str, ...], str]:
    """The lists of dimensions that metrics can be cut by, each once, with a letter."""
    lists = dict.fromkeys(tuple(catalogue.dimensions_of(metric)) for metric in catalogue.metrics.values())
    return {names: chr(ord("A") + index) for index, names in enumerate(lists)}


def _bounds(metric: Metric) -> str:
    text = f"; only by {_codes(metric.requires)}" if metric.requires else ""
    if not metric.grains:
        return text + "; for a whole period, without a grain"
    return text if metric.grains == GRAINS else f"{text}; by {_codes(metric.grains)}"


def _analysis(analysis: Analysis) -> tuple[str, ...]:
    parameters = "; ".join(_parameter(parameter) for parameter in analysis.parameters)
    return f"`{analysis.name}`", analysis.title, analysis.description, parameters


def _parameter(parameter: Parameter) -> str:
    choices = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
    default = "" if parameter.default is None else f", else {parameter.default}"
    return f"`{parameter.name}`: {parameter.description.rstrip('.')}{choices}{default}"


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _grid(head: tuple[str, ...], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
