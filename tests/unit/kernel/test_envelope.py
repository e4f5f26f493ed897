"""Whatever lies on a topic is read or has its reason; reading never raises, and what it gives can be stored."""

import uuid
from dataclasses import replace

import pytest
from pydantic import BaseModel

from services.kernel import dead_letters
from services.kernel.envelope import Raw, Received, decode, encoded


class Poke(BaseModel):
    """A body."""

    place: str


READERS = {"Poke": {1: Poke}}


def record(key: bytes = b"a", **changes: str) -> Raw:
    headers = {"ce_id": str(uuid.uuid4()), "ce_type": "Poke.v1", "ce_time": "2026-03-02T09:00:00+00:00", **changes}
    return Raw("pokes", 0, 0, key, encoded(headers), b'{"place": "a"}')


@pytest.mark.parametrize("version", ["²", "9" * 5000, "", "-1", "1 "])
def test_a_version_that_is_no_number_is_a_reason_and_raises_nothing(version: str) -> None:
    assert (decode(record(ce_type=f"Poke.v{version}"), READERS, "record").reason or "").startswith("no-type")


def test_a_time_without_an_offset_is_no_time() -> None:
    assert (decode(record(ce_time="2026-03-02T09:00:00"), READERS, "record").reason or "").startswith("no-time")
    assert decode(record(ce_time="2026-03-02T09:00:00Z"), READERS, "record").message


@pytest.mark.parametrize(("key", "subject"), [(b"a", "a"), (b"\xff", "ff"), (b"a\x00b", "610062")])
def test_a_key_that_postgresql_cannot_hold_as_text_is_told_in_hexadecimal(key: bytes, subject: str) -> None:
    assert record(key).subject == subject


class Written:
    """Takes what would be written."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    async def execute(self, _: object, parameters: object) -> None:
        if isinstance(parameters, list):
            self.rows = parameters


async def test_a_dead_letter_whose_headers_and_reason_hold_nul_can_be_stored() -> None:
    raw = record(ce_type="Po\x00ke.v1", ce_id="\x00", traceparent="00-a\x00-b-01")
    raw = replace(raw, headers=(*raw.headers, ("na\x00me", b"x")))
    written = Written()
    await dead_letters.bury(written, [(Received(raw), "invalid-body: /a\x00b missing")], [])  # type: ignore[arg-type]
    (row,) = written.rows
    assert not [
        name for name, value in row.items() if isinstance(value, str) and ("\x00" in value or "\\u0000" in value)
    ]
