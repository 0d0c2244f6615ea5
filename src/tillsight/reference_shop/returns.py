"""Returns and refunds, drawn from the orders of a span: which lines come back, why, when, and what becomes of them.

One return belongs to one order; its items are lines of the order. Steps that would lie after the last day have not happened yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tillsight.reference_shop.calendar import Days, index_of
from tillsight.reference_shop.catalogue import SIZE_NAMES, Catalogue
from tillsight.reference_shop.cents import divided, summed
from tillsight.reference_shop.customers import RETAIL, People
from tillsight.reference_shop.hashing import EXPONENTIAL, Bools, Ints, Stream
from tillsight.reference_shop.orders import Orders
from tillsight.reference_shop.truths import CATEGORIES, Truths

STEPS = ("initiated", "return_label_generated", "in_transit", "received", "inspected", "refunded", "completed")
INITIATED, LABEL, TRANSIT, RECEIVED, INSPECTED, SETTLED, COMPLETED = range(7)
REFUND, EXCHANGE, CREDIT, REJECTED = range(4)
TYPES = ("refund", "exchange", "store_credit", "refund")
DEFECT, DAMAGE = "manufacturing_defect", "damaged_on_arrival"
REASONS = (
    "too_small",
    "too_large",
    "wrong_size_ordered",
    "colour_not_as_expected",
    "style_different",
    "material_concerns",
    "not_as_described",
    "no_longer_needed",
    "found_better_price",
    "wrong_item",
    "late_delivery",
    "material_quality",
    "wear_after_use",
    DAMAGE,
    DEFECT,
)
REASON_GROUPS = {
    "too_small": "size and fit",
    "too_large": "size and fit",
    "wrong_size_ordered": "size and fit",
    "colour_not_as_expected": "style",
    "style_different": "style",
    "material_concerns": "style",
    "not_as_described": "product quality",
    "no_longer_needed": "changed mind",
    "found_better_price": "changed mind",
    "wrong_item": "wrong product",
    "late_delivery": "delivery",
    "material_quality": "product quality",
    "wear_after_use": "product quality",
    DAMAGE: "product quality",
    DEFECT: "product quality",
}
DISPOSITIONS = ("restocked", "refurbished", "damaged_stock", "returned_to_supplier", "scrapped", "kept_by_customer")
RESTOCKED, REFURBISHED, DAMAGED, TO_SUPPLIER, SCRAPPED, KEPT = range(6)
NEVER = np.iinfo(np.int64).max // 4
HOUR = 3_600_000_000


@dataclass
class Returns:
    """Returns of a span (`at` by return and step in microseconds, NEVER where it has not happened) and their items."""

    order: Ints
    """Position of the order in the span."""
    number: Ints
    """Number of the order, which names the return."""
    kind: Ints
    in_store: Bools
    at: Ints
    reached: Ints
    """Last step that happened."""
    whole_order: Bools
    shipping_refund: Ints
    shipping_tax_refund: Ints
    item_return: Ints
    """Position of the return of each item."""
    item_line: Ints
    """Position of the order line in the span."""
    quantity: Ints
    reason: Ints
    disposition: Ints
    """Index into DISPOSITIONS; -1 while not inspected."""
    new_sku: Ints
    """SKU that is sent instead when the return is an exchange."""
    net: Ints
    """Refund of the item without tax, cents of the order's currency, once it is given back."""
    tax: Ints

    def __len__(self) -> int:
        return len(self.order)

    @property
    def refunded(self) -> Bools:
        """Returns whose money was given back or credited."""
        return np.asarray((self.reached >= SETTLED) & ((self.kind == REFUND) | (self.kind == CREDIT)))


