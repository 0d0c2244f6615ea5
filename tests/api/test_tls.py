"""TLS: version 1.3 and nothing older, HSTS then and only then."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi.testclient import TestClient
from tests.support.shops import make_shop

from tillsight.api import server
from tillsight.api.app import create_app
from tillsight.cli.main import run
from tillsight.core.errors import SettingsError

pytestmark = pytest.mark.feature("PLT-07")


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def address(tmp_path: Path, pem: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with TLS."""
    said: list[str] = []
    running: list[uvicorn.Server] = []
    ready = threading.Event()
    start = server._Server.__init__

    def remember(self: Any, *arguments: Any) -> None:
        start(self, *arguments)
        running.append(self)

    monkeypatch.setattr(server._Server, "__init__", remember)

    def on_ready(where: str, _new: object) -> None:
        said.append(where)
        ready.set()

    with make_shop(tmp_path / "shop", {}, build=False) as shop:
        thread = threading.Thread(target=server.serve, args=(shop, None, 0, on_ready, *pem))
        thread.start()
        assert ready.wait(30)
        yield said[0]
        running[0].should_exit = True
        thread.join(30)


def test_a_server_with_a_certificate_speaks_tls_1_3_alone(address: str, pem: tuple[Path, Path]) -> None:
    assert address.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=str(pem[0]))
    answer = httpx.get(f"{address}/healthz", verify=trusting)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    port = int(answer.url.port or 0)
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        trusting.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        assert secure.version() == "TLSv1.3"
    older = ssl.create_default_context(cafile=str(pem[0]))
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(ssl.SSLError):
        older.wrap_socket(plain, server_hostname="127.0.0.1")
    with pytest.raises(httpx.HTTPError):
        httpx.get(address.replace("https", "http"))


def test_without_tls_no_browser_is_told_to_insist_on_it(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop", {}, build=False) as shop, TestClient(create_app(shop, hosts=None)) as client:
        assert "strict-transport-security" not in client.get("/healthz").headers


def test_files_that_do_not_fit_are_named(
    tmp_path: Path, pem: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = pem[0]
    with make_shop(tmp_path / "shop", {}, build=False) as shop:
        with pytest.raises(SettingsError, match="needs both"):
            server.serve(shop, port=0, certificate=certificate)
        with pytest.raises(SettingsError, match="no file"):
            server.serve(shop, port=0, certificate=certificate, key=tmp_path / "none.pem")
        with pytest.raises(SettingsError, match="not a certificate and its key"):
            server.serve(shop, port=0, certificate=certificate, key=certificate)
    command = ["-w", str(tmp_path / "shop"), "serve", "--port", "0", "--tls-cert", str(certificate), "--tls-key"]
    assert run([*command, str(tmp_path / "none.pem")]) == 2
    assert "none.pem" in capsys.readouterr().err
