"""Files that are encrypted piece by piece as they come, and read again from any place: AES-256-GCM.

    TILLSEAL | 64 KiB of content as nonce and ciphertext with its tag | … | the last piece, shorter or empty

Each piece is bound to its number and to whether it is the last one, so that none can be changed, moved, left out or cut off.
"""

from __future__ import annotations

import hmac
import io
import os
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillsight.vault.keys import VaultError

_MAGIC = b"TILLSEAL"
_PIECE = 64 << 10
_NONCE, _TAG = 12, 16
_SEALED = _NONCE + _PIECE + _TAG


def seal_stream(source: BinaryIO, target: BinaryIO, key: bytes) -> None:
    """Write what a stream gives, encrypted. `key`: that of the data files, 32 bytes."""
    cipher = _cipher(key)
    target.write(_MAGIC)
    number = 0
    piece = _whole(source)
    while True:
        following = _whole(source) if len(piece) == _PIECE else b""
        last = len(piece) < _PIECE
        nonce = os.urandom(_NONCE)
        target.write(nonce + cipher.encrypt(nonce, piece, _bound(number, last=last)))
        if last:
            return
        piece, number = following, number + 1


def is_sealed_stream(file: Path) -> bool:
    """Whether a file was written by `seal_stream`."""
    with file.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def open_sealed(file: Path, key: bytes) -> BinaryIO:
    """Read such a file as if it were plain; it can be read from any place. Raises VaultError where it was changed."""
    return io.BufferedReader(_Reader(file, key), _PIECE)


class _Reader(io.RawIOBase):
    """The content, a piece at a time."""

    def __init__(self, file: Path, key: bytes) -> None:
        self._file, self._cipher = file, _cipher(key)
        body = file.stat().st_size - len(_MAGIC)
        self._pieces, rest = body // _SEALED, body % _SEALED
        if rest < _NONCE + _TAG:
            raise VaultError(f"{file.name} was cut off, so it cannot be decrypted.", file=file.name)
        self._size = self._pieces * _PIECE + rest - _NONCE - _TAG
        self._stream = file.open("rb")
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        number, begin = divmod(self._at, _PIECE)
        if self._at >= self._size:
            return 0
        content = self._piece(number)[begin : begin + len(buffer)]
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()

    def _piece(self, number: int) -> bytes:
        self._stream.seek(len(_MAGIC) + number * _SEALED)
        sealed = self._stream.read(_SEALED)
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(number, last=number == self._pieces))
        except InvalidTag:
            raise VaultError(
                f"{self._file.name} cannot be decrypted: it was changed, or is of another workspace.",
                file=self._file.name,
            ) from None


def _whole(source: BinaryIO) -> bytes:
    """A piece, whole unless the stream ends."""
    parts, wanted = [], _PIECE
    while wanted and (part := source.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, b"streams", "sha256"))


def _bound(number: int, *, last: bool) -> bytes:
    return number.to_bytes(8) + bytes([last])