def draw_returns(orders: Orders, catalogue: Catalogue, people: People, truths: Truths) -> Returns:
    """The returns that the orders of a span lead to, up to the last day of the shop."""
    plan, lines, days = truths.returns, orders.lines, catalogue.days
    key = orders.sequence[lines.order]
    usual, defect = _probabilities(orders, catalogue, people, truths)
    draw = Stream("return.line").unit(key, lines.sku)
    eligible = orders.counts[lines.order] & ~lines.gift_card
    back = np.flatnonzero(eligible & (draw < usual + defect))
    # One return for an order: when it starts, and what becomes of it, is drawn by the order.
    of_order, item_return = np.unique(lines.order[back], return_inverse=True)
    sequence = orders.sequence[of_order]
    lag = plan.first_lag + (Stream("return.lag").quantile(EXPONENTIAL, sequence) * plan.lag_days).astype(np.int64)
    late = Stream("return.late").chance(plan.outside_share, sequence)
    lag = np.where(late, plan.window_days + 1 + lag, np.minimum(lag, plan.window_days))
    in_store = orders.channel[of_order] == RETAIL
    for _ in range(3):
        # Nobody is in the store on Sundays and public holidays, of which three at most follow one another.
        day = np.minimum(orders.day[of_order] + lag, days.count - 1)
        lag = lag + (in_store & (days.retail[day] == 0))
    at = _steps(orders, of_order, sequence, lag, in_store, days)
    happened = at[:, INITIATED] < NEVER
    keep = happened[item_return]
    of_order, at, in_store, sequence = of_order[happened], at[happened], in_store[happened], sequence[happened]
    item_return = (np.cumsum(happened) - 1)[item_return[keep]]
    back = back[keep]
    defective = (draw < defect)[back]
    kind = Stream("return.kind").choice(
        (
            1 - plan.exchange_share - plan.store_credit_share - plan.rejected_share,
            plan.exchange_share,
            plan.store_credit_share,
            plan.rejected_share,
        ),
        sequence,
    )
    reason = _reasons(orders, back, catalogue, people, truths, defective)
    # Only sized clothing is exchanged, for another size; the rest is refunded.
    sized = catalogue.garment[lines.sku[back]] >= 0
    all_sized = np.bincount(item_return, sized, minlength=len(of_order)) == np.bincount(
        item_return, minlength=len(of_order)
    )
    kind = np.where((kind == EXCHANGE) & ~(all_sized & ~in_store), REFUND, kind)
    nobody = orders.person[of_order] < 0
    kind = np.where((kind == CREDIT) & (nobody | (orders.currency[of_order] != 0)), REFUND, kind)
    new_sku = _other_size(lines.sku[back], reason, catalogue)
    kind = np.where(
        _unavailable(new_sku, item_return, at, catalogue, truths), np.where(kind == EXCHANGE, REFUND, kind), kind
    )
    reached = (at < NEVER).sum(axis=1) - 1
    # A rejected return ends with the rejection, in the place of the settlement.
    rejected = kind == REJECTED
    at[:, COMPLETED] = np.where(rejected, NEVER, at[:, COMPLETED])
    reached = np.where(rejected, np.minimum(reached, SETTLED), reached)
    bought = lines.quantity[back]
    part = (bought > 1) & Stream("return.part").chance(0.4, orders.sequence[lines.order[back]], lines.sku[back])
    quantity = np.where(part, 1, bought)
    disposition = _dispositions(back, orders, reason, kind[item_return], reached[item_return])
    net = lines.amount - lines.share - np.where(orders.currency[lines.order] == 2, 0, lines.tax)
    share_net = divided(net[back] * quantity, bought)
    share_tax = divided(lines.tax[back] * quantity, bought)
    american = orders.currency[lines.order[back]] == 2
    order_net = np.bincount(lines.order, net, minlength=len(orders)).astype(np.int64)[lines.order[back]]
    on_top = (orders.state_tax + orders.city_tax)[lines.order[back]]
    share_tax = np.where(american, divided(on_top * share_net, np.maximum(order_net, 1)), share_tax)
    returned_units = summed(quantity, lines.order[back], len(orders))
    units = summed(np.where(lines.gift_card, 0, lines.quantity), lines.order, len(orders))
    whole_order = (returned_units == units)[of_order]
    back_shipping = whole_order & (kind == REFUND) & Stream("return.shipping").chance(0.5, sequence)
    return Returns(
        order=of_order,
        number=orders.number[of_order],
        kind=kind,
        in_store=in_store,
        at=at,
        reached=reached,
        whole_order=whole_order,
        shipping_refund=np.where(back_shipping, orders.shipping[of_order], 0),
        shipping_tax_refund=np.where(back_shipping, orders.shipping_tax[of_order], 0),
        item_return=item_return,
        item_line=back,
        quantity=quantity,
        reason=reason,
        disposition=disposition,
        new_sku=new_sku,
        net=share_net,
        tax=share_tax,
    )


def _probabilities(
    orders: Orders, catalogue: Catalogue, people: People, truths: Truths
) -> tuple[np.ndarray, np.ndarray]:
    """For each line: the chance to come back for the usual reasons, and as defective."""
    lines, plan, suppliers = orders.lines, truths.returns, truths.suppliers
    rates = np.array([category.return_rate for category in CATEGORIES] + [0.04, 0.0])
    usual = rates[catalogue.category[lines.sku]]
    small = np.isin(lines.sku, [catalogue.ids.index(name) for name in plan.small_product])
    usual = np.where(small, np.minimum(usual * plan.small_factor, 0.8), usual)
    # Shops let people try things on: far less comes back.
    usual = np.where(orders.channel[lines.order] == RETAIL, usual * 0.4, usual)
    person = orders.person[lines.order]
    serial = (person >= 0) & people.serial[np.maximum(person, 0)]
    usual = np.where(serial, truths.serial.return_rate, usual)
    batch = np.isin(lines.sku, [catalogue.ids.index(name) for name in suppliers.batch_products])
    day = orders.day[lines.order]
    batch &= (day >= index_of(suppliers.batch_first)) & (day <= index_of(suppliers.batch_last))
    return usual, np.where(batch, suppliers.batch_defect_rate, suppliers.usual_defect_rate)


