"""Shops that are large however few rows they have."""

from __future__ import annotations

import pytest

from tillsight.pipeline import parts


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every shop is large: a part of its own for every month, landed files that stay, and everything added up in advance."""
    monkeypatch.setattr(parts, "FINE_ROWS", 0)
    monkeypatch.setattr(parts, "PART_ROWS", 1)
    monkeypatch.setattr("tillsight.pipeline.writing.MERGED_ROWS", 0)
    monkeypatch.setattr("tillsight.pipeline.writing.CODED_ROWS", 1)
