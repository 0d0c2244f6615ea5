"""A million returns: how long each page of returns takes.

    python -m benchmarks.returns [RETURNS] [--folder DIR] [--keep]

RETURNS is the number of returns (1m). The shop: two years, four orders of one or two pieces for each return, 2,000 articles in
five sizes and 24 categories, reasons, comments in three languages (8,400 different ones), conditions, costs, moments of the
steps, refunds. It is drawn in the engine from a hash, as Parquet files, and goes the way of every file: loaded, landed, built
into a release.

Then it is served by a process of its own, and every page of returns is asked for as a browser does it: the questions of its
panels at once over six connections, key figures together in one question. A page is shown when the last answer is there.
`first` is the first time after the server started, `30 days` what a page opens with, `then` the middle of five periods of 300 to
700 days that were not asked for before, so that no answer is one that was remembered. `work` is what the server's process worked
for these, in processor seconds: it says what a page costs also on a machine that does other things, where a page waits for its
turn; at rest a page takes its work divided by the processors, at best.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from benchmarks.measure import folder_bytes, machine, median, run, show, size, versions
from benchmarks.served import Server, served, tokens
from tillsight.dashboards.declaration import load

TILLSIGHT = (sys.executable, "-m", "tillsight")
ORDERS_A_RETURN = 4
FIRST_DAY, DAYS = date(2024, 1, 1), 730
CONNECTIONS = 6
DESK = ("/api/v1/returns/desk", "/api/v1/returns/board", "/api/v1/returns/list?per_page=25")
MUST = 2.0


class Took(NamedTuple):
    """Seconds from the first question to the last answer, and processor seconds of the server in that time."""

    seconds: float
    work: float


def main() -> None:
    """Make the shop, ask for the pages, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("returns", nargs="?", default="1m")
    parser.add_argument("--folder", type=Path, help="where the workspace is made (and kept with --keep)")
    parser.add_argument("--keep", action="store_true", help="leave the workspace for other runs")
    asked = parser.parse_args()
    count = size(asked.returns)
    print(f"Returns · {count:,} returns of {ORDERS_A_RETURN * count:,} orders · {machine()}")
    print(versions("tillsight", "duckdb", "scikit-learn"))
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="returns-"))
    try:
        shop = folder / "shop"
        if not (shop / "releases").exists():
            make(folder, shop, count)
        measure(shop)
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)


def make(folder: Path, shop: Path, count: int) -> None:
    """Draw, load and build."""
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    draw(raw, count)
    run(*TILLSIGHT, "init", shop, "--currency", "EUR", "--timezone", "Europe/Berlin")
    for what, command in (("loaded", ("load", raw)), ("built", ("build",))):
        done = run(*TILLSIGHT, "-w", shop, *command)
        if done.code:
            raise SystemExit(f"{what}: {done.errors[-2000:]}")
        print(f"{what:<10}{done.seconds:>8.1f} s, peak memory {done.peak / 2**30:.1f} GB", flush=True)
    shutil.rmtree(raw)
    print(f"{'releases':<10}{folder_bytes(shop / 'releases') / 2**30:>8.2f} GB", flush=True)


def measure(shop: Path) -> None:
    """Every page of returns: seconds until its last answer."""
    [token] = tokens(shop)
    pages = {board.title: list(questions(board.panels)) for board in load().values() if board.domain == "returns"}
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    others = [(last - timedelta(days=days), last - timedelta(days=7)) for days in (700, 600, 500, 400, 300)]
    rows = []
    with served(shop) as server, ThreadPoolExecutor(CONNECTIONS) as pool:
        for title, asked in pages.items():
            first = shown(pool, server, token, asked, FIRST_DAY, last)
            year = shown(pool, server, token, asked, last - timedelta(days=364), last)
            opened = shown(pool, server, token, asked, last - timedelta(days=29), last)
            then = [shown(pool, server, token, asked, start, end) for start, end in others]
            rows.append(_row(title, len(asked), first, year, opened, then))
        board = [_timed(pool, server, token, [(path, None) for path in DESK]) for _ in range(6)]
        rows.append(_row("Return desk: board and list", len(DESK), board[0], board[1], board[1], board[1:]))
    show(
        "Seconds until a page is shown",
        ("page", "questions", "first, all days", "a year", "30 days", "then", "work", "aim"),
        rows,
    )


def _row(title: str, asked: int, first: Took, year: Took, opened: Took, then: list[Took]) -> tuple[str, ...]:
    middle = median([took.seconds for took in then])
    return (
        title,
        str(asked),
        f"{first.seconds:.2f}",
        f"{year.seconds:.2f}",
        f"{opened.seconds:.2f}",
        f"{middle:.2f}",
        f"{median([took.work for took in then]):.2f}",
        "kept" if middle < MUST else f"over {MUST:g}",
    )


