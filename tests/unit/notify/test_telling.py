"""Who is told what, and what follows when a delivery fails: the committed examples through notify's pure decision."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.case_life import (
    CaseSplit,
    PersonChanged,
    ReportCorrected,
    ReportTakenBack,
    TaskAdded,
    TaskEscalated,
    TaskReminded,
)
from schemas.events import (
    EVENTS,
    CaseAssigned,
    CaseClosed,
    CaseEvent,
    CaseOpened,
    CaseReopened,
    CaseRerouted,
    EarlierDecision,
    Event,
    NotificationFailed,
    NotificationSent,
    ReferralAccepted,
    ReferralConcluded,
    ReferralDeclined,
    ReferralEscalated,
    ReferralSent,
    ReportJoined,
    ReportReceived,
    ReportTriaged,
    ReviewOverdue,
)
from schemas.personal import seal
from schemas.receipt_events import BatchDone, ReportQuarantined
from schemas.referral_events import ReferralAdvanced, ReferralApproved
from services.kernel.testing import MemoryLoop
from services.notify.domain.state import CaseLinks, Notification, Rules
from services.notify.domain.telling import ATTEMPTS
from services.notify.messages import Delivery, DeliveryTried, SetWebhook
from services.notify.stage import NotifyStage
from services.partnership.loading import load_partnership
from services.partnership.models import Partnership

ROOT = Path(__file__).parents[3]
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(scope="module")
def partnership() -> Partnership:
    return load_partnership(ROOT / "partnerships" / "luton")


@pytest.fixture
def loop(partnership: Partnership) -> Iterator[MemoryLoop]:
    rules = Rules(partnership, "http://hub")
    yield MemoryLoop(NotifyStage(rules), rules)


def example(event: type[Event], name: str = "full") -> Any:
    text = (ROOT / "schemas" / "examples" / f"{event.TYPE}.v1" / f"{name}.json").read_text()
    return event.model_validate_json(text)


def case_event(event: type[CaseEvent], name: str = "full", **case: Any) -> Any:
    read = example(event, name)
    return read.model_copy(update={"case": read.case.model_copy(update=case)})


def told(loop: MemoryLoop) -> set[str]:
    return {value.state.recipient for value in loop.state.values() if isinstance(value, Notification)}


def deliveries(loop: MemoryLoop) -> list[Delivery]:
    return [job.payload for job in loop.jobs if isinstance(job.payload, Delivery)]


def test_a_case_of_high_risk_reaches_its_leads_who_acts_first_and_the_duty_manager(loop: MemoryLoop) -> None:
    loop.send(case_event(CaseOpened, risk="high", joint_leads=("luton-council",), act_first=("probation",)), "case")
    assert told(loop) == {"bedfordshire-police", "luton-council", "probation", "helen-strood"}


def test_an_address_is_written_to_once_for_one_event(loop: MemoryLoop, partnership: Partnership) -> None:
    loop.send(case_event(CaseOpened, risk="high", act_first=("bedfordshire-police", "mash", "luton-council")), "case")
    addresses = [delivery.address for delivery in deliveries(loop)]
    assert len(addresses) == len(set(addresses))


def test_the_same_event_twice_tells_once(loop: MemoryLoop) -> None:
    for _ in range(2):
        loop.send(case_event(CaseOpened), "case", message_id=UUID(int=7))
    assert len(deliveries(loop)) == len({delivery.notification_id for delivery in deliveries(loop)})


def test_a_historic_report_tells_nobody(loop: MemoryLoop) -> None:
    triaged = example(ReportTriaged)
    historic = triaged.report.model_copy(update={"historic": True, "danger_now": True})
    loop.send(triaged.model_copy(update={"report": historic}), "report")
    assert not loop.jobs


def test_danger_now_tells_who_acts_first_and_the_duty_manager_before_any_case(loop: MemoryLoop) -> None:
    triaged = example(ReportTriaged)
    danger = triaged.report.model_copy(update={"danger_now": True})
    loop.send(triaged.model_copy(update={"report": danger}), "report")
    assert {"luton-council", "bedfordshire-police", "helen-strood"} <= told(loop)


def test_words_that_are_sent_hold_a_reference_and_a_link_and_no_personal_data(loop: MemoryLoop) -> None:
    for event in (event for event in EVENTS if issubclass(event, CaseEvent)):
        loop.send(example(event), "case")
    words = " ".join(f"{delivery.subject} {delivery.body}" for delivery in deliveries(loop)).lower()
    assert "c-4tk-9xm-3qf" in words
    assert not any(secret in words for secret in ("rook", "drinking", "george street", "town centre", "child"))


def test_a_person_is_not_told_of_what_she_did_herself(loop: MemoryLoop) -> None:
    loop.send(case_event(CaseAssigned, owner="asha-venn"), "case")
    assert "asha-venn" not in told(loop)
    loop.send(case_event(CaseAssigned, owner="colm-ferris"), "case")
    assert "colm-ferris" in told(loop)


def test_the_old_lead_is_told_when_a_case_goes_elsewhere(loop: MemoryLoop) -> None:
    loop.send(case_event(CaseRerouted), "case")
    assert {"bedfordshire-police", "luton-council"} <= told(loop)


def test_a_referral_reaches_its_panel_and_silence_reaches_the_duty_manager(loop: MemoryLoop) -> None:
    loop.send(example(ReferralSent), "case")
    assert "ruth-pellow" in told(loop)
    loop.send(example(ReferralEscalated), "case")
    assert "helen-strood" in told(loop)


@pytest.mark.parametrize(("safe", "expected"), [("yes", True), ("no", False), ("unknown", False), (None, False)])
def test_a_reporter_is_written_to_only_by_a_channel_that_she_called_safe(
    loop: MemoryLoop, safe: str | None, expected: bool
) -> None:
    contact = {"email": "someone@example.invalid"} | ({"safe": safe} if safe else {})
    people = [{"role": "reporter", "contact": contact}]
    report = example(ReportReceived)
    loop.send(report.model_copy(update={"personal": seal({"people": people})}), "report")
    assert ("reporter" in told(loop)) is expected


SHE = "She@home.invalid"


def reporter(safe: str, role: str = "reporter", email: str = SHE) -> dict[str, Any]:
    return {"role": role, "name": "Ann X", "contact": {"email": email, "safe": safe}}


def opened_for(loop: MemoryLoop, *people: dict[str, Any]) -> Any:
    """A case was opened for a report that those people are in, and whose reporter wants to hear of it."""
    opened = example(CaseOpened)
    report = opened.report.model_copy(update={"wants_updates": True})
    opened = opened.model_copy(update={"report": report, "personal": seal({"people": people})})
    loop.send(opened, "case")
    return opened


def of_person(opened: Any, person: dict[str, Any]) -> PersonChanged:
    """A caseworker says on the case what is now known of a person."""
    changed = example(PersonChanged)
    state = changed.person.model_copy(update={"role": person["role"], "safe": person["contact"]["safe"]})
    words = seal({"person": person, "reason": "He reads her mail."})
    made: PersonChanged = changed.model_copy(update={"case": opened.case, "person": state, "personal": words})
    return made


def closes(loop: MemoryLoop) -> list[Delivery]:
    """The case is closed; what its reporters are sent."""
    loop.send(example(CaseClosed), "case")
    return [each for each in deliveries(loop) if each.address == SHE]


def test_a_reporter_hears_that_her_case_is_closed_by_her_own_reference_and_the_publics_page(loop: MemoryLoop) -> None:
    opened = opened_for(loop, reporter("yes"))
    (mail,) = closes(loop)
    assert opened.report.reference in mail.subject
    assert "http://hub/report/status" in mail.body
    assert opened.case.reference not in f"{mail.subject} {mail.body}"
    assert [job.subject for job in loop.jobs if job.payload is mail] == [opened.report.reference]


@pytest.mark.parametrize(
    "person", [reporter("no", email=SHE.lower()), reporter("no", email=""), reporter("no", "victim")]
)
def test_nobody_is_written_to_whom_a_caseworker_found_not_safe(loop: MemoryLoop, person: dict[str, Any]) -> None:
    loop.send(of_person(opened_for(loop, reporter("yes")), person), "case")
    assert closes(loop) == []


def test_an_address_that_is_not_safe_for_another_does_not_bar_the_reporters(loop: MemoryLoop) -> None:
    loop.send(of_person(opened_for(loop, reporter("yes")), reporter("no", "victim", "other@home.invalid")), "case")
    assert len(closes(loop)) == 1


@pytest.mark.parametrize("later", [("no",), ("no", "yes")])
def test_one_report_of_the_case_that_says_not_safe_is_enough(loop: MemoryLoop, later: tuple[str, ...]) -> None:
    opened = opened_for(loop, reporter("yes"))
    for number, safe in enumerate(later):
        joined = example(ReportJoined)
        report = opened.report.model_copy(update={"reference": f"R-{number}"})
        words = seal({"people": [reporter(safe)]})
        loop.send(joined.model_copy(update={"case": opened.case, "report": report, "personal": words}), "case")
    assert closes(loop) == []


def test_an_address_that_one_report_calls_safe_and_not_safe_is_not_written_to(loop: MemoryLoop) -> None:
    opened_for(loop, reporter("yes"), reporter("no", "victim"))
    assert closes(loop) == []


def test_who_took_her_report_back_is_not_told_that_the_case_is_closed(loop: MemoryLoop) -> None:
    opened = opened_for(loop, reporter("yes"))
    back = example(ReportTakenBack)
    told_back = {"case": opened.case, "report": opened.report, "personal": opened.personal}
    loop.send(back.model_copy(update=told_back), "case")
    assert closes(loop) == []


def test_links_that_were_kept_before_addresses_were_barred_still_load() -> None:
    old = {"case_id": str(UUID(int=1)), "reports": []}
    assert CaseLinks.model_validate(old).unsafe == ()


def test_a_partners_system_hears_of_its_own_reports_only(loop: MemoryLoop) -> None:
    for partner in ("contact-centre", "housing"):
        loop.send(SetWebhook(partner=partner, url="http://partner.invalid/hook", secret=SECRET), partner)
    loop.send(example(CaseOpened), "case")
    loop.send(example(CaseClosed), "case")
    sent = [delivery for delivery in deliveries(loop) if delivery.secret]
    assert [delivery.subject for delivery in sent] == ["report.closed"]
    assert '"source_id": "call-1"' in sent[0].body


def test_whose_report_was_split_off_is_not_told_that_her_matter_is_closed_when_the_old_case_is(
    loop: MemoryLoop,
) -> None:
    listening(loop, "contact-centre")
    opened = example(CaseOpened)
    loop.send(opened, "case")
    gone = {"from": opened.case.reference, "into": "C-222-222-222", "reports": [opened.report.reference]}
    split = example(CaseSplit)
    loop.send(split.model_copy(update={"case": opened.case, "changed": gone, "report": None}), "case")
    loop.send(example(CaseClosed), "case")
    assert signed(loop) == []


def listening(loop: MemoryLoop, *partners: str) -> None:
    for partner in partners:
        loop.send(SetWebhook(partner=partner, url=f"http://{partner}.invalid/hook", secret=SECRET), partner)


def signed(loop: MemoryLoop) -> list[tuple[str, str, dict[str, Any]]]:
    """Address, type and data of every webhook."""
    sent = [delivery for delivery in deliveries(loop) if delivery.secret]
    return [(each.address, each.subject, json.loads(each.body)["data"]) for each in sent]


def test_a_quarantined_report_and_a_finished_file_are_told_to_their_sender_alone(loop: MemoryLoop) -> None:
    listening(loop, "contact-centre", "police", "housing")
    loop.send(example(ReportQuarantined), "report")
    loop.send(example(BatchDone), "batch")
    counts = {"format": "hub", "rows": 3, "accepted": 1, "duplicate": 1, "rejected": 1}
    assert signed(loop) == [
        (
            "http://contact-centre.invalid/hook",
            "report.quarantined",
            {"reports": [{"reference": "R-7CK-4WN-2QP", "source_id": "call-1"}]},
        ),
        ("http://police.invalid/hook", "batch.done", {"batch": "B-7CK-4WN-2QP", "status": "done", **counts}),
    ]


def test_nobody_is_told_of_a_historic_report_that_is_quarantined(loop: MemoryLoop) -> None:
    listening(loop, "contact-centre")
    found = example(ReportQuarantined)
    loop.send(found.model_copy(update={"report": found.report.model_copy(update={"historic": True})}), "report")
    assert signed(loop) == []


@pytest.mark.parametrize(
    ("event", "word"),
    [
        (ReferralSent, "referral.sent"),
        (ReferralAccepted, "referral.answered"),
        (ReferralDeclined, "referral.answered"),
        (ReferralConcluded, "referral.concluded"),
    ],
)
def test_a_referral_is_told_to_the_systems_of_its_two_agencies_that_agreed_to_it_and_to_no_other(
    loop: MemoryLoop, event: type[CaseEvent], word: str
) -> None:
    listening(loop, "police", "contact-centre", "housing", "mall", "council-csas")
    sent = example(event)
    agencies = {"from_agency": "the-mall", "to_agency": "bedfordshire-police"}
    sent = sent.model_copy(update={"referral": sent.referral.model_copy(update=agencies)})
    loop.send(sent, "case")
    ((address, type_, data),) = signed(loop)
    assert (address, type_) == ("http://police.invalid/hook", word)
    assert set(data["referral"]) == {"reference", "case", "status", "panel", "destination"}


def test_a_referral_is_not_told_to_the_receiving_agencys_system_while_it_is_private(loop: MemoryLoop) -> None:
    listening(loop, "police")
    approved = example(ReferralApproved)
    private = {"from_agency": "the-mall", "to_agency": "bedfordshire-police", "private_to": "the-mall"}
    for event in (approved, example(ReferralSent)):
        state = event.referral.model_copy(update=private)
        loop.send(event.model_copy(update={"referral": state}), "case")
    assert signed(loop) == []


def test_whose_desk_a_gateway_passes_a_referral_on_to_is_told(loop: MemoryLoop) -> None:
    advanced = example(ReferralAdvanced)
    loop.send(advanced, "case")
    assert told(loop) == set()
    passed = {"to_agency": {"old": "bedfordshire-police", "new": "luton-council"}}
    referral = advanced.referral.model_copy(update={"to_agency": "luton-council"})
    loop.send(advanced.model_copy(update={"changed": advanced.changed | passed, "referral": referral}), "case")
    assert "luton-council" in told(loop)


def test_silence_reaches_the_duty_manager_of_the_panel_that_was_silent(loop: MemoryLoop) -> None:
    changed = {"before": "pauline-achter", "step": "duty-manager"}
    loop.send(example(ReferralEscalated).model_copy(update={"changed": changed}), "case")
    assert told(loop) == {"pauline-achter"}


@pytest.mark.parametrize("event", [TaskAdded, TaskReminded, TaskEscalated])
@pytest.mark.parametrize("owner", ["colm-ferris", None])
def test_a_task_of_an_agency_is_told_to_the_agency_and_not_to_the_cases_owner(
    loop: MemoryLoop, event: type[CaseEvent], owner: str | None
) -> None:
    given = case_event(event, owner=owner)
    task = given.task.model_copy(update={"person": None, "agency": "probation"})
    loop.send(given.model_copy(update={"task": task}), "case")
    assert told(loop) - {"helen-strood"} == {"probation"}


@pytest.mark.parametrize(
    ("gone", "others"),
    [
        ({"owner": "nobody-here"}, {"probation", "luton-council"}),
        ({"lead_agency": "no-agency"}, {"luton-council"}),
        ({"act_first": ("no-agency", "luton-council")}, {"probation", "luton-council"}),
    ],
)
def test_the_duty_manager_stands_in_for_who_is_not_in_the_files_and_the_others_are_told(
    loop: MemoryLoop, gone: dict[str, Any], others: set[str]
) -> None:
    case: dict[str, Any] = {"owner": None, "risk": "standard", "lead_agency": "probation", "joint_leads": ()}
    case |= {"act_first": ("luton-council",)} | gone
    loop.send(case_event(CaseOpened, **case), "case")
    loop.send(case_event(CaseReopened, **case), "case")
    assert told(loop) == {"helen-strood"} | others


def test_a_panel_that_is_not_in_the_files_any_more_stops_nothing(loop: MemoryLoop) -> None:
    sent = example(ReferralSent)
    loop.send(sent.model_copy(update={"referral": sent.referral.model_copy(update={"panel": "no-panel"})}), "case")
    assert "helen-strood" in told(loop)


def first(loop: MemoryLoop) -> UUID:
    loop.send(case_event(CaseOpened), "case")
    return deliveries(loop)[0].notification_id


def test_a_delivery_is_reported_once(loop: MemoryLoop) -> None:
    notification_id = first(loop)
    loop.send(DeliveryTried(notification_id=notification_id, status="delivered"), "x", origin="result")
    assert isinstance(loop.events[-1].body, NotificationSent)
    assert loop.events[-1].body.notification.attempts == 1


def test_a_temporary_failure_is_tried_again_at_once_then_spaced_and_given_up_at_the_limit(loop: MemoryLoop) -> None:
    notification_id, before = first(loop), len(loop.jobs)
    for _ in range(ATTEMPTS["mail"]):
        loop.send(DeliveryTried(notification_id=notification_id, status="temporary-failure"), "x", origin="result")
    again = loop.jobs[before:]
    assert len(again) == ATTEMPTS["mail"] - 1
    assert again[0].due_at == loop.now
    assert again[1].due_at == loop.now + timedelta(seconds=300)
    assert isinstance(loop.events[-1].body, NotificationFailed)


def test_a_permanent_failure_is_given_up_at_once_with_its_reason(loop: MemoryLoop) -> None:
    tried = DeliveryTried(notification_id=first(loop), status="permanent-failure", reason="smtp-550")
    loop.send(tried, "x", origin="result")
    failed = loop.events[-1].body
    assert isinstance(failed, NotificationFailed)
    assert failed.reason == "smtp-550"


def fails_for_good(loop: MemoryLoop, recipient: str) -> list[Delivery]:
    """That recipient's mail is refused for good; what is sent for it."""
    kept = next(
        each for each in loop.state.values() if getattr(each, "state", None) and each.state.recipient == recipient
    )
    before = len(loop.jobs)
    tried = DeliveryTried(notification_id=kept.state.notification_id, status="permanent-failure")
    loop.send(tried, "x", origin="result")
    return deliveries(loop)[before:]


