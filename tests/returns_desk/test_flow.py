"""From the desk into a release: figures, stock, credit; the golden cases that are the desk's; the source that says otherwise."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.returns_desk.test_desk import ANNA, begin, inspected, take
from tests.support.shops import land, line

from tillsight.core.errors import ConflictError, QuestionError
from tillsight.pipeline.current import DESK
from tillsight.returns_desk import ExchangeItem, QuantityError, RefundWanted, Wanted, WantedItem
from tillsight.shop import Shop

D = Decimal


def figures(shop: Shop, names: str, **parts: Any) -> dict[str, Any]:
    row: dict[str, Any] = shop.query(names, **parts).to_records()[0]
    return row


def table(shop: Shop, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.releases.current().files.run_sql(sql).to_pylist()
    return found


def stock(shop: Shop) -> dict[str, Decimal]:
    rows = table(
        shop,
        "SELECT product_id, sum(quantity) AS units FROM inventory_movements GROUP BY ALL HAVING sum(quantity) <> 0",
    )
    return {row["product_id"]: row["units"] for row in rows}


def exchanged(shop: Shop, product: str, **more: Any) -> dict[str, Any]:
    kept = inspected(shop, begin(shop, outcome="exchange"))
    return shop.return_desk.exchange(kept["return_id"], kept["version"], [ExchangeItem("1", product, **more)], ANNA)


def test_a_return_of_the_desk_changes_the_rate_exactly(shop: Shop) -> None:
    """Units sold: o1 3, o2 3, o3 2, o4 1 (the lamp), o5 4: 13. R1 came back, R2 was rejected and counts as returned by its source."""
    span = {"start": "2025-03-01", "end": "2025-06-30"}
    names = "returned_units,return_rate"
    sold = figures(shop, "units_sold", **span)["units_sold"]
    before = figures(shop, names, **span)
    first = shop.releases.current().number
    begin(shop, units="2")
    assert figures(shop, names, **span) == before, "figures are those of the release"
    assert shop.build().number == first + 1
    after = figures(shop, names, **span)
    assert after["returned_units"] == before["returned_units"] + 2
    assert after["return_rate"] == pytest.approx(float((before["returned_units"] + 2) / sold * 100))
    assert shop.build().number == first + 1, "nothing changed, so there is nothing to publish"


def test_the_release_has_the_whole_return(shop: Shop) -> None:
    kept = inspected(shop, begin(shop, notes="=cmd"))
    kept = shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
    shop.build()
    row = table(shop, "SELECT * FROM returns WHERE return_id = 'D-000001'")[0]
    assert (row["_source"], row["workflow_step"], row["return_status"], row["return_type"]) == (
        DESK,
        "refunded",
        "completed",
        "refund",
    )
    assert (row["total_refund_amount"], row["days_from_purchase"], row["original_order_date"].isoformat()) == (
        D("59.50"),
        10,
        "2025-06-10",
    )
    item = table(shop, "SELECT * FROM return_items WHERE return_id = 'D-000001'")[0]
    assert (item["order_line_id"], item["reason_code"], item["disposition"], item["condition_rating"]) == (
        "1",
        "too_small",
        "restocked",
        5,
    )
    assert (item["unit_cost"], item["restocked_value"], item["refund_amount"]) == (D(20), D(20), D("59.50"))
    refund = table(shop, "SELECT * FROM refunds WHERE return_id = 'D-000001'")[0]
    assert (refund["amount"], refund["tax_amount"], refund["quantity"], refund["kind"]) == (
        D(50),
        D("9.50"),
        D(1),
        "goods",
    )
    steps = table(shop, "SELECT step, actor FROM return_events WHERE return_id = 'D-000001' ORDER BY line_id")
    assert Counter(one["step"] for one in steps) == Counter(
        ["initiated", "return_label_generated", "in_transit", "received", "inspected", "refunded"]
    )
    checks = {one["name"]: one["state"] for one in shop.releases.current().record.checks}
    assert {name: state for name, state in checks.items() if "return" in name and state == "failed"} == {}
    # a later step replaces the row and adds its event
    take(shop, kept, "completed")
    shop.build()
    assert table(shop, "SELECT workflow_step FROM returns WHERE return_id = 'D-000001'") == [
        {"workflow_step": "completed"}
    ]
    assert figures(shop, "returned_sales", where="order_id=o1")["returned_sales"] == D(50), "not refunded twice"


@pytest.mark.parametrize(
    ("disposition", "movements", "left"),
    [
        ("restocked", ["return"], {"SHIRT-M": D(1)}),
        ("refurbished", ["return"], {"SHIRT-M": D(1)}),
        ("damaged_stock", ["return", "write_off"], {}),
        ("scrapped", ["return", "write_off"], {}),
        ("returned_to_supplier", ["return", "supplier_return"], {}),
    ],
)
def test_goods_move_with_the_inspection(
    shop: Shop, disposition: str, movements: list[str], left: dict[str, Decimal]
) -> None:
    inspected(shop, begin(shop), disposition, 3)
    shop.build()
    assert [
        row["movement_type"] for row in table(shop, "SELECT movement_type FROM inventory_movements ORDER BY 1")
    ] == movements
    assert stock(shop) == left


# golden case 1


@pytest.mark.feature("RET-03")
@pytest.mark.parametrize(
    ("product", "price", "paid", "net", "taxes"),
    [
        ("SHIRT-M", None, "0", "0", "0"),  # the same once more
        ("SHIRT-L", None, "11.90", "10.00", "1.90"),  # 71.40 for 59.50
        ("SHIRT-S", None, "-11.90", "-10.00", "-1.90"),  # 47.60 for 59.50
        ("SHIRT-L", "59.50", "0", "0", "0"),  # dearer, but as a favour at the old price
    ],
    ids=["same", "up", "down", "equal"],
)
def test_1_an_exchange_keeps_what_it_keeps(
    shop: Shop, product: str, price: str | None, paid: str, net: str, taxes: str
) -> None:
    names = "net_sales,taxes,orders,units_sold"
    before = figures(shop, names)
    kept = exchanged(shop, product, unit_price=D(price) if price else None)
    assert kept["exchanges"][0]["additional_payment"] == D(paid)
    assert kept["step"] == "exchanged"
    shop.build()
    after = figures(shop, names)
    assert after["net_sales"] - before["net_sales"] == D(net)
    assert after["taxes"] - before["taxes"] == D(taxes)
    assert (after["orders"], after["units_sold"]) == (before["orders"], before["units_sold"]), (
        "no order and no unit more"
    )
    day = figures(shop, "net_sales", start="2025-06-20", end="2025-06-20")["net_sales"]
    assert (day or 0) == D(net), "on the day of the exchange"
    assert stock(shop) == ({} if product == "SHIRT-M" else {"SHIRT-M": D(1), product: D(-1)})
    assert table(shop, "SELECT additional_payment FROM exchanges") == [{"additional_payment": D(paid)}]


@pytest.mark.feature("RET-03")
def test_1_store_credit(shop: Shop) -> None:
    kept = inspected(shop, begin(shop, outcome="store_credit"))
    kept = shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(method="store_credit"), ANNA)
    assert kept["outcome"] == "store_credit"
    shop.build()
    assert figures(shop, "returned_sales", where="order_id=o1")["returned_sales"] == D(50)
    credit = table(shop, "SELECT kind, amount, order_id FROM gift_card_entries")
    assert credit == [{"kind": "adjusted", "amount": D("59.50"), "order_id": "o1"}], "the shop owes it"


@pytest.mark.feature("RET-03")
def test_1_the_customer_keeps_the_item(shop: Shop) -> None:
    kept = begin(shop, outcome="keep_item")
    assert [one["step"] for one in kept["actions"]] == ["inspected", "rejected", "cancelled"], "nothing travels"
    kept = inspected(shop, kept, "kept_by_customer", 2)
    kept = shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(lines={"1": D("30")}), ANNA)
    assert kept["items"][0]["restocked_value"] == 0
    shop.build()
    assert stock(shop) == {}, "no goods came back"
    assert figures(shop, "returned_sales", where="order_id=o1")["returned_sales"] == D("25.21")  # 30.00 with 19 % tax


# golden case 2


def test_2_partial_refund_without_restock_and_restock_without_refund(shop: Shop) -> None:
    one = inspected(shop, begin(shop), "scrapped", 1)
    shop.return_desk.refund(one["return_id"], one["version"], RefundWanted(lines={"1": D("11.90")}), ANNA)
    two = inspected(shop, begin(shop, line="2"))
    take(shop, two, "rejected", note="no right to it any more")
    shop.build()
    assert figures(shop, "returned_sales")["returned_sales"] == D(10)
    assert stock(shop) == {"LAMP": D(1)}, "what is rejected after the inspection stays on the shelf"


def test_2_goodwill_with_no_line(shop: Shop) -> None:
    kept = inspected(shop, begin(shop))
    shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(lines={}, goodwill=D(7)), ANNA)
    shop.build()
    row = table(shop, "SELECT kind, order_line_id, quantity, amount, tax_amount FROM refunds")
    assert row == [{"kind": "goodwill", "order_line_id": None, "quantity": D(0), "amount": D(7), "tax_amount": D(0)}]
    assert shop.query("returned_sales", by="product_id").to_records()[0]["returned_sales"] in (D(7), D(0))
    assert figures(shop, "returned_sales")["returned_sales"] == D(7)


# golden cases 3, 4, 7, 8


def test_3_cancelled_before_and_after_it_was_sent(shop: Shop) -> None:
    assert shop.return_desk.order("o6")["lines"][0]["why_not"] == "The order was cancelled before it was sent."
    with pytest.raises(ConflictError):
        begin(shop, "o6")
    sent = {"order_id": "o6", "placed_at": "2025-06-13 10:00:00", "order_status": "cancelled", "currency": "EUR",
            "shipped_at": "2025-06-14 10:00:00", "cancelled_at": "2025-06-15 10:00:00"}  # fmt: skip
    land(shop, {"orders": [sent]}, known_at=datetime(2026, 2, 1, tzinfo=UTC), file="sent.csv")
    shop.build()
    assert begin(shop, "o6")["step"] == "initiated", "what was sent comes back"


def edited(shop: Shop, day: int, units: int, unit_price: str = "50") -> None:
    """The shop edits o1 after it was paid: so many shirts at such a price, with their tax."""
    tax = f"{D(units) * D(unit_price) * D('0.19'):.2f}"
    changed = line("o1", "1", "SHIRT-M", units, unit_price, tax_amount=tax, unit_cost="20", size="M")
    land(shop, {"order_items": [changed]}, known_at=datetime(2026, 3, day, tzinfo=UTC), file=f"edit {day}.csv")
    shop.build()


def test_3_an_order_that_is_edited_after_a_return(shop: Shop) -> None:
    """One of two shirts is on its way back when the order is cut to one, to none, and raised to three again."""
    desk = shop.return_desk
    kept = begin(shop)

    def left() -> Decimal:
        shirt = desk.order("o1")["lines"][0]
        return Decimal(shirt["returnable"])

    edited(shop, 1, 1)
    assert left() == 0
    with pytest.raises(QuantityError, match="1 bought, 1 returned"):
        begin(shop)
    # the return that was begun before goes on, and gives back what was paid for its one shirt
    kept = inspected(shop, kept)
    assert kept["items"][0]["refundable"] == D("59.50")
    edited(shop, 2, 0)
    assert left() == 0, "never below nothing"
    kept = desk.get(kept["return_id"])
    assert kept["step"] == "inspected"
    assert kept["items"][0]["quantity"] == 1
    edited(shop, 3, 3, "40")
    assert left() == 2
    kept = desk.get(kept["return_id"])
    assert kept["items"][0]["refundable"] == D("47.60"), "what was paid in the end"
    kept = desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
    assert kept["refund_total"] == D("47.60")
    begin(shop, units="2")
    with pytest.raises(QuantityError):
        begin(shop)
    shop.build()
    [row] = shop.query("returned_sales,gross_sales", where="order_id=o1").to_records()
    assert (row["returned_sales"], row["gross_sales"]) == (40, 3 * 40 + 30)


def test_4_months_later_across_the_year_and_a_clock_change(shop: Shop) -> None:
    """Begun in June, paid back at 00:30 on 1 January in Berlin, which is 23:30 on 31 December in UTC."""
    object.__setattr__(shop.settings, "timezone", "Europe/Berlin")
    kept = inspected(shop, begin(shop))
    shop.return_desk.clock.at = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)  # type: ignore[attr-defined]
    shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
    shop.build()
    by_day = shop.query("returned_sales", grain="day", start="2025-06-01", end="2026-01-31").to_records()
    found = {str(row["day"]): row["returned_sales"] for row in by_day if row["returned_sales"]}
    assert found == {"2026-01-01": D(50)}


def test_7_a_gift_card_is_not_returned_here(shop: Shop) -> None:
    lines = shop.return_desk.order("o4")["lines"]
    assert [(one["returnable"], one["why_not"]) for one in lines] == [
        (0, "A gift card is money: it is not returned here."),
        (1, None),
    ]
    with pytest.raises(ConflictError):
        begin(shop, "o4", "1")


def test_8_a_bundle_and_its_parts_are_the_same_goods(shop: Shop) -> None:
    """Two sets for 100.00, each of two cups and a pot: a cup alone, then no more than one whole set, then the rest in parts."""
    desk = shop.return_desk

    def left() -> list[int]:
        return [int(line["returnable"]) for line in desk.order("o3")["lines"]]

    assert left() == [2, 4, 2]
    begin(shop, "o3", "1a", "1")
    assert left() == [1, 3, 2]
    begin(shop, "o3", "1", "1")
    assert left() == [0, 1, 1]
    with pytest.raises(ConflictError):
        begin(shop, "o3", "1", "1")
    desk.create("o3", [WantedItem("1a", D(1), "other"), WantedItem("1b", D(1), "other")], "refund", ANNA)
    assert left() == [0, 0, 0]
    # the price of the set is that of its parts
    assert sum(line["paid"] for line in desk.order("o3")["lines"] if line["parent_line_id"]) == D(200)


# the source


def newer(shop: Shop, day: int, **change: Any) -> None:
    row = {"return_id": "R1", "order_id": "o5", "initiated_at": "2025-03-05 10:00:00", "return_status": "approved",
           "workflow_step": "received", "received_at": "2025-03-09 10:00:00", "return_type": "refund", "customer_id": "c3"}  # fmt: skip
    land(shop, {"returns": [row | change]}, known_at=datetime(2026, 2, day, tzinfo=UTC), file=f"newer {day}.csv")
    shop.build()


def test_a_return_that_nobody_touched_follows_its_source(shop: Shop) -> None:
    newer(shop, 1, workflow_step="completed", return_status="completed")
    assert shop.return_desk.get("R1")["step"] == "completed"
    assert shop.returns.board()["conflicts"] == 0


@pytest.mark.parametrize("keep", ["ours", "theirs"])
def test_from_the_first_touch_a_later_state_at_the_source_is_a_conflict(shop: Shop, keep: str) -> None:
    desk = shop.return_desk
    kept = desk.get("R1")
    assert (kept["owned"], kept["version"], kept["step"]) == (False, 1, "received")
    assert [one["step"] for one in kept["history"]] == ["initiated", "received"]
    kept = inspected_here(shop, kept)
    assert (kept["owned"], kept["step"]) == (True, "inspected")
    shop.build()
    newer(shop, 1)
    assert desk.get("R1")["conflict"] is None, "the same as before is no conflict"
    newer(shop, 2, workflow_step="completed", return_status="completed", total_refund_amount="30")
    kept = desk.get("R1")
    assert {one["field"]: (one["ours"], one["theirs"]) for one in kept["conflict"]["differences"]} == {
        "workflow_step": ("inspected", "completed"), "return_status": ("approved", "completed"), "total_refund_amount": (None, "30"),
    }  # fmt: skip
    step = "SELECT workflow_step AS s FROM returns WHERE return_id = 'R1'"
    assert table(shop, step) == [{"s": "inspected"}], "the desk's state counts until somebody decides"
    assert shop.returns.page(Wanted(conflict=True), 1, 10)[1] == 1
    with pytest.raises(QuestionError):
        desk.settle("R1", kept["version"], "both", ANNA)
    kept = desk.settle("R1", kept["version"], keep, ANNA)
    assert kept["conflict"] is None
    assert kept["history"][-1]["action"] == "conflict_settled"
    shop.build()
    assert table(shop, step) == [{"s": "inspected" if keep == "ours" else "completed"}]
    assert shop.returns.board()["conflicts"] == 0
    newer(shop, 3, workflow_step="completed", return_status="completed", total_refund_amount="30")
    assert desk.get("R1")["conflict"] is None, "what was settled is not asked again"


def inspected_here(shop: Shop, kept: dict[str, Any]) -> dict[str, Any]:
    from tillsight.returns_desk import InspectedItem

    return shop.return_desk.inspect(kept["return_id"], kept["version"], [InspectedItem("1", 5, "restocked")], ANNA)


def test_what_is_taken_over_keeps_what_its_source_said(shop: Shop) -> None:
    before = table(shop, "SELECT * EXCLUDE (_source, _load, _file, _line) FROM return_items WHERE return_id = 'R1'")[0]
    inspected_here(shop, shop.return_desk.get("R1"))
    shop.build()
    after = table(shop, "SELECT * EXCLUDE (_source, _load, _file, _line) FROM return_items WHERE return_id = 'R1'")[0]
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {
        "condition_rating",
        "condition_received",
        "disposition",
        "resaleable",
        "restocked_value",
        "currency",
        "created_at",
    }
    checks = {one["name"]: one["state"] for one in shop.releases.current().record.checks}
    assert checks.get("sources.returns", "passed") == "passed", "a return that is taken over is no clash of sources"


def test_nobody_else_is_the_desk(shop: Shop) -> None:
    with pytest.raises(QuestionError, match="source of the return desk"):
        shop.load("nothing.csv", source=DESK)


def test_landing_twice_changes_nothing(shop: Shop) -> None:
    """A build that dies after the load and before it is noted lands the same again."""
    from sqlalchemy import update

    from tillsight.database import DeskReturn

    kept = inspected(shop, begin(shop))
    shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
    shop.build()
    names = ("returns", "return_items", "return_events", "refunds", "inventory_movements")
    before = {name: table(shop, f"SELECT * EXCLUDE (_load) FROM {name} ORDER BY ALL") for name in names}
    with shop.database.write() as session:
        session.execute(update(DeskReturn).values(landed_version=0))
    shop.build()
    assert {name: table(shop, f"SELECT * EXCLUDE (_load) FROM {name} ORDER BY ALL") for name in names} == before
