"""Rows of a file: every one has its outcome, also where the database refuses one of them or one is no CSV."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from services.intake import batch_repository, repository
from services.intake.batches import ReleaseBatch
from services.intake.domain import police
from services.intake.spool import check_header
from services.intake.staging import Staged, StreetReader
from services.kernel.envelope import Raw, Received
from services.kernel.errors import Fenced
from services.kernel.http import Problem
from services.kernel.sources import Outcome

TODAY = date(2026, 3, 2)
HEADER = ",".join(police.REQUIRED)


class Kept:
    """A file's cursor and outcomes, as a table would keep them."""

    def __init__(self) -> None:
        self.cursor, self.outcomes, self.rejected = 0, dict[int, str](), 0

    async def move_cursor(self, _: Any, batch: Any, cursor: int, following: int) -> bool:
        moves = cursor == self.cursor
        self.cursor = following if moves else self.cursor
        return moves

    async def write_outcomes(self, _: Any, batch: Any, columns: Mapping[str, list[Any]]) -> None:
        new = dict(zip(columns["rows"], columns["outcomes"], strict=True))
        assert not self.outcomes.keys() & new.keys(), "each row has one outcome"
        self.outcomes |= new

    async def count(self, _: Any, name: str, amount: int) -> None:
        self.rejected += amount


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    made = Kept()
    monkeypatch.setattr(batch_repository, "move_cursor", made.move_cursor)
    monkeypatch.setattr(batch_repository, "write_outcomes", made.write_outcomes)
    monkeypatch.setattr(repository, "count", made.count)
    return made


def release(*, unreadable: Sequence[int] = (), cursor: int = 0) -> ReleaseBatch:
    """Rows 1 to 8."""
    file = SimpleNamespace(id=1, reference="B-1", partner="police", cursor=cursor)
    rows = [SimpleNamespace(row=row) for row in range(1, 9)]
    received = [Received(Raw("file", 0, row.row, None, (), None), None) for row in rows if row.row not in unreadable]
    refused = {row: [{"field": "", "code": "x", "message": "X."}] for row in unreadable}
    return ReleaseBatch(file, rows, received, refused, TODAY)


async def carried(batch: ReleaseBatch, received: Sequence[Received]) -> None:
    """One part of a release, as the loop carries it."""
    connection: Any = None
    await batch.claim(connection, received)
    await batch.conclude(connection, [Outcome(each) for each in received])
    batch.committed(received)


@pytest.mark.parametrize("ends", [(8,), (4, 8), (1, 2, 3, 8), (7, 8)])
@pytest.mark.parametrize("unreadable", [(), (3,), (1, 8)])
async def test_a_release_that_is_divided_gives_every_row_its_outcome(
    kept: Kept, ends: tuple[int, ...], unreadable: tuple[int, ...]
) -> None:
    batch, begin = release(unreadable=unreadable), 0
    for end in ends:
        part = [each for each in batch.received if begin < each.raw.offset <= end]
        if part:
            await carried(batch, part)
        begin = end
    assert kept.cursor == 8
    assert set(kept.outcomes) == set(range(1, 9))
    assert kept.rejected == 8


async def test_a_release_of_rows_that_cannot_be_read_passes_them(kept: Kept) -> None:
    await carried(release(unreadable=range(1, 9)), ())
    assert (kept.cursor, set(kept.outcomes)) == (8, set(range(1, 9)))


async def test_a_file_that_another_process_took_is_left_to_it(kept: Kept) -> None:
    kept.cursor = 5
    with pytest.raises(Fenced):
        await carried(release(), release().received)


@pytest.mark.parametrize("value", ["Near\rthe park", "x" * 200_000])
def test_a_row_that_is_no_csv_is_rejected_by_itself(value: str) -> None:
    reader, staged = StreetReader(HEADER), Staged()
    reader.read(",".join([value] + ["x"] * (len(police.REQUIRED) - 1)), 1, staged)
    assert staged.outcomes == ["rejected"]
    assert '"not-csv"' in str(staged.reasons[0])
    assert "park" not in str(staged.reasons[0])


def test_a_header_that_is_no_csv_is_refused_in_words() -> None:
    with pytest.raises(Problem) as refused:
        check_header("Crime ID\rMonth", police.REQUIRED)
    assert (refused.value.status, refused.value.code) == (422, "not-csv")
