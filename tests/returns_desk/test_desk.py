"""The desk itself: what may be returned, which steps may follow, who overwrites whom, and what money and goods become."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tillsight import audit
from tillsight.accounts import By
from tillsight.core.errors import ConflictError, NotFoundError, QuestionError
from tillsight.returns_desk import (
    STATES,
    Details,
    InspectedItem,
    QuantityError,
    RefundWanted,
    StepNotAllowedError,
    Wanted,
    WantedItem,
    WindowClosedError,
)
from tillsight.shop import Shop

D = Decimal
ANNA = By("anna", "10.0.0.7")


def begin(
    shop: Shop, order: str = "o1", line: str = "1", units: str = "1", outcome: str = "refund", **more: Any
) -> dict[str, Any]:
    return shop.return_desk.create(order, [WantedItem(line, D(units), "too_small")], outcome, ANNA, **more)


def take(shop: Shop, kept: dict[str, Any], *steps: str, **more: Any) -> dict[str, Any]:
    for step in steps:
        kept = shop.return_desk.move(kept["return_id"], kept["version"], step, ANNA, **more)
    return kept


def inspected(shop: Shop, kept: dict[str, Any], disposition: str = "restocked", rating: int = 5) -> dict[str, Any]:
    if kept["outcome"] != "keep_item":
        kept = take(shop, kept, "return_label_generated", "in_transit", "received")
    items = [InspectedItem(item["line_id"], rating, disposition) for item in kept["items"]]
    return shop.return_desk.inspect(kept["return_id"], kept["version"], items, ANNA)


@pytest.mark.feature("RET-05")
def test_the_seven_steps_with_who_and_when(shop: Shop) -> None:
    kept = begin(shop)
    assert (kept["return_id"], kept["label_number"], kept["step"]) == ("D-000001", "L000000195", "initiated")
    kept = inspected(shop, kept)
    kept = shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
    kept = take(shop, kept, "Completed")
    steps = [(one["step"], one["who"]) for one in kept["history"]]
    assert steps == [
        (step, "anna")
        for step in (
            "initiated",
            "return_label_generated",
            "in_transit",
            "received",
            "inspected",
            "refunded",
            "completed",
        )
    ]
    assert all(one["at"] == shop.return_desk.clock() for one in kept["history"])
    assert kept["version"] == 7
    assert kept["actions"] == []


@pytest.mark.feature("RET-05")
def test_every_step_that_may_not_follow_is_refused_with_those_that_may(shop: Shop) -> None:
    follow = {
        "initiated": {"return_label_generated", "rejected", "cancelled"},
        "return_label_generated": {"in_transit", "rejected"},
        "in_transit": {"received", "rejected"},
        "received": {"inspected", "rejected"},
        "inspected": {"refunded", "exchanged", "rejected"},
        "refunded": {"completed"},
        "completed": set(),
    }
    kept = begin(shop)
    for step, allowed in follow.items():
        assert kept["step"] == step
        for wanted in STATES:
            if wanted not in allowed:
                with pytest.raises(StepNotAllowedError) as refused:
                    shop.return_desk.move(kept["return_id"], kept["version"], wanted, ANNA, note="why")
                assert set(refused.value.details["allowed"]) == allowed
                assert refused.value.status == 409
        kept = shop.return_desk.get(kept["return_id"])
        if step == "received":
            kept = shop.return_desk.inspect(
                kept["return_id"], kept["version"], [InspectedItem("1", 5, "restocked")], ANNA
            )
        elif step == "inspected":
            kept = shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
        elif step != "completed":
            kept = take(shop, kept, *(one for one in allowed if one not in ("rejected", "cancelled")))


@pytest.mark.feature("RET-05")
@pytest.mark.parametrize("last", ["initiated", "return_label_generated", "in_transit", "received", "inspected"])
def test_a_return_is_rejected_up_to_the_inspection_with_a_reason(shop: Shop, last: str) -> None:
    kept = begin(shop, units="2")
    way = ["return_label_generated", "in_transit", "received"]
    if last == "inspected":
        kept = inspected(shop, kept)
    elif last != "initiated":
        kept = take(shop, kept, *way[: way.index(last) + 1])
    with pytest.raises(QuestionError, match="needs a reason"):
        take(shop, kept, "rejected", note=" ")
    kept = take(shop, kept, "rejected", note="worn")
    assert (kept["status"], kept["rejection_reason"]) == ("rejected", "worn")
    assert begin(shop, units="2")["step"] == "initiated", "what was rejected can be asked for again"


def test_the_steps_stand_for_the_four_states(shop: Shop) -> None:
    assert STATES == {
        "initiated": "pending", "return_label_generated": "pending", "in_transit": "approved", "received": "approved",
        "inspected": "approved", "refunded": "completed", "exchanged": "completed", "completed": "completed",
        "rejected": "rejected", "cancelled": "rejected",
    }  # fmt: skip
    assert begin(shop)["status"] == "pending"


# what may come back


def test_never_more_than_was_bought_and_has_not_come_back(shop: Shop) -> None:
    begin(shop, units="1")
    with pytest.raises(QuantityError, match="1 can come back, not 2: 2 bought, 1 returned"):
        begin(shop, units="2")
    kept = begin(shop, units="1")
    with pytest.raises(QuantityError):
        begin(shop, units="1")
    take(shop, kept, "cancelled")
    begin(shop, units="1")
    for wrong in ("0", "-1", "0.5"):
        with pytest.raises(QuestionError):
            begin(shop, "o3", units=wrong)


def test_what_a_file_brought_back_counts_and_what_it_rejected_does_not(shop: Shop) -> None:
    """o5: four bought; R1 brought one back, R2 was rejected."""
    assert shop.return_desk.order("o5")["lines"][0]["returnable"] == 3
    begin(shop, "o5", units="3", override_reason="guarantee")
    with pytest.raises(QuantityError):
        begin(shop, "o5", units="1", override_reason="guarantee")


def test_a_released_return_of_the_desk_is_counted_once(shop: Shop) -> None:
    begin(shop, units="1")
    shop.build()
    assert shop.return_desk.order("o1")["lines"][0]["returnable"] == 1
    begin(shop, units="1")


def test_the_whole_order_in_one_return_and_the_same_line_twice(shop: Shop) -> None:
    desk = shop.return_desk
    with pytest.raises(QuantityError):
        desk.create("o1", [WantedItem("1", D(2), "too_small"), WantedItem("1", D(1), "too_large")], "refund", ANNA)
    assert (
        len(
            desk.create("o1", [WantedItem("1", D(2), "too_small"), WantedItem("2", D(1), "other")], "refund", ANNA)[
                "items"
            ]
        )
        == 2
    )


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_two_at_once_do_not_take_back_the_same_unit(shop: Shop, workers: str) -> None:
    """Eight ask for the one lamp of o1 at the same moment: one gets it."""
    if workers == "threads":
        outcomes: list[str] = []
        ready = threading.Barrier(8)

        def ask() -> None:
            ready.wait()
            outcomes.append(attempt(shop))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    else:
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            outcomes = pool.map(attempt_in_process, [shop.path] * 4, chunksize=1)
    assert sorted(outcomes)[:1] == ["made"]
    assert set(outcomes[:]) == {"made", "refused"}
    assert outcomes.count("made") == 1
    assert shop.return_desk.order("o1")["lines"][1]["returnable"] == 0


def attempt(shop: Shop) -> str:
    try:
        begin(shop, line="2", override_reason="tried at the counter")
    except QuantityError:
        return "refused"
    return "made"


def attempt_in_process(path: Path) -> str:
    with Shop.open(path) as shop:
        return attempt(shop)


def test_after_the_window_only_with_a_reason(shop: Shop) -> None:
    with pytest.raises(WindowClosedError, match="111 days old and the return window is 30 days"):
        begin(shop, "o5")
    kept = begin(shop, "o5", override_reason="guarantee")
    assert (kept["override_reason"], kept["override_by"]) == ("guarantee", "anna")
    assert begin(shop, override_reason="not needed")["override_reason"] is None


@pytest.mark.parametrize(("order", "line"), [("nothing", "1"), ("o1", "9")])
def test_what_is_not_there_is_said(shop: Shop, order: str, line: str) -> None:
    with pytest.raises((NotFoundError, QuestionError), match=r"no order|has no line"):
        begin(shop, order, line)
    with pytest.raises(NotFoundError):
        shop.return_desk.get("nothing")


# two people


def test_two_people_on_one_return_do_not_overwrite_each_other(shop: Shop) -> None:
    kept = begin(shop)
    moved = take(shop, kept, "return_label_generated")
    with pytest.raises(ConflictError) as refused:
        shop.return_desk.move(kept["return_id"], kept["version"], "rejected", By("berta"), note="no")
    assert refused.value.code == "CONFLICT"
    details = refused.value.details
    assert (details["version"], details["step"], details["updated_by"]) == (2, "return_label_generated", "anna")
    for change in (
        lambda: shop.return_desk.change(kept["return_id"], 1, Details(notes="late"), ANNA),
        lambda: shop.return_desk.move(kept["return_id"], None, "in_transit", ANNA),
        lambda: shop.return_desk.refund(kept["return_id"], 1, RefundWanted(), ANNA),
        lambda: shop.return_desk.inspect(kept["return_id"], 1, [InspectedItem("1", 5, "restocked")], ANNA),
    ):
        with pytest.raises(ConflictError):
            change()
    now = shop.return_desk.get(kept["return_id"])
    assert (now["version"], now["history"]) == (2, moved["history"])


def test_a_change_that_is_refused_leaves_nothing(shop: Shop) -> None:
    kept = inspected(shop, begin(shop))
    with pytest.raises(QuestionError):
        shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(lines={"1": D("59.51")}), ANNA)
    assert shop.return_desk.get(kept["return_id"]) == kept


def test_every_change_is_in_the_audit_log(shop: Shop) -> None:
    kept = take(shop, begin(shop), "return_label_generated")
    shop.return_desk.change(kept["return_id"], kept["version"], Details(carrier="DHL"), ANNA)
    found, _ = audit.entries(shop.database, audit.Wanted(action="return", text=kept["return_id"]))
    assert [(one.action, one.who, one.address) for one in reversed(found)] == [
        ("return.created", "anna", "10.0.0.7"),
        ("return.return_label_generated", "anna", "10.0.0.7"),
        ("return.changed", "anna", "10.0.0.7"),
    ]


def test_many_at_once_each_by_itself(shop: Shop) -> None:
    one, two = begin(shop), begin(shop, line="2")
    take(shop, two, "return_label_generated")
    results = shop.return_desk.bulk(
        [(one["return_id"], 1), (two["return_id"], 1), ("none", 1)], "return_label_generated", ANNA
    )
    assert [(each.done, each.code) for each in results] == [(True, None), (False, "CONFLICT"), (False, "NOT_FOUND")]


# inspection and money


@pytest.mark.parametrize(
    ("rating", "disposition", "fits"),
    [
        (5, "restocked", True), (3, "refurbished", True), (2, "restocked", False), (1, "refurbished", False),
        (1, "scrapped", True), (2, "damaged_stock", True), (5, "returned_to_supplier", True), (0, "scrapped", False),
        (6, "restocked", False), (5, "kept_by_customer", False), (5, "sold", False),
    ],
)  # fmt: skip
def test_what_becomes_of_the_goods(shop: Shop, rating: int, disposition: str, fits: bool) -> None:
    if not fits:
        with pytest.raises(QuestionError):
            inspected(shop, begin(shop), disposition, rating)
        return
    item = inspected(shop, begin(shop), disposition, rating)["items"][0]
    assert (item["disposition"], item["condition_rating"]) == (disposition, rating)
    assert item["resaleable"] == (disposition in ("restocked", "refurbished"))
    worth = {"restocked": D(20), "scrapped": D(0)}.get(disposition)
    assert item["restocked_value"] == worth


def test_units_that_come_back_one_by_one_give_back_every_cent(shop: Shop) -> None:
    """Three mugs cost 10.00 with tax: 3.33, 3.34 and 3.33, of which 1.60 is tax."""
    parts = []
    for _ in range(3):
        kept = inspected(shop, begin(shop, "o2"))
        kept = shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
        parts.append((kept["refunds"][0]["amount"], kept["refunds"][0]["tax_amount"]))
    assert sum(amount for amount, _ in parts) == D("10.00")
    assert sum(tax for _, tax in parts) == D("1.60")
    assert all(D("3.33") <= amount <= D("3.34") for amount, _ in parts)
    shop.build()
    row = shop.query("net_sales,taxes", where="order_id=o2").to_records()[0]
    assert (row["net_sales"], row["taxes"]) == (0, 0)


def test_two_items_of_one_line_give_back_what_the_line_was_paid(shop: Shop) -> None:
    items = [WantedItem("1", D(1), "too_small"), WantedItem("1", D(2), "other")]
    kept = inspected(shop, shop.return_desk.create("o2", items, "refund", ANNA))
    kept = shop.return_desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
    assert [one["amount"] for one in kept["refunds"]] == [D("3.33"), D("6.67")]
    assert sum(one["tax_amount"] for one in kept["refunds"]) == D("1.60")


def test_a_fee_is_kept_and_shipping_and_goodwill_are_given_on_top(shop: Shop) -> None:
    kept = inspected(shop, begin(shop, units="2"))
    wanted = RefundWanted(shipping=D("5.83"), goodwill=D("3"), fee=D("19"))
    kept = shop.return_desk.refund(kept["return_id"], kept["version"], wanted, ANNA)
    assert kept["refund_total"] == D("119") - D("19") + D("5.83") + D("3")
    assert [(one["kind"], one["amount"], one["tax_amount"]) for one in kept["refunds"]] == [
        ("goods", D("100"), D("15.97")),
        ("shipping", D("5.83"), D("0.93")),
        ("goodwill", D("3"), D("0")),
    ]
    assert kept["restocking_fee"] == D("19")
    shop.build()
    row = shop.query("returned_sales,shipping_charges", where="order_id=o1").to_records()[0]
    assert (row["returned_sales"], row["shipping_charges"]) == (D("87.03"), D("0"))


@pytest.mark.parametrize(
    "wanted",
    [
        RefundWanted(lines={"1": D("59.51")}), RefundWanted(lines={"9": D(1)}), RefundWanted(shipping=D("5.84")),
        RefundWanted(fee=D("59.51")), RefundWanted(goodwill=D("-1")), RefundWanted(goodwill=D("0.001")),
        RefundWanted(goodwill=D("NaN")), RefundWanted(method="cheque"),
    ],
)  # fmt: skip
def test_money_that_cannot_be_given_back_is_refused(shop: Shop, wanted: RefundWanted) -> None:
    kept = inspected(shop, begin(shop))
    with pytest.raises(QuestionError):
        shop.return_desk.refund(kept["return_id"], kept["version"], wanted, ANNA)


def test_the_outcome_may_change_until_it_is_settled(shop: Shop) -> None:
    desk = shop.return_desk
    kept = begin(shop)
    kept = desk.change(kept["return_id"], kept["version"], Details(outcome="exchange", notes="calls back"), ANNA)
    assert kept["outcome"] == "exchange"
    kept = inspected(shop, kept)
    assert [one["step"] for one in kept["actions"]] == ["exchanged", "refunded", "rejected"]
    kept = desk.refund(kept["return_id"], kept["version"], RefundWanted(), ANNA)
    assert kept["outcome"] == "refund"
    with pytest.raises(ConflictError):
        desk.change(kept["return_id"], kept["version"], Details(outcome="exchange"), ANNA)


# finding them


def test_the_list_finds_filters_sorts_and_pages(shop: Shop) -> None:
    kept = take(shop, begin(shop), "return_label_generated", tracking_number="DHL-77")
    find = shop.returns.page

    def ids(**wanted: Any) -> list[str]:
        return [row["return_id"] for row in find(Wanted(**wanted), 1, 10)[0]]

    for release in (1, 2):
        assert shop.releases.current().number == release
        assert ids() == ["D-000001", "R2", "R1"]
        assert ids(sort="return_id") == ["D-000001", "R1", "R2"]
        assert ids(search="shirt") == ids(search="dhl-7") == ids(search="o1") == ids(origin="desk") == ["D-000001"]
        assert ids(search=kept["label_number"]) == ["D-000001"]
        assert ids(search="lamp") == ids(search="o5") == ids(origin="source") == ["R2", "R1"]
        assert ids(search="%") == ids(search="_") == []
        assert ids(step=("return_label_generated",)) == ids(status="pending") == ids(reason="too_small") == ["D-000001"]
        assert ids(reason="manufacturing_defect") == ids(status="approved") == ids(step=("received",)) == ["R1"]
        assert ids(open_only=True) == ["D-000001", "R1"]
        assert ids(start="2025-03-06", end="2025-03-06") == ["R2"]
        rows, total = find(Wanted(), 2, 2)
        assert (len(rows), total) == (1, 3)
        assert find(Wanted(), 9, 2) == ([], 3)
        shop.build()
    for wrong in (
        {"step": ("x",)},
        {"status": "x"},
        {"outcome": "x"},
        {"reason": "x"},
        {"origin": "x"},
        {"sort": "x"},
        {"start": "x"},
    ):
        with pytest.raises(QuestionError):
            find(Wanted(**wrong), 1, 10)  # type: ignore[arg-type]


def test_the_list_is_in_the_order_of_age_step_and_value_and_a_file_has_all_of_it(shop: Shop) -> None:
    begin(shop)
    items = [WantedItem("2", D(1), "other")]
    shop.return_desk.create("o1", items, "store_credit", ANNA)

    def ids(**wanted: Any) -> list[str]:
        rows = shop.returns.page(Wanted(**wanted), 1, 10)[0]
        table = shop.returns.whole(Wanted(**wanted)).table
        assert table["return_id"].to_pylist() == [row["return_id"] for row in rows], (
            "the file is in the order of the list"
        )
        for name in ("order_id", "goods_value", "refund_total", "target_hours", "products", "reasons", "is_overdue"):
            assert table[name].to_pylist() == [row[name] for row in rows], name
        # both look at the clock, one after the other
        assert table["age_hours"].to_pylist() == pytest.approx([row["age_hours"] for row in rows], abs=0.2)
        titles = [(row["step_title"], row["outcome_title"], row["status"], row["units"]) for row in rows]
        assert (
            list(zip(*(table[name].to_pylist() for name in ("step", "outcome", "status", "units")), strict=True))
            == titles
        )
        return [row["return_id"] for row in rows]

    for release in (1, 2):  # laid over a release, and from the one that has them
        assert shop.releases.current().number == release
        assert ids(sort="-goods_value") == ["D-000001", "D-000002", "R1", "R2"], (
            "50, 30, and two of which no price is known"
        )
        assert ids(sort="goods_value") == ["D-000002", "D-000001", "R1", "R2"]
        assert ids(sort="step") == ["D-000001", "D-000002", "R1", "R2"], "initiated, received, rejected"
        assert ids(sort="-step") == ["R2", "R1", "D-000001", "D-000002"]
        assert ids(sort="-age")[-1] == "R2", "what is closed has no age"
        assert ids(sort="-age", search="lamp", open_only=True) in (["D-000002", "R1"], ["R1", "D-000002"])
        assert ids(step=("inspected",)) == []
        shop.build()
    file = shop.returns.whole(Wanted(search="R1"))
    [row] = file.table.to_pylist()
    assert (row["initiated_at"], row["reasons"]) == (datetime(2025, 3, 5, 10), "Manufacturing defect")
    assert [column.name for column in file.columns] == file.table.column_names
    with pytest.raises(QuestionError):
        shop.returns.whole(Wanted(sort="customer_id; DROP"))


def test_what_a_return_is_of_is_listed_without_mixing_names_up(shop: Shop) -> None:
    """Names have commas of their own (`Shirt, sand, M`): another sign stands between them, here and where a release has them."""
    items = [WantedItem("1", D(1), "too_small"), WantedItem("2", D(1), "too_small")]
    shop.return_desk.create("o1", items, "refund", ANNA)
    [row] = shop.returns.page(Wanted(origin="desk"), 1, 10)[0]
    assert (row["products"], row["units"]) == ("Shirt M; Lamp", 2)


def test_the_board_counts_open_returns_by_step_with_those_that_wait_too_long(shop: Shop) -> None:
    begin(shop)
    board = shop.returns.board()
    counts = {one["step"]: (one["count"], one["overdue"]) for one in board["steps"] if one["count"]}
    assert counts == {"initiated": (1, 1), "received": (1, 1)}, "both began long before now"
    assert (board["open"], board["overdue"], board["conflicts"], board["waiting"]) == (2, 2, 0, 1)
    card = board["steps"][0]["returns"][0]
    assert (card["return_id"], card["target_hours"], card["allowed"][0]) == ("D-000001", 24, "return_label_generated")


@pytest.mark.feature("RET-05")
def test_the_record_has_every_column_and_the_view_says_the_same(shop: Shop) -> None:
    kept = inspected(shop, begin(shop, outcome="exchange"))
    rows, total = shop.returns.tracked(Wanted(), 1, 10)
    assert total == 3
    own = next(row for row in rows if row["return_id"] == kept["return_id"])
    assert list(own) == [
        "return_id", "order_id", "product_id", "user_id", "original_order_date", "return_initiated_date", "return_received_date",
        "return_reason", "size_returned", "condition_rating", "refund_amount", "exchange_requested", "new_size_requested",
        "status", "notes",
    ]  # fmt: skip
    assert [str(value) for value in own.values()] == [
        "D-000001", "o1", "SHIRT-M", "c1", "2025-06-10", "2025-06-20", "2025-06-20", "Too small", "M", "5", "None", "True", "None",
        "Inspected", "None",
    ]  # fmt: skip
    other = next(row for row in rows if row["return_id"] == "R1")
    assert set(other) == set(own)
    assert (other["status"], other["return_reason"], str(other["original_order_date"])) == (
        "Received",
        "Manufacturing defect",
        "2025-03-01",
    )
    from sqlalchemy import text

    with shop.database.read() as session:
        row = dict(session.execute(text("SELECT * FROM return_tracking")).mappings().one())
    assert list(row) == list(own)
    assert (row["return_id"], row["status"], bool(row["exchange_requested"]), row["original_order_date"]) == (
        "D-000001", "inspected", True, "2025-06-10",
    )  # fmt: skip
