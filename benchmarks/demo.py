"""The demo shop as people meet it: how long its questions and its first page take, over HTTP from the real server.

    python -m benchmarks.demo [--size medium] [--workspace DIR] [--starts N] [--no-page]

Makes the reference shop (`tillsight demo --no-serve`) unless --workspace names one, and prints how long that took. Then, for each
of N starts of the server: signs in, asks one question to warm up, asks 50 different questions one after the other (none asked
before: not cached), asks them twice again (cached), and opens the sales overview in a headless Chromium: a new profile, signed in,
nothing of the page cached, no answer kept by the server. A page is drawn when every card has its number, every picture its shapes,
and no panel waits any more; milliseconds from the start of the navigation, by the browser's own clock. Then the same page again.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import MB, folder_bytes, machine, median, percentile, run, show, versions

TILLSIGHT = (sys.executable, "-m", "tillsight")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def q(metrics: str, by: str = "", **more: Any) -> dict[str, Any]:
    """A question as the API takes it."""
    asked: dict[str, Any] = {"metrics": metrics.split(","), **more}
    return asked | ({"by": by.split(",")} if by else {})


YEAR: dict[str, Any] = {"period": "last_12_months"}
QUESTIONS: tuple[dict[str, Any], ...] = (
    # cards: one number, and the same against an earlier period
    q("revenue", period="last_30_days", compare="previous"),
    q("net_sales,orders,units_sold", period="last_30_days", compare="previous"),
    q("average_order_value,items_per_order", period="last_90_days", compare="last_year"),
    q("gross_margin_rate,discount_rate", period="last_90_days", compare="previous"),
    q("sales_growth_rate", period="last_30_days"),
    q("customers,new_customers,returning_customers", period="last_90_days", compare="previous"),
    q("repeat_purchase_rate", **YEAR),
    q("churn_rate", **YEAR),
    q("clv_historic,revenue_per_customer", **YEAR),
    q(
        "gross_sales,discounts,returned_sales,net_sales,taxes,shipping_charges,total_sales",
        period="last_month",
        compare="previous",
    ),
    # courses over time
    q("revenue", grain="day", period="last_30_days"),
    q("revenue", grain="day", period="last_90_days", compare="last_year"),
    q("orders", grain="week", **YEAR),
    q("revenue,orders,average_order_value", grain="month", **YEAR, compare="last_year"),
    q("net_sales", grain="quarter", period="all"),
    q("customers", grain="month", **YEAR),
    q("new_customers", grain="week", **YEAR),
    q("gross_margin_rate", grain="week", **YEAR),
    q("returned_sales", grain="day", period="last_90_days"),
    q("revenue", grain="fiscal_year", period="all"),
    # cut by one thing
    q("revenue", "channel", **YEAR),
    q("revenue,orders", "country", **YEAR, compare="previous"),
    q("revenue", "category", period="last_90_days", limit=6, others=True, sort=["-revenue"]),
    q("revenue", "product", period="last_30_days", limit=10, sort=["-revenue"]),
    q("revenue,units_sold,gross_margin_rate", "product_id", **YEAR, limit=50, sort=["-units_sold"]),
    q("units_sold", "size", **YEAR),
    q("orders", "payment_method", **YEAR),
    q("orders", "device_type", period="last_90_days"),
    q("revenue", "traffic_source", period="last_90_days", compare="previous"),
    q("customers", "customer_type", **YEAR),
    q("revenue", "brand", **YEAR, sort=["-revenue"], limit=20),
    q("revenue", "supplier", **YEAR),
    q("revenue", "location", **YEAR),
    q("orders", "hour", period="last_90_days"),
    q("average_order_value", "shipping_method", **YEAR),
    # cut by two things, or over time
    q("orders", "weekday,hour", **YEAR),
    q("revenue", "channel", grain="month", **YEAR),
    q("revenue", "category", grain="week", **YEAR, limit=5, others=True, sort=["-revenue"]),
    q("revenue", "country,channel", **YEAR),
    q("net_sales", "category,brand", period="last_90_days"),
    q("product_contribution", "category,product", period="last_90_days", limit=100, sort=["-product_contribution"]),
    # filtered
    q("revenue", grain="day", period="last_90_days", where=["channel=web"]),
    q("revenue,orders", "product", period="last_90_days", where=["country!=US"], limit=20, sort=["-revenue"]),
    q("customers", grain="month", **YEAR, where=["device_type=mobile"]),
    q("revenue", "category", **YEAR, where=["customer_type=new"]),
    q("units_sold", "colour", period="last_90_days", where=["channel=retail"]),
    q("average_order_value", "channel", period="last_30_days", where=["customer_type=returning"], compare="previous"),
    # long lists
    q("revenue", "customer_id", **YEAR, limit=100, sort=["-revenue"]),
    q("revenue,orders", "city", **YEAR, limit=100, sort=["-revenue"]),
    q("revenue_yoy", "category", period="last_90_days"),
)

DRAWN = """
(() => {
  if (!location.protocol.startsWith("http")) return;
  // what the page itself notes when somebody signs in; the session is in the cookie
  localStorage.setItem("tillsight-session", "1");
  const ready = () => {
    const main = document.querySelector("main");
    if (!main || main.querySelector('[aria-busy="true"], [class*="skeleton"]')) return false;
    const pictures = [...main.querySelectorAll('[role="img"]')];
    return pictures.length >= PICTURES && pictures.every((one) => one.querySelector("svg path, svg rect, svg text"));
  };
  let calm = 0;
  const look = () => {
    // drawn, and still so in the next frame
    calm = ready() ? calm + 1 : 0;
    if (calm === 1) window.__drawn = performance.now();
    if (calm < 2) requestAnimationFrame(look);
    else window.__settled = true;
  };
  requestAnimationFrame(look);
})();
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--size", default="medium")
    parser.add_argument("--workspace", type=Path, help="a demo shop that is there already")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--page", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--folder", type=Path, help="where the shop is made, and removed")
    asked = parser.parse_args()
    print(
        f"Demo · {machine()}\n{versions('tillsight', 'duckdb', 'ibis-framework', 'fastapi', 'uvicorn', 'playwright')}"
    )
    made = None if asked.workspace else Path(tempfile.mkdtemp(prefix="demo-", dir=asked.folder))
    try:
        workspace = asked.workspace or make(made / "demo" if made else Path(), asked.size)
        report(workspace, asked.starts, chromium() if asked.page else None)
    finally:
        if made:
            shutil.rmtree(made)


