"""Scores, segments, moves and history of customers, by hand, by property, and against the SQL of the KPI specification."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import NotAllowedError, NotFoundError, QuestionError
from tillsight.core.scope import Scope
from tillsight.database.segments import keep
from tillsight.domains.customers import kpi_views, segment_analyses
from tillsight.domains.customers.rules import FIELDS, PRESETS, doubts, read
from tillsight.domains.customers.segment_analyses import NOBODY, preview
from tillsight.shop import Shop
from tillsight.warehouse.engine import stored_tables

LAST = date(2025, 12, 31)


def tables(orders: list[tuple[str, date, float]], **more: Any) -> dict[str, Any]:
    """Orders of customers (customer, day, amount), numbered in the order in which they are given."""
    heads, lines = [], []
    for number, (customer, day, amount) in enumerate(orders):
        heads.append(
            order(
                f"O-{number:05}",
                f"{day} 12:00:00",
                customer_id=customer,
                country="France" if customer < "c3" else "Spain",
            )
        )
        lines.append(line(f"O-{number:05}", "1", f"P-{number % 3}", 1, f"{amount:.2f}"))
    return {"orders": heads, "order_items": lines, **more}


def tied(count: int = 120) -> list[tuple[str, date, float]]:
    """Heavy ties: three amounts, four days, nearly everybody with one order; and somebody on the last day."""
    made = []
    for index in range(count):
        day = date(2025, 1, 1) + timedelta(days=(index % 4) * 90)
        made += [(f"c{index:03}", day, (10.0, 10.0, 20.0, 40.0)[index % 4])] * (3 if index % 11 == 0 else 1)
    return [*made, ("c000", LAST, 10.0)]


def naive_scores(values: dict[str, Any]) -> dict[str, int]:
    """Fifths by average rank, from the definition: everybody counted against everybody."""
    everybody = list(values.values())
    scores = {}
    for customer, value in values.items():
        below = sum(other < value for other in everybody)
        same = sum(other == value for other in everybody)
        scores[customer] = 1 + (5 * (2 * below + same)) // (2 * len(everybody))
    return scores


def standing(orders: list[tuple[str, date, float]], day: date) -> dict[str, dict[str, Any]]:
    held: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for customer, on, amount in orders:
        if on <= day:
            held[customer].append((on, amount))
    lasts = {customer: max(on for on, _ in rows) for customer, rows in held.items()}
    counts = {customer: len(rows) for customer, rows in held.items()}
    sums = {customer: round(sum(amount for _, amount in rows) * 100) for customer, rows in held.items()}
    r, f, m = naive_scores(lasts), naive_scores(counts), naive_scores(sums)
    return {
        customer: {"r": r[customer], "f": f[customer], "m": m[customer], "days": (day - lasts[customer]).days, "orders": counts[customer]}
        for customer in held
    }  # fmt: skip


def test_heavy_ties_and_shuffled_rows_give_the_same_scores(tmp_path: Path) -> None:
    """Golden case 14: equal customers have equal scores, whatever the order of the rows, and they are those of the definition."""
    orders = tied()
    shuffled = orders.copy()
    random.Random(14).shuffle(shuffled)
    with make_shop(tmp_path / "a", tables(orders)) as one, make_shop(tmp_path / "b", tables(shuffled)) as two:
        first, second = (
            {row["customer_id"]: row for row in shop.analyse("customers.rfm", limit=0).to_records()}
            for shop in (one, two)
        )
    assert first == second
    expected = standing(orders, LAST)
    assert {
        customer: {key: row[key] for key in ("r", "f", "m", "days", "orders")} for customer, row in first.items()
    } == expected
    by_values = defaultdict(set)
    for row in first.values():
        by_values[row["last_day"], row["orders"], row["revenue"]].add((row["r"], row["f"], row["m"], row["segment"]))
    assert all(len(scores) == 1 for scores in by_values.values())


def test_five_customers_have_the_five_scores_and_equals_stand_in_the_middle(tmp_path: Path) -> None:
    orders = [(f"c{n}", LAST - timedelta(days=10 * (5 - n)), 10.0 * n) for n in range(1, 6)]
    with make_shop(tmp_path, tables(orders)) as shop:
        rows = {row["customer_id"]: row for row in shop.analyse("customers.rfm").to_records()}
    assert [rows[f"c{n}"]["r"] for n in range(1, 6)] == [1, 2, 3, 4, 5]
    assert [rows[f"c{n}"]["m"] for n in range(1, 6)] == [1, 2, 3, 4, 5]
    assert {row["f"] for row in rows.values()} == {3}
    assert rows["c4"]["fm"] == 3.5


RULES = {
    "five": lambda c: (
        "Champions" if c["r"] >= 4 and c["f"] >= 4 and c["m"] >= 4 else "Loyal customers" if c["f"] >= 4 else "Big spenders" if c["m"] >= 4
        else "Lost" if c["r"] == 1 else "At-risk customers" if c["r"] <= 3 and c["orders"] >= 2 else "Other"
    ),
    "classic": lambda c: (
        "Champions" if c["r"] == 5 and c["fm"] >= 4 else "Can't lose" if c["r"] <= 2 and c["fm"] >= 4.5
        else "Loyal" if c["r"] >= 3 and c["fm"] >= 4 else "At risk" if c["r"] <= 2 and c["fm"] >= 3
        else "Potential loyalist" if c["r"] >= 4 and c["fm"] >= 2.5 else "New" if c["r"] == 5 and c["orders"] == 1
        else "Promising" if c["r"] == 4 and c["orders"] == 1 else "Needs attention" if c["r"] == 3 and c["fm"] >= 2.5
        else "About to sleep" if c["r"] == 3 else "Hibernating" if c["r"] == 2 else "Lost"
    ),
    "olist": lambda c: (
        "Champions" if c["orders"] >= 2 and c["r"] >= 4 and c["m"] >= 4 else "Loyal" if c["orders"] >= 2 and c["r"] >= 3
        else "At risk" if c["orders"] >= 2 else "Big spenders" if c["m"] == 5 and c["r"] >= 3
        else "Single Buyers (Recent)" if c["orders"] == 1 and c["days"] <= 90
        else "Single Buyers (Lapsed)" if c["orders"] == 1 and c["days"] <= 365 else "Hibernating"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def orders() -> list[tuple[str, date, float]]:
    """Two years of 90 customers at rates of their own; the first half of them never comes back after June 2025."""
    chance = random.Random(6)
    made = []
    for number in range(90):
        day = date(2024, 1, 1) + timedelta(days=chance.randrange(600))
        while day < LAST:
            made.append((f"c{number:02}", day, round(chance.lognormvariate(3, 0.8), 2)))
            if chance.random() < 0.35:
                break
            day += timedelta(days=1 + int(chance.expovariate(1 / (20 + 3 * number))))
            if number < 45 and day > date(2025, 6, 30):
                break
    return [*made, ("c99", LAST, 30.0)]


@pytest.fixture(scope="module")
def returned(orders: list[tuple[str, date, float]]) -> dict[str, Any]:
    """Every seventh order came back, every second of them for its size."""
    numbers = [n for n in range(len(orders)) if n % 7 == 0]
    heads = [
        {"return_id": f"R-{n}", "order_id": f"O-{n:05}", "initiated_at": f"{orders[n][1]} 15:00:00", "return_status": "completed"}
        for n in numbers
    ]  # fmt: skip
    items = [
        {"return_id": f"R-{n}", "line_id": "1", "order_id": f"O-{n:05}", "product_id": f"P-{n % 3}", "quantity": "1",
         "reason_code": "too_small" if n % 14 == 0 else "changed_mind"}
        for n in numbers
    ]  # fmt: skip
    return {"returns": heads, "return_items": items}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, orders: Any, returned: Any) -> Shop:
    return make_shop(tmp_path_factory.mktemp("segments") / "shop", tables(orders, **returned))


@pytest.mark.feature("CUS-02")
@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_preset_is_the_rules_of_its_source(shop: Shop, preset: str) -> None:
    rows = shop.analyse("customers.rfm", preset=preset, limit=0).to_records()
    assert {row["customer_id"]: row["segment"] for row in rows} == {
        row["customer_id"]: RULES[preset](row) for row in rows
    }
    assert len({row["segment"] for row in rows}) >= 4


def test_a_filter_chooses_who_is_shown_and_changes_no_score(shop: Shop) -> None:
    everybody = {row["customer_id"]: row for row in shop.analyse("customers.rfm", limit=0).to_records()}
    some = {
        row["customer_id"]: row for row in shop.analyse("customers.rfm", limit=0, where="country=France").to_records()
    }
    rest = {
        row["customer_id"]: row for row in shop.analyse("customers.rfm", limit=0, where="country!=France").to_records()
    }
    assert some
    assert rest
    assert some | rest == everybody
    bounded = Scope("someone", rows=(("country", ("France",)),))
    assert {row["customer_id"] for row in shop.analyse("customers.rfm", limit=0, scope=bounded).to_records()} == set(
        some
    )
    with pytest.raises(QuestionError, match="cannot be cut by category"):
        shop.analyse("customers.rfm", where="category=Lamps")


def test_pages_of_a_list_are_the_list(shop: Shop) -> None:
    whole = shop.analyse("customers.rfm", limit=0)
    parts = [shop.analyse("customers.rfm", limit=20, offset=offset) for offset in range(0, 120, 20)]
    assert [row for part in parts for row in part.to_records()] == whole.to_records()
    assert {part.row_count for part in parts} == {whole.row_count}


def test_the_totals_of_segments_are_the_metrics_of_the_catalogue(shop: Shop) -> None:
    span = {"start": "2025-07-01", "end": "2025-12-31"}
    answer = shop.analyse("customers.segments", preset="classic", **span)
    names = ["clv_historic", "repeat_purchase_rate", "retention_rate_30d", "churn_rate", "new_customer_rate"]
    known = shop.query(names, **span).to_records()[0]
    assert {name: answer.totals[name] for name in names} == pytest.approx({name: float(known[name]) for name in names})
    rows = answer.to_records()
    for name in ("customers", "orders", "revenue", "customers_at_start"):
        assert sum(row[name] for row in rows) == answer.totals[name]
    assert sum(row["customers_share"] for row in rows) == pytest.approx(100)


@pytest.mark.feature("CUS-06")
def test_reactivation_and_second_purchase_look_at_the_segment_before(
    shop: Shop, orders: list[tuple[str, date, float]]
) -> None:
    start, end = date(2025, 7, 1), date(2025, 9, 30)
    before = shop.analyse(
        "customers.rfm", preset="olist", limit=0, end=(start - timedelta(days=1)).isoformat()
    ).to_records()
    came = {customer for customer, day, _ in orders if start <= day <= end}
    found = {
        row["segment"]: row for row in shop.analyse("customers.segments", preset="olist", start=str(start), end=str(end)).to_records()
    }  # fmt: skip
    for segment in {row["segment"] for row in before}:
        members = [row for row in before if row["segment"] == segment]
        again = [row for row in members if row["customer_id"] in came]
        assert found[segment]["reactivation_rate"] == pytest.approx(len(again) / len(members) * 100)
        single = [row for row in members if row["orders"] == 1]
        if single:
            bought = [row for row in single if row["customer_id"] in came]
            assert found[segment]["second_purchase_rate"] == pytest.approx(len(bought) / len(single) * 100)
        else:
            assert found[segment]["second_purchase_rate"] is None


# The SQL of the KPI specification (000 §2), as it is written there.
AS_WRITTEN = {
    "new_customer_rate": """
        SELECT segment,
               COUNT(DISTINCT CASE WHEN is_first_purchase THEN user_id END) as new_customers,
               COUNT(DISTINCT user_id) as total_customers,
               ROUND(100.0 * COUNT(DISTINCT CASE WHEN is_first_purchase THEN user_id END) / COUNT(DISTINCT user_id), 2) as rate
        FROM customer_orders GROUP BY segment""",
    "retention_rate_30d": """
        WITH cohorts AS (
            SELECT user_id, segment, MIN(order_date) as first_order, MAX(order_date) as last_order
            FROM customer_orders GROUP BY user_id, segment)
        SELECT segment, COUNT(DISTINCT user_id) as cohort_size,
               COUNT(DISTINCT CASE WHEN DATEDIFF(last_order, first_order) >= 30 THEN user_id END) as retained,
               ROUND(100.0 * COUNT(DISTINCT CASE WHEN DATEDIFF(last_order, first_order) >= 30 THEN user_id END) /
                     COUNT(DISTINCT user_id), 2) as rate
        FROM cohorts GROUP BY segment""",
    "repeat_purchase_rate": """
        SELECT segment, COUNT(DISTINCT user_id) as customers,
               COUNT(DISTINCT CASE WHEN order_count > 1 THEN user_id END) as repeat_customers,
               ROUND(100.0 * COUNT(DISTINCT CASE WHEN order_count > 1 THEN user_id END) / COUNT(DISTINCT user_id), 2) as rate
        FROM customer_orders GROUP BY segment""",
    "return_rate": """
        SELECT segment, COUNT(DISTINCT order_id) as orders,
               COUNT(DISTINCT CASE WHEN status = 'returned' THEN order_id END) as returns,
               ROUND(100.0 * COUNT(DISTINCT CASE WHEN status = 'returned' THEN order_id END) / COUNT(DISTINCT order_id), 2) as rate
        FROM order_tracking GROUP BY segment""",
    "average_order_value": """
        SELECT segment, COUNT(DISTINCT order_id) as orders, ROUND(SUM(sale_price), 2) as revenue,
               ROUND(SUM(sale_price) / COUNT(DISTINCT order_id), 2) as aov
        FROM order_tracking GROUP BY segment""",
    "clv_historic": """
        SELECT segment, COUNT(DISTINCT user_id) as customers, ROUND(SUM(sale_price), 2) as total_revenue,
               ROUND(SUM(sale_price) / COUNT(DISTINCT user_id), 2) as clv
        FROM order_tracking GROUP BY segment""",
}  # fmt: skip
SIZE_AS_WRITTEN = """
    SELECT segment, size, COUNT(DISTINCT order_id) as orders,
           COUNT(DISTINCT CASE WHEN return_reason LIKE '%size%' THEN order_id END) as size_issues,
           ROUND(100.0 * COUNT(DISTINCT CASE WHEN return_reason LIKE '%size%' THEN order_id END) / COUNT(DISTINCT order_id), 2) as rate
    FROM order_tracking JOIN return_tracking USING (order_id) GROUP BY segment, size"""


@pytest.fixture(scope="module")
def as_given(shop: Shop, orders: list[tuple[str, date, float]], returned: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """The same orders in the tables that the specification names, each customer with the segment that he is in today."""
    segment = {
        row["customer_id"]: row["segment"]
        for row in shop.analyse("customers.rfm", preset="olist", limit=0).to_records()
    }
    counts: dict[str, int] = defaultdict(int)
    firsts: dict[str, tuple[date, int]] = {}
    for number, (customer, day, _) in enumerate(orders):
        counts[customer] += 1
        firsts[customer] = min(firsts.get(customer, (day, number)), (day, number))
    back = {item["order_id"] for item in returned["returns"]}
    connection = duckdb.connect()
    connection.execute("CREATE MACRO DATEDIFF(later, earlier) AS date_diff('day', earlier, later)")
    connection.execute(
        "CREATE TABLE customer_orders (user_id TEXT, segment TEXT, order_date DATE, is_first_purchase BOOLEAN, order_count INT)"
    )
    connection.execute(
        "CREATE TABLE order_tracking (order_id TEXT, user_id TEXT, segment TEXT, status TEXT, sale_price DECIMAL(10, 2), size TEXT)"
    )
    connection.execute("CREATE TABLE return_tracking (order_id TEXT, return_reason TEXT)")
    for number, (customer, day, amount) in enumerate(orders):
        identity = f"O-{number:05}"
        first = firsts[customer] == (day, number)
        connection.execute(
            "INSERT INTO customer_orders VALUES (?, ?, ?, ?, ?)",
            [customer, segment[customer], day, first, counts[customer]],
        )
        status = "returned" if identity in back else "delivered"
        connection.execute(
            "INSERT INTO order_tracking VALUES (?, ?, ?, ?, ?, 'M')",
            [identity, customer, segment[customer], status, amount],
        )
    words = {"too_small": "Too small", "changed_mind": "Changed mind"}
    for item in returned["return_items"]:
        connection.execute("INSERT INTO return_tracking VALUES (?, ?)", [item["order_id"], words[item["reason_code"]]])
    return connection


@pytest.mark.feature("CUS-04")
@pytest.mark.parametrize("name", list(AS_WRITTEN))
def test_figures_of_segments_are_those_of_the_sql_of_the_specification(
    shop: Shop, as_given: duckdb.DuckDBPyConnection, name: str
) -> None:
    """Over all days, with each customer in the segment of today, every figure is what the specification's own SQL gives."""
    expected = {row[0]: float(row[-1]) for row in as_given.execute(AS_WRITTEN[name]).fetchall()}
    found = {row["segment"]: row for row in shop.analyse("customers.segments", preset="olist").to_records()}
    assert {segment: round(found[segment][name], 2) for segment in expected} == pytest.approx(expected, abs=0.0101)
    assert {segment for segment, row in found.items() if row["customers"]} == set(expected)


