"""Mails about accounts: an invitation, and a link to choose another password.

A link is made where its mail is sent, so that its secret is in the mail alone: in no job, no log and no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, func, or_, select

from tillsight.accounts.roles import By
from tillsight.accounts.tokens import hash_of
from tillsight.accounts.users import Link, get_user, reset_link, user_name
from tillsight.core.errors import QuestionError, TillsightError
from tillsight.core.settings import Settings
from tillsight.database import Database, OneTimeLink, User, now
from tillsight.mail import send

AGAIN = timedelta(minutes=5)
"""So long nobody gets a second mail that he asked for himself: somebody else may be asking."""
MOST = 5
"""So many users of one address get a mail each."""


def meant(database: Database, text: str) -> list[int]:
    """The users that somebody means who cannot come in: by name, or by the e-mail address that is kept of them.

    Raises QuestionError where it can be neither.
    """
    name = user_name(text)
    with database.read() as session:
        query = select(User.id).where(or_(User.name == name, func.lower(User.email) == name)).order_by(User.id)
        return list(session.scalars(query.limit(MOST)))


def mail_link(workspace: Path, settings: Settings, database: Database, user_id: int, by: By) -> Link:
    """Send a user the link by which he chooses a password: his invitation where he has none, else another one.

    Raises NotFoundError, QuestionError for a user without an address, MailError.
    """
    user = get_user(database, user_id)
    if not user.email:
        raise QuestionError(
            f"No e-mail address is kept of {user.name}; enter one, or give him the link yourself.", field="email"
        )
    hours = settings.accounts.reset_hours if user.password_hash else settings.accounts.invitation_hours
    link = reset_link(database, user.id, hours, by)
    _send(workspace, settings, database, link)
    return link


def mail_resets(workspace: Path, settings: Settings, database: Database, users: Sequence[int]) -> int:
    """Send a link to each of those who say that they forgot their password. How many mails went out.

    Left out are who may not come in, who signs in elsewhere, who has no address, and who got one just now. Links of before stay
    good, as anybody may ask this in another's name.
    """
    sent = 0
    for user_id in users:
        with database.read() as session:
            user = session.get(User, user_id)
            recent = select(func.count()).where(
                OneTimeLink.user_id == user_id,
                OneTimeLink.created_by == (user.name if user else ""),
                OneTimeLink.created_at > now() - AGAIN,
            )
            just_now = session.scalar(recent)
        if user is None or not user.active or not user.email or just_now:
            continue
        if user.password_hash is None and user.oidc_subject is not None:
            continue
        hours = settings.accounts.reset_hours
        _send(workspace, settings, database, reset_link(database, user.id, hours, By(user.name), keep=True))
        sent += 1
    return sent


def _send(workspace: Path, settings: Settings, database: Database, link: Link) -> None:
    subject, text = _letter(settings, link)
    try:
        send(workspace, database, settings.mail, link.user.email or "", subject, text)
    except TillsightError:
        with database.write() as session:  # nobody has it
            session.execute(delete(OneTimeLink).where(OneTimeLink.token_hash == hash_of(link.token)))
        raise


def _letter(settings: Settings, link: Link) -> tuple[str, str]:
    """Subject and text."""
    shop = " ".join(settings.name.split())
    until = f"{link.expires_at.astimezone(settings.zone):%d %b %Y %H:%M} ({settings.timezone})"
    address = f"{settings.address}/welcome#{link.token}"
    if link.purpose == "invitation":
        return (
            f"You are invited to {shop}",
            f"You are invited to the numbers of {shop}.\n\nYour user name is {link.user.name}. Choose a password here:\n\n{address}\n\n"
            f"The link works once, until {until}.\n",
        )
    return (
        f"Another password for {shop}",
        f"Somebody asked for another password for {link.user.name} at {shop}. Choose it here:\n\n{address}\n\n"
        f"The link works once, until {until}. If you did not ask, do nothing: your password stays as it is.\n",
    )
