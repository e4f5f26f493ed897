"""The table of contents: each kind of message and what becomes of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from schemas.codes import Disposition
from schemas.events import ReportFacts, ReportReceived, ReportWithdrawn
from schemas.personal import reveal
from services.kernel.decision import NOTHING, Context, Decision, Message
from services.triage.domain.deciding import Counts, Rules, decide_report
from services.triage.domain.deciding import Decided as Made
from services.triage.domain.naming import DANGER
from services.triage.domain.quality import fired
from services.triage.domain.reviewing import resolve
from services.triage.domain.state import Decided, Sighting, Sightings, is_counted, sighting_of, victims_of
from services.triage.domain.succession import HUB, report_key, succeed, unanswered
from services.triage.messages import ResolveReview, ReviewUnanswered


def place_key(cell: str) -> str:
    """The key of a place's sightings."""
    return f"place:{cell}"


def victim_key(victim: str) -> str:
    """The key of a victim's sightings."""
    return f"victim:{victim}"


def handle(state: Mapping[str, Any], message: Message, context: Context) -> Decision:
    """Decide one message."""
    body = message.body
    if isinstance(body, ResolveReview):
        return resolve(state, body, context)
    if isinstance(body, ReviewUnanswered):
        return unanswered(state.get(report_key(body.report_id)), body, context)
    if isinstance(body, ReportWithdrawn):
        return withdrawn(state.get(report_key(body.report.report_id)), body, context)
    return received(state, body, context)


def withdrawn(known: Decided | None, event: ReportWithdrawn, context: Context) -> Decision:
    """The sender takes its report back: it counts no longer, waits for nobody, and stays in the history."""
    report = event.report
    if known is None or known.report.revision > report.revision:
        return NOTHING
    decision = known.decision.model_copy(
        update={"disposition": Disposition.RECORD_ONLY, "review_reason": None, "entitlements": ()}
    )
    after = known.model_copy(
        update={
            "report": report,
            "personal": known.personal | reveal(event.personal),
            "decision": decision,
            "decided_at": context.now,
            "decided_by": HUB.id,
            "version": known.version + 1,
            "in_review": False,
            "withdrawn": True,
            "answer": None,
            "reason": None,
        }
    )
    return succeed(known, after, HUB, context, {"withdrawn": 1})


def received(state: Mapping[str, Any], event: ReportReceived, context: Context) -> Decision:
    """A report, or a correction: decide, and count it at its place and for its victims."""
    report, personal = event.report, reveal(event.personal)
    known: Decided | None = state.get(report_key(report.report_id))
    if known is not None and known.report.revision > report.revision:
        return NOTHING
    rules: Rules = context.rules
    victims = () if report.historic else victims_of(personal)
    keys = sighting_keys(report, personal)
    counts = Counts(_seen(state, keys, str(report.report_id)))
    decided = _respecting(known, decide_report(report, personal, counts, rules, _day(context)), report)
    after = Decided(
        report=report,
        personal=personal,
        decision=decided.decision,
        because=[each.as_dict() for each in decided.because],
        seen=counts.seen,
        decided_at=context.now,
        version=known.version + 1 if known else 1,
        in_review=decided.decision.disposition is Disposition.REVIEW,
        victims=victims,
    )
    sighting = sighting_of(report, personal, decided.decision.themes)
    counted = {key: (state.get(key) or Sightings()).with_report(sighting) for key in keys}
    tallies = {f"disposition/{decided.decision.disposition}": 1, **fired(decided.decision.rules)}
    made = succeed(known, after, HUB, context, tallies)
    return replace(made, state={**made.state, **counted})


def _respecting(known: Decided | None, made: Made, report: ReportFacts) -> Made:
    """What a person decided is not undone by the rules: where they now say otherwise, a person decides again."""
    if known is None or known.answer is None or report.historic or DANGER in made.decision.flags:
        return made
    same = ("themes", "disposition", "destination")
    kept = {name: getattr(known.decision, name) for name in (*same, "lead_agency", "joint_leads", "acting_lead")}
    if all(kept[name] == getattr(made.decision, name) for name in same):
        return made
    again = {"disposition": Disposition.REVIEW, "review_reason": "corrected after a person decided"}
    return replace(made, decision=made.decision.model_copy(update=kept | again))


def sighting_keys(report: ReportFacts, personal: Mapping[str, Any]) -> frozenset[str]:
    """The place and the victims with whose other reports a report is counted; none of a historic one."""
    if report.historic or not is_counted(report):
        return frozenset()
    found = {victim_key(victim) for victim in victims_of(personal)}
    return frozenset(found | ({place_key(report.cell)} if report.cell else set()))


def _seen(state: Mapping[str, Any], keys: frozenset[str], own: str) -> tuple[Sighting, ...]:
    """The other reports, once each, in one order whatever the key that found them."""
    known: list[Sightings] = [found for key in sorted(keys) if (found := state.get(key)) is not None]
    found = {each.report_id: each for sightings in known for each in sightings.without(own)}
    return tuple(sorted(found.values(), key=lambda each: (each.happened_at, each.report_id)))


def _day(context: Context) -> date:
    return context.now.date()
