"""Rows without a key: the same file is the same rows, true duplicates stay, and a cut at the borders of orders changes nothing."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.connectors.conftest import Load, Seen

HEADER = "order_id,order_date,sku,quantity,price\n"
Lines = list[tuple[int, str, int]]


def text(lines: Lines) -> str:
    return HEADER + "".join(f"{order},2024-01-{order + 10},{sku},{quantity},2.50\n" for order, sku, quantity in lines)


def items(seen: Seen) -> list[tuple[Any, ...]]:
    return seen.rows("order_items", "shop_id", "order_id", "line_id", "product_id", "quantity", "unit_price")


LINES = st.lists(st.tuples(st.integers(1, 4), st.sampled_from("AB"), st.integers(1, 2)), min_size=1, max_size=10)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, seed=st.integers(0, 99))
def test_a_cut_between_orders_and_the_order_of_lines_change_nothing(lines: Lines, seed: int, load: Load) -> None:
    whole = load(text(lines))
    first = [line for line in lines if line[0] <= 2]
    second = [line for line in lines if line[0] > 2]
    parts = load({f"{index}.csv": text(part) for index, part in enumerate((first, second)) if part})
    assert items(parts) == items(whole)
    shuffled = random.Random(seed).sample(lines, len(lines))
    assert items(load(text(shuffled))) == items(whole)
    assert len(items(whole)) == len(lines)


def test_the_same_file_twice_is_the_same_rows(load: Load) -> None:
    content = text([(1, "A", 1), (1, "A", 1), (1, "B", 1)])
    once = load(content)
    twice = load({"a.csv": content, "copy of a.csv": content})
    assert items(twice) == items(once)
    assert len(items(once)) == 3
    assert any("3 rows repeat a row" in note for note in twice.outcome.notes)


def test_a_column_that_is_empty_throughout_does_not_change_the_ids(load: Load) -> None:
    plain = load(HEADER + "1,2024-01-31,A,1,2.5\n")
    more = load("order_id,order_date,sku,quantity,price,brand,note\n1,2024-01-31,A,1,2.50,,hello\n")
    assert items(plain) == items(more)


def test_other_content_is_another_line(load: Load) -> None:
    assert items(load(HEADER + "1,2024-01-31,A,1,2.5\n")) != items(load(HEADER + "1,2024-01-31,A,1,2.51\n"))


def test_a_line_key_of_the_source_is_kept(load: Load) -> None:
    seen = load("order_id,line_number,order_date,sku,quantity,price\n1,1,2024-01-31,A,1,2\n1,2,2024-01-31,A,1,2\n")
    assert seen.rows("order_items", "line_id") == [("1",), ("2",)]


def test_the_last_row_of_a_key_counts_and_it_is_told(load: Load) -> None:
    content = "product_id,product_name,category\nA,Apple,Fruit\nB,Bean,Veg\nA,Apple,Fruits\nB,Bean,Veg\n"
    seen = load(content, "products.csv")
    assert seen.rows("products", "product_id", "category", "_line") == [("A", "Fruits", 4), ("B", "Veg", 5)]
    assert seen.outcome.notes == ["Products: 1 keys stand more than once with different content; the last row counts."]


def test_a_restated_row_keeps_its_id_where_the_table_says_so(load: Load) -> None:
    header = "day,campaign_id,ad_id,impressions,clicks,spend\n"
    first = load(header + "2024-01-31,C,A,100,3,1.50\n", "ad_performance.csv")
    later = load(header + "2024-01-31,C,A,120,5,1.80\n", "ad_performance.csv")
    assert first.rows("ad_performance", "line_id") == later.rows("ad_performance", "line_id")
