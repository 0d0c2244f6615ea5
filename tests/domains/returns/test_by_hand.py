"""Each analysis of returns on an example that is worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.domains.returns.test_return_metrics import TABLES
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import QuestionError
from tillsight.core.scope import Scope
from tillsight.domains.returns.lag import spans
from tillsight.domains.returns.newcomers import judged_new
from tillsight.domains.returns.pricing import banded, effect_of_price
from tillsight.domains.returns.reports import REPORTS
from tillsight.shop import Shop

MAY = {"start": "2024-05-01", "end": "2024-05-31"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The few returns of the tests of the metrics."""
    with make_shop(tmp_path_factory.mktemp("few"), TABLES) as made:
        yield made


# money


@pytest.mark.feature("RET-04")
def test_the_statement_line_by_line(shop: Shop) -> None:
    """750 of revenue; 150 refunded, one dress of 20 is back on the shelf, two of 20 are scrapped."""
    answer = shop.analyse("returns.statement", **MAY)
    lines = {row["line"]: row for row in answer.to_records()}
    amounts = {name: row["amount"] for name, row in lines.items()}
    assert amounts == {
        "Refunds": 150,
        "Recovered value": -20,
        "Processing": 5,
        "Net return loss": 150 - 20 + 5,
        "Return shipping": 4,
        "Disposal": 1,
        "Restocking fees kept": -2,
        "Cost of returns": 150 - 20 + 4 + 5 + 1 - 2,
        "Cost of the goods that came back": 60,
        "Written off": 40,
        "Gross profit before returns": 750 - 4 * 20 - 5 * 60 - 20,
        "Gross profit after returns": 350 - 138,
    }
    [card] = shop.query("net_return_loss", **MAY).to_records()
    assert lines["Net return loss"]["amount"] == card["net_return_loss"], "the line is the figure of the card"
    assert lines["Cost of returns"]["share"] == pytest.approx(100 * 138 / 750)
    assert lines["Gross profit before returns"]["share"] == pytest.approx(100 * 350 / 750)
    assert lines["Gross profit after returns"]["share"] == pytest.approx(100 * 212 / 600)
    # R3 is a second return of May of which nothing is known
    assert lines["Processing"]["known"] == 50
    assert lines["Recovered value"]["known"] == 100
    assert any("Not known for all returns" in one["text"] for one in answer.sentences)


@pytest.mark.feature("RET-04")
def test_what_each_reason_costs(shop: Shop) -> None:
    rows = {row["reason"]: row for row in shop.analyse("returns.cost_by_reason", **MAY).to_records()}
    small, defect = rows["Too small"], rows["Manufacturing defect"]
    # one of three units: 50 of the refund; 1.33 shipping, 1.67 processing, 0.33 disposal, less 0.67 of the fee
    assert (small["refunds"], small["recovered"]) == (50, 20)
    assert small["handling"] == pytest.approx(2.66)
    assert small["cost"] == small["each"] == pytest.approx(50 - 20 + 2.66)
    assert (defect["refunds"], defect["recovered"], defect["written_off"]) == (100, 0, 40)
    assert defect["cost"] == pytest.approx(100 + 5.34)
    assert (small["recovery"], defect["recovery"]) == (100, 0)
    assert small["cost"] + defect["cost"] == pytest.approx(138), "the reasons sum to the statement"


# time


