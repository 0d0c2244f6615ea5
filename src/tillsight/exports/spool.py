"""Rows on disk while a file is made of them, so that memory does not grow with an answer.

They are read at least twice: how few places show every amount exactly is known only after the last row. The file has no
name, is encrypted with a key that only this process has and never keeps, and is gone when it is closed.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pyarrow as pa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillsight.core.errors import TooBigError

_NONCE = 12


class Spool:
    """Batches of rows in the order in which they came. `rows`: how many there are."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (open as long as the spool is)
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._places: list[tuple[int, int]] = []
        self._end = 0
        self.rows = 0

    def write(self, table: pa.Table) -> None:
        """Add rows. Raises TooBigError where the disk is full."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(table)
        number = len(self._places).to_bytes(_NONCE, "big")  # a key is used for one spool, so no number comes twice
        sealed = self._cipher.encrypt(number, sink.getvalue().to_pybytes(), None)
        try:
            self._file.write(sealed)
        except OSError:
            raise TooBigError("There is no room on the disk for this file; free some, or ask for fewer rows.") from None
        self._places.append((self._end, len(sealed)))
        self._end += len(sealed)
        self.rows += table.num_rows

    def __iter__(self) -> Iterator[pa.Table]:
        self._file.flush()
        for number, (start, length) in enumerate(self._places):
            sealed = os.pread(self._file.fileno(), length, start)
            plain = self._cipher.decrypt(number.to_bytes(_NONCE, "big"), sealed, None)
            with pa.ipc.open_stream(plain) as reader:
                yield reader.read_all()

    def close(self) -> None:
        """Give the room on the disk back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
