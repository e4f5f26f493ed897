"""A batch on its way in: checked while it streams, spooled in compressed chunks; memory does not grow with the file."""

import codecs
import csv
import hashlib
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence

from services.kernel.http import FieldError, Problem

CHUNK = 256 * 1024
"""Characters of text in a chunk."""
BATCH_LIMIT = 512 * 1024 * 1024
"""Bytes of text in a batch, unpacked."""
LINE_LIMIT = 1024 * 1024
PIECE = 64 * 1024
"""Bytes that are unpacked at once."""
_GZIP, _GZIP_BITS = b"\x1f\x8b", 31


class Unpacked:
    """Bytes as they come, gzip (of one member or several) or plain, into checked UTF-8 text."""

    def __init__(self) -> None:
        self._gzip: zlib._Decompress | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._begun = False
        self._size = 0
        self._head = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """The text of the next bytes, piece by piece. Raises a problem for bad gzip, bad UTF-8 or too much."""
        if not self._begun:
            self._head += data
            if len(self._head) < len(_GZIP):
                return
            data, self._begun = self._head, True
            if data.startswith(_GZIP):
                self._gzip = zlib.decompressobj(wbits=_GZIP_BITS)
        for part in self._unzipped(data):
            yield self._decoded(part, final=False)

    def finish(self) -> str:
        """The last text. Raises a problem when gzip or a character was cut off."""
        data = b"" if self._begun else self._head
        if self._gzip is not None and not self._gzip.eof:
            raise Problem(400, "gzip-truncated", "The gzip stream ends too early. Nothing was taken; send it again.")
        return self._decoded(data, final=True)

    def _unzipped(self, data: bytes) -> Iterator[bytes]:
        """At most `PIECE` bytes at once, so that a small body that unpacks to a large one fills no memory."""
        if self._gzip is None:
            yield data
            return
        try:
            part = b""
            while data or len(part) == PIECE:
                if self._gzip.eof:
                    self._gzip = zlib.decompressobj(wbits=_GZIP_BITS)  # files that were joined: the next member
                part = self._gzip.decompress(data, PIECE)
                yield part
                data = self._gzip.unused_data.lstrip(b"\x00") if self._gzip.eof else self._gzip.unconsumed_tail
        except zlib.error as error:
            raise Problem(400, "gzip-broken", "The gzip stream cannot be unpacked. Nothing was taken.") from error

    def _decoded(self, data: bytes, *, final: bool) -> str:
        self._size += len(data)
        if self._size > BATCH_LIMIT:
            raise Problem(
                413, "batch-too-large", f"A batch holds {BATCH_LIMIT // 2**20} MiB of text at most. Split it."
            )
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise Problem(400, "not-utf-8", "The file is not UTF-8. Nothing was taken; save it as UTF-8.") from error


def check_header(line: str, required: Sequence[str]) -> list[str]:
    """The columns of a police file. Raises a problem that names what is missing."""
    try:
        columns = next(csv.reader([line]), [])
    except csv.Error as error:
        raise Problem(422, "not-csv", "The file's header is not CSV. Nothing was taken.") from error
    missing = [name for name in required if name not in columns]
    if missing:
        errors = [FieldError(f"/{name}", "column-missing", f"The column {name} is missing.") for name in missing]
        raise Problem(422, "column-missing", "The file lacks columns that this format has.", errors=errors)
    return columns


def lines_of(text: str) -> list[str]:
    """The lines of a chunk that are not blank. A line ends at a line feed only: JSON text may hold other separators."""
    return [line for line in (each.rstrip("\r") for each in text.split("\n")) if line.strip()]


async def chunks(stream: AsyncIterator[bytes], digest: "hashlib._Hash") -> AsyncIterator[str]:
    """Text in chunks that end at a line's end; each line is at most `LINE_LIMIT` characters."""
    unpacked, kept = Unpacked(), ""
    async for data in stream:
        digest.update(data)
        for part in unpacked.feed(data):
            kept += part
            if len(kept) >= CHUNK and (end := _line_end(kept)):
                yield kept[:end]
                kept = kept[end:]
    kept += unpacked.finish()
    if kept:
        yield kept


def _line_end(text: str) -> int:
    end = text.rfind("\n") + 1
    if end == 0 and len(text) > LINE_LIMIT:
        raise Problem(413, "line-too-long", f"A line holds {LINE_LIMIT // 2**20} MiB at most.")
    return end


def packed(text: str) -> bytes:
    """A chunk as it is stored."""
    return zlib.compress(text.encode(), 1)


def opened(content: bytes) -> str:
    """A chunk as it was."""
    return zlib.decompress(content).decode()