def test_where_the_sql_of_the_specification_is_wrong(shop: Shop, as_given: duckdb.DuckDBPyConnection) -> None:
    """Three of its statements answer another question than their title; the guide says so with these examples."""
    # everybody was new once: without a period the new customer rate is 100 % in every segment
    rates = {row[-1] for row in as_given.execute(AS_WRITTEN["new_customer_rate"]).fetchall()}
    assert rates == {100.0}
    spring = shop.analyse("customers.segments", preset="olist", start="2025-10-01", end="2025-12-31").totals
    assert 0 < spring["new_customer_rate"] < 100
    # "Too small" is a size reason, and has no "size" in it; and orders without a return are not in the join
    sizes = as_given.execute(SIZE_AS_WRITTEN).fetchall()
    assert {row[-1] for row in sizes} == {0.0}
    assert sum(row[2] for row in sizes) == as_given.execute("SELECT count(*) FROM return_tracking").fetchone()[0]
    whole = shop.analyse("customers.segments", preset="olist").totals
    small = as_given.execute(
        "SELECT 100.0 * count(*) / (SELECT count(*) FROM order_tracking) FROM return_tracking WHERE return_reason = 'Too small'"
    )
    assert whole["size_issue_rate"] == pytest.approx(float(small.fetchone()[0]))