def test_the_duty_contact_hears_of_a_mail_that_cannot_wait_and_reached_nobody_and_of_no_second_one(
    loop: MemoryLoop,
) -> None:
    opened = case_event(CaseOpened, risk="high")
    loop.send(opened, "case")
    (mail,) = fails_for_good(loop, "bedfordshire-police")
    assert mail.address == "duty@hub.luton-csp.invalid"
    assert mail.body.count(f"http://hub/cases/{opened.case.reference}\n") == 1
    assert fails_for_good(loop, "duty-contact") == []


def test_a_mail_that_can_wait_is_given_up_without_another(loop: MemoryLoop) -> None:
    loop.send(case_event(CaseOpened, risk="standard"), "case")
    assert fails_for_good(loop, "bedfordshire-police") == []


def hook_tried(loop: MemoryLoop, url: str | None, secret: str | None) -> list[Delivery]:
    """A webhook fails for now, after operations staff named another address or none; the next attempt."""
    listening(loop, "contact-centre")
    loop.send(example(ReportTriaged), "report")
    loop.send(SetWebhook(partner="contact-centre", url=url, secret=secret), "contact-centre")
    sent, before = next(each for each in deliveries(loop) if each.secret), len(loop.jobs)
    tried = DeliveryTried(notification_id=sent.notification_id, status="temporary-failure")
    loop.send(tried, "x", origin="result")
    return deliveries(loop)[before:]