def _steps(orders: Orders, of_order: Ints, sequence: Ints, lag: Ints, in_store: Bools, days: Days) -> Ints:
    """When each step of each return happens: microseconds, NEVER after the last day or once a step has not happened."""
    begin = days.moments(orders.day[of_order] + lag, days.seconds_of_day(in_store, sequence, 7 + 0 * sequence))
    at = np.empty((len(of_order), len(STEPS)), dtype=np.int64)
    at[:, INITIATED] = begin
    # Hours from one step to the next: at least, and the mean of what comes on top.
    pace = ((1, 4), (10, 26), (30, 40), (4, 30), (3, 30), (1, 10))
    for step, (least, mean) in enumerate(pace, start=1):
        extra = Stream("return.step").quantile(EXPONENTIAL, sequence, step) * mean
        hours = np.where(in_store, extra * 0.02, least + extra)
        at[:, step] = at[:, step - 1] + np.rint(hours * 3_600).astype(np.int64) * 1_000_000 + 60_000_000
        at[:, step] = np.where(in_store, at[:, step], days.working(at[:, step], sequence))
    end = days.moments(np.array([days.count]), np.array([0]))[0]
    return np.where(at < end, at, NEVER)


def _reasons(
    orders: Orders, back: Ints, catalogue: Catalogue, people: People, truths: Truths, defective: Bools
) -> Ints:
    """Why each item comes back."""
    plan, lines = truths.returns, orders.lines
    key, sku = orders.sequence[lines.order[back]], lines.sku[back]
    stream = Stream("return.reason")

    def drawn(reasons: tuple[tuple[str, float], ...]) -> Ints:
        chosen = stream.choice([share for _, share in reasons], key, sku)
        return np.array([REASONS.index(name) for name, _ in reasons])[chosen]

    reason = np.where(catalogue.garment[sku] >= 0, drawn(plan.clothing_reasons), drawn(plan.home_reasons))
    small = np.isin(sku, [catalogue.ids.index(name) for name in plan.small_product])
    reason[small & Stream("return.small").chance(0.75, key, sku)] = REASONS.index("too_small")
    person = orders.person[lines.order[back]]
    serial = (person >= 0) & people.serial[np.maximum(person, 0)] & Stream("return.excuse").chance(0.7, key, sku)
    reason[serial] = np.where(
        Stream("return.worn").chance(0.3, key, sku), REASONS.index("wear_after_use"), REASONS.index("no_longer_needed")
    )[serial]
    reason[defective] = REASONS.index(DEFECT)
    return reason


def _other_size(sku: Ints, reason: Ints, catalogue: Catalogue) -> Ints:
    """The next larger or smaller size of the style where there is one, else the same product again."""
    garment = catalogue.garment[sku]
    larger = (reason == REASONS.index("too_small")) & (garment >= 0) & (garment < len(SIZE_NAMES) - 1)
    smaller = (reason == REASONS.index("too_large")) & (garment > 0)
    return np.asarray(sku + larger - smaller)


def _unavailable(new_sku: Ints, item_return: Ints, at: Ints, catalogue: Catalogue, truths: Truths) -> Bools:
    """Returns for which some product is sold out when it should be sent."""
    settled = at[item_return, SETTLED]
    day = np.where(settled < NEVER, catalogue.days.day_of(np.where(settled < NEVER, settled, 0)), -1)
    out = np.zeros(len(new_sku), dtype=bool)
    for product, first, last in truths.stockouts.spans:
        # A day more on either side: the clock of the parcel is not that of the planner.
        out |= (new_sku == catalogue.ids.index(product)) & (day >= index_of(first) - 1) & (day <= index_of(last) + 1)
    return np.asarray(np.bincount(item_return, out, minlength=len(at)) > 0)


def _dispositions(back: Ints, orders: Orders, reason: Ints, kind: Ints, reached: Ints) -> Ints:
    """What becomes of each item once it is inspected."""
    key, sku = orders.sequence[orders.lines.order[back]], orders.lines.sku[back]
    draw = Stream("return.fate").unit(key, sku)
    fate = np.where(draw < 0.90, RESTOCKED, np.where(draw < 0.96, REFURBISHED, SCRAPPED))
    worn = reason == REASONS.index("wear_after_use")
    fate = np.where(worn, np.where(draw < 0.5, REFURBISHED, DAMAGED), fate)
    broken = (reason == REASONS.index(DAMAGE)) | (reason == REASONS.index("material_quality"))
    fate = np.where(broken, np.where(draw < 0.65, DAMAGED, np.where(draw < 0.85, SCRAPPED, TO_SUPPLIER)), fate)
    defect = reason == REASONS.index(DEFECT)
    fate = np.where(defect, np.where(draw < 0.70, TO_SUPPLIER, DAMAGED), fate)
    fate = np.where(kind == REJECTED, KEPT, fate)
    return np.where(reached >= INSPECTED, fate, -1)
