"""How long work tells where it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """How long work tells where it is: the stage, how much of how much, and a line in words."""

    def __call__(self, stage: str, done: float | None, total: float | None, text: str) -> None:
        """Called now and then; must return quickly."""


def silent(stage: str, done: float | None, total: float | None, text: str) -> None:
    """Progress that nobody watches."""
