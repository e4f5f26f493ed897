"""Reads texts beside the loop: a process that gives way, bounded time, and the hub goes on without where it cannot."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from services.kernel.clock import Clock, utc_now
from services.kernel.database import Database
from services.kernel.settings import Settings
from services.kernel.workers import Job
from services.triage.domain.deciding import Rules
from services.triage.domain.reading import Reading
from services.triage.explain import explained
from services.triage.gateways import ModelUnusable
from services.triage.keeping import RuleKeeper
from services.triage.messages import ReadText, TextRead
from services.triage.reader_beside import ReaderBeside
from services.triage.second_reader import WeightsUnusable

GRACE_SECONDS = 0.5
"""A reading is waited for a little longer than its timer: of the two the timer is to be the first."""
READ_TOGETHER = 8
"""Texts that are taken together: a quarter of a second's reading of one core."""
_LATE = "The second reader did not answer in time; lexicon and tables decide alone."
_ALONE = "Until then lexicon and tables decide alone."

T = TypeVar("T")
log = structlog.get_logger()


def second_reader(settings: Settings) -> tuple[ReaderBeside | None, str | None]:
    """The partnership's second reader, or why there is none, in a sentence."""
    try:
        return ReaderBeside(settings.partnership, settings.sentence_models), None
    except (ModelUnusable, WeightsUnusable) as error:
        return None, f"{error} {_ALONE}"


class LiveReader:
    """The second reader of a process. Without one every answer is as lexicon and tables give it."""

    def __init__(self, settings: Settings, keeper: RuleKeeper, clock: Clock = utc_now) -> None:
        self.second, self.trouble = second_reader(settings)
        self._keeper, self._clock, self._seconds = keeper, clock, settings.reading_seconds
        self._database = Database("triage", settings, kept=1, most=2)
        self._thread = ThreadPoolExecutor(1, "second-reader")
        if self.trouble is not None:
            log.warning("no_second_reader", why=self.trouble)

    @property
    def wait(self) -> timedelta | None:
        """How long a report may wait to be read here; None where nobody reads."""
        return timedelta(seconds=self._seconds) if self.second is not None else None

    async def do(self, job: Job) -> TextRead:
        """Read one report's text in the time that there is; an answer without a reading where that cannot be."""
        asked = ReadText.model_validate_json(job.payload)
        reading = await self._read(asked) if self.second is not None else None
        return TextRead(report_id=asked.report_id, asked=asked.asked, keys=asked.keys, reading=reading)

    async def _read(self, asked: ReadText) -> Reading | None:
        """None once nobody waits for it: what has piled up is gone through at once, and the next ones are in time."""
        second, left = self.second, (asked.until - self._clock()).total_seconds()
        if second is None or left <= 0:
            return None
        lexicon = (await self._rules()).reader.lexicon
        return await self._in_thread(left + GRACE_SECONDS, lambda: second.read(asked.text, lexicon))

    async def _rules(self) -> Rules:
        """Those that decided last here: a reading needs their lexicon alone, which is not worth a transaction."""
        if self._keeper.last is not None:
            return self._keeper.last
        async with self._database.writing() as connection:
            return await self._keeper.active(connection)

    async def explained(self, line: str, rules: Rules, now: datetime) -> dict[str, Any]:
        """As `explain.explained`; by lexicon and tables alone where the second reader does not answer."""
        if self.second is not None:
            made = await self._in_thread(self._seconds, lambda: explained(line, rules, now, self.second))
            if made is not None:
                return made
        return explained(line, rules, now)

    async def _in_thread(self, seconds: float, work: Callable[[], T]) -> T | None:
        """What the thread makes of it, or None, with the trouble noted: a model that fails must not stop triage."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        await asyncio.wait((future,), timeout=seconds)
        if not future.done():
            future.cancel()
            if self.trouble != _LATE:  # once: texts that are taken together are late together
                log.warning("second_reader_late")
            self.trouble = _LATE
            return None
        failure = future.exception()
        if failure is not None:
            self.trouble = f"The second reader failed ({type(failure).__name__}); lexicon and tables decide alone."
            log.error("second_reader_failed", error=type(failure).__name__)
            return None
        self.trouble = None
        return future.result()

    def health(self) -> dict[str, Any]:
        """For the process's health: which model reads, and what is in the way."""
        return {"model": self.second.name if self.second else None, "trouble": self.trouble}
