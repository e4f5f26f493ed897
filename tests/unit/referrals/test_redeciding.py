"""A report of a case that was decided again moves the case only where it is the case's own, and never lowers it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.codes import CaseStatus
from schemas.events import Actor, ReportDecided, ReportTriaged, ReviewRequested
from schemas.personal import seal
from services.kernel.decision import Context, Decision
from services.partnership.loading import load_partnership
from services.referrals.domain import redeciding, reports
from services.referrals.domain.state import Case, Rules

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
IDENTITY = UUID(int=5)
ASB, DOMESTIC = "asb-environmental", "domestic-abuse-osse"
NEIGHBOURHOOD, PUBLIC_HEALTH = "luton-council-neighbourhood-services", "luton-council-public-health"
HUB = Actor(kind="hub", id="triage", name="The hub")
ASHA = Actor(kind="person", id="asha-venn", name="Asha Venn", agency=NEIGHBOURHOOD)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(load_partnership(Path("partnerships/luton")))


def triaged(theme: str, lead: str, number: int = 5, **changes: Any) -> ReportTriaged:
    report = {"report_id": UUID(int=number), "reference": f"R-{number}", "source_id": "1", "channel": "101"}
    decision = {"themes": [theme], "lead_agency": lead, "acting_lead": lead, "disposition": "needs-case"}
    decision |= {"confidence": 1, "rule_set": "x"} | changes.pop("decision", {})
    made = {"report": report | {"received_at": AT}, "decision": decision, "decided_at": AT, "decided_by": HUB}
    return ReportTriaged.model_validate(made | {"personal": seal({})} | changes)


def corrected(theme: str, lead: str, **changes: Any) -> ReportTriaged:
    earlier = {"revision": 1, "themes": [ASB], "lead_agency": NEIGHBOURHOOD, "disposition": "needs-case"}
    return triaged(theme, lead, **({"earlier": earlier} | changes))


class Book:
    """The state of a few reports, decided one after another."""

    def __init__(self, rules: Rules) -> None:
        self.rules, self.state, self.cause = rules, dict[str, Any](), 0

    def takes(self, event: ReportDecided) -> Decision:
        """Decide and keep."""
        self.cause += 1
        made = reports.decided(self.state, event, Context(AT, UUID(int=self.cause << 8), self.rules))
        self.state |= made.state
        return made

    @property
    def cases(self) -> list[Case]:
        """All of them."""
        return [value for value in self.state.values() if isinstance(value, Case)]


@pytest.fixture
def book(rules: Rules) -> Book:
    made = Book(rules)
    made.takes(triaged(ASB, NEIGHBOURHOOD))
    return made


def test_a_case_of_one_report_follows_it_to_the_new_lead_and_has_no_owner_yet(book: Book) -> None:
    event = book.takes(corrected(DOMESTIC, PUBLIC_HEALTH)).events[0].body
    assert event.TYPE == "ReportCorrected"
    assert event.changed["lead_agency"] == {"old": NEIGHBOURHOOD, "new": PUBLIC_HEALTH}
    assert event.changed["themes"] == {"old": [ASB], "new": [DOMESTIC]}
    (case,) = book.cases
    assert (case.state.lead_agency, case.state.owner, case.visible_to) == (PUBLIC_HEALTH, None, (PUBLIC_HEALTH,))
    assert case.state.version == 2


@pytest.mark.parametrize(
    "held",
    [{"report_count": 2}, {"lead_agency": "bedfordshire-police"}, {"status": "closed"}],
    ids=["holds another report", "was sent elsewhere by a person", "is closed"],
)
def test_a_case_that_is_not_the_reports_own_stays_and_says_so(book: Book, held: dict[str, Any]) -> None:
    (case,) = book.cases
    key = f"case:{case.state.case_id}"
    book.state[key] = case.model_copy(update={"state": case.state.model_copy(update=held)})
    event = book.takes(corrected(DOMESTIC, PUBLIC_HEALTH)).events[0].body
    assert event.case.themes == (ASB,)
    assert event.case.lead_agency != PUBLIC_HEALTH
    assert event.case.version == 1
    assert "a person decides" in event.why


def test_risk_rises_with_a_correction_and_never_falls(book: Book) -> None:
    book.takes(corrected(ASB, NEIGHBOURHOOD, decision={"risk": "high", "flags": ["danger-now"]}))
    (case,) = book.cases
    assert (case.state.risk, case.state.danger_unacknowledged) == ("high", True)
    book.takes(corrected(ASB, NEIGHBOURHOOD, decision={"risk": "standard"}))
    assert book.cases[0].state.risk == "high"


def test_a_withdrawn_report_stays_in_its_case(book: Book) -> None:
    event = book.takes(corrected(ASB, NEIGHBOURHOOD, withdrawn=True)).events[0].body
    assert (event.TYPE, event.case.report_count) == ("ReportTakenBack", 1)


def test_the_first_decision_come_again_changes_nothing(book: Book) -> None:
    assert book.takes(triaged(ASB, NEIGHBOURHOOD)).events == ()


@pytest.mark.parametrize(
    ("by", "joined"), [(ASHA, True), (ASHA.model_copy(update={"id": "ruth-pellow-x"}), False), (HUB, False)]
)
def test_a_person_joins_a_report_to_a_case_that_is_hers_to_see(book: Book, by: Actor, joined: bool) -> None:
    (case,) = book.cases
    chosen = {"joins": case.state.reference}
    made = book.takes(triaged(DOMESTIC, PUBLIC_HEALTH, number=6, decision=chosen, decided_by=by, answer="merge"))
    assert (made.events[0].body.TYPE == "ReportJoined") is joined
    assert len(book.cases) == (1 if joined else 2)


ENTITLED = {"code": "marac-repeat", "destination": "marac", "count": 3, "needed": 3, "within_days": 365}
REPEATED = {
    "risk": "high",
    "flags": ["repeat-victim"],
    "entitlements": [ENTITLED | {"status": "comparator", "note": "May meet"}],
}


def linked(**changes: Any) -> ReportTriaged:
    """The report of the case, decided again on a later day for a report that came then."""
    made = {"linked": "R-6", "decision": REPEATED, "decided_at": AT + timedelta(days=60)} | changes
    return corrected(ASB, NEIGHBOURHOOD, **made)


def test_a_later_report_about_the_same_person_is_news_to_the_earlier_ones_case(book: Book) -> None:
    event = book.takes(linked()).events[0].body
    assert (event.TYPE, event.case.risk, event.case.version) == ("ReportCorrected", "high", 1)
    assert "a later report" in event.why
    assert event.case.lead_agency == NEIGHBOURHOOD
    (task,) = [each for key, each in book.state.items() if key.startswith("task:")]
    assert task.state.entitlement == "marac-repeat"
    assert task.state.due_at > AT + timedelta(days=60)


def test_the_case_follows_an_earlier_report_to_another_lead(book: Book) -> None:
    event = book.takes(linked(decision=REPEATED | {"themes": [DOMESTIC], "lead_agency": PUBLIC_HEALTH})).events[0].body
    assert event.changed["lead_agency"] == {"old": NEIGHBOURHOOD, "new": PUBLIC_HEALTH}
    assert event.case.lead_agency == PUBLIC_HEALTH


def test_a_case_that_knows_it_already_is_not_told_twice(book: Book) -> None:
    book.takes(linked())
    assert book.takes(linked()).events == ()


def test_a_closed_case_hears_nothing_of_later_reports(book: Book) -> None:
    (case,) = book.cases
    key = f"case:{case.state.case_id}"
    book.state[key] = case.model_copy(update={"state": case.state.model_copy(update={"status": CaseStatus.CLOSED})})
    assert book.takes(linked()).events == ()


def taken_back(**changes: Any) -> ReviewRequested:
    """The answer that made the case is taken back: the report waits for a person again."""
    decided = {"disposition": "review", "confidence": 0.4, "lead_agency": PUBLIC_HEALTH}
    made = corrected(DOMESTIC, PUBLIC_HEALTH, decision=decided, decided_by=ASHA).model_dump()
    return ReviewRequested.model_validate(made | {"undone": "change"} | changes)


def test_a_case_that_nobody_touched_goes_back_with_its_report_and_follows_the_next_answer(book: Book) -> None:
    event = book.takes(taken_back()).events[0].body
    assert (event.TYPE, event.why) == ("ReportCorrected", redeciding.TAKEN_BACK)
    assert (event.case.themes, event.case.lead_agency) == ((DOMESTIC,), PUBLIC_HEALTH)
    earlier = {"revision": 1, "themes": [DOMESTIC], "lead_agency": PUBLIC_HEALTH, "disposition": "review"}
    after = book.takes(corrected(ASB, NEIGHBOURHOOD, earlier=earlier)).events[0].body
    assert (after.case.themes, after.case.lead_agency) == ((ASB,), NEIGHBOURHOOD)
    assert len(book.cases) == 1


def test_a_case_whose_report_has_no_lead_again_goes_to_who_owns_such_cases(book: Book, rules: Rules) -> None:
    event = taken_back()
    nobody = event.decision.model_copy(update={"themes": (), "lead_agency": None, "acting_lead": None})
    after = book.takes(event.model_copy(update={"decision": nobody})).events[0].body.case
    assert after.lead_agency == rules.partnership.identity.owner_without_theme
    assert after.acting_lead == after.lead_agency


@pytest.mark.parametrize(
    "held",
    [{"owner": "asha-venn"}, {"report_count": 2}, {"lead_agency": "bedfordshire-police"}, {"status": "closed"}],
    ids=["somebody took it", "it holds another report", "somebody rerouted it", "somebody closed it"],
)
def test_a_case_that_was_worked_on_stays_when_its_answer_is_taken_back(book: Book, held: dict[str, Any]) -> None:
    (case,) = book.cases
    worked = case.model_copy(update={"state": case.state.model_copy(update=held)})
    book.state[f"case:{case.state.case_id}"] = worked
    event = book.takes(taken_back()).events[0].body
    assert event.why == redeciding.WORKED_ON
    assert (event.case.themes, event.case.lead_agency) == ((ASB,), worked.state.lead_agency)
