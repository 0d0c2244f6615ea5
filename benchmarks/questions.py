"""The questions that dashboards of a retailer ask, and how long they take on a shop of any size.

    python -m benchmarks.questions --workspace W [--runs N] [--json FILE] [--no-http] [--each]

The retailer has stores, categories of thousands of products, channels, members and two years of days. Three sets: 40 additive
and ratio questions, 12 that count distinct customers or orders at grains a release may prepare, and 8 that count distinct
customers behind a filter that nothing can have been prepared for. They were written down before anything was tuned for
them; a question that turns out slow stays.

A filter value such as `@0` stands for the value of which most units were sold, `@1` for the next, so that the same questions can be
put to every shop; `@tail` is the hundredth, or the last. Every asking counts, so the 95th percentile is over
questions and rounds alike; one question that is in none of the sets is asked first, as a server does when it starts.

Uncached: in process (`Shop.query`, which keeps no answers), and over HTTP from a server that is told to keep none. Cached: over
HTTP from one that keeps them, one connection that asks each question again and again; and how many a second, from four
connections at once. The client works on the same processors.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import machine, median, percentile, show, versions

YEAR: dict[str, Any] = {"period": "last_12_months"}
ALL: dict[str, Any] = {"period": "all"}
QUARTER: dict[str, Any] = {"period": "last_90_days"}
MONTH: dict[str, Any] = {"period": "last_30_days"}


def q(metrics: str, by: str = "", **more: Any) -> dict[str, Any]:
    """A question as the API takes it."""
    asked: dict[str, Any] = {"metrics": metrics.split(","), **more}
    return asked | ({"by": by.split(",")} if by else {})


ADDITIVE: tuple[dict[str, Any], ...] = (
    # cards: one number, and the same against an earlier period
    q("revenue", **MONTH, compare="previous"),
    q("net_sales,units_sold", **YEAR, compare="previous"),
    q("gross_sales,discounts,returned_sales,net_sales,taxes,total_sales", period="last_month", compare="last_year"),
    q("average_order_value,items_per_order", **QUARTER, compare="last_year"),
    q("gross_margin_rate,discount_rate", **QUARTER, compare="previous"),
    q("orders", **YEAR, compare="previous"),
    q("revenue,gross_profit,gross_margin_rate", **ALL),
    q("sales_growth_rate,revenue_yoy", **QUARTER),
    # courses over time
    q("revenue", grain="day", **MONTH),
    q("revenue", grain="day", **YEAR, compare="last_year"),
    q("net_sales,units_sold", grain="week", **ALL),
    q("revenue,orders,average_order_value", grain="month", **YEAR, compare="last_year"),
    q("gross_margin_rate", grain="week", **YEAR),
    q("discount_rate", grain="month", **ALL),
    q("returned_sales", grain="day", **QUARTER),
    q("revenue", grain="quarter", **ALL, compare="last_year"),
    # cut by one thing
    q("revenue", "location", **QUARTER, compare="previous"),
    q("revenue,orders,average_order_value", "location", **YEAR, sort=["-revenue"], limit=20, others=True),
    q("revenue", "channel", **YEAR),
    q("revenue,gross_margin_rate", "department", **YEAR, compare="last_year"),
    q("revenue,units_sold", "category", **QUARTER, compare="previous"),
    q("gross_profit,gross_margin_rate", "sub_category", **YEAR, sort=["-gross_profit"], limit=25),
    q("revenue", "brand", **YEAR, sort=["-revenue"], limit=20, others=True),
    q("net_sales,discount_rate", "supplier", **YEAR, sort=["-net_sales"], limit=50),
    q("revenue", "country", **YEAR, compare="previous"),
    q("revenue", "product", **MONTH, sort=["-revenue"], limit=10),
    q("revenue,units_sold,gross_margin_rate", "product_id", **YEAR, sort=["-units_sold"], limit=50),
    q("orders", "hour", **QUARTER),
    q("orders,average_order_value", "weekday", **YEAR),
    q("revenue_yoy", "category", **QUARTER),
    # cut by two things, or over time
    q("orders", "weekday,hour", **YEAR),
    q("revenue", "channel", grain="month", **ALL),
    q("revenue", "category", grain="week", **YEAR, sort=["-revenue"], limit=6, others=True),
    q("net_sales,gross_margin_rate", "category,channel", **YEAR),
    q("product_contribution", "category,brand", **QUARTER, sort=["-product_contribution"], limit=100),
    # filtered
    q("revenue", grain="day", **YEAR, where=["location=@0"]),
    q("revenue,gross_margin_rate", "sub_category", **YEAR, where=["location=@tail", "channel=@0"]),
    q("revenue", "location", **YEAR, where=["category=@1"], sort=["-revenue"], limit=20),
    q("revenue,units_sold", "product", **QUARTER, where=["category=@0", "channel!=@1"], sort=["-revenue"], limit=20),
    q("average_order_value,discount_rate", grain="month", **YEAR, where=["channel=@0"], compare="last_year"),
)
"""What can be added up, and ratios of such."""

DISTINCT: tuple[dict[str, Any], ...] = (
    q("customers,new_customers,returning_customers", **QUARTER, compare="previous"),
    q("customers", grain="month", **YEAR, compare="last_year"),
    q("customers", grain="week", **YEAR),
    q("customers,orders,revenue_per_customer", grain="quarter", **ALL),
    q("customers", **ALL),
    q("new_customers,returning_customers,new_customer_rate", grain="month", **YEAR),
    q("customers", "location", period="last_month"),
    q("customers", "location", grain="month", **QUARTER, where=["channel=@0"]),
    q("customers,new_customers", "channel", **YEAR, compare="last_year"),
    q("customers", "customer_type", grain="month", **YEAR),
    q("repeat_purchase_rate", **YEAR),
    q("orders", "category", grain="month", **YEAR),
)
"""Distinct counts at grains that a release may prepare: members by month, week, quarter and year, by store and by channel."""

FREE: tuple[dict[str, Any], ...] = (
    q("customers", **YEAR, where=["brand=@0"]),
    q("customers", "category", **QUARTER, where=["location=@0"]),
    q("customers,orders", grain="week", **QUARTER, where=["sub_category=@1"]),
    q("customers", "location", **QUARTER, where=["supplier=@0", "channel=@0"], sort=["-customers"], limit=20),
    q("customers", "brand", **MONTH, where=["weekday=saturday"], sort=["-customers"], limit=20),
    q("new_customers", grain="month", **YEAR, where=["category=@0", "location=@1"]),
    q("orders,average_order_value", "brand", **YEAR, where=["category=@0"], sort=["-orders"], limit=10),
    q("customers", "channel", **ALL, where=["product_id=@0"], compare="none"),
)
"""Distinct counts behind filters that nothing is prepared for: over the facts."""

ADDITIVE_SET, DISTINCT_SET, FREE_SET = "additive and ratio", "distinct, prepared grains", "distinct, free"
SETS = {ADDITIVE_SET: ADDITIVE, DISTINCT_SET: DISTINCT, FREE_SET: FREE}


def words(question: dict[str, Any]) -> str:
    """A question in one line."""
    parts = [",".join(question["metrics"])]
    parts += [f"by {','.join(question['by'])}"] if "by" in question else []
    parts += [
        f"{name} {question[name]}" for name in ("grain", "period", "compare", "limit", "where") if name in question
    ]
    return " · ".join(parts).replace("|", "/")


class Values:
    """Puts values of a shop where a question has `@0`, `@1` or `@tail`."""

    def __init__(self, shop: Any) -> None:
        self._shop = shop
        self._known: dict[str, list[Any]] = {}

    def put(self, question: dict[str, Any]) -> dict[str, Any]:
        """The question with values of this shop."""
        return (
            question | {"where": [self._put(text) for text in question["where"]]} if "where" in question else question
        )

    def _put(self, text: str) -> str:
        name, at, place = text.partition("@")
        if not at:
            return text
        dimension = name.rstrip("!=")
        if dimension not in self._known:
            answer = self._shop.query("units_sold", by=dimension, sort="-units_sold", limit=101)
            found = [row[dimension] for row in answer.to_records() if row[dimension] is not None]
            if not found:
                raise SystemExit(f"The shop has no {dimension}.")
            self._known[dimension] = found
        found = self._known[dimension]
        return f"{name}{found[min(99 if place == 'tail' else int(place), len(found) - 1)]}"


def main() -> None:
    """Measure, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3, help="how often every question is asked without a cache")
    parser.add_argument("--json", type=Path, help="where the figures are written as well")
    parser.add_argument("--http", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--each", action="store_true", help="also a line for each question")
    parser.add_argument("--size", default="", help="what the size is called in the figures")
    asked = parser.parse_args()
    print(f"Questions · {machine()}\n{versions('tillsight', 'duckdb', 'ibis-framework', 'fastapi', 'uvicorn')}")
    figures = measure(asked.workspace, asked.runs, asked.http, asked.each)
    if asked.json:
        asked.json.write_text(json.dumps([figure | {"size": asked.size} for figure in figures], indent=1))


WARMING_SECONDS = 5
Took = dict[str, list[list[float]]]
"""Milliseconds by set: for every question, each of its askings."""


def measure(workspace: Path, runs: int, http: bool, each: bool) -> list[dict[str, Any]]:
    """All figures, printed as they come."""
    questions, inside = in_process(workspace, runs)
    told = [("in process, not cached", inside)]
    cached: Took = {}
    rate = 0.0
    if http:
        told.append(("over HTTP, not cached", over_http(workspace, questions, runs, cache=False)[0]))
        cached, rate = over_http(workspace, questions, 50, cache=True)
        told.append(("over HTTP, cached", cached))
    rows = [
        [name, where, len(took), *(f"{figure:.1f}" for figure in figures_of(took))]
        for where, sets in told
        for name, took in sets.items()
    ]
    show("Milliseconds", ["set", "how", "questions", "p50", "p95", "max"], rows)
    if each:
        lines = [
            [words(one)[:110], f"{median(took):.1f}", f"{max(took):.1f}"]
            for name, held in questions.items()
            for one, took in zip(held, inside[name], strict=True)
        ]
        show("Every question, in process", ["question", "p50 ms", "max ms"], lines)
    dashboard = [one for name in (ADDITIVE_SET, DISTINCT_SET) for one in inside[name]]
    figures: list[dict[str, Any]] = [
        figure("dashboard question, not cached, p95 of 52", figures_of(dashboard)[1], "ms", 200, 60),
        figure("free distinct question, p95 of 8", figures_of(inside[FREE_SET])[1] / 1000, "s", 5, 2),
    ]
    if http:
        print(f"\n{rate:,.0f} cached questions a second from one server process")
        every = [one for took in cached.values() for one in took]
        asked = [one for name in (ADDITIVE_SET, DISTINCT_SET) for one in told[1][1][name]]
        figures += [
            figure("dashboard question over HTTP, not cached, p95", figures_of(asked)[1], "ms", 200, 60),
            figure("the same, cached, p95", figures_of(every)[1], "ms", 5, 1),
            figure("cached questions a second, one server process", rate, "a second", 200, 500),
        ]
    return figures


def figure(what: str, value: float, unit: str, must: float, aim: float) -> dict[str, Any]:
    """A line of the table of what was reached."""
    return {"what": what, "value": round(value, 2), "unit": unit, "must": must, "aim": aim}


def figures_of(took: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """p50, p95 and the longest, over all askings of all questions."""
    every = [value for one in took for value in one]
    return median(every), percentile(every, 0.95), max(every)


def in_process(workspace: Path, runs: int) -> tuple[dict[str, list[dict[str, Any]]], Took]:
    """The questions with the values of the shop, and what each took through `Shop.query`."""
    import tillsight

    with tillsight.open(workspace) as shop:
        values = Values(shop)
        questions = {name: [values.put(one) for one in held] for name, held in SETS.items()}
        shop.query("gross_sales", by="traffic_source", period="last_7_days")
        took: Took = {name: [[] for _ in held] for name, held in questions.items()}
        for _ in range(runs):
            for name, held in questions.items():
                for one, into in zip(held, took[name], strict=True):
                    started = time.perf_counter()
                    shop.query(**one)
                    into.append(1000 * (time.perf_counter() - started))
    return questions, took


def over_http(
    workspace: Path, questions: dict[str, list[dict[str, Any]]], runs: int, *, cache: bool
) -> tuple[Took, float]:
    """What each took over one connection; with a cache, after each was asked once, and how many a second from four.

    A server that has just started first imports and opens what it needs: it is left the time for that.
    """
    from benchmarks.served import Connection, request_of, served, tokens

    token = tokens(workspace)[0]
    with served(workspace, {} if cache else {"TILLSIGHT_LIMITS__CACHE_MB": "0"}) as server:
        time.sleep(WARMING_SECONDS)
        connection = Connection(server)
        requests = {name: [request_of(server, token, one) for one in held] for name, held in questions.items()}
        connection.ask(request_of(server, token, q("gross_sales", "traffic_source", period="last_7_days")))
        took: Took = {name: [[] for _ in held] for name, held in questions.items()}
        for number in range(runs + cache):
            for name, held in requests.items():
                for request, into in zip(held, took[name], strict=True):
                    status, milliseconds = connection.ask(request)
                    if status != 200:
                        raise SystemExit(f"The server answered {status} to {request[-300:]!r}")
                    if number or not cache:
                        into.append(milliseconds)
        connection.close()
        every = [request for held in requests.values() for request in held]
        return took, rate_of([Connection(server) for _ in range(4)], every) if cache else 0.0


def rate_of(connections: Sequence[Any], requests: Sequence[bytes], seconds: float = 5) -> float:
    """Answers a second while each connection asks one after the other."""
    counts = [0] * len(connections)
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        while time.perf_counter() < until:
            connections[number].ask(requests[(counts[number] + number * 7) % len(requests)])
            counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(connections))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    return sum(counts) / seconds


if __name__ == "__main__":
    main()
