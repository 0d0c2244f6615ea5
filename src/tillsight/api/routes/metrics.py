"""The catalogue: what can be asked, asking it, and how a number came about."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from tillsight.api.access import QuestionDoor, Viewer, asks_nothing
from tillsight.api.asked import Lasting
from tillsight.api.envelope import Envelope, Paged, ok
from tillsight.api.keeping import respond
from tillsight.api.questions import (
    FILES,
    AnswerOut,
    NoteOut,
    QuestionIn,
    QuestionParams,
    SpanOut,
    Value,
    answered,
    as_json,
    exported,
    kept_json,
)
from tillsight.api.services import Given, Services
from tillsight.api.telling import asked as question_asked
from tillsight.api.telling import told_download
from tillsight.core.errors import NoReleaseError, NotAllowedError
from tillsight.core.periods import Grain
from tillsight.metrics.ask import Asker
from tillsight.metrics.explain import describe, explain, rows_behind
from tillsight.metrics.model import Dimension, Metric, Total, Unit
from tillsight.metrics.permission import check_metric, may_ask
from tillsight.tables.registry import TABLES

router = APIRouter(prefix="/api/v1", tags=["metrics"], route_class=QuestionDoor)


class MetricOut(BaseModel):
    """A metric. `available`: its data are loaded; else `missing` names the tables that it waits for."""

    name: str
    title: str
    domain: str
    unit: Unit
    better: Literal["up", "down"] | None
    total: Total
    formula: str
    basis: str
    source: str
    dimensions: list[str]
    grains: list[Grain]
    requires: list[str]
    available: bool
    missing: list[str]


class MetricDetail(MetricOut):
    """A metric with all that is known of it. `components`: what its arithmetic is made of."""

    description: str
    components: list[ComponentOut]
    sources: list[MetricSource]


class ComponentOut(BaseModel):
    """A measure that a metric is computed from, and over which rows."""

    name: str
    title: str
    when: str


class MetricSource(BaseModel):
    """A relation that a metric reads, and the tables that fill it."""

    name: str
    title: str
    tables: list[str]


class DimensionOut(BaseModel):
    """Something that numbers can be cut by. `labels`: words for the values 0, 1, 2 …"""

    name: str
    title: str
    type: Literal["text", "integer", "day"]
    description: str
    labels: list[str]


class DimensionValue(BaseModel):
    """A value of a dimension, and how many orders have it; units sold, where an order may have several of them."""

    value: Value
    count: int | float | None


class StepOut(BaseModel):
    """A part of the arithmetic with its value."""

    name: str
    title: str
    value: Value
    unit: str
    when: str


class SourceOut(BaseModel):
    """A table or relation that a number rests on. `rows`: null for those who may see some of them only."""

    table: str
    title: str
    rows: int | None
    known_to: str | None


class ReleaseOut(BaseModel):
    """The release that answered."""

    number: int
    published_at: str | None


class Freshness(BaseModel):
    """How new the data are: the last day with data, and when the release was published."""

    data_to: str | None
    published_at: str | None


class CheckOut(BaseModel):
    """A check of the release. `relations`: what its outcome bears on. `bad`: how many rows, or orders, break it, where that is known."""

    name: str
    title: str
    state: Literal["passed", "failed", "warned"]
    text: str
    table: str
    relations: list[str]
    bad: int | None = None


class ExplanationOut(BaseModel):
    """How a number came about."""

    metric: MetricOut
    value: Value
    unit: Unit
    currency: str | None
    period: SpanOut | None
    compare_period: SpanOut | None
    steps: list[StepOut]
    arithmetic: str
    formula: str
    basis: str
    sql: list[str]
    sources: list[SourceOut]
    release: ReleaseOut
    freshness: Freshness
    checks: list[CheckOut]
    notes: list[NoteOut]


class RowsIn(QuestionIn):
    """A question with one metric, and which of the rows behind it are wanted."""

    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(50, ge=1, le=1000)


@router.get("/metrics", response_model=Envelope[list[MetricOut]])
@asks_nothing
def list_metrics(who: Viewer, given: Given) -> Response:
    """Every metric of the catalogue that the one who asks may ask."""
    empty = _empty_relations(given)
    catalogue, scope = given.shop.catalogue, given.scope(who)
    return ok([_metric(given, one, empty) for one in catalogue.metrics.values() if may_ask(catalogue, scope, one)])


@router.get("/metrics/query", response_model=Paged[AnswerOut], responses=FILES)
def query_metrics(who: Viewer, given: Given, request: Request, asked: Annotated[QuestionParams, Query()]) -> Response:
    """Ask with an address. The answer has an ETag; asking again with it costs nothing until the next release."""
    return answered(request, given, who, asked.question(), asked.as_of, asked.format)


@router.post("/metrics/query", response_model=Paged[AnswerOut], responses=FILES)
def ask_metrics(who: Viewer, given: Given, request: Request, asked: QuestionIn) -> Response:
    """Ask with a body; in JSON, or as a file of exactly the rows of the answer."""
    return answered(request, given, who, asked.question(), asked.as_of, asked.format)


@router.post("/metrics/explain", response_model=Envelope[ExplanationOut])
def explain_metric(who: Viewer, given: Given, request: Request, asked: QuestionIn) -> Response:
    """How one metric came about, for the days and filters asked: definition, parts, SQL, sources, freshness, checks."""
    question, scope, today = asked.question(), given.scope(who), given.shop.clock_today()
    asker = given.shop.asker(scope, asked.as_of)
    key = ("explain", asker.release.number, question, asker.release.today, scope.key)

    def make() -> dict[str, Any]:
        explanation = explain(asker, question)
        metric = _metric(given, explanation.metric, _empty_relations(given))
        return {**explanation.to_dict(), "metric": metric, **given.shop.evidence(explanation.answer, scope)}

    lasting = Lasting(asker.release.number, today, scope.key) if asked.as_of is None else None
    return kept_json(request, given, key, make, lasting)


@router.post("/metrics/rows", response_model=Paged[AnswerOut], responses=FILES)
def rows_of_metric(who: Viewer, given: Given, request: Request, asked: RowsIn) -> Response:
    """The rows behind one metric, a page at a time; as a file all of them."""
    question, scope, today = asked.question(), given.scope(who), given.shop.clock_today()
    asker = given.shop.asker(scope, asked.as_of)
    how, limit = asked.format, asked.per_page
    offset = (asked.page - 1) * limit
    base = ("rows", asker.release.number, question, asker.release.today, scope.key)
    if how != "json":
        told_download(given, who, request, "question:rows", format=how, **question_asked(question))
        return exported(
            request,
            (*base, how),
            lambda: given.shop.export(question, as_of=asked.as_of, scope=scope, behind=True),
            how,
            [*question.metrics, "rows"],
        )
    key = (*base, limit, offset)
    lasting = Lasting(asker.release.number, today, scope.key) if asked.as_of is None else None
    return respond(
        request, given.kept, key, lambda: as_json(rows_behind(asker, question, limit, offset), offset, limit), lasting
    )


@router.get("/metrics/{name}", response_model=Envelope[MetricDetail])
@asks_nothing
def get_metric(name: str, who: Viewer, given: Given) -> Response:
    """One metric with what it is made of."""
    catalogue = given.shop.catalogue
    metric = catalogue.metric(name)
    check_metric(given.scope(who), metric)
    components = [
        {
            "name": part.measure,
            "title": catalogue.measures[part.measure].title if part.measure in catalogue.measures else part.measure,
            "when": part.when,
        }
        for part in metric.parts
    ]
    sources = [
        {"name": relation.name, "title": relation.title, "tables": list(relation.needs)}
        for relation in catalogue.relations_of(metric)
    ]
    return ok(
        {
            **_metric(given, metric, _empty_relations(given)),
            "description": metric.description,
            "components": components,
            "sources": sources,
        }
    )


@router.get("/dimensions", response_model=Envelope[list[DimensionOut]])
@asks_nothing
def list_dimensions(who: Viewer, given: Given) -> Response:
    """Everything that numbers can be cut by."""
    return ok(
        [
            {
                "name": dimension.name,
                "title": dimension.title,
                "type": dimension.type,
                "description": dimension.description,
                "labels": list(dimension.labels),
            }
            for dimension in given.shop.catalogue.dimensions.values()
        ]
    )


@router.get("/dimensions/{name}/values", response_model=Envelope[list[DimensionValue]])
def list_values(
    name: str,
    who: Viewer,
    given: Given,
    request: Request,
    search: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Response:
    """The values of a dimension, the most frequent first; those that contain the text of `search`."""
    dimension = given.shop.catalogue.dimension(name)
    scope, today = given.scope(who), given.shop.clock_today()
    asker = given.shop.asker(scope)
    key = ("values", asker.release.number, name, search, limit, scope.key)
    lasting = Lasting(asker.release.number, today, scope.key)
    return kept_json(request, given, key, lambda: values_of(asker, dimension, search, limit), lasting)


def values_of(asker: Asker, dimension: Dimension, search: str, limit: int) -> list[dict[str, Any]]:
    """Values of a dimension with the number of orders, else of units, over all days."""
    metric = _counted(asker, dimension)
    texts = dimension.type == "text"
    answer = asker.query(
        metric.name,
        by=dimension.name,
        where=[{"dimension": dimension.name, "op": "contains", "values": [search]}] if search and texts else [],
        sort=f"-{metric.name}",
        limit=limit if texts else None,
    )
    values = [{"value": row[dimension.name], "count": row[metric.name]} for row in answer.to_records()]
    if search and not texts:
        # Few values, and none of them is a text in the engine: look at them as they are read.
        values = [item for item in values if search.lower() in _read(dimension, item["value"]).lower()]
    return values[:limit]


def _read(dimension: Dimension, value: Any) -> str:
    if dimension.labels and isinstance(value, int) and value < len(dimension.labels):
        return dimension.labels[value]
    return str(value)


def _counted(asker: Asker, dimension: Dimension) -> Metric:
    """What to count values by: orders; units, of which an order has several; where neither can be cut by it, the first metric that can.

    Orders of a product cannot be added up from those of days, and to look for a value is not worth a pass over all lines.
    """
    catalogue = asker.catalogue
    choices = [one for one in catalogue.metrics.values() if not one.requires and may_ask(catalogue, asker.scope, one)]
    has_one = any(dimension.name in relation.single.get("order", ()) for relation in catalogue.relations.values())
    liked = ("orders", "units_sold") if has_one else ("units_sold", "orders")
    choices.sort(key=lambda metric: liked.index(metric.name) if metric.name in liked else len(liked))
    found = next((metric for metric in choices if dimension.name in catalogue.dimensions_of(metric)), None)
    if found is None:
        raise NotAllowedError(
            f"Nothing that is open to you has {dimension.title.lower()}; an administrator can open more."
        )
    return found


def _empty_relations(given: Services) -> dict[str, list[str]]:
    """Relations without rows in the current release, with the titles of the tables that they wait for."""
    relations = given.shop.catalogue.relations.values()
    try:
        release = given.shop.releases.current()
    except NoReleaseError:
        return {relation.name: [TABLES[name].title for name in relation.needs] for relation in relations}
    return {
        relation.name: [TABLES[name].title for name in relation.needs if not release.rows_of(name)]
        for relation in relations
        if not release.rows_of(relation.name)
    }


def _metric(given: Services, metric: Metric, empty: dict[str, list[str]]) -> dict[str, Any]:
    catalogue = given.shop.catalogue
    waiting = [relation.name for relation in catalogue.relations_of(metric) if relation.name in empty]
    return {
        **describe(metric),
        "dimensions": catalogue.dimensions_of(metric),
        "available": not waiting,
        "missing": list(dict.fromkeys(title for name in waiting for title in empty[name])),
    }
