"""What a preset is: which files belong to it, and what becomes of their rows. The same declarations as in an own mapping, and SQL
of our own where several files have to be put together.
"""

from __future__ import annotations

from dataclasses import dataclass

from tillsight.connectors.files.mapping import FileMapping
from tillsight.tables.schema import header_key


@dataclass(frozen=True)
class Role:
    """One kind of file of a data set, known by headers that it must have."""

    name: str
    headers: tuple[str, ...]
    required: bool = True

    def fits(self, headers: tuple[str, ...]) -> bool:
        """Does a file with these headers play the role?"""
        return {header_key(header) for header in self.headers} <= {header_key(header) for header in headers}


@dataclass(frozen=True)
class Output:
    """Rows for one target. `roles`: the files it needs, the first one being where its lines are counted.

    `sql`: a query over the relations `role_<name>`, which have the columns of the file, `_part` and `_line`; it hands `_part`
    and `_line` on. None: the rows of the first role as they are. `unless`: files with which another output does it better.
    `counts`: its rows are the rows of the first role, so that they tell what became of the file.
    """

    roles: tuple[str, ...]
    entry: FileMapping
    sql: str | None = None
    unless: tuple[str, ...] = ()
    counts: bool = True

    def possible(self, roles: set[str]) -> bool:
        """Can it be made from files that play these roles?"""
        return set(self.roles) <= roles and not set(self.unless) & roles


@dataclass(frozen=True)
class Preset:
    """A data set: `currency` and `timezone` are what its amounts and clock times are in."""

    name: str
    title: str
    currency: str
    timezone: str
    roles: tuple[Role, ...]
    outputs: tuple[Output, ...]

    def cast(self, headers: list[tuple[str, ...]]) -> dict[int, str] | None:
        """Which table plays which role, by position; None when a required role has nobody."""
        found: dict[int, str] = {}
        for index, given in enumerate(headers):
            role = next((role.name for role in self.roles if role.fits(given)), None)
            if role is not None:
                found[index] = role
        if all(role.name in found.values() for role in self.roles if role.required):
            return found
        return None
