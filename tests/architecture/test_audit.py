"""The look at what Tillsight is made of fails for what is found, and says so where nothing could be asked."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    spec = importlib.util.spec_from_file_location("audit_tool", TOOLS / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "audit_tool", module)
    spec.loader.exec_module(module)
    return module


PIP = {
    "dependencies": [
        {"name": "sound", "version": "1.0", "vulns": []},
        {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]},
    ]
}
NPM = {
    "vulnerabilities": {"left": {"severity": "high", "range": "<2"}},
    "metadata": {"dependencies": {"prod": 12}},
}


@pytest.mark.parametrize(
    ("pip", "npm", "code", "strict"),
    [
        (PIP, NPM, 1, 1),
        ({"dependencies": PIP["dependencies"][:1]}, {**NPM, "vulnerabilities": {}}, 0, 0),
        ({"dependencies": [{"name": "sound", "skip_reason": "not found"}]}, {"error": {}}, 0, 2),
        (PIP, {"error": {}}, 1, 1),
        (None, None, 0, 2),
    ],
)
def test_what_is_known_fails_and_what_cannot_be_asked_is_said(
    tool: ModuleType,
    pip: object,
    npm: object,
    code: int,
    strict: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = {"pip-audit": json.dumps(pip), "audit": json.dumps(npm)}

    def ask(command: list[str], _folder: Path, _environment: dict[str, str]) -> str:
        text = answers["pip-audit" if command[0].endswith("pip-audit") else "audit"]
        return "" if text == "null" else text

    monkeypatch.setattr(tool, "ask", ask)
    monkeypatch.setattr(tool, "find_node", lambda: (Path("/node"), ["npm"]))
    assert tool.main([]) == code
    said = capsys.readouterr().out
    assert ("NOT KNOWN" in said) == (strict == 2 or npm == {"error": {}})
    assert ("old 1.0: PYSEC-1, mended in 1.1" in said) == (pip is PIP)
    assert tool.main(["--strict"]) == strict


def test_a_lock_without_a_hash_or_a_version_is_found(tool: ModuleType) -> None:
    good = f"one==1.0 ; python_version < '4' \\\n    --hash=sha256:{'a' * 64}\ntwo-b[x]==2.1 \\\n    --hash=sha256:{'b' * 64}\n"
    assert tool.locked(good) == ({"one": {"1.0"}, "two-b": {"2.1"}}, [])
    assert tool.locked(good + "three>=1\nfour==4\n")[1] == ["three>=1 is not pinned to a version", "four 4 has no hash"]
    page = {"": {}, "node_modules/a": {"integrity": "sha512-x", "license": "MIT"}, "node_modules/b": {"dev": True}}
    assert tool.page_lock(json.dumps({"packages": page})) == ({"a": "MIT"}, ["node_modules/b has no hash"])


def test_only_licences_that_an_apache_project_may_stand_on_pass(tool: ModuleType) -> None:
    free = {"a": "MIT", "b": "BSD License", "c": "LGPL-3.0-only", "d": "GPL-2.0 OR MIT", "e": "Apache Software License"}
    assert tool.not_free(free) == []
    closed = {
        "f": "AGPL-3.0",
        "g": "",
        "h": "GPL-3.0-only",
        "i": "Business Source License",
        "j": "MIT AND GPL-3.0-only",
    }
    assert [one.partition(":")[0] for one in tool.not_free(closed)] == list(closed)


def test_a_package_that_is_not_the_locked_one_is_found(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert tool.without_the_network() == [], "the locks, the environment and the licences of this very tree"
    for name in tool.LOCKS:
        text = (tool.ROOT / name).read_text().replace("\nhuey==", "\nhuey==0.0.")
        (tmp_path / name).write_text(text)
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "package-lock.json").write_text((tool.ROOT / "web" / "package-lock.json").read_text())
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    [fault] = tool.without_the_network()
    assert fault.startswith("huey ")
