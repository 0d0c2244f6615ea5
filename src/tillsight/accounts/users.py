"""Users: the administrator of the first start, and the others that he adds."""

from __future__ import annotations

from sqlalchemy import func, select, update

from tillsight.accounts.passwords import hash_password, random_password
from tillsight.core.errors import ConflictError, NotFoundError, QuestionError
from tillsight.database import Database, RefreshToken, Role, User

ADMINISTRATOR = "admin"


def ensure_administrator(database: Database) -> tuple[str, str] | None:
    """Make the administrator of a workspace that has no user yet: (name, password), or None when there is one.

    The password is returned this once and kept only as a hash.
    """
    with database.read() as session:
        if session.scalar(select(func.count()).select_from(User)):
            return None
    password = random_password()
    password_hash = hash_password(password)
    with database.write() as session:
        if session.scalar(select(func.count()).select_from(User)):
            return None  # another server, started at the same moment, was first and shows its password
        session.add(User(name=ADMINISTRATOR, password_hash=password_hash, role="admin"))
    return ADMINISTRATOR, password


def add_user(database: Database, name: str, password: str, role: Role) -> User:
    """Add somebody who may sign in. Names do not differ by case. Raises ConflictError for a name that is taken."""
    name = user_name(name)
    password_hash = hash_password(password)
    with database.write() as session:
        if session.scalar(select(User.id).where(User.name == name)) is not None:
            raise ConflictError(f"There is a user {name} already.", field="name", value=name)
        user = User(name=name, password_hash=password_hash, role=role)
        session.add(user)
    return user


def set_password(database: Database, name: str, password: str) -> None:
    """Give a user another password, end all his sessions and any lock-out. Raises NotFoundError for an unknown name."""
    name = user_name(name)
    password_hash = hash_password(password)
    with database.write() as session:
        user = session.scalar(select(User).where(User.name == name))
        if user is None:
            raise NotFoundError(f"There is no user {name}.", field="name", value=name)
        user.password_hash = password_hash
        user.failed_attempts, user.locked_until = 0, None
        session.execute(update(RefreshToken).where(RefreshToken.user_id == user.id).values(ended=True))


def user_name(name: str) -> str:
    """A name as it is kept: without outer spaces, in lower case. Raises QuestionError when nothing is left."""
    kept = name.strip().lower()
    if not 1 <= len(kept) <= 200:
        raise QuestionError("A user name has 1 to 200 characters.", field="name")
    return kept
