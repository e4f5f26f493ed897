"""A correction through every hop on real engines: decided again, the case follows, the old lead is told."""

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from services.triage import replaying, review_api
from services.triage.domain.rerun import redecided
from services.triage.domain.state import Decided
from services.triage.replaying import Replayer
from tests.integration.conftest import Pipeline, until

pytestmark = pytest.mark.integration
POLICE = {"Authorization": "Bearer demo-police"}
DUTY = {"Authorization": "Bearer demo-duty"}
CASEWORKER = {"Authorization": "Bearer demo-caseworker"}
NEIGHBOURHOOD, PUBLIC_HEALTH = "luton-council-neighbourhood-services", "luton-council-public-health"
TIPPED = "Mattresses dumped by the garages again, fly-tipping."
BEATEN = "My husband hit me again, I am frightened of my partner. He controls my money."
UNSURE = "Something strange on our road most nights, I do not know who to tell."


class Sender:
    """A partner that sends and corrects its own record, each at a place of its own."""

    def __init__(self, pipeline: Pipeline, place: int) -> None:
        self.pipeline, self.source_id = pipeline, str(uuid.uuid4())
        self.place = {"latitude": 51.90 + place * 0.004, "longitude": -0.47}

    async def sends(self, words: str, **changes: Any) -> dict[str, Any]:
        """Post it; the answer."""
        sent = {"source_id": self.source_id, "description": words, "place": self.place} | changes
        answer = await self.pipeline.clients["intake"].post("/api/v1/reports", json=sent, headers=POLICE)
        assert answer.status_code == 202, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def receipt(self) -> dict[str, Any]:
        """How it stands."""
        path = f"/api/v1/reports?source_id={self.source_id}"
        answer = await self.pipeline.clients["intake"].get(path, headers=POLICE)
        found: dict[str, Any] = answer.json()["items"][0]
        return found

    async def becomes(self, what: str, revision: int = 1, *, in_case: bool = False) -> dict[str, Any]:
        """Wait until the receipt of that revision has the status."""

        async def found() -> dict[str, Any] | None:
            got = await self.receipt()
            there = got["status"] == what and got["revision"] == revision
            return got if there and (not in_case or (got["decision"] or {}).get("case")) else None

        got: dict[str, Any] = await until(found, f"revision {revision} to be {what}")
        return got


async def timeline(pipeline: Pipeline, case: str, type_: str) -> dict[str, Any]:
    """Wait until the case's timeline has an entry of the type; the case."""

    async def found() -> dict[str, Any] | None:
        body = (await pipeline.clients["referrals"].get(f"/api/v1/cases/{case}", headers=DUTY)).json()
        return body if any(entry["type"] == type_ for entry in body["timeline"]) else None

    got: dict[str, Any] = await until(found, f"{type_} on the timeline")
    return got


async def review(pipeline: Pipeline, reference: str) -> dict[str, Any]:
    answer = await pipeline.clients["triage"].get(f"/internal/reviews/{reference}", headers=DUTY)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def answers(pipeline: Pipeline, reference: str, headers: dict[str, str], **body: Any) -> Any:
    made = {"version": 1, "reason": "Seen before."} | body
    return await pipeline.clients["triage"].post(f"/internal/reviews/{reference}", json=made, headers=headers)


async def decided(pipeline: Pipeline, reference: str) -> Decided:
    rows = await pipeline.rows("SELECT document FROM triage.decisions WHERE reference = $1", reference)
    return Decided.model_validate_json(rows[0]["document"])


def assert_made_again_the_same(pipeline: Pipeline, made: Decided) -> None:
    again = redecided(made, pipeline.processes["triage"].app.state.keeper.folder).decision
    assert again.model_dump(exclude={"rule_set"}) == made.decision.model_dump(exclude={"rule_set"})


