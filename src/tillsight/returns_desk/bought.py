"""What of an order may still come back: its lines with what was paid for each, and what was returned and refunded before.

Read from the current release, in the order's own currency. What was paid for a line is with tax and after every discount, its
share of discounts and taxes of the whole order allocated to the cent as the ledger of sales does it. A bundle and its
components are one stock of goods: what came back as a part cannot come back with the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.core.money import allocate, minor_units, round_money
from tillsight.warehouse.releases import OpenRelease

ZERO = Decimal(0)


@dataclass
class BoughtLine:
    """A line of an order. `paid`: for all units, with tax; `tax`: the tax in it. `returned`, `refunded_units`: units;
    `refunded`, `refunded_tax`: money given back before, with tax, and the tax in it."""

    order_line_id: str
    product_id: str | None
    product_name: str | None
    size: str | None
    colour: str | None
    bought: Decimal
    unit_price: Decimal
    unit_cost: Decimal | None
    is_gift_card: bool
    parent_line_id: str | None
    paid: Decimal = ZERO
    tax: Decimal = ZERO
    returned: Decimal = ZERO
    refunded_units: Decimal = ZERO
    refunded: Decimal = ZERO
    refunded_tax: Decimal = ZERO

    def part(self, units: Decimal, currency: str) -> Decimal:
        """What was paid for the next so many units, with tax, and not given back yet. All parts of a line sum to what was paid."""
        if self.bought <= 0:
            return ZERO

        def upto(number: Decimal) -> Decimal:
            return round_money(self.paid * min(number, self.bought) / self.bought, currency)

        share = upto(self.refunded_units + units) - upto(self.refunded_units)
        return max(min(share, self.paid - self.refunded), ZERO)

    def tax_in(self, amount: Decimal, currency: str) -> Decimal:
        """The tax in an amount of this line; the rest of the tax when it is all that is left."""
        if self.paid <= 0:
            return ZERO
        if amount == self.paid - self.refunded:
            return self.tax - self.refunded_tax
        return round_money(amount * self.tax / self.paid, currency)


@dataclass
class Bought:
    """An order as the desk sees it. `shipping`: paid for shipping, with tax."""

    shop_id: str
    order_id: str
    customer_id: str | None
    placed_at: datetime
    shipped_at: datetime | None
    is_cancelled: bool
    currency: str
    channel: str | None
    country: str | None
    location_id: str | None
    shipping: Decimal
    shipping_tax: Decimal
    lines: list[BoughtLine] = field(default_factory=list)
    shipping_refunded: Decimal = ZERO
    shipping_tax_refunded: Decimal = ZERO

    def line(self, order_line_id: str | None, product_id: str | None = None) -> BoughtLine | None:
        """A line by its key, else the first line of a product."""
        for line in self.lines:
            if line.order_line_id == order_line_id:
                return line
        return next((line for line in self.lines if product_id is not None and line.product_id == product_id), None)

    def returnable(self, line: BoughtLine) -> Decimal:
        """Units of a line that were bought and have not come back, by themselves or with their bundle."""
        if line.is_gift_card or self.never_sent:
            return ZERO
        parts = [one for one in self.lines if one.parent_line_id == line.order_line_id]
        left = line.bought - line.returned
        if line.parent_line_id is not None:
            whole = self.line(line.parent_line_id)
            if whole is not None and whole.bought > 0:
                left -= whole.returned * line.bought / whole.bought
        elif parts and line.bought > 0:
            for part in parts:
                per = part.bought / line.bought
                if per > 0:
                    left = min(left, (line.bought - line.returned) - (part.returned / per))
            left = left.to_integral_value(ROUND_FLOOR)
        return max(left, ZERO)

    @property
    def never_sent(self) -> bool:
        """It was cancelled before anything was sent, so nothing can come back."""
        return self.is_cancelled and self.shipped_at is None

    def take(self, line: BoughtLine, units: Decimal) -> None:
        """Count units of a line as returned."""
        line.returned += units

    def note_return(self, order_line_id: str | None, product_id: str | None, units: Decimal) -> None:
        """Count units that came back: on their line, else on the lines of their product one after the other."""
        named = next((line for line in self.lines if line.order_line_id == order_line_id), None)
        if named is not None:
            named.returned += units
            return
        for line in self.lines:
            if line.product_id == product_id and units > 0:
                taken = min(units, max(line.bought - line.returned, ZERO))
                line.returned += taken
                units -= taken

    def note_refund(
        self,
        order_line_id: str | None,
        product_id: str | None,
        units: Decimal,
        amount: Decimal,
        tax: Decimal,
        shipping: Decimal,
    ) -> None:
        """Count money that was given back. Amounts without tax; the tax of a part of shipping alone is its shipping's."""
        if shipping and not amount:
            self.shipping_refunded += shipping + tax
            self.shipping_tax_refunded += tax
            return
        self.shipping_refunded += shipping
        line = self.line(order_line_id, product_id)
        if line is not None:
            line.refunded_units += units
            line.refunded += amount + tax
            line.refunded_tax += tax


