"""The demonstration's stories on real engines: every one reaches its last step by the commands that people send."""

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.demonstration.feed import Feed
from deploy.demonstration.plays import EARLIER, Progress
from deploy.demonstration.script import read_script
from tests.integration.conftest import Pipeline, until
from tests.integration.test_meetings import call

pytestmark = pytest.mark.integration
DUTY, ROUND = "demo-duty", 7
LEAH_BEFORE = (f"story-4-{ROUND}-6", f"story-4-{ROUND}-14")
E_BIKES = f"story-8-{ROUND}-54"
TO_INTAKE = ("/api/v1/reports", "/api/v1/calls", "/api/v1/batches")


Told = dict[int | str, Progress]


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
async def told(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """Every story with later steps, played to its end without its pauses, and once stopped on the way."""
    home = tmp_path_factory.mktemp("demonstration")
    async with httpx2.AsyncClient(transport=OneAddress(pipeline), base_url="http://hub", timeout=60) as client:
        script = read_script()
        feed = Feed(client, pipeline.clients["triage"], script, home, pace=0.0)
        for story in script.stories:
            for step in [each for each in story.steps if each.case != "story"]:
                await feed.tell(story.model_copy(update={"steps": (step,)}), ROUND)
                await until(partial(answered, pipeline), "what came before the stories to be answered")
        await played(client, pipeline, home)
        feed = Feed(client, pipeline.clients["triage"], script, home, pace=0.0)
        for story in script.stories:
            steps = tuple(step for step in story.steps if step.case == "story")
            await feed.tell(story.model_copy(update={"steps": steps}), ROUND)
        yield await played(client, pipeline, home)


async def answered(pipeline: Pipeline) -> bool:
    """Whether every report has its decision, and its case where it needs one."""
    return not await pipeline.rows("SELECT 1 FROM intake.reports WHERE status = 'received' LIMIT 1")


async def played(client: httpx2.AsyncClient, pipeline: Pipeline, home: Path) -> Told:
    """Step by step, by a new player each time, as after so many restarts."""

    async def ended() -> Told | None:
        feed = Feed(client, pipeline.clients["triage"], read_script(), home, pace=0.0)
        await feed.player.once()
        over = all(feed.player.ended(each) for each in feed.player.stories)
        return _by_name(feed.player.stories) if over else None

    found: Told = await until(ended, "every story to reach its last step", 240)
    return found


def _by_name(stories: tuple[Progress, ...]) -> Told:
    """Each by its number; what was over before a story began by its report."""
    return {each.source_id if each.story == EARLIER else each.story: each for each in stories}


async def of(pipeline: Pipeline, path: str) -> Any:
    return (await call(pipeline, "GET", path, DUTY)).json()


async def entitled(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """What triage found that the story's report may entitle somebody to, by its code."""
    query = """
        SELECT d.document FROM triage.decisions d JOIN intake.reports r USING (report_id) WHERE r.source_id = $1
    """
    document = json.loads((await pipeline.rows(query, progress.source_id))[0]["document"])
    return {each["code"]: each for each in document["decision"]["entitlements"]}


async def test_every_story_reaches_its_last_step_and_no_command_is_refused_but_those_it_is_about(
    told: Told,
) -> None:
    assert [name for name in told if isinstance(name, int)] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [name for name in told if isinstance(name, str)] == [*LEAH_BEFORE, E_BIKES]
    assert {number: each.refused for number, each in told.items() if each.refused} == {}
    assert len({each.names["case"] for each in told.values()}) == len(told), "each story is played in its own case"


async def test_the_group_met_about_denny_rook_and_a_warning_stands_beside_the_offer(
    pipeline: Pipeline, told: Told
) -> None:
    names = told[2].names
    meeting = await of(pipeline, f"meetings/{names['meeting']}")
    about = next(each for each in meeting["agenda"] if each["referral"]["reference"] == names["tcig"])
    assert (meeting["status"], about["minuted"][0]["decision"]) == ("signed-off", "help-and-steps")
    ladder = await of(pipeline, f"cases/{names['case']}/ladder")
    assert [each["instrument"] for each in ladder["taken"]] == ["verbal-warning"]
    assert [each["answer"] for each in ladder["help"]] == ["refused"]
    assert (await of(pipeline, f"referrals/{names['tcig']}"))["status"] == "in-progress"


async def test_no_step_was_taken_against_kit_arden_and_mash_has_him(pipeline: Pipeline, told: Told) -> None:
    names = told[3].names
    assert (await of(pipeline, f"cases/{names['case']}/ladder"))["taken"] == []
    mash = await of(pipeline, f"referrals/{names['mash']}")
    assert (mash["status"], mash["rating"]) == ("accepted", "green")


async def test_alfie_brandt_leaves_the_gang_panel_with_his_outcome_achieved(pipeline: Pipeline, told: Told) -> None:
    gang = await of(pipeline, f"referrals/{told[5].names['gang']}")
    assert (gang["status"], gang["outcome"], gang["score"]) == ("concluded", "diverted", "achieved")
    mash = await of(pipeline, f"referrals/{told[5].names['mash']}")
    assert (mash["rating"], mash["decision"]) == ("amber", "s47-strategy-discussion")
    assert [each["status"] for each in mash["information"]] == ["returned", "returned"]


async def test_the_third_time_in_twelve_months_prompts_a_marac_for_leah_sorrel(pipeline: Pipeline, told: Told) -> None:
    case = await of(pipeline, f"cases/{told[4].names['case']}")
    for before in LEAH_BEFORE:
        assert (await of(pipeline, f"cases/{told[before].names['case']}"))["status"] == "closed"
    met = await entitled(pipeline, told[4])
    assert (met["marac-repeat"]["count"], met["marac-repeat"]["destination"]) == (3, "marac")
    assert "marac-repeat" in {task["entitlement"] for task in case["tasks"]}
    assert (await of(pipeline, f"referrals/{told[4].names['marac']}"))["status"] == "accepted"


async def test_the_mattress_case_tells_of_the_e_bikes_before_it_and_is_closed_because_the_behaviour_stopped(
    pipeline: Pipeline, told: Told
) -> None:
    bikes = await of(pipeline, f"cases/{told[E_BIKES].names['case']}")
    assert (bikes["status"], len(bikes["reports"])) == ("closed", 6)
    assert (await entitled(pipeline, told[8]))["repeat-place"]["count"] == 7
    case = await of(pipeline, f"cases/{told[8].names['case']}")
    assert (case["status"], case["reference"] == bikes["reference"]) == ("closed", False)


async def test_a_decline_of_shane_orricks_referral_names_the_next_lead(pipeline: Pipeline, told: Told) -> None:
    declined = await of(pipeline, f"referrals/{told[9].names['disposal']}")
    assert (declined["status"], declined["proposed_next_lead"]) == ("declined", "luton-council-public-health")


async def test_a_referral_that_nobody_answers_escalates_while_a_visitor_looks_on(
    pipeline: Pipeline, told: Told
) -> None:
    referral = told[10].names["mash"]

    async def escalated() -> bool:
        found = await of(pipeline, f"referrals/{referral}")
        return bool(found["escalated_to"] == "luton-council-youth-partnership")

    await until(escalated, "the silence to reach the alternate lead", 150)