def questions(panels: Any) -> list[tuple[str, dict[str, Any]]]:
    """What the panels of a page ask: address and body, without days; each question once."""
    query = "/api/v1/metrics/query"
    key = [metric for panel in panels if panel.kind == "kpi" for metric in panel.metrics]
    asked: list[tuple[str, dict[str, Any]]] = []
    if key:
        asked += [(query, {"metrics": key}), (query, {"metrics": key, "grain": "month"})]
    for panel in panels:
        if panel.kind == "kpi":
            continue
        if hasattr(panel, "analysis"):
            asked.append((f"/api/v1/analyses/{panel.analysis}", {}))
            continue
        body: dict[str, Any] = {"metrics": [*panel.metrics], "by": [*panel.by] if hasattr(panel, "by") else []}
        if panel.kind in ("line", "area"):
            body["grain"] = "month"
        if panel.kind in ("table", "rank", "share"):
            body |= {"limit": panel.limit, "sort": [*getattr(panel, "sort", ())] or [f"-{panel.metrics[0]}"]}
        asked.append((query, body))
    return [one for place, one in enumerate(asked) if one not in asked[:place]]


def shown(
    pool: ThreadPoolExecutor,
    server: Server,
    token: str,
    asked: list[tuple[str, dict[str, Any]]],
    start: date,
    end: date,
) -> Took:
    """How long it takes until every question of a page is answered, for some days."""
    days = {"from": start.isoformat(), "to": end.isoformat()}
    return _timed(pool, server, token, [(path, body | days) for path, body in asked])


def _timed(
    pool: ThreadPoolExecutor, server: Server, token: str, asked: list[tuple[str, dict[str, Any] | None]]
) -> Took:
    started, worked = time.perf_counter(), _worked(server)
    for _ in pool.map(lambda one: _ask(server, token, *one), asked):
        pass
    return Took(time.perf_counter() - started, _worked(server) - worked)


