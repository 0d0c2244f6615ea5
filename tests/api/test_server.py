"""The server as a process: it finds a port, tells its administrator once, answers, and stops in order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import make_shop

from tillsight.api.server import _listen, serve
from tillsight.core.errors import ConflictError, SettingsError
from tillsight.shop import Shop

CODE = """
import json, sys
from tillsight.api.server import _listen, serve
from tillsight.shop import Shop
def ready(address, administrator):
    print(json.dumps([address, administrator]), flush=True)
with Shop.open(sys.argv[1]) as shop:
    serve(shop, port=0, on_ready=ready)
print("closed", flush=True)
"""

WARM = """
import gc, json, sys, time
from tillsight.api.server import serve
from tillsight.shop import Shop
opened, ask = [], Shop.asker
Shop.asker = lambda *given: opened.append(True) or ask(*given)
def ready(address, administrator):
    while not gc.get_freeze_count():
        time.sleep(0.01)
    print(json.dumps([len(opened), gc.get_freeze_count(), len(gc.get_objects())]))
    raise KeyboardInterrupt
with Shop.open(sys.argv[1]) as shop:
    serve(shop, port=0, on_ready=ready)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    make_shop(tmp_path / "shop", {}, build=False).close()
    return tmp_path / "shop"


@pytest.fixture
def started(workspace: Path) -> Iterator[Any]:
    processes = []

    def start() -> tuple[subprocess.Popen[str], str, list[str] | None]:
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(workspace)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        address, administrator = json.loads(line)
        return process, address, administrator

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def post(address: str, body: dict[str, str]) -> dict[str, Any]:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


@pytest.mark.parametrize("how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_server_answers_and_stops_in_order(started: Any, workspace: Path, how: signal.Signals) -> None:
    process, address, administrator = started()
    assert address.startswith("http://127.0.0.1:")
    name, password = administrator
    session = post(f"{address}/api/v1/auth/login", {"user": name, "password": password})
    assert session["data"]["user"]["name"] == session["data"]["user"]["role"] == "admin"
    assert (workspace / "jobs.sqlite").exists(), "its worker runs"
    process.send_signal(how)
    out, err = process.communicate(timeout=30)
    assert out == "closed\n"
    assert process.returncode == 0
    assert "Traceback" not in err
    assert password not in err
    if os.name == "posix":
        assert (workspace / ".key").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_two_servers_work_on_one_workspace(started: Any) -> None:
    _, first, administrator = started()
    _, second, nobody = started()
    assert first != second
    assert nobody is None, "the password is shown once"
    name, password = administrator
    token = post(f"{first}/api/v1/auth/login", {"user": name, "password": password})["data"]["access_token"]
    request = urllib.request.Request(f"{second}/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as response:
        assert json.load(response)["data"]["name"] == "admin"


def test_the_release_is_open_before_anybody_asks_and_stays_out_of_the_way(workspace: Path) -> None:
    """What was opened and imported is not looked through for garbage again: nobody would be answered meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", WARM, str(workspace)], check=False, capture_output=True, text=True, timeout=60
    )
    assert not done.returncode, done.stderr
    opened, set_aside, left = json.loads(done.stdout)
    assert opened == 1
    assert set_aside > 10 * left, "of all that is there"


def test_a_port_that_is_taken_is_said_to_be_so(workspace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Shop.open(workspace) as shop:
        with pytest.raises(ConflictError, match="another port, or 0"):
            serve(shop, port=taken.getsockname()[1])
        with pytest.raises(SettingsError, match="not an address"):
            serve(shop, host="no.such.host.invalid", port=0)


def test_answers_are_sent_at_once() -> None:
    """On a socket that does not say it is TCP, the event loop leaves small packets waiting for an acknowledgement."""
    with _listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
