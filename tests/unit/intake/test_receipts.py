"""A receipt follows each decision, and what was drawn from other senders' records never goes to a plain key."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.codes import ReportStatus
from schemas.events import Actor, CaseClosed, CaseReopened, ReportFacts, ReportTriaged, ReviewRequested
from schemas.personal import seal
from schemas.receipt_events import ReportFreed, ReportHeld, ReportQuarantined
from services.intake.domain import quarantine, receipts
from services.intake.domain.receiving import Report, report_id
from services.intake.stage import IntakeStage
from services.intake.views import receipt
from services.kernel.decision import Context, Decision
from services.kernel.holding import KeyFreed, KeyHeld
from services.partnership.loading import load_partnership

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "source:p/1"
OTHERS = "R-7CK-4WN-2QP"
ENTITLED = {"code": "marac-repeat", "count": 3, "within_days": 365, "reports": [OTHERS], "destination": "marac"}
DECISION = {
    "themes": ["domestic-abuse-osse"],
    "lead_agency": "luton-council-public-health",
    "disposition": "needs-case",
    "flags": ["repeat-victim", "repeat-place"],
    "panels": ["mash"],
    "confidence": 0.9,
    "rule_set": "x",
    "rules": ["entitlements/marac-repeat"],
    "entitlements": [ENTITLED],
}
BECAUSE = [{"rule": "entitlements/marac-repeat", "field": "people", "text": None}]


def facts(revision: int = 1) -> ReportFacts:
    return ReportFacts(
        report_id=report_id("p", "1"),
        reference="R-222-222-222",
        revision=revision,
        partner="p",
        source_id="1",
        channel="partner",
        received_at=AT,
    )


def known(**changes: Any) -> Report:
    return Report(facts=facts(), content_hash="x", updated_at=AT).model_copy(update=changes)


def event(made: type[ReportTriaged | ReviewRequested] = ReportTriaged, revision: int = 1, **changes: Any) -> Any:
    body = {"report": facts(revision), "decision": DECISION | changes, "decided_at": AT + timedelta(minutes=revision)}
    hub = Actor(kind="hub", id="triage", name="The hub")
    personal = seal({"because": BECAUSE, "reason": "What a colleague wrote of her."})
    return made.model_validate(body | {"decided_by": hub, "personal": personal})


@pytest.fixture(scope="module")
def context() -> Context:
    stage = IntakeStage(load_partnership(Path("partnerships/luton")))
    return Context(AT + timedelta(hours=1), UUID(int=2), stage._rules)


def after(before: Report, body: Any, context: Context) -> Report:
    made: Report = receipts.decided({KEY: before}, body, context).state[KEY]
    return made


def test_a_plain_key_gets_no_word_of_other_senders_records(context: Context) -> None:
    report = after(known(), event(), context).model_copy(update={"case_reference": "C-222-222-222"})
    words = str(receipt(report, with_decision=False))
    for leak in ("repeat-", OTHERS, "marac", "C-222", "entitlements", "because", "decision", "mash", "wrote of her"):
        assert leak not in words


def test_a_key_with_the_scope_gets_the_decision_but_never_what_a_colleague_wrote(context: Context) -> None:
    found = receipt(after(known(), event(), context), with_decision=True)
    assert found["decision"]["flags"] == ["repeat-victim", "repeat-place"]
    assert found["decision"]["because"] == BECAUSE
    assert "wrote of her" not in str(found)
    assert OTHERS not in str(found)


def test_a_correction_is_decided_anew_on_the_receipt(context: Context) -> None:
    first = after(known(), event(), context)
    corrected = first.model_copy(update={"facts": facts(2), "status": ReportStatus.RECEIVED})
    waiting = after(corrected, event(ReviewRequested, 2, disposition="review"), context)
    assert (waiting.status, waiting.decided_at) == (ReportStatus.IN_REVIEW, AT + timedelta(minutes=2))
    assert after(waiting, event(ReportTriaged, 2), context).status is ReportStatus.ROUTED


def test_the_decision_on_an_older_revision_and_on_a_withdrawn_report_changes_nothing(context: Context) -> None:
    assert receipts.decided({KEY: known(facts=facts(2))}, event(), context).state == {}
    assert receipts.decided({KEY: known(withdrawn=True)}, event(), context).state == {}


CASE = json.loads((Path("schemas/examples/CaseClosed.v1") / "minimal.json").read_text())


def ended(made: type[CaseClosed | CaseReopened], before: Report, context: Context) -> Report:
    body = made.model_validate(CASE)
    after: Report = receipts.case_changed({KEY: before}, body, context).state[KEY]
    return after


def test_a_correction_to_a_report_of_a_closed_case_leaves_it_closed_until_the_case_is_opened_again(
    context: Context,
) -> None:
    case = CaseClosed.model_validate(CASE).case
    closed = ended(CaseClosed, after(known(case_id=case.case_id), event(), context), context)
    assert (closed.status, closed.closed_reason) == (ReportStatus.CLOSED, case.outcome or "closed")
    corrected = closed.model_copy(
        update={"facts": facts(2), "status": ReportStatus.RECEIVED, "closed_reason": None}
    )  # as `receiving` leaves it
    again = after(corrected, event(ReportTriaged, 2), context)
    assert (again.status, again.closed_reason) == (ReportStatus.CLOSED, closed.closed_reason)
    reviewed = after(corrected, event(ReviewRequested, 2, disposition="review"), context)
    assert (reviewed.status, reviewed.closed_reason) == (ReportStatus.IN_REVIEW, None)
    reopened = ended(CaseReopened, again, context)
    assert (reopened.status, reopened.closed_reason) == (ReportStatus.ROUTED, None)
    assert after(reopened, event(ReportTriaged, 2), context).status is ReportStatus.ROUTED


ID = report_id("p", "1")


def held(before: Report, body: quarantine.Told, context: Context) -> Decision:
    return quarantine.changed({KEY: before}, body, context)


def test_a_held_report_is_quarantined_with_words_for_its_sender_and_waits_again_after_the_repair(
    context: Context,
) -> None:
    decision = held(known(), ReportHeld(report_id=ID, at=AT), context)
    report = decision.state[KEY]
    assert (report.status, report.reason) == (ReportStatus.QUARANTINED, quarantine.REASON)
    assert decision.tallies == {"waiting": -1, "status/quarantined": 1}
    (event,) = decision.events
    assert (event.topic, event.key, type(event.body)) == ("reports-partner", str(ID), ReportQuarantined)
    freed = held(report, ReportFreed(report_id=ID, at=AT), context)
    assert (freed.state[KEY].status, freed.state[KEY].reason) == (ReportStatus.RECEIVED, None)
    assert (freed.tallies, freed.events) == ({"status/quarantined": -1, "waiting": 1}, ())


def test_a_case_that_is_asked_for_is_told_as_opened_until_it_is_known_to_be_joined() -> None:
    def told(report: Report) -> Any:
        return receipt(report, with_decision=True)["decision"]["disposition"]

    decided = known(decision=DECISION)
    assert told(decided) == "open-case"
    assert told(decided.model_copy(update={"case_disposition": "join-case"})) == "join-case"
    assert told(known(decision=DECISION | {"disposition": "review"})) == "review"


def test_a_decision_that_comes_before_the_word_of_the_repair_stands(context: Context) -> None:
    quarantined = known(status=ReportStatus.QUARANTINED, reason=quarantine.REASON)
    routed = after(quarantined, event(), context)
    assert routed.status is ReportStatus.ROUTED
    assert held(routed, ReportFreed(report_id=ID, at=AT), context).state == {}


@pytest.mark.parametrize("status", [ReportStatus.ROUTED, ReportStatus.IN_REVIEW, ReportStatus.CLOSED])
def test_a_report_that_was_decided_is_not_quarantined_by_what_comes_behind_it(
    status: ReportStatus, context: Context
) -> None:
    assert held(known(status=status), ReportHeld(report_id=ID, at=AT), context) == Decision()


def test_a_decision_that_intake_itself_cannot_read_quarantines_its_report_alone(context: Context) -> None:
    own = KeyHeld(topic="decisions", key=str(ID))
    assert held(known(), own, context).state[KEY].status is ReportStatus.QUARANTINED
    quarantined = known(status=ReportStatus.QUARANTINED)
    assert held(quarantined, KeyFreed(topic="decisions", key=str(ID)), context).state
    for other in (KeyHeld(topic="decisions", key="nothing"), KeyHeld(topic="cases", key=str(ID))):
        assert quarantine.report_of(other) is None
        assert held(known(), other, context) == Decision()
