"""Roles, what is open to each, and what a key of a program may do of it. The default is nobody.

admin: everything · manager: sees all, loads data and builds · analyst: sees all, persons masked · limited: only the modules
and rows that were opened to him, persons masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tillsight.core.errors import NotAllowedError
from tillsight.core.scope import Scope
from tillsight.database import Role

Roles = frozenset[Role]
Level = Literal["read", "write", "admin"]
"""What a door leads to: looking, changing, or deciding who may. A key goes through the doors of its level and below."""

EVERYBODY: Roles = frozenset({"admin", "manager", "analyst", "limited"})
READERS: Roles = frozenset({"admin", "manager", "analyst"})
WRITERS: Roles = frozenset({"admin", "manager"})
ADMINS: Roles = frozenset({"admin"})
MASKED: Roles = frozenset({"analyst", "limited"})
"""Who sees names and addresses of persons masked unless an administrator says otherwise."""

_REACH: dict[str, frozenset[Level]] = {
    "read": frozenset({"read"}),
    "write": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin"}),
}
MODULE_SCOPE = "read:"
"""How the scope of a key for one module begins: `read:sales`."""


@dataclass(frozen=True)
class By:
    """Who does something, and from where: for the audit log."""

    name: str
    address: str | None = None


SYSTEM = By("system")
"""The owner of the workspace at the command line."""


@dataclass(frozen=True)
class SignedIn:
    """The one who asks: a user in a session, or a program with a key of his.

    `role`: what he may do; a key for single modules makes it `limited`. `modules`: the domains that he sees, None for all.
    `factor_due`: his role needs a second factor and he has none yet, so he may do nothing but set it up.
    """

    user_id: int
    name: str
    role: Role
    session: str | None = None
    key: str | None = None
    levels: frozenset[Level] = _REACH["admin"]
    modules: tuple[str, ...] | None = None
    rows: tuple[tuple[str, tuple[str, ...]], ...] = ()
    masked: bool = False
    factor: bool = False
    factor_due: bool = False

    @property
    def scope(self) -> Scope:
        """What of the shop he may see."""
        builds = self.role in WRITERS and "write" in self.levels
        return Scope(self.name, self.rows, self.modules, self.masked, builds)


def require(role: Role, allowed: Roles) -> None:
    """Raises NotAllowedError, which says who can grant it, unless the role is one of those allowed."""
    if role not in allowed:
        raise NotAllowedError(
            f"Your role, {role}, does not allow this; an administrator can give you another.",
            role=role,
            allowed=sorted(allowed),
        )


def levels_of(scopes: list[str]) -> frozenset[Level]:
    """The levels that a key with these scopes reaches."""
    return frozenset(level for scope in scopes for level in _REACH[scope.partition(":")[0]])


def modules_of(scopes: list[str]) -> tuple[str, ...] | None:
    """The modules that a key with these scopes is bound to; None when it is not bound."""
    if any(":" not in scope for scope in scopes):
        return None
    return tuple(sorted(scope.removeprefix(MODULE_SCOPE) for scope in scopes))
