"""Questions that were asked before, in the same words, answered without asking: no reading of the question, no thread, no copy.

Before an answer is given again, this is looked at, every time: who asks, by his token or key (remembered as long as nothing was
committed to the operational database, so that whatever was taken from somebody is gone at once); whether the door is open to him;
how many requests he sent; that the release is the one that answers now; that the day is the same; and what of the shop he may see.
Where anything of it is not known at once, the request goes the ordinary way, which finds the same answer or says what is wrong.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tillsight.accounts import SignedIn
from tillsight.api.asked import ASKED, Asked, Lasting, Words
from tillsight.api.keeping import Kept, headers_of, is_known, tag_of
from tillsight.api.services import Services
from tillsight.core.errors import NotAllowedError

LONGEST = 20_000
"""Bytes of a question; longer ones are not remembered."""
_PREFIX = "/api/v1/"
_POSTED = ("/api/v1/metrics/", "/api/v1/analyses/")
_MOST = 20_000


class Remembered:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, given: Services) -> None:
        self._app, self._given = app, given
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Words, Lasting], tuple[Hashable, Callable[[SignedIn], None]]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is remembered, or pass the request on and remember what it was answered with."""
        path: str = scope.get("path", "")
        method = scope.get("method")
        if not path.startswith(_PREFIX) or not (method == "GET" or (method == "POST" and path.startswith(_POSTED))):
            await self._app(scope, receive, send)
            return
        bearer, length, accepted, known_tags = _looked_at(scope)
        if not bearer or length > LONGEST:
            await self._app(scope, receive, send)
            return
        body = b""
        if method == "POST":
            body, receive = await _read(receive)
        asked = Asked((method, path, scope.get("query_string", b""), body))
        changes = self._given.shop.database.changes
        stamp = changes.stamp() if changes.quick else await anyio.to_thread.run_sync(changes.stamp)
        who = self._given.sessions.remembered(bearer, stamp)
        release = self._given.shop.releases.number_at(stamp)
        if who is not None and release is not None:
            found = self._found(asked.words, Lasting(release, self._given.shop.clock_today(), who.scope.key), who)
            if found is not None and _counted(self._given, who):
                await _give(send, *found, method == "GET", accepted, known_tags)
                return
        scope[ASKED] = asked
        await self._app(scope, receive, send)
        if asked.answer is not None and asked.lasting is not None and asked.admitted is not None:
            self._remember(asked.words, asked.lasting, asked.answer, asked.admitted)

    def _found(self, words: Words, lasting: Lasting, who: SignedIn) -> tuple[Hashable, Kept] | None:
        known = self._known.get((words, lasting))
        if known is None:
            return None
        key, admitted = known
        kept = self._given.kept.at_hand(key)
        try:
            admitted(who)
        except NotAllowedError:
            return None
        return (key, kept) if kept is not None else None

    def _remember(self, words: Words, lasting: Lasting, answer: Hashable, admitted: Callable[[SignedIn], None]) -> None:
        with self._lock:
            self._known[words, lasting] = answer, admitted
            while len(self._known) > _MOST:
                self._known.popitem(last=False)


def _looked_at(scope: Scope) -> tuple[str, int, bool, bytes]:
    """Of the headers: the token or key, the length of the body, whether it may be compressed, and the tags that are known."""
    bearer, length, zipped, tags = "", 0, False, b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, text = value.decode("latin-1").partition(" ")
            bearer = text if kind.lower() == "bearer" else ""
        elif name == b"content-length":
            length = int(value) if value.isdigit() else LONGEST + 1
        elif name == b"transfer-encoding":
            length = LONGEST + 1
        elif name == b"accept-encoding":
            zipped = b"gzip" in value
        elif name == b"if-none-match":
            tags = value
    return bearer, length, zipped, tags


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, and how to receive it once more."""
    messages: list[Message] = []
    body = b""
    while True:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    messages.reverse()

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return body, again


def _counted(given: Services, who: SignedIn) -> bool:
    """Whether the request could be counted without waiting."""
    return given.key_requests.take_held(who.key) if who.key is not None else given.requests.take_held(str(who.user_id))


async def _give(send: Send, key: Hashable, kept: Kept, tagged: bool, zipped: bool, known_tags: bytes) -> None:
    """Send a kept answer as it lies there, or only that it is still the same."""
    tag = tag_of(key) if tagged else None
    if tag is not None and is_known(tag, known_tags.decode("latin-1")):
        await send({"type": "http.response.start", "status": 304, "headers": _raw(headers_of(tag))})
        await send({"type": "http.response.body", "body": b""})
        return
    zipped = zipped and kept.zipped is not None
    body = kept.zipped if zipped and kept.zipped is not None else kept.plain
    headers = _raw(headers_of(tag, zipped=zipped))
    headers += [(b"content-length", str(len(body)).encode()), (b"content-type", kept.media_type.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
