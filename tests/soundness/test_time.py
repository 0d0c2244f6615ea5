"""Traps of time: zones, clock changes, weeks that start on Sunday, parts of weeks and months, leap days, fiscal years."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order, write_settings

from tillsight.core.errors import QuestionError
from tillsight.shop import Shop

D = Decimal
NRF = {"preset": "nrf-4-5-4"}


def sold(*moments: str, prices: Sequence[str] = (), **more: Any) -> dict[str, list[dict[str, Any]]]:
    """An order for each moment (UTC), of 1, 2, 4, 8 … unless prices are given."""
    costs = prices or [str(2**n) for n in range(len(moments))]
    return {
        "orders": [order(f"o{n}", moment, **more) for n, moment in enumerate(moments)],
        "order_items": [line(f"o{n}", "1", "A", 1, price) for n, price in enumerate(costs)],
    }


def again(folder: Path, **settings: Any) -> Shop:
    """The same workspace, built as it is, with other settings."""
    write_settings(folder, **settings)
    return Shop.open(folder)


def days(shop: Shop, grain: str = "day", **parts: Any) -> dict[str, Any]:
    rows = shop.query("revenue", grain=grain, **parts).to_records()
    return {row[grain].isoformat(): row["revenue"] for row in rows if row["revenue"]}


ZONES = [
    ("UTC", "2024-06-30", 23),
    ("Europe/London", "2024-07-01", 0),  # summer time
    ("Asia/Kolkata", "2024-07-01", 5),  # half an hour
    ("Asia/Kathmandu", "2024-07-01", 5),  # three quarters
    ("America/New_York", "2024-06-30", 19),
    ("Pacific/Kiritimati", "2024-07-01", 13),
    (None, "2024-07-01", 0),  # the shop states none: that of the settings, Europe/London
]


def test_a_day_belongs_to_the_zone_of_its_shop(tmp_path: Path) -> None:
    """One workspace, seven shops, each with an order at 23:30 UTC on 30 June: of July in London, of June in New York."""
    names = {zone: str(zone).rpartition("/")[2] for zone, _, _ in ZONES}
    tables = {
        "shops": [{"shop_id": names[zone], "timezone": zone} for zone, _, _ in ZONES],
        "orders": [order("1", "2024-06-30 23:30:00", shop_id=names[zone]) for zone, _, _ in ZONES],
        "order_items": [line("1", "1", "A", 1, "1", shop_id=names[zone]) for zone, _, _ in ZONES],
    }
    with make_shop(tmp_path, tables, timezone="Europe/London") as shop:
        for zone, day, hour in ZONES:
            here = f"shop={names[zone]}"
            assert days(shop, where=here) == {day: D(1)}, zone
            assert shop.query("orders", by="hour", where=here).to_records() == [{"hour": hour, "orders": 1}]
            assert shop.query("orders", start=day, end=day, where=here).to_records() == [{"orders": 1}]
        assert days(shop, "month") == {"2024-06-01": D(2), "2024-07-01": D(5)}


def test_clock_changes_lose_and_double_no_hour(tmp_path: Path) -> None:
    """Europe/London, UTC moments and what the clock showed:

    31 March 2024, forward at 01:00 UTC    00:30 → 00:30    01:30 → 02:30     no hour 1
    27 October 2024, back at 01:00 UTC     00:30 → 01:30    01:30 → 01:30     hour 1 twice
    27 October, 23:30 UTC → 23:30 on the 27th; 26 October, 23:30 UTC → 00:30 on the 27th
    """
    moments = (
        "2024-03-31 00:30:00", "2024-03-31 01:30:00", "2024-10-27 00:30:00", "2024-10-27 01:30:00", "2024-10-27 23:30:00",
        "2024-10-26 23:30:00",
    )  # fmt: skip
    tables = sold(*moments) | {"shops": [{"timezone": "Europe/London"}]}
    with make_shop(tmp_path, tables) as shop:
        assert days(shop) == {"2024-03-31": D(1 + 2), "2024-10-27": D(4 + 8 + 16 + 32)}
        march = shop.query("revenue", by="hour", start="2024-03-31", end="2024-03-31").to_records()
        assert {row["hour"]: row["revenue"] for row in march} == {0: D(1), 2: D(2)}
        october = shop.query("revenue", by="hour", start="2024-10-27", end="2024-10-27").to_records()
        assert {row["hour"]: row["revenue"] for row in october} == {0: D(32), 1: D(12), 23: D(16)}


def test_weeks_may_start_on_sunday(tmp_path: Path) -> None:
    """Saturday 6 January 1, Sunday 7 January 2, Saturday 13 January 4, Sunday 14 January 8."""
    tables = sold("2024-01-06", "2024-01-07", "2024-01-13", "2024-01-14")
    with make_shop(tmp_path, tables) as shop:
        assert days(shop, "week") == {"2024-01-01": D(3), "2024-01-08": D(12)}
    with again(tmp_path, week_start="sunday") as shop:
        assert days(shop, "week") == {"2023-12-31": D(1), "2024-01-07": D(6), "2024-01-14": D(8)}
        last = shop.query("revenue", period="last_week")
        assert last.to_records() == [{"revenue": D(6)}]
        assert (last.period.start, last.period.end) == (date(2024, 1, 7), date(2024, 1, 13))  # type: ignore[union-attr]


def test_parts_of_weeks_and_months_are_marked(tmp_path: Path) -> None:
    """Data from Wednesday 3 January to Friday 16 February; asked from 29 December to 29 February."""
    with make_shop(tmp_path, sold("2024-01-03", "2024-02-16")) as shop:
        answer = shop.query("revenue", grain="month", start="2023-12-29", end="2024-02-29")
        assert [(bucket.label, bucket.partial) for bucket in answer.buckets] == [
            ("Dec 2023", True), ("Jan 2024", True), ("Feb 2024", True),
        ]  # fmt: skip
        assert [row["month"].month for row in answer.to_records()] == [1, 2]
        weeks = shop.query("revenue", grain="week", start="2024-01-03", end="2024-02-16").buckets
        assert [bucket.partial for bucket in weeks] == [True, *[False] * 5, True]
        assert weeks[0].start == date(2024, 1, 1)


def test_days_across_a_leap_day(tmp_path: Path) -> None:
    """2023: 28 Feb 1, 1 Mar 2. 2024: 28 Feb 4, 29 Feb 8, 1 Mar 16. Every day stands against its own, the 29th against none."""
    tables = sold("2023-02-28", "2023-03-01", "2024-02-28", "2024-02-29", "2024-03-01")
    with make_shop(tmp_path, tables) as shop:
        answer = shop.query("revenue", grain="day", start="2024-02-28", end="2024-03-01", compare="last_year")
        assert [(row["day"].isoformat(), row["revenue"], row["revenue_compare"]) for row in answer.to_records()] == [
            ("2024-02-28", D(4), D(1)), ("2024-02-29", D(8), None), ("2024-03-01", D(16), D(2)),
        ]  # fmt: skip
        assert answer.totals["revenue_compare"] == D(3)  # type: ignore[index]
        month = shop.query("revenue", start="2024-02-01", end="2024-02-29", compare="last_year").to_records()[0]
        assert (month["revenue"], month["revenue_compare"]) == (D(12), D(1))
        yoy = shop.query("revenue_yoy", grain="day", start="2024-02-28", end="2024-03-01").to_records()
        assert [row["revenue_yoy"] for row in yoy] == [300.0, None, 700.0]


def test_customers_to_date_lose_nobody_on_a_leap_day(tmp_path: Path) -> None:
    """New on 28 February, 29 February and 1 March 2024. Against 28 February and 1 March 2025 stand one and three customers ever."""
    tables = sold("2024-02-28", "2024-02-29", "2024-03-01", "2025-03-05")
    for number, row in enumerate(tables["orders"]):
        row["customer_id"] = f"c{number}"
    with make_shop(tmp_path, tables) as shop:
        answer = shop.query("clv_historic", grain="day", start="2025-02-28", end="2025-03-01", compare="last_year")
        assert [row["clv_historic_compare"] for row in answer.to_records()] == [1.0, pytest.approx(7 / 3)]


def test_weeks_a_year_ago_have_the_same_weekdays(tmp_path: Path) -> None:
    """Monday 2 January 2023: 1. Sunday 8 January 2023: 2. Monday 9 January 2023: 4. The first week of 2024 stands against the first two."""
    tables = sold("2023-01-02", "2023-01-08", "2023-01-09", "2024-01-01", "2024-01-14")
    with make_shop(tmp_path, tables) as shop:
        answer = shop.query(
            "revenue,revenue_yoy", grain="week", start="2024-01-01", end="2024-01-14", compare="last_year"
        )
        rows = answer.to_records()
        assert [(row["revenue"], row["revenue_compare"]) for row in rows] == [(D(8), D(3)), (D(16), D(4))]
        assert [row["revenue_yoy"] for row in rows] == [pytest.approx(500 / 3), 300.0]
        assert (str(answer.compare_period), answer.totals["revenue_compare"]) == ("2023-01-02/2023-01-15", D(7))  # type: ignore[index]


def test_a_month_to_date_grows_against_the_same_days(tmp_path: Path) -> None:
    """January: 100 on the 5th, 900 on the 25th. February, with data to the 10th: 110. Growth is 10 %, not a fall of 89 %."""
    tables = sold("2024-01-05", "2024-01-25", "2024-02-05", "2024-02-10", prices=["100", "900", "80", "30"])
    with make_shop(tmp_path, tables) as shop:
        by_month = shop.query("sales_growth_rate", grain="month").to_records()
        assert [row["sales_growth_rate"] for row in by_month] == [None, pytest.approx(10.0)]
        assert shop.query("sales_growth_rate", period="this_month").to_records() == [
            {"sales_growth_rate": pytest.approx(10.0)}
        ]


GROWTH = [
    ("day", "2024-05-07"), ("week", "2024-05-01"), ("month", "2024-04-10"), ("quarter", "2024-02-10"), ("year", "2023-05-08"),
    ("fiscal_week", "2024-05-01"), ("fiscal_period", "2024-04-10"), ("fiscal_quarter", "2024-03-10"), ("fiscal_year", "2023-06-10"),
]  # fmt: skip


def test_growth_at_every_grain(tmp_path: Path) -> None:
    """By each grain, in a channel of its own: 200 in the bucket before the one of 8 May 2024, and 300 in that: 50 %.
    Data reach far before and on, so that no bucket is cut."""
    found = sold("2022-01-01", "2025-06-01")
    for grain, then in GROWTH:
        for moment, price in ((then, "200"), ("2024-05-08", "300")):
            found["orders"].append(order(f"{grain}{price}", moment, channel=grain))
            found["order_items"].append(line(f"{grain}{price}", "1", "A", 1, price))
    with make_shop(tmp_path, found, fiscal=NRF) as shop:
        calendar = shop.calendar(shop.releases.current())
        for grain, _ in GROWTH:
            answer = shop.query(
                "sales_growth_rate", grain=grain, start="2022-01-01", end="2025-06-01", where=f"channel={grain}"
            )
            start = calendar.start_of(grain, date(2024, 5, 8))  # type: ignore[arg-type]
            assert [row["sales_growth_rate"] for row in answer.to_records() if row[grain] == start] == [50.0]


def test_a_year_after_one_of_53_weeks_restated_and_not(tmp_path: Path) -> None:
    """NRF: FY2023 is 29 January 2023 – 3 February 2024, 53 weeks; FY2024 begins on 4 February 2024.

        29 Jan 2023 (FY2023 W01)    1        22 Jan 2023 (FY2022 W52)    64
        5 Feb 2023  (FY2023 W02)    2        28 Jan 2024 (FY2023 W53)    16
        12 Feb 2023 (FY2023 W03)    4        4 Feb 2024  (FY2024 W01)    8       11 Feb 2024 (FY2024 W02)    32

    Not restated, W01 stands against W01 and W53 against nothing. Restated, each week stands against the one 52 weeks before.
    """
    moments = ("2023-01-29", "2023-02-05", "2023-02-12", "2024-02-04", "2024-01-28", "2024-02-11", "2023-01-22")
    make_shop(tmp_path, sold(*moments)).close()
    compared = {
        False: ([None, D(1), D(2)], "2023-01-29/2024-02-03", D(1 + 2 + 4 + 16)),
        True: ([D(1), D(2), D(4)], "2023-02-05/2024-02-03", D(2 + 4 + 16)),
    }
    for restated, (expected, days_before, year_before) in compared.items():
        with again(tmp_path, fiscal=NRF | {"restated": restated}) as shop:
            answer = shop.query(
                "revenue,revenue_yoy", grain="fiscal_week", start="2024-01-28", end="2024-02-17", compare="last_year"
            )
            rows = answer.to_records()
            assert [bucket.label for bucket in answer.buckets] == ["FY2023 W53", "FY2024 W01", "FY2024 W02"]
            assert [row["revenue"] for row in rows] == [D(16), D(8), D(32)]
            assert [row["revenue_compare"] for row in rows] == expected
            growth = [
                then and float((row["revenue"] - then) / then * 100) for row, then in zip(rows, expected, strict=True)
            ]
            assert [row["revenue_yoy"] for row in rows] == growth
            year = shop.query("revenue", grain="fiscal_year", start="2024-02-04", end="2025-02-01", compare="last_year")
            assert str(year.compare_period) == days_before
            assert year.to_records()[0]["revenue_compare"] == year_before


FISCAL = [
    ({}, "FY2024", "2024-01-01", "2024-12-31"),
    ({"start_month": 7}, "FY2025", "2024-07-01", "2025-06-30"),
    ({"preset": "last-sunday-of-june"}, "FY2025", "2024-07-01", "2025-06-29"),
    (NRF, "FY2024", "2024-02-04", "2025-02-01"),
]


def test_a_fiscal_year_holds_its_days_and_no_other(tmp_path: Path) -> None:
    """1 on the day before each of the years begins, 2 on its first day, 4 on its last, 8 on the day after, each in its channel."""
    tables = sold("2023-06-01", "2025-12-01")
    for number, (_, _, first, last) in enumerate(FISCAL):
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        for day, price in ((start - timedelta(days=1), 1), (start, 2), (end, 4), (end + timedelta(days=1), 8)):
            tables["orders"].append(order(f"{number}-{price}", day.isoformat(), channel=f"year {number}"))
            tables["order_items"].append(line(f"{number}-{price}", "1", "A", 1, str(price)))
    make_shop(tmp_path, tables).close()
    for number, (settings, label, first, last) in enumerate(FISCAL):
        with again(tmp_path, fiscal=settings) as shop:
            here = f"channel=year {number}"
            answer = shop.query("revenue", grain="fiscal_year", where=here)
            assert {b.label: row["revenue"] for b, row in zip(answer.buckets, answer.to_records(), strict=True)}[
                label
            ] == D(6)
            for grain in ("fiscal_quarter", "fiscal_period", "fiscal_week"):
                parts = shop.query("revenue", grain=grain, start=first, end=last, where=here)
                assert sum(row["revenue"] for row in parts.to_records()) == D(6)
                assert parts.buckets[0].start.isoformat() == first
                assert parts.buckets[-1].end.isoformat() == last


def fiscal_week(start: str, end: str, period: int, week: int, year: int = 2024) -> dict[str, Any]:
    return {
        "start_date": start, "end_date": end, "fiscal_year": year, "fiscal_quarter": 1, "fiscal_period": period, "fiscal_week": week,
    }  # fmt: skip


def test_a_loaded_calendar_goes_before_that_of_the_settings(tmp_path: Path) -> None:
    """A calendar of two periods of ten days; nothing is known before it, so nothing is compared with."""
    tables = sold("2024-01-05", "2024-01-14", "2024-01-20")
    tables["fiscal_calendar"] = [
        fiscal_week("2024-01-01", "2024-01-10", 1, 1),
        fiscal_week("2024-01-11", "2024-01-20", 2, 2),
    ]
    with make_shop(tmp_path, tables, fiscal=NRF) as shop:
        answer = shop.query(
            "revenue,revenue_yoy,sales_growth_rate", grain="fiscal_period", start="2024-01-01", end="2024-01-20"
        )
        assert [bucket.label for bucket in answer.buckets] == ["FY2024 P01", "FY2024 P02"]
        rows = answer.to_records()
        assert [row["revenue"] for row in rows] == [D(1), D(6)]
        assert [row["revenue_yoy"] for row in rows] == [None, None]
        assert [row["sales_growth_rate"] for row in rows] == [None, 500.0]
        with pytest.raises(QuestionError, match="does not reach 2024-01-21"):
            shop.query("revenue", grain="fiscal_week", start="2024-01-01", end="2024-01-21")


def test_a_loaded_calendar_with_a_hole_spoils_only_what_asks_by_it(tmp_path: Path) -> None:
    tables = sold("2024-01-05")
    tables["fiscal_calendar"] = [
        fiscal_week("2024-01-01", "2024-01-07", 1, 1),
        fiscal_week("2024-01-09", "2024-01-15", 1, 2),
    ]
    with make_shop(tmp_path, tables) as shop:
        assert shop.query("revenue", grain="week").to_records()[0]["revenue"] == D(1)
        with pytest.raises(QuestionError, match="gap or an overlap at 2024-01-07/2024-01-09"):
            shop.query("revenue", grain="fiscal_week")
        checks = {check["name"]: check["state"] for check in shop.releases.current().record.checks}
        assert checks["fiscal_calendar.complete"] == "failed"


def test_the_calendar_of_the_shop_is_taken_where_several_have_one(tmp_path: Path) -> None:
    tables = sold("2024-01-05")
    tables["fiscal_calendar"] = [
        fiscal_week("2024-01-01", "2024-01-07", 1, 1) | {"shop_id": "main"},
        fiscal_week("2024-01-03", "2024-01-09", 1, 9) | {"shop_id": "another"},
    ]
    with make_shop(tmp_path, tables) as shop:
        answer = shop.query("revenue", grain="fiscal_week")
        assert [bucket.label for bucket in answer.buckets] == ["FY2024 W01"]


def test_velocity_counts_the_days_that_the_data_cover(tmp_path: Path) -> None:
    """Data from 11 January to 10 March 2024: 21, 29 and 10 days. February against January: each by its own days."""
    tables = {
        "orders": [order("1", "2024-01-11"), order("2", "2024-02-10"), order("3", "2024-03-10")],
        "order_items": [line("1", "1", "A", 42, "1"), line("2", "1", "A", 58, "1"), line("3", "1", "A", 30, "1")],
    }
    with make_shop(tmp_path, tables) as shop:
        rows = shop.query("product_velocity", grain="month", start="2024-01-01", end="2024-03-31").to_records()
        assert [row["product_velocity"] for row in rows] == [2.0, 2.0, 3.0]
        assert shop.query("product_velocity", start="2024-01-01", end="2024-12-31").to_records() == [
            {"product_velocity": pytest.approx(130 / 60)}
        ]
        pair = shop.query(
            "product_velocity", grain="month", start="2024-02-01", end="2024-02-29", compare="previous"
        ).to_records()[0]
        assert (pair["product_velocity"], pair["product_velocity_compare"]) == (2.0, 2.0)


def test_today_is_the_last_day_with_data_or_the_day_by_the_clock(tmp_path: Path) -> None:
    with make_shop(tmp_path, sold("2024-05-01", "2024-05-10")) as shop:
        assert str(shop.query("revenue", period="today").period) == "2024-05-10/2024-05-10"
    with again(tmp_path, today="clock", timezone="Pacific/Kiritimati") as shop:
        period = shop.query("revenue", period="today").period
        assert period is not None
        assert period.end in (shop.clock_today(), shop.clock_today() - timedelta(days=1))
        assert period.end >= datetime.now(UTC).date()


def test_a_changed_zone_moves_days_at_the_next_build(tmp_path: Path) -> None:
    with make_shop(tmp_path, sold("2024-06-30 23:30:00")) as shop:
        assert days(shop) == {"2024-06-30": D(1)}
    with again(tmp_path, timezone="Europe/London") as shop:
        assert days(shop) == {"2024-06-30": D(1)}, "until the next build the release answers as it was built"
        shop.build()
        assert days(shop) == {"2024-07-01": D(1)}
