"""Tillsight: a shop's raw data in, numbers that explain themselves out.

    import tillsight
    shop = tillsight.open("shop")
    shop.query(["revenue", "orders"], by="country", grain="month").to_pandas()

The command line, the API and the page ask the same catalogue and give the same answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tillsight.shop import Shop

    __version__: str

__all__ = ["__version__", "open"]


def open(workspace: str | Path | None = None) -> Shop:
    """Open a workspace: the folder given, else TILLSIGHT_WORKSPACE, else the current folder.

    Raises SettingsError where the folder is none, or where a setting in it is wrong.
    """
    from tillsight.shop import Shop

    return Shop.open(workspace)


def __getattr__(name: str) -> str:
    # Read when asked for: it costs more than all other imports of this file.
    if name == "__version__":
        from tillsight.core.version import VERSION

        return VERSION
    raise AttributeError(f"module 'tillsight' has no attribute {name!r}")