@pytest.fixture(scope="module")
def with_views(shop: Shop) -> duckdb.DuckDBPyConnection:
    """A DuckDB of one's own over the files of the release, with the views, as `tillsight views --sql` gives them."""
    made = kpi_views.views(shop.asker())
    connection = duckdb.connect()
    for statement in kpi_views.script(made, stored_tables(shop.path, shop.releases.current().manifest)):
        connection.execute(statement)
    return connection


@pytest.mark.feature("CUS-04")
@pytest.mark.parametrize(
    ("view", "written"),
    [
        ("kpi_retention_30d", "retention_rate_30d"),
        ("kpi_repeat_purchase", "repeat_purchase_rate"),
        ("kpi_return_rate", "return_rate"),
        ("kpi_order_value", "average_order_value"),
        ("kpi_lifetime_value", "clv_historic"),
    ],
)
def test_a_view_is_what_the_sql_of_the_specification_gives(
    with_views: duckdb.DuckDBPyConnection, as_given: duckdb.DuckDBPyConnection, view: str, written: str
) -> None:
    """Row for row, all of its columns, over the same orders."""
    found = with_views.execute(f"SELECT * EXCLUDE (rules) FROM {view} WHERE rules = 'olist'").fetchall()
    expected = as_given.execute(f"{AS_WRITTEN[written]} ORDER BY segment").fetchall()
    assert [tuple(map(str, row[:3])) for row in found] == [tuple(map(str, row[:3])) for row in expected]
    assert [float(row[-1]) for row in found] == pytest.approx([float(row[-1]) for row in expected], abs=0.0101)


