"""The page: the files that its build left in `static/`, and the page itself for every other address of its own.

Files below `assets/` carry a hash of their content in their name, so browsers may keep them for good; the page itself is
asked for each time.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).parent / "static"

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tillsight: the page is not built</title></head>
<body><h1>The page is not built</h1>
<p>The server works, and its API answers at <code>/api/v1</code>. To build the page, run <code>make web</code> in the
clone, or install Tillsight with <code>pip install .</code>, which builds it; then reload.</p></body></html>
"""


class Page:
    """An ASGI app that answers what no route does."""

    def __init__(self, static: Path = STATIC) -> None:
        self._static = static.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file or the page; 404 for an address of the API."""
        if scope["type"] != "http":
            return
        await self._response(Request(scope))(scope, receive, send)

    def _response(self, request: Request) -> Response:
        path = request.url.path.strip("/")
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        file = (self._static / path).resolve()
        if path and file.is_relative_to(self._static) and file.is_file():
            kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
            return FileResponse(file, headers={"Cache-Control": kept})
        if "." in path.rpartition("/")[2]:
            raise HTTPException(404)  # a file that is not there, not an address of the page
        index = self._static / "index.html"
        if not index.is_file():
            return HTMLResponse(NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
        return FileResponse(index, headers={"Cache-Control": "no-cache"})
