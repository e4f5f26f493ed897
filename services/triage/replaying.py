"""Replays history through a draft: page by page as jobs, or from end to end for the command line."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from services.kernel.database import Database
from services.kernel.errors import INFRASTRUCTURE
from services.kernel.workers import Job
from services.partnership.documents import PartnershipInvalid
from services.triage import replay_repository, rule_repository
from services.triage.domain.deciding import Rules
from services.triage.domain.rerun import MOST_REPORTS, Differences, NotReplayed, Report, compared
from services.triage.domain.shadow import ShadowPage, ShadowPaged
from services.triage.domain.state import Decided, visible_to
from services.triage.keeping import RuleKeeper
from services.triage.repository import Placed
from services.triage.rule_set import compiled

PAGE = 250
"""Reports of a page: read in one transaction and decided twice, in about half a second."""


class DraftChanged(Exception):
    """The draft was changed while its run was under way: what was found would be of two texts. Run it again."""


class Replayer:
    """Reads pages of history, in transactions that cannot write."""

    def __init__(self, database: Database, keeper: RuleKeeper) -> None:
        self._database, self._keeper = database, keeper
        self._compiled: dict[tuple[int, str], Rules] = {}

    async def do_page(self, job: Job) -> ShadowPaged:
        """One page of a shadow run. Raises what waiting may mend alone: all else would fail again, and ends the run."""
        page = ShadowPage.model_validate_json(job.payload)
        (made,) = await asyncio.gather(self._page(page), return_exceptions=True)
        return made if isinstance(made, ShadowPaged) else _ended(page, made)

    async def _page(self, page: ShadowPage) -> ShadowPaged:
        base, draft = await self._version(page.base), await self._version(page.number, page.digest)
        recorded = await self._read(page.after or page.since, page.after_id)
        found = await _compared([each.decided for each in recorded], base, draft)
        following = None
        if len(recorded) == PAGE:
            last = recorded[-1]
            moved = {"after": last.received_at, "after_id": last.decided.report.report_id, "page": page.page + 1}
            following = page.model_copy(update=moved)
        return ShadowPaged(run_id=page.run_id, found=found, next=following)

    async def replay(self, base: Rules, draft: Rules, since: datetime) -> AsyncIterator[Differences]:
        """All of it, page by page, with every reference. Raises `NotReplayed`."""
        after, after_id = since, None
        while recorded := await self._read(after, after_id):
            yield await _compared([each.decided for each in recorded], base, draft, None)
            after, after_id = recorded[-1].received_at, recorded[-1].decided.report.report_id

    async def count(self, since: datetime) -> int:
        """How many reports there are to replay."""
        async with self._database.writing() as connection:
            await replay_repository.forbid_writing(connection)
            return await replay_repository.count_since(connection, since)

    async def _read(self, after: datetime, after_id: UUID | None) -> list[Placed]:
        async with self._database.writing() as connection:
            await replay_repository.forbid_writing(connection)
            return await replay_repository.page(connection, after, after_id, PAGE)

    async def _version(self, number: int, digest: str | None = None) -> Rules:
        """The version's rules. Raises `DraftChanged` where it has another digest than this one by now."""
        async with self._database.writing() as connection:
            await replay_repository.forbid_writing(connection)
            text = (await rule_repository.documents(connection, [number]))[number]
            head = next(each for each in await rule_repository.heads(connection) if each.number == number)
        if digest not in (None, head.digest):
            raise DraftChanged
        key = (number, head.digest)
        if key not in self._compiled:
            rules = await asyncio.to_thread(compiled, text.documents, self._keeper.partnership, number)
            self._compiled = {kept: known for kept, known in self._compiled.items() if kept[0] != number} | {key: rules}
        return self._compiled[key]


async def _compared(
    recorded: Sequence[Decided], base: Rules, draft: Rules, most: int | None = MOST_REPORTS
) -> Differences:
    """Both decisions of each, in a thread. Raises `NotReplayed` at the first report that cannot be decided."""
    (found,) = await asyncio.gather(asyncio.to_thread(compared, recorded, base, draft, most), return_exceptions=True)
    if isinstance(found, Differences):
        return found
    for each in recorded:
        (alone,) = await asyncio.gather(asyncio.to_thread(compared, [each], base, draft), return_exceptions=True)
        if not isinstance(alone, Differences):
            report = Report(reference=each.report.reference, visible_to=visible_to(each.decision))
            raise NotReplayed(report, f"could not be decided again ({type(alone).__name__})")
    raise found


def _ended(page: ShadowPage, error: BaseException) -> ShadowPaged:
    """The run's end in a sentence, which names the kind of error alone: what it says may be of a person.

    A panic of the tables' engine is no `Exception`, and ends a run too.
    """
    ended = ShadowPaged(run_id=page.run_id, found=Differences())
    if isinstance(error, (*INFRASTRUCTURE, asyncio.CancelledError)):
        raise error
    if isinstance(error, NotReplayed):
        return ended.model_copy(update={"failed": error.why, "stopped_at": error.report})
    if isinstance(error, DraftChanged):
        return ended.model_copy(update={"failed": "The draft was changed meanwhile. Run it again"})
    if isinstance(error, PartnershipInvalid):
        return ended.model_copy(update={"failed": str(error.problems[0])})
    return ended.model_copy(update={"failed": f"The replay could not go on ({type(error).__name__})"})
