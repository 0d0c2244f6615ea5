"""Files, folders and archives: what is found, what is left aside, and archives that would fill the disk."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from tests.connectors.conftest import Load

from tillsight.connectors.files.sources import Limits, find, find_all
from tillsight.core.errors import LoadError

TEXT = b"order_id,order_date,sku,quantity,price\n1,2024-01-31,A,1,2\n"
TIGHT = Limits(ratio=20, free=1000, size=100_000, members=3)


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def read(path: Path, limits: Limits) -> bytes:
    sources, _ = find(path, limits)
    with sources[0].open() as stream:
        return stream.read()


def test_a_gzip_bomb_stops(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv.gz"
    path.write_bytes(gzip.compress(TEXT * 1000))
    assert len(read(path, Limits())) == len(TEXT) * 1000
    with pytest.raises(LoadError, match="unfolds to more than"):
        read(path, TIGHT)


def test_a_zip_bomb_stops(tmp_path: Path) -> None:
    path = archive(tmp_path / "sales.zip", {"sales.csv": b"0" * 1_000_000})
    with pytest.raises(LoadError, match="unfolds to more than"):
        read(path, TIGHT)


def test_a_member_that_lies_about_its_size_stops(tmp_path: Path) -> None:
    path = archive(tmp_path / "sales.zip", {"sales.csv": b"0" * 1_000_000})
    # The size stands in the directory of the archive and before the member; what counts is what comes out.
    path.write_bytes(path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(LoadError, match=r"unfolds to more than|damaged"):
        read(path, TIGHT)


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "sales.zip", {f"{number}.csv": TEXT for number in range(4)})
    with pytest.raises(LoadError, match="holds 4 files"):
        find(path, TIGHT)


def test_an_archive_in_an_archive_is_left_aside(tmp_path: Path) -> None:
    inner = gzip.compress(TEXT)
    path = archive(tmp_path / "sales.zip", {"a.csv": TEXT, "b.csv.gz": inner, "c.zip": b"PK\x03\x04"})
    sources, skipped = find(path)
    assert [source.name for source in sources] == ["sales.zip/a.csv"]
    assert skipped == ["sales.zip/b.csv.gz", "sales.zip/c.zip"]


def test_a_locked_archive_says_so(tmp_path: Path) -> None:
    path = archive(tmp_path / "sales.zip", {"sales.csv": TEXT})
    locked = bytearray(path.read_bytes())
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(locked))
    with pytest.raises(LoadError, match="locked with a password"):
        find(path)


def test_damaged_files_say_so(tmp_path: Path, load: Load) -> None:
    cut = gzip.compress(TEXT * 1000)[:-20]
    with pytest.raises(LoadError, match="damaged"):
        load(cut, "sales.csv.gz")
    with pytest.raises(LoadError, match=r"sales\.parquet is named as a file of Parquet but holds something else"):
        load(TEXT, "sales.parquet")
    with pytest.raises(LoadError, match="not a Parquet file that can be read"):
        load(b"PAR1" + TEXT + b"PAR1", "sales.parquet")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("xl/workbook.xml", "<nothing/>")
    with pytest.raises(LoadError, match="cannot be opened as a workbook"):
        load(stream.getvalue(), "sales.xlsx")
    with pytest.raises(LoadError, match="not valid JSON"):
        load('[{"order_id": 1}', "sales.json")
    with pytest.raises(LoadError, match="holds no list of objects"):
        load("[1, 2, 3]", "sales.json")


def test_what_is_not_there_or_not_data(tmp_path: Path, load: Load) -> None:
    with pytest.raises(LoadError, match="There is no file or folder"):
        find(tmp_path / "nothing.csv")
    with pytest.raises(LoadError, match="holds no file that can be read"):
        find(tmp_path)
    with pytest.raises(LoadError, match="not a kind of file that can be read"):
        load(b"%PDF-1.7", "sales.pdf")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sales.csv").write_bytes(TEXT)
    with pytest.raises(LoadError, match=r"Two files are called sales\.csv"):
        find_all([tmp_path / "a" / "sales.csv", tmp_path / "b" / "sales.csv"])
    assert len(find_all([tmp_path])[0]) == 2
