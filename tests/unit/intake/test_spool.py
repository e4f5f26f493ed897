"""A file on its way in: packed, joined, cut off or broken, and always in whole lines."""

import gzip
import hashlib
from collections.abc import AsyncIterator

import pytest

from services.intake import spool
from services.kernel.http import Problem

TEXT = "".join(f"line {number} é\n" for number in range(60_000))


async def read(*parts: bytes) -> list[str]:
    async def stream() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return [chunk async for chunk in spool.chunks(stream(), hashlib.sha256())]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("plain", (TEXT.encode(),)),
        ("with a byte order mark", (b"\xef\xbb\xbf", TEXT.encode())),
        ("cut within a character", (TEXT.encode()[:8], TEXT.encode()[8:])),
        ("gzip", (gzip.compress(TEXT.encode()),)),
        ("gzip, byte by byte at first", (b"\x1f", b"\x8b", gzip.compress(TEXT.encode())[2:])),
        ("gzip files that were joined", (gzip.compress(TEXT[:11].encode()) + gzip.compress(TEXT[11:].encode()),)),
        ("gzip with padding", (gzip.compress(TEXT.encode()) + b"\x00" * 512,)),
    ],
)
async def test_a_file_comes_through_whole_and_its_chunks_end_at_a_lines_end(
    name: str, parts: tuple[bytes, ...]
) -> None:
    chunks = await read(*parts)
    assert "".join(chunks) == TEXT, name
    assert all(chunk.endswith("\n") for chunk in chunks)
    assert max(map(len, chunks)) <= spool.CHUNK + spool.PIECE if name.startswith("gzip") else True


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a gzip stream that ends too early", gzip.compress(TEXT.encode())[:-20], "gzip-truncated"),
        ("a gzip stream that is damaged", b"\x1f\x8b" + b"x" * 100, "gzip-broken"),
        ("a gzip stream with something behind it", gzip.compress(b"a\n", mtime=0) + b"more", "gzip-broken"),
        ("text that is not UTF-8", b"caf\xe9\n", "not-utf-8"),
        ("text that ends within a character", "é".encode()[:1], "not-utf-8"),
        ("a line without an end", b"x" * (spool.LINE_LIMIT + spool.CHUNK), "line-too-long"),
    ],
)
async def test_what_cannot_be_read_is_a_problem_with_its_own_code(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Problem) as found:
        await read(content)
    assert found.value.code == code, name


async def test_a_small_file_that_unpacks_to_a_large_one_is_read_piece_by_piece() -> None:
    bomb = gzip.compress((b"x" * 100 + b"\n") * 200_000)
    assert len(bomb) < 100_000
    largest = max(map(len, await read(bomb)))
    assert largest < spool.CHUNK + spool.PIECE


def test_a_line_ends_at_a_line_feed_and_at_nothing_else() -> None:
    assert spool.lines_of("one\u2028still one\u0085\x0b\r\n\n  \ntwo") == ["one\u2028still one\u0085\x0b", "two"]
