"""The referral's lifecycle: every way a referral can go, who may take it there, and what is refused."""

import dataclasses
from datetime import timedelta

import pytest

from services.access.sharing import NOTHING_PERSONAL
from services.partnership.values import Clock
from services.referrals import views
from services.referrals.domain import clocks
from tests.unit.referrals.conftest import GIVEN, LUTON, Desk

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_a_referral_is_sent_accepted_scheduled_discussed_planned_and_concluded(desk: Desk) -> None:
    desk.sent("tcig")
    steps = [
        ("accept", {}, "accepted"),
        ("schedule", {"at": "2026-03-05T10:00:00Z", "meeting": "m-1"}, "scheduled"),
        ("discuss", {"decision": "help-and-steps", "reason": "Help first."}, "discussed"),
        ("agree-plan", {"lead_worker": "asha-venn", "plan": "Outreach twice a week."}, "in-progress"),
        ("conclude", {"outcome": "behaviour-stopped", "score": "achieved"}, "concluded"),
    ]
    for name, body, status in steps:
        assert desk.done("ruth-pellow", name, body, desk.referral()).status == status
    ended = desk.referral()
    assert (ended.outcome, ended.score, ended.ended_at) == ("behaviour-stopped", "achieved", desk.now)
    assert desk.timers == {}
    assert len(desk.case.under_way) == 0


def test_a_question_pauses_the_answer_clock_and_the_last_answer_resumes_it(desk: Desk) -> None:
    sent = desk.sent("tcig")
    assert sent.due_at is not None
    desk.now += 2 * HOUR
    for agency in ("probation", "luton-icb"):
        body = {"agency": agency, "question": "What is known?"}
        desk.done("ruth-pellow", "request-information", body, desk.referral())
    asked = desk.referral()
    assert (asked.status, asked.due_at) == ("information-requested", None)
    assert [each.agency for each in asked.information] == ["probation", "luton-icb"]
    assert ("referral-due", str(asked.referral_id), "") not in desk.timers
    desk.now += 3 * HOUR
    first, second = (str(each.request_id) for each in asked.information)
    answer = {"answer": "Nothing.", "request": first}
    assert desk.done("helen-strood", "return-information", answer, asked).status == "information-requested"
    desk.now += HOUR
    back = desk.done("helen-strood", "return-information", answer | {"request": second}, desk.referral())
    assert back.status == "sent"
    reading = clocks.read(back.clock, desk.now, LUTON.working_time)
    assert (reading.counted, reading.paused) == (120, 240)
    assert back.due_at == LUTON.due_at(sent.due_at, Clock(minutes=240, calendar="office-hours"))


def test_only_the_asked_agency_answers_a_question(desk: Desk) -> None:
    sent = desk.sent("gang-panel")
    desk.done("jerome-tansley", "request-information", {"agency": "bedfordshire-police", "question": "?"}, sent)
    answer = {"answer": "Known since May."}
    assert desk.refused("miriam-lunt", "return-information", answer, desk.referral()) == "not-found"
    assert desk.done("colm-ferris", "return-information", answer, desk.referral()).status == "sent"
    assert desk.refused("colm-ferris", "return-information", answer, desk.referral()) == "step-not-now"


def test_silence_on_a_question_escalates_once(desk: Desk) -> None:
    desk.done("ruth-pellow", "request-information", {"agency": "luton-icb", "question": "?"}, desk.sent("tcig"))
    assert desk.passes(10 * DAY) == ["information-due"]
    assert desk.types()[-1] == "ReferralEscalated"
    assert desk.referral().information[0].escalated_at is not None


def test_silence_escalates_to_the_alternate_lead_and_then_to_the_duty_manager(desk: Desk) -> None:
    sent = desk.sent("tcig")
    assert sent.due_at is not None
    assert desk.passes(sent.due_at - desk.now) == ["referral-due"]
    assert desk.referral().escalated_to == "bedfordshire-police"
    assert desk.passes(3 * DAY) == ["referral-due"]
    assert desk.referral().escalated_to == "helen-strood"
    assert desk.passes(30 * DAY) == []
    assert [entry.event for entry in desk.referral().clock] == ["start", "escalate", "escalate"]


