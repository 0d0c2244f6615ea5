"""How the command line begins and ends: exit codes, where sentences go, which workspace is meant."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tillsight.cli import main as entry
from tillsight.cli.main import run
from tillsight.core.errors import BuildError
from tillsight.core.settings import read_settings


def make(folder: Path) -> Path:
    assert run(["init", str(folder), "--currency", "gbp", "--timezone", "Europe/London"]) == 0
    return folder


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_the_version_is_the_one_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    import tillsight

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"tillsight {tillsight.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["quer"], "Did you mean 'query'"),
        (["query"], "METRIC"),
        (["query", "revenue", "--limit", "0"], "--limit"),
        (["query", "revenue", "--format", "pdf"], "'pdf' is not one of"),
        (["demo", "--size", "huge"], "'huge' is not one of"),
        (["query", "revenue", "--output", "answer.pdf"], "The ending of answer.pdf names no format"),
        (["metrics", "--domain", "weather"], "There is no domain 'weather'"),
        (["metrics", "show", "revenu"], "Did you mean revenue"),
        (["load", "x.csv", "--replaces-from", "2011-01-01"], "--replaces-to"),
        (["load", "x.csv", "--table", "orders"], "--table"),
        (["analyse", "sales.headline", "--param", "top"], "KEY=VALUE"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_code_2(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert printed.err.count("\n") == 1


def test_init_makes_a_workspace_with_every_setting_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path / "my shop")
    text = (folder / "tillsight.toml").read_text("utf-8")
    assert {key: value for key, value in tomllib.loads(text).items() if value != {}} == {
        "name": "my shop",
        "currency": "gbp",
        "timezone": "Europe/London",
    }
    assert "# week_start = " in text
    settings = read_settings(folder)
    assert (settings.name, settings.currency, settings.timezone) == ("my shop", "GBP", "Europe/London")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "tillsight load" in printed.err


def test_every_default_that_the_settings_file_shows_is_valid(tmp_path: Path) -> None:
    folder = make(tmp_path / "shop")
    file = folder / "tillsight.toml"
    lines = file.read_text("utf-8").splitlines()
    shown = [line.removeprefix("# ") if " = " in line and "database_url" not in line else line for line in lines]
    file.write_text("\n".join(shown), "utf-8")
    assert read_settings(folder).limits.rows == 1_000_000


def test_init_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make(tmp_path / "shop")
    before = (folder / "tillsight.toml").read_bytes()
    capsys.readouterr()
    assert run(["init", str(folder), "--currency", "EUR", "--timezone", "UTC"]) == 1
    assert "is a workspace already" in capsys.readouterr().err
    assert (folder / "tillsight.toml").read_bytes() == before


@pytest.mark.parametrize(("option", "value"), [("--currency", "pounds"), ("--timezone", "London")])
def test_init_refuses_a_wrong_setting_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    right = {"--currency": "GBP", "--timezone": "Europe/London", option: value}
    folder = tmp_path / "shop"
    assert run(["init", str(folder), *[word for pair in right.items() for word in pair]]) == 2
    assert f"{option.removeprefix('--')} cannot be '{value}'" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize("command", [["build"], ["query", "revenue"], ["loads"], ["check"], ["tables"]])
def test_a_folder_that_is_no_workspace_is_one_sentence(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(command) == 2
    err = capsys.readouterr().err
    assert "is not a workspace" in err
    assert "tillsight init" in err
    assert list(tmp_path.iterdir()) == []


def test_the_workspace_is_the_option_else_the_environment_else_the_current_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {name: make(tmp_path / name) for name in ("here", "environment", "before", "after")}
    for name, folder in folders.items():
        (folder / "tillsight.toml").write_text(f'nmae = "{name}"\n', "utf-8")  # the error names the file that was read
    monkeypatch.chdir(folders["here"])

    def read(*arguments: str) -> str:
        capsys.readouterr()
        assert run(arguments) == 2
        return "".join(capsys.readouterr().err.split())

    def file(name: str) -> str:
        return "".join(str(folders[name] / "tillsight.toml").split())

    assert file("here") in read("tables")
    monkeypatch.setenv("TILLSIGHT_WORKSPACE", str(folders["environment"]))
    assert file("environment") in read("tables")
    assert file("before") in read("--workspace", str(folders["before"]), "tables")
    assert file("after") in read("-w", str(folders["before"]), "tables", "-w", str(folders["after"]))


def failing(error: BaseException) -> object:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (BuildError("It does not hold."), 1, "It does not hold.\n"),
        (KeyboardInterrupt(), 130, ""),
        (PermissionError(13, "Permission denied", "/shop/app.sqlite"), 1, "Permission denied: /shop/app.sqlite.\n"),
        (KeyError("colour"), 1, "TILLSIGHT_TRACEBACK=1"),
    ],
)
def test_what_happens_inside_decides_the_exit_code(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "app", failing(error))
    assert run(["build"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert "Traceback" not in printed.err


def test_ctrl_c_of_which_the_engine_made_an_error_is_still_ctrl_c(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = RuntimeError("Query interrupted")
    interrupted.__cause__ = KeyboardInterrupt()
    monkeypatch.setattr(entry, "app", failing(interrupted))
    assert run(["build"]) == 130
    assert capsys.readouterr().err == ""


def test_a_traceback_is_shown_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLSIGHT_TRACEBACK", "1")
    monkeypatch.setattr(entry, "app", failing(KeyError("colour")))
    with pytest.raises(KeyError):
        run(["build"])


def test_a_reader_that_goes_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "tillsight", "metrics", "--format", "json"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == b""


def test_a_reader_that_takes_only_the_first_line_gets_it() -> None:
    command = f"set -o pipefail; '{sys.executable}' -m tillsight metrics --format json | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "[\n"
    assert done.stderr == ""
