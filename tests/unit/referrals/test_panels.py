"""The panels' own processes, as their files have them: MASH, gang panel, disposals."""

from datetime import timedelta
from typing import Any

import pytest

from services.partnership.values import Clock
from services.referrals.domain import clocks
from services.referrals.domain.state import case_key
from tests.unit.referrals.conftest import CASE_ID, GIVEN, LUTON, Desk

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_only_a_qualified_officer_rates(desk: Desk) -> None:
    sent = desk.sent("mash")
    body = {"rating": "amber", "reason": "First screening."}
    assert desk.refused("helen-strood", "rate", body, sent) == "not-qualified"
    assert desk.refused("miriam-lunt", "rate", body | {"rating": "blue"}, sent) == "rating-unknown"
    assert desk.done("miriam-lunt", "rate", body, sent).rating == "amber"
    assert desk.events[-1].changed == {"rating": {"old": None, "new": "amber"}}


@pytest.mark.parametrize(("rating", "minutes"), [("red", 240), ("amber", 1440), ("green", 4320)])
def test_the_rating_sets_the_clock_from_receipt(desk: Desk, rating: str, minutes: int) -> None:
    sent = desk.sent("mash")
    desk.now += HOUR
    rated = desk.done("miriam-lunt", "rate", {"rating": rating, "reason": "."}, sent)
    calendar = "elapsed" if rating == "red" else "mash-hours"
    assert rated.due_at == LUTON.due_at(sent.sent_at, Clock(minutes=minutes, calendar=calendar))
    assert desk.timers["referral-due", str(sent.referral_id), ""].due_at == rated.due_at


def test_green_paused_for_a_question_and_rated_amber_keeps_all_that_was_counted_and_paused(desk: Desk) -> None:
    """The clock of the design's picture: 10 minutes, rated green, a question, an answer four hours on, then amber."""
    desk.done("miriam-lunt", "rate", {"rating": "green", "reason": "."}, desk.sent("mash"))
    desk.now += 2 * HOUR
    question = {"agency": "luton-icb", "question": "Known?"}
    asked = desk.done("miriam-lunt", "request-information", question, desk.referral())
    assert asked.due_at is None
    desk.now += 4 * HOUR
    desk.done("helen-strood", "return-information", {"answer": "No."}, asked)
    desk.done("miriam-lunt", "accept", {}, desk.referral())
    desk.now += HOUR
    amber = desk.done("miriam-lunt", "rate", {"rating": "amber", "reason": "A third phone."}, desk.referral())
    reading = clocks.read(amber.clock, desk.now, LUTON.working_time)
    assert (reading.counted, reading.paused, reading.left) == (180, 240, 1440 - 180)
    assert [entry.event for entry in amber.clock] == ["start", "re-grade", "pause", "resume", "re-grade"]


def test_silence_under_a_new_rating_is_escalated_again(desk: Desk) -> None:
    desk.sent("mash", under_18=True)
    assert desk.passes(27 * HOUR) == ["referral-due", "referral-due"]
    desk.done("miriam-lunt", "accept", {}, desk.referral())
    rated = desk.done("miriam-lunt", "rate", {"rating": "amber", "reason": "."}, desk.referral())
    assert (rated.escalated_to, rated.due_at > desk.now) == (None, True)
    assert desk.passes(14 * DAY) == ["referral-due", "referral-due"]
    assert desk.referral().escalated_to == "helen-strood"


def test_partner_returns_after_acceptance_run_inside_the_clock_and_by_the_rating(desk: Desk) -> None:
    desk.done("miriam-lunt", "rate", {"rating": "red", "reason": "."}, desk.sent("mash"))
    accepted = desk.done("miriam-lunt", "accept", {}, desk.referral())
    asked = desk.done("miriam-lunt", "request-information", {"agency": "probation", "question": "?"}, accepted)
    assert (asked.status, asked.due_at) == ("accepted", accepted.due_at)
    assert asked.information[0].due_at == desk.now + 2 * HOUR


def test_a_decision_fits_the_persons_age(desk: Desk) -> None:
    sent = desk.sent("mash", under_18=False)
    desk.done("miriam-lunt", "accept", {}, sent)
    body = {"decision": "s47-strategy-discussion", "reason": "."}
    assert desk.refused("miriam-lunt", "discuss", body, desk.referral()) == "decision-not-for-this-age"
    body["decision"] = "s42-enquiry"
    assert desk.done("miriam-lunt", "discuss", body, desk.referral()).decision == "s42-enquiry"


def test_for_an_under_18_a_safeguarding_referral_stands_beside_the_gang_panels(desk: Desk) -> None:
    gang = desk.sent("gang-panel", under_18=True)
    mash = desk.referral("mash")
    assert (gang.beside, mash.beside) == (mash.reference, gang.reference)
    assert {gang.status, mash.status} == {"sent"}
    assert len(desk.case.under_way) == 2


def test_a_child_whom_triage_saw_counts_as_under_18() -> None:
    desk = Desk(flags=("child",))
    desk.sent("gang-panel")
    assert desk.referral("mash").under_18 is True


