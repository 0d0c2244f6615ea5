"""Files that are encrypted as they come: read back as they were, from any place, and not when anything was changed."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from tillsight.vault import VaultError, is_sealed_stream, open_sealed, seal_stream

pytestmark = pytest.mark.feature("PLT-07")

KEY = b"k" * 32
PIECE = 64 << 10
HEAD, SEALED = 8, PIECE + 28


def sealed(file: Path, content: bytes) -> Path:
    with file.open("wb") as out:
        seal_stream(io.BytesIO(content), out, KEY)
    return file


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 77])
def test_what_was_sealed_is_read_from_any_place(tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)
    file = sealed(tmp_path / "a", content)
    assert is_sealed_stream(file)
    with open_sealed(file, KEY) as stream:
        assert stream.read() == content
        assert stream.seek(0, io.SEEK_END) == size
        for place in (size // 2, max(size - 3, 0), PIECE - 2):
            stream.seek(place)
            assert stream.read(10) == content[place : place + 10]
    # a byte or two may stand in what is sealed by chance
    assert len(content) < 16 or content[:20] not in file.read_bytes()


def refused(file: Path, key: bytes) -> bool:
    try:
        with open_sealed(file, key) as stream:
            stream.read()
    except VaultError:
        return True
    return False


def test_what_was_changed_moved_cut_or_belongs_elsewhere_is_refused(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(3 * PIECE + 10)
    whole = sealed(tmp_path / "whole", content).read_bytes()
    pieces = [whole[HEAD + n * SEALED : HEAD + (n + 1) * SEALED] for n in range(4)]
    flipped = whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]
    wrong = {
        "changed": flipped,
        "moved": whole[:HEAD] + pieces[1] + pieces[0] + pieces[2] + pieces[3],
        "left out": whole[:HEAD] + pieces[0] + pieces[2] + pieces[3],
        "cut off at a piece": whole[: HEAD + 3 * SEALED],
        "cut off within": whole[:-5],
        "last piece alone": whole[:HEAD] + pieces[3],
    }
    for name, body in wrong.items():
        file = tmp_path / "wrong"
        file.write_bytes(body)
        assert refused(file, KEY), name
    assert refused(tmp_path / "whole", b"x" * 32)
    assert not refused(tmp_path / "whole", KEY)
    (tmp_path / "plain").write_bytes(content)
    assert not is_sealed_stream(tmp_path / "plain")
