"""What is planted in the reference shop is found, and little else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tillsight.reference_shop import Truths
from tillsight.shop import Shop


@pytest.mark.feature("SAL-07")
def test_pairs_that_are_bought_together_are_found_and_no_other(reference: Shop, truths: Truths) -> None:
    answer = reference.analyse("sales.together")
    found = {frozenset((row["first_id"], row["second_id"])) for row in answer.to_records()}
    planted = {frozenset(pair) for pair in truths.together.pairs}
    assert planted <= found
    assert len(found - planted) <= 1
    for row in answer.to_records():
        if frozenset((row["first_id"], row["second_id"])) in planted:
            assert row["lift"] > 3
            assert row["together"] > 4 * row["expected"]
            assert row["chance"] < 1e-6


@pytest.mark.feature("SAL-07")
def test_pairs_of_one_product_are_seen_from_it(reference: Shop, truths: Truths) -> None:
    first, second = truths.together.pairs[0]
    rows = reference.analyse("sales.together", item=second).to_records()
    assert [(row["first_id"], row["second_id"]) for row in rows] == [(second, first)]
    back = reference.analyse("sales.together", item=first).to_records()
    assert back[0]["confidence"] == pytest.approx(rows[0]["confidence_back"])
    # who buys the first takes the second in about the planted part of orders, and some meet by chance
    assert back[0]["confidence"] == pytest.approx(100 * truths.together.probability, rel=0.4)


@pytest.fixture(scope="module")
def added_up(reference: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The same shop, as a large one is: with sums of products."""
    folder = tmp_path_factory.mktemp("added_up") / "shop"
    shutil.copytree(reference.path, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILLSIGHT_LIMITS__ROLLUP_ROWS", "0")
        with Shop.open(folder) as shop:
            shop.build()
            yield shop


OF_PRODUCTS = ["abc", "movers", "margins", "life_cycle", "new_products", "since_launch", "report_products"]


@pytest.mark.feature("SAL-07")
@pytest.mark.parametrize("where", [(), ("category!=Tops",)], ids=["all", "of some categories"])
@pytest.mark.parametrize("name", OF_PRODUCTS)
def test_sums_of_products_tell_what_their_lines_tell(
    reference: Shop, added_up: Shop, name: str, where: tuple[str, ...]
) -> None:
    sums, facts = (shop.analyse(f"sales.{name}", where=where) for shop in (added_up, reference))
    assert any("sales_by_product" in sql for sql in sums.queries)
    assert not any("sales_by_" in sql for sql in facts.queries)
    assert sums.row_count
    assert sums.row_count == facts.row_count
    assert [column.name for column in sums.columns] == [column.name for column in facts.columns]
    for mine, theirs in zip(sums.to_records(), facts.to_records(), strict=True):
        assert mine == {
            key: pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for key, value in theirs.items()
        }


@pytest.mark.feature("SAL-07")
def test_products_of_a_channel_are_told_by_their_lines(added_up: Shop) -> None:
    answer = added_up.analyse("sales.abc", where=("channel=web",))
    assert not any("sales_by_product" in sql for sql in answer.queries)
    [row] = added_up.query("revenue", where=("channel=web",)).to_records()
    assert answer.totals is not None
    assert answer.totals["revenue"] == row["revenue"]


@pytest.mark.feature("SAL-07")
def test_declining_products_are_found_and_steady_ones_are_not_called_so(reference: Shop, truths: Truths) -> None:
    rows = {row["product_id"]: row for row in reference.analyse("sales.life_cycle").to_records()}
    planted = {product for product, _ in truths.life.declining} | set(truths.dead_stock.products)
    declining = {product for product, row in rows.items() if row["stage"] == "Decline"}
    assert planted <= declining
    assert len(declining - planted) <= 0.05 * len(rows)
    for product, _ in truths.life.declining:
        # half in 110 days is less than a third in 26 weeks
        assert rows[product]["change"] < -50
        assert "against its category in half a year; at " in rows[product]["reason"]


@pytest.mark.feature("SAL-07")
def test_launches_are_told_with_their_day_and_their_first_units(reference: Shop, truths: Truths) -> None:
    rows = {row["product_id"]: row for row in reference.analyse("sales.new_products", days=730).to_records()}
    assert set(rows) == {product for product, _ in truths.life.launched}
    for product, day in truths.life.launched:
        assert rows[product]["launched"] == day
        end = day.fromordinal(day.toordinal() + 29)
        known = reference.query("units_sold", where=f"product_id={product}", start=day, end=end).to_records()[0]
        assert rows[product]["units_30"] == float(known["units_sold"] or 0)
    course = reference.analyse("sales.since_launch").to_records()
    for product, row in rows.items():
        weeks = [one for one in course if one["product_id"] == product]
        assert [one["week"] for one in weeks] == list(range(1, row["age"] // 7 + 1))
        units = [one["units"] for one in weeks]
        assert units == sorted(units)
        assert units[-1] <= row["units"]


@pytest.mark.feature("SAL-06")
def test_no_unusual_day_is_invented_where_few_orders_come(reference: Shop, truths: Truths) -> None:
    """With seven orders a day no day tells enough; the planted ones are found in the medium shop (see test_planted_days)."""
    found = [row["day"].isoformat() for row in reference.analyse("sales.insights").to_records() if row["unusual"]]
    assert set(found) <= {day for day, _, _ in truths.anomalies.days}


@pytest.mark.feature("SAL-08")
def test_every_country_of_the_shop_has_its_shape(reference: Shop) -> None:
    rows = reference.analyse("sales.map").to_records()
    assert {row["country"]: row["shape"] for row in rows} == {
        "Germany": "276", "United Kingdom": "826", "Austria": "040", "Denmark": "208", "United States": "840", "Netherlands": "528",
        "France": "250",
    }  # fmt: skip
    assert sum(row["share"] for row in rows) == pytest.approx(100)
