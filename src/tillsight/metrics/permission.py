"""Which metrics and analyses somebody may ask: his modules are open to them, and his row filters can be applied to them.

Checked where a question is resolved (`Asker.resolve`), which every way of asking passes; lists leave out what would be
refused there.
"""

from __future__ import annotations

from collections.abc import Sequence

from tillsight.core.errors import NotAllowedError, QuestionError
from tillsight.core.scope import Scope
from tillsight.metrics.masking import finds_person, names_somebody
from tillsight.metrics.model import Analysis, Catalogue, Metric
from tillsight.metrics.question import Filter, checked


def may_ask(catalogue: Catalogue, scope: Scope, metric: Metric) -> bool:
    """Whether a metric has an answer for the one who asks: an open module, and relations that his row filters apply to."""
    bounded = {name for name, _ in scope.rows}
    return scope.sees(metric.domain) and all(
        bounded <= set(relation.dimensions) for relation in catalogue.relations_of(metric)
    )


def bound(catalogue: Catalogue, name: str, values: Sequence[str]) -> tuple[str, ...]:
    """The values of a dimension that somebody's rows are bounded by, as they are kept.

    Raises NotFoundError for an unknown dimension, and QuestionError for a wrong value or a dimension that names persons.
    """
    if names_somebody(catalogue.dimension(name)):
        raise QuestionError(
            f"Rows are bounded by a shop, a location, a channel and the like, not by {name}: it names single persons.",
            field="rows",
            value=name,
        )
    return checked(Filter(name, "in", tuple(values)), catalogue).values


def check_metric(scope: Scope, metric: Metric) -> None:
    """Raises NotAllowedError for a metric of a module that is closed to the one who asks."""
    if not scope.sees(metric.domain):
        raise _closed(metric.title, metric.domain)


def open_to(scope: Scope, analysis: Analysis) -> bool:
    """Whether the module of an analysis is open; one of no module is open to all and checks what it is asked about."""
    return not analysis.domain or scope.sees(analysis.domain)


def check_analysis(scope: Scope, analysis: Analysis) -> None:
    """Raises NotAllowedError for an analysis of a module that is closed to the one who asks."""
    if not open_to(scope, analysis):
        raise _closed(analysis.title, analysis.domain)


def check_search(scope: Scope, text: str) -> None:
    """Raises NotAllowedError where somebody who sees persons masked looks for one by an address."""
    if scope.masked and finds_person(text):
        raise NotAllowedError(
            "Persons are masked for you, so you cannot look for one by an address; an administrator can show them to you."
        )


def _closed(title: str, module: str) -> NotAllowedError:
    return NotAllowedError(
        f"{title} belongs to the module {module}, which is not open to you; an administrator can open it.",
        module=module,
    )
