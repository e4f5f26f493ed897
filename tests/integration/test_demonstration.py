"""The demonstration's stories on real engines: every one reaches its last step by the commands that people send."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.demonstration.feed import Feed
from deploy.demonstration.plays import Progress
from deploy.demonstration.script import read_script
from tests.integration.conftest import Pipeline, until
from tests.integration.test_meetings import call

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]
DUTY, ROUND = "demo-duty", 7
TO_INTAKE = ("/api/v1/reports", "/api/v1/calls", "/api/v1/batches")


class OneAddress(httpx2.AsyncBaseTransport):
    """Intake and referrals behind one address, as the desk has them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._apps = {name: httpx2.ASGITransport(app=pipeline.processes[name].app) for name in ("intake", "referrals")}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """To whom the path belongs."""
        return await self._apps[
            "intake" if request.url.path.startswith(TO_INTAKE) else "referrals"
        ].handle_async_request(request)


@pytest.fixture(scope="module")
async def told(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[int, Progress]]:
    """Every story with later steps, played to its end without its pauses, and once stopped on the way."""
    home = tmp_path_factory.mktemp("demonstration")
    async with httpx2.AsyncClient(transport=OneAddress(pipeline), base_url="http://hub", timeout=60) as client:
        script = read_script()
        feed = Feed(client, pipeline.clients["triage"], script, home, pace=0.0)
        for story in script.stories:
            await feed.tell(story, ROUND)
        yield await played(client, pipeline, home)


async def played(client: httpx2.AsyncClient, pipeline: Pipeline, home: Path) -> dict[int, Progress]:
    """Step by step, by a new player each time, as after so many restarts."""

    async def ended() -> dict[int, Progress] | None:
        feed = Feed(client, pipeline.clients["triage"], read_script(), home, pace=0.0)
        await feed.player.once()
        over = all(feed.player.ended(each) for each in feed.player.stories)
        return {each.story: each for each in feed.player.stories} if over else None

    found: dict[int, Progress] = await until(ended, "every story to reach its last step", 240)
    return found


async def of(pipeline: Pipeline, path: str) -> Any:
    return (await call(pipeline, "GET", path, DUTY)).json()


async def test_every_story_reaches_its_last_step_and_no_command_is_refused_but_those_it_is_about(
    told: dict[int, Progress],
) -> None:
    assert sorted(told) == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert {number: each.refused for number, each in told.items() if each.refused} == {}
    assert len({each.names["case"] for each in told.values()}) == len(told), "each story is played in its own case"


async def test_the_group_met_about_denny_rook_and_a_warning_stands_beside_the_offer(
    pipeline: Pipeline, told: dict[int, Progress]
) -> None:
    names = told[2].names
    meeting = await of(pipeline, f"meetings/{names['meeting']}")
    about = next(each for each in meeting["agenda"] if each["referral"]["reference"] == names["tcig"])
    assert (meeting["status"], about["minuted"][0]["decision"]) == ("signed-off", "help-and-steps")
    ladder = await of(pipeline, f"cases/{names['case']}/ladder")
    assert [each["instrument"] for each in ladder["taken"]] == ["verbal-warning"]
    assert [each["answer"] for each in ladder["help"]] == ["refused"]
    assert (await of(pipeline, f"referrals/{names['tcig']}"))["status"] == "in-progress"


async def test_no_step_was_taken_against_kit_arden_and_mash_has_him(
    pipeline: Pipeline, told: dict[int, Progress]
) -> None:
    names = told[3].names
    assert (await of(pipeline, f"cases/{names['case']}/ladder"))["taken"] == []
    mash = await of(pipeline, f"referrals/{names['mash']}")
    assert (mash["status"], mash["rating"]) == ("accepted", "green")


async def test_alfie_brandt_leaves_the_gang_panel_with_his_outcome_achieved(
    pipeline: Pipeline, told: dict[int, Progress]
) -> None:
    gang = await of(pipeline, f"referrals/{told[5].names['gang']}")
    assert (gang["status"], gang["outcome"], gang["score"]) == ("concluded", "diverted", "achieved")
    mash = await of(pipeline, f"referrals/{told[5].names['mash']}")
    assert (mash["rating"], mash["decision"]) == ("amber", "s47-strategy-discussion")
    assert [each["status"] for each in mash["information"]] == ["returned", "returned"]


async def test_the_mattress_case_is_closed_because_the_behaviour_stopped(
    pipeline: Pipeline, told: dict[int, Progress]
) -> None:
    case = await of(pipeline, f"cases/{told[8].names['case']}")
    assert case["status"] == "closed"


async def test_a_decline_of_shane_orricks_referral_names_the_next_lead(
    pipeline: Pipeline, told: dict[int, Progress]
) -> None:
    declined = await of(pipeline, f"referrals/{told[9].names['disposal']}")
    assert (declined["status"], declined["proposed_next_lead"]) == ("declined", "luton-council-public-health")


async def test_a_referral_that_nobody_answers_escalates_while_a_visitor_looks_on(
    pipeline: Pipeline, told: dict[int, Progress]
) -> None:
    referral = told[10].names["mash"]

    async def escalated() -> bool:
        found = await of(pipeline, f"referrals/{referral}")
        return bool(found["escalated_to"] == "luton-council-youth-partnership")

    await until(escalated, "the silence to reach the alternate lead", 150)
