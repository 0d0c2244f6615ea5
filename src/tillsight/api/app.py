"""The app: routers, rules, errors, security headers and the page, put together for one shop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.routing import APIRoute

from tillsight.api.access import UPLOAD, Door, Reader, doors
from tillsight.api.envelope import JSON, ErrorEnvelope, to_bytes
from tillsight.api.errors import handle_errors
from tillsight.api.guard import Guard
from tillsight.api.pages import Page
from tillsight.api.remembered import Remembered
from tillsight.api.routes import (
    audit,
    auth,
    customer_value,
    customers,
    dashboards,
    data,
    goals,
    health,
    keys,
    metrics,
    oidc,
    privacy,
    return_figures,
    return_prevention,
    returns,
    safety,
    sales,
    search,
    users,
)
from tillsight.api.routes import shop as shops
from tillsight.api.services import Services
from tillsight.api.threads import THREADS
from tillsight.jobs import Worker
from tillsight.shop import Shop

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

_ROUTERS = (
    auth,
    oidc,
    users,
    keys,
    audit,
    privacy,
    safety,
    shops,
    metrics,
    dashboards,
    goals,
    sales,
    customer_value,
    customers,
    return_figures,
    return_prevention,
    returns,  # behind all else below /returns: any other word there is the number of a return
    data,
    search,
    health,
)
_ERRORS: dict[int | str, dict[str, Any]] = {"default": {"model": ErrorEnvelope, "description": "An error"}}


def create_app(
    shop: Shop,
    worker: Worker | None = None,
    hosts: Collection[str] | None = LOOPBACK,
) -> FastAPI:
    """The app of a shop.

    `worker` runs the jobs while the app runs; without one they wait for another server. `hosts` are the names that a
    request may be for (protection against DNS rebinding); None takes any.
    """
    app = _bare(worker)
    services = Services.of(shop, worker.carry if worker else _nobody)
    app.state.services = services

    def may_upload(token: str) -> None:
        UPLOAD.admit(services, token)

    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(Remembered, given=services)
    app.add_middleware(Guard, hosts=hosts, upload=shop.settings.limits.upload_mb * 1_000_000, may_upload=may_upload)
    return app


def openapi_document() -> dict[str, Any]:
    """The description of the API (OpenAPI 3.1). Needs no workspace."""
    return _bare().openapi()


def every_door() -> list[tuple[str, Door]]:
    """Every method and route of the API, with its rule. Needs no workspace."""
    return list(doors(_bare()))


def _bare(worker: Worker | None = None) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        if worker is not None:
            await anyio.to_thread.run_sync(worker.start)
        yield
        if worker is not None:
            await anyio.to_thread.run_sync(worker.stop)

    app = FastAPI(
        title="Tillsight",
        summary="Any metric of a shop by any dimension at any grain, with the evidence.",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        responses=_ERRORS,
    )
    for module in _ROUTERS:
        app.include_router(module.router)
    app.include_router(_description(app.openapi))
    app.router.default = Page()
    handle_errors(app)
    return app


def _description(document: Callable[[], dict[str, Any]]) -> APIRouter:
    router = APIRouter(prefix="/api/v1", route_class=Door)

    @router.get("/openapi.json", include_in_schema=False)
    def get_openapi(_who: Reader) -> Response:
        """The description of this API."""
        return Response(to_bytes(document()), media_type=JSON)

    return router


def _operation_id(route: APIRoute) -> str:
    return route.name


def _nobody(_job_id: str) -> None:
    """No worker here: the job waits in the table for one."""
