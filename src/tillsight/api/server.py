"""Serving a shop: the API, the page and the worker in one process, until it is told to stop."""

from __future__ import annotations

import contextlib
import gc
import importlib
import ipaddress
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from tillsight.accounts import ensure_administrator
from tillsight.api.app import LOOPBACK, create_app
from tillsight.core.errors import ConflictError, SettingsError, TillsightError
from tillsight.jobs import Jobs, Worker, schedule_of
from tillsight.recovery.serving import serving
from tillsight.shop import Shop

OnReady = Callable[[str, tuple[str, str] | None], None]
"""Called once the server answers, with its address, and with name and password of the administrator if he is new."""

STOP_SECONDS = 10
KEEP_SECONDS = 75
"""A connection on which nothing is asked for so long is closed: longer than somebody thinks, so that asking again needs no new one."""


def serve(
    shop: Shop,
    host: str | None = None,
    port: int | None = None,
    on_ready: OnReady = lambda _address, _new: None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve a shop until Ctrl-C or SIGTERM; a job that runs then is taken up by the next start.

    `host` and `port` are those of the settings unless given; port 0 takes a free one. Raises ConflictError for a port
    that is taken, SettingsError for an address that is not one of this machine. `certificate` and `key`: PEM files; with
    them it speaks TLS 1.3 and nothing older. Else those of the settings.
    """
    tls = _tls(certificate or _path(shop.settings.serve.tls_cert), key or _path(shop.settings.serve.tls_key))
    host = host or shop.settings.serve.host
    listening = _listen(host, shop.settings.serve.port if port is None else port)
    with contextlib.closing(listening), serving(shop.path):
        administrator = ensure_administrator(shop.database)
        shop.note_settings()
        take_up_erasures(shop)
        worker = Worker(
            shop.database, shop.path, schedule=schedule_of(shop.settings), forecasts=shop.settings.forecasts
        )
        hosts = LOOPBACK | set(shop.settings.serve.hosts) if _is_loopback(host) else None
        app = create_app(shop, worker, hosts)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=STOP_SECONDS,
            timeout_keep_alive=KEEP_SECONDS,
        )
        config.load()
        config.ssl = tls
        warming = threading.Thread(target=warm_up, args=(shop,), name="warm-up", daemon=True)

        def ready() -> None:
            warming.start()
            on_ready(_address(listening, tls is not None), administrator)

        server = _Server(config, ready)
        if threading.current_thread() is threading.main_thread():
            # uvicorn stops in order and then raises the signal again; by then there is nothing left to stop.
            signal.signal(signal.SIGTERM, lambda *_: None)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
        if warming.ident is not None:
            warming.join()


def warm_up(shop: Shop) -> None:
    """Open the release, ask and analyse once, so that the first who comes does not wait for files and imports."""
    with contextlib.suppress(TillsightError, SQLAlchemyError):
        asker = shop.asker()
        first = next(iter(shop.catalogue.metrics))
        asker.query(first, grain="day", period="last_30_days", compare="previous")
        # Its libraries take a second to import.
        shop.analyse("sales.insights", period="last_30_days", compare="previous")
        if "returned_items" not in asker.release.missing:
            # And so does what groups the comments of returns.
            importlib.import_module("sklearn.cluster")
    # All this stays. Looked through again for what is not used any more, it takes a quarter of a second, in which nobody is answered.
    gc.collect()
    gc.freeze()


def take_up_erasures(shop: Shop) -> str | None:
    """Start a job for erasures that were begun and whose job is gone; its id, or None where there is nothing to take up."""
    begun = shop.desk.unfinished()
    jobs = Jobs(shop.database)
    waiting = [job for state in ("queued", "running") for job in jobs.list(0, 100, state)[0]]
    if not begun or any(job.kind == "erase" for job in waiting):
        return None
    return jobs.start("erase", {"erasure": begun[-1]}, None).id


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: the event loop sends small answers at once (TCP_NODELAY) only on sockets that say what they are;
    # without it, every answer on a kept connection waits 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), port))
        # Taken, and refused to others, from here on.
        listening.listen(128)
    except socket.gaierror:
        listening.close()
        raise SettingsError(f"{host} is not an address of this machine.", field="serve.host", value=host) from None
    except PermissionError:
        listening.close()
        raise SettingsError(
            f"Port {port} may only be used by the system; take one above 1023.", field="serve.port"
        ) from None
    except OverflowError:
        listening.close()
        raise SettingsError(f"A port is a number up to 65535, not {port}.", field="serve.port", value=port) from None
    except OSError as error:
        listening.close()
        raise ConflictError(
            f"{host}:{port} cannot be listened on ({error.strerror}); choose another port, or 0 for a free one.",
            field="port",
            value=port,
        ) from None
    return listening


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What TLS 1.3 is spoken with; None without a certificate. Raises SettingsError for files that do not fit."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError(
            "TLS needs both: the certificate (--tls-cert) and its key (--tls-key).", field="serve.tls_cert"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except FileNotFoundError:
        missing = key if certificate.is_file() else certificate
        raise SettingsError(f"There is no file {missing}, which TLS needs.", file=str(missing)) from None
    except (ssl.SSLError, OSError):
        raise SettingsError(
            f"{certificate} and {key} are not a certificate and its key in PEM, without a password.",
            field="serve.tls_cert",
        ) from None
    return context


def _no_password() -> str:
    """A key with a password would ask for it at the terminal of the server."""
    return ""


def _address(listening: socket.socket, secure: bool) -> str:
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 (every address of this machine; it is reached by the loopback one too)
        host = "127.0.0.1"
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
