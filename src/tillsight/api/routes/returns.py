"""The return desk: list, board and single returns; begin one, take its steps, inspect, give back, exchange, settle conflicts.

Everybody to whom the module returns is open looks; managers and administrators work. Every change names the `version` that it
was decided on; where somebody else was faster it is refused (409) with the newer state.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Query, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from tillsight.accounts import By, SignedIn
from tillsight.api.access import Door, Viewer, Writer, address_of
from tillsight.api.envelope import Envelope, Paged, ok
from tillsight.api.questions import FILES, Format, as_file
from tillsight.api.services import Given
from tillsight.api.telling import told_download
from tillsight.core.errors import NotAllowedError
from tillsight.database import DeskOutcome, DeskStep
from tillsight.domains.returns.prevention import MEASURES
from tillsight.domains.returns.reasons import GROUPS, REASONS
from tillsight.metrics.masking import masked_answer, masked_plain
from tillsight.metrics.permission import check_search
from tillsight.returns_desk import (
    CONDITIONS,
    DISPOSITIONS,
    OUTCOME_TITLES,
    SORTS,
    STATES,
    STEP_TITLES,
    Details,
    ExchangeItem,
    InspectedItem,
    RefundWanted,
    Wanted,
    WantedItem,
)
from tillsight.returns_desk.photos import MOST_BYTES

PHOTO = {name: {"schema": {"type": "string", "format": "binary"}} for name in ("image/png", "image/jpeg")}
router = APIRouter(prefix="/api/v1/returns", tags=["returns"], route_class=Door)

ReturnId = Annotated[str, Path(min_length=1, max_length=200)]
PhotoId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6)]
Units = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
Text = Annotated[str, Field(max_length=2000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Change(_Body):
    """A change of a return. `version`: the one that it was decided on."""

    version: int = Field(ge=1)


class Choice(BaseModel):
    """A word of the desk, and what it is called."""

    value: str
    title: str


class ReasonOut(BaseModel):
    """A reason for a return."""

    value: str
    title: str
    group: str
    is_size: bool


class StepWord(BaseModel):
    """A step: what it is called, the state it stands for, how long a return should stay there at most."""

    value: DeskStep
    title: str
    status: str
    target_hours: int | None


class MeasureWord(BaseModel):
    """What can be done against returns, and the reasons that it cures."""

    value: str
    cures: list[str]


class WordsOut(BaseModel):
    """What the desk offers to choose from. `may_work`: the one who asks may change returns; `sees_photos`: he may look at photos."""

    steps: list[StepWord]
    outcomes: list[Choice]
    dispositions: list[Choice]
    conditions: list[Choice]
    reasons: list[ReasonOut]
    measures: list[MeasureWord]
    window_days: int
    may_work: bool
    sees_photos: bool


class ReturnItem(BaseModel):
    """A return in a list. Age and target in hours, null once it is closed. `goods_value`: what the goods were sold for, at the
    prices of the order. `allowed`: the steps that may follow."""

    return_id: str
    shop_id: str
    order_id: str | None
    customer_id: str | None
    initiated_at: datetime
    step: DeskStep
    step_title: str
    status: str
    step_at: datetime
    outcome: DeskOutcome
    outcome_title: str
    refund_total: Decimal | None
    currency: str
    tracking_number: str | None
    carrier: str | None
    units: Decimal | None
    products: str | None
    reasons: str | None
    goods_value: Decimal | None
    age_hours: float | None
    target_hours: int | None
    is_overdue: bool
    owned: bool
    conflict: bool
    version: int
    allowed: list[DeskStep]


class BoardStep(BaseModel):
    """A step on the board: how many returns are there, how many too long, and those that wait longest."""

    step: DeskStep
    title: str
    status: str
    target_hours: int | None
    count: int
    overdue: int
    oldest_hours: float | None
    returns: list[ReturnItem]


class BoardOut(BaseModel):
    """The board of open returns. `waiting`: changes that the next release will bring; `known_to`: up to when sources are known."""

    steps: list[BoardStep]
    open: int
    overdue: int
    conflicts: int
    known_to: datetime
    waiting: int


class TrackedOut(BaseModel):
    """A row of the tracking record."""

    return_id: str
    order_id: str | None
    product_id: str | None
    user_id: str | None
    original_order_date: date | None
    return_initiated_date: date | None
    return_received_date: date | None
    return_reason: str | None
    size_returned: str | None
    condition_rating: int | None
    refund_amount: Decimal | None
    exchange_requested: bool
    new_size_requested: str | None
    status: str
    notes: str | None


class FoundOrder(BaseModel):
    """An order that was found."""

    order_id: str
    customer_id: str | None
    placed_at: datetime
    currency: str
    channel: str | None
    country: str | None
    order_status: str
    units: Decimal | None


class OrderLine(BaseModel):
    """A line of an order: what of it may still come back, and what may still be given back, with tax."""

    order_line_id: str
    product_id: str | None
    product_name: str | None
    size: str | None
    colour: str | None
    bought: Decimal
    returned: Decimal
    returnable: Decimal
    unit_price: Decimal
    paid: Decimal
    refundable: Decimal
    parent_line_id: str | None
    why_not: str | None


class OrderOut(BaseModel):
    """An order as the desk sees it."""

    order_id: str
    shop_id: str
    customer_id: str | None
    placed_at: datetime
    currency: str
    channel: str | None
    country: str | None
    is_cancelled: bool
    days_from_purchase: int
    window_days: int
    in_window: bool
    shipping: Decimal
    lines: list[OrderLine]


class ActionOut(BaseModel):
    """Something that can be done with a return now."""

    step: DeskStep
    title: str


class ItemOut(BaseModel):
    """A product in a return. `refundable`: what giving its money back would be, with tax."""

    line_id: str
    order_line_id: str | None
    product_id: str
    product_name: str | None
    quantity: Decimal
    reason_code: str | None
    reason: str | None
    reason_detail: str | None
    size_returned: str | None
    new_size_requested: str | None
    condition_rating: int | None
    condition_received: str | None
    disposition: str | None
    resaleable: bool | None
    inspection_notes: str | None
    sale_price: Decimal | None
    restocked_value: Decimal | None
    refund_amount: Decimal | None
    refundable: Decimal


class RefundOut(BaseModel):
    """A part of the money that was given back, with tax."""

    kind: str
    line_id: str
    amount: Decimal
    tax_amount: Decimal
    method: str
    refunded_at: datetime


class ExchangeOut(BaseModel):
    """A product that was sent in place of another. `additional_payment`: negative where the shop paid back."""

    line_id: str
    original_product_id: str
    exchange_product_id: str
    quantity: Decimal
    additional_payment: Decimal


class HistoryOut(BaseModel):
    """A change of a return: who, when, what. `step`: null where another thing than the step was changed."""

    at: datetime
    who: str
    action: str
    step: DeskStep | None
    note: str | None
    version: int
    changed: dict[str, Any]


class Difference(BaseModel):
    """A value that desk and source hold otherwise."""

    field: str
    ours: str | None
    theirs: str | None


class ConflictOut(BaseModel):
    """What a later load says otherwise of a return that is worked here."""

    source: str
    load: str
    known_at: datetime
    differences: list[Difference]


class PhotoOut(BaseModel):
    """A photo of goods; the picture is at `/returns/{return_id}/photos/{photo_id}`."""

    photo_id: int
    line_id: str | None
    media_type: str
    width: int
    height: int
    taken_at: datetime
    taken_by: str


class ReturnOut(BaseModel):
    """A return, whole. `owned`: false where nobody here has touched it yet; `in_release`: the release that has this version."""

    return_id: str
    shop_id: str
    label_number: str | None
    order_id: str | None
    customer_id: str | None
    origin: str
    owned: bool
    step: DeskStep
    step_title: str
    status: str
    outcome: DeskOutcome
    outcome_title: str
    actions: list[ActionOut]
    channel: str | None
    location_id: str | None
    carrier: str | None
    tracking_number: str | None
    currency: str
    ordered_at: datetime | None
    initiated_at: datetime
    received_at: datetime | None
    inspected_at: datetime | None
    refunded_at: datetime | None
    exchanged_at: datetime | None
    completed_at: datetime | None
    step_at: datetime
    age_hours: float | None
    target_hours: int | None
    is_overdue: bool
    refund_total: Decimal | None
    restocking_fee: Decimal | None
    processing_cost: Decimal | None
    shipping_cost: Decimal | None
    disposal_cost: Decimal | None
    shipping_refundable: Decimal
    override_reason: str | None
    override_by: str | None
    rejection_reason: str | None
    inspection_notes: str | None
    notes: str | None
    version: int
    in_release: int | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    photos: list[PhotoOut]
    items: list[ItemOut]
    refunds: list[RefundOut]
    exchanges: list[ExchangeOut]
    history: list[HistoryOut]
    conflict: ConflictOut | None


class CreateItem(_Body):
    """A product to return."""

    order_line_id: str = Field(min_length=1, max_length=200)
    quantity: Units
    reason_code: str = Field(min_length=1, max_length=60)
    reason_detail: Text | None = None
    new_size_requested: str | None = Field(None, max_length=60)


class CreateIn(_Body):
    """A return to begin. `override_reason`: why it is taken back after the return window."""

    order_id: str = Field(min_length=1, max_length=200)
    items: list[CreateItem] = Field(min_length=1, max_length=200)
    outcome: DeskOutcome = "refund"
    channel: str | None = Field(None, max_length=60)
    notes: Text | None = None
    override_reason: Text | None = None


class StatusIn(Change):
    """A step to take. `note`: the reason of a rejection, else a remark."""

    step: str = Field(min_length=1, max_length=60)
    note: Text | None = None
    carrier: str | None = Field(None, max_length=60)
    tracking_number: str | None = Field(None, max_length=100)


class InspectedIn(_Body):
    """What the inspection of a product found; 1 is worst, 5 as new."""

    line_id: str = Field(min_length=1, max_length=200)
    condition_rating: int = Field(ge=1, le=5)
    disposition: str = Field(min_length=1, max_length=40)
    notes: Text | None = None
    restocked_value: Money | None = None


class InspectionIn(Change):
    """An inspection of every product of a return."""

    items: list[InspectedIn] = Field(min_length=1, max_length=200)
    notes: Text | None = None


class RefundLineIn(_Body):
    """What is given back for a product, with tax."""

    line_id: str = Field(min_length=1, max_length=200)
    amount: Money


class RefundIn(Change):
    """Money to give back. `lines`: null for what was paid; `restocking_fee`: kept from it; `method`: original or store_credit."""

    lines: list[RefundLineIn] | None = Field(None, max_length=200)
    shipping: Money = Decimal(0)
    goodwill: Money = Decimal(0)
    restocking_fee: Money = Decimal(0)
    method: str = Field("original", max_length=20)
    note: Text | None = None


class ExchangeLineIn(_Body):
    """A product to send instead. `unit_price`: with tax; null for that of the catalogue."""

    line_id: str = Field(min_length=1, max_length=200)
    product_id: str = Field(min_length=1, max_length=200)
    unit_price: Money | None = None


class ExchangeIn(Change):
    """What is sent in place of each product of a return."""

    items: list[ExchangeLineIn] = Field(min_length=1, max_length=200)
    note: Text | None = None


class DetailsIn(Change):
    """What may be changed at any time; null leaves it, an empty text or 0 takes it away."""

    outcome: DeskOutcome | None = None
    carrier: str | None = Field(None, max_length=60)
    tracking_number: str | None = Field(None, max_length=100)
    notes: Text | None = None
    processing_cost: Money | None = None
    shipping_cost: Money | None = None
    disposal_cost: Money | None = None


class SettleIn(Change):
    """How a conflict with the source is settled: ours or theirs."""

    keep: str = Field(max_length=10)


class BulkReturn(_Body):
    """One return of many."""

    return_id: str = Field(min_length=1, max_length=200)
    version: int = Field(ge=1)


class BulkIn(_Body):
    """A step to take with many returns."""

    returns: list[BulkReturn] = Field(min_length=1, max_length=500)
    step: str = Field(min_length=1, max_length=60)
    note: Text | None = None


class BulkOut(BaseModel):
    """What became of one return of many."""

    return_id: str
    done: bool
    version: int | None
    step: str | None
    code: str | None
    message: str | None


class ListParams(BaseModel):
    """Which returns, and which page of them."""

    model_config = ConfigDict(extra="forbid")

    search: str = Field(
        "", max_length=200, description="part of a number of return, order, customer, parcel or product"
    )
    step: list[str] = Field([], max_length=20)
    status: str | None = Field(None, max_length=20, description="pending, approved, completed or rejected")
    outcome: str | None = Field(None, max_length=20)
    reason: str | None = Field(None, max_length=60, description="code of a reason")
    origin: str | None = Field(None, max_length=20, description="desk or source")
    overdue: bool = False
    conflict: bool = False
    open: bool = Field(False, description="only those that are not closed")
    start: str | None = Field(None, alias="from", max_length=10)
    end: str | None = Field(None, alias="to", max_length=10)
    sort: str = Field(
        "-initiated_at", max_length=40, description=f"one of {', '.join(SORTS)}; with - in front the largest first"
    )
    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(50, ge=1, le=500)

    def filters(self) -> list[str]:
        """What the list was narrowed by, without the values, which may be a person's."""
        return sorted(self.model_fields_set - {"sort", "page", "per_page", "format"})

    def wanted(self) -> Wanted:
        """As the listing takes it."""
        return Wanted(
            self.search,
            tuple(self.step),
            self.status,
            self.outcome,
            self.reason,
            self.origin,
            self.overdue,
            self.conflict,
            self.open,
            self.start,
            self.end,
            self.sort,
        )