def test_a_question_does_not_hide_that_a_referral_is_overdue(desk: Desk) -> None:
    sent = desk.sent("tcig")
    assert sent.due_at is not None
    desk.passes(sent.due_at - desk.now + HOUR)
    question = {"agency": "luton-icb", "question": "?"}
    asked = desk.done("ruth-pellow", "request-information", question, desk.referral())
    assert (asked.status, asked.due_at) == ("information-requested", sent.due_at)
    assert desk.passes(10 * DAY).count("referral-due") == 1
    assert desk.referral().escalated_to == "helen-strood"


def test_the_alternate_lead_may_answer_after_the_first_silence() -> None:
    desk = Desk(lead_agency="luton-council", acting_lead="luton-council")
    sent = desk.sent("gang-panel", "miriam-lunt")
    assert desk.refused("colm-ferris", "accept", {}, sent) == "not-found"
    desk.passes(4 * DAY)
    assert desk.done("colm-ferris", "accept", {}, desk.referral()).status == "accepted"


@pytest.mark.parametrize(("owner", "code"), [("joss-wimbley", "owner-may-not-see"), ("nobody", "owner-unknown")])
def test_a_referral_is_not_given_to_somebody_who_may_not_see_the_case(desk: Desk, owner: str, code: str) -> None:
    assert desk.refused("miriam-lunt", "accept", {"owner": owner}, desk.sent("mash")) == code


def test_a_plan_is_not_led_by_somebody_who_works_with_no_cases(desk: Desk) -> None:
    accepted = desk.done("ruth-pellow", "accept", {}, desk.sent("tcig"))
    body = {"lead_worker": "imran-dacre", "plan": "Outreach."}
    assert desk.refused("ruth-pellow", "agree-plan", body, accepted) == "owner-may-not-see"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reason": "Not ours."}, "next-lead-missing"),
        ({"next_lead": "probation"}, "reason-missing"),
        ({"reason": "Not ours.", "next_lead": "nobody"}, "next-lead-unknown"),
    ],
)
def test_a_decline_needs_a_reason_and_a_known_next_lead(desk: Desk, body: dict[str, str], code: str) -> None:
    assert desk.refused("ruth-pellow", "decline", body, desk.sent("tcig")) == code


def test_the_proposed_lead_may_see_the_case_after_a_decline(desk: Desk) -> None:
    body = {"reason": "Threshold not met.", "next_lead": "probation"}
    declined = desk.done("ruth-pellow", "decline", body, desk.sent("tcig"))
    assert (declined.status, declined.proposed_next_lead) == ("declined", "probation")
    assert "probation" in desk.case.visible_to
    assert desk.case.state.acting_lead == "bedfordshire-police"


def test_the_proposed_lead_acts_where_the_partnership_says_so() -> None:
    panels = tuple(p.model_copy(update={"on_decline": "acts"}) if p.code == "tcig" else p for p in LUTON.panels)
    desk = Desk(dataclasses.replace(LUTON, panels=panels))
    desk.done("ruth-pellow", "decline", {"reason": "Not ours.", "next_lead": "probation"}, desk.sent("tcig"))
    assert desk.case.state.acting_lead == "probation"
    assert desk.events[-1].changed == {"acting_lead": {"old": "bedfordshire-police", "new": "probation"}}


def test_withdrawal_takes_a_code_of_the_list_and_only_the_sender(desk: Desk) -> None:
    sent = desk.sent("gang-panel")
    body = {"code": "moved", "reason": "Left Luton."}
    assert desk.refused("jerome-tansley", "withdraw", body, sent) == "not-your-referral"
    assert desk.refused("colm-ferris", "withdraw", body | {"code": "bored"}, sent) == "withdrawal-code-unknown"
    assert desk.done("colm-ferris", "withdraw", body, sent).status == "withdrawn"
    assert desk.refused("colm-ferris", "withdraw", body, desk.referral()) == "referral-answered"


