"""Looks at what Tillsight is made of: `python tools/audit.py`.

Without the network: every package of the locks is pinned with a hash, what is installed is what is locked, and every licence of what
a user gets is one that an Apache-2.0 project may stand on. With it: known vulnerabilities, from the services that pip-audit and npm
ask. Whatever is found fails. Where a service cannot be reached nothing is known of vulnerabilities, which is said in so many words, and
fails only with `--strict`: a machine without the network must still be able to run the checks. Whether a package is still looked
after is not asked of any service; that is judged when it is taken in.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from page import NoNodeError, find_node

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 120
LOCKS = ("requirements.lock", "requirements-dev.lock")
FREE = re.compile(
    r"\b(MIT|MIT-0|MIT No Attribution|Apache|BSD|0BSD|ISC|ISCL|PSF|Python Software Foundation|Zlib|Unlicense|CC0|OFL|MPL|"
    r"Mozilla Public|LGPL|Permission is hereby granted, free of charge)\b"
)
"""Licences under which a library may be used by a project under Apache-2.0; of several that are offered one is enough."""
CLOSED = re.compile(
    r"\b(AGPL|Affero|GPL|GNU General Public|SSPL|Server Side Public|BUSL|Business Source|Commons Clause)"
)


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


def locked(text: str) -> tuple[dict[str, set[str]], list[str]]:
    """The packages of a lock file with their versions (one for each range of Python), and what is wrong with it."""
    versions: dict[str, set[str]] = {}
    wrong = []
    for entry in re.split(r"\n(?=\S)", text.strip()):
        found = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", entry)
        if not found:
            wrong.append(f"{entry.split()[0]} is not pinned to a version")
            continue
        versions.setdefault(_plain(found[1]), set()).add(found[2])
        if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry):
            wrong.append(f"{found[1]} {found[2]} has no hash")
    return versions, wrong


def page_lock(text: str) -> tuple[dict[str, str], list[str]]:
    """What of the page reaches a user, with its licences, and which packages of its lock have no hash."""
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    wrong = [f"{name} has no hash" for name, entry in packages.items() if not entry.get("integrity")]
    return {
        name.rpartition("node_modules/")[2]: str(entry.get("license", ""))
        for name, entry in packages.items()
        if not entry.get("dev")
    }, wrong


def licence_of(package: Distribution) -> str:
    """What a package says of its licence: its metadata, else the beginning of its licence file."""
    said = package.metadata.get_all("License-Expression") or [
        one.rpartition(":: ")[2] for one in package.metadata.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    said = said or [text.splitlines()[0] for text in package.metadata.get_all("License") or [] if text.strip()]
    files = [file for file in package.files or [] if re.match(r"LICEN[CS]E|COPYING", file.name)]
    return "; ".join(said) or (" ".join(files[0].read_text().split())[:200] if files else "")


def not_free(licences: Mapping[str, str]) -> list[str]:
    """Packages whose licence cannot be stood on, or is not known."""
    return [
        f"{name}: licence {text[:60] or 'not stated'}"
        for name, text in sorted(licences.items())
        if not FREE.search(text) or (CLOSED.search(text) and " OR " not in text)
    ]


def without_the_network() -> list[str]:
    """What is wrong with the locks, with what is installed, or with licences."""
    wrong: list[str] = []
    versions: dict[str, set[str]] = {}
    used: dict[str, set[str]] = {}
    for name in LOCKS:
        found, faults = locked((ROOT / name).read_text("utf-8"))
        wrong += [f"{name}: {fault}" for fault in faults]
        used = used or found
        versions |= found
    installed = {_plain(package.name): package for package in distributions()}
    wrong += [
        f"{name} {package.version} is installed, {' or '.join(sorted(versions[name]))} is locked"
        for name, package in sorted(installed.items())
        if name in versions and package.version not in versions[name]
    ]
    page, faults = page_lock((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    wrong += [f"web/package-lock.json: {fault}" for fault in faults]
    print(f"locks: {len(versions)} Python packages and those of the page, {len(wrong)} not as they should be")
    licences = {name: licence_of(installed[name]) for name in used if name in installed}
    bad = not_free(licences) + not_free(page)
    print(f"licences: {len(licences)} Python packages and {len(page)} of the page, {len(bad)} that cannot be used")
    return wrong + bad


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(arguments: list[str]) -> int:
    """0 where nothing is wrong, 1 where something is; 2 with --strict where not all could be looked up."""
    wrong = without_the_network()
    for fault in wrong:
        print(f"  {fault}")
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
    failed, unknown = bool(wrong), False
    for title, found in (("Python", python), ("the page", page)):
        if found.looked_up or found.unknown is None:
            print(f"vulnerabilities of {title}: {len(found.known)} known in {found.looked_up} packages")
        for flaw in found.known:
            print(f"  {flaw}")
        if found.unknown:
            print(f"vulnerabilities of {title}: NOT KNOWN, as {found.unknown}. Ask where the services can be reached.")
        failed, unknown = failed or bool(found.known), unknown or found.unknown is not None
    return 1 if failed else 2 if unknown and "--strict" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