@pytest.mark.feature("CUS-04")
def test_views_tell_what_the_sql_of_the_specification_cannot(
    with_views: duckdb.DuckDBPyConnection, shop: Shop, orders: list[tuple[str, date, float]], returned: dict[str, Any]
) -> None:
    """New customers by month, and sizes over all orders; and a view whose tables are not loaded is left out."""
    segment = {
        row["customer_id"]: row["segment"]
        for row in shop.analyse("customers.rfm", preset="olist", limit=0).to_records()
    }
    month = {(segment[customer], day.replace(day=1)) for customer, day, _ in orders}
    came: dict[tuple[str, date], set[str]] = defaultdict(set)
    firsts: dict[str, date] = {}
    for customer, day, _ in orders:
        came[segment[customer], day.replace(day=1)].add(customer)
        firsts[customer] = min(firsts.get(customer, day), day)
    rows = with_views.execute(
        "SELECT segment, month, new_customers, total_customers FROM kpi_new_customers WHERE rules = 'olist'"
    ).fetchall()
    assert {(row[0], row[1]) for row in rows} == month
    for name, first, new, total in rows:
        assert total == len(came[name, first])
        assert new == sum(firsts[customer].replace(day=1) == first for customer in came[name, first])
    names = {view.name for view in kpi_views.views(shop.asker())}
    assert "kpi_acquisition_cost" not in names  # no spend is loaded
    assert {"customer_segments", "kpi_size_satisfaction", "kpi_return_rate"} <= names


