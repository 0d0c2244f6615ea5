"""Looks for known vulnerabilities of what is installed: `python tools/audit.py`.

Asks the services that pip-audit and npm ask. What they know of fails; where a service cannot be reached nothing is known, which
is said, and fails only with `--strict`: a machine without the network must still be able to run the checks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from page import NoNodeError, find_node

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 120


@dataclass
class Findings:
    """What is known: vulnerabilities in words, how many packages were looked up, and why others could not be."""

    known: list[str] = field(default_factory=list)
    looked_up: int = 0
    unknown: str | None = None


def read_pip(text: str) -> Findings:
    """The findings in the JSON of pip-audit."""
    try:
        packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Findings(unknown="pip-audit had no answer")
    found = Findings()
    skipped = [one for one in packages if "skip_reason" in one]
    found.looked_up = len(packages) - len(skipped)
    if skipped:
        found.unknown = f"{len(skipped)} of {len(packages)} packages could not be looked up"
    for one in packages:
        for flaw in one.get("vulns", []):
            fixed = ", ".join(flaw.get("fix_versions", [])) or "no version yet"
            found.known.append(f"{one['name']} {one['version']}: {flaw['id']}, mended in {fixed}")
    return found


def read_npm(text: str) -> Findings:
    """The findings in the JSON of npm audit."""
    try:
        said: dict[str, Any] = json.loads(text)
        flaws, counted = said["vulnerabilities"], said["metadata"]["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Findings(unknown="npm audit had no answer")
    known = [f"{name}: {flaw['severity']}, {flaw['range']}" for name, flaw in flaws.items()]
    return Findings(known, int(counted["prod"]))


def ask(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command prints, whatever its exit code; empty where it does not end in time."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def main(arguments: list[str]) -> int:
    """0 where nothing is known, 1 where something is; 2 with --strict where not all could be looked up."""
    pip = [str(Path(sys.executable).parent / "pip-audit"), "--requirement", "requirements.lock", "--require-hashes"]
    python = read_pip(
        ask([*pip, "--disable-pip", "--format", "json", "--progress-spinner", "off"], ROOT, {**os.environ})
    )
    try:
        node, npm = find_node()
        environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
        page = read_npm(ask([*npm, "audit", "--omit", "dev", "--json"], ROOT / "web", environment))
    except NoNodeError as error:
        page = Findings(unknown=str(error))
    failed = unknown = False
    for title, found in (("Python", python), ("page", page)):
        print(f"{title}: {found.looked_up} packages looked up, {len(found.known)} known vulnerabilities")
        for flaw in found.known:
            print(f"  {flaw}")
        if found.unknown:
            print(f"  not known: {found.unknown}. Ask again where the vulnerability services can be reached.")
        failed, unknown = failed or bool(found.known), unknown or found.unknown is not None
    return 1 if failed else 2 if unknown and "--strict" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