@pytest.mark.feature("RET-11")
def test_how_far_returns_get_and_how_long_each_step_takes(tmp_path: Any) -> None:
    days = {
        "initiated": 1,
        "return_label_generated": 2,
        "in_transit": 4,
        "received": 7,
        "inspected": 8,
        "refunded": 10,
        "completed": 11,
    }
    until = {"A": "completed", "B": "completed", "C": "received", "D": "in_transit"}
    tables: dict[str, list[dict[str, Any]]] = {
        "orders": [order("1", "2024-04-20")], "order_items": [line("1", "1", "P", 9, "10")],
        "returns": [
            {"return_id": name, "order_id": "1", "initiated_at": "2024-05-01", "workflow_step": step,
             "return_status": "completed" if step == "completed" else "approved"} for name, step in until.items()
        ] + [{"return_id": "E", "order_id": "1", "initiated_at": "2024-05-01", "return_status": "rejected", "workflow_step": "rejected"}],
        "return_items": [{"return_id": name, "line_id": "1", "order_line_id": "1", "product_id": "P", "quantity": 1} for name in "ABCDE"],
        "return_events": [
            {"return_id": name, "line_id": step, "step": step,
             "occurred_at": f"2024-05-{day + (2 if name == 'B' and step == 'completed' else 0):02}"}
            for name, last in until.items() for step, day in days.items() if day <= days[last]
        ],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as made:
        answer = made.analyse("returns.funnel", **MAY)
    rows = {row["step"]: row for row in answer.to_records()}
    assert {name: row["returns"] for name, row in rows.items()} == {
        "Asked for": 5, "Label made": 4, "On its way": 4, "Received": 3, "Inspected": 2, "Refunded or exchanged": 2, "Completed": 2,
        "Rejected": 1,
    }  # fmt: skip
    assert any(
        "from “on its way” to “received”: half take no more than 3.0 days" in one["text"] for one in answer.sentences
    )
    assert rows["Received"]["share"] == 60
    assert (rows["Received"]["median"], rows["Received"]["timed"]) == (3, 3)
    assert rows["Completed"]["median"] == 2, "one day and three days: the middle"
    assert rows["Rejected"]["median"] is None


@pytest.mark.feature("RET-11")
def test_days_since_the_purchase_by_hand() -> None:
    """Everything is old: 40 of 400 units came back after 2 days, 40 after 10, 20 after 100."""
    found = pd.DataFrame(
        {"lag": [2, 10, 100], "age": [300, 300, 300], "units": [40.0, 40.0, 20.0], "returns": [30.0, 40.0, 20.0]}
    )
    frame = spans(found, pd.DataFrame({"age": [300], "units": [400.0]}), found).set_index("days")
    assert frame.units[["0 to 3", "4 to 7", "8 to 14", "over 90"]].tolist() == [40, 0, 40, 20]
    assert frame.returns["0 to 3"] == 30
    assert frame.share["8 to 14"] == 40
    assert frame.back.tolist() == pytest.approx([40, 40, 80, 80, 80, 80, 80, 80, 100])
    assert frame.rate.tolist() == pytest.approx([10, 10, 20, 20, 20, 20, 20, 20, 25])


def test_young_purchases_do_not_make_returns_look_quick() -> None:
    """Half comes back after 5 days, half after 20; of what was bought a week ago only the first half can be there."""
    found = pd.DataFrame(
        {"lag": [5, 20, 5], "age": [100, 100, 7], "units": [50.0, 50.0, 50.0], "returns": [50.0, 50.0, 50.0]}
    )
    frame = spans(found, pd.DataFrame({"age": [100, 7], "units": [1000.0, 1000.0]}), found).set_index("days")
    assert frame.back["4 to 7"] == pytest.approx(50), "not two thirds"
    assert frame.rate["over 90"] == pytest.approx(100 * 150 / 1500), "half of the young purchases can be seen"
    young = found[found.age == 7]
    alone = spans(young, pd.DataFrame({"age": [7], "units": [1000.0]}), found).set_index("days")
    assert alone.returns.sum() == 50, "what is counted is of the period"
    assert alone.back["4 to 7"] == pytest.approx(50), "how late goods come back is known of the older ones alone"
    assert alone.rate["over 90"] == pytest.approx(100 * 50 / 500)
    few = spans(found.head(0), pd.DataFrame({"age": [1], "units": [10.0]}), found.head(0))
    assert few.units.sum() == 0
    assert few.rate.isna().all()


# sizes, prices, new products


@pytest.mark.feature("RET-13")
def test_a_size_runs_small_by_reasons_and_by_exchanges(tmp_path: Any) -> None:
    """Shirt M: 14 say too small, 3 changed it for L, 1 says too large, of 100 sold; L and another article say both alike."""
    skus = [("SHIRT-M", "Shirt", "M"), ("SHIRT-L", "Shirt", "L"), ("VEST-M", "Vest", "M"), ("CAPE-M", "Cape", "M")]
    back = [
        *[("SHIRT-M", "too_small", None)] * 14,
        *[("SHIRT-M", "other", "L")] * 3,
        ("SHIRT-M", "too_large", None),
        *[("SHIRT-L", reason, None) for reason in ("too_small", "too_large")] * 5,
        *[("VEST-M", reason, None) for reason in ("too_small", "too_large")] * 8,
        *[("CAPE-M", reason, None) for reason in ("too_small", "too_large")],
    ]
    tables: dict[str, list[dict[str, Any]]] = {
        "products": [
            {"product_id": sku, "product_name": f"{name}, {size}", "parent_product_id": name, "size": size, "category": "Tops"}
            for sku, name, size in skus
        ],
        "orders": [order("1", "2024-05-02")],
        "order_items": [line("1", sku, sku, 100, "10", size=size) for sku, _, size in skus],
        "returns": [
            {"return_id": f"R{number}", "order_id": "1", "initiated_at": "2024-05-10", "return_status": "approved",
             "return_type": "exchange" if wanted else "refund"}
            for number, (_, _, wanted) in enumerate(back)
        ],
        "return_items": [
            {"return_id": f"R{number}", "line_id": "1", "order_line_id": sku, "product_id": sku, "quantity": 1, "reason_code": reason,
             "new_size_requested": wanted}
            for number, (sku, reason, wanted) in enumerate(back)
        ],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as made:
        rows = {(row["article"], row["size"]): row for row in made.analyse("returns.sizes", **MAY).to_records()}
    medium, few = rows["Shirt", "M"], rows["Cape, M", "M"]
    assert (medium["small"], medium["large"], medium["exchanged"], medium["units_sold"]) == (17, 1, 3, 100)
    assert medium["rate"] == 18
    assert medium["advice"] == "Runs small: advise one size up"
    assert 50 < medium["low"] < medium["share"] < medium["high"]
    whole = rows["Shirt", "All sizes"]
    assert (whole["small"], whole["large"], whole["units_sold"]) == (22, 6, 200)
    assert rows["Shirt", "L"]["advice"] == "As usual"
    assert rows["Vest, M", "M"]["advice"] == "As usual"
    assert few["advice"] == "Not enough data"
    assert few["share"] is few["low"] is few["high"] is None, "two units make no share"


@pytest.mark.feature("RET-10")
def test_goods_at_twice_the_price_come_back_twice_as_often() -> None:
    """Rates in exact proportion to the price: 1 % of the units for each euro."""
    price = np.array([4.0, 5.0, 8.0, 10.0, 16.0, 20.0, 25.0, 40.0] * 3)
    category = np.repeat(["A", "B", "C"], 8)
    frame = pd.DataFrame({"category": category, "price": price, "units_sold": 200.0, "returned": 200 * price / 100})
    told = effect_of_price(frame)
    assert told is not None
    middle, low, high = told
    assert middle == pytest.approx(100, abs=0.01)
    assert 0 < low < middle < high
    bands = banded(frame[frame.category == "A"])
    assert bands.band.tolist() == ["1 (cheapest)", "2", "3", "4 (dearest)"]
    assert bands.products.tolist() == [2, 2, 2, 2]
    assert bands.rate.tolist() == pytest.approx([4.5, 9, 18, 32.5])
    assert (bands.price_from.tolist(), bands.price_to.tolist()) == ([4, 8, 16, 25], [5, 10, 20, 40])
    assert ((bands.low < bands.rate) & (bands.rate < bands.high)).all()
    # a category whose goods all come back alike says that the price does not matter
    flat = effect_of_price(frame.assign(returned=20.0))
    assert flat is not None
    assert flat[0] == pytest.approx(0, abs=1e-6)
    assert flat[1] < 0 < flat[2]
    assert effect_of_price(frame.head(8)) is None, "too few products"


@pytest.mark.feature("RET-10")
def test_a_new_product_against_what_would_be_usual_by_now() -> None:
    """The category brings back a tenth; of the new ones one brings 30 of 100, one 10, one is 45 days old with 2 of 40."""
    spans_ = {f"{name}_{days}": 0.0 for name in ("sold", "returned") for days in (30, 60, 90)}
    old = {
        "product_id": "old",
        "product": "Old",
        "category": "C",
        "sold": 10_000.0,
        "returned": 1000.0,
        "age": 900,
        **spans_,
    }
    new = [
        {**old, "product_id": name, "product": name, "sold": sold, "returned": back, "age": age,
         "sold_30": sold / 2, "returned_30": back / 2, "sold_60": sold, "returned_60": back, "sold_90": sold, "returned_90": back}
        for name, sold, back, age in (("bad", 100.0, 30.0, 120), ("fine", 100.0, 10.0, 120), ("young", 40.0, 2.0, 45))
    ]  # fmt: skip
    frame = judged_new(pd.DataFrame([old, *new]), {"bad", "fine", "young"}, np.ones(1)).set_index("product")
    assert frame.index[0] == "bad"
    assert frame.verdict[["bad", "fine", "young"]].tolist() == ["Above usual", "As usual", "As usual"]
    # usual is the category without the product itself
    assert frame.usual["bad"] == pytest.approx(100 * (1000 + 10 + 2) / (10_000 + 100 + 40))
    assert (frame.so_far["bad"], frame.rate_30["bad"], frame.rate_90["bad"]) == (30, 30, 30)
    assert np.isnan(frame.rate_60["young"]), "its 60 days are not over"
    assert frame.rate_30["young"] == 5
    # returns that take 60 days cannot all be there: less is usual by now
    slow = judged_new(pd.DataFrame([old, *new]), {"young"}, np.linspace(0, 1, 61)).set_index("product")
    assert slow.usual["young"] < 0.5 * frame.usual["young"]


@pytest.mark.feature("RET-10")
def test_new_products_are_those_whose_first_sale_lies_in_the_period(tmp_path: Any) -> None:
    tables = {
        "products": [{"product_id": one, "product_name": one, "category": "C"} for one in ("OLD", "NEW")],
        "orders": [order("1", "2024-01-05"), order("2", "2024-03-01"), order("3", "2024-03-20"), order("4", "2024-04-10")],
        "order_items": [
            line(number, "1", name, units, "10")
            for number, name, units in (("1", "OLD", 50), ("2", "NEW", 8), ("3", "NEW", 4), ("4", "NEW", 8))
        ],
        "returns": [{"return_id": "R", "order_id": "2", "initiated_at": "2024-03-09", "return_status": "approved"}],
        "return_items": [{"return_id": "R", "line_id": "1", "order_line_id": "1", "product_id": "NEW", "quantity": 3}],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as made:
        [row] = made.analyse("returns.new_products", start="2024-02-10", end="2024-04-30").to_records()
    assert (row["product"], str(row["launched"]), row["age"]) == ("NEW", "2024-03-01", 41)
    assert (row["sold_30"], row["returned_30"], row["rate_30"]) == (12, 3, 25)
    assert row["rate_60"] is None


# reports


@pytest.mark.feature("RET-14")
@pytest.mark.parametrize(
    ("report", "sections"),
    [
        ("daily", ["figures", "processing", "pending", "refunds"]),
        ("weekly", ["trend", "products", "reasons", "money"]),
        ("monthly", ["trend", "categories", "quality", "customers", "money", "actions"]),
        ("quality", ["products", "suppliers", "trend", "actions"]),
        ("prevention", ["actions", "sizes", "comments", "photos"]),
    ],
)
def test_the_reports_and_their_sections(shop: Shop, report: str, sections: list[str]) -> None:
    found = shop.analyse("returns.report", report=report, **MAY).document
    assert found is not None
    assert (found["report"], found["title"]) == (report, REPORTS[report])
    assert [one["name"] for one in found["sections"]] == sections
    by_name = {one["name"]: one for one in found["sections"]}
    if report == "daily":
        [figures] = by_name["figures"]["rows"]
        assert (figures["returns"], figures["returned_units"], figures["return_rate"]) == (2, 3, 30)
        assert {row["return_status"]: row["returns"] for row in by_name["pending"]["rows"]} == {
            "Completed": 1,
            "Pending": 1,
        }
        assert by_name["refunds"]["rows"][0]["net_return_loss"] == 135
    if report == "weekly":
        assert sum(row["returned_units"] or 0 for row in by_name["trend"]["rows"]) == 3
        assert by_name["products"]["rows"][0]["product"] == "Dress"
        assert {row["return_reason"] for row in by_name["reasons"]["rows"]} >= {"Too small", "Manufacturing defect"}
    if report == "monthly":
        assert {row["category"]: row["returned_units"] for row in by_name["categories"]["rows"]}["Clothing"] == 3
        assert by_name["customers"]["rows"][0]["customer_id"] == "a"
    if report == "quality":
        assert by_name["products"]["rows"][0]["product"] == "Dress"
        assert by_name["products"]["rows"][0]["defect_rate"] == 100, "its one return of which goods are known"


@pytest.mark.feature("RET-14")
def test_a_report_holds_the_rate_against_its_target(shop: Shop) -> None:
    for target, said, tone in (
        (20, "30.0%, above the target of 20%", "bad"),
        (35, "30.0%, within the target of 35%", "good"),
    ):
        [told] = shop.analyse("returns.report", report="daily", target=target, **MAY).document["sentences"]
        assert said in told["text"]
        assert told["tone"] == tone
    with pytest.raises(QuestionError):
        shop.analyse("returns.report", report="yearly")


@pytest.mark.feature("RET-14")
def test_without_days_a_report_covers_the_last_ones(shop: Shop) -> None:
    """The data end on 20 May: the last day, week, whole month, ninety days."""
    spans_ = {name: shop.analyse("returns.report", report=name).document["period"] for name in REPORTS}
    end = spans_["daily"]["end"]
    assert spans_["daily"] == {"start": end, "end": end}
    lengths = {
        name: (np.datetime64(span["end"]) - np.datetime64(span["start"])).astype(int) + 1
        for name, span in spans_.items()
    }
    assert (lengths["weekly"], lengths["quality"], lengths["prevention"]) == (7, 90, 90)


# customers


def senders(tmp_path: Any) -> Shop:
    """Ann sends back three of four, Ben one of ten after the window, Cleo nothing."""
    orders = {"ann": 4, "ben": 10, "cleo": 5}
    back = [("ann", "2024-05-05"), ("ann", "2024-05-06"), ("ann", "2024-05-07"), ("ben", "2024-06-20")]
    tables: dict[str, list[dict[str, Any]]] = {
        "orders": [order(name, "2024-05-02", customer_id=name) for name in orders],
        "order_items": [line(name, "1", "P", units, "10") for name, units in orders.items()],
        "returns": [
            {"return_id": f"R{number}", "order_id": name, "customer_id": name, "initiated_at": day, "return_status": "approved"}
            for number, (name, day) in enumerate(back)
        ],
        "return_items": [
            {"return_id": f"R{number}", "line_id": "1", "order_line_id": "1", "product_id": "P", "quantity": 1}
            for number in range(len(back))
        ],
        "refunds": [
            {"refund_id": "F", "line_id": "1", "order_id": "ann", "order_line_id": "1", "quantity": 3, "amount": "30",
             "refunded_at": "2024-05-09", "kind": "goods"}
        ],
    }  # fmt: skip
    return make_shop(tmp_path, tables)


@pytest.mark.feature("RET-12")
def test_who_sends_back_and_what_stands_out(tmp_path: Any) -> None:
    with senders(tmp_path) as made:
        answer = made.analyse("returns.customers", start="2024-05-01", end="2024-06-30")
    rows = {row["customer_id"]: row for row in answer.to_records()}
    assert set(rows) == {"ann", "ben"}
    ann, ben = rows["ann"], rows["ben"]
    assert (ann["returns"], ann["returned_units"], ann["return_rate_cohort"], ann["return_value"]) == (3, 3, 75, 30)
    assert (ann["repeat"], ann["serial"]) == (True, True)
    assert "half of the units sent back" in ann["signs"]
    assert (ben["repeat"], ben["serial"], ben["signs"]) == (False, False, "returns after the window")


@pytest.mark.feature("RET-12")
def test_who_sends_back_is_listed_for_those_who_may_not_see_who_it_is(tmp_path: Any) -> None:
    with senders(tmp_path) as made:
        asked = {"start": "2024-05-01", "end": "2024-06-30"}
        open_, masked = (
            made.analyse("returns.customers", scope=Scope("u", masked=how), **asked) for how in (False, True)
        )
    assert [row["returns"] for row in masked.to_records()] == [row["returns"] for row in open_.to_records()] == [3, 1]
