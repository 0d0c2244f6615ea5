"""Which panels of a dashboard somebody sees: those whose metrics and analyses he may ask for."""

from __future__ import annotations

from tillsight.core.scope import Scope
from tillsight.dashboards.declaration import Dashboard, Panel
from tillsight.metrics.model import Catalogue
from tillsight.metrics.permission import may_ask, open_to

OVERVIEW = "overview"
"""The page of all domains: of it everybody sees what is open to him."""


def shown_to(catalogue: Catalogue, scope: Scope, dashboard: Dashboard) -> Dashboard | None:
    """The dashboard with the panels that the one who asks may see; None where none is left."""
    if not scope.rows and scope.modules is None:
        return dashboard
    if dashboard.domain != OVERVIEW and not scope.sees(dashboard.domain):
        return None
    panels = tuple(panel for panel in dashboard.panels if _open(catalogue, scope, panel))
    return dashboard.model_copy(update={"panels": panels}) if panels else None


def _open(catalogue: Catalogue, scope: Scope, panel: Panel) -> bool:
    for sort, name in panel.names():
        if sort == "metric" and (
            name not in catalogue.metrics or not may_ask(catalogue, scope, catalogue.metrics[name])
        ):
            return False
        if sort == "analysis" and (name not in catalogue.analyses or not open_to(scope, catalogue.analyses[name])):
            return False
    return True
