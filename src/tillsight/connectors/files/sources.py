"""Which files there are to read: a file, a folder with everything below it, the members of an archive.

Archives are opened under limits, so that a small file cannot fill the disk: how much a member may unfold to, in all and
against its packed size. What a file is, is read from its first bytes; the ending of its name only helps where text could
be several things. Hidden files are left out.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from tillsight.connectors.files.sealing import opened
from tillsight.core.errors import LoadError

Format = Literal["csv", "json", "ndjson", "parquet", "excel"]

_TEXT_ENDINGS = {"csv": "csv", "tsv": "csv", "tab": "csv", "psv": "csv", "txt": "csv", "dat": "csv", "": "csv"}
_ENDINGS: dict[str, Format] = {
    **dict.fromkeys(_TEXT_ENDINGS, "csv"),
    "json": "json",
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "parquet": "parquet",
    "pq": "parquet",
    "xlsx": "excel",
    "xlsm": "excel",
    "xlsb": "excel",
    "xls": "excel",
    "ods": "excel",
}
_PIECE = 1 << 20
_TOO_MUCH = (
    "{name} unfolds to more than {megabytes} MB, far more than its packed size explains. Unpack it yourself and load the files "
    "if you trust it, or raise limits.unpacked_ratio."
)


class EmptyError(LoadError):
    """A file without a single row of text: an error by itself, left aside among others."""


@dataclass(frozen=True)
class Limits:
    """What an archive may unfold to, in all. `free`: bytes that are let through before the ratio to its packed size counts.

    `cells`: of a sheet, from its first to its last row and column.
    """

    ratio: int = 200
    free: int = 256 << 20
    size: int = 64 << 30
    members: int = 10_000
    cells: int = 100_000_000

    def allowed(self, packed: int) -> int:
        """Bytes that so many packed ones may unfold to."""
        return min(self.size, max(self.free, self.ratio * packed))


LIMITS = Limits()


@dataclass(frozen=True)
class Source:
    """One thing to read: a file, or a member of an archive. `name` is how reports call it, with `/` between folders."""

    name: str
    path: Path
    format: Format
    member: str | None = None
    packed: Literal["gz", "zip"] | None = None
    limits: Limits = field(default=LIMITS, compare=False)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes, unpacked. Raises LoadError for a broken archive, or one that unfolds beyond its limits."""
        try:
            with _unpacked(self) as stream:
                yield stream
        except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise LoadError(
                f"{self.name} is damaged: it cannot be unpacked ({error}). Export or copy it again.", file=self.name
            ) from error
        except RuntimeError as error:
            if "password" not in str(error):
                raise
            raise LoadError(f"{self.name} is locked with a password. Save it without one.", file=self.name) from error

    def digest(self) -> tuple[str, int]:
        """SHA-256 and size of the bytes as they were given: packed for `.gz`, of the member for `.zip`."""
        sha = hashlib.sha256()
        size = 0
        with self.open() if self.packed == "zip" else opened(self.path) as stream:
            while piece := stream.read(_PIECE):
                sha.update(piece)
                size += len(piece)
        return sha.hexdigest(), size


def find_all(paths: Sequence[Path], limits: Limits = LIMITS) -> tuple[list[Source], list[str]]:
    """All sources of several files and folders, in the order given, and the names of files that hold no data.

    Raises LoadError when there is nothing to read, or when two files would bear the same name.
    """
    sources: list[Source] = []
    skipped: list[str] = []
    for path in paths:
        found, left = find(path, limits)
        sources += found
        skipped += left
    names = Counter(source.name for source in sources)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise LoadError(f"Two files are called {twice}. Load them one after the other, or rename one.", file=twice)
    return sources, skipped


def find(path: Path, limits: Limits = LIMITS) -> tuple[list[Source], list[str]]:
    """All sources of a file or folder in the order of their names, and the names of files that hold no data.

    Raises LoadError when there is nothing to read.
    """
    if not path.exists():
        raise LoadError(f"There is no file or folder {path}.", file=str(path))
    if path.is_file():
        sources, skipped = _of_file(path, path.name, limits)
        if not sources:
            raise LoadError(
                f"{path.name} is not a kind of file that can be read. Give CSV, TSV, JSON, NDJSON, Parquet or Excel, "
                "also packed as .gz or .zip.",
                file=path.name,
            )
        return sources, skipped
    sources, skipped = [], []
    for file in sorted(path.rglob("*")):
        relative = file.relative_to(path)
        if not file.is_file() or any(part.startswith((".", "__MACOSX", "~$")) for part in relative.parts):
            continue
        found, left = _of_file(file, relative.as_posix(), limits)
        sources += found
        skipped += left
    if not sources:
        raise LoadError(f"The folder {path} holds no file that can be read.", file=str(path))
    return sources, skipped


