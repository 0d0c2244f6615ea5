"""Photos of goods that came back: what is taken in, and how it is kept.

A PNG or JPEG by what it begins with and how it is built, not by its name; 3 MB and 40 million pixels at most. What a camera writes beside
the picture (place, device, time) is left out. Pictures are kept in the operational database, so that they are in every backup and go with
the return; where the workspace is encrypted they are encrypted with its data key (AES-256-GCM, bound to their return).
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillsight.core.errors import QuestionError
from tillsight.vault import data_key, is_encrypted

MOST_BYTES = 3 * 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_PHOTOS = 12
"""Of one return."""
_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"IDAT", b"IEND")
_SEALED = b"sealed\0"
"""What an encrypted picture begins with; no PNG or JPEG does."""
_NONCE = 12
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers of a JPEG that begin a frame, and those that carry nothing."""


@dataclass(frozen=True)
class Picture:
    """A picture that was read: its bytes without what a camera adds, its type and size in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def read(content: bytes) -> Picture:
    """Read a picture. Raises QuestionError for anything that is no whole PNG or JPEG, or too large."""
    if len(content) > MOST_BYTES:
        raise QuestionError(f"A photo has {MOST_BYTES // 1024 // 1024} MB at most.", field="photo", bytes=len(content))
    try:
        if content.startswith(_PNG):
            picture = _png(content)
        elif content.startswith(b"\xff\xd8\xff"):
            picture = _jpeg(content)
        else:
            raise QuestionError("A photo is a PNG or a JPEG.", field="photo")
    except (struct.error, IndexError):
        raise QuestionError("The photo is damaged: it ends too early.", field="photo") from None
    if not picture.width or not picture.height or picture.width * picture.height > MOST_PIXELS:
        raise QuestionError(
            f"A photo has {MOST_PIXELS // 1_000_000} million pixels at most.", field="photo",
            width=picture.width, height=picture.height,
        )  # fmt: skip
    return picture


def _png(content: bytes) -> Picture:
    kept, at, names = [_PNG], len(_PNG), []
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content) or zlib.crc32(content[at + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
            raise QuestionError("The photo is damaged.", field="photo")
        names.append(name)
        if name in _KEPT_CHUNKS:
            kept.append(content[at:end])
        at = end
        if name == b"IEND":
            break
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise QuestionError("The photo is damaged: a part of it is missing.", field="photo")
    width, height = struct.unpack_from(">II", content, len(_PNG) + 8)
    return Picture(b"".join(kept), "image/png", width, height)


def _jpeg(content: bytes) -> Picture:
    kept, at, size = [b"\xff\xd8"], 2, (0, 0)
    while True:
        if content[at] != 0xFF:
            raise QuestionError("The photo is damaged.", field="photo")
        while content[at + 1] == 0xFF:
            at += 1
        marker = content[at + 1]
        if marker in _BARE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            size = (width, height)
        # JFIF and Adobe's word on colours stay; everything else that is said beside the picture goes
        if not (0xE1 <= marker <= 0xEF and marker != 0xEE) and marker != 0xFE:
            kept.append(content[at:end])
        at = end
        if marker == 0xDA:
            break
    last = content.rfind(b"\xff\xd9", at)
    if last < 0 or size == (0, 0):
        raise QuestionError("The photo is damaged: its end is missing.", field="photo")
    kept.append(content[at : last + 2])
    return Picture(b"".join(kept), "image/jpeg", *size)


def sealed(workspace: Path, content: bytes, return_id: str) -> bytes:
    """The bytes as they are kept: encrypted where the workspace is."""
    if not is_encrypted(workspace):
        return content
    nonce = os.urandom(_NONCE)
    return _SEALED + nonce + AESGCM(data_key(workspace)).encrypt(nonce, content, _context(return_id))


def opened(workspace: Path, kept: bytes, return_id: str) -> bytes:
    """The picture of what is kept, which may be from before the workspace was encrypted. Raises VaultError where the key is not there."""
    if not kept.startswith(_SEALED):
        return kept
    nonce, content = kept[len(_SEALED) : len(_SEALED) + _NONCE], kept[len(_SEALED) + _NONCE :]
    return AESGCM(data_key(workspace)).decrypt(nonce, content, _context(return_id))


def _context(return_id: str) -> bytes:
    return f"photo of return {return_id}".encode()