def test_a_referral_is_concluded_only_after_it_was_accepted(desk: Desk) -> None:
    body = {"outcome": "plan kept", "score": "achieved"}
    assert desk.refused("ruth-pellow", "conclude", body, desk.sent("tcig")) == "referral-not-accepted"


def test_a_panel_passes_a_referral_on_and_its_consent_goes_with_it(desk: Desk) -> None:
    consent = {"status": "overridden", "basis": "Crime and Disorder Act 1998 s.115", "by": "Colm Ferris"}
    sent = desk.sent("tcig", consent=consent)
    body = {"panel": "mash", "reason": "A vulnerable adult."}
    ended = desk.done("ruth-pellow", "escalate", body, sent)
    onward = desk.referral("mash")
    assert (ended.status, ended.passed_to) == ("escalated", onward.reference)
    assert (onward.status, onward.consent_status, onward.consent_basis) == ("sent", "overridden", consent["basis"])
    assert [each.consent_by for each in desk.referrals] == ["Colm Ferris", "Colm Ferris"]
    assert len(desk.case.under_way) == 1


def test_a_referral_without_consent_is_passed_on_only_where_none_is_needed_or_with_an_override() -> None:
    desk = Desk(themes=("domestic-abuse-osse",))
    sent = desk.sent("marac", consent={"status": "refused"})
    body = {"panel": "tcig", "reason": "Help."}
    assert desk.refused("colm-ferris", "escalate", body, sent) == "consent-missing"
    override = {"status": "overridden", "basis": "Crime and Disorder Act 1998 s.115", "by": "Colm Ferris"}
    desk.done("colm-ferris", "escalate", body | {"consent": override}, sent)
    onward = desk.referral("tcig")
    assert (onward.consent_status, onward.consent_basis) == ("overridden", override["basis"])


def test_a_draft_is_private_and_is_sent_under_the_same_rules(desk: Desk) -> None:
    draft = desk.done("colm-ferris", "draft", {"panel": "tcig"})
    assert (draft.status, draft.private_to, draft.due_at) == ("draft", "bedfordshire-police", None)
    assert desk.case.state.referred_to == ()
    assert desk.refused("helen-strood", "send", {}, draft) == "not-found"
    assert desk.refused("colm-ferris", "send", {}, draft) == "reason-missing"
    edited = desk.done("colm-ferris", "edit", {"panel": "tcig", "reason": "Help."}, draft)
    assert desk.refused("colm-ferris", "send", {}, edited) == "consent-missing"
    whole = desk.done("colm-ferris", "edit", {"panel": "tcig", "reason": "Help.", "consent": GIVEN}, desk.referral())
    sent = desk.done("colm-ferris", "send", {}, whole)
    assert (sent.status, sent.private_to, sent.reference) == ("sent", None, draft.reference)
    assert desk.passes(100 * DAY).count("draft-old") == 0


def test_a_draft_goes_after_ninety_days(desk: Desk) -> None:
    desk.done("colm-ferris", "draft", {"panel": "tcig", "reason": "Perhaps."})
    assert desk.passes(89 * DAY) == []
    assert desk.passes(2 * DAY) == ["draft-old"]
    assert desk.types() == ["ReferralDrafted", "ReferralDraftDropped"]
    assert (desk.referral().status, desk.referrals[0].reason) == ("withdrawn", "")