MISTAKE = {"code": "moved", "reason": "Sent by mistake."}


def test_a_child_whose_safeguarding_referral_was_withdrawn_gets_another_beside_the_gang_panels(desk: Desk) -> None:
    desk.done("colm-ferris", "withdraw", MISTAKE, desk.sent("mash"))
    desk.done("colm-ferris", "refer", {"panel": "gang-panel", "reason": ".", "consent": GIVEN, "under_18": True})
    assert sorted(desk.case.under_way.values()) == ["gang-panel", "mash"]


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_a_panel_no_longer_has_can_come_to_it_again(desk: Desk, by_hand: bool) -> None:
    desk.done("colm-ferris", "withdraw", MISTAKE, desk.sent("mash"))
    tcig = desk.sent("tcig")
    again = {"panel": "mash", "reason": "A child.", "consent": GIVEN}
    if by_hand:
        desk.done("colm-ferris", "refer", again)
    else:
        desk.done("ruth-pellow", "escalate", {"panel": "mash", "reason": "A child."}, tcig)
    assert "mash" in desk.case.under_way.values()
    assert desk.refused("colm-ferris", "refer", again) == "already-referred"


def test_once_all_referrals_have_ended_there_is_none_to_follow(desk: Desk) -> None:
    desk.done("colm-ferris", "take")
    sent = desk.sent("mash")
    assert desk.case.state.next_action == "Follow the referral"
    desk.done("colm-ferris", "withdraw", MISTAKE, sent)
    assert desk.case.state.next_action == "Record the next step"


def child_seen(desk: Desk) -> None:
    """Triage sees a child in the case from now on."""
    state = desk.case.state.model_copy(update={"flags": ("child",)})
    desk.state[case_key(CASE_ID)] = desk.case.model_copy(update={"state": state})


@pytest.mark.parametrize("passed_on", [True, False])
def test_a_child_whom_triage_saw_since_the_referral_was_written_counts_as_under_18(desk: Desk, passed_on: bool) -> None:
    body = {"panel": "gang-panel", "reason": ".", "consent": GIVEN}
    before = desk.sent("tcig") if passed_on else desk.done("colm-ferris", "draft", body)
    child_seen(desk)
    if passed_on:
        desk.done("ruth-pellow", "escalate", {"panel": "gang-panel", "reason": "."}, before)
    else:
        desk.done("colm-ferris", "send", {}, before)
    assert (desk.referral("gang-panel").under_18, desk.referral("mash").status) == (True, "sent")


def test_the_draft_beside_a_referral_that_was_passed_on_is_its_senders_alone(desk: Desk) -> None:
    sent = desk.sent("drug-and-alcohol-service", under_18=True)
    desk.done("helen-strood", "escalate", {"panel": "tcig", "reason": "."}, sent)
    draft = desk.referral("mash")
    assert (draft.status, draft.private_to) == ("draft", "bedfordshire-police")
    assert desk.refused("asha-venn", "discard", {}, draft) == "not-found"


def test_an_adult_goes_to_the_gang_panel_alone(desk: Desk) -> None:
    desk.sent("gang-panel", under_18=False)
    assert len(desk.referrals) == 1


def test_a_nomination_is_scored_tiered_planned_reviewed_every_four_weeks_and_exits(desk: Desk) -> None:
    desk.sent("gang-panel", under_18=False)
    chair = "jerome-tansley"
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("accept", {}, "accepted"),
        ("advance", {"step": "score", "fields": {"risk-score": 62}}, "scored"),
        ("advance", {"step": "tier", "fields": {"tier": "tier-2"}}, "tiered"),
        ("agree-plan", {"lead_worker": "jerome-tansley", "plan": "Mentor, football, school."}, "plan"),
    ]
    for name, body, stage in steps:
        assert desk.done(chair, name, body, desk.referral()).stage == stage
    assert desk.referral().facts == {"risk-score": 62, "tier": "tier-2"}
    planned = desk.referral().plan
    assert planned is not None
    assert planned.review_due_at == desk.now + 28 * DAY
    desk.now += 20 * DAY
    reviewed = desk.done(chair, "review-plan", {"note": "Goes well."}, desk.referral()).plan
    assert (reviewed.reviews, reviewed.review_due_at) == (1, desk.now + 28 * DAY)
    assert desk.passes(29 * DAY) == ["review-due"]
    assert desk.types()[-1] == "PlanReviewOverdue"
    assert (
        desk.done(chair, "conclude", {"outcome": "diverted", "score": "partly"}, desk.referral()).status == "concluded"
    )
    assert desk.passes(100 * DAY) == []


def test_an_overdue_review_is_told_once_and_can_be_done_after_another_score(desk: Desk) -> None:
    chair = "jerome-tansley"
    desk.done(chair, "accept", {}, desk.sent("gang-panel", under_18=False))
    desk.done(chair, "agree-plan", {"lead_worker": chair, "plan": "Mentor."}, desk.referral())
    assert desk.passes(29 * DAY) == ["review-due"]
    scored = desk.done(chair, "advance", {"step": "score", "fields": {"risk-score": 40}}, desk.referral())
    assert (scored.stage, desk.passes(HOUR)) == ("scored", [])
    reviewed = desk.done(chair, "review-plan", {"note": "Goes on."}, desk.referral())
    assert reviewed.plan.review_due_at == desk.now + 28 * DAY
    assert desk.passes(29 * DAY) == ["review-due"]


