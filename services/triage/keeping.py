"""Keeps the rules that decide: which version is in force is read with each batch; each is compiled once."""

import asyncio
from datetime import date, datetime
from pathlib import Path
from uuid import uuid5

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.events import Actor
from services.kernel.errors import INFRASTRUCTURE
from services.kernel.process import Process
from services.partnership.documents import PartnershipInvalid, Problem
from services.partnership.loading import load_partnership
from services.triage import rule_repository
from services.triage.deciding_rows import DecidingRows
from services.triage.domain.deciding import Rules
from services.triage.domain.golden import FILE as GOLDEN
from services.triage.domain.rule_versions import Documents, ShipRules
from services.triage.rule_set import SHIPPED, Judged, compiled, digest_of, golden_cases, judged, shipped_documents

SHIPPER = Actor(kind="hub", id="partnership", name="The partnership's folder")
KEPT = 4
"""Versions in memory, compiled or judged: the one in force, the one before, and drafts that are being tried."""
RETRY_SECONDS = 1.0

log = structlog.get_logger()


class RuleKeeper:
    """One for each process. Raises `PartnershipInvalid` when the folder's own rules hold mistakes."""

    def __init__(self, path: Path) -> None:
        self.partnership = load_partnership(path)
        self.shipped = shipped_documents(path)
        self.digest = digest_of(self.shipped)
        self.golden = golden_cases(path)
        self.rows = DecidingRows(self.partnership, self.shipped)
        self._fallback = compiled(self.shipped, self.partnership)
        self._compiled: dict[int, Rules] = {}
        self._judged: dict[tuple[str, date], Judged] = {}
        self.last: Rules | None = None
        """The rules that were in force when this process last asked; None before it did."""
        self.trouble: str | None = None

    @property
    def folder(self) -> Rules:
        """The rules of the partnership's folder, whatever is in force."""
        return self._fallback

    async def active(self, connection: AsyncConnection) -> Rules:
        """The rules in force; those of the folder until some were published."""
        found = await rule_repository.active(connection)
        return await self.numbered(connection, None if found is None else found[1])

    async def numbered(self, connection: AsyncConnection, number: int | None) -> Rules:
        """The rules of the version that is in force; None before there was one."""
        self.last = self._fallback if number is None else await self._version(connection, number)
        return self.last

    async def _version(self, connection: AsyncConnection, number: int) -> Rules:
        if number not in self._compiled:
            texts = await rule_repository.documents(connection, [number])
            await self._compile(number, texts[number].documents)
        return self._compiled[number]

    async def _compile(self, number: int, documents: Documents) -> None:
        """Rules that this partnership's files do not carry any more must not stop triage: the folder's decide then."""
        try:
            rules = await asyncio.to_thread(compiled, documents, self.partnership, number)
            self.trouble = None
        except PartnershipInvalid as invalid:
            self.trouble = f"rule set {number} does not fit the partnership's files: {invalid.problems[0]}"
            log.exception("rules_do_not_fit", number=number, problems=len(invalid.problems))
            rules = self._fallback
        while len(self._compiled) >= KEPT:
            del self._compiled[next(iter(self._compiled))]
        self._compiled[number] = rules

    def mistakes(self, documents: Documents, now: datetime) -> tuple[Problem, ...]:
        """What is wrong in these documents, by cell; the same documents are read once a day."""
        return self._read(documents, now).mistakes

    def with_golden(self, documents: Documents) -> dict[str, str]:
        """The documents, with the folder's golden cases where the version is from before it had its own."""
        return {name: text for name, text in self.shipped.items() if name == GOLDEN} | dict(documents)

    def golden_of(self, documents: Documents, now: datetime) -> int:
        """How many golden cases these documents are tried on."""
        return self._read(documents, now).cases

    def check(self, documents: Documents, now: datetime) -> tuple[str, ...]:
        """What keeps these documents from deciding: mistakes, and golden cases that fail."""
        read = self._read(documents, now)
        return (*map(str, read.mistakes), *read.failures)

    def _read(self, documents: Documents, now: datetime) -> Judged:
        day = self.partnership.day(now)
        key = (digest_of(documents), day)
        if key not in self._judged:
            while len(self._judged) >= KEPT:
                del self._judged[next(iter(self._judged))]
            self._judged[key] = judged(documents, self.partnership, self.golden, day)
        return self._judged[key]

    async def ship(self, hub: Process) -> None:
        """Say once, after the start, which rules the folder holds; the same ones are known by their digest.

        The command is another where something else came into force since: rules that come back decide again.
        """
        command = ShipRules(documents=self.shipped, digest=self.digest, by=SHIPPER)
        while True:
            try:
                async with hub.database.writing() as connection:
                    heads = await rule_repository.heads(connection)
                after = "".join(f" after {each.number}.{each.version}" for each in heads if each.status == "published")
                await hub.handle(command, subject="rules", message_id=uuid5(SHIPPED, self.digest + after))
            except INFRASTRUCTURE as error:
                log.warning("rules_not_shipped", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await asyncio.Event().wait()
