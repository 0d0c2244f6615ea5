"""Sending a mail: what arrives, what is refused, and that no secret is told on the way."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.mail import PASSWORD, USER, mail_server

from tillsight.core.errors import SettingsError
from tillsight.core.settings import MailSettings, Settings, read_settings
from tillsight.database import Database, now
from tillsight.mail import MailError, send
from tillsight.vault import Keys, Vault

TO = "ana@shop.example"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path, Settings()) as database:
        yield database


def settings(port: int, security: str = "none", **more: Any) -> MailSettings:
    return MailSettings(
        host="127.0.0.1", port=port, security=security, sender="tillsight@shop.example", seconds=5, **more
    )


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "mail.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture
def certificate(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.mark.feature("PLT-03")
def test_a_mail_arrives_as_it_was_written(tmp_path: Path, database: Database) -> None:
    with mail_server() as inbox:
        send(tmp_path, database, settings(inbox.port), TO, "Another password\r\nBcc: all@shop.example", "Größe: ½\n")
    [message] = inbox.messages
    assert (message["From"], message["To"]) == ("tillsight@shop.example", TO)
    assert message["Subject"] == "Another password Bcc: all@shop.example", "no header comes in by the subject"
    assert message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().splitlines() == ["Größe: ½"]


@pytest.mark.feature("PLT-07")
def test_the_password_goes_over_an_encrypted_way_to_a_server_that_is_trusted(
    tmp_path: Path, database: Database, certificate: ssl.SSLContext, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(certificate, signing_in=True) as inbox:
        mine = settings(inbox.port, "starttls", user=USER)
        with pytest.raises(MailError, match="certificate is not trusted"):
            send(tmp_path, database, mine, TO, "Hello", "Text")
        assert inbox.signed_in == []
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        with pytest.raises(MailError, match=r"mail\.user needs a password"):
            send(tmp_path, database, mine, TO, "Hello", "Text")
        Vault(database, Keys.open(tmp_path)).put("mail", PASSWORD)
        send(tmp_path, database, mine, TO, "Hello", "Text")
        monkeypatch.setenv("TILLSIGHT_MAIL_PASSWORD", "another one")
        with pytest.raises(MailError, match="refuses the name or the password"):
            send(tmp_path, database, mine, TO, "Hello", "Text")
    assert list(dict.fromkeys(inbox.signed_in)) == [(USER, PASSWORD), (USER, "another one")], (
        "the environment goes before the vault"
    )
    assert inbox.encrypted == [True]


def test_a_server_that_does_not_encrypt_gets_nothing(tmp_path: Path, database: Database) -> None:
    with mail_server() as inbox, pytest.raises(MailError, match="cannot do what is needed"):
        send(tmp_path, database, settings(inbox.port, "starttls"), TO, "Hello", "Text")
    assert inbox.messages == []


def test_what_a_server_refuses_is_said_without_its_words(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tillsight")
    monkeypatch.setenv("TILLSIGHT_MAIL_PASSWORD", PASSWORD)
    with mail_server(signing_in=False) as inbox:
        inbox.refuses = f"554 no, not {PASSWORD}"
        with pytest.raises(MailError, match=r"refused the mail \(554\)") as refused:
            send(tmp_path, database, settings(inbox.port), TO, "Hello", "Text")
    with pytest.raises(MailError, match="cannot be reached") as away:
        send(tmp_path, database, settings(inbox.port), TO, "Hello", "Text")
    for error in (refused, away):
        assert PASSWORD not in f"{error.value.message}{error.value.details}{error.value.__cause__}"
    assert PASSWORD not in caplog.text
    with pytest.raises(MailError, match=r"mail\.host"):
        send(tmp_path, database, MailSettings(), TO, "Hello", "Text")


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        ('host = "mail.example"\n', "needs mail.sender"),
        ('host = "mail.example"\nsender = "a@b.example"\nsecurity = "none"\n', "read on the way"),
        (f'host = "mail.example"\npassword = "{PASSWORD}"\n', "no such setting"),
    ],
)
def test_settings_that_would_not_do_are_refused_without_a_secret(tmp_path: Path, mail: str, reason: str) -> None:
    (tmp_path / "tillsight.toml").write_text(f"[mail]\n{mail}")
    with pytest.raises(SettingsError, match=reason) as error:
        read_settings(tmp_path)
    assert PASSWORD not in f"{error.value.message}{error.value.details}"
