"""The figures of returns: the response of 002, its dashboard, and fixed questions to the catalogue as 001 names them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.accounts import SignedIn
from tillsight.api.access import QuestionDoor, Viewer
from tillsight.api.envelope import Envelope, Paged, ok
from tillsight.api.questions import FILES, AnswerOut, analysed
from tillsight.api.routes.sales import PageParams, TrendParams, ViewParams, fixed
from tillsight.api.services import Given, Services
from tillsight.domains.returns.ranking import CUT, FIGURES

router = APIRouter(prefix="/api/v1/returns", tags=["returns"], route_class=QuestionDoor)

SUMMARY = (
    "returns",
    "returned_units",
    "return_rate",
    "return_rate_orders",
    "return_rate_value",
    "return_rate_cohort",
    "return_value",
    "damaged_return_rate",
    "supplier_return_rate",
    "defect_rate",
    "wrong_item_rate",
    "size_fit_rate",
    "return_exchange_rate",
    "restocking_rate",
    "return_processing_days",
    "days_to_return",
    "return_window_compliance",
    "net_return_loss",
    "return_cost_rate",
    "recovered_value",
    "return_tracking_coverage",
)
TRENDS = ("returns", "returned_units", "return_rate", "return_value")
REASONS = ("returned_units", "returns")


class _Spelled(BaseModel):
    # 002 has its own spelling.
    model_config = ConfigDict(extra="forbid")


class ReasonOut(_Spelled):
    """A part of the returns. `value`: the cost of the goods, null where it is not known; `percentage` of the returns."""

    reason: str
    count: float
    value: float | None
    percentage: float


class ItemOut(_Spelled):
    """What came back of an item; rates are percent of the units sold."""

    item: str | None
    name: str | None
    sold: float
    returned: float
    value: float | None
    rate: float
    damagedReturnRate: float  # noqa: N815
    supplierReturnRate: float  # noqa: N815


class OtherOut(_Spelled):
    """Goods of another fate, or none yet: beside the rate, not inside."""

    disposition: str | None
    count: float
    value: float | None


class BreakdownOut(_Spelled):
    """The return rate with its parts, as 002 spells them. Rates are zero where nothing was sold."""

    totalReturns: float  # noqa: N815
    totalReturnValue: float | None  # noqa: N815
    returnRate: float  # noqa: N815
    damagedReturnRate: float  # noqa: N815
    supplierReturnRate: float  # noqa: N815
    hasReturnsWithoutSales: bool  # noqa: N815
    returnsByReason: list[ReasonOut]  # noqa: N815
    returnsByItem: list[ItemOut]  # noqa: N815
    totalSales: float  # noqa: N815
    highReturnRate: bool  # noqa: N815
    otherReturns: list[OtherOut]  # noqa: N815


class ReturnDashboardOut(_Spelled):
    """The fields of 002's dashboard."""

    returnRate: float  # noqa: N815
    damagedReturnRate: float  # noqa: N815
    supplierReturnRate: float  # noqa: N815
    totalReturns: float  # noqa: N815
    returnValue: float | None  # noqa: N815


class ThresholdParams(ViewParams):
    """A view, and from which rate on a return rate is high."""

    threshold: float = Field(20, ge=0, description="percent")


class BreakdownParams(ThresholdParams):
    """A view with a threshold, and what a file holds: JSON has all of it."""

    table: Literal["items", "reasons"] = Field(
        "items", description="the rows of a file: items, or reasons with their total"
    )


@router.get("/breakdown", response_model=Envelope[BreakdownOut], responses=FILES)
def get_return_breakdown(
    who: Viewer, given: Given, request: Request, view: Annotated[BreakdownParams, Query()]
) -> Response:
    """The return rate with damaged stock and returns to the supplier, by reason and by item."""
    if view.format != "json":
        return _as_file(request, given, who, view, view.table)
    return ok(_breakdown(given, who, view))


@router.get("/dashboard", response_model=Envelope[ReturnDashboardOut], responses=FILES)
def get_return_dashboard(
    who: Viewer, given: Given, request: Request, view: Annotated[ThresholdParams, Query()]
) -> Response:
    """The return figures of a dashboard."""
    if view.format != "json":
        return _as_file(request, given, who, view, "figures")
    found = _breakdown(given, who, view)
    names = ("returnRate", "damagedReturnRate", "supplierReturnRate", "totalReturns")
    return ok({**{name: found[name] for name in names}, "returnValue": found["totalReturnValue"]})


@router.get("/summary", response_model=Paged[AnswerOut], responses=FILES)
def get_return_summary(who: Viewer, given: Given, request: Request, view: Annotated[ViewParams, Query()]) -> Response:
    """The figures of a period in one row."""
    return fixed(request, given, who, view, SUMMARY)


@router.get("/trends", response_model=Paged[AnswerOut], responses=FILES)
def get_return_trends(who: Viewer, given: Given, request: Request, view: Annotated[TrendParams, Query()]) -> Response:
    """Returns over time."""
    return fixed(request, given, who, view, TRENDS, grain=view.grain)


@router.get("/reasons", response_model=Paged[AnswerOut], responses=FILES)
def list_return_reasons(who: Viewer, given: Given, request: Request, view: Annotated[PageParams, Query()]) -> Response:
    """Reasons, by default the one with the most units first."""
    return fixed(request, given, who, view, REASONS, ("return_reason_group", "return_reason"))


@router.get("/products", response_model=Paged[AnswerOut], responses=FILES)
def list_return_products(who: Viewer, given: Given, request: Request, view: Annotated[PageParams, Query()]) -> Response:
    """Products, by default the one of which most surely comes back first: two of three sales do not make the worst product."""
    if view.sort:
        return fixed(request, given, who, view, FIGURES, CUT)
    parameters: dict[str, Any] = {
        "start": view.from_,
        "end": view.to,
        "period": view.period,
        "where": view.where or None,
    }
    parameters |= {"compare": view.compare, "limit": view.per_page, "offset": (view.page - 1) * view.per_page}
    return analysed(request, given, who, "returns.ranked", view.as_of, view.format, parameters)


def _asked(view: ThresholdParams) -> dict[str, Any]:
    asked = {"start": view.from_, "end": view.to, "period": view.period, "where": view.where or None}
    return {"threshold": view.threshold} | {name: value for name, value in asked.items() if value is not None}


def _breakdown(given: Services, who: SignedIn, view: ThresholdParams) -> Any:
    answer = given.shop.analyse("returns.breakdown", scope=given.scope(who), as_of=view.as_of, **_asked(view))
    return answer.document


def _as_file(request: Request, given: Services, who: SignedIn, view: ThresholdParams, table: str) -> Response:
    parameters = _asked(view) | {"table": table}
    return analysed(request, given, who, "returns.breakdown", view.as_of, view.format, parameters)
