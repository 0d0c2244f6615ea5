"""The customers' endpoints: what single customers are expected to be worth."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.api.access import QuestionDoor, Viewer
from tillsight.api.envelope import Paged
from tillsight.api.questions import FILES, AnswerOut, Day, Format, Moment, NamedPeriod, analysed
from tillsight.api.services import Given

router = APIRouter(prefix="/api/v1/customers", tags=["customers"], route_class=QuestionDoor)


class _Params(BaseModel):
    """Which customers, and the last day that is learnt from: the last one of the period, with data."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    to: Day | None = None
    period: NamedPeriod | None = None
    where: list[str] = Field([], description="by what a first order says: country=France, channel!=web; repeated")
    as_of: Moment | None = None
    format: Format = "json"

    def parameters(self) -> dict[str, object]:
        """What the analysis takes."""
        own = self.model_dump(exclude={"to", "as_of", "format", "where"})
        return own | {"end": self.to, "where": self.where or None}


class ValueParams(_Params):
    """How far ahead, and how many customers."""

    horizon: int = Field(365, ge=1, le=3650, description="days ahead")
    discount: float = Field(10, ge=0, le=100, description="what a year's wait takes off, in percent")
    limit: int = Field(1000, ge=1, le=10_000_000, description="customers to list; totals are over all")
    sort: Literal[
        "-clv", "clv", "-alive", "alive", "-expected_orders", "expected_orders", "-spent", "spent"
    ] = "-clv"  # fmt: skip


class HoldoutParams(_Params):
    """How many days are kept back."""

    days: int = Field(90, ge=7, le=1095, description="days to keep back")


@router.get("/value", response_model=Paged[AnswerOut], responses=FILES)
def list_customer_values(
    who: Viewer, given: Given, request: Request, asked: Annotated[ValueParams, Query()]
) -> Response:
    """What is expected of each customer; the analysis customers.value."""
    return analysed(request, given, who, "customers.value", asked.as_of, asked.format, asked.parameters())


@router.get("/value/holdout", response_model=Paged[AnswerOut], responses=FILES)
def get_customer_value_holdout(
    who: Viewer, given: Given, request: Request, asked: Annotated[HoldoutParams, Query()]
) -> Response:
    """Orders expected and made in the days kept back; the analysis customers.value_holdout."""
    return analysed(request, given, who, "customers.value_holdout", asked.as_of, asked.format, asked.parameters())
