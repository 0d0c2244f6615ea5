"""Which panels a page has, and what each of them asks.

A dashboard is one YAML file in `declared/`. A panel knows only names of the catalogue: metrics, dimensions, analyses.
Period, comparison and filters are not declared; they belong to the view of the one who looks. Widths are columns of
twelve, heights are pixels of the picture. Own dashboards have the same schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tillsight.core.errors import TillsightError
from tillsight.core.periods import Grain

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
AnalysisName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=120)]
Taken = Literal["preset", "campaign"]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class DashboardError(TillsightError):
    """A declaration of a dashboard cannot be read; the message names the file and the field."""

    code = "DASHBOARD_ERROR"


class _Declared(BaseModel):
    # The page always gets every field, also those that have their default.
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


class _Panel(_Declared):
    """What every panel has. `note` is shown in small words below the title, after unit and basis."""

    id: Name
    title: Words
    span: int = Field(6, ge=1, le=12, description="columns of twelve")
    height: int | None = Field(None, ge=80, le=1200, description="pixels of the picture; by kind when not set")
    note: str | None = Field(None, max_length=200)

    def names(self) -> Iterator[tuple[Literal["metric", "dimension", "analysis"], str]]:
        """Every name of the catalogue that the panel uses, with its sort."""
        for name in getattr(self, "metrics", ()):
            yield "metric", name
        for name in getattr(self, "by", ()):
            yield "dimension", name


class AnalysisPanel(_Panel):
    """Sentences written from the numbers: the headline of a page, or a list of what to look at."""

    kind: Literal["headline", "insights"]
    analysis: AnalysisName
    takes: tuple[Taken, ...] = ()

    def names(self) -> Iterator[tuple[Literal["metric", "dimension", "analysis"], str]]:
        """The analysis."""
        yield "analysis", self.analysis


class FoundPanel(_Panel):
    """What an analysis found: `segments` as a map of areas, `flow` as bands between two sides, `cohorts` as a matrix,
    `holdout` as what was expected beside what came, `quadrants` as dots in four fields, `aligned` as courses since a launch, `map` as
    countries, or a table.

    `takes`: what of the page's address is given to the analysis, besides days and filters. `columns`: those that a table shows
    at first, all of them where none are named; the others can be chosen.
    """

    kind: Literal["segments", "flow", "cohorts", "holdout", "quadrants", "aligned", "map", "listing"]
    analysis: AnalysisName
    params: dict[Name, str] = {}
    takes: tuple[Taken, ...] = ()
    columns: tuple[Name, ...] = ()

    def names(self) -> Iterator[tuple[Literal["metric", "dimension", "analysis"], str]]:
        """The analysis."""
        yield "analysis", self.analysis


class ForecastPanel(_Panel):
    """Metrics ahead, one at a time: what was, what is expected with its interval, in scenarios, and the models that were tried.

    The one who looks chooses among `metrics` and `horizons` (days ahead); the first of each is shown first.
    """

    kind: Literal["forecast"]
    metrics: tuple[Name, ...] = Field(min_length=1, max_length=8)
    horizons: tuple[Annotated[int, Field(ge=1, le=366)], ...] = Field((30, 60, 90), min_length=1, max_length=5)

    def names(self) -> Iterator[tuple[Literal["metric", "dimension", "analysis"], str]]:
        """The metrics, and the analyses that look ahead."""
        yield from super().names()
        for name in ("sales.forecast", "sales.forecast_models", "sales.forecast_record"):
            yield "analysis", name


class KpiPanel(_Panel):
    """One number with its change, and its course as a sparkline where the metric has grains."""

    kind: Literal["kpi"]
    metrics: tuple[Name] = Field(description="one metric")
    sparkline: bool = True


class SeriesPanel(_Panel):
    """Metrics over time, or over the values of a dimension; `combo` draws the first as bars and the others as lines.

    Without a `grain` the axis is the first dimension of `by`; with one it is time, and `by` makes a series of each
    value: the first `limit`, and the rest as one.
    """

    kind: Literal["line", "bar", "area", "combo"]
    metrics: tuple[Name, ...] = Field(min_length=1, max_length=4)
    by: tuple[Name, ...] = Field((), max_length=1)
    grain: Grain | Literal["auto"] | None = "auto"
    stacked: bool = False
    limit: int = Field(6, ge=1, le=7)

    @model_validator(mode="after")
    def _has_axis(self) -> SeriesPanel:
        if self.grain is None and not self.by:
            raise ValueError("a panel without a grain needs a dimension for its axis")
        if self.by and self.grain and len(self.metrics) > 1:
            raise ValueError("series by a dimension are of one metric")
        return self


class RankPanel(_Panel):
    """The largest values of a dimension as horizontal bars (`rank`) or as parts of the whole (`share`)."""

    kind: Literal["rank", "share"]
    metrics: tuple[Name] = Field(description="one metric")
    by: tuple[Name] = Field(description="one dimension")
    limit: int = Field(10, ge=1, le=50)
    others: bool = False


class TablePanel(_Panel):
    """A table: sorted and paged by the server. `bars` are metrics drawn as bars inside their cells."""

    kind: Literal["table"]
    metrics: tuple[Name, ...] = Field(min_length=1, max_length=20)
    by: tuple[Name, ...] = Field(min_length=1, max_length=4)
    grain: Grain | None = None
    sort: tuple[Annotated[str, Field(pattern=r"^-?[a-z][a-z0-9_]*$")], ...] = ()
    limit: int = Field(50, ge=1, le=500, description="rows of one page")
    bars: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _bars_are_shown(self) -> TablePanel:
        strange = [name for name in self.bars if name not in self.metrics]
        if strange:
            raise ValueError(f"bars of metrics that the table does not have: {', '.join(strange)}")
        return self


class HeatmapPanel(_Panel):
    """One metric over two dimensions: the first down, the second across."""

    kind: Literal["heatmap"]
    metrics: tuple[Name] = Field(description="one metric")
    by: tuple[Name, Name]


class CumulativePanel(_Panel):
    """The running total of one metric over the period, with that of the comparison as the reference."""

    kind: Literal["cumulative"]
    metrics: tuple[Name] = Field(description="one metric that adds up over time")


class BridgePanel(_Panel):
    """How one amount becomes another: steps that add, steps that take away (`minus`), and the totals between them."""

    kind: Literal["bridge"]
    metrics: tuple[Name, ...] = Field(min_length=3, max_length=12)
    totals: tuple[Name, ...] = Field(min_length=1)
    minus: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _steps_are_metrics(self) -> BridgePanel:
        strange = [name for name in (*self.totals, *self.minus) if name not in self.metrics]
        if strange:
            raise ValueError(f"totals or minus name metrics that are no step: {', '.join(strange)}")
        if self.metrics[0] not in self.totals:
            raise ValueError("the first step of a bridge is a total")
        return self


Panel = Annotated[
    AnalysisPanel
    | FoundPanel
    | ForecastPanel
    | KpiPanel
    | SeriesPanel
    | RankPanel
    | TablePanel
    | HeatmapPanel
    | CumulativePanel
    | BridgePanel,
    Field(discriminator="kind"),
]


class DashboardSummary(_Declared):
    """A page: where it is and what it is for, in one line."""

    name: Name
    title: Words
    domain: Name
    path: str = Field(pattern=r"^/[a-z0-9/-]*$")
    purpose: Words


class Dashboard(DashboardSummary):
    """A page with its panels, in the order in which they are drawn."""

    panels: tuple[Panel, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _panels_have_own_names(self) -> Dashboard:
        names = [panel.id for panel in self.panels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"panels with the same id: {', '.join(twice)}")
        return self


def parse(text: str, source: str) -> Dashboard:
    """Read one declaration. Raises DashboardError that names the source and the field."""
    try:
        return Dashboard.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise DashboardError(
            f"{source}: {place or 'the dashboard'} is wrong: {reason}.", file=source, field=place
        ) from None
    except yaml.YAMLError as error:
        raise DashboardError(f"{source} is not valid YAML: {error}.", file=source) from None


@cache
def load() -> dict[str, Dashboard]:
    """Every declared dashboard by name, in the order of the rail. Raises DashboardError when one is wrong."""
    found: dict[str, Dashboard] = {}
    for file in sorted(files("tillsight.dashboards").joinpath("declared").iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".yaml"):
            continue
        dashboard = parse(file.read_text(encoding="utf-8"), file.name)
        if dashboard.name in found or any(dashboard.path == other.path for other in found.values()):
            raise DashboardError(f"{file.name}: the name or the path is taken by another dashboard.", file=file.name)
        found[dashboard.name] = dashboard
    return found
