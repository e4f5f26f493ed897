"""Plays the later steps of the stories: by the commands that people send, one after another, across restarts."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import structlog

from deploy.demonstration.plays import (
    RETRY_SECONDS,
    Asked,
    Play,
    Plays,
    Progress,
    Review,
    answered,
    looked_at,
    request_of,
)

LOOK_EVERY, CASE_WAITS_SECONDS, CASE_LOOKED_EVERY = 1.0, 600.0, 2.0
REVIEW_WAITS_SECONDS = 45.0
"""A visitor has so long to answer the review herself."""
MEETS_AFTER = timedelta(minutes=3)
GIVEN_AT = "X-Demonstration-Given-At"
"""Only a demonstration believes this header: it lets a clock fall due while a visitor looks on."""
KEPT_AT_MOST = 90
"""Rounds of stories kept on disk: ended ones go first."""

log = structlog.get_logger()


class StoryPlayer:
    """Keeps every story's progress in one file and moves on whatever is due."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        triage: httpx2.AsyncClient,
        plays: Plays,
        file: Path,
        *,
        pace: float = 1.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`pace` is how many times the script's waits last: 0 plays without any. Reviews are answered at `triage`."""
        self._client, self._triage, self._file, self._pace, self._clock = client, triage, file, pace, clock
        self._plays, self._reviews = plays.plays, plays.reviews
        self._stories: list[Progress] = _read(file)

    @property
    def stories(self) -> tuple[Progress, ...]:
        """How far each has come."""
        return tuple(self._stories)

    def begins(self, story: int, round_number: int, source_id: str, key: str) -> None:
        """A story's reports were sent: its people go on once its report is in a case."""
        now = self._clock().timestamp()
        made = Progress(story=story, round_number=round_number, source_id=source_id, key=key, began=now, due=now)
        if story in self._plays and made.told not in {each.told for each in self._stories}:
            self._keep([*self._stories, made])

    def ended(self, progress: Progress) -> bool:
        """Whether the story's last step was played."""
        return progress.step >= len(self._plays[progress.story])

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.once()
            await asyncio.sleep(LOOK_EVERY)

    async def once(self) -> None:
        """One step of every story whose turn it is, beside each other as people work."""
        now = self._clock().timestamp()
        turn = [each for each in self._stories if each.due <= now and not self.ended(each)]
        moved = await asyncio.gather(*(self._tried(each, now) for each in turn))
        after = {each.told: each for each in moved}
        if after:
            self._keep([after.get(each.told, each) for each in self._stories])

    async def _tried(self, progress: Progress, now: float) -> Progress:
        """The story after its step; a hub that does not answer is asked again."""
        try:
            return await self._moved(progress, now)
        except httpx2.HTTPError as error:
            log.warning("demonstration_story_waits", story=progress.story, error=type(error).__name__)
            return progress.model_copy(update={"due": now + RETRY_SECONDS})

    async def _moved(self, progress: Progress, now: float) -> Progress:
        if "case" not in progress.names:
            return await self._found(progress, now)
        play = self._plays[progress.story][progress.step]
        asked = await self._asked(play, progress)
        wait = self._wait(progress)
        if asked is None:
            return progress.onward(now, 0.0)
        status, body = await self._sent(asked)
        after = answered(play, progress, status, body, now, wait)
        if after.refused != progress.refused:
            log.warning("demonstration_step_refused", story=progress.story, step=progress.step, code=after.refused[-1])
        return after

    def _wait(self, progress: Progress) -> float:
        plays = self._plays[progress.story]
        following = plays[progress.step + 1].after if progress.step + 1 < len(plays) else 0.0
        return following * self._pace

    async def _found(self, progress: Progress, now: float) -> Progress:
        """The case of the story's report; without one for too long (it waits in review, say) the story ends there."""
        asked = Asked("GET", f"reports?source_id={progress.source_id}", progress.key)
        _, body = await self._sent(asked)
        receipt: dict[str, Any] = next(iter(body.get("items", ())), {"status": "", "decision": None})
        decision = receipt["decision"]
        if receipt["status"] == "in-review" and now - progress.began >= REVIEW_WAITS_SECONDS * self._pace:
            await self._reviewed(progress.story, receipt["reference"])
        if decision and decision["case"]:
            return self._in_case(progress, decision["case"], now)
        if now - progress.began < CASE_WAITS_SECONDS:
            return progress.model_copy(update={"due": now + CASE_LOOKED_EVERY})
        log.warning("demonstration_story_without_case", story=progress.story)
        return progress.model_copy(update={"step": len(self._plays[progress.story]), "refused": ("no-case",)})

    def _in_case(self, progress: Progress, case: str, now: float) -> Progress:
        """The story goes on in its case; one that another round has already is left to that round."""
        if any(each.names.get("case") == case for each in self._stories):
            return progress.model_copy(update={"step": len(self._plays[progress.story])})
        wait = self._plays[progress.story][0].after * self._pace
        return progress.model_copy(update={"names": {"case": case}, "due": now + wait})

    async def _reviewed(self, story: int, reference: str) -> None:
        """The duty manager's answer to a report in review, at the version that she sees; a visitor may be quicker."""
        path, headers = f"/internal/reviews/{reference}", {"Authorization": "Bearer demo-duty"}
        seen = await self._triage.get(path, headers=headers)
        if seen.is_error:
            return
        answer = self._reviews.get(story, Review()).model_dump(mode="json", exclude_defaults=True)
        body = {"action": "confirm", "reason": Review().reason} | answer | {"version": seen.json()["version"]}
        said = await self._triage.post(path, json=body, headers=headers)
        if said.is_error:
            log.info("demonstration_review_refused", story=story, code=said.json().get("code"))

    async def _asked(self, play: Play, progress: Progress) -> Asked | None:
        """The step's request, after its person has looked at what it is about."""
        if play.on not in (*progress.names, "meetings"):
            return None
        path = looked_at(play, progress.names)
        seen: dict[str, Any] = {}
        if path is not None and play.do != "read":
            _, seen = await self._sent(Asked("GET", path, play.by))
            if "version" not in seen:
                return Asked("GET", path, play.by)
        meets = self._clock() + MEETS_AFTER + timedelta(minutes=progress.tries)
        soon = {"soon": meets.isoformat(timespec="minutes")}
        return request_of(play, progress.names | soon, seen)

    async def _sent(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {asked.key}"}
        if asked.version is not None:
            headers["If-Match"] = f'"{asked.version}"'
        if asked.ago is not None:
            headers[GIVEN_AT] = (self._clock() - timedelta(minutes=asked.ago)).isoformat()
        answer = await self._client.request(asked.method, f"/api/v1/{asked.path}", json=asked.body, headers=headers)
        if answer.status_code in (429, 503):
            raise httpx2.ConnectError("the hub asks to wait")
        found: dict[str, Any] = answer.json()
        return answer.status_code, found

    def _keep(self, stories: list[Progress]) -> None:
        while len(stories) > KEPT_AT_MOST and any(self.ended(each) for each in stories):
            stories.remove(next(each for each in stories if self.ended(each)))
        self._stories = stories
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps([each.model_dump(mode="json") for each in stories]))
        beside.replace(self._file)


def _read(file: Path) -> list[Progress]:
    return [Progress.model_validate(each) for each in json.loads(file.read_text())] if file.exists() else []
