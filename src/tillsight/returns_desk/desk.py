"""The return desk: who brings back what, step by step, with the money and the goods; every change in one write transaction.

A return is known by its number. Every change names the version that it was decided on; when somebody else was faster it is
refused with the newer state. Quantities are checked inside the transaction, over the returns of the desk and those of the
current release together, so that two people cannot take back the same unit twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tillsight.accounts import By
from tillsight.audit import record
from tillsight.core.errors import ConflictError, NotFoundError, QuestionError, TillsightError
from tillsight.core.money import allocate, minor_units, round_money
from tillsight.core.settings import Settings
from tillsight.database import (
    Database,
    DeskEvent,
    DeskExchange,
    DeskItem,
    DeskOutcome,
    DeskPhoto,
    DeskRefund,
    DeskReturn,
    DeskStep,
    now,
)
from tillsight.returns_desk import photos
from tillsight.returns_desk.adopting import adopt, known_to, take_theirs
from tillsight.returns_desk.bought import ZERO, Bought, BoughtLine, note_refunds, read_order
from tillsight.returns_desk.showing import full
from tillsight.returns_desk.words import (
    BY_CODE,
    CLOSED,
    DISPOSITIONS,
    GIVEN_UP,
    OUTCOMES,
    RECEIVED_AS,
    STEP_TITLES,
    STEPS,
    allowed,
)
from tillsight.warehouse.releases import OpenRelease, Releases

SELLABLE = ("restocked", "refurbished")
WORST_SELLABLE = 3
"""Goods in a worse condition do not go back on the shelf."""


class StepNotAllowedError(ConflictError):
    """A step that does not follow the one that the return is at; `allowed` names those that do."""

    code: ClassVar[str] = "STEP_NOT_ALLOWED"


class QuantityError(ConflictError):
    """More than was bought and has not come back yet."""

    code: ClassVar[str] = "QUANTITY_EXCEEDED"


class WindowClosedError(ConflictError):
    """The return window of the order is over; a reason opens it."""

    code: ClassVar[str] = "RETURN_WINDOW_CLOSED"


@dataclass(frozen=True)
class WantedItem:
    """A product that somebody wants to return."""

    order_line_id: str
    quantity: Decimal
    reason_code: str
    reason_detail: str | None = None
    new_size_requested: str | None = None


@dataclass(frozen=True)
class InspectedItem:
    """What the inspection found. `restocked_value`: of all units; the cost of goods that go back on the shelf if not given."""

    line_id: str
    condition_rating: int
    disposition: str
    notes: str | None = None
    restocked_value: Decimal | None = None


@dataclass(frozen=True)
class RefundWanted:
    """Money to give back, with tax. `lines`: amount by line, None for what was paid; `fee`: kept from it."""

    lines: Mapping[str, Decimal] | None = None
    shipping: Decimal = ZERO
    goodwill: Decimal = ZERO
    fee: Decimal = ZERO
    method: str = "original"
    note: str | None = None


@dataclass(frozen=True)
class ExchangeItem:
    """A product to send in place of another. `unit_price`: with tax; None for that of the catalogue."""

    line_id: str
    product_id: str
    unit_price: Decimal | None = None


@dataclass
class Details:
    """What of a return may be changed at any time; None leaves it as it is."""

    outcome: str | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    notes: str | None = None
    processing_cost: Decimal | None = None
    shipping_cost: Decimal | None = None
    disposal_cost: Decimal | None = None

    def given(self) -> dict[str, Any]:
        """Those that are given."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class BulkResult:
    """What became of one return of many."""

    return_id: str
    done: bool
    version: int | None = None
    step: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass
