"""Answers that several servers of a workspace keep together, in Redis.

What lies there is sealed (AES-256-GCM) with a key of the workspace and bound to its name, so whoever may read or write that Redis
can neither read an answer nor put another in its place. Names carry the release, and are fingerprints: they tell nothing of what
was asked. With another release the answers of the one before are removed, as they may hold what was erased.

A cache is never why a question fails: where Redis does not answer within a quarter of a second it is left alone for a while.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import logging
import os
import time
from collections.abc import Callable, Hashable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillsight.api.keeping import Kept
from tillsight.core.errors import SettingsError
from tillsight.vault import Keys

_LOG = logging.getLogger(__name__)
SECONDS = 7 * 24 * 3600
"""How long an answer that nobody asks for is kept."""
WAIT = 0.25
PAUSE = 5.0
_NONCE = 12


class RedisAnswers:
    """Safe to use from many threads. `release`: gives the number of the release that answers now."""

    def __init__(self, address: str, keys: Keys, release: Callable[[], int | None]) -> None:
        try:
            import redis
        except ModuleNotFoundError:
            raise SettingsError(
                "Setting cache_url names Redis, which needs the package redis: pip install 'tillsight[redis]'.",
                field="cache_url",
            ) from None
        try:
            self._client: Any = redis.Redis.from_url(address, socket_timeout=WAIT, socket_connect_timeout=WAIT)
        except ValueError:
            raise SettingsError(
                "Setting cache_url is not an address such as redis://127.0.0.1:6379/0.", field="cache_url"
            ) from None
        self._error: type[Exception] = redis.RedisError
        secret = keys.derive("kept answers")
        self._cipher, self._secret = AESGCM(secret), keys.derive("names of kept answers")
        self._prefix = f"tillsight:{hmac.new(self._secret, b'workspace', hashlib.sha256).hexdigest()[:16]}:"
        self._release = release
        self._paused_until = 0.0

    def get(self, key: Hashable) -> Kept | None:
        """The answer of a key, if it is there and whole."""
        name = self._name(key)
        sealed = self._try(lambda: self._client.getex(name, ex=SECONDS))
        if not sealed:
            return None
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except InvalidTag:
            return None
        head, _, body = plain.partition(b"\n")
        told = json.loads(head)
        return Kept(gzip.decompress(body), body, told["type"]) if told["zipped"] else Kept(body, None, told["type"])

    def put(self, key: Hashable, made: Kept) -> None:
        """Keep an answer."""
        name, nonce = self._name(key), os.urandom(_NONCE)
        head = json.dumps({"type": made.media_type, "zipped": made.zipped is not None}).encode()
        body = made.plain if made.zipped is None else made.zipped
        sealed = nonce + self._cipher.encrypt(nonce, head + b"\n" + body, name.encode())
        self._try(lambda: self._client.set(name, sealed, ex=SECONDS))

    def clear(self) -> None:
        """Remove the answers of every release but the one that answers now."""
        kept = f"{self._prefix}{self._release()}:".encode()

        def remove() -> None:
            gone = [name for name in self._client.scan_iter(f"{self._prefix}*", 1000) if not name.startswith(kept)]
            for start in range(0, len(gone), 1000):
                self._client.unlink(*gone[start : start + 1000])

        self._try(remove)

    def _name(self, key: Hashable) -> str:
        told = hmac.new(self._secret, repr(key).encode(), hashlib.sha256).hexdigest()
        return f"{self._prefix}{self._release()}:{told}"

    def _try(self, call: Callable[[], Any]) -> Any:
        if time.monotonic() < self._paused_until:
            return None
        try:
            return call()
        except self._error as error:
            self._paused_until = time.monotonic() + PAUSE
            _LOG.warning("The cache does not answer (%s); questions are answered without it.", type(error).__name__)
            return None