def _of_file(path: Path, name: str, limits: Limits) -> tuple[list[Source], list[str]]:
    with opened(path) as stream:
        head = stream.read(4096)
    if head[:4] == b"PK\x03\x04" and not _is_workbook(path):
        return _members(path, name, limits)
    if head[:2] == b"\x1f\x8b":
        plain = name.removesuffix(".gz")
        source = Source(name, path, "csv", packed="gz", limits=limits)
        with source.open() as stream:
            head = stream.read(4096)
        kind = _format(plain, head)
        return ([Source(name, path, kind, packed="gz", limits=limits)], []) if kind else ([], [name])
    kind = _format(name, head)
    return ([Source(name, path, kind, limits=limits)], []) if kind else ([], [name])


def _members(path: Path, name: str, limits: Limits) -> tuple[list[Source], list[str]]:
    sources, skipped = [], []
    try:
        with opened(path) as packed, zipfile.ZipFile(packed) as archive:
            infos = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
    except zipfile.BadZipFile as error:
        raise LoadError(f"{name} is damaged: it cannot be unpacked ({error}).", file=name) from error
    if len(infos) > limits.members:
        raise LoadError(
            f"{name} holds {len(infos)} files; at most {limits.members} are read from one archive.", file=name
        )
    check_total(infos, name, limits, path.stat().st_size)
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        if any(part.startswith((".", "__MACOSX", "~$")) for part in parts):
            continue
        full = f"{name}/{'/'.join(parts)}"
        source = Source(full, path, "csv", info.filename, "zip", limits)
        with source.open() as stream:
            head = stream.read(4096)
        kind = None if head[:2] == b"\x1f\x8b" else _format(parts[-1], head)
        if kind:
            sources.append(Source(full, path, kind, info.filename, "zip", limits))
        else:
            skipped.append(full)
    return sources, skipped


def check_total(infos: Sequence[zipfile.ZipInfo], name: str, limits: Limits, packed: int) -> None:
    """Raises LoadError where an archive says that its members unfold to too much together.

    What it says is binding: a member that holds more than it says is not read further than that.
    """
    allowed = limits.allowed(packed)
    if sum(info.file_size for info in infos) > allowed:
        raise LoadError(_TOO_MUCH.format(name=name, megabytes=allowed >> 20), file=name)


def _is_workbook(path: Path) -> bool:
    try:
        with opened(path) as packed, zipfile.ZipFile(packed) as archive:
            names = archive.namelist()
            return any(n in ("xl/workbook.xml", "xl/workbook.bin") for n in names) or (
                "mimetype" in names and b"spreadsheet" in _beginning(archive, "mimetype")
            )
    except (zipfile.BadZipFile, RuntimeError):
        return False


def _beginning(archive: zipfile.ZipFile, member: str) -> bytes:
    with archive.open(member) as stream:
        return stream.read(200)


def _format(name: str, head: bytes) -> Format | None:
    """What a file is, by its first bytes and the ending of its name; None when it holds no table."""
    ending = Path(name).suffix.lstrip(".").lower()
    by_name = _ENDINGS.get(ending)
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:4] == b"PK\x03\x04" or head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "excel" if by_name == "excel" else None
    if by_name in ("parquet", "excel"):
        raise LoadError(
            f"{name} is named as a file of {by_name.capitalize()} but holds something else; give it the ending of what it holds, "
            "such as .csv, or save it again.",
            file=name,
        )
    if by_name is None:
        return None
    text = head[:512].decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", errors="replace")
    start = text.lstrip()[:1]
    if by_name in ("json", "ndjson"):
        return by_name
    if start in ("{", "["):
        return "json"
    return "csv"


@contextmanager
def _unpacked(source: Source) -> Iterator[BinaryIO]:
    if source.packed is None:
        with opened(source.path) as plain:
            yield plain
        return
    if source.packed == "gz":
        with opened(source.path) as packed, gzip.open(packed, "rb") as unpacked:
            yield _bounded(unpacked, source, source.path.stat().st_size)
        return
    with opened(source.path) as packed, zipfile.ZipFile(packed) as archive:
        info = archive.getinfo(source.member or "")
        with archive.open(info) as unpacked:
            yield _bounded(unpacked, source, info.compress_size)


def _bounded(stream: _Readable, source: Source, packed: int) -> BinaryIO:
    return io.BufferedReader(_Bounded(stream, source, packed), _PIECE)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Bounded(io.RawIOBase):
    """Counts what comes out of an archive, and stops when it is too much."""

    def __init__(self, stream: _Readable, source: Source, packed: int) -> None:
        self._stream, self._source = stream, source
        self._limit = source.limits.allowed(packed)
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = self._stream.read(len(buffer))
        self._read += len(piece)
        if self._read > self._limit:
            raise LoadError(
                _TOO_MUCH.format(name=self._source.name, megabytes=self._limit >> 20),
                file=self._source.name,
                limit=self._limit,
            )
        buffer[: len(piece)] = piece
        return len(piece)
