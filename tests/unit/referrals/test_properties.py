"""Whatever people do in whatever order: a case has somebody before it, clocks keep their time, the ladder its law."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.codes import CaseStatus
from schemas.events import ReferralState
from services.partnership.calendars import minutes_between
from services.referrals.domain import clocks
from services.referrals.domain.routes import ENDED, PRIVATE, process_of, stage_of
from services.referrals.domain.state import OPEN_REFERRAL, Done, Refused
from tests.unit.referrals.conftest import GIVEN, LUTON, Desk
from tests.unit.referrals.test_ladder import OVERRIDE, TERMS, person

PEOPLE = ("colm-ferris", "ruth-pellow", "miriam-lunt", "jerome-tansley", "asha-venn", "helen-strood", "joss-wimbley")
ROUTES = ("mash", "gang-panel", "tcig", "nrm", "channel", "out-of-court-disposal-support")
BODIES: dict[str, tuple[dict[str, Any], ...]] = {
    "accept": ({}, {"owner": "asha-venn"}),
    "decline": ({"reason": "Not ours.", "next_lead": "probation"}, {"reason": "Not ours."}),
    "request-information": (
        {"agency": "probation", "question": "?"},
        {"agency": "bedfordshire-police", "question": "?"},
    ),
    "return-information": ({"answer": "Known."},),
    "rate": tuple({"rating": rating, "reason": "."} for rating in ("red", "amber", "green")),
    "schedule": ({"at": "2026-03-05T10:00:00Z"},),
    "discuss": ({"decision": "no-further-action", "reason": "."}, {"decision": "plan", "reason": "."}),
    "agree-plan": ({"lead_worker": "jerome-tansley", "plan": "."},),
    "review-plan": ({"note": "."},),
    "advance": (
        {"step": "score", "fields": {"risk-score": 40}},
        {"step": "tier", "fields": {"tier": "tier-1"}},
        {"step": "offer", "fields": {"course": ".", "taken": True}},
    ),
    "escalate": ({"panel": "mash", "reason": "."},),
    "conclude": ({"outcome": "done", "score": "partly"},),
    "withdraw": ({"code": "moved", "reason": "."},),
    "send": ({},),
    "discard": ({},),
    "approve": ({},),
    "refuse-approval": ({"reason": "."},),
}
INSTRUMENTS = tuple(sorted({each.code for each in LUTON.instruments} - {"offer-of-support"}))
# The law once more, by hand and apart from the partnership's files (domain.md, section 4).
FROM_AGE = {"community-protection-warning": 16, "community-protection-notice": 16, "civil-injunction": 10}
MUST_PRECEDE = {"community-protection-notice": "community-protection-warning", "closure-order": "closure-notice"}
NEVER_HERE = ("criminal-behaviour-order", "dispersal")
POWERS = {
    "community-protection-notice": ("colm-ferris", "asha-venn"),
    "fixed-penalty-notice": ("colm-ferris",),
    "pspo-breach": ("colm-ferris", "joss-wimbley"),
    "closure-notice": ("asha-venn", "ruth-pellow"),
}
gaps = st.integers(0, 4 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
who = st.sampled_from(PEOPLE)
officers = st.sampled_from(["colm-ferris", "asha-venn", "joss-wimbley"])


class Casework(RuleBasedStateMachine):
    """Luton's people at one case."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(joint_leads=("the-mall", "luton-council-neighbourhood-services"))
        self.youth = person(self.desk, date_of_birth="2010-06-01")
        self.adult = person(self.desk, name="Another", date_of_birth="1980-06-01")
        self.unknown = person(self.desk, name="A third")
        # Everybody who commands here works for an agency that may see the case from the start.
        self.desk.done("colm-ferris", "take")

    def _does(self, name: str, command: str, body: dict[str, Any], on: ReferralState | None = None) -> None:
        before, events = dict(self.desk.state), len(self.desk.events)
        answer = self.desk.does(name, command, body, on)
        if isinstance(answer, Refused):
            assert (self.desk.state, len(self.desk.events)) == (before, events), "a refusal changed something"
        else:
            assert isinstance(answer, Done)
            assert len(self.desk.events) > events, "a command without an event"

    @rule(name=who, command=st.sampled_from(["take", "reopen", "close", "assign"]))
    def moves_the_case(self, name: str, command: str) -> None:
        bodies = {"close": {"outcome": "no-further-action", "reason": "."}, "reopen": {"reason": "."}}
        self._does(name, command, {"owner": "asha-venn"} if command == "assign" else bodies.get(command, {}))

    @rule(name=who, route=st.sampled_from(ROUTES), under_18=st.sampled_from([True, False, None]), draft=st.booleans())
    def refers(self, name: str, route: str, under_18: bool | None, draft: bool) -> None:
        kind = "panel" if route in {panel.code for panel in LUTON.panels} else "destination"
        body = {kind: route, "reason": "Help.", "consent": GIVEN, "under_18": under_18}
        self._does(name, "draft" if draft else "refer", body)

    @precondition(lambda self: self.desk.referrals)
    @rule(name=who, command=st.sampled_from(sorted(BODIES)), data=st.data())
    def moves_a_referral(self, name: str, command: str, data: st.DataObject) -> None:
        referral = data.draw(st.sampled_from(sorted(self.desk.referrals, key=lambda each: each.state.reference)))
        self._does(name, command, data.draw(st.sampled_from(BODIES[command])), referral.state)

    @rule(gap=gaps)
    def passes(self, gap: timedelta) -> None:
        self.desk.passes(gap)

    @rule(name=who, answer=st.sampled_from(["accepted", "refused", "no-answer"]), data=st.data())
    def offers(self, name: str, answer: str, data: st.DataObject) -> None:
        subject = data.draw(st.sampled_from([self.youth, self.adult, self.unknown]))
        self._does(name, "support", {"offered": "other", "answer": answer, "note": ".", "subject": subject})

    @rule(name=officers, instrument=st.sampled_from(INSTRUMENTS), override=st.booleans(), data=st.data())
    def takes_a_step(self, name: str, instrument: str, override: bool, data: st.DataObject) -> None:
        self._steps(name, instrument, {"override": OVERRIDE} if override else {}, data)

    @rule(name=officers, instrument=st.sampled_from(sorted(FROM_AGE)), data=st.data())
    def takes_a_step_that_has_an_age_over_the_local_order(
        self, name: str, instrument: str, data: st.DataObject
    ) -> None:
        self._steps(name, instrument, {"override": OVERRIDE}, data)

    def _steps(self, name: str, instrument: str, more: dict[str, Any], data: st.DataObject) -> None:
        terms = {"fields": TERMS} if instrument == "community-protection-warning" else {}
        subject = data.draw(st.sampled_from([self.youth, self.adult, self.unknown]))
        self._does(name, "steps", {"instrument": instrument, "reason": ".", "subject": subject} | terms | more)

    @precondition(lambda self: self.desk.case.ladder)
    @rule(name=who, data=st.data())
    def breaches(self, name: str, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from([str(each.step_id) for each in self.desk.case.ladder]))
        self._does(name, "breaches", {"step": step, "what": "."})

    @invariant()
    def the_case_and_every_open_referral_stand_before_somebody(self) -> None:
        case = self.desk.case.state
        assert case.lead_agency
        assert case.acting_lead
        for each in self.desk.referrals:
            if each.state.status in OPEN_REFERRAL:
                assert each.state.to_agency in self.desk.case.visible_to
                waits = (
                    each.state.status in PRIVATE or each.state.owner or each.state.escalated_to or _armed(self, each)
                )
                assert waits or each.state.status != "sent", "nobody will ever hear of its silence"

    @invariant()
    def no_clock_loses_time(self) -> None:
        for each in self.desk.referrals:
            ledger = each.state.clock
            if ledger:
                end = ledger[-1].at if clocks.state(ledger) == "stopped" else self.desk.now
                reading = clocks.read(ledger, self.desk.now, LUTON.working_time)
                hours = LUTON.working_time(clocks.grade(ledger).calendar)
                whole = minutes_between(each.state.sent_at, end, hours)
                assert abs(reading.counted + reading.paused - whole) < 1e-6

    @invariant()
    def a_referral_stands_in_a_stage_of_its_process_with_that_stages_status(self) -> None:
        for each in self.desk.referrals:
            if each.state.status not in PRIVATE and each.state.private_to is None:
                stage = stage_of(process_of(LUTON, each.state), each.state)
                assert stage.status == each.state.status
                stands = {"runs": "running", "stands": "paused", "stopped": "stopped"}[stage.clock]
                assert clocks.state(each.state.clock) == stands
                assert (each.state.ended_at is not None) == (each.state.status in ENDED)

    @invariant()
    def the_case_knows_its_open_referrals(self) -> None:
        open_now = [each for each in self.desk.referrals if each.state.status in OPEN_REFERRAL]
        assert self.desk.case.under_way == {each.state.referral_id: each.route for each in open_now}
        if self.desk.case.state.status is CaseStatus.CLOSED:
            assert open_now == []

    @invariant()
    def every_step_that_was_taken_had_what_the_law_asks(self) -> None:
        taken = self.desk.case.ladder
        for number, step in enumerate(taken):
            if step.breach_of is not None:
                assert any(each.step_id == step.breach_of for each in taken[:number])
                continue
            assert step.instrument not in NEVER_HERE, "nobody here was convicted, and no inspector gave an order"
            known = {self.youth: 15, self.adult: 45}.get(step.subject or "")
            assert _age_allows(step.instrument, known), step.instrument
            before = {each.instrument for each in taken[:number] if each.subject == step.subject and not each.breach_of}
            broken = {each.instrument for each in taken[:number] if each.subject == step.subject and each.breach_of}
            assert MUST_PRECEDE.get(step.instrument, step.instrument) in before | {step.instrument}
            assert step.instrument != "fixed-penalty-notice" or "community-protection-notice" in broken
            assert step.instrument not in POWERS or step.officer in POWERS[step.instrument]

    @invariant()
    def history_folds_to_the_current_state(self) -> None:
        sequences = [event.case.sequence for event in self.desk.events]
        assert sequences == list(range(1, len(sequences) + 1))
        if self.desk.events:
            assert self.desk.events[-1].case == self.desk.case.state
        last = {event.referral.referral_id: event.referral for event in self.desk.events if event.referral}
        assert last == {each.state.referral_id: each.state for each in self.desk.referrals}
        steps = [event.step for event in self.desk.events if event.step is not None]
        offers = [event.support for event in self.desk.events if event.support is not None]
        assert (tuple(steps), tuple(offers)) == (self.desk.case.ladder, self.desk.case.support)


def _age_allows(instrument: str, known: int | None) -> bool:
    if instrument not in FROM_AGE:
        return True
    return known is not None and known >= FROM_AGE[instrument]


def _armed(machine: Casework, referral: Any) -> bool:
    return ("referral-due", str(referral.state.referral_id), "") in machine.desk.timers


Casework.TestCase.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCasework = Casework.TestCase
