"""What holds for every file of the project: said what it is for, finished, not big, no address of a registry in it."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BIGGEST = 1024 * 1024
# Put together here, so that this file does not name them.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    )
]
LEFT_OPEN = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")) + r")\b")


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a clone: the files of the project are not known")
    files = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file()]


def texts(files: list[Path]) -> list[tuple[Path, str]]:
    found = []
    for file in files:
        content = file.read_bytes()
        if b"\0" not in content:
            found.append((file.relative_to(ROOT), content.decode("utf-8")))
    return found


def test_every_module_says_what_it_is_for() -> None:
    modules = [file for file in (ROOT / "src").rglob("*.py") if "migrations/versions" not in file.as_posix()]
    assert len(modules) > 20
    silent = [
        str(file.relative_to(ROOT)) for file in modules if not ast.get_docstring(ast.parse(file.read_text("utf-8")))
    ]
    assert silent == []


def test_nothing_is_left_open() -> None:
    sources = [file for file in tracked() if file.relative_to(ROOT).parts[0] in ("src", "web", "tools")]
    left = [
        f"{name}:{number}"
        for name, text in texts(sources)
        if name.name != "package-lock.json"
        for number, line in enumerate(text.splitlines(), start=1)
        if LEFT_OPEN.search(line)
    ]
    assert left == []


def test_no_file_names_a_package_registry() -> None:
    named = [f"{name}: {host}" for name, text in texts(tracked()) for host in REGISTRY_HOSTS if host in text.lower()]
    assert named == []


def test_locks_hold_no_address() -> None:
    files = texts(tracked())
    locks = [(name, text) for name, text in files if name.suffix == ".lock" or name.name == "package-lock.json"]
    assert {name.name for name, _ in locks} >= {"requirements.lock", "requirements-dev.lock"}
    for name, text in locks:
        assert '"resolved"' not in text, name
        assert name.name == "package-lock.json" or "://" not in text, name


def test_locks_pin_every_package_with_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=\S)", (ROOT / name).read_text("utf-8").strip())
        assert len(entries) > 30
        assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_no_file_is_big() -> None:
    assert [str(file.relative_to(ROOT)) for file in tracked() if file.stat().st_size > BIGGEST] == []


def test_every_test_says_which_features_it_proves_in_the_ledgers_form() -> None:
    wrong = []
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "feature":
                rows = [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args]
                wrong += [f"{file.name}: {row}" for row in rows if not re.fullmatch(r"[A-Z]{3}-\d\d", str(row))]
    assert wrong == []
