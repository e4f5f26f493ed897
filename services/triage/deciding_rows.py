"""The rows of the rule set that decided a report, whichever is in force now: what fired is read by them alone."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partnership.models import Partnership
from services.partnership.tables import Rows, rows_of
from services.triage import rule_repository
from services.triage.domain.rule_versions import Documents
from services.triage.rule_set import digest_in, digest_of, tables_of

KEPT = 8
"""Rule sets whose rows stay in memory; a page asks for those of one."""


class DecidingRows:
    """One for each process. A rule set's documents never change once it has decided, so its rows are kept."""

    def __init__(self, partnership: Partnership, folder: Documents) -> None:
        self._partnership, self._folder = partnership, folder
        self._kept: dict[str, Rows] = {}

    async def of(self, connection: AsyncConnection, rule_set: str) -> Rows:
        """The rows by the name that decisions carry; none where no such version is kept: nothing is guessed then."""
        digest = digest_in(rule_set)
        rows = self._kept.get(digest)
        if rows is None:
            documents = await self._documents(connection, digest)
            rows = await asyncio.to_thread(rows_of, tables_of(documents), self._partnership)
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[digest] = rows
        return rows

    async def _documents(self, connection: AsyncConnection, digest: str) -> Documents:
        """Those of a version, or of the folder: it decides until the first version was published."""
        if digest == digest_of(self._folder):
            return self._folder
        return await rule_repository.documents_of(connection, digest)