async def test_a_corrected_report_moves_its_case_to_the_new_lead_and_the_old_one_is_told(pipeline: Pipeline) -> None:
    sender = Sender(pipeline, 1)
    posted = await sender.sends(TIPPED, category="noise")
    first = await sender.becomes("routed", in_case=True)
    assert first["decision"]["lead_agency"] == NEIGHBOURHOOD
    await sender.sends(BEATEN, category="noise", revision=2)
    second = await sender.becomes("routed", revision=2, in_case=True)
    assert second["decision"]["lead_agency"] == PUBLIC_HEALTH
    assert second["decided_at"] > first["decided_at"]
    case = first["decision"]["case"]
    assert second["decision"]["case"] == case
    found = await timeline(pipeline, case, "ReportCorrected")
    assert (found["lead_agency"], found["themes"][0]) == (PUBLIC_HEALTH, "domestic-abuse-osse")
    assert found["reports"] == [posted["reference"]]

    async def told() -> bool:
        rows = await pipeline.rows("SELECT recipient FROM notify.notifications WHERE about = $1", case)
        return {NEIGHBOURHOOD, PUBLIC_HEALTH} <= {row["recipient"] for row in rows}

    await until(told, "both leads to be told")
    kept = await pipeline.rows(
        "SELECT h.version, h.decided_by FROM triage.decision_history h JOIN triage.decisions d USING (report_id) "
        "WHERE d.reference = $1",
        posted["reference"],
    )
    assert [tuple(row) for row in kept] == [(1, "hub")]
    assert [each["version"] for each in (await review(pipeline, posted["reference"]))["history"]] == [1]


async def test_history_cannot_be_rewritten_by_the_service_itself(pipeline: Pipeline) -> None:
    granted = await pipeline.rows(
        "SELECT privilege_type FROM information_schema.role_table_grants "
        "WHERE table_schema = 'triage' AND table_name = 'decision_history' AND grantee = 'hub_triage'"
    )
    assert {row["privilege_type"] for row in granted} == {"SELECT", "INSERT"}


async def test_a_withdrawn_report_is_marked_on_its_case_and_stays_there(pipeline: Pipeline) -> None:
    sender = Sender(pipeline, 2)
    posted = await sender.sends(TIPPED, category="noise")
    case = (await sender.becomes("routed", in_case=True))["decision"]["case"]
    await sender.sends(TIPPED, category="noise", revision=2, withdrawn=True, withdrawn_reason="sent in error")
    found = await timeline(pipeline, case, "ReportTakenBack")
    assert found["reports"] == [posted["reference"]]
    assert (await sender.receipt())["closed_reason"] == "withdrawn"


async def test_a_review_is_answered_once_and_the_second_answer_is_shown_the_first(pipeline: Pipeline) -> None:
    sender = Sender(pipeline, 3)
    reference = (await sender.sends(UNSURE))["reference"]
    await sender.becomes("in-review")
    changed = await answers(pipeline, reference, DUTY, action="change", themes=["domestic-abuse-osse"])
    assert changed.status_code == 200
    await sender.becomes("routed", in_case=True)
    late = await answers(pipeline, reference, DUTY, action="confirm")
    assert (late.status_code, late.json()["code"]) == (412, "version-stale")
    assert late.json()["current"]["themes"] == ["domestic-abuse-osse"]
    assert late.json()["current"]["decided_by"] == "Helen Strood"
    stood = await review(pipeline, reference)
    assert (stood["reason"], stood["answer"]) == ("Seen before.", "change")


async def test_a_split_report_opens_two_cases_and_a_merged_one_joins_the_case_that_was_named(
    pipeline: Pipeline,
) -> None:
    sender = Sender(pipeline, 4)
    reference = (await sender.sends(UNSURE))["reference"]
    await sender.becomes("in-review")
    themes = ["domestic-abuse-osse", "asb-environmental"]
    assert (await answers(pipeline, reference, DUTY, action="split", themes=themes)).status_code == 200
    first = (await sender.becomes("routed", in_case=True))["decision"]["case"]

    async def both() -> list[str]:
        query = (
            "SELECT c.reference FROM referrals.case_reports r JOIN referrals.cases c USING (case_id) "
            "JOIN triage.decisions d ON d.report_id = r.report_id WHERE d.reference = $1 "
            "OR d.document -> 'report' ->> 'split_from' = $1"
        )
        rows = await pipeline.rows(query, reference)
        return [row["reference"] for row in rows] if len(rows) == len(themes) else []

    assert first in await until(both, "two cases")
    assert len(set(await both())) == len(themes)
    other = Sender(pipeline, 5)
    second = (await other.sends(UNSURE))["reference"]
    await other.becomes("in-review")
    merged = await answers(pipeline, second, DUTY, action="merge", case=first)
    assert merged.status_code == 200
    assert (await other.becomes("routed", in_case=True))["decision"]["case"] == first
    found = await timeline(pipeline, first, "ReportJoined")
    assert found["timeline"][0]["who"] == "Helen Strood"


