"""Photos of goods: what is taken in, how it is kept, who sees it, and that it goes with the person."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.returns_desk.conftest import Clock, rows
from tests.support.shops import make_shop

from tillsight.accounts import By
from tillsight.core.errors import ConflictError, NotFoundError, QuestionError
from tillsight.database import DeskPhoto
from tillsight.returns_desk import WantedItem, photos
from tillsight.shop import Shop
from tillsight.vault import make_data_key

WHO = By("mia")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int = 4, height: int = 3, more: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = zlib.compress((b"\x00" + b"\x80\x20\x40" * 4) * 3)
    return b"\x89PNG\r\n\x1a\n" + header + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def part(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(more: bytes = b"") -> bytes:
    frame = part(0xC0, b"\x08" + struct.pack(">HH", 30, 40) + b"\x01\x01\x11\x00")
    return (
        b"\xff\xd8"
        + part(0xE0, b"JFIF\x00")
        + more
        + frame
        + part(0xDA, b"\x01\x01\x00\x00?\x00")
        + b"\x12\xff\x00\x34\xff\xd9"
    )


def test_a_picture_is_read_without_what_the_camera_says() -> None:
    place = b"Exif\x00\x00 48.137 11.575"
    found = photos.read(jpeg(part(0xE1, place) + part(0xFE, b"my flat")))
    assert (found.media_type, found.width, found.height) == ("image/jpeg", 40, 30)
    assert found.content == jpeg()
    found = photos.read(png(more=chunk(b"tEXt", b"Author\x00Mia") + chunk(b"eXIf", place)))
    assert (found.media_type, found.width, found.height) == ("image/png", 4, 3)
    assert found.content == png()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"GIF89a" + b"\x00" * 40, "PNG or a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG or a JPEG"),
        (b"", "PNG or a JPEG"),
        (png()[:-20], "damaged"),
        (png().replace(b"IDAT", b"IDAX"), "damaged"),
        (jpeg()[:-2], "damaged"),
        (jpeg()[:9], "damaged"),
        (png(50_000, 50_000), "million pixels"),
        (png(0, 3), "million pixels"),
        (jpeg() + b"\x00" * photos.MOST_BYTES, "3 MB"),
    ],
)
def test_anything_else_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        photos.read(content)


def begun(shop: Shop) -> dict[str, object]:
    order = shop.return_desk.order("o1")
    line = next(line for line in order["lines"] if line["returnable"])
    return shop.return_desk.create(
        "o1", [WantedItem(line["order_line_id"], line["returnable"], "too_small")], "refund", WHO
    )


def test_photos_are_kept_shown_and_taken_away(shop: Shop) -> None:
    made = begun(shop)
    number = str(made["return_id"])
    with_photo = shop.return_desk.add_photo(number, 1, png(), WHO, "1")
    [shown] = with_photo["photos"]
    assert (shown["line_id"], shown["width"], shown["taken_by"], with_photo["version"]) == ("1", 4, "mia", 2)
    assert shop.return_desk.photo(number, shown["photo_id"]) == (png(), "image/png")
    assert with_photo["history"][-1]["action"] == "photo_added"
    with pytest.raises(ConflictError):
        shop.return_desk.add_photo(number, 1, png(), WHO)
    with pytest.raises(QuestionError, match="no line 9"):
        shop.return_desk.add_photo(number, 2, png(), WHO, "9")
    other = begun_other(shop)
    with pytest.raises(NotFoundError):
        shop.return_desk.photo(other, shown["photo_id"])
    gone = shop.return_desk.remove_photo(number, 2, shown["photo_id"], WHO)
    assert gone["photos"] == []
    with pytest.raises(NotFoundError):
        shop.return_desk.photo(number, shown["photo_id"])
    for version in range(3, 3 + photos.MOST_PHOTOS):
        shop.return_desk.add_photo(number, version, png(), WHO)
    with pytest.raises(QuestionError, match="12 photos"):
        shop.return_desk.add_photo(number, 3 + photos.MOST_PHOTOS, png(), WHO)


def begun_other(shop: Shop) -> str:
    order = shop.return_desk.order("o2")
    line = next(line for line in order["lines"] if line["returnable"])
    return str(
        shop.return_desk.create(
            "o2", [WantedItem(line["order_line_id"], line["returnable"], "too_small")], "refund", WHO
        )["return_id"]
    )


def test_photos_of_an_encrypted_workspace_are_encrypted(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    make_data_key(folder)
    with make_shop(folder, rows(), encrypt=True, today="clock") as shop:
        shop.return_desk.clock = Clock()
        number = str(begun(shop)["return_id"])
        shown = shop.return_desk.add_photo(number, 1, png(), WHO)["photos"][0]
        with shop.database.read() as session:
            kept = session.scalars(select(DeskPhoto.content)).one()
        assert b"PNG" not in kept
        assert b"IDAT" not in kept
        assert shop.return_desk.photo(number, shown["photo_id"])[0] == png()
