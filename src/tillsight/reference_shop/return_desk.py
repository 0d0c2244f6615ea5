"""Writes the physical side of returns: the returns, their items and steps, and the exchanges."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tillsight.reference_shop import columns as c
from tillsight.reference_shop.calendar import Days
from tillsight.reference_shop.catalogue import SIZE_NAMES, Catalogue
from tillsight.reference_shop.cents import divided, summed
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.comments import COATING, LANGUAGES, OPENINGS, SMELL, TEXTS, THEMES
from tillsight.reference_shop.customers import People
from tillsight.reference_shop.hashing import Ints, Stream
from tillsight.reference_shop.masters import location_names
from tillsight.reference_shop.orders import CURRENCIES, Orders
from tillsight.reference_shop.returns import (
    COMPLETED,
    DAMAGED,
    DISPOSITIONS,
    EXCHANGE,
    INITIATED,
    INSPECTED,
    NEVER,
    REASON_GROUPS,
    REASONS,
    RECEIVED,
    REFURBISHED,
    REJECTED,
    RESTOCKED,
    SCRAPPED,
    SETTLED,
    STEPS,
    TO_SUPPLIER,
    TYPES,
    Returns,
)
from tillsight.reference_shop.sales import customer_ids, order_ids, shops
from tillsight.reference_shop.truths import CATEGORIES, Truths

TRACKED = 0.88
ACTORS = ("customer", "system", "carrier", "returns desk", "returns desk", "accounts", "system")
CARRIERS = ("DHL", "Hermes", "DPD", "GLS")


class ReturnDesk:
    """Writes the returns of a span."""

    def __init__(self, writer: Writer, catalogue: Catalogue, people: People, truths: Truths) -> None:
        self.writer = writer
        self.catalogue = catalogue
        self.people = people
        self.truths = truths
        self.days: Days = catalogue.days
        self.places = location_names(catalogue.size.stores)
        self.ids = pa.array(catalogue.ids, pa.string())
        self.names = pa.array(catalogue.names, pa.string())
        said = [
            tuple(opening + text for opening in OPENINGS[language] for text in texts)
            for language in LANGUAGES
            for texts in (*(TEXTS[language][reason] for reason in REASONS), THEMES[SMELL][language], THEMES[COATING][language])
        ]  # fmt: skip
        self._texts = [text for texts in said for text in texts]
        self._first_text = np.cumsum([0, *(len(texts) for texts in said)])[:-1]
        self._text_count = np.array([len(texts) for texts in said])

    def add(self, orders: Orders, returns: Returns) -> None:
        """Write all tables of the returns of a span."""
        if len(returns) == 0:
            return
        self._returns(orders, returns)
        self._items(orders, returns)
        self._events(orders, returns)
        self._exchanges(orders, returns)

    def _steps(self, returns: Returns) -> Ints:
        """The step that each return has reached, as an index into the names of `_step_names`."""
        settled = np.select([returns.kind == EXCHANGE, returns.kind == REJECTED], [len(STEPS), len(STEPS) + 1], SETTLED)
        return np.where(returns.reached == SETTLED, settled, returns.reached)

    def _returns(self, orders: Orders, returns: Returns) -> None:
        of = returns.order
        british = orders.british[of]
        sequence = orders.sequence[of]
        at, reached, kind = returns.at, returns.reached, returns.kind
        rejected = (kind == REJECTED) & (reached >= SETTLED)
        status = np.select([rejected, reached >= SETTLED, reached >= 2], [2, 3, 1], 0)
        paid = summed(returns.net + returns.tax, returns.item_return, len(returns))
        paid = paid + returns.shipping_refund + returns.shipping_tax_refund
        tracked = ~returns.in_store & Stream("return.tracked").chance(TRACKED, sequence) & (reached >= 1)
        units = summed(returns.quantity, returns.item_return, len(returns))
        scrapped = summed((returns.disposition == SCRAPPED).astype(np.int64), returns.item_return, len(returns))
        carrier = Stream("return.carrier").below(len(CARRIERS), sequence)
        lag = self.days.day_of(at[:, INITIATED]) - orders.day[of]
        known = [at[:, step] < NEVER for step in range(len(STEPS))]
        closed = np.where(rejected, at[:, SETTLED], at[:, COMPLETED])
        latest = np.where(at < NEVER, at, 0).max(axis=1)
        self.writer.write(
            "returns",
            {
                "shop_id": shops(british),
                "return_id": c.label("R", returns.number, 7),
                "order_id": order_ids(returns.number, british),
                "customer_id": c.where(orders.guest[of] == 0, customer_ids(self.people, orders.person[of])),
                "initiated_at": c.moment(at[:, INITIATED]),
                "received_at": c.moment(at[:, RECEIVED], known[RECEIVED]),
                "inspected_at": c.moment(at[:, INSPECTED], known[INSPECTED]),
                "refunded_at": c.moment(at[:, SETTLED], returns.refunded),
                "exchanged_at": c.moment(at[:, SETTLED], (kind == EXCHANGE) & (reached >= SETTLED)),
                "completed_at": c.moment(closed, rejected | (reached >= COMPLETED)),
                "return_status": c.words(("pending", "approved", "rejected", "completed"), status),
                "workflow_step": c.words((*STEPS, "exchanged", "rejected"), self._steps(returns)),
                "return_type": c.words(TYPES, kind),
                "exchange_requested": c.boolean(kind == EXCHANGE),
                "channel": c.words(("post", "store"), returns.in_store.astype(np.int64)),
                "location_id": c.words(self.places, np.where(returns.in_store, orders.store[of] + 1, 0), ~british),
                "carrier": c.words(CARRIERS, carrier, tracked),
                "tracking_number": c.label("RT", 50_000_000_000 + returns.number * 97, 0, tracked),
                "currency": c.words(CURRENCIES, orders.currency[of]),
                "total_refund_amount": c.money(paid, returns.refunded),
                "restocking_fee": c.money(np.zeros(len(of), dtype=np.int64)),
                "processing_cost": c.money(180 + 90 * units, known[INSPECTED]),
                "shipping_cost": c.money(np.where(returns.in_store, 0, 449)),
                "disposal_cost": c.money(scrapped * 60, known[INSPECTED]),
                "original_order_date": c.day(self.days.first + orders.day[of]),
                "days_from_purchase": c.integer(lag),
                "inspection_notes": c.where(rejected, c.constant("worn and washed, not as sold", len(of))),
                "created_at": c.moment(at[:, INITIATED]),
                "updated_at": c.moment(latest),
            },
        )

    def _items(self, orders: Orders, returns: Returns) -> None:
        lines = orders.lines
        line, back = returns.item_line, returns.item_return
        of = lines.order[line]
        british = orders.british[of]
        sku = lines.sku[line]
        key = orders.sequence[of]
        sized = self.catalogue.garment[sku] >= 0
        wanted = sized & (returns.kind[back] == EXCHANGE)
        fate = returns.disposition
        seen = fate >= 0
        damaged = (fate == DAMAGED) | (fate == SCRAPPED)
        defective = returns.reason == REASONS.index("manufacturing_defect")
        condition = np.select([defective, damaged, fate == REFURBISHED], [3, 2, 1], 0)
        rating = np.select([defective, damaged, fate == REFURBISHED], [2, 1, 4], 5)
        resaleable = (fate == RESTOCKED) | (fate == REFURBISHED)
        cost = lines.cost[line]
        value = np.select(
            [fate == RESTOCKED, fate == REFURBISHED, fate == TO_SUPPLIER],
            [
                cost * returns.quantity,
                divided(cost * returns.quantity * 70, 100),
                divided(cost * returns.quantity * 90, 100),
            ],
            0,
        )
        topic = self._topics(orders, returns)
        text = self._first_text[topic] + Stream("return.text").below(self._text_count[topic], key, sku)
        says = Stream("return.says").chance(0.7, key, sku)
        groups = [REASON_GROUPS[reason] for reason in REASONS]
        paid = returns.refunded[back]
        taken = pa.array(sku)
        self.writer.write(
            "return_items",
            {
                "shop_id": shops(british),
                "return_id": c.label("R", returns.number[back], 7),
                "line_id": c.label("", lines.line[line]),
                "order_id": order_ids(returns.number[back], british),
                "order_line_id": c.label("", lines.line[line]),
                "product_id": self.ids.take(taken),
                "product_name": self.names.take(taken),
                "quantity": c.quantity(returns.quantity),
                "reason_code": c.words(REASONS, returns.reason),
                "reason_category": c.words(groups, returns.reason),
                "reason_detail": c.words(self._texts, text, says),
                "size_returned": c.words(SIZE_NAMES, np.maximum(self.catalogue.garment[sku], 0), sized),
                "new_size_requested": c.words(
                    SIZE_NAMES, np.maximum(self.catalogue.garment[returns.new_sku], 0), wanted
                ),
                "condition_received": c.words(("new", "opened", "damaged", "defective"), condition, seen),
                "condition_rating": c.integer(rating, seen),
                "resaleable": c.boolean(resaleable, seen),
                "disposition": c.words(DISPOSITIONS, np.maximum(fate, 0), seen),
                "currency": c.words(CURRENCIES, orders.currency[of]),
                "sale_price": c.money(lines.price[line]),
                "refund_amount": c.money(returns.net + returns.tax, paid),
                "unit_cost": c.money(cost, lines.cost_known[line]),
                "restocked_value": c.money(value, seen & lines.cost_known[line]),
                "created_at": c.moment(returns.at[back, INITIATED]),
            },
        )

    def _topics(self, orders: Orders, returns: Returns) -> Ints:
        """What each item's comment is about, and its language, as a place among the lists of texts."""
        plan = self.truths.comments
        lines = orders.lines
        of, sku = lines.order[returns.item_line], lines.sku[returns.item_line]
        key = orders.sequence[of]
        foreign = orders.currency[of] != 0
        language = np.where(foreign, 0, Stream("return.language").choice([share for _, share in plan.languages], key))
        about = returns.reason.copy()
        categories = [category.name for category in CATEGORIES]
        smells = self.catalogue.category[sku] == categories.index(plan.smell_category)
        about[smells & Stream("return.smell").chance(plan.smell_share, key, sku)] = len(REASONS)
        batch = np.isin(sku, [self.catalogue.ids.index(name) for name in self.truths.suppliers.batch_products])
        defect = returns.reason == REASONS.index("manufacturing_defect")
        about[batch & defect & Stream("return.coating").chance(plan.coating_share, key, sku)] = len(REASONS) + 1
        return np.asarray(language * (len(REASONS) + 2) + about)

    def _events(self, orders: Orders, returns: Returns) -> None:
        rows, step = np.nonzero(returns.at < NEVER)
        rejected = (returns.kind[rows] == REJECTED) & (step == SETTLED)
        name = np.where(
            step == SETTLED,
            np.select([returns.kind[rows] == EXCHANGE, rejected], [len(STEPS), len(STEPS) + 1], SETTLED),
            step,
        )
        self.writer.write(
            "return_events",
            {
                "shop_id": shops(orders.british[returns.order[rows]]),
                "return_id": c.label("R", returns.number[rows], 7),
                "line_id": c.label("", step + 1),
                "step": c.words((*STEPS, "exchanged", "rejected"), name),
                "occurred_at": c.moment(returns.at[rows, step]),
                "actor": c.words(ACTORS, step),
            },
        )

    def _exchanges(self, orders: Orders, returns: Returns) -> None:
        done = (returns.kind == EXCHANGE) & (returns.reached >= SETTLED)
        rows = np.flatnonzero(done[returns.item_return])
        if len(rows) == 0:
            return
        back = returns.item_return[rows]
        of = returns.order[back]
        old = orders.lines.sku[returns.item_line[rows]]
        self.writer.write(
            "exchanges",
            {
                "shop_id": shops(orders.british[of]),
                "return_id": c.label("R", returns.number[back], 7),
                "line_id": c.label("", orders.lines.line[returns.item_line[rows]]),
                "original_product_id": self.ids.take(pa.array(old)),
                "exchange_product_id": self.ids.take(pa.array(returns.new_sku[rows])),
                "quantity": c.quantity(returns.quantity[rows]),
                "additional_payment": c.money(np.zeros(len(rows), dtype=np.int64)),
                "currency": c.words(CURRENCIES, orders.currency[of]),
                "exchanged_at": c.moment(returns.at[back, SETTLED]),
            },
        )
