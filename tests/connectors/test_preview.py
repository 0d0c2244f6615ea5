"""A look at files before loading them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tillsight.connectors.files.mapping import parse_mapping
from tillsight.connectors.files.preview import preview
from tillsight.core.errors import LoadError


def test_what_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_bytes(
        "order_id;order_date;sku;quantity;price;Größe\n1;2024-01-31;A;1;2;groß\n".encode("cp1252")
    )
    (tmp_path / "odd.csv").write_text("x,y\n1,2\n")
    odd, sales = preview([tmp_path])
    assert (sales.format, sales.encoding, sales.delimiter) == ("csv", "cp1252", ";")
    assert sales.taken_for == "headers of sales"
    assert sales.columns["placed_at"] == ("order_date",)
    assert sales.rows == [["1", "2024-01-31", "A", "1", "2", "groß"]]
    assert odd.taken_for is None
    assert odd.problem is not None
    assert "odd.csv has the columns x, y" in odd.problem
    assert odd.mapping is not None
    assert odd.mapping.startswith('[[file]]\nmatch = "odd.csv"\n')


def test_with_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("Nr,Date,more\n1,2024-01-31,x\n")
    mapping = parse_mapping('[[file]]\ntable = "orders"\n[file.columns]\norder_id = "Nr"\nplaced_at = "Date"\n')
    (found,) = preview([tmp_path / "odd.csv"], mapping=mapping)
    assert found.taken_for == "mapping to orders"
    assert found.columns == {"order_id": ("Nr",), "placed_at": ("Date",)}
    assert found.unused == ("more",)


def test_of_a_long_file_only_the_start_is_read(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_id,order_date,email\n" + "1,2024-01-31,somebody@example.org\n" * 400_000)
    (found,) = preview([file])
    assert len(found.rows) == 10


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(LoadError, match="empty"):
        preview([tmp_path / "empty.csv"])
