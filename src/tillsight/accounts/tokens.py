"""How what was given out is recognised: random texts are kept as their SHA-256 alone, which nobody can turn round."""

from __future__ import annotations

import hashlib
import secrets


def random_text() -> str:
    """256 bits of chance, for tokens and links."""
    return secrets.token_urlsafe(32)


def hash_of(text: str) -> str:
    """The hash that is kept of a random text."""
    return hashlib.sha256(text.encode()).hexdigest()