def read_order(release: OpenRelease, order_id: str, shop_id: str, owned: Iterable[str]) -> Bought:
    """An order of a release with what came back and was refunded of it, returns of the desk (`owned`, by number) left out.

    `shop_id`: which shop's order is meant where several have this number. Raises NotFoundError; QuestionError for a test order.
    """
    orders = _rows(
        release,
        "SELECT * FROM orders WHERE order_id = ? ORDER BY shop_id <> ?, shop_id LIMIT 1",
        [order_id, shop_id],
    )
    if not orders:
        raise NotFoundError(f"There is no order {order_id!r} in the current release.", field="order_id", value=order_id)
    head = orders[0]
    if head["is_test"] or head["is_deleted"]:
        raise QuestionError(
            f"Order {order_id} is a test or was deleted: nothing of it can be returned.", field="order_id"
        )
    key = [head["shop_id"], order_id]

    def of_order(table: str) -> list[dict[str, Any]]:
        return _rows(release, f"SELECT * FROM {table} WHERE shop_id = ? AND order_id = ?", key)

    items = _rows(release, "SELECT * FROM order_items WHERE shop_id = ? AND order_id = ? ORDER BY line_id", key)
    gift_cards = {
        row["product_id"]
        for row in _rows(
            release,
            "SELECT p.product_id FROM products p JOIN order_items i ON i.shop_id = p.shop_id AND i.product_id = p.product_id "
            "WHERE i.shop_id = ? AND i.order_id = ? AND p.is_gift_card",
            key,
        )
    }
    names = {
        row["product_id"]: row
        for row in _rows(
            release,
            "SELECT DISTINCT p.product_id, p.product_name, p.size, p.colour FROM products p JOIN order_items i "
            "ON i.shop_id = p.shop_id AND i.product_id = p.product_id WHERE i.shop_id = ? AND i.order_id = ?",
            key,
        )
    }
    shipping = of_order("shipping_lines")
    charged = [row for row in shipping if (row["amount"] or ZERO) > 0]
    bought = Bought(
        shop_id=head["shop_id"],
        order_id=order_id,
        customer_id=head["customer_id"],
        placed_at=utc(head["placed_at"]),
        shipped_at=utc(head["shipped_at"]) if head["shipped_at"] else None,
        is_cancelled=head["order_status"] == "cancelled" or head["cancelled_at"] is not None,
        currency=head["currency"],
        channel=head["channel"],
        country=head["country"],
        location_id=head["location_id"],
        shipping=_sum(charged, "amount") if shipping else (head["shipping_amount"] or ZERO),
        shipping_tax=_sum(charged, "tax_amount") if shipping else (head["shipping_tax_amount"] or ZERO),
    )
    bought.shipping += bought.shipping_tax
    for row in items:
        known = names.get(row["product_id"], {})
        bought.lines.append(
            BoughtLine(
                order_line_id=row["line_id"],
                product_id=row["product_id"],
                product_name=known.get("product_name") or row["product_name"],
                size=row["size"] or known.get("size"),
                colour=row["colour"] or known.get("colour"),
                bought=row["quantity"],
                unit_price=row["unit_price"],
                unit_cost=_unit_cost(row),
                is_gift_card=bool(row["is_gift_card"]) or row["product_id"] in gift_cards,
                parent_line_id=row["parent_line_id"],
            )
        )
    _say_what_was_paid(bought, head, items, of_order("discount_lines"), of_order("tax_lines"))
    mine = set(owned)
    for row in _rows(
        release,
        "SELECT i.return_id, i.order_line_id, i.product_id, i.quantity FROM return_items i JOIN returns r "
        "ON r.shop_id = i.shop_id AND r.return_id = i.return_id WHERE r.shop_id = ? AND coalesce(i.order_id, r.order_id) = ? "
        "AND r.return_status <> 'rejected' ORDER BY i.return_id, i.line_id",
        key,
    ):
        if row["return_id"] not in mine:
            bought.note_return(row["order_line_id"], row["product_id"], row["quantity"])
    return bought


