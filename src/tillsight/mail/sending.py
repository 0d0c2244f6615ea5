"""Sending one mail: SMTP (RFC 5321), encrypted on the way, to the server that the settings name.

The password comes from the environment (TILLSIGHT_MAIL_PASSWORD), else from the vault (the credential `mail`). Errors name the
server and its code, never its words, since those may repeat what was sent.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import ClassVar

from tillsight.core.errors import NotFoundError, TillsightError
from tillsight.core.settings import MailSettings
from tillsight.database import Database
from tillsight.vault import Keys, Vault

PASSWORD_VARIABLE = "TILLSIGHT_MAIL_PASSWORD"  # noqa: S105 (a name, not a secret)
SECRET = "mail"  # noqa: S105 (the name of the credential, not one)


class MailError(TillsightError):
    """A mail could not be sent."""

    code: ClassVar[str] = "MAIL_FAILED"
    status: ClassVar[int] = 502


def send(workspace: Path, database: Database, settings: MailSettings, to: str, subject: str, text: str) -> None:
    """Send a mail of plain text. Raises MailError that says what the server did not do."""
    where = f"The mail server {settings.host}:{settings.port}"
    if not settings.host:
        raise MailError("No mail is sent from here: name a mail server in the setting mail.host.", field="mail.host")
    message = _message(settings, to, subject, text)
    try:
        with _connection(settings) as server:
            if settings.user:
                server.login(settings.user, _password(workspace, database))
            server.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(
            f"{where} refuses the name or the password ({error.smtp_code}); see mail.user and the credential {SECRET}."
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(str(code) for code, _ in error.recipients.values())
        raise MailError(f"{where} does not take mail for this address ({codes}).") from None
    except smtplib.SMTPResponseException as error:
        raise MailError(f"{where} refused the mail ({error.smtp_code}).") from None
    except smtplib.SMTPNotSupportedError:
        raise MailError(
            f"{where} cannot do what is needed: encryption on the way, signing in, or addresses with letters of all kinds."
        ) from None
    except ssl.SSLError:
        raise MailError(
            f"{where} cannot be spoken to safely: its certificate is not trusted, or it speaks no TLS."
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"{where} cannot be reached ({type(error).__name__}).") from None


def _message(settings: MailSettings, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = settings.sender, to
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
    message.set_content(text)
    return message


def _connection(settings: MailSettings) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.seconds, context=trusted)
    server = smtplib.SMTP(settings.host, settings.port, timeout=settings.seconds)
    if settings.security == "starttls":
        try:
            server.starttls(context=trusted)
        except BaseException:
            server.close()
            raise
    return server


def _password(workspace: Path, database: Database) -> str:
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given
    try:
        return Vault(database, Keys.open(workspace)).get(SECRET)
    except NotFoundError:
        raise MailError(
            f"mail.user needs a password: set {PASSWORD_VARIABLE}, or keep it with `tillsight secret set {SECRET}`.",
            field="mail.user",
        ) from None
