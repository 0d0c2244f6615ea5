"""Who serves a workspace: servers hold a lock together, and what must not happen while one runs asks for it alone.

The lock goes with its process. Where the system has no such locks (Windows) nothing is held, and the guide says to stop the
server first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tillsight.core.errors import ConflictError

SERVE_LOCK = ".serve.lock"


@contextmanager
def serving(workspace: Path) -> Iterator[None]:
    """While a server runs. Raises ConflictError where something works on the workspace that no server may see."""
    with _lock(
        workspace, together=True, said="The files of this workspace are being encrypted; try again when it is done."
    ):
        yield


@contextmanager
def nobody_serves(workspace: Path) -> Iterator[None]:
    """While no server may run. Raises ConflictError where one does."""
    with _lock(workspace, together=False, said="A server runs on this workspace; stop it first."):
        yield


@contextmanager
def _lock(workspace: Path, *, together: bool, said: str) -> Iterator[None]:
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    handle = os.open(workspace / SERVE_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if together else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(said) from None
        yield
    finally:
        os.close(handle)