def test_a_referral_waits_for_a_supervisor_of_the_sending_agency_who_did_not_write_it() -> None:
    desk = Desk(lead_agency="luton-council-neighbourhood-services", acting_lead="luton-council-neighbourhood-services")
    waiting = desk.sent("channel", "asha-venn")
    assert (waiting.status, waiting.private_to) == ("awaiting-approval", "luton-council-neighbourhood-services")
    assert desk.refused("asha-venn", "approve", {}, waiting) == "not-your-approval"
    back = desk.done("ruth-pellow", "refuse-approval", {"reason": "Say more."}, waiting)
    assert back.status == "draft"
    again = desk.done("asha-venn", "send", {}, back)
    assert again.status == "awaiting-approval"
    approved = desk.done("ruth-pellow", "approve", {}, again)
    assert (approved.status, approved.approved_by, approved.private_to) == ("sent", "ruth-pellow", None)
    assert desk.types()[-2:] == ["ReferralApproved", "ReferralSent"]


STREETS = "luton-council-neighbourhood-services"


def waiting_for_approval() -> Desk:
    """A referral to Channel that Asha wrote and her supervisor has not answered."""
    desk = Desk(lead_agency=STREETS, acting_lead=STREETS)
    desk.sent("channel", "asha-venn")
    return desk


def test_a_referral_that_waits_for_approval_reminds_its_supervisors_then_the_duty_manager() -> None:
    desk = waiting_for_approval()
    assert desk.passes(30 * DAY) == ["approval-due", "approval-due"]
    told = [event.changed["step"] for event in desk.events if event.TYPE == "ReferralEscalated"]
    assert told == ["approvers", "duty-manager"]
    approved = desk.done("ruth-pellow", "approve", {}, desk.referral())
    assert (approved.status, approved.escalated_to) == ("sent", None)


def test_nobody_is_reminded_of_an_approval_that_was_given() -> None:
    desk = waiting_for_approval()
    desk.done("ruth-pellow", "approve", {}, desk.referral())
    assert "approval-due" not in desk.passes(30 * DAY)


def test_a_case_is_not_closed_over_a_referral_that_waits_for_approval() -> None:
    desk = waiting_for_approval()
    body = {"outcome": "behaviour-stopped", "reason": "It stopped."}
    assert desk.refused("ruth-pellow", "close", body) == "referral-open"
    desk.done("ruth-pellow", "refuse-approval", {"reason": "Say more."}, desk.referral())
    desk.done("ruth-pellow", "close", body)
    assert desk.passes(91 * DAY) == ["draft-old"], "a draft that came back goes like any other"


def test_of_two_referrals_that_wait_for_one_destination_one_is_approved() -> None:
    desk = waiting_for_approval()
    desk.done("asha-venn", "refer", {"destination": "channel", "reason": "Again.", "consent": GIVEN})
    first, second = desk.referrals
    desk.done("ruth-pellow", "approve", {}, first.state)
    assert desk.refused("ruth-pellow", "approve", {}, second.state) == "already-referred"


def test_a_supervisor_who_changed_a_draft_does_not_approve_it() -> None:
    desk = Desk(lead_agency=STREETS, acting_lead=STREETS)
    body = {"destination": "channel", "reason": "Her words.", "consent": GIVEN}
    draft = desk.done("asha-venn", "draft", body)
    edited = desk.done("ruth-pellow", "edit", body | {"reason": "Others."}, draft)
    assert (edited.author, edited.edited_by) == ("asha-venn", ("ruth-pellow",))
    waiting = desk.done("asha-venn", "send", {}, edited)
    assert desk.refused("ruth-pellow", "approve", {}, waiting) == "not-your-approval"


def test_a_supervisor_does_not_approve_what_she_wrote_herself(desk: Desk) -> None:
    assert desk.refused("colm-ferris", "approve", {}, desk.sent("channel")) == "not-your-approval"


CONSENTS = [
    ("tcig", "refused", None, "consent-missing"),
    ("marac", "refused", None, None),
    ("nrm", "refused", True, None),
    ("nrm", "refused", False, "consent-missing"),
    ("nrm", "refused", None, "consent-missing"),
    ("adult-social-care", "given", False, None),
    ("victim-support", "refused", True, "consent-missing"),
]


