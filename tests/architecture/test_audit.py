"""The look for known vulnerabilities fails for what is known, and says so where nothing could be asked."""

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


@pytest.mark.feature("PLT-07")
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
    assert ("not known" in said) == (strict == 2 or npm == {"error": {}})
    assert ("old 1.0: PYSEC-1, mended in 1.1" in said) == (pip is PIP)
    assert tool.main(["--strict"]) == strict
