"""Cheap password hashes, so that tests sign in a hundred times without waiting."""

from __future__ import annotations

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tillsight.accounts import passwords


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        passwords, "_HASHER", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    )
