"""A mail server on loopback that keeps what it gets."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = "tillsight", "the password of the mail server"


class Inbox:
    """What came: messages in order, and with which name and password somebody signed in."""

    def __init__(self) -> None:
        self.port = 0
        self.messages: list[EmailMessage] = []
        self.signed_in: list[tuple[str, str]] = []
        self.encrypted: list[bool] = []
        self.refuses = ""
        self._came = threading.Condition()

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return self.refuses
        with self._came:
            self.messages.append(cast("EmailMessage", message_from_bytes(envelope.content, policy=policy.default)))
            self.encrypted.append(session.ssl is not None)
            self._came.notify_all()
        return "250 Taken"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.signed_in.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=self.signed_in[-1] == (USER, PASSWORD), handled=False)

    def wait(self, number: int = 1, seconds: float = 30) -> EmailMessage:
        """The message of this number, once it is there."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.messages) >= number, seconds), "no mail came"
        return self.messages[number - 1]


def link_in(message: EmailMessage) -> str:
    """The link of a mail."""
    [link] = re.findall(r"https?://\S+/welcome#\S+", message.get_content())
    return str(link)


@contextmanager
def mail_server(certificate: ssl.SSLContext | None = None, signing_in: bool = False) -> Iterator[Inbox]:
    """A mail server. `certificate`: it takes nothing before STARTTLS; `signing_in`: nor before a password."""
    inbox = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        inbox.port = free.getsockname()[1]
    server = Controller(
        inbox,
        hostname="127.0.0.1",
        port=inbox.port,
        tls_context=certificate,
        require_starttls=certificate is not None,
        authenticator=inbox.authenticate if signing_in else None,
        auth_required=signing_in,
        auth_require_tls=certificate is not None,
    )
    server.start()
    try:
        yield inbox
    finally:
        server.stop()
