"""Declared dashboards, and analyses: named questions that panels, reports and people ask."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from tillsight.api.access import QuestionDoor, Viewer, asks_nothing
from tillsight.api.envelope import Envelope, Paged, ok
from tillsight.api.questions import FILES, AnswerOut, ViewIn, analysed
from tillsight.api.services import Given
from tillsight.core.errors import NotAllowedError, NotFoundError
from tillsight.dashboards.declaration import Dashboard, DashboardSummary
from tillsight.dashboards.declaration import load as dashboards
from tillsight.dashboards.shown import shown_to
from tillsight.metrics.permission import open_to

router = APIRouter(prefix="/api/v1", tags=["dashboards"], route_class=QuestionDoor)


class ParameterOut(BaseModel):
    """A parameter of an analysis."""

    name: str
    type: Literal["text", "integer", "number", "boolean"]
    default: Any
    description: str
    choices: list[str]
    minimum: float | None
    maximum: float | None


class AnalysisOut(BaseModel):
    """A named question that needs more than a cut of metrics."""

    name: str
    title: str
    domain: str
    description: str
    parameters: list[ParameterOut]


class AnalysisIn(ViewIn):
    """Days, comparison and filters; every other field is a parameter that the analysis declares."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)


@router.get("/dashboards", response_model=Envelope[list[DashboardSummary]])
@asks_nothing
def list_dashboards(who: Viewer, given: Given) -> Response:
    """Every dashboard that has something to show to the one who asks, in the order of the rail."""
    scope, catalogue = given.scope(who), given.shop.catalogue
    boards = [board for board in dashboards().values() if shown_to(catalogue, scope, board) is not None]
    return ok([board.model_dump(include=set(DashboardSummary.model_fields)) for board in boards])


@router.get("/dashboards/{name}", response_model=Envelope[Dashboard])
@asks_nothing
def get_dashboard(name: str, who: Viewer, given: Given) -> Response:
    """One dashboard with the panels that the one who asks may see."""
    found = dashboards().get(name)
    if found is None:
        raise NotFoundError(f"There is no dashboard {name!r}.", field="name", value=name)
    shown = shown_to(given.shop.catalogue, given.scope(who), found)
    if shown is None:
        raise NotAllowedError(
            f"{found.title} shows nothing that is open to you; an administrator can open it.", value=name
        )
    return ok(shown)


@router.get("/analyses", response_model=Envelope[list[AnalysisOut]])
@asks_nothing
def list_analyses(who: Viewer, given: Given) -> Response:
    """Every analysis with its parameters."""
    return ok(
        [
            {
                "name": analysis.name,
                "title": analysis.title,
                "domain": analysis.domain,
                "description": analysis.description,
                "parameters": [
                    {
                        "name": parameter.name,
                        "type": parameter.type,
                        "default": parameter.default,
                        "description": parameter.description,
                        "choices": list(parameter.choices),
                        "minimum": parameter.minimum,
                        "maximum": parameter.maximum,
                    }
                    for parameter in analysis.parameters
                ],
            }
            for analysis in given.shop.catalogue.analyses.values()
            if open_to(given.scope(who), analysis)
        ]
    )


@router.post("/analyses/{name}", response_model=Paged[AnswerOut], responses=FILES)
def run_analysis(name: str, who: Viewer, given: Given, request: Request, asked: AnalysisIn) -> Response:
    """Run an analysis: columns, rows, and sentences written from the numbers; or its rows as a file."""
    parameters = {
        "start": asked.from_,
        "end": asked.to,
        "period": asked.period,
        "where": asked.filters() or None,
        "compare": asked.comparison(),
        **(asked.model_extra or {}),
    }
    return analysed(request, given, who, name, asked.as_of, asked.format, parameters)
