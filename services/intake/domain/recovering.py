"""A report that a restore to an earlier hour took from intake comes back from what others decided on it since."""

from collections.abc import Mapping
from dataclasses import replace

from schemas.events import ReportFacts
from services.intake.domain.receiving import Accepted, Report, content_hash, report_id, source_key
from services.intake.messages import ReceiveReport
from services.kernel.decision import Context, Decision

UNKNOWN_CONTENT = ""
"""What the sender said is not in a decision: the next time that it comes, its hash is kept."""


def key_of(facts: ReportFacts) -> str | None:
    """Where a sender's record stands; None for a report that the hub made itself, such as the half of another."""
    if facts.partner is None or report_id(facts.partner, facts.source_id) != facts.report_id:
        return None
    return source_key(facts.partner, facts.source_id)


def recovered(facts: ReportFacts, context: Context) -> tuple[Report, Mapping[str, int]]:
    """The report as if it had just come, and what it adds to the balance."""
    report = Report(facts=facts, content_hash=UNKNOWN_CONTENT, updated_at=context.now, released=True)
    return report, {"accepted": 1, "waiting": 1}


def sent_again(known: Report | None, command: ReceiveReport) -> Decision | None:
    """The record whose content was not known comes again: the same report, and from now on its content is known."""
    if known is None or known.content_hash != UNKNOWN_CONTENT:
        return None
    if not command.extract and command.submission.revision != known.facts.revision:
        return None
    kept = known.model_copy(
        update={
            "content_hash": content_hash(command.submission),
            "extract": command.submission if command.extract else None,
        }
    )
    key = source_key(command.partner, command.submission.source_id)
    return Decision(state={key: kept}, answer=Accepted(kept, duplicate=True))


def with_balance(decision: Decision, added: Mapping[str, int]) -> Decision:
    """A decision with what a recovered report adds."""
    names = {*decision.tallies, *added}
    return replace(decision, tallies={name: decision.tallies.get(name, 0) + added.get(name, 0) for name in names})
