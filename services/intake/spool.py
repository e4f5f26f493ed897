"""A batch on its way in: checked while it streams, spooled in compressed chunks; memory does not grow with the file."""

import codecs
import csv
import hashlib
import zlib
from collections.abc import AsyncIterator

from services.intake.domain.police import REQUIRED
from services.kernel.http import FieldError, Problem

CHUNK = 256 * 1024
"""Characters of text in a chunk."""
BATCH_LIMIT = 512 * 1024 * 1024
"""Bytes of text in a batch, unpacked."""
LINE_LIMIT = 1024 * 1024
_GZIP = b"\x1f\x8b"


class Unpacked:
    """Bytes as they come, gzip or plain, into checked UTF-8 text."""

    def __init__(self) -> None:
        self._gzip: zlib._Decompress | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._begun = False
        self._size = 0
        self._head = b""

    def feed(self, data: bytes) -> str:
        """The text of the next bytes. Raises a problem for bad gzip, bad UTF-8 or too much."""
        if not self._begun:
            self._head += data
            if len(self._head) < len(_GZIP):
                return ""
            data, self._begun = self._head, True
            if data.startswith(_GZIP):
                self._gzip = zlib.decompressobj(wbits=31)
        return self._decoded(self._unzipped(data), final=False)

    def finish(self) -> str:
        """The last text. Raises a problem when gzip or a character was cut off."""
        data = b"" if self._begun else self._head
        if self._gzip is not None and not self._gzip.eof:
            raise Problem(400, "gzip-truncated", "The gzip stream ends too early. Nothing was taken; send it again.")
        return self._decoded(data, final=True)

    def _unzipped(self, data: bytes) -> bytes:
        if self._gzip is None:
            return data
        try:
            return self._gzip.decompress(data)
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


def check_header(line: str) -> list[str]:
    """The columns of a police street file. Raises a problem that names what is missing."""
    columns = next(csv.reader([line]), [])
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        errors = [FieldError(f"/{name}", "column-missing", f"The column {name} is missing.") for name in missing]
        raise Problem(422, "column-missing", "The file lacks columns that a street file has.", errors=errors)
    return columns


async def chunks(stream: AsyncIterator[bytes], digest: "hashlib._Hash") -> AsyncIterator[str]:
    """Text in chunks that end at a line's end; each line is at most `LINE_LIMIT` characters."""
    unpacked, kept = Unpacked(), ""
    async for data in stream:
        digest.update(data)
        kept += unpacked.feed(data)
        if len(kept) >= CHUNK:
            end = kept.rfind("\n") + 1
            if end == 0 and len(kept) > LINE_LIMIT:
                raise Problem(413, "line-too-long", f"A line holds {LINE_LIMIT // 2**20} MiB at most.")
            if end:
                yield kept[:end]
                kept = kept[end:]
    kept += unpacked.finish()
    if kept:
        yield kept


def packed(text: str) -> bytes:
    """A chunk as it is stored."""
    return zlib.compress(text.encode(), 1)


def opened(content: bytes) -> str:
    """A chunk as it was."""
    return zlib.decompress(content).decode()
