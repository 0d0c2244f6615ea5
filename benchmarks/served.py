"""A server over a workspace for the time of a measurement, somebody who may ask it, and a client that costs little.

The client speaks HTTP/1.1 over a kept connection with bytes made ahead, because it works on the processors that it measures.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

QUERY = "/api/v1/metrics/query"
BENCHMARK_USER = "benchmark"
UNLIMITED = {"TILLSIGHT_ACCOUNTS__REQUESTS_PER_MINUTE": "0", "TILLSIGHT_SERVE__ACCESS_MINUTES": "600"}
"""Settings of a server that is measured: one client asks what many people would."""


@dataclass(frozen=True)
class Server:
    """Where a server listens, its process, and seconds until it answered."""

    host: str
    port: int
    pid: int
    seconds: float


@contextlib.contextmanager
def served(workspace: Path, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`tillsight serve` on a free port. `env`: settings besides those of the workspace."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tillsight", "serve", "--port", "0", "--workspace", str(workspace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **UNLIMITED, **(env or {})},
    )
    try:
        assert process.stdout
        address = next((found[0] for line in process.stdout if (found := re.search(r"http://\S+", line))), None)
        if address is None:
            raise SystemExit("The server did not start.")
        parts = urlsplit(address)
        yield Server(parts.hostname or "", parts.port or 0, process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait()


def tokens(workspace: Path, people: int = 1) -> list[str]:
    """Access tokens of so many users, who are made for it where they are not there."""
    from sqlalchemy import select

    import tillsight
    from tillsight.accounts import Sessions, add_user
    from tillsight.accounts.sessions import Device
    from tillsight.database import User
    from tillsight.vault import Keys

    with tillsight.open(workspace) as shop:
        settings = shop.settings.model_copy(
            update={"serve": shop.settings.serve.model_copy(update={"access_minutes": 600})}
        )
        sessions = Sessions(shop.database, Keys.open(shop.path), settings)
        given = []
        for number in range(people):
            name = f"{BENCHMARK_USER}-{number}"
            with shop.database.read() as session:
                user = session.scalar(select(User).where(User.name == name))
            if user is None:
                user = add_user(shop.database, name, os.urandom(16).hex(), "manager")
            given.append(sessions.open(user.id, "password", Device("benchmark")).access_token)
        return given


def request_of(server: Server, token: str, question: dict[str, Any]) -> bytes:
    """The bytes of a question over HTTP."""
    body = json.dumps(question).encode()
    head = (
        f"POST {QUERY} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nAccept-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection:
    """One kept connection. Answers come with their length, or in chunks."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection((server.host, server.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def ask(self, request: bytes) -> tuple[int, float]:
        """Status, and milliseconds from the first byte sent to the last byte of the answer."""
        started = time.perf_counter()
        self._socket.sendall(request)
        status = int(self._file.readline().split()[1])
        length = 0
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        self._file.read(length)
        return status, 1000 * (time.perf_counter() - started)

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()