@pytest.mark.feature("CUS-05")
def test_moves_are_those_between_two_lists(shop: Shop) -> None:
    start, end = date(2025, 4, 1), date(2025, 9, 30)
    then = {
        r["customer_id"]: r["segment"] for r in shop.analyse("customers.rfm", limit=0, end="2025-03-31").to_records()
    }
    now = {r["customer_id"]: r["segment"] for r in shop.analyse("customers.rfm", limit=0, end=str(end)).to_records()}
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for customer, segment in now.items():
        expected[then.get(customer, NOBODY), segment] += 1
    found = shop.analyse("customers.migration", start=str(start), end=str(end)).to_records()
    assert {(row["from_segment"], row["to_segment"]): row["customers"] for row in found} == expected
    assert any(source == NOBODY for source, _ in expected)


@pytest.mark.feature("CUS-05")
def test_every_stay_follows_the_one_before_and_ends_where_the_next_begins(shop: Shop) -> None:
    stays = shop.analyse("customers.segment_changes", preset="olist", limit=0).to_records()
    by_customer: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for stay in reversed(stays):
        by_customer[stay["customer_id"]].append(stay)
    assert max(len(held) for held in by_customer.values()) > 2
    for held in by_customer.values():
        for before, after in pairwise(held):
            assert after["previous_segment"] == before["segment"] != after["segment"]
            assert before["valid_to"] == after["valid_from"] - timedelta(days=1)
        assert held[0]["previous_segment"] == NOBODY
        assert held[-1]["valid_to"] is None
    today = {
        row["customer_id"]: row["segment"]
        for row in shop.analyse("customers.rfm", preset="olist", limit=0).to_records()
    }
    assert {customer: held[-1]["segment"] for customer, held in by_customer.items()} == today


