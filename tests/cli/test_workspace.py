"""Serving and the demo, at the command line."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import Ask

from tillsight.cli.main import run


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, dict[str, str], subprocess.Popen[str]]]:
    """A server in its own process: its address, what it said, and the process."""
    command = [sys.executable, "-m", "tillsight", *arguments, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said: dict[str, str] = {}
        address = ""
        for line in process.stdout:
            if " is served at " in line:
                address = line.split()[-1]
            elif line.startswith(("User", "Password")):
                said.update([line.split(maxsplit=1)])
            elif line.startswith("Ctrl-C"):
                break
        try:
            yield address, {name: value.strip() for name, value in said.items()}, process
        finally:
            process.kill()


def sign_in(address: str, said: dict[str, str]) -> int:
    body = {"user": said["User"], "password": said["Password"]}
    return httpx.post(f"{address}/api/v1/auth/login", json=body).status_code


@pytest.mark.feature("PLT-21")
def test_serve_prints_where_and_the_first_password_once(shop: Path) -> None:
    with served("serve", "-w", str(shop)) as (address, said, process):
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(f"{address}/healthz").status_code == 200
        assert sign_in(address, said) == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    with served("serve", "-w", str(shop)) as (address, again, _):
        assert again == {}
        assert sign_in(address, said) == 200


def test_a_new_password_takes_the_place_of_the_old_one(shop: Path, ask: Ask) -> None:
    with served("serve", "-w", str(shop)) as (address, _, _process):
        new = {"User": "admin", "Password": ask("password")[0].strip()}
        assert sign_in(address, new) == 200
        newer = {"User": "admin", "Password": ask("password", "admin")[0].strip()}
        assert (sign_in(address, new), sign_in(address, newer)) == (401, 200)
    assert "There is no user" in ask("password", "nobody", code=2)[1]


def test_a_port_that_is_taken_is_one_sentence(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        _, err = ask("serve", "--port", port, code=1)
    assert port in err
    assert err.count("\n") == 1


def test_openapi_needs_no_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["openapi"]) == 0
    assert "/api/v1/metrics/query" in json.loads(capsys.readouterr().out)["paths"]


@pytest.mark.slow
def test_the_demo_is_made_once_and_says_how_to_come_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"
    assert run(["demo", "--workspace", str(folder), "--size", "small", "--no-serve"]) == 0
    assert "release 1" in capsys.readouterr().err
    assert run(["-w", str(folder), "query", "orders", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["orders"] > 4_000
    assert not (folder / ".reference").exists()
    for _ in range(2):
        with served("demo", "--workspace", str(folder)) as (address, said, _process):
            assert sign_in(address, said) == 200
    assert run(["-w", str(folder), "releases", "--format", "json"]) == 0
    assert [row["number"] for row in json.loads(capsys.readouterr().out)] == [1]
