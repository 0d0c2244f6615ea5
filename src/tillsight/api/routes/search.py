"""Search: pages, metrics, products, customers and orders, each with the path where it is seen."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from tillsight.api.access import QuestionDoor, Viewer
from tillsight.api.envelope import Envelope
from tillsight.api.questions import kept_json
from tillsight.api.services import Given, Services
from tillsight.core.errors import NoReleaseError
from tillsight.core.scope import Scope
from tillsight.dashboards.declaration import load as dashboards
from tillsight.dashboards.shown import shown_to
from tillsight.metrics.permission import may_ask

router = APIRouter(prefix="/api/v1", tags=["search"], route_class=QuestionDoor)

PAGES = (
    ("Explore", "Any metric by any dimension", "/explore"),
    ("Settings", "How the shop counts days, money and weeks", "/settings"),
    ("Your profile", "Password, second factor, sessions, keys of programs", "/profile"),
)
WHOLE_PAGES = (("Data", "Loads, releases, checks, tables", "/data"),)
"""Pages of the whole shop, for those who see all of it."""
MEASURE = "revenue"
"""What products, customers and orders are ranked by; who may not see it finds none of them."""
MOST = 6
"""Hits of each kind."""


class Hit(BaseModel):
    """Something that was found."""

    kind: Literal["page", "metric", "product", "customer", "order"]
    title: str
    subtitle: str | None
    path: str


@router.get("/search", response_model=Envelope[list[Hit]])
def search(
    who: Viewer, given: Given, request: Request, q: Annotated[str, Query(min_length=1, max_length=200)]
) -> Response:
    """Find pages and metrics by name, and products, customers and orders by name or number."""
    scope = given.scope(who)
    text = q.strip()
    key = ("search", given.shop.releases.current_number(), text.lower(), scope.key)
    return kept_json(request, given, key, lambda: found(given, scope, text))


def found(given: Services, scope: Scope, text: str) -> list[dict[str, Any]]:
    """Every hit: names that begin with the text before those that contain it."""
    if not text:
        return []
    hits = _pages(given, scope, text) + _metrics(given, scope, text)
    if not may_ask(given.shop.catalogue, scope, given.shop.catalogue.metric(MEASURE)):
        return hits
    try:
        return hits + _rows(given, scope, text)
    except NoReleaseError:
        return hits


def _pages(given: Services, scope: Scope, text: str) -> list[dict[str, Any]]:
    boards = [board for board in dashboards().values() if shown_to(given.shop.catalogue, scope, board) is not None]
    pages = [(board.title, board.purpose, board.path) for board in boards] + list(PAGES)
    pages += WHOLE_PAGES if scope.modules is None else ()
    chosen = _best([(title, f"{title} {purpose}", (title, purpose, path)) for title, purpose, path in pages], text)
    return [{"kind": "page", "title": title, "subtitle": purpose, "path": path} for title, purpose, path in chosen]


def _metrics(given: Services, scope: Scope, text: str) -> list[dict[str, Any]]:
    catalogue = given.shop.catalogue
    metrics = [metric for metric in catalogue.metrics.values() if may_ask(catalogue, scope, metric)]
    chosen = _best(
        [(metric.title, f"{metric.title} {metric.name} {metric.formula}", metric) for metric in metrics], text
    )
    return [
        {"kind": "metric", "title": m.title, "subtitle": m.formula, "path": f"/explore?metrics={m.name}"}
        for m in chosen
    ]


def _rows(given: Services, scope: Scope, text: str) -> list[dict[str, Any]]:
    asker = given.shop.asker(scope)
    kinds: tuple[tuple[Literal["product", "customer", "order"], tuple[str, ...], str], ...] = (
        ("product", ("product", "product_id"), "/sales/products?where=product_id={}"),
        ("customer", ("customer_id",), "/customers/all/{}"),
        ("order", ("order_id",), "/explore?metrics=revenue,units_sold&by=product&where=order_id={}"),
    )
    hits: list[dict[str, Any]] = []
    for kind, dimensions, path in kinds:
        seen: set[str] = set()
        for dimension in dimensions:
            answer = asker.query(
                MEASURE,
                by=dimensions,
                where=[{"dimension": dimension, "op": "contains", "values": [text]}],
                sort=f"-{MEASURE}",
                limit=MOST,
            )
            for row in answer.to_records():
                number = row[dimensions[-1]]
                if number is None or number in seen or len(seen) >= MOST:
                    continue
                seen.add(number)
                title = row[dimensions[0]] or number
                subtitle = number if title != number else None
                hits.append(
                    {"kind": kind, "title": title, "subtitle": subtitle, "path": path.format(quote(number, safe=""))}
                )
    return hits


def _best(items: list[tuple[str, str, Any]], text: str) -> list[Any]:
    wanted = text.lower()
    ranked = [
        (0 if title.lower().startswith(wanted) else 1 if wanted in title.lower() else 2, index, item)
        for index, (title, words, item) in enumerate(items)
        if all(word in words.lower() for word in wanted.split())
    ]
    return [item for _, _, item in sorted(ranked, key=lambda one: one[:2])[:MOST]]