def test_entries_and_exits_carry_from_step_to_step(shop: Shop) -> None:
    rows = shop.analyse(
        "customers.segment_changes", preset="olist", by="segment", step="month", start="2025-01-01"
    ).to_records()
    held: dict[str, dict[date, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        held[row["segment"]][row["as_of"]] = row
    days = sorted({row["as_of"] for row in rows})
    assert len(days) == 13
    nothing = {"customers": 0, "entries": 0, "exits": 0}
    for by_day in held.values():
        for before, after in pairwise(days):
            was, is_ = by_day.get(before, nothing), by_day.get(after, nothing)
            assert is_["customers"] == was["customers"] + is_["entries"] - is_["exits"]


def test_too_many_steps_are_refused_with_what_to_do(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(QuestionError, match="step is one of day, week, month"):
        shop.analyse("customers.segment_changes", step="hour")
    monkeypatch.setattr(segment_analyses, "MOST_STEPS", 100)
    with pytest.raises(
        QuestionError, match=r"364 days by day are more than 100 steps: take a longer step or fewer days\."
    ):
        shop.analyse("customers.segment_changes", step="day", start="2025-01-01")
    monkeypatch.setattr(segment_analyses, "MOST_STANDINGS", 1000)
    with pytest.raises(QuestionError, match=r"91 customers on 25 days are too many to look at"):
        shop.analyse("customers.segment_changes", step="month")


OWN = {
    "name": "mine",
    "title": "Mine",
    "rest": "The rest",
    "rules": [
        {"name": "Good", "bounds": {"r": {"min": 3}, "m": {"min": 3}}},
        {"name": "Fresh", "bounds": {"days": {"max": 60}}},
        {"name": "Fresh and good", "bounds": {"days": {"max": 30}, "orders": {"min": 2}}},
    ],
}


def test_own_rules_are_kept_asked_and_looked_at_before(tmp_path: Path, orders: Any) -> None:
    with make_shop(tmp_path, tables(orders)) as shop:
        rules = read(OWN)
        sizes = preview(shop.asker(), {}, rules)
        with pytest.raises(NotFoundError, match="no rules called 'mine'; there are five, classic, olist"):
            shop.analyse("customers.rfm", preset="mine")
        with shop.database.write() as session:
            assert keep(session, "mine", rules.to_dict(), "me", None) is None
        rows = shop.analyse("customers.rfm", preset="mine", limit=0).to_records()
        for index, size in enumerate(sizes):
            assert size["customers"] == sum(row["segment"] == size["segment"] for row in rows), index
        assert [size["segment"] for size in sizes] == ["Good", "Fresh", "Fresh and good", "The rest"]
        assert sizes[2]["customers"] == 0 < sizes[2]["matching"]
        assert sizes[1]["matching"] == sum(row["days"] <= 60 for row in rows) > sizes[1]["customers"]


def test_doubts_tell_overlaps_and_rules_that_nobody_reaches() -> None:
    found = {(doubt["kind"], doubt["rule"], doubt["other"]) for doubt in doubts(read(OWN))}
    assert found == {
        ("overlap", "Fresh", "Good"), ("never", "Fresh and good", "Fresh"),
    }  # fmt: skip
    impossible = {**OWN, "rules": [{"name": "A", "bounds": {"f": {"max": 1}, "m": {"max": 1}, "fm": {"min": 4}}}]}
    assert [doubt["kind"] for doubt in doubts(read(impossible))] == ["never"]
    apart = {
        **OWN,
        "rules": [{"name": "A", "bounds": {"days": {"max": 9}}}, {"name": "B", "bounds": {"days": {"min": 10}}}],
    }
    assert doubts(read(apart)) == []


@pytest.mark.parametrize("preset", list(PRESETS.values()), ids=list(PRESETS))
def test_every_segment_of_a_preset_can_be_reached(preset: Any) -> None:
    assert [doubt for doubt in doubts(preset) if doubt["kind"] == "never"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Mine!"}, "small letters"),
        ({"name": "olist"}, "is a preset"),
        ({"title": " "}, "needs a title"),
        ({"rules": []}, "1 to 30 rules"),
        ({"rest": "good"}, "Two segments are called good"),
        ({"rules": [{"name": "A", "bounds": {}}]}, "would take everybody"),
        ({"rules": [{"name": "A", "bounds": {"colour": {"min": 1}}}]}, "nothing called 'colour'"),
        ({"rules": [{"name": "A", "bounds": {"r": {"min": 4, "max": 2}}}]}, "cannot be at least 4 and at most 2"),
        ({"rules": [{"name": "A", "bounds": {"r": {"min": 6}}}]}, "R is a number from 1 to 5"),
        ({"rules": [{"name": "A", "bounds": {"days": {"max": "soon"}}}]}, "not soon"),
    ],
)
def test_rules_that_cannot_be_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        read(OWN | change)


def test_rules_come_back_as_they_were_kept() -> None:
    assert read(read(OWN).to_dict()) == read(OWN)
    assert set(FIELDS) == {"r", "f", "m", "fm", "days", "orders", "revenue"}


def test_single_customers(shop: Shop, orders: list[tuple[str, date, float]], returned: dict[str, Any]) -> None:
    customer = "c07"
    own = [(f"O-{n:05}", day) for n, (who, day, _) in enumerate(orders) if who == customer]
    placed = shop.analyse("customers.orders", customer=customer).to_records()
    assert {row["order_id"] for row in placed} == {number for number, _ in own}
    assert [row["day"] for row in placed] == sorted((day for _, day in own), reverse=True)
    back = shop.analyse("customers.returns", customer=customer).to_records()
    assert {row["order_id"] for row in back} == {r["order_id"] for r in returned["returns"]} & {
        number for number, _ in own
    }
    profile = shop.analyse("customers.profile", customer=customer).to_records()[0]
    assert profile["orders"] == len(own)
    with pytest.raises(NotFoundError, match="no customer 'nobody'"):
        shop.analyse("customers.profile", customer="nobody")
    abroad = Scope("someone", rows=(("country", ("Spain",)),))
    with pytest.raises(NotFoundError, match="open to you"):
        shop.analyse("customers.profile", customer=customer, scope=abroad)
    assert shop.analyse("customers.orders", customer=customer, scope=abroad).row_count == 0
    with pytest.raises(NotAllowedError, match="module customers"):
        shop.analyse("customers.list", scope=Scope("someone", modules=("sales",)))


def test_names_are_searched_as_they_are_seen(tmp_path: Path) -> None:
    people = [
        {"customer_id": "c1", "customer_name": "Ada Abel", "email": "ada@example.com"},
        {"customer_id": "c2", "first_name": "Ben", "last_name": "Bach", "email": "ben@example.com"},
    ]
    with make_shop(tmp_path, tables([("c1", LAST, 10.0), ("c2", LAST, 20.0)], customers=people)) as shop:
        seen = {row["customer_id"]: row for row in shop.analyse("customers.list").to_records()}
        assert (seen["c1"]["customer_name"], seen["c2"]["customer_name"]) == ("Ada Abel", "Ben Bach")
        assert [row["customer_id"] for row in shop.analyse("customers.list", search="BACH").to_records()] == ["c2"]
        assert [row["customer_id"] for row in shop.analyse("customers.list", sort="customer_name").to_records()] == [
            "c1",
            "c2",
        ]
        masked = Scope("someone", masked=True)
        hidden = shop.analyse("customers.list", scope=masked).to_records()
        assert not any("Ada" in str(row) or "ben@" in str(row) for row in hidden)
        assert shop.analyse("customers.list", scope=masked, search="bach").row_count == 0
        with pytest.raises(QuestionError, match="Cannot sort by 'phone'"):
            shop.analyse("customers.list", sort="phone")


@pytest.mark.feature("CUS-01")
def test_the_orders_of_a_customer_tell_what_they_were_known_by(tmp_path: Path) -> None:
    """A guest is matched by e-mail address, then by telephone number; who never had a number is known by what he gave."""
    people = [{"customer_id": "ada", "customer_name": "Ada Abel", "email": "ada@example.com", "phone": "+49 30 111"}]
    given: list[dict[str, Any]] = [
        {"customer_id": "ada"},
        {"email": " Ada@Example.com"},
        {"phone": "4930111"},
        {"email": "another@example.com", "phone": "+49 (30) 111"},
        {"email": "nobody@example.com"},
    ]
    orders = [order(f"O-{number}", f"2025-01-0{number + 1} 10:00:00", **who) for number, who in enumerate(given)]
    lines = [line(f"O-{number}", "1", "P", 1, "10.00") for number in range(len(given))]
    with make_shop(tmp_path / "shop", {"orders": orders, "order_items": lines, "customers": people}) as shop:
        answer = shop.analyse("customers.orders", customer="ada")
        [other] = [
            row["customer_id"] for row in shop.analyse("customers.rfm").to_records() if row["customer_id"] != "ada"
        ]
        alone = shop.analyse("customers.orders", customer=other)
    assert {row["order_id"]: row["known_by"] for row in answer.to_records()} == {
        "O-0": "Customer number", "O-1": "E-mail", "O-2": "Telephone", "O-3": "Telephone",
    }  # fmt: skip
    assert [one["text"] for one in answer.sentences] == [
        "Orders without the customer's number were matched: 1 by e-mail address and 2 by telephone number."
    ]
    assert [(row["order_id"], row["known_by"]) for row in alone.to_records()] == [("O-4", "E-mail")]


@pytest.mark.feature("RET-12")
def test_sales_and_returns_are_cut_and_filtered_by_segment(shop: Shop) -> None:
    """What the catalogue says by segment is what it says of the customers of each segment, named one by one."""
    everybody = shop.analyse("customers.rfm", limit=0).to_records()
    held: dict[str, list[str]] = {}
    for row in everybody:
        held.setdefault(row["segment"], []).append(row["customer_id"])
    asked = ["revenue", "orders", "return_rate", "return_rate_orders", "return_rate_cohort", "returns"]
    cut = {row["segment"]: row for row in shop.query(asked, by="segment").to_records()}
    assert set(cut) - {None} == set(held)
    assert len(held) >= 4
    for name, customers in held.items():
        among = [{"dimension": "customer_id", "op": "in", "values": customers}]
        [own] = shop.query(asked, where=among).to_records()
        [filtered] = shop.query(asked, where=[f"segment={name}"]).to_records()
        assert filtered == own
        assert {key: cut[name][key] for key in asked} == own
    assert any(row["returns"] for row in cut.values())
