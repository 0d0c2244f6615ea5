"""Roll-ups and facts: the same answer whichever is read, for every metric; and the smallest that can answer is read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import ibis
import pyarrow as pa
import pytest
from tests.metrics.conftest import Pair
from tests.support.metrics import groups
from tests.support.shops import line, make_shop, order

from tillsight.core.periods import Period
from tillsight.domains.registry import catalogue
from tillsight.metrics import rollups
from tillsight.metrics.answer import Answer
from tillsight.metrics.model import Metric
from tillsight.shop import Shop

CATALOGUE = catalogue()
GROUPS = groups()
SPANS = (("2024-01-01", "2024-06-30"), ("2024-02-13", "2024-11-05"))
FILTERS: tuple[tuple[str, ...], ...] = (
    (),
    ("channel=web",),
    ("channel!=web",),
    ("country=DE", "channel=web"),
    ("category=Lamps",),
)


@pytest.fixture
def shop(pairs: list[Pair]) -> Shop:
    """The one that is added up in advance."""
    return pairs[1][0]


def both(shop: Shop, monkeypatch: pytest.MonkeyPatch, *metrics: str, **parts: Any) -> tuple[Answer, Answer]:
    """The answer, and the answer from the facts."""
    asked = shop._asked
    answer = shop.query(list(metrics), **parts)
    with monkeypatch.context() as patch:
        patch.setattr(shop, "_asked", lambda release: replace(asked(release), rollups={}))
        facts = shop.query(list(metrics), **parts)
    return answer, facts


def read(answer: Answer) -> set[str]:
    """The tables of the release that the SQL names."""
    known = {*CATALOGUE.relations, *CATALOGUE.rollups}
    return {name for name in re.findall(r'"(\w+)"', " ".join(answer.queries)) if name in known}


def cuts_of(metric: Metric) -> list[tuple[str, ...]]:
    """In all, and by every dimension that a roll-up of the metric's relations has."""
    dimensions = ("channel", "category", "customer_type", "weekday", "country")
    cuts = [(), *((one,) for one in CATALOGUE.dimensions_of(metric) if one in dimensions)]
    return [(*metric.requires, *cut) for cut in cuts if cut or metric.total != "share of parent"]


def agree(shop: Shop, monkeypatch: pytest.MonkeyPatch, metrics: Sequence[Metric], number: int) -> None:
    """Ask by one of the cuts, with filters and over time, of roll-ups and of the facts."""
    cut, there = cuts_of(metrics[0])[number], CATALOGUE.dimensions_of(metrics[0])
    where = [item for item in FILTERS[number % len(FILTERS)] if re.split("!?=", item)[0] in there]
    start, end = SPANS[number % 2]
    grain = ("month", None, "week", "quarter")[number % 4] if "month" in metrics[0].grains else None
    names = [metric.name for metric in metrics]
    answer, facts = both(
        shop, monkeypatch, *names, by=cut, where=where, start=start, end=end, grain=grain, compare="previous"
    )
    assert sorted(map(repr, answer.to_records())) == sorted(map(repr, facts.to_records())), (cut, where, grain)
    assert answer.totals == facts.totals, (cut, where, grain)
    assert not read(facts) & set(CATALOGUE.rollups)


