"""Answers that are kept: the bytes of a response by release, question, scope and format, so that asking again is free.

A release never changes, so an answer from it never does. The oldest unused go when the memory set for them is full. A
question that is being answered is not answered twice: whoever asks it meanwhile waits for the first.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from fastapi import Request, Response

from tillsight.api.asked import ASKED, Asked, Lasting
from tillsight.api.threads import BeingMadeError

ZIPPED_FROM = 1_000
"""Bytes from which compressing is worth it."""
LARGEST_SHARED = 8_000_000
"""Bytes of an answer that is kept for other servers too."""


@dataclass(frozen=True)
class Kept:
    """The body of a response, plain and, where that is worth it, compressed."""

    plain: bytes
    zipped: bytes | None
    media_type: str

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.plain) + len(self.zipped or b"")


class SharedAnswers(Protocol):
    """Where several servers keep answers together."""

    def get(self, key: Hashable) -> Kept | None:
        """The answer of a key, if it is there."""

    def put(self, key: Hashable, made: Kept) -> None:
        """Keep an answer."""

    def clear(self) -> None:
        """Keep nothing of an earlier release any more."""


class KeptAnswers:
    """Answers by key, up to so many bytes. Safe to use from many threads. `shared`: where other servers keep them too."""

    def __init__(self, most: int, shared: SharedAnswers | None = None) -> None:
        self._most = most
        self._shared = shared
        self._size = 0
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Kept] = OrderedDict()
        self._making: dict[Hashable, Future[Kept]] = {}

    def get(
        self, key: Hashable, make: Callable[[], Kept], wait: Callable[[Future[Kept]], Kept] = Future.result
    ) -> Kept:
        """The answer of a key, made if it is not kept. `wait`: what to do while it is being made for somebody else.

        An error in making it is the error of all who wait for it.
        """
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
                return found
            under_way = self._making.get(key)
            if under_way is None:
                mine = self._making[key] = Future()
        if under_way is not None:
            return wait(under_way)
        try:
            made = self._shared.get(key) if self._shared else None
            if made is None:
                made = make()
                if self._shared and made.size <= LARGEST_SHARED:
                    self._shared.put(key, made)
            self._keep(key, made)
        except BaseException as error:
            with self._lock:
                self._making.pop(key, None)
            mine.set_exception(error)
            raise
        with self._lock:
            self._making.pop(key, None)
        mine.set_result(made)
        return made

    def at_hand(self, key: Hashable) -> Kept | None:
        """The answer of a key where this server keeps it; never waits."""
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._answers.clear()
            self._size = 0
        if self._shared:
            self._shared.clear()

    def _keep(self, key: Hashable, made: Kept) -> None:
        if made.size > self._most // 4:
            return
        with self._lock:
            before = self._answers.pop(key, None)
            self._answers[key] = made
            self._size += made.size - (before.size if before else 0)
            while self._size > self._most:
                _, gone = self._answers.popitem(last=False)
                self._size -= gone.size


def kept(body: bytes, media_type: str) -> Kept:
    """A body to keep."""
    zipped = gzip.compress(body, compresslevel=5, mtime=0) if len(body) >= ZIPPED_FROM else None
    return Kept(body, zipped, media_type)


def tag_of(key: Hashable) -> str:
    """The ETag of an answer: weak, because the compressed and the plain body are the same answer."""
    return f'W/"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}"'


def headers_of(tag: str | None, *, zipped: bool = False) -> dict[str, str]:
    """The headers of an answer, or of a response that says it is still the same."""
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Authorization"}
    if tag is not None:
        headers["ETag"] = tag
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return headers


def is_known(tag: str, known_tags: str) -> bool:
    """Whether the one who asks has this answer, by the tags that he sent."""
    return tag in (one.strip() for one in known_tags.split(","))


def unchanged(request: Request, key: Hashable) -> Response | None:
    """304 where the one who asks by an address has the answer already."""
    if request.method != "GET" or not is_known(tag_of(key), request.headers.get("if-none-match", "")):
        return None
    return Response(status_code=304, headers=headers_of(tag_of(key)))


def respond(
    request: Request, answers: KeptAnswers, key: Hashable, make: Callable[[], Kept], lasting: Lasting | None = None
) -> Response:
    """The response for a key: 304 when the one who asks has it already, else the answer, kept or made.

    `lasting`: what the key depends on besides the words of the request, where that is all that it depends on.
    """
    asked: Asked | None = request.scope.get(ASKED)
    if asked is not None:
        asked.answer, asked.lasting = key, lasting
    if same := unchanged(request, key):
        return same
    tag = tag_of(key) if request.method == "GET" else None
    may_zip = "gzip" in request.headers.get("accept-encoding", "")

    def response(answer: Kept) -> Response:
        zipped = answer.zipped if may_zip else None
        headers = headers_of(tag, zipped=zipped is not None)
        return Response(answer.plain if zipped is None else zipped, headers=headers, media_type=answer.media_type)

    def wait(made: Future[Kept]) -> Kept:
        raise BeingMadeError(made, response)

    return response(answers.get(key, make, wait))