class ListedParams(ListParams):
    """Which returns, and which page of them; as a file all of them."""

    format: Format = "json"


@router.get("/desk", response_model=Envelope[WordsOut])
def get_desk_words(who: Viewer, given: Given) -> Response:
    """What the desk offers to choose from: steps with targets, outcomes, dispositions, conditions, reasons, measures."""
    _look(who)
    desk = given.shop.settings.return_desk
    return ok(
        {
            "steps": [
                {"value": step, "title": title, "status": STATES[step], "target_hours": desk.target_hours.get(step)}
                for step, title in STEP_TITLES.items()
            ],
            "outcomes": [{"value": value, "title": title} for value, title in OUTCOME_TITLES.items()],
            "dispositions": [{"value": value, "title": title} for value, title in DISPOSITIONS.items()],
            "conditions": [{"value": str(value), "title": title} for value, title in CONDITIONS.items()],
            "reasons": [
                {"value": one.code, "title": one.title, "group": GROUPS[one.group], "is_size": one.is_size}
                for one in REASONS
            ],
            "measures": [{"value": measure, "cures": list(reasons)} for measure, reasons in MEASURES.items()],
            "window_days": desk.window_days,
            "may_work": who.role in ("admin", "manager"),
            "sees_photos": not who.scope.masked,
        }
    )


