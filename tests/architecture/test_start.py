"""The command line starts quickly: nothing heavy is imported before a command runs."""

import json
import subprocess
import sys
import time

import pytest

HEAVY = ["ibis", "duckdb", "pandas", "pyarrow", "numpy", "fastapi", "sqlalchemy", "pydantic_settings"]
PROBE = f"""
import contextlib, io, json, sys
from tillsight.cli.main import run
with contextlib.redirect_stdout(io.StringIO()) as text:
    code = run(sys.argv[1:])
print(json.dumps([code, len(text.getvalue()), [name for name in {HEAVY!r} if name in sys.modules]]))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["query", "--help"], ["metrics", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True)
    print(f"tillsight {' '.join(arguments)}: {time.perf_counter() - began:.2f} s")
    code, length, heavy = json.loads(done.stdout)
    assert code == 0
    assert length > 10
    assert heavy == []


def test_the_package_itself_imports_nothing_heavy() -> None:
    probe = f"import sys, tillsight; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
