"""What every test stands on: a clean environment, and the public data sets where they lie beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"

# The same examples on every machine and in every run; a failure found is a failure that stays found.
hypothesis.settings.register_profile("tillsight", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile("tillsight")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the one who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("TILLSIGHT_")]:
        monkeypatch.delenv(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on the public data sets are skipped where those are not there."""
    if DATA.is_dir():
        return
    for item in items:
        if item.get_closest_marker("real_data"):
            item.add_marker(pytest.mark.skip(reason=f"needs the public data sets in {DATA}"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the public data sets; only for tests with the marker `real_data`."""
    return DATA
