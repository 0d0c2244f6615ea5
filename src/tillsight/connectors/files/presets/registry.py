"""The presets by name, and which of them a set of files belongs to."""

from __future__ import annotations

from difflib import get_close_matches

from tillsight.connectors.files.presets.complete_journey import COMPLETE_JOURNEY
from tillsight.connectors.files.presets.declare import Preset
from tillsight.connectors.files.presets.olist import OLIST
from tillsight.connectors.files.presets.online_retail import ONLINE_RETAIL
from tillsight.core.errors import NotFoundError

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (ONLINE_RETAIL, OLIST, COMPLETE_JOURNEY)}


def preset_of(name: str) -> Preset:
    """A preset by name. Raises NotFoundError that names the nearest."""
    try:
        return PRESETS[name]
    except KeyError:
        near = get_close_matches(name, PRESETS, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(PRESETS)}."
        raise NotFoundError(f"There is no preset {name}{hint}", preset=name) from None


def find_preset(headers: list[tuple[str, ...]]) -> tuple[Preset, dict[int, str]] | None:
    """The preset whose required files are all there, and which file plays which role."""
    for preset in PRESETS.values():
        roles = preset.cast(headers)
        if roles is not None:
            return preset, roles
    return None
