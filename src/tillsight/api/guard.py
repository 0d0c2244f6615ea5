"""Around every request: the host it is for, how large it may be, security headers, and a last net for errors."""

from __future__ import annotations

from collections.abc import Callable, Collection

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tillsight.api.envelope import failure
from tillsight.api.errors import known, unexpected
from tillsight.core.cards import cut_text
from tillsight.core.errors import TillsightError

SECURITY_HEADERS = {
    # The page is built ahead, so no script is written into it; the style library sets styles on elements.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
STRICT_TRANSPORT = "max-age=31536000"
"""For a year, a browser that came over TLS does not come without it."""
_ALWAYS = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
_OVER_TLS = ((b"strict-transport-security", STRICT_TRANSPORT.encode()),)
_API = ((b"cache-control", b"no-store"),)
LARGEST_BODY = 1_000_000
UPLOADS = "/api/v1/loads"
CARD = "This holds the number of a payment card, which is never taken or kept: leave it out."
_QUESTIONS = ("/api/v1/metrics/", "/api/v1/analyses/")
"""Nothing of a question is kept; a filter on an order number may look like a card."""
_SECRETS = "/api/v1/auth/"


class Guard:
    """ASGI middleware.

    `hosts`: the names that a request may be for, None for any. `upload`: bytes of an upload. `may_upload`: gets the
    token of an upload and raises unless its owner may upload; asked before any of the files are read.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str] | None, upload: int, may_upload: Callable[[str], object]
    ) -> None:
        self._app, self._hosts, self._upload, self._may_upload = app, hosts, upload, may_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        headers = Headers(scope=scope)
        path, method = scope["path"], scope["method"]
        most = self._upload if path == UPLOADS else LARGEST_BODY
        too_large = f"The request is larger than the {most / 1e6:,.0f} MB that this address takes."

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                told = {name for name, _ in message["headers"]}
                wanted = _ALWAYS + (_OVER_TLS if scope.get("scheme") == "https" else ())
                wanted += _API if path.startswith("/api/") else ()
                message["headers"] = [*message["headers"], *(pair for pair in wanted if pair[0] not in told)]
            await send(message)

        read = 0
        cards = _CardWatch(_kept_from(method, path, headers))

        async def guarded_receive() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                # An error that reading a body passes on as it is.
                raise HTTPException(413, too_large)
            cards.look(message)
            return message

        if self._hosts is not None and _host(headers.get("host", "")) not in self._hosts:
            message = "This server does not answer to that name; use the address that it printed when it started."
            await failure("WRONG_HOST", message, 421, {})(scope, receive, guarded_send)
            return
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > most:
            await failure("TOO_LARGE", too_large, 413, {"limit": most})(scope, receive, guarded_send)
            return
        try:
            if path == UPLOADS and method == "POST":
                kind, _, token = headers.get("authorization", "").partition(" ")
                await anyio.to_thread.run_sync(self._may_upload, token if kind.lower() == "bearer" else "")
            await self._app(scope, guarded_receive, guarded_send)
        except TillsightError as error:
            await known(error)(scope, receive, guarded_send)
        except Exception as error:
            response = unexpected(method, path, error)
            if started:
                raise
            await response(scope, receive, guarded_send)


class _CardWatch:
    """Looks through a body as it comes; HTTPException when it held the number of a payment card."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._body = bytearray()

    def look(self, message: Message) -> None:
        """Look at the next part of the body; judge when it is whole."""
        if self._wanted:
            self._body.extend(message.get("body", b""))
            if not message.get("more_body") and cut_text(self._body.decode("utf-8", "replace"))[1]:
                raise HTTPException(422, CARD)


def _kept_from(method: str, path: str, headers: Headers) -> bool:
    """Whether something of the body may be kept, so that it must not hold the number of a payment card."""
    return (
        method in ("POST", "PUT", "PATCH")
        and headers.get("content-type", "").startswith("application/json")
        and not path.startswith((*_QUESTIONS, _SECRETS))
    )


def _host(header: str) -> str:
    """The name without the port: `127.0.0.1`, `localhost`, `[::1]`."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0].lower()
