"""Customers: lists, single ones, segments with their rules, cohorts, and audiences that respect consents."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight import audit, privacy
from tillsight.accounts import SignedIn
from tillsight.api.access import QuestionDoor, Viewer, Writer, address_of, asks_nothing
from tillsight.api.envelope import Envelope, Paged, ok
from tillsight.api.questions import FILES, AnswerOut, Name, ViewIn, analysed, as_file, as_json
from tillsight.api.routes.sales import ViewParams
from tillsight.api.services import Given, Services
from tillsight.api.telling import told_download
from tillsight.core.errors import QuestionError
from tillsight.database.segments import SegmentRules, SegmentSets, drop, keep
from tillsight.domains.customers import cohorts as customer_cohorts
from tillsight.domains.customers.rules import DEFAULT, FIELDS, MOST_RULES, PRESETS, doubts, read
from tillsight.domains.customers.segment_analyses import preview
from tillsight.metrics.permission import check_analysis

router = APIRouter(prefix="/api/v1", tags=["customers"], route_class=QuestionDoor)

Measure = Annotated[str, Field(json_schema_extra={"enum": list(customer_cohorts.MEASURES)})]
CohortKind = Annotated[str, Field(json_schema_extra={"enum": list(customer_cohorts.KINDS)})]


class RulesParams(ViewParams):
    """A view, and the rules of its segments."""

    preset: Name = DEFAULT


class ListParams(RulesParams):
    """A page of customers."""

    segment: str = Field("", max_length=200)
    search: str = Field("", max_length=200, description="part of a number, a name or an e-mail address")
    sort: str = Field("", max_length=60, description="a column; with - in front the largest first")
    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(50, ge=1, le=1000)


class AudienceParams(RulesParams):
    """Whom an audience is for: the members of a segment who allow a use of their data."""

    segment: str = Field("", max_length=200, description="empty for customers of every segment")
    search: str = Field("", max_length=200)
    campaign: str = Field("", max_length=200, description="only those whom this campaign addressed")
    at_risk: bool = Field(False, description="only repeat customers who have probably left")
    purpose: privacy.Purpose = Field("email", description="what the audience is for; who does not allow it is left out")


class CohortParams(ViewParams):
    """A view, and what makes a cohort."""

    measure: Measure = "retention"
    by: CohortKind = "month"
    months: int = Field(12, ge=1, le=60)


class CustomerOut(BaseModel):
    """All about one customer: who, standing and segment; orders, returns and the history of segments, newest first."""

    profile: AnswerOut
    orders: AnswerOut
    returns: AnswerOut
    history: AnswerOut


class Bound(BaseModel):
    """What a rule lets through; both ends belong to it, an end that is null is open."""

    model_config = ConfigDict(extra="forbid")

    min: float | None = None
    max: float | None = None


class RuleIn(BaseModel):
    """A segment: its name and the bounds of whoever is in it, by field."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200)
    bounds: dict[str, Bound] = Field(max_length=20)


class RuleSetIn(BaseModel):
    """Rules in their order: the first that matches wins, and who matches none is in the rest."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200)
    title: str = Field(max_length=200)
    rest: str = Field(max_length=200)
    rules: list[RuleIn] = Field(max_length=MOST_RULES)


class ChangedRuleSet(RuleSetIn):
    """Rules to keep in place of those of `version`."""

    version: int


class RulesPreviewIn(ViewIn):
    """Rules to look at before they are kept, and the days and filters to look at them with."""

    rules: RuleSetIn


class RuleOut(BaseModel):
    """A segment with its rule, and the rule in words."""

    name: str
    bounds: dict[str, Bound]
    meaning: str


class RuleSetOut(BaseModel):
    """A preset, or a rule set of the shop's own; `version` is null for a preset."""

    name: str
    title: str
    own: bool
    rest: str
    rules: list[RuleOut]
    version: int | None


class FieldOut(BaseModel):
    """Something that a rule can bound; null where it has no end."""

    name: str
    title: str
    description: str
    low: float | None
    high: float | None
    step: float


class RulesOut(BaseModel):
    """Every rule set, presets first, and what rules can bound."""

    sets: list[RuleSetOut]
    fields: list[FieldOut]


class SegmentSize(BaseModel):
    """What rules make of the customers: who is in a segment; `matching` also counts those whom an earlier rule takes."""

    segment: str
    rule: str
    customers: int
    customers_share: float | None
    revenue: float
    revenue_share: float | None
    matching: int | None