async def test_a_report_in_review_is_nobodys_who_would_not_lead_it(pipeline: Pipeline) -> None:
    sender = Sender(pipeline, 6)
    reference = (await sender.sends(UNSURE))["reference"]
    await sender.becomes("in-review")
    hidden = await answers(pipeline, reference, CASEWORKER, action="confirm")
    assert hidden.status_code == 404
    listed = await pipeline.clients["triage"].get("/internal/reviews", headers=CASEWORKER)
    assert reference not in [item["report"]["reference"] for item in listed.json()["items"]]


async def test_a_corrected_report_at_a_pages_end_hides_none_that_wait_behind_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each list the pages together hold every report once: those in review, and those that are replayed."""
    senders = [Sender(pipeline, place) for place in range(20, 25)]
    for sender in senders:
        await sender.sends(UNSURE)
        await sender.becomes("in-review")
    for sender in senders[:4]:
        await sender.sends(UNSURE + " Still.", revision=2)
        await sender.becomes("in-review", 2)
    monkeypatch.setattr(review_api, "PAGE", 1)
    monkeypatch.setattr(replaying, "PAGE", 1)
    shown, after = [], None
    while True:
        params: dict[str, str] = {"after": after} if after else {}
        page = (await pipeline.clients["triage"].get("/internal/reviews", headers=DUTY, params=params)).json()
        shown += [item["report"]["reference"] for item in page["items"]]
        if (after := page["next"]) is None:
            break
    assert len(shown) == len(set(shown)) == page["waiting"]
    process = pipeline.processes["triage"]
    replayer, rules = Replayer(process.database, process.app.state.keeper), process.app.state.keeper.folder
    pages = [each async for each in replayer.replay(rules, rules, datetime(2020, 1, 1, tzinfo=UTC))]
    assert sum(each.replayed for each in pages) == await replayer.count(datetime(2020, 1, 1, tzinfo=UTC))


async def test_a_third_incident_told_by_three_channels_is_found_on_the_case(pipeline: Pipeline) -> None:
    people = [{"id": "v", "role": "victim", "name": f"Nobody {uuid.uuid4()}", "age": 31}]
    senders = [Sender(pipeline, 7 + number) for number in range(3)]
    for days, sender in zip((20, 10, 0), senders, strict=True):
        at = datetime.now(UTC) - timedelta(days=days, minutes=1)
        await sender.sends(BEATEN, category="noise", people=people, occurred_at=at.isoformat())
        await sender.becomes("routed")
    rows = await pipeline.rows(
        "SELECT document -> 'decision' -> 'entitlements' AS found FROM triage.decisions WHERE reference = $1",
        (await senders[2].receipt())["reference"],
    )
    assert '"marac-repeat"' in rows[0]["found"]


async def test_the_third_incident_makes_the_first_two_be_decided_again_each_on_its_own_case(pipeline: Pipeline) -> None:
    people = [{"id": "v", "role": "victim", "name": f"Nobody {uuid.uuid4()}", "age": 31}]
    first, second, third = senders = [Sender(pipeline, 10 + number) for number in range(3)]
    references, cases = [], []
    for days, sender in zip((20, 10, 0), senders, strict=True):
        at = datetime.now(UTC) - timedelta(days=days, minutes=1)
        sent = await sender.sends(BEATEN, category="noise", people=people, occurred_at=at.isoformat())
        references.append(sent["reference"])
        cases.append((await sender.becomes("routed", in_case=True))["decision"]["case"])
    assert len(set(cases)) == len(senders)

    async def told_of(sender: Sender) -> bool:
        return "repeat-victim" in (await sender.receipt())["decision"]["flags"]

    for sender, case, reference in zip((first, second), cases, references, strict=False):
        await until(partial(told_of, sender), "the earlier report to be decided again")
        found = await timeline(pipeline, case, "ReportCorrected")
        assert found["risk"] == "high"
        assert [each["version"] for each in (await review(pipeline, reference))["history"]] == [1]
    assert await told_of(third)
    rows = await pipeline.rows(
        "SELECT reference, version, document #>> '{linked,report}' AS later FROM triage.decisions "
        "WHERE reference = ANY($1) ORDER BY happened_at",
        references,
    )
    assert [(row["reference"], row["version"]) for row in rows] == list(zip(references, (2, 2, 1), strict=True))
    # The second's own question may be answered only once the third has come, and then finds it counted.
    assert rows[0]["later"] in references[1:]
    assert [row["later"] for row in rows[1:]] == [references[2], None]
    for case in cases:
        await timeline(pipeline, case, "TaskAdded")

    async def lead_told() -> bool:
        rows = await pipeline.rows(
            "SELECT document #>> '{state,template}' AS template FROM notify.notifications WHERE about = $1", cases[0]
        )
        return "case-changed@1" in {row["template"] for row in rows}

    await until(lead_told, "the lead to be told of its earlier case")


async def test_a_theme_that_a_person_gives_the_third_incident_makes_the_first_two_be_decided_again(
    pipeline: Pipeline,
) -> None:
    people = [{"id": "v", "role": "victim", "name": f"Nobody {uuid.uuid4()}", "age": 31}]
    first, second, third = senders = [Sender(pipeline, 20 + number) for number in range(3)]
    for days, sender, words in zip((20, 10, 0), senders, (BEATEN, BEATEN, UNSURE), strict=True):
        at = datetime.now(UTC) - timedelta(days=days, minutes=1)
        await sender.sends(words, people=people, occurred_at=at.isoformat())
        await sender.becomes("in-review" if words == UNSURE else "routed")

    async def entitled(sender: Sender) -> bool:
        reference = (await sender.receipt())["reference"]
        found = (await review(pipeline, reference))["decision"]["entitlements"]
        return "marac-repeat" in {each["code"] for each in found}

    assert not await entitled(first)
    reference = (await third.receipt())["reference"]
    version = (await review(pipeline, reference))["version"]
    body = {"version": version, "action": "change", "themes": ["domestic-abuse-osse"]}
    assert (await answers(pipeline, reference, DUTY, **body)).status_code == 200
    for sender in (first, second):
        await until(partial(entitled, sender), "the earlier report to be decided again for the answer")


async def test_an_answer_in_review_stands_when_later_reports_ask_again_and_the_decision_can_be_made_again(
    pipeline: Pipeline,
) -> None:
    people = [{"id": "v", "role": "victim", "name": f"Nobody {uuid.uuid4()}", "age": 31}]
    first, second, third = senders = [Sender(pipeline, 30 + number) for number in range(3)]
    for days, sender in zip((20, 10, 0), senders, strict=True):
        at = datetime.now(UTC) - timedelta(days=days, minutes=1)
        reference = (await sender.sends(UNSURE, people=people, occurred_at=at.isoformat()))["reference"]
        await sender.becomes("in-review")
        if sender is first:
            assert (await answers(pipeline, reference, DUTY, action="confirm")).status_code == 200
            await first.becomes("routed", in_case=True)
            assert_made_again_the_same(pipeline, await decided(pipeline, reference))
    reference = (await first.receipt())["reference"]

    async def again() -> Decided | None:
        made = await decided(pipeline, reference)
        return made if made.linked is not None else None

    made: Decided = await until(again, "the answered report to be decided again")
    assert (made.answer, made.decided_by, made.in_review) == ("confirm", "hub", False)
    assert (made.decision.disposition, "repeat-victim" in made.decision.flags) == ("needs-case", True)
    assert made.reviewed is not None
    assert_made_again_the_same(pipeline, made)
    for other in (second, third):
        assert (await other.receipt())["status"] == "in-review"
