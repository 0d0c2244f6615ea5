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
from dataclasses import dataclass

from fastapi import Request, Response

ZIPPED_FROM = 1_000
"""Bytes from which compressing is worth it."""


@dataclass(frozen=True)
class Kept:
    """The body of a response, plain and, where that is worth it, compressed."""

    plain: bytes
    zipped: bytes | None
    media_type: str
    file_name: str | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.plain) + len(self.zipped or b"")


class KeptAnswers:
    """Answers by key, up to so many bytes. Safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Kept] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The answer of a key, made if it is not kept."""
        found = self._found(key)
        if found is not None:
            return found
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            found = self._found(key)
            if found is not None:
                return found
            try:
                made = make()
                self._keep(key, made)
            finally:
                with self._lock:
                    self._making.pop(key, None)
            return made

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._answers.clear()
            self._size = 0

    def _found(self, key: Hashable) -> Kept | None:
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def _keep(self, key: Hashable, made: Kept) -> None:
        if made.size > self._most // 4:
            return
        with self._lock:
            self._answers[key] = made
            self._size += made.size
            while self._size > self._most:
                _, gone = self._answers.popitem(last=False)
                self._size -= gone.size


def kept(body: bytes, media_type: str, file_name: str | None = None, zip_it: bool = True) -> Kept:
    """A body to keep. `zip_it`: false for what is compressed already."""
    zipped = gzip.compress(body, compresslevel=5, mtime=0) if zip_it and len(body) >= ZIPPED_FROM else None
    return Kept(body, zipped, media_type, file_name)


def tag_of(key: Hashable) -> str:
    """The ETag of an answer: weak, because the compressed and the plain body are the same answer."""
    return f'W/"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}"'


def respond(request: Request, answers: KeptAnswers, key: Hashable, make: Callable[[], Kept]) -> Response:
    """The response for a key: 304 when the one who asks has it already, else the answer, kept or made."""
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Authorization"}
    if request.method == "GET":
        headers["ETag"] = tag_of(key)
        if headers["ETag"] in (tag.strip() for tag in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
    answer = answers.get(key, make)
    if answer.file_name:
        headers["Content-Disposition"] = f'attachment; filename="{answer.file_name}"'
    if answer.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(answer.zipped, headers=headers | {"Content-Encoding": "gzip"}, media_type=answer.media_type)
    return Response(answer.plain, headers=headers, media_type=answer.media_type)