def note_refunds(release: OpenRelease, bought: Bought, own: Iterable[str]) -> None:
    """Count the refunds of the order that a release holds, those of returns of the desk (`own`, by number) left out."""
    mine = {refund_number(return_id) for return_id in own}
    for row in _rows(
        release,
        "SELECT * FROM refunds WHERE shop_id = ? AND order_id = ? AND kind <> 'goodwill'",
        [bought.shop_id, bought.order_id],
    ):
        if row["refund_id"] not in mine:
            bought.note_refund(
                row["order_line_id"],
                row["product_id"],
                row["quantity"],
                row["amount"],
                row["tax_amount"],
                row["shipping_amount"],
            )


def _say_what_was_paid(
    bought: Bought,
    head: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    discounts: Sequence[Mapping[str, Any]],
    taxes: Sequence[Mapping[str, Any]],
) -> None:
    """Allocate discounts and taxes of the whole order over its lines, as the ledger of sales does."""
    currency, places = bought.currency, minor_units(bought.currency)
    sold = [
        (line, row)
        for line, row in zip(bought.lines, items, strict=True)
        if not line.is_gift_card and line.parent_line_id is None
    ]
    if not sold:
        return
    keys = {line.order_line_id for line, _ in sold}

    def by_line(rows: Sequence[Mapping[str, Any]], key: str) -> Decimal:
        return _sum([row for row in rows if row["order_line_id"] == key], "amount")

    def rest(rows: Sequence[Mapping[str, Any]]) -> Decimal:
        return _sum([row for row in rows if row["order_line_id"] not in keys], "amount")

    gross = [line.unit_price * line.bought for line, _ in sold]
    own = [row["discount_amount"] + by_line(discounts, line.order_line_id) for line, row in sold]
    after = [round_money(one - less, currency) for one, less in zip(gross, own, strict=True)]
    order_discount = round_money((head["discount_amount"] or ZERO) + rest(discounts), currency)
    shares = allocate(order_discount, [max(one, ZERO) for one in after], places)
    paid = [one - share for one, share in zip(after, shares, strict=True)]
    stated = _sum([row for _, row in sold], "tax_amount") + (head["tax_amount"] or ZERO)
    own_tax = [row["tax_amount"] if stated else by_line(taxes, line.order_line_id) for line, row in sold]
    order_tax = (head["tax_amount"] or ZERO) if stated else rest(taxes)
    tax_shares = allocate(round_money(order_tax, currency), [max(one, ZERO) for one in paid], places)
    for (line, _), amount, tax, share in zip(sold, paid, own_tax, tax_shares, strict=True):
        line.tax = round_money(tax, currency) + share
        line.paid = max(amount if head["prices_include_tax"] else amount + line.tax, ZERO)
    for line, _ in sold:
        parts = [one for one in bought.lines if one.parent_line_id == line.order_line_id]
        weights = [one.unit_price * one.bought for one in parts]
        weights = weights if any(weights) else [one.bought for one in parts]
        for part, amount, tax in zip(
            parts, allocate(line.paid, weights, places), allocate(line.tax, weights, places), strict=True
        ):
            part.paid, part.tax = amount, tax


def _unit_cost(row: Mapping[str, Any]) -> Decimal | None:
    if row["unit_cost"] is not None:
        return Decimal(row["unit_cost"])
    if row["cost_amount"] is not None and row["quantity"]:
        return Decimal(row["cost_amount"] / row["quantity"])
    return None


def _sum(rows: Sequence[Mapping[str, Any]], column: str) -> Decimal:
    return sum((row[column] or ZERO for row in rows), ZERO)


def _rows(release: OpenRelease, sql: str, parameters: Sequence[object]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = release.files.run_sql(sql, parameters).to_pylist()
    return found


def refund_number(return_id: str) -> str:
    """The number of the refund that the desk makes for a return."""
    return f"refund-{return_id}"


def utc(moment: datetime) -> datetime:
    """A moment of a release, which is in UTC, with its zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
