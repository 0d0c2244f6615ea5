"""Who asks, and what of the shop he may see: which modules, which rows, and persons in full or masked.

A scope goes with every question, whatever way it comes in: page, API, export, analysis, command line, Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scope:
    """The one who asks, and what he may see.

    `rows` maps a dimension to the values that are allowed; an empty mapping means every row. `modules`: the domains that
    he may see; None for all. `masked`: names, e-mail addresses, telephone numbers and addresses of persons are shown as
    their first letter alone. `builds`: where a release of what was known at an earlier moment is not there yet, it may be built
    for him. Two askers who may see the same share kept answers (`key`), whoever they are.
    """

    user: str
    rows: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())
    modules: tuple[str, ...] | None = None
    masked: bool = False
    builds: bool = True

    def sees(self, module: str) -> bool:
        """Whether a domain is open to the one who asks."""
        return self.modules is None or module in self.modules

    @property
    def key(self) -> tuple[object, ...]:
        """What of the scope changes an answer: rows, modules and masking, not the name."""
        rows = tuple(sorted((name, tuple(sorted(values))) for name, values in self.rows))
        return rows, None if self.modules is None else tuple(sorted(self.modules)), self.masked


EVERYTHING = Scope(user="system")
"""The owner of the workspace at the command line and in Python: whoever can read the folder sees all of it."""
