"""A report that a restore took from intake comes back from the decision on it, once."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from schemas.events import ReportFacts
from schemas.submission import Submission
from services.intake.domain import recovering
from services.intake.domain.receiving import Accepted, content_hash, report_id, source_key
from services.intake.messages import ReceiveReport
from services.kernel.decision import Context

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONTEXT = Context(NOW, uuid4())


def facts(identity: UUID | None = None, partner: str | None = "police", revision: int = 1) -> ReportFacts:
    return ReportFacts(
        report_id=identity or report_id("police", "s-1"),
        reference="R-222-222-222",
        revision=revision,
        partner=partner,
        source_id="s-1",
        channel="partner",
        received_at=NOW,
    )


def command(revision: int = 1, *, extract: bool = False) -> ReceiveReport:
    made = Submission(source_id="s-1", category="noise", revision=revision)
    identity = report_id("police", "s-1")
    return ReceiveReport(
        report_id=identity, partner="police", channel="partner", submission=made, received_at=NOW, extract=extract
    )


def test_a_senders_own_record_has_a_place_and_the_half_of_another_has_none() -> None:
    assert recovering.key_of(facts()) == source_key("police", "s-1")
    assert recovering.key_of(facts(uuid4())) is None
    assert recovering.key_of(facts(partner=None)) is None


@pytest.mark.parametrize(("revision", "extract", "again"), [(1, False, True), (2, False, False), (2, True, True)])
def test_the_record_that_comes_again_is_a_duplicate_whose_content_is_known_from_then_on(
    revision: int, extract: bool, again: bool
) -> None:
    lost, added = recovering.recovered(facts(), CONTEXT)
    assert added == {"accepted": 1, "waiting": 1}
    sent = command(revision, extract=extract)
    decision = recovering.sent_again(lost, sent)
    assert (decision is not None) is again
    if decision is not None:
        (kept,) = decision.state.values()
        assert kept.content_hash == content_hash(sent.submission)
        assert isinstance(decision.answer, Accepted)
        assert decision.answer.duplicate
        assert recovering.sent_again(kept, sent) is None


def test_a_record_that_was_never_lost_is_none_of_its_business() -> None:
    assert recovering.sent_again(None, command()) is None
