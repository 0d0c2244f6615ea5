"""Who asks, and which rows he may see. A scope goes with every question from the first day."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scope:
    """The one who asks and the rows that he may see.

    `rows` maps a dimension to the values that are allowed; an empty mapping means every row. Two askers with the same
    rows share cached answers (`key`), whoever they are.
    """

    user: str
    rows: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())

    @property
    def key(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What of the scope changes an answer: the row filters, not the name."""
        return tuple(sorted((name, tuple(sorted(values))) for name, values in self.rows))


EVERYTHING = Scope(user="system")
"""The owner of the workspace at the command line and in Python: whoever can read the folder sees all of it."""
