"""Reports of returns, and what was done against them: written down, and what it changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.accounts import By, SignedIn
from tillsight.api.access import QuestionDoor, Viewer, Writer, address_of, asks_nothing
from tillsight.api.envelope import Envelope, ok
from tillsight.api.questions import FILES, analysed
from tillsight.api.routes.sales import ViewParams
from tillsight.api.services import Given
from tillsight.core.errors import NotAllowedError

router = APIRouter(prefix="/api/v1/returns", tags=["returns"], route_class=QuestionDoor)

MeasureId = Annotated[int, Path(ge=1, le=2**63 - 1)]
ReportName = Literal["daily", "weekly", "monthly", "quality", "prevention"]


class SectionColumn(BaseModel):
    """A column of a section."""

    name: str
    title: str
    unit: str | None


class ReportSection(BaseModel):
    """A part of a report: a table, and what it says in words."""

    name: str
    title: str
    columns: list[SectionColumn]
    rows: list[dict[str, Any]]
    totals: dict[str, Any] | None
    sentences: list[dict[str, Any]]


class ReportPeriod(BaseModel):
    """The days of a report."""

    start: date
    end: date


class ReportOut(BaseModel):
    """A report of returns."""

    report: ReportName
    title: str
    period: ReportPeriod
    target: float
    currency: str
    sentences: list[dict[str, Any]]
    sections: list[ReportSection]


class ReportParams(ViewParams):
    """Which report, of which days: without days the last ones that are whole."""

    report: ReportName = "weekly"
    target: float = Field(20, ge=0, le=100, description="the return rate that is aimed at, in percent")


class MeasureOut(BaseModel):
    """Something that was done against returns."""

    id: int
    product: str
    measure: str
    done_on: date
    note: str | None
    said_at: datetime
    said_by: str


class MeasureIn(BaseModel):
    """What was done for which product, and from which day on."""

    model_config = ConfigDict(extra="forbid")

    product: str = Field(min_length=1, max_length=400)
    measure: str = Field(min_length=1, max_length=60, description="as the analysis returns.prevention calls it")
    done_on: date
    note: str | None = Field(None, max_length=2000)


class EffectRow(BaseModel):
    """Goods before or after."""

    goods: str
    when: str
    units_sold: float
    units: float
    rate: float | None


class EffectOut(BaseModel):
    """What a measure changed. Percent and money are unknown while the data are not enough; low and high bound them."""

    state: Literal["measured", "not enough data yet"]
    text: str
    currency: str
    change: float | None
    low: float | None
    high: float | None
    units_avoided: float | None
    saved: float | None
    saved_low: float | None
    saved_high: float | None
    before_from: date | None
    before_to: date | None
    after_from: date | None
    after_to: date | None
    rows: list[EffectRow]


@router.get("/reports/analysis", response_model=Envelope[ReportOut], responses=FILES)
def get_return_report(who: Viewer, given: Given, request: Request, view: Annotated[ReportParams, Query()]) -> Response:
    """A report of returns: daily, weekly, monthly, quality or prevention, as sections; as a file with a row for each figure."""
    asked: dict[str, Any] = {"start": view.from_, "end": view.to, "period": view.period, "where": view.where or None}
    asked |= {"report": view.report, "target": view.target}
    parameters = {name: value for name, value in asked.items() if value is not None}
    if view.format != "json":
        return analysed(request, given, who, "returns.report", view.as_of, view.format, parameters)
    return ok(given.shop.analyse("returns.report", scope=given.scope(who), as_of=view.as_of, **parameters).document)


@router.get("/prevention", response_model=Envelope[list[MeasureOut]])
@asks_nothing
def list_return_measures(who: Viewer, given: Given) -> Response:
    """What was done against returns, the latest first."""
    _look(who)
    return ok(given.shop.return_measures.list())


@router.post("/prevention", response_model=Envelope[MeasureOut], status_code=201)
@asks_nothing
def add_return_measure(body: MeasureIn, who: Writer, given: Given, request: Request) -> Response:
    """Say that something was done; its effect is measured from then on."""
    by = By(who.name, address_of(request) or None)
    return ok(given.shop.return_measures.add(body.product, body.measure, body.done_on, by, body.note), status=201)


@router.delete("/prevention/{measure_id}", response_model=Envelope[MeasureOut])
@asks_nothing
def remove_return_measure(measure_id: MeasureId, who: Writer, given: Given, request: Request) -> Response:
    """Take one back that was not done."""
    return ok(given.shop.return_measures.remove(measure_id, By(who.name, address_of(request) or None)))


@router.get("/prevention/{measure_id}/effect", response_model=Envelope[EffectOut])
def get_measure_effect(measure_id: MeasureId, who: Viewer, given: Given) -> Response:
    """What a measure changed, against goods that nothing was done about."""
    _look(who)
    kept = given.shop.return_measures.get(measure_id)
    answer = given.shop.analyse(
        "returns.effect", scope=given.scope(who), product=kept["product"], measure=kept["measure"],
        done_on=kept["done_on"].isoformat(),
    )  # fmt: skip
    return ok({**(answer.document or {}), "rows": answer.to_records()})


def _look(who: SignedIn) -> None:
    if not who.scope.sees("returns"):
        raise NotAllowedError("The module returns is not open to you; an administrator can open it.", module="returns")
