"""The shop as a whole: its settings, the days that named periods mean now, what is built and what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from tillsight.api.access import Door, Viewer
from tillsight.api.envelope import Envelope, ok
from tillsight.api.services import Given
from tillsight.core.errors import NoReleaseError, OutdatedReleaseError
from tillsight.core.money import minor_units
from tillsight.core.periods import GRAINS, Grain
from tillsight.database import Release
from tillsight.shop import DOMAINS
from tillsight.tables.registry import TABLES
from tillsight.warehouse.engines import NAMES, engine_name

router = APIRouter(prefix="/api/v1", tags=["shop"], route_class=Door)


class PeriodOut(BaseModel):
    """A named period and the days that it means now, both inclusive."""

    name: str
    title: str
    start: str
    end: str


class ChecksOut(BaseModel):
    """How the checks of a release ended."""

    passed: int
    failed: int
    warned: int
    total: int


class ReleaseSummary(BaseModel):
    """A release: when it was published, up to when its loads were known, and the days with data."""

    number: int
    published_at: datetime | None
    known_to: datetime | None
    data_from: str | None
    data_to: str | None
    checks: ChecksOut


class DomainOut(BaseModel):
    """A domain: whether anything of it is loaded, and the titles of the tables that would fill it."""

    name: str
    title: str
    has_data: bool
    waiting_for: list[str]


class ShopOut(BaseModel):
    """The shop. `engine`: what answers. `today`: the day that named periods end on. `tables`: rows of every table of the
    release that has any, for those who see all of them. `outdated`: where there is a release that this version cannot ask,
    the sentence that says what to do; `release` is null then."""

    name: str
    shop_id: str
    currency: str
    minor_units: int
    timezone: str
    locale: str
    week_start: str
    preset: str
    engine: str
    today: str
    periods: list[PeriodOut]
    grains: list[Grain]
    release: ReleaseSummary | None
    outdated: str | None
    tables: dict[str, int]
    domains: list[DomainOut]


def summary_of(record: Release) -> dict[str, Any]:
    """A release in short."""
    states = [check["state"] for check in record.checks]
    return {
        "number": record.number,
        "published_at": record.published_at,
        "known_to": record.known_to,
        "data_from": record.manifest.get("data_from"),
        "data_to": record.manifest.get("data_to"),
        "checks": {state: states.count(state) for state in ("passed", "failed", "warned")} | {"total": len(states)},
    }


@router.get("/shop", response_model=Envelope[ShopOut])
def get_shop(who: Viewer, given: Given) -> Response:
    """The shop, its periods, its release and its domains."""
    shop, settings = given.shop, given.shop.settings
    release, outdated, rows = None, None, {}
    try:
        release = shop.releases.current()
        rows = {name: release.rows_of(name) for name in release.manifest["tables"]}
    except OutdatedReleaseError as error:
        outdated, rows = error.message, shop.status().rows
    except NoReleaseError:
        pass
    scope = given.scope(who)
    domains = [
        {
            "name": name,
            "title": title,
            "has_data": any(rows.get(table) for table in tables),
            "waiting_for": [TABLES[table].title for table in tables if not rows.get(table)],
        }
        for name, (title, tables) in DOMAINS.items()
        if scope.sees(name)
    ]
    bounded = bool(scope.rows) or scope.modules is not None
    return ok(
        {
            "name": settings.name,
            "shop_id": settings.shop_id,
            "currency": settings.currency,
            "minor_units": minor_units(settings.currency),
            "timezone": settings.timezone,
            "locale": settings.locale,
            "week_start": settings.week_start,
            "preset": settings.preset,
            "engine": NAMES[engine_name(settings)],
            "today": shop.today(release),
            "periods": shop.periods(release),
            "grains": list(GRAINS),
            "release": summary_of(release.record) if release else None,
            "outdated": outdated,
            "tables": {name: count for name, count in rows.items() if count and not bounded},
            "domains": domains,
        }
    )
