"""Who may come in and what he may do: users, passwords, sessions, roles."""

from tillsight.accounts.roles import EVERYBODY, READERS, WRITERS, Roles, require
from tillsight.accounts.sessions import Sessions, SignedIn, Tokens
from tillsight.accounts.users import ADMINISTRATOR, add_user, ensure_administrator, set_password

__all__ = [
    "ADMINISTRATOR",
    "EVERYBODY",
    "READERS",
    "WRITERS",
    "Roles",
    "Sessions",
    "SignedIn",
    "Tokens",
    "add_user",
    "ensure_administrator",
    "require",
    "set_password",
]
