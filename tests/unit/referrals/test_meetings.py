"""Panels' meetings by values: the next of a rhythm, who may schedule, quorum, what is stale, and what is signed off."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import pytest

from schemas.events import Actor
from services.kernel.decision import Context, Decision
from services.referrals.domain import meetings
from services.referrals.domain.meeting_days import meeting_id, next_at
from services.referrals.domain.meeting_state import MeetingStale, Minuted, meeting_key
from services.referrals.domain.state import Rules
from services.referrals.messages import MeetingCommand, MeetingDue, MinutesDue
from tests.unit.referrals.conftest import CASE_ID, LUTON, MONDAY, Desk

TCIG, THURSDAY = LUTON.panel("tcig"), datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
ID = "tcig-2026-03-05-1000"
RUTH = Actor(kind="person", id="ruth-pellow", name="Ruth Pellow", agency="luton-council-neighbourhood-services")
HERS = ("luton-council-neighbourhood-services", "tcig")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (MONDAY, THURSDAY),
        (THURSDAY - timedelta(minutes=1), THURSDAY),
        (THURSDAY, THURSDAY + timedelta(days=7)),
        # The hour on the wall stays when the clocks change on 29 March.
        (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 4, 2, 9, 0, tzinfo=UTC)),
    ],
)
def test_the_next_meeting_follows_the_panels_rhythm_in_local_time(after: datetime, expected: datetime) -> None:
    assert next_at(TCIG, after, LUTON.zone) == expected
    assert meeting_id("tcig", THURSDAY, LUTON.zone) == ID


def decide(state: dict[str, Any], name: str, body: dict[str, Any], **changes: Any) -> Decision:
    command = MeetingCommand(meeting_id=ID, name=name, body=body, by=RUTH, agencies=HERS, at=THURSDAY)
    context = Context(MONDAY, uuid5(CASE_ID, name), Rules(LUTON))
    decision = meetings.decide(state, command.model_copy(update=changes), context)
    state.update(decision.state)
    return decision


def scheduled() -> dict[str, Any]:
    state: dict[str, Any] = {}
    decide(state, "schedule", {"panel": "tcig"})
    return state


def test_scheduling_says_so_and_arms_the_next_of_the_rhythm() -> None:
    state: dict[str, Any] = {}
    made = decide(state, "schedule", {"panel": "tcig"})
    assert [(each.topic, each.key, each.body.TYPE) for each in made.events] == [("meetings", ID, "MeetingScheduled")]
    timer = next(each for each in made.timers if each.kind == "meeting-due")
    assert (timer.due_at, timer.payload.following_id) == (THURSDAY, "tcig-2026-03-12-1000")  # type: ignore[union-attr]
    due = timer.payload
    assert isinstance(due, MeetingDue)
    following = meetings.decide(state, due, Context(THURSDAY, CASE_ID, Rules(LUTON)))
    assert list(following.state) == [meeting_key("tcig-2026-03-12-1000")]
    state.update(following.state)
    assert meetings.decide(state, due, Context(THURSDAY, CASE_ID, Rules(LUTON))).events == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"agencies": ("luton-council-neighbourhood-services",)}, "not-found"),
        ({"at": MONDAY}, "no-day"),
        ({"at": None}, "no-day"),
    ],
)
def test_a_meeting_is_scheduled_by_the_panels_own_people_for_a_time_to_come(changes: Any, code: str) -> None:
    assert decide({}, "schedule", {"panel": "tcig"}, **changes).answer.code == code


def test_an_hour_has_one_meeting_of_a_panel() -> None:
    assert decide(scheduled(), "schedule", {"panel": "tcig"}).answer.code == "already-scheduled"


def test_quorum_counts_agencies_that_are_present_and_each_agency_once() -> None:
    state = scheduled()
    police = {"agency": "bedfordshire-police", "status": "present", "person": "colm-ferris"}
    for version, (body, quorate) in enumerate(
        [
            (police, False),
            ({"agency": "the-mall", "status": "apologies"}, False),
            (police, False),
            ({"agency": "luton-council-public-health", "status": "present"}, True),
            ({"agency": "luton-council-public-health", "status": "absent"}, False),
        ],
        start=1,
    ):
        answer = decide(state, "attendance", body, version=version).answer
        assert isinstance(answer, Minuted)
        assert answer.meeting.state.quorate is quorate


@pytest.mark.parametrize(
    "body",
    [
        {"agency": "probation", "status": "present"},
        {"agency": "the-mall", "status": "present", "person": "colm-ferris"},
        {"agency": "the-mall", "status": "present", "person": "nobody"},
    ],
)
def test_only_a_member_agency_and_its_own_people_sit_there(body: dict[str, str]) -> None:
    assert decide(scheduled(), "attendance", body, version=1).answer.code == "not-a-member"


def test_a_stale_version_and_a_person_who_is_not_the_chair_do_not_sign_off() -> None:
    state = scheduled()
    assert isinstance(decide(state, "sign-off", {}, version=7).answer, MeetingStale)
    other = RUTH.model_copy(update={"id": "colm-ferris"})
    assert decide(state, "sign-off", {}, version=1, by=other).answer.code == "not-the-chair"
    signed = decide(state, "sign-off", {}, version=1)
    assert signed.answer.meeting.state.status == "signed-off"
    for name, body in (("attendance", {"agency": "the-mall", "status": "present"}), ("sign-off", {})):
        refused = decide(state, name, body, version=2)
        assert (refused.answer.code, refused.events, dict(refused.state)) == ("minutes-signed-off", (), {})


def test_a_meeting_is_not_there_for_other_agencies() -> None:
    strangers = ("bedfordshire-fire",)
    assert decide(scheduled(), "sign-off", {}, version=1, agencies=strangers).answer.kind == "not-found"


def test_unsigned_minutes_chase_the_chair_and_then_the_duty_manager_and_nobody_a_third_time() -> None:
    state: dict[str, Any] = {}
    made = decide(state, "schedule", {"panel": "tcig"})
    (first,) = [each for each in made.timers if each.kind == "minutes-due"]
    # Two working days of the office after Thursday's meeting at ten.
    assert first.due_at == LUTON.due_at(THURSDAY, LUTON.panel("tcig").meetings.sign_off)  # type: ignore[union-attr, arg-type]
    assert first.due_at > THURSDAY + timedelta(days=3)
    reminded = chased(state, first.payload, first.due_at)
    assert [(each.body.TYPE, each.body.person) for each in reminded.events] == [("MinutesReminded", "ruth-pellow")]
    (second,) = reminded.timers
    assert (second.kind, second.due_at > first.due_at) == ("minutes-late", True)
    escalated = chased(state, second.payload, second.due_at)
    assert ([each.body.TYPE for each in escalated.events], escalated.timers) == (["MinutesEscalated"], ())


def chased(state: dict[str, Any], payload: Any, now: datetime) -> Decision:
    return meetings.decide(state, payload, Context(now, uuid5(CASE_ID, "chase"), Rules(LUTON)))


def test_signed_minutes_chase_nobody() -> None:
    state = scheduled()
    signed = decide(state, "sign-off", {}, version=1)
    assert {(each.kind, each.subject) for each in signed.cancelled} == {("minutes-due", ID), ("minutes-late", ID)}
    # A timer that fired in the same moment finds them signed.
    late = chased(state, MinutesDue(meeting_id=ID), THURSDAY + timedelta(days=9))
    assert (late.events, late.timers) == ((), ())


def test_a_meeting_gives_no_action_on_a_closed_case() -> None:
    desk = Desk()
    referral = desk.done("ruth-pellow", "accept", {}, desk.sent("tcig"))
    desk.done("ruth-pellow", "conclude", {"outcome": "behaviour-stopped", "score": "achieved"}, referral)
    desk.done("ruth-pellow", "close", {"outcome": "behaviour-stopped", "reason": "It stopped."})
    state = scheduled() | desk.state
    body = {"referral": referral.reference, "what": "Visit.", "person": "ruth-pellow"}
    refused = decide(state, "action", body, case_id=CASE_ID, referral_id=referral.referral_id).answer
    assert (refused.code, desk.case.state.open_tasks) == ("case-closed", 0)