@pytest.mark.feature("PLT-20")
@pytest.mark.parametrize("name", GROUPS)
def test_roll_ups_and_facts_agree(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for number in range(len(cuts_of(GROUPS[name][0]))):
        agree(shop, monkeypatch, GROUPS[name], number)


@pytest.mark.feature("PLT-20")
@pytest.mark.parametrize("name", sorted(CATALOGUE.metrics))
def test_by_itself_a_metric_has_the_rows_that_bear_on_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Beside others it has theirs too, so each is asked alone as well: by the first and the last thing that it can be cut by."""
    metric = CATALOGUE.metric(name)
    cuts = cuts_of(metric)
    agree(shop, monkeypatch, [metric], min(1, len(cuts) - 1))
    agree(shop, monkeypatch, [metric], len(cuts) - 1)


@pytest.mark.parametrize(
    ("metrics", "parts", "tables"),
    [
        (["revenue"], {}, {"sales_by_brand"}),
        (["orders"], {"by": ["country"]}, {"sales_by_hour", "sales_by_order", "sales_by_place"}),
        (["revenue"], {"by": ["brand"], "where": ["channel=web"]}, {"sales_by_brand", "sales_by_hour"}),
        (["orders"], {"where": ["category=Lamps"]}, {"sales_by_category"}),
        (["customers"], {"grain": "month"}, {"visits"}),
        (["customers"], {"by": ["channel"]}, {"visits", "visits_by_channel"}),
        (["new_customers", "revenue"], {"by": ["channel"]}, {"visits", "visits_by_channel", "sales_by_brand"}),
        (["repeat_purchase_rate"], {"by": ["country"]}, {"customer_events_by_day"}),
    ],
)
def test_the_smallest_that_can_answer_is_read(
    shop: Shop, metrics: list[str], parts: dict[str, Any], tables: set[str]
) -> None:
    assert read(shop.query(metrics, period="all", **parts)) <= tables


@pytest.mark.parametrize(
    ("metrics", "parts"),
    [
        (["customers"], {"where": ["brand=Acme"]}),  # no roll-up has visits by brand
        (["customers"], {"where": ["channel!=web"]}),  # a customer may have come through several of the others
        (["customers"], {"by": ["weekday"]}),  # the visit before was on another day of the week
        (["orders"], {"by": ["department"]}),  # an order may have several
    ],
)
def test_what_no_roll_up_can_tell_is_asked_of_the_facts(shop: Shop, metrics: list[str], parts: dict[str, Any]) -> None:
    assert "sales" in read(shop.query(metrics, period="all", **parts))


def test_a_small_shop_has_none(pairs: list[Pair]) -> None:
    release = pairs[0][0].releases.current()
    assert not [name for name, entry in release.manifest["tables"].items() if entry["kind"] == "rollup"]


def test_an_answer_says_what_it_was_read_from(shop: Shop) -> None:
    sources = shop.evidence(shop.query("revenue", period="all"))["sources"]
    assert [(source["table"], source["title"]) for source in sources[:2]] == [
        ("sales_by_brand", "Sales by day and brand"), ("sales", "Sales ledger"),
    ]  # fmt: skip


def test_only_what_saves_rows_is_added_up(tmp_path: Path) -> None:
    """A hundred lines on two days, each of a product of its own, all of one hour: by product they are as many again, by hour two."""
    orders = [order(str(number), f"2025-05-0{1 + number % 2}T10:00:00") for number in range(100)]
    lines = [line(str(number), "1", f"P{number}", 1, "10") for number in range(100)]
    with make_shop(tmp_path, {"orders": orders, "order_items": lines}, limits={"rollup_rows": 50}) as shop:
        made = shop.releases.current().record.manifest["tables"]
        assert made["sales_by_hour"]["rows"] == 3, "two days, and their month"
        assert "sales_by_product" not in made
        assert "visits" in made, "distinct customers are always prepared"
        answer = shop.query(["units_sold"], by="product_id")
        assert answer.to_arrow().num_rows == 100
        assert "sales" in read(answer)
        assert "sales" not in read(shop.query(["units_sold"], by="hour"))


def test_days_are_made_of_whole_months_and_of_days_and_nothing_twice() -> None:
    """Any span of four years has the sum of its days, from whichever rows; and a year is read as twelve of them."""
    first, count = date(2023, 1, 1), 1461
    days = [first + timedelta(days=number) for number in range(count)]
    months = Counter[date]()
    for number, day in enumerate(days):
        months[day.replace(day=1)] += number
    table = pa.table({
        "day": [*days, *months],
        rollups.MONTH: [*(False for _ in days), *(True for _ in months)],
        "value": [*range(count), *months.values()],
    })  # fmt: skip
    rows = ibis.memtable(table)

    def read(start: int, end: int, by_months: bool) -> tuple[int, int]:
        period = Period(days[start], days[end])
        found = rollups.of_days(rows, "day", period if by_months else None)
        found = found.filter(found.day.between(period.start, period.end))
        [row] = found.agg(total=found.value.sum(), rows=found.count()).to_pyarrow().to_pylist()
        return row["total"], row["rows"]

    draw = Random(7)
    spans = [tuple(sorted(draw.choices(range(count), k=2))) for _ in range(40)]
    for start, end in [(0, count - 1), (0, 30), (0, 29), (1, 30), (31, 58), (31, 57), (40, 40), (45, 75), *spans]:
        total = sum(range(start, end + 1))
        assert read(start, end, True)[0] == total, (days[start], days[end])
        assert read(start, end, False) == (total, end - start + 1), (days[start], days[end])
    year = days.index(date(2024, 1, 1))
    assert read(year, year + 365, True)[1] == 12
    assert read(year + 14, year + 14 + 365, True)[1] == 17 + 11 + 14


def test_months_are_read_where_the_days_do_not_matter(shop: Shop) -> None:
    def by_months(**parts: Any) -> bool:
        [sql] = shop.query("revenue", by="channel", **parts).queries[:1]
        return not re.search(r'NOT \(\s*"t\d+"."is_month"', sql)

    whole = {"start": "2024-01-01", "end": "2024-06-30"}
    assert by_months(**whole)
    assert by_months(**whole, grain="quarter")
    assert not by_months(**whole, grain="week")
    assert not by_months(start="2024-03-02", end="2024-03-31")


def test_what_settles_another_dimension_does(pairs: list[Pair]) -> None:
    """A roll-up takes any value of what is settled: there is but one."""
    for shop, _ in pairs:
        for relation in CATALOGUE.relations.values():
            for name, settled in relation.settled.items():
                several = " OR ".join(f"count(DISTINCT coalesce({column}, '')) > 1" for column in settled)
                rows = shop.releases.current().files.run_sql(
                    f"SELECT {name} FROM {relation.name} GROUP BY shop_id, {name} HAVING {several}"
                )
                assert rows.num_rows == 0
