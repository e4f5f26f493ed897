"""A panel's board and its on-time figures over HTTP on real engines: what stands where, and what counts."""

from typing import Any

import pytest

from tests.integration.conftest import Pipeline
from tests.integration.test_casework import case_of, command, street
from tests.integration.test_meetings import call, referral_to

pytestmark = pytest.mark.integration


async def board(pipeline: Pipeline, panel: str, view: str = "open", key: str = "demo-duty") -> dict[str, Any]:
    answer = await call(pipeline, "GET", f"panels/{panel}/board?view={view}", key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def row_of(found: dict[str, Any], referral: str) -> dict[str, Any] | None:
    return next((each for each in found["items"] if each["referral"]["reference"] == referral), None)


async def test_a_board_shows_each_referral_where_it_stands_with_help_and_steps_beside(pipeline: Pipeline) -> None:
    case, referral = await referral_to(pipeline, "tcig")
    person = {"role": "subject", "name": "Denny Rook", "date_of_birth": "1982-04-01"}
    assert (await command(pipeline, case, "people", person)).status_code == 200
    offered = await command(pipeline, case, "support", {"offered": "other", "answer": "refused", "note": "Not now."})
    assert offered.status_code == 200, offered.text
    found = await board(pipeline, "tcig")
    row = row_of(found, referral)
    assert row is not None
    assert (row["stage"], row["person"]["name"], row["case"]["reference"]) == ("Accepted", "Denny Rook", case)
    assert row["person"]["age"] > 40
    assert [each["answer"] for each in row["ladder"]["help"]] == ["refused"]
    assert {"verbal-warning", "community-protection-notice"} <= {each["instrument"] for each in row["ladder"]["steps"]}
    assert "schedule" in {each["command"] for each in row["steps"]}
    assert found["counts"]["by_status"]["accepted"] >= 1
    assert row_of(await board(pipeline, "tcig", "accepted"), referral) is not None
    assert row_of(await board(pipeline, "tcig", "sent"), referral) is None


async def test_names_and_ages_are_shown_as_the_readers_agreement_says(pipeline: Pipeline) -> None:
    case, referral = await referral_to(pipeline, "tcig")
    person = {"role": "subject", "name": "Kit Arden", "date_of_birth": "2012-04-01"}
    assert (await command(pipeline, case, "people", person)).status_code == 200
    row = row_of(await board(pipeline, "tcig", key="demo-caseworker"), referral)
    # Neighbourhood Services' agreement has names and no dates of birth; that he is a child changes what is lawful.
    assert row is not None
    assert (row["person"]["name"], row["person"]["age"], row["person"]["child"]) == ("Kit Arden", None, True)


async def test_a_board_waits_for_the_agencies_that_were_asked(pipeline: Pipeline) -> None:
    _, referral = await referral_to(pipeline, "tcig")
    version = (await call(pipeline, "GET", f"referrals/{referral}", "demo-duty")).json()["version"]
    asked = {"agency": "the-mall", "question": "What did your officers see?"}
    headers = {"If-Match": f'"{version}"'}
    path = f"referrals/{referral}/request-information"
    answer = await call(pipeline, "POST", path, "demo-duty", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    row = row_of(await board(pipeline, "tcig"), referral)
    assert row is not None
    assert [each["agency"] for each in row["asked"]] == ["the-mall"]
    assert row["asked"][0]["due_at"] is not None


async def test_an_answer_in_time_counts_as_closed_on_time_for_who_may_see_it(pipeline: Pipeline) -> None:
    before = (await call(pipeline, "GET", "panels/tcig/on-time", "demo-duty")).json()
    _, referral = await referral_to(pipeline, "tcig")
    after = (await call(pipeline, "GET", "panels/tcig/on-time", "demo-duty")).json()
    assert (after["closed"], after["closed_on_time"]) == (before["closed"] + 1, before["closed_on_time"] + 1)
    assert referral in after["behind"]["on_time"]
    assert after["share"] == after["closed_on_time"] / (after["closed"] + after["open_overdue"])
    hers = (await call(pipeline, "GET", "panels/mash/on-time", "demo-caseworker")).json()
    assert (hers["closed"], hers["share"]) == (0, None)


async def test_a_sent_referral_is_on_no_board_of_who_may_not_see_its_case_and_an_unknown_panel_is_404(
    pipeline: Pipeline,
) -> None:
    _, case = await case_of(pipeline, street())
    sent = {"panel": "gang-panel", "reason": "Older boys ask him.", "consent": {"status": "given"}}
    answer = await command(pipeline, case, "referrals", sent)
    assert answer.status_code == 200, answer.text
    reference = answer.json()["reference"]
    assert row_of(await board(pipeline, "gang-panel", "sent"), reference) is not None
    assert row_of(await board(pipeline, "gang-panel", key="demo-mash"), reference) is None
    assert (await call(pipeline, "GET", "panels/no-such/board", "demo-duty")).status_code == 404
