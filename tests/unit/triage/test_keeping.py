"""A process that starts says which rules its folder holds, and those decide, whatever it held before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.triage import rule_repository
from services.triage.domain.rule_versions import Head, ShipRules
from services.triage.keeping import RuleKeeper
from tests.unit.triage.test_rule_book import Book


class Hub:
    """A process whose database is a book of rules in memory; an id that was seen is dropped, as the inbox does."""

    def __init__(self, book: Book) -> None:
        self.book, self.database, self.told = book, self, asyncio.Event()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["Hub"]:
        yield self

    async def handle(self, body: ShipRules, *, subject: str, message_id: UUID) -> None:
        self.book.loop.send(body, subject, origin="command", message_id=message_id)
        self.told.set()


async def starts(keeper: RuleKeeper, book: Book, rules: str) -> None:
    """A process starts with these rules in its folder, and has said so."""
    keeper.shipped, keeper.digest = {"risk.json": rules}, rules
    hub: Any = Hub(book)
    saying = asyncio.create_task(keeper.ship(hub))
    await hub.told.wait()
    saying.cancel()


async def test_rules_that_come_back_into_the_folder_decide_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a release that was taken back, and came again."""

    async def heads(hub: Any) -> list[Head]:
        return [each for each in hub.book.loop.state.values() if isinstance(each, Head)]

    monkeypatch.setattr(rule_repository, "heads", heads)
    keeper, book = RuleKeeper(Path("partnerships/luton")), Book()
    for rules, number in (("a", 1), ("b", 2), ("a", 1), ("a", 1), ("b", 2), ("a", 1)):
        await starts(keeper, book, rules)
        in_force = [each for each, status in book.statuses().items() if status == "published"]
        assert (rules, in_force) == (rules, [number])
    assert book.loop.types() == ["RuleSetPublished"] * 5
