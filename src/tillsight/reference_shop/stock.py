"""Stock: what left and what came back, day by day, and the receipts and transfers that make it so.

Sales come first; supply is planned from them, as if the buyer had known. Every location gets, at the start of each of its cycles,
what the cycle will take and a little more, so stock never falls below zero. The planted exceptions are the sold-out spans (the last
cycle before one is bought exactly, and the next delivery is late) and the receipts that were booked too late.

Arrays are SKU × location × day, units. Location 0 is the warehouse, the others are the stores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tillsight.reference_shop import columns as c
from tillsight.reference_shop.calendar import DAY_MICROSECONDS, Days, index_of
from tillsight.reference_shop.catalogue import Catalogue
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.customers import RETAIL
from tillsight.reference_shop.hashing import EXPONENTIAL, Bools, Ints, Stream
from tillsight.reference_shop.masters import location_names
from tillsight.reference_shop.orders import Orders
from tillsight.reference_shop.returns import (
    DAMAGED,
    EXCHANGE,
    INSPECTED,
    REFURBISHED,
    RESTOCKED,
    SCRAPPED,
    SETTLED,
    TO_SUPPLIER,
    Returns,
)
from tillsight.reference_shop.truths import CURRENCY, SHOP, SUPPLIERS, Truths

STORE_CYCLE = 14
WAREHOUSE_CYCLE = 42
COUNT_EVERY = 91
LAST_CYCLE = 20
"""Before a sold-out span, the last receipt lies at least so many days back."""
CLOCK = {
    "receipt": 6 * 3_600,
    "early": 6 * 3_600 + 1_800,
    "shelf": 8 * 3_600,
    "evening": 16 * 3_600,
    "count": 22 * 3_600,
}
SALE, RETURN, ADJUSTMENT, WRITE_OFF, SUPPLIER_RETURN, PURCHASE, TRANSFER, OPENING, COUNT = range(9)
TYPES = ("sale", "return", "adjustment", "write_off", "supplier_return", "purchase", "transfer", "opening", "count")


@dataclass
class Supply:
    """Receipts of one location. `opening`: the stock of the first day; `after_span`: the delivery that ends a sold-out span."""

    sku: Ints
    day: Ints
    units: Ints
    opening: Bools
    after_span: Bools


class Stock:
    """Keeps the flows of the spans, then plans and writes supply, snapshots and counts."""

    def __init__(self, writer: Writer, catalogue: Catalogue, truths: Truths) -> None:
        self.writer = writer
        self.catalogue = catalogue
        self.truths = truths
        self.days: Days = catalogue.days
        self.places = location_names(catalogue.size.stores)
        shape = (catalogue.count, len(self.places), self.days.count)
        self.out: npt.NDArray[np.int32] = np.zeros(shape, dtype=np.int32)
        self.back: npt.NDArray[np.int32] = np.zeros(shape, dtype=np.int32)
        self.waiting: npt.NDArray[np.int32] = np.zeros((catalogue.count, self.days.count + 1), dtype=np.int32)
        self.ids = pa.array(catalogue.ids, pa.string())
        self.spans = {
            catalogue.ids.index(name): (index_of(first), index_of(last)) for name, first, last in truths.stockouts.spans
        }
        self._parts = _parts(catalogue)

    # Flows of a span

    def add(self, orders: Orders, returns: Returns, shipped: Ints) -> None:
        """Write the movements of the goods of a span, and keep what they add up to."""
        self._sales(orders, shipped)
        self._returns(orders, returns)

    def _sales(self, orders: Orders, shipped: Ints) -> None:
        lines = orders.lines
        ours = orders.counts[lines.order] & ~orders.british[lines.order] & ~lines.gift_card
        rows = np.flatnonzero(ours)
        # A set takes its parts from the shelf.
        owner, sku = self._explode(lines.sku[rows])
        rows = rows[owner]
        of = lines.order[rows]
        place = np.where(orders.channel[of] == RETAIL, orders.store[of] + 1, 0)
        units = lines.quantity[rows]
        placed = orders.day[of]
        leaves = np.where(shipped[of] > 0, self.days.day_of(shipped[of]), self.days.count)
        online = place == 0
        np.add.at(self.waiting, (sku[online], placed[online]), units[online])
        np.add.at(self.waiting, (sku[online], leaves[online]), -units[online])
        gone = shipped[of] > 0
        rows, of, sku, place, units, leaves = (part[gone] for part in (rows, of, sku, place, units, leaves))
        np.add.at(self.out, (sku, place, leaves), units)
        text = c.join("S", c.label("", orders.number[of], 7), "-", c.label("", lines.line[rows]))
        # The parts of a set share its line: the part's own number tells them apart.
        part = self.catalogue.is_bundle[lines.sku[rows]]
        text = c.pick(part, c.join(text, "-", c.label("", sku)), text)
        order = c.join("HP", c.label("", orders.number[of], 7))
        self._write(text, sku, place, np.full(len(sku), SALE), -units, shipped[of], order_id=order, reference_id=order)

    def _returns(self, orders: Orders, returns: Returns) -> None:
        of = returns.order[returns.item_return]
        inspected = returns.reached[returns.item_return] >= INSPECTED
        took = np.isin(returns.disposition, (RESTOCKED, REFURBISHED, DAMAGED, SCRAPPED, TO_SUPPLIER))
        rows = np.flatnonzero(inspected & took & ~orders.british[of])
        owner, sku = self._explode(orders.lines.sku[returns.item_line[rows]])
        rows = rows[owner]
        back = returns.item_return[rows]
        order = returns.order[back]
        place = np.where(returns.in_store[back], orders.store[order] + 1, 0)
        fate, units = returns.disposition[rows], returns.quantity[rows]
        moment = returns.at[back, INSPECTED] + np.where(fate == REFURBISHED, 5 * DAY_MICROSECONDS, 0)
        stays = (fate == RESTOCKED) | (fate == REFURBISHED)
        # What is sold out stays so: goods that come back meanwhile wait for the next delivery.
        day = self.days.day_of(moment)
        for number, (first, last) in self.spans.items():
            held = stays & (sku == number) & (day >= first) & (day <= last)
            moment = np.where(
                held, self.days.moments(np.full(len(day), last + 1), np.full(len(day), CLOCK["shelf"])), moment
            )
        day = self.days.day_of(moment)
        inside = day < self.days.count
        rows, back, order, sku, place, units, fate, stays, moment, day = (
            part[inside] for part in (rows, back, order, sku, place, units, fate, stays, moment, day)
        )
        np.add.at(self.back, (sku[stays], place[stays], day[stays]), units[stays])
        key = c.join(
            c.label("R", orders.number[order], 7), "-", c.label("", orders.lines.line[returns.item_line[rows]])
        )
        key = c.join(key, "-", c.label("", sku))
        ids = c.join("HP", c.label("", orders.number[order], 7))
        desk = c.label("R", orders.number[order], 7)
        self._write(
            key, sku, place, np.full(len(sku), RETURN), units, moment, order_id=ids, return_id=desk, reference_id=desk
        )
        lost = np.flatnonzero(~stays)
        kind = np.where(fate[lost] == TO_SUPPLIER, SUPPLIER_RETURN, WRITE_OFF)
        taken = pa.array(lost)
        self._write(
            c.join(key.take(taken), "-out"), sku[lost], place[lost], kind, -units[lost], moment[lost],
            return_id=desk.take(taken), reference_id=desk.take(taken),
            reason=c.words(("damaged", "scrapped", "defective"), np.select([fate[lost] == DAMAGED, fate[lost] == SCRAPPED], [0, 1], 2)),
        )  # fmt: skip
        self._exchanges(orders, returns)

    def _exchanges(self, orders: Orders, returns: Returns) -> None:
        """The other size leaves the warehouse when the exchange is settled."""
        sent = (returns.kind == EXCHANGE) & (returns.reached >= SETTLED)
        rows = np.flatnonzero(sent[returns.item_return] & ~orders.british[returns.order[returns.item_return]])
        back = returns.item_return[rows]
        moment, sku, units = returns.at[back, SETTLED], returns.new_sku[rows], returns.quantity[rows]
        place = np.zeros(len(rows), dtype=np.int64)
        np.add.at(self.out, (sku, place, self.days.day_of(moment)), units)
        desk = c.label("R", orders.number[returns.order[back]], 7)
        key = c.join("X", desk, "-", c.label("", orders.lines.line[returns.item_line[rows]]))
        self._write(
            key, sku, place, np.full(len(rows), ADJUSTMENT), -units, moment,
            return_id=desk, reference_id=desk, reason=c.constant("exchange", len(rows)),
        )  # fmt: skip

    def _explode(self, skus: Ints) -> tuple[Ints, Ints]:
        """For each SKU of a line its stocked parts: the position of the line and the SKU of the part."""
        first, count, parts = self._parts
        many = count[skus]
        owner = np.repeat(np.arange(len(skus)), many)
        step = np.arange(len(owner)) - np.repeat(np.cumsum(many) - many, many)
        return owner, parts[first[skus[owner]] + step]

    def _write(
        self, key: c.Array, sku: Ints, place: Ints, kind: Ints, units: Ints, moment: Ints, **more: c.Array
    ) -> None:
        if len(sku) == 0:
            return
        self.writer.write(
            "inventory_movements",
            {
                "shop_id": c.constant(SHOP, len(sku)),
                "line_id": key,
                "product_id": self.ids.take(pa.array(sku)),
                "location_id": c.words(self.places, place),
                "movement_type": c.words(TYPES, kind),
                "quantity": c.quantity(units),
                "currency": c.constant(CURRENCY, len(sku)),
                "occurred_at": c.moment(moment),
                **more,
            },
        )

    # Supply

    def finish(self) -> Truths:
        """Plan and write receipts, transfers, counts and snapshots; gives the truths with the late bookings."""
        self._count_differences()
        stores = [self._plan_store(place) for place in range(1, len(self.places))]
        self._send(stores)
        warehouse = self._plan_warehouse()
        booked, truths = self._book_late(warehouse)
        self._write_openings(stores, warehouse)
        self._write_purchases(warehouse, booked)
        self._settle(stores, warehouse, booked)
        self._write_counts()
        self._write_snapshots()
        return truths

    @property
    def _stocked(self) -> Bools:
        return np.asarray(~self.catalogue.is_bundle & ~self.catalogue.is_gift_card)

    def _first_day(self, before_launch: int) -> Ints:
        """The first day of stock of each SKU: some days before its launch, or the first day of the shop."""
        return np.maximum(self.catalogue.styles.launch[self.catalogue.style] - before_launch, 0)

    def _count_differences(self) -> None:
        """What the counts will find: a unit lost or found, drawn before supply is planned so that it is there to be lost."""
        plan = self.truths.stock_errors
        self.count_days = np.arange(COUNT_EVERY - 1, self.days.count, COUNT_EVERY)
        sku, place, number = np.meshgrid(
            np.arange(self.catalogue.count), np.arange(len(self.places)), np.arange(len(self.count_days)), indexing="ij"
        )
        draw = Stream("count.difference").unit(sku.ravel(), place.ravel(), number.ravel()).reshape(sku.shape)
        lost = draw < plan.count_difference * plan.loss_share
        found = ~lost & (draw < plan.count_difference)
        day = self.count_days[number]
        allowed = self._stocked[sku] & (day > self._first_day(0)[sku] + 30)
        for product, (first, last) in self.spans.items():
            # The days around a sold-out span are left alone.
            allowed[product] &= (day[product] < first - LAST_CYCLE - 5) | (day[product] > last + 5)
        self.difference = np.where(allowed, np.where(found, 1, 0) - np.where(lost, 1, 0), 0)
        for index, when in enumerate(self.count_days.tolist()):
            self.out[:, :, when] += np.maximum(-self.difference[:, :, index], 0).astype(np.int32)
            self.back[:, :, when] += np.maximum(self.difference[:, :, index], 0).astype(np.int32)

    def _cycles(self, begin: Ints, phase: Ints, length: int) -> tuple[Ints, Ints, Bools]:
        """Starts of the cycles of every SKU, in order: SKU, day, and whether the start follows a sold-out span."""
        count = self.days.count // length + 2
        sku = np.repeat(np.arange(self.catalogue.count), count)
        day = (phase[:, None] + np.arange(count)[None, :] * length).ravel()
        keep = (day > begin[sku] + 2) & (day < self.days.count) & self._stocked[sku]
        for number, (first, last) in self.spans.items():
            keep &= (sku != number) | (day < first - LAST_CYCLE) | (day > last + 1)
        mine = np.flatnonzero(self._stocked)
        late = np.array(sorted(self.spans), dtype=np.int64)
        resume = np.array([self.spans[number][1] + 1 for number in late.tolist()], dtype=np.int64)
        sku = np.concatenate([mine, sku[keep], late])
        after = np.concatenate([np.zeros(len(mine) + int(keep.sum()), dtype=bool), np.ones(len(late), dtype=bool)])
        day = np.concatenate([begin[mine], day[keep], resume])
        order = np.lexsort((day, sku))
        return sku[order], day[order], after[order]

    def _plan(self, place: int, begin: Ints, phase: Ints, length: int, spare: float, pack: Ints | None) -> Supply:
        """What each cycle of a location has to bring: enough for every day of it, never a day below zero."""
        sku, day, after = self._cycles(begin, phase, length)
        days = self.days.count
        out = np.cumsum(self.out[:, place], axis=1, dtype=np.int64)
        back = np.cumsum(self.back[:, place], axis=1, dtype=np.int64)
        # Goods leave before others come back on the same day: the worst case of the day.
        worst = (out - np.concatenate([np.zeros((len(back), 1), dtype=np.int64), back[:, :-1]], axis=1)).ravel()
        net = (out - back).ravel()
        start = sku * days + day
        stop = np.concatenate([start[1:], [len(worst)]])
        last_of_sku = np.concatenate([sku[1:] != sku[:-1], [True]])
        stop = np.where(last_of_sku, (sku + 1) * days, stop)
        before = np.where(day > 0, net[np.maximum(start - 1, 0)], 0)
        # One more value, so that the end of the last cycle can be named.
        worst = np.append(worst, 0)
        highest = np.maximum.reduceat(worst, np.stack([start, stop], axis=1).ravel())[::2]
        need = np.maximum(highest - before, 0)
        taken = net[stop - 1] - before
        # The cycle that ends in a sold-out span is bought exactly; the others with something to spare.
        exact = np.concatenate([after[1:], [False]])
        extra = np.ceil(need * spare).astype(np.int64) + Stream("stock.spare").between(1, 3, sku, day)
        extra = np.where(exact, 0, extra)
        if place == 0:
            extra = extra + self._overbought(sku, day)
        number = np.arange(len(sku)) - np.searchsorted(sku, sku)
        units = np.zeros(len(sku), dtype=np.int64)
        left = np.zeros(self.catalogue.count, dtype=np.int64)
        for cycle in range(int(number.max()) + 1):
            rows = np.flatnonzero(number == cycle)
            product = sku[rows]
            wanted = np.maximum(need[rows] + extra[rows] - left[product], 0)
            if pack is not None:
                wanted = np.where(exact[rows], wanted, -(-wanted // pack[product]) * pack[product])
            units[rows] = wanted
            left[product] = left[product] + wanted - taken[rows]
            self._clear(place, product[exact[rows]], left)
        return Supply(sku, day, units, (number == 0) & (day == 0), after)

    def _overbought(self, sku: Ints, day: Ints) -> Ints:
        """What is bought too much with the last order before a product is taken off the pages."""
        plan = self.truths.dead_stock
        dead = np.isin(sku, [self.catalogue.ids.index(name) for name in plan.products])
        before = dead & (day < index_of(plan.since))
        last = before & ~np.append(before[1:] & (sku[1:] == sku[:-1]), False)
        return np.where(last, plan.units, 0)

    def _clear(self, place: int, products: Ints, left: Ints) -> None:
        """What would be left at the start of a sold-out span is found missing by a count on the evening before."""
        for product in products.tolist():
            surplus = int(left[product])
            if surplus > 0:
                evening = self.spans[product][0] - 1
                self.out[product, place, evening] += surplus
                moment = self.days.moments(np.array([evening]), np.array([CLOCK["count"]]))
                key = c.label(f"CL{place}-", [product])
                self._write(
                    key, np.array([product]), np.array([place]), np.array([COUNT]), np.array([-surplus]), moment,
                    reason=c.constant("count before delivery", 1),
                )  # fmt: skip
                left[product] = 0

    def _plan_store(self, place: int) -> Supply:
        begin = self._first_day(3)
        phase = np.full(self.catalogue.count, 4 + 3 * place % STORE_CYCLE)
        return self._plan(place, begin, phase, STORE_CYCLE, 0.3, None)

    def _send(self, stores: list[Supply]) -> None:
        """Write the transfers to the stores; the warehouse loses the goods the day before they arrive."""
        for index, supply in enumerate(stores):
            place = index + 1
            rows = np.flatnonzero((supply.units > 0) & ~supply.opening)
            sku, day, units = supply.sku[rows], supply.day[rows], supply.units[rows]
            # After a sold-out span the goods are rushed on the morning of the delivery.
            rushed = supply.after_span[rows]
            leaves = np.where(rushed, day, day - 1)
            np.add.at(self.out, (sku, np.zeros(len(sku), dtype=np.int64), leaves), units)
            sent = self.days.moments(leaves, np.where(rushed, CLOCK["early"], CLOCK["evening"]))
            received = self.days.moments(day, np.full(len(day), CLOCK["shelf"]))
            name = c.join(c.label(f"T{place:02d}-", day, 4))
            self.writer.write(
                "transfers",
                {
                    "shop_id": c.constant(SHOP, len(sku)),
                    "transfer_id": name,
                    "line_id": self.ids.take(pa.array(sku)),
                    "product_id": self.ids.take(pa.array(sku)),
                    "from_location_id": c.constant(self.places[0], len(sku)),
                    "to_location_id": c.constant(self.places[place], len(sku)),
                    "quantity_sent": c.quantity(units),
                    "quantity_received": c.quantity(units),
                    "sent_at": c.moment(sent),
                    "expected_at": c.moment(received),
                    "received_at": c.moment(received),
                    "cost_amount": c.money(units * 35 + 120),
                    "currency": c.constant(CURRENCY, len(sku)),
                    "status": c.constant("received", len(sku)),
                },
            )
            key = c.join(name, "-", self.ids.take(pa.array(sku)))
            kind = np.full(len(sku), TRANSFER)
            zero = np.zeros(len(sku), dtype=np.int64)
            self._write(c.join(key, "-out"), sku, zero, kind, -units, sent, transfer_id=name, reference_id=name)
            cost = c.money(self.catalogue.costs[self.catalogue.style[sku], day].astype(np.int64))
            self._write(
                c.join(key, "-in"),
                sku,
                zero + place,
                kind,
                units,
                received,
                transfer_id=name,
                reference_id=name,
                unit_cost=cost,
            )

    def _plan_warehouse(self) -> Supply:
        supplier = self.catalogue.styles.supplier[self.catalogue.style]
        pack = np.where(self.catalogue.garment >= 0, 5, 6)
        return self._plan(0, self._first_day(9), 9 + 6 * np.maximum(supplier, 0), WAREHOUSE_CYCLE, 0.15, pack)

    def _book_late(self, supply: Supply) -> tuple[Ints, Truths]:
        """The day on which each receipt was booked: that of the receipt, but for two that were forgotten for some days."""
        plan = self.truths.stock_errors
        booked = supply.day.copy()
        found: list[tuple[str, int, int]] = []
        level = self._levels(supply, booked)
        best = np.argsort(-self.out[:, 0].sum(axis=1), kind="stable")
        for product in best.tolist():
            rows = np.flatnonzero((supply.sku == product) & ~supply.opening & ~supply.after_span & (supply.units > 0))
            for row in rows[len(rows) // 3 :].tolist():
                day, units = int(supply.day[row]), int(supply.units[row])
                stop = min(day + plan.booked_late_days, self.days.count)
                below = np.flatnonzero(level[product, day:stop] - units < 0)
                if len(below) and product not in self.spans and stop < self.days.count:
                    booked[row] = stop
                    found.append((self.catalogue.ids[product], day + int(below[0]), stop - 1))
                    break
            if len(found) == 2:
                break
        dates = self.days.dates
        late = tuple((name, dates[first], dates[last]) for name, first, last in found)
        return booked, replace(self.truths, stock_errors=replace(plan, booked_late=late))

    def _levels(self, supply: Supply, booked: Ints) -> Ints:
        """Stock of the warehouse at the end of each day."""
        flow = self.back[:, 0].astype(np.int64) - self.out[:, 0]
        np.add.at(flow, (supply.sku, booked), supply.units)
        return np.cumsum(flow, axis=1)

    def _write_openings(self, stores: list[Supply], warehouse: Supply) -> None:
        """The stock on the first day."""
        for place, supply in enumerate([warehouse, *stores]):
            rows = np.flatnonzero(supply.opening & (supply.units > 0))
            sku, units = supply.sku[rows], supply.units[rows]
            nil = np.zeros(len(sku), dtype=np.int64)
            cost = c.money(self.catalogue.costs[self.catalogue.style[sku], 0].astype(np.int64))
            key = c.join(f"O{place:02d}-", self.ids.take(pa.array(sku)))
            self._write(key, sku, nil + place, nil + OPENING, units, self.days.moments(nil, nil), unit_cost=cost)

    def _write_purchases(self, supply: Supply, booked: Ints) -> None:
        """Purchase orders behind the receipts of the warehouse, and those that are still on their way."""
        rows = np.flatnonzero((supply.units > 0) & ~supply.opening)
        sku, day, units = supply.sku[rows], supply.day[rows], supply.units[rows]
        supplier = self.catalogue.styles.supplier[self.catalogue.style[sku]]
        lead = np.array([part.lead_days for part in SUPPLIERS])[supplier]
        spread = np.array([part.spread_days for part in SUPPLIERS])[supplier]
        late_share = np.array([part.late_share for part in SUPPLIERS])[supplier]
        late_days = np.array([part.late_days for part in SUPPLIERS])[supplier]
        # Everything of an order (supplier and day of receipt) is as late as the rest of it.
        early = np.rint(np.abs(Stream("purchase.early").normal(supplier, day)) * spread).astype(np.int64)
        late = Stream("purchase.late").chance(late_share, supplier, day)
        behind = 1 + (Stream("purchase.behind").quantile(EXPONENTIAL, supplier, day) * late_days).astype(np.int64)
        delay = np.where(late, behind, -np.minimum(early, lead - 3))
        span = supply.after_span[rows]
        missed = np.array(
            [self.spans[number][1] - self.spans[number][0] + 3 for number in sku[span].tolist()], dtype=np.int64
        )
        delay[span] = missed
        expected = day - delay
        ordered = expected - lead
        name = c.join(c.words([f"PO-{part.supplier_id}-" for part in SUPPLIERS], supplier), c.label("", day, 4))
        name = c.pick(span, c.join(name, "-", c.label("", sku)), name)
        cost = self.catalogue.costs[self.catalogue.style[sku], day].astype(np.int64)
        freight = np.rint(cost * 0.06).astype(np.int64)
        self._orders(
            name,
            sku,
            supplier,
            units,
            cost - freight,
            freight * units,
            ordered,
            expected,
            day,
            np.ones(len(sku), dtype=bool),
        )
        moment = self.days.moments(booked[rows], np.full(len(rows), CLOCK["receipt"]))
        key = c.join(name, "-", self.ids.take(pa.array(sku)))
        self._write(
            key, sku, np.zeros(len(sku), dtype=np.int64), np.full(len(sku), PURCHASE), units, moment,
            purchase_order_id=name, reference_id=name, unit_cost=c.money(cost),
            supplier_id=c.words([part.supplier_id for part in SUPPLIERS], supplier), lot=name,
        )  # fmt: skip
        self._open_orders()

    def _open_orders(self) -> None:
        """Orders placed in the last weeks for the next cycle of each supplier: nothing of them has come yet."""
        sku = np.flatnonzero(self._stocked & (self.out[:, 0, -60:].sum(axis=1) > 0))
        supplier = self.catalogue.styles.supplier[self.catalogue.style[sku]]
        phase = 9 + 6 * supplier
        due = phase + -(-(self.days.count - phase) // WAREHOUSE_CYCLE) * WAREHOUSE_CYCLE
        lead = np.array([part.lead_days for part in SUPPLIERS])[supplier]
        keep = due - lead < self.days.count
        sku, supplier, due, lead = sku[keep], supplier[keep], due[keep], lead[keep]
        units = -(-self.out[sku, 0, -WAREHOUSE_CYCLE:].sum(axis=1).astype(np.int64) // 6) * 6
        name = c.join(c.words([f"PO-{part.supplier_id}-" for part in SUPPLIERS], supplier), c.label("", due, 4))
        cost = self.catalogue.costs[self.catalogue.style[sku], -1].astype(np.int64)
        freight = np.rint(cost * 0.06).astype(np.int64)
        self._orders(
            name,
            sku,
            supplier,
            units,
            cost - freight,
            freight * units,
            due - lead,
            due,
            due,
            np.zeros(len(sku), dtype=bool),
        )

    def _orders(
        self,
        name: c.Array,
        sku: Ints,
        supplier: Ints,
        units: Ints,
        cost: Ints,
        freight: Ints,
        ordered: Ints,
        expected: Ints,
        received: Ints,
        came: Bools,
    ) -> None:
        first = self.days.first
        self.writer.write(
            "purchase_orders",
            {
                "shop_id": c.constant(SHOP, len(sku)),
                "purchase_order_id": name,
                "line_id": self.ids.take(pa.array(sku)),
                "supplier_id": c.words([part.supplier_id for part in SUPPLIERS], supplier),
                "product_id": self.ids.take(pa.array(sku)),
                "location_id": c.constant(self.places[0], len(sku)),
                "quantity_ordered": c.quantity(units),
                "quantity_received": c.quantity(units, came),
                "quantity_rejected": c.quantity(np.zeros(len(sku), dtype=np.int64), came),
                "unit_cost": c.money(cost),
                "freight_amount": c.money(freight),
                "currency": c.constant(CURRENCY, len(sku)),
                "order_date": c.day(first + ordered),
                "expected_date": c.day(first + expected),
                "received_date": c.day(first + received, came),
                "status": c.words(("open", "received"), came.astype(np.int64)),
                "is_cancelled": c.boolean(np.zeros(len(sku), dtype=bool)),
            },
        )

    # What lies where

    def _settle(self, stores: list[Supply], warehouse: Supply, booked: Ints) -> None:
        """Units at the end of each day, as the movements add up: SKU × location × day."""
        flow = self.back.astype(np.int64) - self.out
        for place, supply in enumerate([warehouse, *stores]):
            np.add.at(
                flow, (supply.sku, np.full(len(supply.sku), place), booked if place == 0 else supply.day), supply.units
            )
        self.level = np.cumsum(flow, axis=2)

    def _write_counts(self) -> None:
        """The counts of every quarter, with the corrections that follow from them."""
        launched = self._first_day(0)
        for index, when in enumerate(self.count_days.tolist()):
            for place, name in enumerate(self.places):
                sku = np.flatnonzero(self._stocked & (launched < when) & (self.level[:, place, when] >= 0))
                difference = self.difference[sku, place, index]
                counted = self.level[sku, place, when]
                day = np.full(len(sku), when)
                moment = self.days.moments(day, np.full(len(sku), CLOCK["count"]))
                count = f"SC{when:04d}-{name}"
                cost = c.money(self.catalogue.costs[self.catalogue.style[sku], when].astype(np.int64))
                self.writer.write(
                    "stock_counts",
                    {
                        "shop_id": c.constant(SHOP, len(sku)),
                        "count_id": c.constant(count, len(sku)),
                        "line_id": self.ids.take(pa.array(sku)),
                        "product_id": self.ids.take(pa.array(sku)),
                        "location_id": c.constant(name, len(sku)),
                        "counted_at": c.moment(moment),
                        "system_quantity": c.quantity(counted - difference),
                        "counted_quantity": c.quantity(counted),
                        "unit_cost": cost,
                        "currency": c.constant(CURRENCY, len(sku)),
                        "reason": c.words(("missing", "found"), (difference > 0).astype(np.int64), difference != 0),
                        "counted_by": c.words(("early shift", "late shift"), np.full(len(sku), index % 2)),
                    },
                )
                rows = np.flatnonzero(difference != 0)
                key = c.join(f"{count}-", self.ids.take(pa.array(sku[rows])))
                self._write(
                    key, sku[rows], np.full(len(rows), place), np.full(len(rows), COUNT), difference[rows], moment[rows],
                    reference_id=c.constant(count, len(rows)), reason=c.constant("stock count", len(rows)),
                )  # fmt: skip

    def _write_snapshots(self) -> None:
        """The stock of every Sunday evening and of the last day."""
        sundays = np.flatnonzero(self.days.weekday == 6)
        reserved = np.cumsum(self.waiting, axis=1, dtype=np.int64)
        launched = self._first_day(3)
        nine = np.full(1, 23 * 3_600)
        for when in np.unique(np.append(sundays, self.days.count - 1)).tolist():
            sku = np.repeat(np.flatnonzero(self._stocked & (launched <= when)), len(self.places))
            place = np.tile(np.arange(len(self.places)), len(sku) // len(self.places))
            on_hand = self.level[sku, place, when]
            held = np.where(place == 0, np.maximum(reserved[sku, when], 0), 0)
            moment = np.repeat(self.days.moments(np.array([when]), nine), len(sku))
            self.writer.write(
                "stock_snapshots",
                {
                    "shop_id": c.constant(SHOP, len(sku)),
                    "product_id": self.ids.take(pa.array(sku)),
                    "location_id": c.words(self.places, place),
                    "taken_at": c.moment(moment),
                    "quantity_on_hand": c.quantity(on_hand),
                    "quantity_reserved": c.quantity(held),
                    "quantity_available": c.quantity(on_hand - held),
                    "unit_cost": c.money(self.catalogue.costs[self.catalogue.style[sku], when].astype(np.int64)),
                    "currency": c.constant(CURRENCY, len(sku)),
                },
            )


def _parts(catalogue: Catalogue) -> tuple[Ints, Ints, Ints]:
    """The stocked parts of each SKU in one list: where they begin, how many they are, the list."""
    bundled = dict(catalogue.components)
    parts = [bundled.get(number, (number,)) for number in range(catalogue.count)]
    count = np.array([len(part) for part in parts])
    return np.cumsum(count) - count, count, np.array([number for part in parts for number in part])
