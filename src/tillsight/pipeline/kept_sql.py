"""The SQL of relations, kept beside Python's compiled modules: it takes seconds to make and changes with the code alone.

A file is named by everything its SQL follows from: the text of every module that has a say in it, the versions of the compilers, and
what was asked for. Another text, version or question is another file, so a kept one is never out of date. A process whose code was
changed after it began (an update below a running server) keeps nothing and takes nothing: what it runs is not what lies on the disk.
Where files cannot be written, the SQL is made anew in every process, as Python does with its modules. SQL that leaves out what a shop
does not have is kept too, since the next build of that shop asks for the same; it names tables and columns, and no value of any row.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

FOLDER = Path(__file__).parent / "__pycache__"
ROOMS = ("core", "tables", "metrics", "domains", "warehouse", "pipeline")
"""Where the code is that SQL is made by."""

COMPILERS = ("ibis-framework", "sqlglot", "duckdb")

MOST_FILES = 1_000
"""So many files are kept, of about 30 kB each: the SQL of some thirty relations for as many shops that differ."""

RelationSql = tuple[dict[str, str], str | None]
"""The SQL of each layer by its name, and of the rows that lack a rate."""


def kept(parts: Sequence[Any], make: Callable[[], RelationSql]) -> RelationSql:
    """What `make` gives, from an earlier process where one has made it. `parts`: all it follows from besides the code."""
    code, changed = _code()
    if changed > _began():
        return make()
    asked = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    file = FOLDER / f"sql-{code[:16]}-{asked[:24]}.json"
    try:
        layers, lacking = json.loads(file.read_text())
    except (OSError, ValueError, TypeError):
        made = make()
        if not sys.dont_write_bytecode:
            _keep(file, made)
        return made
    return layers, lacking


def code_digest() -> str | None:
    """What tells this code from another; None where it was changed since this process began."""
    code, changed = _code()
    return code if changed <= _began() else None


def _keep(file: Path, made: RelationSql) -> None:
    with contextlib.suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        part = file.with_name(f"{file.name}.{os.getpid()}")
        part.write_text(json.dumps(made))
        part.replace(file)
        of_this_code = file.name.rsplit("-", 1)[0]
        others = sorted(file.parent.glob("sql-*"), key=lambda other: other.stat().st_mtime, reverse=True)
        for number, other in enumerate(others):
            if number >= MOST_FILES or not other.name.startswith(of_this_code):
                other.unlink(missing_ok=True)


def _code() -> tuple[str, float]:
    """A digest of every module that has a say, and of the compilers; and when the last of them was changed, as a Unix time.

    Reads about two hundred small files.
    """
    digest = hashlib.sha256(" ".join([sys.version, *map(version, COMPILERS)]).encode())
    package, changed = Path(__file__).parent.parent, 0.0
    for room in ROOMS:
        for file in sorted((package / room).rglob("*.py")):
            digest.update(f"\0{file.relative_to(package)}\0".encode())
            digest.update(file.read_bytes())
            changed = max(changed, file.stat().st_ctime)
    return digest.hexdigest(), changed


@cache
def _began() -> float:
    """When this process began, as a Unix time."""
    return psutil.Process().create_time()
