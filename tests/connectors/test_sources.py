"""Files, folders and archives: what is found, what is left aside, and archives that would fill the disk."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from tests.connectors.conftest import Load

from tillsight.connectors.files.raw import Reading, silent
from tillsight.connectors.files.sheets import read_workbook
from tillsight.connectors.files.sources import LIMITS, Limits, find, find_all
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


def test_many_members_that_are_each_small_enough_are_too_much_together(tmp_path: Path) -> None:
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for number in range(20):
            out.writestr(f"{number}.csv", "a,b\n" + "0" * 100_000)
    with pytest.raises(LoadError, match="unfolds to more than"):
        find(archive, Limits(free=200_000, ratio=10))


def _workbook(file: Path, cells: str, more: bytes = b"") -> Path:
    """The least that a spreadsheet opens: one sheet with these cells."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        )
        out.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="a" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        out.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>',
        )
        out.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="a" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            "</Relationships>",
        )
        out.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'
        )
        if more:
            out.writestr("xl/media/picture.png", more)
    return file


@pytest.mark.feature("PLT-09")
def test_a_workbook_that_would_take_all_memory_is_refused(tmp_path: Path) -> None:
    def read(file: Path, limits: Limits = LIMITS) -> int:
        source = find(file, limits)[0][0]
        made = read_workbook(source, tmp_path, file.stem, lambda _name: Reading(), silent, lambda _names: 0)
        return made[0].rows

    named = "".join(
        f'<c r="{at}1" t="inlineStr"><is><t>{word}</t></is></c>' for at, word in (("A", "sku"), ("B", "price"))
    )
    near = f'<row r="1">{named}</row><row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>'
    assert read(_workbook(tmp_path / "near.xlsx", near)) == 1
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(LoadError, match="reaches over more than 100,000,000 cells"):
        read(_workbook(tmp_path / "far.xlsx", far))
    with pytest.raises(LoadError, match="unfolds to more than"):
        read(_workbook(tmp_path / "bomb.xlsx", near, b"0" * 3_000_000), Limits(free=1 << 20))