@pytest.mark.parametrize(("route", "consent", "under_18", "code"), CONSENTS)
def test_each_route_asks_for_consent_in_its_own_way(
    desk: Desk, route: str, consent: str, under_18: bool | None, code: str | None
) -> None:
    kind = "panel" if route == "tcig" else "destination"
    body = {kind: route, "reason": "Help.", "consent": {"status": consent}, "under_18": under_18}
    if code is None:
        assert desk.done("colm-ferris", "refer", body).status == "sent"
    else:
        assert desk.refused("colm-ferris", "refer", body) == code


def test_an_override_needs_its_basis_and_who_decided_it(desk: Desk) -> None:
    body = {"panel": "tcig", "reason": "Help.", "consent": {"status": "overridden", "basis": "s.115"}}
    assert desk.refused("colm-ferris", "refer", body) == "consent-missing"
    body["consent"] = {"status": "overridden", "basis": "s.115", "by": "Sgt Ferris"}
    assert desk.done("colm-ferris", "refer", body).consent_status == "overridden"


def test_only_first_responders_refer_to_the_nrm() -> None:
    desk = Desk(lead_agency="the-mall", acting_lead="the-mall")
    body = {"destination": "nrm", "reason": "Held against her will.", "consent": GIVEN}
    assert desk.refused("joss-wimbley", "refer", body) == "not-a-referrer"


def test_a_form_takes_its_own_fields_alone(desk: Desk) -> None:
    body = {"destination": "marac", "reason": "High risk.", "consent": GIVEN}
    for fields, code in [
        ({"dash": 14}, "field-unknown"),
        ({"dash-score": 25}, "field-wrong"),
        ({"dash-score": True}, "field-wrong"),
        ({"repeat": "yes"}, "field-wrong"),
    ]:
        assert desk.refused("colm-ferris", "refer", body | {"fields": fields}) == code
    assert desk.done("colm-ferris", "refer", body | {"fields": {"dash-score": 14}}).facts == {"dash-score": 14}


def test_a_refused_form_names_every_field_that_does_not_do(desk: Desk) -> None:
    body = {"destination": "marac", "reason": "High risk.", "consent": GIVEN}
    answer = desk.does(
        "colm-ferris", "refer", body | {"fields": {"repeat": "yes", "dash-score": 25, "judgement": True}}
    )
    assert [(each.field, each.code) for each in answer.wrong] == [
        ("dash-score", "field-wrong"),
        ("repeat", "field-wrong"),
    ]
    assert "25" not in answer.message, "a value is never echoed"
    problem = views.refused(answer, body, desk.now, NOTHING_PERSONAL).body()
    assert [each["field"] for each in problem["errors"]] == ["/fields/dash-score", "/fields/repeat"]


def test_a_stale_version_changes_nothing_and_shows_what_stands(desk: Desk) -> None:
    sent = desk.sent("tcig")
    desk.done("ruth-pellow", "accept", {}, sent)
    answer = desk.does("ruth-pellow", "accept", {}, sent)
    assert (answer.kind, answer.referral.state.status) == ("stale", "accepted")


def test_a_closed_case_takes_no_step_of_a_referral(desk: Desk) -> None:
    draft = desk.done("colm-ferris", "draft", {"panel": "tcig", "reason": "Help.", "consent": GIVEN})
    desk.done("colm-ferris", "close", {"outcome": "behaviour-stopped", "reason": "It stopped."})
    assert desk.refused("colm-ferris", "send", {}, draft) == "case-closed"


def test_a_command_that_a_demonstration_lays_in_the_past_starts_its_clock_there(desk: Desk) -> None:
    desk.given_at = desk.now - 3 * HOUR
    sent = desk.sent("tcig")
    desk.given_at = None
    assert (sent.sent_at, sent.clock[0].at) == (desk.now - 3 * HOUR, desk.now - 3 * HOUR)