def make(workspace: Path, size: str) -> Path:
    """The reference shop, with what it took."""
    done = run(*TILLSIGHT, "demo", "--no-serve", "--size", size, "--workspace", workspace)
    if done.code:
        raise SystemExit(f"The demo could not be made: {done.errors[-2000:]}")
    show(
        f"Making the {size} reference shop: generate, load, build",
        ["whole process", "s", "CPU s", "peak MB", "workspace MB"],
        [
            [
                "tillsight demo --no-serve",
                f"{done.seconds:.1f}",
                f"{done.cpu:.1f}",
                f"{done.peak / MB:,.0f}",
                f"{folder_bytes(workspace) / MB:,.0f}",
            ]
        ],
    )
    return workspace


def chromium() -> str | None:
    """The browser: CHROMIUM, else the first that is on the path; None, said so, when there is none."""
    found = os.environ.get("CHROMIUM") or next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if not found:
        print("The page is not measured: there is no Chromium (set CHROMIUM to its path).")
    return found


@contextlib.contextmanager
def served(workspace: Path) -> Iterator[tuple[str, str, int, float]]:
    """A server of its own on a free port: its address, a password for admin, its process, seconds until it answered."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [*TILLSIGHT, "demo", "--port", "0", "--workspace", str(workspace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Password"):
                break
        found = re.search(r"(http://\S+).*?Password +(\S+)", said, re.DOTALL)
        if not found:
            raise SystemExit(f"The server did not start: {said}")
        yield found[1], found[2], process.pid, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def report(workspace: Path, starts: int, browser: str | None) -> None:
    """All the figures."""
    import httpx
    import psutil

    ready, first, again = [], [], []
    spent = [0.0, 0.0]
    pages: dict[str, list[float]] = {"sales overview, first view": [], "sales overview, opened again": []}
    slowest: dict[int, list[float]] = {}
    for _ in range(starts):
        with served(workspace) as (address, password, _pid, seconds):
            ready.append(seconds)
            # first of all, so that nothing of it is kept: a browser beside the questions would slow both down
            if browser:
                views = view(browser, address, password)
                for name, took in zip(pages, views, strict=True):
                    pages[name].append(took)
        with served(workspace) as (address, password, pid, seconds):
            ready.append(seconds)
            server = psutil.Process(pid)
            with httpx.Client(base_url=address, timeout=60) as client:
                token = client.post("/api/v1/auth/login", json={"user": "admin", "password": password}).json()["data"][
                    "access_token"
                ]
                client.headers["Authorization"] = f"Bearer {token}"
                ask(client, q("orders", "order_status"))
                busy = [sum(server.cpu_times()[:2])]
                for number, question in enumerate(QUESTIONS):
                    took = ask(client, question)
                    first.append(took)
                    slowest.setdefault(number, []).append(took)
                busy.append(sum(server.cpu_times()[:2]))
                for _ in range(2):
                    again += [ask(client, question) for question in QUESTIONS]
                busy.append(sum(server.cpu_times()[:2]))
            spent = [spent[0] + busy[1] - busy[0], spent[1] + busy[2] - busy[1]]
    rows = [line("not cached", first, spent[0]), line("cached", again, spent[1])]
    show(
        f"API: {len(QUESTIONS)} questions over HTTP, one after the other, {starts} starts of the server, milliseconds",
        ["questions", "asked", "p50", "p95", "p99", "most", "server's CPU, mean"],
        rows,
    )
    show(
        "The slowest questions, not cached, medians in milliseconds",
        ["question", "ms"],
        [
            [words(QUESTIONS[number]), f"{median(slowest[number]):.0f}"]
            for number in sorted(slowest, key=lambda at: -median(slowest[at]))[:8]
        ],
    )
    show("Starting", ["what", "median s"], [["tillsight demo, until it answers", f"{median(ready):.2f}"]])
    if browser:
        version = subprocess.run([browser, "--version"], capture_output=True, text=True, check=False).stdout.strip()
        show(
            f"Page, {starts} times, headless {version}, milliseconds",
            ["view", "median", "least", "most"],
            [[name, f"{median(took):.0f}", f"{min(took):.0f}", f"{max(took):.0f}"] for name, took in pages.items()],
        )


def ask(client: Any, question: dict[str, Any]) -> float:
    """Milliseconds from the request to the last byte of its answer."""
    started = time.perf_counter()
    response = client.post("/api/v1/metrics/query", json=question)
    took = 1000 * (time.perf_counter() - started)
    if response.status_code != 200:
        raise SystemExit(f"{question}: {response.text[:500]}")
    return took


def line(name: str, took: list[float], busy: float) -> list[object]:
    """A row of the table; `busy`: CPU seconds of the server for all of them."""
    return [
        name,
        len(took),
        f"{median(took):.1f}",
        *(f"{percentile(took, share):.1f}" for share in (0.95, 0.99)),
        f"{max(took):.1f}",
        f"{1000 * busy / len(took):.1f}",
    ]


def words(question: dict[str, Any]) -> str:
    """A question in one line."""
    parts = [",".join(question["metrics"])]
    parts += [f"by {','.join(question['by'])}"] if "by" in question else []
    parts += [
        f"{name} {question[name]}" for name in ("grain", "period", "compare", "limit", "where") if name in question
    ]
    return " · ".join(parts).replace("|", "/")


def view(browser: str, address: str, password: str) -> list[float]:
    """Milliseconds until the sales overview is drawn: with nothing kept anywhere, and again."""
    from playwright.sync_api import sync_playwright

    took = []
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        context = chrome.new_context(viewport={"width": 1440, "height": 900}, base_url=address)
        signed = context.request.post("/api/v1/auth/login", data={"user": "admin", "password": password})
        token = signed.json()["data"]["access_token"]
        panels = context.request.get("/api/v1/dashboards/sales", headers={"Authorization": f"Bearer {token}"}).json()[
            "data"
        ]["panels"]
        pictures = sum(panel["kind"] not in ("headline", "insights", "kpi", "table") for panel in panels)
        context.add_init_script(DRAWN.replace("PICTURES", str(pictures)))
        for _ in range(2):
            page = context.new_page()
            page.goto("/sales", wait_until="commit")
            limit = time.monotonic() + 60
            # asked from outside: the page forbids that texts become code, which waiting inside it would need
            while not page.evaluate("window.__settled === true"):
                if time.monotonic() > limit:
                    raise SystemExit("The sales overview was not drawn within a minute.")
                time.sleep(0.05)
            took.append(float(page.evaluate("window.__drawn")))
            page.close()
        chrome.close()
    return took


if __name__ == "__main__":
    main()