def _worked(server: Server) -> float:
    """The processor seconds of the server's process so far."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ask(server: Server, token: str, path: str, body: dict[str, Any] | None) -> None:
    request = urllib.request.Request(
        f"http://{server.host}:{server.port}{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        answer.read()


def draw(out: Path, count: int) -> None:
    """Write the shop's tables as Parquet files."""
    connection = duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(out / ".spill")})
    connection.execute("CREATE MACRO pick(i, purpose, n) AS CAST(hash(i, purpose) % n AS BIGINT)")
    connection.execute("CREATE MACRO price(p) AS CAST(9 + pick(p // 5, 20, 900) / 10 AS DECIMAL(18, 2))")
    connection.execute("CREATE MACRO article(i) AS CAST(power(pick(i, 6, 1000000) / 1e6, 2) * 10000 AS BIGINT)")
    # one article in fifty runs small; its reason is that it does
    connection.execute(
        "CREATE MACRO reason(i) AS CASE WHEN (article(i * 4) // 5) % 50 = 0 AND pick(i, 40, 10) < 7 THEN 'too_small' ELSE "
        f"[{', '.join(repr(one) for one in _REASONS)}][pick(i, 41, {len(_REASONS)}) + 1] END"
    )
    orders = ORDERS_A_RETURN * count
    day = f"CAST(DATE '{FIRST_DAY}' + CAST((i) * {DAYS} // {orders} AS INTEGER) AS TIMESTAMP)"
    connection.execute(f"CREATE MACRO ordered(i) AS {day}")
    asked = f"ordered(i * {ORDERS_A_RETURN}) + to_days(CAST(3 + pick(i, 42, 27) AS INTEGER))"
    connection.execute(f"CREATE MACRO asked(i) AS {asked}")
    comments = [list(one) for one in _COMMENTS]
    for name, sql in _TABLES.items():
        text = sql.format(orders=orders, returns=count, every=ORDERS_A_RETURN, comments=comments)
        connection.execute(f"COPY ({text}) TO '{out / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    connection.close()
    shutil.rmtree(out / ".spill", ignore_errors=True)


_REASONS = (
    *(
        "too_small",
        "too_large",
        "fit_not_as_expected",
        "colour_not_as_expected",
        "material_quality",
        "no_longer_needed",
    ),
    *(
        "found_better_price",
        "late_delivery",
        "damaged_on_arrival",
        "manufacturing_defect",
        "wrong_item",
        "not_as_described",
    ),
)
_COMMENTS = (
    (
        *("the sleeves are much too tight", "the colour is darker than in the photo", "the zip is broken"),
        *("the fabric is thin and rough", "it came a week late", "it smells of chemicals", "the seam has a hole"),
    ),
    (
        *("die Ärmel sind viel zu eng", "die Farbe ist dunkler als auf dem Foto", "der Reißverschluss ist kaputt"),
        *("der Stoff ist dünn und rau", "es kam eine Woche zu spät", "es riecht nach Chemie", "die Naht hat ein Loch"),
    ),
    (
        *("les manches sont trop étroites", "la couleur est plus foncée que sur la photo", "la fermeture est cassée"),
        *("le tissu est fin et rugueux", "arrivé trop tard", "il sent les produits chimiques", "la couture a un trou"),
    ),
)
_TABLES = {
    "products": """
SELECT 'P' || i AS product_id, 'Article ' || i // 5 || ', ' || ['XS', 'S', 'M', 'L', 'XL'][i % 5 + 1] AS product_name,
  'A' || i // 5 AS parent_product_id, ['XS', 'S', 'M', 'L', 'XL'][i % 5 + 1] AS size,
  'Category ' || (i // 5) % 24 AS category, 'Brand ' || (i // 5) % 40 AS brand, 'V' || (i // 5) % 60 AS supplier_id,
  price(i) AS current_price
FROM range(10000) AS r(i)""",
    "suppliers": "SELECT 'V' || i AS supplier_id, 'Supplier ' || i AS supplier_name FROM range(60) AS r(i)",
    "orders": """
SELECT 'O' || i AS order_id, 'C' || pick(i, 1, {orders} // 5) AS customer_id,
  ordered(i) + to_seconds(28800 + pick(i, 2, 43200)) AS placed_at, 'completed' AS order_status, 'EUR' AS currency,
  true AS prices_include_tax, ['web', 'mobile', 'retail'][pick(i, 3, 3) + 1] AS channel,
  ['DE', 'FR', 'NL'][pick(i, 4, 3) + 1] AS country,
  ['organic', 'paid', 'email', 'direct'][pick(i, 5, 4) + 1] AS traffic_source
FROM range({orders}) AS r(i)""",
    "order_items": """
SELECT 'O' || i AS order_id, '1' AS line_id, 'P' || article(i) AS product_id,
  CAST(1 + pick(i, 7, 2) AS DECIMAL(18, 4)) AS quantity, price(article(i)) AS unit_price,
  CAST(price(article(i)) * 2 / 5 AS DECIMAL(18, 2)) AS unit_cost
FROM range({orders}) AS r(i)""",
    "returns": """
SELECT 'R' || i AS return_id, 'O' || i * {every} AS order_id, asked(i) AS initiated_at,
  CASE pick(i, 43, 20) WHEN 0 THEN 'rejected' ELSE 'completed' END AS return_status,
  CASE pick(i, 43, 20) WHEN 0 THEN 'rejected' ELSE 'completed' END AS workflow_step,
  CASE WHEN pick(i, 44, 5) = 0 THEN 'exchange' ELSE 'refund' END AS return_type,
  asked(i) + to_days(CAST(2 + pick(i, 45, 4) AS INTEGER)) AS received_at,
  asked(i) + to_days(CAST(6 + pick(i, 46, 2) AS INTEGER)) AS inspected_at,
  asked(i) + to_days(CAST(8 + pick(i, 47, 5) AS INTEGER)) AS completed_at, 4.9 AS shipping_cost, 2.5 AS processing_cost
FROM range({returns}) AS r(i)""",
    "return_items": """
SELECT 'R' || i AS return_id, '1' AS line_id, 'O' || i * {every} AS order_id, '1' AS order_line_id,
  'P' || article(i * {every}) AS product_id, 1 AS quantity, reason(i) AS reason_code,
  CASE WHEN pick(i, 48, 3) > 0 THEN {comments}[pick(i, 49, 3) + 1][pick(i, 50, 7) + 1] || ' (' || pick(i, 51, 400) || ')' END
    AS reason_detail, 1 + pick(i, 52, 5) AS condition_rating,
  CASE pick(i, 53, 20) WHEN 0 THEN 'damaged_stock' WHEN 1 THEN 'returned_to_supplier' WHEN 2 THEN 'scrapped'
    ELSE 'restocked' END AS disposition
FROM range({returns}) AS r(i)""",
    "refunds": """
SELECT 'F' || i AS refund_id, '1' AS line_id, 'O' || i * {every} AS order_id, '1' AS order_line_id, 'R' || i AS return_id,
  CAST(1 AS DECIMAL(18, 4)) AS quantity,
  CAST(round(price(article(i * {every})) * 5 / 6, 2) AS DECIMAL(18, 2)) AS amount, asked(i) + to_days(9) AS refunded_at,
  'EUR' AS currency, 'goods' AS kind
FROM range({returns}) AS r(i) WHERE pick(i, 44, 5) > 0 AND pick(i, 43, 20) > 0""",
}


if __name__ == "__main__":
    main()