class DoubtOut(BaseModel):
    """Something to know before rules are kept: two that overlap, or one that nobody can reach."""

    kind: Literal["overlap", "never"]
    rule: str
    other: str | None
    text: str


class RulesPreview(BaseModel):
    """Sizes of every segment in order, and doubts."""

    sizes: list[SegmentSize]
    doubts: list[DoubtOut]


@router.get("/customers", response_model=Paged[AnswerOut], responses=FILES)
def list_customers(who: Viewer, given: Given, request: Request, view: Annotated[ListParams, Query()]) -> Response:
    """Customers with their standing, scores and segment, by default the best segment first."""
    parameters = {"preset": view.preset, "segment": view.segment, "search": view.search, "sort": view.sort}
    span = (
        {"limit": view.per_page, "offset": (view.page - 1) * view.per_page} if view.format == "json" else {"limit": 0}
    )
    return _analysed(request, given, who, "customers.list", view, parameters | span)


@router.get("/customers/{customer_id}", response_model=Envelope[CustomerOut])
def get_customer(
    customer_id: str,
    who: Viewer,
    given: Given,
    request: Request,
    preset: Annotated[str, Query(max_length=60)] = DEFAULT,
) -> Response:
    """One customer: standing and segment, orders, returns, and every segment he was in."""
    scope, shop = given.scope(who), given.shop
    parts: dict[str, tuple[str, dict[str, Any]]] = {
        "profile": ("customers.profile", {"preset": preset}),
        "orders": ("customers.orders", {}),
        "returns": ("customers.returns", {}),
        "history": ("customers.segment_changes", {"preset": preset}),
    }
    return ok(
        {
            part: shop.analyse(name, scope=scope, customer=customer_id, **parameters).to_dict()
            for part, (name, parameters) in parts.items()
        }
    )


@router.get("/segments", response_model=Paged[AnswerOut], responses=FILES)
def list_segments(who: Viewer, given: Given, request: Request, view: Annotated[RulesParams, Query()]) -> Response:
    """Size, revenue and key figures of each segment."""
    return _analysed(request, given, who, "customers.segments", view, {"preset": view.preset})


@router.get("/segments/migration", response_model=Paged[AnswerOut], responses=FILES)
def get_migration(who: Viewer, given: Given, request: Request, view: Annotated[RulesParams, Query()]) -> Response:
    """How many customers went from which segment to which in the period."""
    return _analysed(request, given, who, "customers.migration", view, {"preset": view.preset})


@router.get("/segments/audience", response_model=Paged[AnswerOut], responses=FILES)
def get_audience(who: Viewer, given: Given, request: Request, view: Annotated[AudienceParams, Query()]) -> Response:
    """The members of a segment who allow a use of their data. What is masked for the one who asks stays masked."""
    scope, shop = given.scope(who), given.shop
    asked = {key: value for key, value in _days(view).items() if value is not None}
    members = {
        "preset": view.preset,
        "segment": view.segment,
        "search": view.search,
        "campaign": view.campaign,
        "limit": 0,
    }
    answer = shop.analyse("customers.list", scope=scope, as_of=view.as_of, **members, **asked)
    table = answer.table
    if view.at_risk:
        leaving = shop.analyse("customers.churn_risk", scope=scope, as_of=view.as_of, limit=0, **asked)
        known = leaving.table["customer_id"] if leaving.columns else pa.array([], pa.string())
        table = table.filter(pc.is_in(table["customer_id"], value_set=known))
    table = shop.consented(table, view.purpose)
    answer = replace(answer, table=table, row_count=table.num_rows)
    told = {
        "preset": view.preset, "segment": view.segment, "campaign": view.campaign, "at_risk": view.at_risk,
        "purpose": view.purpose, "rows": table.num_rows,
    }  # fmt: skip
    told_download(given, who, request, "audience:customers", format=view.format, **told)
    if view.format == "json":
        made = as_json(answer)
        response = Response(made.plain, media_type=made.media_type)
    else:
        kinds = [view.segment, view.campaign, "at risk" if view.at_risk else ""]
        response = as_file(answer, view.format, ["audience", *filter(None, kinds), view.purpose])
    response.headers["Cache-Control"] = "no-store"  # consent can be taken back at any time, so nothing of it is kept
    return response


