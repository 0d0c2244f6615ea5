"""The sales endpoints: fixed questions to the catalogue, so that they say what every other way of asking says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.accounts import SignedIn
from tillsight.api.access import QuestionDoor, Viewer
from tillsight.api.envelope import Envelope, Paged, to_bytes
from tillsight.api.questions import FILES, AnswerOut, Day, Format, Moment, NamedPeriod, analysed, answered, kept_json
from tillsight.api.services import Given, Services
from tillsight.core.periods import Grain
from tillsight.metrics.permission import check_analysis, may_ask
from tillsight.metrics.question import ask_for

router = APIRouter(prefix="/api/v1/sales", tags=["sales"], route_class=QuestionDoor)

SUMMARY = (
    "gross_sales",
    "discounts",
    "returned_sales",
    "net_sales",
    "taxes",
    "shipping_charges",
    "total_sales",
    "revenue",
    "orders",
    "units_sold",
    "average_order_value",
    "items_per_order",
    "gross_profit",
    "gross_margin_rate",
    "cost_coverage_rate",
    "customers",
    "new_customers",
    "revenue_per_customer",
    "cross_sell_rate",
    "discount_rate",
    "sales_growth_rate",
    "revenue_yoy",
)
TRENDS = ("revenue", "net_sales", "orders", "units_sold", "average_order_value", "gross_profit")
PRODUCTS = (
    "revenue",
    "units_sold",
    "orders",
    "gross_profit",
    "gross_margin_rate",
    "product_contribution",
    "product_velocity",
    "cross_sell_rate",
)
CUSTOMERS = ("revenue", "orders", "units_sold", "average_order_value", "customers")
CHANNELS = ("revenue", "orders", "units_sold", "average_order_value", "gross_margin_rate", "new_customers")


class ViewParams(BaseModel):
    """Days, comparison and filters in an address. Days are inclusive."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: Day | None = Field(None, alias="from")
    to: Day | None = None
    period: NamedPeriod | None = None
    where: list[str] = Field([], description="country=France, channel!=web, product~lamp; repeated")
    compare: str | None = Field(None, description="none, previous, last_year, or days such as 2025-01-01..2025-01-31")
    as_of: Moment | None = None
    format: Format = "json"


class TrendParams(ViewParams):
    """A view, and the steps of its axis."""

    grain: Grain = "day"


class PageParams(ViewParams):
    """A view, and which page of its rows."""

    sort: list[str] = Field([], description="columns; with - in front the largest first; by default the first metric")
    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(50, ge=1, le=1000)


class ChannelParams(PageParams):
    """A page of a view, by one of the ways that orders come in."""

    by: Literal["channel", "traffic_source", "device_type", "referrer"] = "channel"


class ProductParams(PageParams):
    """A page of a view, by product or by what products are of."""

    by: Literal["product", "category", "brand", "department", "supplier"] = "product"


class CustomerParams(PageParams):
    """A page of a view, by customer or by a sort of customers."""

    by: Literal["customer_id", "customer_type", "country", "state", "city", "cohort"] = "customer_id"


class ReportParams(BaseModel):
    """What a report counts, and as what was known at a moment."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    where: list[str] = Field([], description="country=France, channel!=web, product~lamp; repeated")
    as_of: Moment | None = None
    format: Format = "json"


class DailyParams(ReportParams):
    """The day of a daily summary; by default the last one with data."""

    day: Day | None = None


class WeeklyParams(ReportParams):
    """A day of the week of a weekly report; by default the last one with data."""

    week: Day | None = None


class MonthlyParams(ReportParams):
    """The month of a business review; by default that of the last day with data."""

    month: str | None = Field(None, pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="such as 2026-11")


class ProductReportParams(ReportParams):
    """The days of a report on products."""

    from_: Day | None = Field(None, alias="from")
    to: Day | None = None
    period: NamedPeriod | None = None


class SectionOut(AnswerOut):
    """A part of a report: an answer like any other."""

    name: str
    title: str


class ReportPeriod(BaseModel):
    """The days of a report, inclusive."""

    start: str
    end: str


class ReportOut(BaseModel):
    """A report as data: its sections in the order of reading."""

    report: Literal["daily", "weekly", "monthly", "products"]
    title: str
    period: ReportPeriod
    currency: str
    release: int | None
    sections: list[SectionOut]


class ForecastParams(BaseModel):
    """What to forecast, and from which day: the last one of the period, with data."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    metric: str = Field("revenue", description="a metric that sums over days")
    by: str | None = Field(None, description="a dimension whose largest values are forecast beside the whole")
    horizon: int = Field(30, ge=1, le=366, description="days ahead")
    level: float = Field(80, ge=50, le=99, description="how sure the interval is, in percent")
    scenario: Literal["expected", "best", "worst"] = "expected"
    limit: int = Field(8, ge=1, le=200, description="values of the dimension; the rest is one")
    country: str | None = Field(None, description="whose public holidays count, such as DE")
    history: int = Field(90, ge=7, le=1095, description="days before to give")
    to: Day | None = None
    period: NamedPeriod | None = None
    where: list[str] = Field([], description="country=France, channel!=web, product~lamp; repeated")
    as_of: Moment | None = None
    format: Format = "json"


@router.get("/summary", response_model=Paged[AnswerOut], responses=FILES)
def get_sales_summary(who: Viewer, given: Given, request: Request, view: Annotated[ViewParams, Query()]) -> Response:
    """The figures of a period in one row."""
    return fixed(request, given, who, view, SUMMARY)