def test_a_step_asks_for_its_fields_and_stands_in_its_place(desk: Desk) -> None:
    desk.done("jerome-tansley", "accept", {}, desk.sent("gang-panel", under_18=False))
    tier = {"step": "tier", "fields": {"tier": "tier-1"}}
    assert desk.refused("jerome-tansley", "advance", tier, desk.referral()) == "step-not-now"
    assert desk.refused("jerome-tansley", "advance", {"step": "score"}, desk.referral()) == "field-missing"
    over = {"step": "score", "fields": {"risk-score": 101}}
    assert desk.refused("jerome-tansley", "advance", over, desk.referral()) == "field-wrong"


def test_a_disposals_rehabilitation_is_followed_from_offered_to_completed(desk: Desk) -> None:
    desk.sent("out-of-court-disposal-support", fields={"disposal": "conditional", "need": "drugs"})
    desk.done("helen-strood", "accept", {"owner": "helen-strood"}, desk.referral())
    for step, fields, stage in [
        ("offer", {"course": "Drug awareness", "taken": True}, "offered"),
        ("start", {"started-on": "2026-03-09"}, "started"),
        ("keep", {}, "kept"),
        ("complete", {"completed-on": "2026-05-04"}, "completed"),
    ]:
        body = {"step": step, "fields": fields}
        assert desk.done("helen-strood", "advance", body, desk.referral()).stage == stage
    assert desk.referral().facts["completed-on"] == "2026-05-04"
    assert "course" not in desk.referral().facts, "words may say who it is about"


def test_for_an_under_18_a_safeguarding_referral_is_drafted_beside_the_town_centre_groups(desk: Desk) -> None:
    tcig = desk.sent("tcig", under_18=True)
    mash = desk.referral("mash")
    assert (tcig.beside, mash.beside, mash.status) == (mash.reference, tcig.reference, "draft")
    assert mash.private_to == "bedfordshire-police"
    assert len(desk.case.under_way) == 1
    sent = desk.done("colm-ferris", "send", {}, mash)
    assert (sent.status, sent.beside, sent.consent_status) == ("sent", tcig.reference, "given")


def channel_sent(desk: Desk) -> Any:
    """A referral to Channel that a supervisor of the sending agency has let go."""
    waiting = desk.sent("channel", by="asha-venn", under_18=False)
    return desk.done("ruth-pellow", "approve", {}, waiting)


def streets(**changes: Any) -> Desk:
    return Desk(lead_agency="luton-council-neighbourhood-services", acting_lead=None, **changes)


def test_the_gateway_sees_a_referral_first_and_channel_only_once_it_is_passed_on() -> None:
    desk = streets()
    sent = channel_sent(desk)
    assert (sent.status, sent.stage, sent.to_agency) == ("sent", "gateway", "bedfordshire-police")
    assert "luton-council" not in desk.case.visible_to
    assert desk.refused("helen-strood", "accept", {}, sent) == "step-not-now"
    passed = desk.done("colm-ferris", "advance", {"step": "pass-on"}, sent)
    assert (passed.status, passed.stage, passed.to_agency) == ("sent", "received", "luton-council")
    assert "luton-council" in desk.case.visible_to
    assert desk.refused("colm-ferris", "accept", {}, passed) == "not-your-referral"
    assert desk.done("miriam-lunt", "accept", {}, passed).status == "accepted"


def test_once_passed_on_the_destination_has_a_clock_of_its_own_and_answers_what_the_gateway_asked() -> None:
    desk = streets()
    sent = channel_sent(desk)
    asked = desk.done("colm-ferris", "request-information", {"agency": "luton-icb", "question": "?"}, sent)
    desk.passes(30 * DAY)
    passed = desk.done("colm-ferris", "advance", {"step": "pass-on"}, desk.referral())
    assert passed.due_at == LUTON.due_at(desk.now, LUTON.route("channel").first_answer)
    assert asked.information[0].returned_at is None
    answered = desk.done("helen-strood", "return-information", {"answer": "No."}, passed)
    assert (answered.stage, answered.due_at) == ("received", passed.due_at)
    assert desk.passes(30 * DAY) == ["referral-due"]
    assert desk.referral().escalated_to == "helen-strood"


def test_a_gateway_may_decline_and_channel_never_learns_of_it() -> None:
    desk = streets()
    sent = channel_sent(desk)
    declined = desk.done("colm-ferris", "decline", {"reason": "No concern.", "next_lead": "opcc"}, sent)
    assert declined.status == "declined"
    assert "luton-council" not in desk.case.visible_to


def test_a_case_goes_through_a_gateway_once_at_a_time() -> None:
    desk = streets()
    channel_sent(desk)
    body = {"destination": "channel", "reason": "Again.", "consent": GIVEN}
    assert desk.refused("asha-venn", "refer", body) == "already-referred"