def test_a_webhook_is_tried_again_where_its_partner_listens_now(loop: MemoryLoop) -> None:
    (again,) = hook_tried(loop, "http://elsewhere.invalid/", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
    assert (again.address, again.secret) == ("http://elsewhere.invalid/", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD")


def test_a_webhook_to_a_partner_that_listens_no_more_is_given_up(loop: MemoryLoop) -> None:
    assert hook_tried(loop, None, None) == []
    failed = loop.events[-1].body
    assert isinstance(failed, NotificationFailed)
    assert failed.reason == "not-listening"


def test_nothing_is_tried_again_after_three_days(loop: MemoryLoop) -> None:
    notification_id = first(loop)
    loop.now += timedelta(days=3)
    loop.send(DeliveryTried(notification_id=notification_id, status="technical-failure"), "x", origin="result")
    assert isinstance(loop.events[-1].body, NotificationFailed)


def test_a_corrected_report_tells_the_new_and_the_old_lead_where_the_lead_changed(loop: MemoryLoop) -> None:
    changed = {"lead_agency": {"old": "probation", "new": "bedfordshire-police"}}
    loop.send(case_event(ReportCorrected, owner=None).model_copy(update={"changed": changed}), "case")
    assert {"bedfordshire-police", "probation"} <= told(loop)


def test_a_corrected_report_whose_lead_stays_tells_no_other_agency(loop: MemoryLoop) -> None:
    loop.send(case_event(ReportCorrected, owner=None).model_copy(update={"changed": {}}), "case")
    assert told(loop) == {"bedfordshire-police"}


@pytest.mark.parametrize("event", [ReportCorrected, ReportJoined])
@pytest.mark.parametrize("risk", ["high", "standard"])
def test_who_acts_first_only_since_a_report_says_more_hears_of_the_case_and_who_knew_of_it_does_not(
    loop: MemoryLoop, risk: str, event: type[CaseEvent]
) -> None:
    changed = {"act_first": {"old": ["the-mall"], "new": ["the-mall", "probation", "bedfordshire-police"]}}
    more = case_event(event, owner=None, risk=risk, act_first=()).model_copy(update={"changed": changed})
    loop.send(more, "case")
    lead = {"bedfordshire-police"} if risk == "high" or event is ReportCorrected else set()
    assert told(loop) - {"helen-strood"} == lead | {"probation"}
    templates = {each.state.recipient: each.state.template for each in loop.state.values() if hasattr(each, "state")}
    opened = "case-opened-high@1" if risk == "high" else "case-opened@1"
    assert templates.pop("helen-strood", "case-changed@1") == "case-changed@1"
    assert templates == dict.fromkeys(lead, "case-changed@1") | {"probation": opened}


@pytest.mark.parametrize(
    ("before", "after", "alarmed"), [("standard", "high", True), ("high", "high", False), ("high", "medium", False)]
)
def test_a_correction_that_makes_a_case_high_reaches_whom_a_high_case_reaches(
    loop: MemoryLoop, before: str, after: str, *, alarmed: bool
) -> None:
    changed = {} if before == after else {"risk": {"old": before, "new": after}}
    event = case_event(ReportCorrected, owner=None, risk=after, act_first=("probation",))
    loop.send(event.model_copy(update={"changed": changed}), "case")
    assert ({"probation", "helen-strood"} <= told(loop)) is alarmed


def test_of_reports_that_join_a_case_nobody_took_its_lead_hears_where_it_grows_graver(loop: MemoryLoop) -> None:
    loop.send(case_event(ReportJoined, owner=None, risk="standard").model_copy(update={"changed": {}}), "case")
    assert told(loop) == set()
    graver = {"risk": {"old": "standard", "new": "medium"}}
    loop.send(case_event(ReportJoined, owner=None, risk="medium").model_copy(update={"changed": graver}), "case")
    assert told(loop) == {"bedfordshire-police"}


@pytest.mark.parametrize(
    ("so", "before", "alarmed"), [(True, "high", False), (True, "standard", True), (False, "standard", False)]
)
def test_a_report_that_a_signs_answer_made_be_decided_again_rings_only_where_its_risk_rose(
    loop: MemoryLoop, *, so: bool, before: str, alarmed: bool
) -> None:
    triaged = example(ReportTriaged)
    danger = triaged.report.model_copy(update={"danger_now": True, "partner": None})
    decision = triaged.decision.model_copy(update={"risk": "high"})
    earlier = EarlierDecision.model_validate({"revision": 1, "disposition": "needs-case", "risk": before})
    answered = triaged.answered.model_copy(update={"confirmed": so})
    again = {"report": danger, "decision": decision, "earlier": earlier, "linked": None, "answered": answered}
    loop.send(triaged.model_copy(update=again), "report")
    assert bool(told(loop)) is alarmed


def test_a_review_that_nobody_answered_is_the_duty_managers(loop: MemoryLoop) -> None:
    loop.send(example(ReviewOverdue, "minimal"), "report")
    assert told(loop) == {"helen-strood"}


def test_a_withdrawn_report_raises_no_alarm_again(loop: MemoryLoop) -> None:
    triaged = example(ReportTriaged)
    danger = triaged.report.model_copy(update={"danger_now": True, "partner": None})
    loop.send(triaged.model_copy(update={"report": danger, "withdrawn": True}), "report")
    assert told(loop) == set()


@pytest.mark.parametrize(("before", "alarmed"), [("high", False), ("standard", True)])
def test_a_report_that_a_later_one_made_be_decided_again_rings_only_where_its_risk_rose(
    loop: MemoryLoop, before: str, alarmed: bool
) -> None:
    triaged = example(ReportTriaged)
    danger = triaged.report.model_copy(update={"danger_now": True, "partner": None})
    decision = triaged.decision.model_copy(update={"risk": "high"})
    earlier = EarlierDecision.model_validate({"revision": 1, "disposition": "needs-case", "risk": before})
    again = {"report": danger, "decision": decision, "earlier": earlier, "linked": "R-222-222-222"}
    loop.send(triaged.model_copy(update=again), "report")
    assert bool(told(loop)) is alarmed


def test_a_sender_is_not_told_of_the_second_matter_that_a_split_made_of_its_report(loop: MemoryLoop) -> None:
    triaged = example(ReportTriaged)
    loop.send(SetWebhook(partner="mall", url="http://x", secret=SECRET), "mall")
    first = triaged.report.model_copy(update={"partner": "mall"})
    loop.send(triaged.model_copy(update={"report": first}), "first")
    sent = len(deliveries(loop))
    second = first.model_copy(update={"split_from": first.reference})
    loop.send(triaged.model_copy(update={"report": second}), "second")
    assert (sent, len(deliveries(loop))) == (1, 1)
