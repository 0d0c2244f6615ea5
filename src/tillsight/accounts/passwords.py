"""Passwords: kept as Argon2id hashes, made readable where we make them up.

Hashing takes 64 MiB and about a tenth of a second on purpose, so only two run at a time: a flood of attempts at signing
in waits in line instead of taking the memory of the machine.
"""

from __future__ import annotations

import secrets
import threading
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tillsight.core.errors import QuestionError

SHORTEST, LONGEST = 10, 200
_HASHER = PasswordHash((Argon2Hasher(),))
_SLOTS = threading.BoundedSemaphore(2)
_CONSONANTS, _VOWELS = "bdfghkmnprstvz", "aeiou"


def hash_password(password: str) -> str:
    """The hash to keep. Raises QuestionError for a password that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise QuestionError(f"A password has {SHORTEST} to {LONGEST} characters.", field="password")
    with _SLOTS:
        return _HASHER.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one that was hashed. No hash (no such user) takes as long and is never right."""
    if len(password) > LONGEST:
        return False
    with _SLOTS:
        return _HASHER.verify(password, password_hash or _nobody()) and password_hash is not None


def random_password() -> str:
    """A password that can be read aloud: five groups such as `bodat`, 80 bits of chance."""
    pick = secrets.choice
    return "-".join("".join(pick(_CONSONANTS if i % 2 == 0 else _VOWELS) for i in range(5)) for _ in range(5))


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