@router.get("/cohorts", response_model=Paged[AnswerOut], responses=FILES)
def list_cohorts(who: Viewer, given: Given, request: Request, view: Annotated[CohortParams, Query()]) -> Response:
    """Cohorts of customers, and what became of each in every month since."""
    parameters = {"measure": view.measure, "by": view.by, "months": view.months}
    return _analysed(request, given, who, "customers.cohorts", view, parameters)


@router.get("/segments/rules", response_model=Envelope[RulesOut])
@asks_nothing
def list_segment_rules(who: Viewer, given: Given) -> Response:
    """Every rule set: the presets, and those of the shop's own."""
    _check(given, who)
    own = [{**read(kept.rules).to_dict(), "version": kept.version} for kept in _sets(given)]
    fields = [
        {
            "name": field.name,
            "title": field.title,
            "description": field.description,
            "low": field.low if field.low != float("-inf") else None,
            "high": field.high,
            "step": field.step,
        }
        for field in FIELDS.values()
    ]
    return ok({"sets": [preset.to_dict() | {"version": None} for preset in PRESETS.values()] + own, "fields": fields})


@router.post("/segments/rules", response_model=Envelope[RuleSetOut], status_code=201)
@asks_nothing
def add_segment_rules(who: Writer, given: Given, request: Request, asked: RuleSetIn) -> Response:
    """Keep a new rule set."""
    return _keep(given, who, request, asked, None)


@router.put("/segments/rules/{name}", response_model=Envelope[RuleSetOut])
@asks_nothing
def change_segment_rules(name: str, who: Writer, given: Given, request: Request, asked: ChangedRuleSet) -> Response:
    """Keep other rules under the same name. Refused where somebody else changed them meanwhile."""
    if asked.name != name:
        raise QuestionError(f"The rules are called {asked.name}, not {name}: a name does not change.", field="name")
    return _keep(given, who, request, asked, asked.version)


@router.delete("/segments/rules/{name}", response_model=Envelope[RuleSetOut])
@asks_nothing
def remove_segment_rules(name: str, who: Writer, given: Given, request: Request) -> Response:
    """Remove a rule set of the shop's own; what it was."""
    _check(given, who)
    with given.shop.database.write() as session:
        before = drop(session, name)
        audit.record(
            session, who=who.name, action="segment_rules.removed", subject=f"segment_rules:{name}", before=before,
            address=address_of(request) or None,
        )  # fmt: skip
    return ok(read(before).to_dict() | {"version": None})


@router.post("/segments/preview", response_model=Envelope[RulesPreview])
def preview_segment_rules(who: Viewer, given: Given, asked: RulesPreviewIn) -> Response:
    """What rules would make of the customers, before they are kept."""
    _check(given, who)
    rules = read(asked.rules.model_dump())
    question = {key: value for key, value in _days(asked).items() if value is not None}
    sizes = preview(given.shop.asker(given.scope(who), asked.as_of), question, rules)
    return ok({"sizes": sizes, "doubts": doubts(rules)})


def _keep(given: Services, who: SignedIn, request: Request, asked: RuleSetIn, version: int | None) -> Response:
    _check(given, who)
    rules = read(asked.model_dump(exclude={"version"}))
    made = rules.to_dict()
    with given.shop.database.write() as session:
        before = keep(session, rules.name, made, who.name, version)
        audit.record(
            session, who=who.name, action=f"segment_rules.{'created' if version is None else 'changed'}",
            subject=f"segment_rules:{rules.name}", before=before, after=made, address=address_of(request) or None,
        )  # fmt: skip
    return ok(made | {"version": (version or 0) + 1}, status=201 if version is None else 200)


def _sets(given: Services) -> list[SegmentRules]:
    return SegmentSets(given.shop.database).all()


def _check(given: Services, who: SignedIn) -> None:
    """Raises NotAllowedError where customers are not open to the one who asks."""
    check_analysis(given.scope(who), given.shop.catalogue.analysis("customers.segments"))


def _days(view: ViewParams | ViewIn) -> dict[str, Any]:
    where = view.filters() if isinstance(view, ViewIn) else view.where
    return {"start": view.from_, "end": view.to, "period": view.period, "where": where or None}


def _analysed(
    request: Request, given: Services, who: SignedIn, name: str, view: ViewParams, parameters: dict[str, Any]
) -> Response:
    """The response of an analysis over a view."""
    return analysed(request, given, who, name, view.as_of, view.format, parameters | _days(view))