class ReturnDesk:
    """The desk of a workspace. Safe to use from many threads and processes."""

    workspace: Path
    database: Database
    settings: Settings
    releases: Releases
    clock: Callable[[], datetime] = field(default=now)

    # looking

    def order(self, order_id: str) -> dict[str, Any]:
        """An order, and what of it may come back. Raises NotFoundError."""
        release = self.releases.current()
        with self.database.read() as session:
            bought = self._bought(session, release, order_id)
        days = self._days(bought.placed_at)
        window = self.settings.return_desk.window_days
        return {
            "order_id": bought.order_id,
            "shop_id": bought.shop_id,
            "customer_id": bought.customer_id,
            "placed_at": bought.placed_at,
            "currency": bought.currency,
            "channel": bought.channel,
            "country": bought.country,
            "is_cancelled": bought.is_cancelled,
            "days_from_purchase": days,
            "window_days": window,
            "in_window": not window or days <= window,
            "shipping": bought.shipping - bought.shipping_refunded,
            "lines": [
                {
                    "order_line_id": line.order_line_id,
                    "product_id": line.product_id,
                    "product_name": line.product_name,
                    "size": line.size,
                    "colour": line.colour,
                    "bought": line.bought,
                    "returned": line.returned,
                    "returnable": bought.returnable(line),
                    "unit_price": line.unit_price,
                    "paid": line.paid,
                    "refundable": max(line.paid - line.refunded, ZERO),
                    "parent_line_id": line.parent_line_id,
                    "why_not": _why_not(bought, line),
                }
                for line in bought.lines
            ],
        }

    def get(self, return_id: str) -> dict[str, Any]:
        """A return, whole: of the desk, else as the current release has it. Raises NotFoundError."""
        with self.database.read() as session:
            found = _find(session, return_id)
            owned = found is not None
            if found is None:
                found = adopt(self.releases.current(), return_id, self.settings, self.clock())
            return self._shown(session, found, owned=owned)

    # working

    def create(
        self,
        order_id: str,
        items: Sequence[WantedItem],
        outcome: str,
        who: By,
        *,
        channel: str | None = None,
        notes: str | None = None,
        override_reason: str | None = None,
    ) -> dict[str, Any]:
        """Begin a return of an order. Raises NotFoundError, QuestionError, QuantityError, WindowClosedError."""
        chosen = _outcome(outcome)
        if not items:
            raise QuestionError("Choose at least one product to return.", field="items")
        at = self.clock()
        with self.database.write() as session:
            bought = self._bought(session, self.releases.current(), order_id)
            override = self._check_window(bought, override_reason)
            made = DeskReturn(
                shop_id=bought.shop_id,
                return_id="",
                order_id=bought.order_id,
                customer_id=bought.customer_id,
                origin="desk",
                step="initiated",
                outcome=chosen,
                channel=channel,
                currency=bought.currency,
                ordered_at=bought.placed_at,
                initiated_at=at,
                step_at=at,
                processing_cost=self.settings.return_desk.processing_cost or None,
                shipping_cost=(self.settings.return_desk.shipping_cost if chosen != "keep_item" else ZERO) or None,
                notes=notes,
                override_reason=override,
                override_by=who.name if override else None,
                created_at=at,
                created_by=who.name,
                updated_at=at,
                updated_by=who.name,
            )
            for number, item in enumerate(items, start=1):
                made.items.append(_item(bought, item, str(number), _field(items, number)))
            session.add(made)
            session.flush()
            made.return_id = f"D-{made.id:06}"
            made.label_number = f"L{made.id:07}{98 - made.id * 100 % 97:02}"
            self._note(
                session, made, who, "created", at, step="initiated", note=override, changed=_said(made), new=True
            )
            return self._shown(session, made)

    def move(
        self,
        return_id: str,
        version: int | None,
        step: str,
        who: By,
        *,
        note: str | None = None,
        carrier: str | None = None,
        tracking_number: str | None = None,
    ) -> dict[str, Any]:
        """Take a step that needs no more than to be said: label, in transit, received, completed, rejected, cancelled.

        A rejection needs `note`, its reason. Raises StepNotAllowedError; ConflictError for an older version.
        """
        wanted = read_step(step)
        with self.database.write() as session:
            found = self._touched(session, return_id, version, who)
            self._check_step(found, wanted)
            if wanted in ("inspected", "refunded", "exchanged"):
                what = {"inspected": "inspection", "refunded": "refund", "exchanged": "exchange"}[wanted]
                raise QuestionError(
                    f"The step {STEP_TITLES[wanted]} needs details: send them to the {what} of the return.",
                    field="step",
                    send_to=f"/api/v1/returns/{found.return_id}/{what}",
                )
            if wanted == "rejected":
                if not (note or "").strip():
                    raise QuestionError("A rejection needs a reason.", field="note")
                found.rejection_reason = note
            if wanted == "return_label_generated" and found.label_number is None:
                found.label_number = f"L{found.id:07}{98 - found.id * 100 % 97:02}"
            found.carrier = carrier or found.carrier
            found.tracking_number = tracking_number or found.tracking_number
            self._step(session, found, wanted, who, note)
            return self._shown(session, found)

    def inspect(
        self, return_id: str, version: int | None, items: Sequence[InspectedItem], who: By, notes: str | None = None
    ) -> dict[str, Any]:
        """Write down what the inspection found: condition, and what becomes of every product."""
        with self.database.write() as session:
            found = self._touched(session, return_id, version, who)
            self._check_step(found, "inspected")
            by_line = {item.line_id: item for item in items}
            missing = [item.line_id for item in found.items if item.line_id not in by_line]
            unknown = sorted(set(by_line) - {item.line_id for item in found.items})
            if missing or unknown:
                raise QuestionError(
                    f"Inspect every product of the return: line {(missing or unknown)[0]} is "
                    f"{'missing' if missing else 'not in it'}.",
                    field="items",
                )
            for item in found.items:
                _inspect(item, by_line[item.line_id], found)
            found.inspection_notes = notes or found.inspection_notes
            self._step(
                session,
                found,
                "inspected",
                who,
                notes,
                {
                    "items": [
                        {"line": one.line_id, "condition": one.condition_rating, "disposition": one.disposition}
                        for one in found.items
                    ]
                },
            )
            return self._shown(session, found)

    def refund(self, return_id: str, version: int | None, wanted: RefundWanted, who: By) -> dict[str, Any]:
        """Give money back: to where it came from, or as store credit; by line, for shipping, as goodwill; less a fee."""
        with self.database.write() as session:
            found = self._touched(session, return_id, version, who)
            self._check_step(found, "refunded")
            if wanted.method not in ("original", "store_credit"):
                raise QuestionError("Money goes back by original or store_credit.", field="method", value=wanted.method)
            at = self.clock()
            bought = self._bought_of(session, found)
            amounts = self._line_amounts(found, bought, wanted)
            fees = _fees(amounts, wanted.fee, found.currency)
            for item in found.items:
                amount = amounts[item.line_id] - fees[item.line_id]
                _refund_line(found, item, bought, amount, wanted.method, at, wanted.note)
                item.refund_amount = amount
            _refund_rest(found, bought, wanted, at)
            found.restocking_fee = wanted.fee or found.restocking_fee
            found.refund_total = (
                sum((amounts[one] - fees[one] for one in amounts), ZERO) + wanted.shipping + wanted.goodwill
            )
            if wanted.method == "store_credit":
                found.outcome = "store_credit"
            elif found.outcome in ("exchange", "store_credit"):
                found.outcome = "refund"
            changed = {"refund": found.refund_total, "fee": wanted.fee, "method": wanted.method}
            self._step(session, found, "refunded", who, wanted.note, changed, at)
            return self._shown(session, found)

    def exchange(
        self, return_id: str, version: int | None, items: Sequence[ExchangeItem], who: By, note: str | None = None
    ) -> dict[str, Any]:
        """Send other products in place of those that came back. The customer pays what is dearer, and gets back what is cheaper."""
        with self.database.write() as session:
            found = self._touched(session, return_id, version, who)
            self._check_step(found, "exchanged")
            by_line = {item.line_id: item for item in items}
            if set(by_line) != {item.line_id for item in found.items}:
                raise QuestionError("Say for every product of the return what is sent in its place.", field="items")
            at = self.clock()
            release = self.releases.current()
            bought = self._bought_of(session, found)
            total = ZERO
            for item in found.items:
                total += self._exchange_line(release, found, item, bought, by_line[item.line_id], at, note)
            found.outcome = "exchange"
            back = sum((one.amount + one.tax_amount for one in found.refunds), ZERO)
            found.refund_total = back or None
            self._step(session, found, "exchanged", who, note, {"difference": total}, at)
            return self._shown(session, found)

    def change(self, return_id: str, version: int | None, details: Details, who: By) -> dict[str, Any]:
        """Change the wanted outcome, the parcel, costs or notes. The outcome is settled once money or goods went out."""
        given = details.given()
        with self.database.write() as session:
            found = self._touched(session, return_id, version, who)
            if "outcome" in given:
                chosen = _outcome(given["outcome"])
                if chosen != found.outcome and (
                    found.step in (*CLOSED, "refunded", "exchanged")
                    or (found.step != "initiated" and "keep_item" in (chosen, found.outcome))
                ):
                    raise ConflictError(
                        f"The outcome cannot be changed to {chosen} at the step {STEP_TITLES[found.step]}.",
                        field="outcome",
                    )
            before = {name: getattr(found, name) for name in given}
            for name, value in given.items():
                setattr(found, name, value or None)
            self._note(
                session,
                found,
                who,
                "changed",
                self.clock(),
                changed={
                    name: {"before": before[name], "after": getattr(found, name)}
                    for name in given
                    if before[name] != getattr(found, name)
                },
            )
            return self._shown(session, found)

    def settle(self, return_id: str, version: int | None, keep: str, who: By) -> dict[str, Any]:
        """Settle a conflict with the source: keep `ours`, or take `theirs` over."""
        if keep not in ("ours", "theirs"):
            raise QuestionError("A conflict is settled with ours or theirs.", field="keep", value=keep)
        with self.database.write() as session:
            found = self._touched(session, return_id, version, who)
            if found.conflict is None:
                raise ConflictError(f"Return {found.return_id} has no conflict to settle.", field="keep")
            said = found.conflict
            if keep == "theirs":
                take_theirs(found, said, self.clock())
            found.source_digest = said["digest"]
            found.conflict = None
            changed = {"kept": keep, "load": said["load"]}
            step = found.step if keep == "theirs" else None
            self._note(session, found, who, "conflict_settled", self.clock(), step=step, changed=changed)
            return self._shown(session, found)

    def bulk(
        self, chosen: Sequence[tuple[str, int | None]], step: str, who: By, note: str | None = None
    ) -> list[BulkResult]:
        """Take the same step with many returns, each by itself: what cannot take it is said, the others have taken it."""
        results = []
        for return_id, version in chosen:
            try:
                moved = self.move(return_id, version, step, who, note=note)
                results.append(BulkResult(return_id, True, moved["version"], moved["step"]))
            except TillsightError as error:
                results.append(BulkResult(return_id, False, code=error.code, message=error.message))
        return results

    def add_photo(
        self, return_id: str, version: int | None, content: bytes, who: By, line_id: str | None = None
    ) -> dict[str, Any]:
        """Keep a photo of the goods, of one product or of the whole parcel. Raises QuestionError for what is no PNG or JPEG."""
        picture = photos.read(content)
        with self.database.write() as session:
            found = self._touched(session, return_id, version, who)
            if line_id is not None and line_id not in {item.line_id for item in found.items}:
                raise QuestionError(f"The return has no line {line_id}.", field="line_id", value=line_id)
            have = session.scalar(select(func.count()).where(DeskPhoto.return_ref == found.id)) or 0
            if have >= photos.MOST_PHOTOS:
                raise QuestionError(f"A return has {photos.MOST_PHOTOS} photos at most.", field="photo")
            made = DeskPhoto(
                return_ref=found.id,
                line_id=line_id,
                media_type=picture.media_type,
                width=picture.width,
                height=picture.height,
                size=len(picture.content),
                content=photos.sealed(self.workspace, picture.content, found.return_id),
                taken_at=self.clock(),
                taken_by=who.name,
            )
            session.add(made)
            session.flush()
            self._note(session, found, who, "photo_added", self.clock(), changed={"photo": made.id, "line": line_id})
            return self._shown(session, found)

    def photo(self, return_id: str, photo_id: int) -> tuple[bytes, str]:
        """A photo and its type. Raises NotFoundError."""
        with self.database.read() as session:
            found = _find(session, return_id)
            kept = session.get(DeskPhoto, photo_id)
            if found is None or kept is None or kept.return_ref != found.id:
                raise NotFoundError(f"Return {return_id} has no photo {photo_id}.", field="photo_id", value=photo_id)
            return photos.opened(self.workspace, kept.content, found.return_id), kept.media_type

    def remove_photo(self, return_id: str, version: int | None, photo_id: int, who: By) -> dict[str, Any]:
        """Take a photo away. Raises NotFoundError."""
        with self.database.write() as session:
            found = self._touched(session, return_id, version, who)
            kept = session.get(DeskPhoto, photo_id)
            if kept is None or kept.return_ref != found.id:
                raise NotFoundError(f"Return {return_id} has no photo {photo_id}.", field="photo_id", value=photo_id)
            session.delete(kept)
            self._note(session, found, who, "photo_removed", self.clock(), changed={"photo": photo_id})
            return self._shown(session, found)

    # what they stand on

    def _touched(self, session: Session, return_id: str, version: int | None, who: By) -> DeskReturn:
        """A return that is about to change, at the version that was decided on; taken over from the release at the first touch."""
        found = _find(session, return_id)
        if found is None:
            found = adopt(self.releases.current(), return_id, self.settings, self.clock(), who.name)
            session.add(found)
            session.flush()
        if version is None or version != found.version:
            raise ConflictError(
                f"Return {found.return_id} was changed meanwhile by {found.updated_by}: look at it again."
                if version is not None
                else "Say which version of the return the change was decided on.",
                field="version",
                version=found.version,
                step=found.step,
                updated_by=found.updated_by,
                updated_at=found.updated_at.isoformat(),
            )
        return found

    def _check_step(self, found: DeskReturn, step: DeskStep) -> None:
        following = allowed(found.step, found.outcome)
        if step not in following:
            names = ", ".join(STEP_TITLES[one] for one in following) or "none, it is closed"
            raise StepNotAllowedError(
                f"Return {found.return_id} is at the step {STEP_TITLES[found.step]}; {STEP_TITLES[step]} cannot follow. "
                f"What can: {names}.",
                field="step",
                step=found.step,
                allowed=list(following),
            )

    def _step(
        self,
        session: Session,
        found: DeskReturn,
        step: DeskStep,
        who: By,
        note: str | None = None,
        changed: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> None:
        moment = at or self.clock()
        before = found.step
        found.step, found.step_at = step, moment
        stamp = {
            "received": "received_at",
            "inspected": "inspected_at",
            "refunded": "refunded_at",
            "exchanged": "exchanged_at",
            "completed": "completed_at",
            "rejected": "completed_at",
            "cancelled": "completed_at",
        }.get(step)
        if stamp is not None:
            setattr(found, stamp, moment)
        self._note(session, found, who, step, moment, step=step, note=note, changed={"from": before, **(changed or {})})

    def _note(
        self,
        session: Session,
        found: DeskReturn,
        who: By,
        action: str,
        at: datetime,
        *,
        step: str | None = None,
        note: str | None = None,
        changed: Mapping[str, Any] | None = None,
        new: bool = False,
    ) -> None:
        """Write the change into the history and the audit log, and count the version up."""
        if not new:
            found.version += 1
        found.updated_at, found.updated_by = at, who.name
        found.events.append(
            DeskEvent(
                version=found.version,
                at=at,
                who=who.name,
                action=action,
                step=step,
                note=note,
                changed=dict(changed or {}),
            )
        )
        record(
            session,
            who=who.name,
            action=f"return.{action}",
            subject=f"return:{found.return_id}",
            after={
                "version": found.version,
                "step": found.step,
                "outcome": found.outcome,
                "refund": found.refund_total,
            },
            address=who.address,
        )
        session.flush()

    def _shown(self, session: Session, found: DeskReturn, *, owned: bool = True) -> dict[str, Any]:
        release = self.releases.current()
        bought = self._bought_of(session, found)
        at = self.clock() if owned else known_to(release, self.settings)
        shown = full(found, bought, self.settings, at, release, owned=owned)
        kept = select(DeskPhoto).where(DeskPhoto.return_ref == found.id).order_by(DeskPhoto.id)
        shown["photos"] = [
            {
                "photo_id": one.id,
                "line_id": one.line_id,
                "media_type": one.media_type,
                "width": one.width,
                "height": one.height,
                "taken_at": one.taken_at,
                "taken_by": one.taken_by,
            }
            for one in (session.scalars(kept) if found.id is not None else ())
        ]
        return shown

    def _bought(
        self, session: Session, release: OpenRelease, order_id: str, besides: DeskReturn | None = None
    ) -> Bought:
        """An order with what came back: by the release, and by the desk. `besides`: a return that is left out."""
        own = list(session.scalars(select(DeskReturn).where(DeskReturn.order_id == order_id)))
        # A return of the release that is looked at, or just taken over, is not in the table yet.
        mine = {one.return_id for one in own} | ({besides.return_id} if besides is not None else set())
        bought = read_order(release, order_id, self.settings.shop_id, mine)
        note_refunds(release, bought, mine)
        for one in own:
            if one.shop_id != bought.shop_id:
                continue
            for refund in one.refunds:
                if refund.kind != "goodwill":
                    bought.note_refund(
                        refund.order_line_id,
                        refund.product_id,
                        refund.quantity,
                        refund.amount,
                        refund.tax_amount,
                        refund.shipping_amount,
                    )
            if one.step in GIVEN_UP or (besides is not None and one.return_id == besides.return_id):
                continue
            for item in one.items:
                bought.note_return(item.order_line_id, item.product_id, item.quantity)
        return bought

    def _bought_of(self, session: Session, found: DeskReturn) -> Bought | None:
        """The order of a return without the return itself; None where it is unknown."""
        if found.order_id is None:
            return None
        try:
            return self._bought(session, self.releases.current(), found.order_id, found)
        except (NotFoundError, QuestionError):
            return None

    def _days(self, placed_at: datetime) -> int:
        zone = self.settings.zone
        return (self.clock().astimezone(zone).date() - placed_at.astimezone(zone).date()) // timedelta(days=1)

    def _check_window(self, bought: Bought, override: str | None) -> str | None:
        """The reason why the window does not count; None where the order is inside it."""
        window, days = self.settings.return_desk.window_days, self._days(bought.placed_at)
        if not window or days <= window:
            return None
        if not (override or "").strip():
            raise WindowClosedError(
                f"Order {bought.order_id} is {days} days old and the return window is {window} days: "
                "give a reason to take it back all the same.",
                field="override_reason",
                days=days,
                window_days=window,
            )
        return override

    def _line_amounts(self, found: DeskReturn, bought: Bought | None, wanted: RefundWanted) -> dict[str, Decimal]:
        """What is given back for each line, with tax, before a fee; never more than was paid and is not given back yet."""
        given = dict(wanted.lines or {})
        unknown = sorted(set(given) - {item.line_id for item in found.items})
        if unknown:
            raise QuestionError(f"The return has no line {unknown[0]}.", field="lines", value=unknown[0])
        amounts: dict[str, Decimal] = {}
        so_far = deepcopy(bought)  # further items of a line start where the one before ends
        for item in found.items:
            line = so_far.line(item.order_line_id, item.product_id) if so_far else None
            usual = line.part(item.quantity, found.currency) if line else _sale_value(item)
            amount = given.get(item.line_id, usual if wanted.lines is None else ZERO)
            _check_money(amount, found.currency, f"lines.{item.line_id}")
            if amount > usual:
                raise QuestionError(
                    f"Line {item.line_id} can give back {usual} {found.currency} at most: "
                    "what was paid for its units and not given back yet.",
                    field=f"lines.{item.line_id}",
                    most=str(usual),
                )
            amounts[item.line_id] = amount
            if line is not None and amount > 0:
                line.refunded_units += item.quantity
                line.refunded += amount
        for name, amount in (("shipping", wanted.shipping), ("goodwill", wanted.goodwill), ("fee", wanted.fee)):
            _check_money(amount, found.currency, name)
        shipping = bought.shipping - bought.shipping_refunded if bought else ZERO
        if wanted.shipping > shipping:
            raise QuestionError(
                f"Of shipping {max(shipping, ZERO)} {found.currency} can be given back at most.",
                field="shipping",
                most=str(max(shipping, ZERO)),
            )
        if wanted.fee > sum(amounts.values(), ZERO):
            raise QuestionError("The fee is more than what is given back for the products.", field="fee")
        return amounts

    def _exchange_line(
        self,
        release: OpenRelease,
        found: DeskReturn,
        item: DeskItem,
        bought: Bought | None,
        wanted: ExchangeItem,
        at: datetime,
        note: str | None,
    ) -> Decimal:
        """Exchange one line; what the customer pays on top (negative: gets back)."""
        line = bought.line(item.order_line_id, item.product_id) if bought else None
        old = line.part(item.quantity, found.currency) if line else _sale_value(item)
        if wanted.unit_price is not None:
            _check_money(wanted.unit_price, found.currency, "unit_price")
            new = round_money(wanted.unit_price * item.quantity, found.currency)
        elif wanted.product_id == item.product_id:
            new = old
        else:
            new = round_money(_price(release, found, wanted.product_id) * item.quantity, found.currency)
        difference = new - old
        rate_of = line.tax / line.paid if line and line.paid else ZERO
        tax = round_money(difference * rate_of, found.currency)
        found.exchanges.append(
            DeskExchange(
                line_id=item.line_id,
                original_product_id=item.product_id,
                exchange_product_id=wanted.product_id,
                quantity=item.quantity,
                additional_payment=difference,
                tax_amount=tax,
                exchanged_at=at,
            )
        )
        if difference < 0:
            # The unit itself stays sold: only what is cheaper is given back, so no unit is refunded.
            found.refunds.append(
                DeskRefund(
                    line_id=item.line_id,
                    order_line_id=item.order_line_id,
                    product_id=item.product_id,
                    kind="goods",
                    quantity=ZERO,
                    amount=-(difference - tax),
                    tax_amount=-tax,
                    shipping_amount=ZERO,
                    method="original",
                    refunded_at=at,
                    reason=note or "exchange",
                )
            )
            item.refund_amount = -difference
        return difference


def read_step(text: str) -> DeskStep:
    """A step by its name, however it is written: `in_transit`, `In Transit`. Raises QuestionError that names them."""
    plain = text.strip().lower().replace(" ", "_").replace("-", "_")
    for step in STEPS:
        if plain == step:
            return step
    raise QuestionError(f"There is no step {text!r}; there are {', '.join(STEPS)}.", field="step", value=text)


def _find(session: Session, return_id: str) -> DeskReturn | None:
    return session.scalar(select(DeskReturn).where(DeskReturn.return_id == return_id).order_by(DeskReturn.id).limit(1))


def _outcome(text: str) -> DeskOutcome:
    for outcome in OUTCOMES:
        if text == outcome:
            return outcome
    raise QuestionError(f"An outcome is one of {', '.join(OUTCOMES)}, not {text!r}.", field="outcome", value=text)


def _field(items: Sequence[WantedItem], number: int) -> str:
    return f"items.{number - 1}" if len(items) > 1 else "items"


def _why_not(bought: Bought, line: BoughtLine) -> str | None:
    if line.is_gift_card:
        return "A gift card is money: it is not returned here."
    if bought.never_sent:
        return "The order was cancelled before it was sent."
    if bought.returnable(line) <= 0:
        return "All of it has come back already."
    return None


def _item(bought: Bought, wanted: WantedItem, line_id: str, field: str) -> DeskItem:
    """A product of a new return, taken from what the order still allows."""
    line = next((one for one in bought.lines if one.order_line_id == wanted.order_line_id), None)
    if line is None:
        raise QuestionError(
            f"Order {bought.order_id} has no line {wanted.order_line_id}.", field=field, value=wanted.order_line_id
        )
    if wanted.quantity <= 0 or (wanted.quantity % 1 and not line.bought % 1):
        raise QuestionError("Say how many units come back: a whole number above 0.", field=field)
    most = bought.returnable(line)
    if wanted.quantity > most:
        why = _why_not(bought, line)
        raise QuantityError(
            f"Of line {line.order_line_id} ({line.product_name or line.product_id}) {most.normalize():f} can come back, not "
            f"{wanted.quantity.normalize():f}: {line.bought.normalize():f} bought, {line.returned.normalize():f} returned."
            + (f" {why}" if why else ""),
            field=field,
            order_line_id=line.order_line_id,
            returnable=f"{most.normalize():f}",
        )
    if wanted.reason_code not in BY_CODE:
        raise QuestionError(
            f"There is no reason {wanted.reason_code!r}.", field=field, value=wanted.reason_code, known=sorted(BY_CODE)
        )
    bought.take(line, wanted.quantity)
    return DeskItem(
        line_id=line_id,
        order_line_id=line.order_line_id,
        product_id=line.product_id or "unknown",
        product_name=line.product_name,
        quantity=wanted.quantity,
        reason_code=wanted.reason_code,
        reason_category=BY_CODE[wanted.reason_code].group,
        reason_detail=wanted.reason_detail,
        size_returned=line.size,
        new_size_requested=wanted.new_size_requested,
        sale_price=line.unit_price,
        unit_cost=line.unit_cost,
    )


def _inspect(item: DeskItem, seen: InspectedItem, found: DeskReturn) -> None:
    if seen.condition_rating not in RECEIVED_AS:
        raise QuestionError("A condition is 1 (beyond repair) to 5 (as new).", field="condition_rating")
    if seen.disposition not in DISPOSITIONS:
        raise QuestionError(
            f"A disposition is one of {', '.join(DISPOSITIONS)}.", field="disposition", value=seen.disposition
        )
    if (found.outcome == "keep_item") != (seen.disposition == "kept_by_customer"):
        raise QuestionError(
            "Kept by the customer is what becomes of goods that the customer keeps, and of those alone.",
            field="disposition",
            value=seen.disposition,
        )
    if seen.disposition in SELLABLE and seen.condition_rating < WORST_SELLABLE:
        raise QuestionError(
            f"Goods in condition {seen.condition_rating} do not go back on the shelf.", field="disposition"
        )
    defect = item.reason_code is not None and item.reason_code in BY_CODE and BY_CODE[item.reason_code].is_defect
    item.condition_rating = seen.condition_rating
    item.condition_received = (
        "defective" if defect and seen.condition_rating < WORST_SELLABLE else RECEIVED_AS[seen.condition_rating]
    )
    item.disposition = seen.disposition
    item.resaleable = seen.disposition in SELLABLE
    item.inspection_notes = seen.notes
    if seen.disposition in ("scrapped", "kept_by_customer"):
        item.restocked_value = ZERO
    elif seen.restocked_value is not None:
        _check_money(seen.restocked_value, found.currency, "restocked_value")
        item.restocked_value = seen.restocked_value
    elif seen.disposition == "restocked" and item.unit_cost is not None:
        item.restocked_value = round_money(item.unit_cost * item.quantity, found.currency)


def _refund_line(
    found: DeskReturn,
    item: DeskItem,
    bought: Bought | None,
    amount: Decimal,
    method: str,
    at: datetime,
    note: str | None,
) -> None:
    if amount <= 0:
        return
    line = bought.line(item.order_line_id, item.product_id) if bought else None
    tax = line.tax_in(amount, found.currency) if line else ZERO
    found.refunds.append(
        DeskRefund(
            line_id=item.line_id,
            order_line_id=item.order_line_id,
            product_id=item.product_id,
            kind="goods",
            quantity=item.quantity,
            amount=amount - tax,
            tax_amount=tax,
            shipping_amount=ZERO,
            method=method,
            refunded_at=at,
            reason=note or item.reason_code,
        )
    )
    if line is not None:  # a further item of the same line starts where this one ends
        line.refunded_units += item.quantity
        line.refunded += amount
        line.refunded_tax += tax


def _refund_rest(found: DeskReturn, bought: Bought | None, wanted: RefundWanted, at: datetime) -> None:
    """The parts of a refund that are of no product: shipping, goodwill."""
    if wanted.shipping and bought is not None:
        left = bought.shipping - bought.shipping_refunded
        tax = (
            bought.shipping_tax - bought.shipping_tax_refunded
            if wanted.shipping == left
            else round_money(wanted.shipping * bought.shipping_tax / bought.shipping, found.currency)
        )
        found.refunds.append(_part(found, "shipping", ZERO, tax, wanted.shipping - tax, wanted, at))
    if wanted.goodwill:
        found.refunds.append(_part(found, "goodwill", wanted.goodwill, ZERO, ZERO, wanted, at))


def _part(
    found: DeskReturn, kind: str, amount: Decimal, tax: Decimal, shipping: Decimal, wanted: RefundWanted, at: datetime
) -> DeskRefund:
    return DeskRefund(
        line_id=kind,
        kind=kind,
        quantity=ZERO,
        amount=amount,
        tax_amount=tax,
        shipping_amount=shipping,
        method=wanted.method,
        refunded_at=at,
        reason=wanted.note,
    )


def _fees(amounts: Mapping[str, Decimal], fee: Decimal, currency: str) -> dict[str, Decimal]:
    """The fee by line, in proportion to what is given back."""
    parts = allocate(fee, list(amounts.values()), minor_units(currency))
    return dict(zip(amounts, parts, strict=True))


def _sale_value(item: DeskItem) -> Decimal:
    return (item.sale_price or ZERO) * item.quantity


def _check_money(amount: Decimal, currency: str, name: str) -> None:
    if not amount.is_finite() or amount < 0 or amount != round_money(amount, currency):
        raise QuestionError(
            f"An amount is 0 or more, with {minor_units(currency)} decimals in {currency}.",
            field=name,
            value=str(amount),
        )


def _price(release: OpenRelease, found: DeskReturn, product_id: str) -> Decimal:
    rows = release.files.run_sql(
        "SELECT current_price, list_price FROM products WHERE shop_id = ? AND product_id = ?",
        [found.shop_id, product_id],
    ).to_pylist()
    if not rows:
        raise NotFoundError(f"There is no product {product_id!r}.", field="product_id", value=product_id)
    price = rows[0]["current_price"] or rows[0]["list_price"]
    if price is None:
        raise QuestionError(f"The price of {product_id} is not known: give it.", field="unit_price")
    return Decimal(price)


def _said(made: DeskReturn) -> dict[str, Any]:
    return {
        "order": made.order_id,
        "outcome": made.outcome,
        "items": [
            {
                "line": item.order_line_id,
                "product": item.product_id,
                "quantity": item.quantity,
                "reason": item.reason_code,
            }
            for item in made.items
        ],
    }
