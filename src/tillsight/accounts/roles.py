"""Roles, and the sets of them that a door can be open to. The default is nobody.

admin: everything · manager: sees all, loads data and builds · analyst: sees all · limited: only the modules that were
opened to him; until modules can be opened one by one, that is none.
"""

from __future__ import annotations

from tillsight.core.errors import NotAllowedError
from tillsight.database import Role

Roles = frozenset[Role]

EVERYBODY: Roles = frozenset({"admin", "manager", "analyst", "limited"})
READERS: Roles = frozenset({"admin", "manager", "analyst"})
WRITERS: Roles = frozenset({"admin", "manager"})


def require(role: Role, allowed: Roles) -> None:
    """Raises NotAllowedError, which says who can grant it, unless the role is one of those allowed."""
    if role not in allowed:
        raise NotAllowedError(
            f"Your role, {role}, does not allow this; an administrator can give you another.",
            role=role,
            allowed=sorted(allowed),
        )