@router.get("/board", response_model=Envelope[BoardOut])
def get_return_board(who: Viewer, given: Given) -> Response:
    """Open returns by step: counts, ages against the targets, and those that have waited longest."""
    _look(who)
    return ok(_shown(who, given.shop.returns.board()))


@router.get("/list", response_model=Paged[list[ReturnItem]], responses=FILES)
def list_returns(who: Viewer, given: Given, request: Request, params: Annotated[ListedParams, Query()]) -> Response:
    """Returns with search, filters and an order, page by page; as a file all that fit."""
    _look(who, params.search)
    if params.format != "json":
        found = given.shop.returns.whole(params.wanted())
        told_download(given, who, request, "returns:list", format=params.format, filters=params.filters())
        return as_file(masked_answer(found) if who.scope.masked else found, params.format, ["returns"])
    rows, total = given.shop.returns.page(params.wanted(), params.page, params.per_page)
    return ok(_shown(who, rows), (params.page, params.per_page, total))


@router.get("/tracking", response_model=Paged[list[TrackedOut]])
def list_tracking(who: Viewer, given: Given, params: Annotated[ListParams, Query()]) -> Response:
    """The tracking record, one row per product in a return; pages are of returns."""
    _look(who, params.search)
    rows, total = given.shop.returns.tracked(params.wanted(), params.page, params.per_page)
    return ok(_shown(who, rows), (params.page, params.per_page, total))