@router.get("/trends", response_model=Paged[AnswerOut], responses=FILES)
def get_sales_trends(who: Viewer, given: Given, request: Request, view: Annotated[TrendParams, Query()]) -> Response:
    """Sales over time."""
    return fixed(request, given, who, view, TRENDS, grain=view.grain)


@router.get("/products", response_model=Paged[AnswerOut], responses=FILES)
def list_sales_products(
    who: Viewer, given: Given, request: Request, view: Annotated[ProductParams, Query()]
) -> Response:
    """Products, or categories, brands, departments, suppliers, by default the one with the most revenue first."""
    return fixed(request, given, who, view, PRODUCTS, ("product_id", "product") if view.by == "product" else (view.by,))


@router.get("/customers", response_model=Paged[AnswerOut], responses=FILES)
def list_sales_customers(
    who: Viewer, given: Given, request: Request, view: Annotated[CustomerParams, Query()]
) -> Response:
    """Customers, or new and returning ones, places, cohorts, by default the one with the most revenue first."""
    return fixed(request, given, who, view, CUSTOMERS, (view.by,))


@router.get("/channels", response_model=Paged[AnswerOut], responses=FILES)
def list_sales_channels(
    who: Viewer, given: Given, request: Request, view: Annotated[ChannelParams, Query()]
) -> Response:
    """Channels, or traffic sources, devices, referrers, by default the one with the most revenue first."""
    return fixed(request, given, who, view, CHANNELS, (view.by,))


@router.get("/forecast", response_model=Paged[AnswerOut], responses=FILES)
def get_sales_forecast(
    who: Viewer, given: Given, request: Request, asked: Annotated[ForecastParams, Query()]
) -> Response:
    """The days ahead with an interval, and the days before them; the analysis sales.forecast."""
    parameters = asked.model_dump(exclude={"to", "as_of", "format", "where"})
    parameters |= {"end": asked.to, "where": asked.where or None}
    return analysed(request, given, who, "sales.forecast", asked.as_of, asked.format, parameters)


@router.get("/reports/daily", response_model=Envelope[ReportOut], responses=FILES)
def get_daily_report(who: Viewer, given: Given, request: Request, asked: Annotated[DailyParams, Query()]) -> Response:
    """A day against the day and the week before, best products, channels, what stood out."""
    return reported(request, given, who, "daily", asked, {"day": asked.day})


@router.get("/reports/weekly", response_model=Envelope[ReportOut], responses=FILES)
def get_weekly_report(who: Viewer, given: Given, request: Request, asked: Annotated[WeeklyParams, Query()]) -> Response:
    """A week against the one before, categories, customers, goals."""
    return reported(request, given, who, "weekly", asked, {"week": asked.week})


@router.get("/reports/monthly", response_model=Envelope[ReportOut], responses=FILES)
def get_monthly_report(
    who: Viewer, given: Given, request: Request, asked: Annotated[MonthlyParams, Query()]
) -> Response:
    """A month against the month and the year before, mix of products, cohorts, forecast against actual."""
    return reported(request, given, who, "monthly", asked, {"month": asked.month})


@router.get("/reports/products", response_model=Envelope[ReportOut], responses=FILES)
def get_product_report(
    who: Viewer, given: Given, request: Request, asked: Annotated[ProductReportParams, Query()]
) -> Response:
    """The fifty best and worst products of a period, categories, launches, discontinued products."""
    days = {"start": asked.from_, "end": asked.to, "period": asked.period}
    return reported(request, given, who, "products", asked, days)


def reported(
    request: Request, given: Services, who: SignedIn, name: str, asked: ReportParams, parameters: dict[str, Any]
) -> Response:
    """A report as data, or each of its figures as a row of a file."""
    analysis = f"sales.report_{name}"
    parameters = {key: str(value) for key, value in parameters.items() if value is not None}
    if asked.where:
        parameters["where"] = asked.where
    if asked.format != "json":
        return analysed(request, given, who, analysis, asked.as_of, asked.format, parameters)
    scope = given.scope(who)
    check_analysis(scope, given.shop.catalogue.analysis(analysis))
    asker = given.shop.asker(scope, asked.as_of)
    told = to_bytes(dict(sorted(parameters.items())))
    changed = given.shop.goals.changed()
    key = ("report", analysis, asker.release.number, asker.release.today, told, changed, scope.key)

    def make() -> Any:
        return given.shop.analyse(analysis, scope=scope, as_of=asked.as_of, **parameters).document

    return kept_json(request, given, key, make)


def fixed(
    request: Request,
    given: Services,
    who: SignedIn,
    view: ViewParams,
    metrics: tuple[str, ...],
    by: tuple[str, ...] = (),
    grain: Grain | None = None,
) -> Response:
    """The answer to a fixed question about a view."""
    page = view if isinstance(view, PageParams) else None
    catalogue, scope = given.shop.catalogue, given.scope(who)
    open_to = tuple(name for name in metrics if may_ask(catalogue, scope, catalogue.metric(name)))
    # Of what is not open to somebody, the rest is shown; where nothing is, the question says so.
    metrics = open_to or metrics
    question = ask_for(
        metrics,
        by,
        grain,
        view.from_,
        view.to,
        view.period,
        view.where,
        view.compare,
        sort=(page.sort or f"-{metrics[0]}") if page else (),
        limit=page.per_page if page else None,
        offset=(page.page - 1) * page.per_page if page else 0,
    )
    return answered(request, given, who, question, view.as_of, view.format)