@router.get("/orders", response_model=Envelope[list[FoundOrder]])
def find_orders(who: Viewer, given: Given, search: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Orders by part of their number, by customer or e-mail address; the newest first."""
    _look(who, search)
    return ok(_shown(who, given.shop.returns.orders(search)))


@router.get("/orders/{order_id}", response_model=Envelope[OrderOut])
def get_returnable_order(order_id: ReturnId, who: Viewer, given: Given) -> Response:
    """An order, and what of it may still come back."""
    _look(who)
    return ok(_shown(who, given.shop.return_desk.order(order_id)))


@router.post("/create", response_model=Envelope[ReturnOut], status_code=201)
def create_return(body: CreateIn, who: Writer, given: Given, request: Request) -> Response:
    """Begin a return of an order. Never more than was bought and has not come back; after the window with a reason alone."""
    made = given.shop.return_desk.create(
        body.order_id,
        [WantedItem(**item.model_dump()) for item in body.items],
        body.outcome,
        _by(who, request),
        channel=body.channel,
        notes=body.notes,
        override_reason=body.override_reason,
    )
    return ok(_shown(who, made), status=201)


@router.post("/bulk", response_model=Envelope[list[BulkOut]])
def move_returns(body: BulkIn, who: Writer, given: Given, request: Request) -> Response:
    """Take the same step with many returns, each by itself."""
    chosen = [(one.return_id, one.version) for one in body.returns]
    results = given.shop.return_desk.bulk(chosen, body.step, _by(who, request), body.note)
    return ok([vars(one) for one in results])


@router.get("/{return_id}", response_model=Envelope[ReturnOut])
def get_return(return_id: ReturnId, who: Viewer, given: Given) -> Response:
    """A return with its products, money, history, and what can be done next."""
    _look(who)
    return ok(_shown(who, given.shop.return_desk.get(return_id)))


@router.put("/{return_id}/status", response_model=Envelope[ReturnOut])
def put_return_status(return_id: ReturnId, body: StatusIn, who: Writer, given: Given, request: Request) -> Response:
    """Take a step. One that may not follow is refused with those that may."""
    desk = given.shop.return_desk
    moved = desk.move(
        return_id,
        body.version,
        body.step,
        _by(who, request),
        note=body.note,
        carrier=body.carrier,
        tracking_number=body.tracking_number,
    )
    return ok(_shown(who, moved))


@router.put("/{return_id}/inspection", response_model=Envelope[ReturnOut])
def put_inspection(return_id: ReturnId, body: InspectionIn, who: Writer, given: Given, request: Request) -> Response:
    """Write down what the inspection found."""
    items = [InspectedItem(**item.model_dump()) for item in body.items]
    return ok(
        _shown(who, given.shop.return_desk.inspect(return_id, body.version, items, _by(who, request), body.notes))
    )


@router.post("/{return_id}/refund", response_model=Envelope[ReturnOut])
def refund_return(return_id: ReturnId, body: RefundIn, who: Writer, given: Given, request: Request) -> Response:
    """Give money back: what was paid, a part of it, shipping, goodwill; less a fee; as money or store credit."""
    wanted = RefundWanted(
        {line.line_id: line.amount for line in body.lines} if body.lines is not None else None,
        body.shipping,
        body.goodwill,
        body.restocking_fee,
        body.method,
        body.note,
    )
    return ok(_shown(who, given.shop.return_desk.refund(return_id, body.version, wanted, _by(who, request))))


@router.post("/{return_id}/exchange", response_model=Envelope[ReturnOut])
def exchange_return(return_id: ReturnId, body: ExchangeIn, who: Writer, given: Given, request: Request) -> Response:
    """Send other products instead; the difference is paid on top, or given back."""
    items = [ExchangeItem(**item.model_dump()) for item in body.items]
    return ok(
        _shown(who, given.shop.return_desk.exchange(return_id, body.version, items, _by(who, request), body.note))
    )


@router.patch("/{return_id}", response_model=Envelope[ReturnOut])
def change_return(return_id: ReturnId, body: DetailsIn, who: Writer, given: Given, request: Request) -> Response:
    """Change the wanted outcome, the parcel, costs or notes."""
    details = Details(**body.model_dump(exclude={"version"}))
    return ok(_shown(who, given.shop.return_desk.change(return_id, body.version, details, _by(who, request))))


@router.post("/{return_id}/photos", response_model=Envelope[ReturnOut], status_code=201)
def add_photo(
    return_id: ReturnId,
    who: Writer,
    given: Given,
    request: Request,
    photo: Annotated[UploadFile, File(description="a PNG or a JPEG of 3 MB at most")],
    version: Annotated[int, Form(ge=1)],
    line_id: Annotated[str | None, Form(max_length=200)] = None,
) -> Response:
    """Keep a photo of the goods, of one product or of the whole parcel."""
    content = photo.file.read(MOST_BYTES + 1)
    return ok(
        _shown(who, given.shop.return_desk.add_photo(return_id, version, content, _by(who, request), line_id)),
        status=201,
    )


@router.get("/{return_id}/photos/{photo_id}", response_class=Response, responses={200: {"content": PHOTO}})
def get_photo(return_id: ReturnId, photo_id: PhotoId, who: Viewer, given: Given) -> Response:
    """A photo. Who sees persons masked sees none."""
    _look(who)
    if who.scope.masked:
        raise NotAllowedError("Photos may show whose goods they are; an administrator can show them to you.")
    content, media_type = given.shop.return_desk.photo(return_id, photo_id)
    headers = {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
    }
    return Response(content, media_type=media_type, headers=headers)


@router.delete("/{return_id}/photos/{photo_id}", response_model=Envelope[ReturnOut])
def remove_photo(
    return_id: ReturnId,
    photo_id: PhotoId,
    version: Annotated[int, Query(ge=1)],
    who: Writer,
    given: Given,
    request: Request,
) -> Response:
    """Take a photo away."""
    return ok(_shown(who, given.shop.return_desk.remove_photo(return_id, version, photo_id, _by(who, request))))


@router.put("/{return_id}/conflict", response_model=Envelope[ReturnOut])
def settle_conflict(return_id: ReturnId, body: SettleIn, who: Writer, given: Given, request: Request) -> Response:
    """Settle what the source says otherwise: keep ours, or take theirs."""
    return ok(_shown(who, given.shop.return_desk.settle(return_id, body.version, body.keep, _by(who, request))))


def _shown(who: SignedIn, found: Any) -> Any:
    """What was found, with persons masked for those who need not see them."""
    return masked_plain(found) if who.scope.masked else found


def _look(who: SignedIn, search: str = "") -> None:
    """Raises NotAllowedError where the module is closed to the one who asks, he may see some rows alone, or he looks for a
    person by an address and sees persons masked."""
    check_search(who.scope, search)
    if not who.scope.sees("returns"):
        raise NotAllowedError(
            "The return desk belongs to the module returns, which is not open to you; an administrator can open it.",
            module="returns",
        )
    if who.scope.rows:
        raise NotAllowedError(
            "The return desk shows returns whole, and you may see some rows alone; an administrator can change that."
        )


def _by(who: SignedIn, request: Request) -> By:
    return By(who.name, address_of(request) or None)
