"""The table of contents: each kind of message and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from schemas import topics
from schemas.codes import Disposition
from schemas.events import Actor, ReportReceived, ReportTriaged, ReportWithdrawn, ReviewRequested
from schemas.personal import reveal, seal
from services.kernel.decision import NOTHING, Context, Decision, Message, NewEvent
from services.triage.domain.deciding import Counts, Rules, decide_report
from services.triage.domain.state import Decided, Sightings, victims_of
from services.triage.messages import ResolveReview

HUB = Actor(kind="hub", id="triage", name="The hub")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a person's answer was not taken."""

    code: Literal["not-in-review", "version-stale", "theme-unknown", "destination-missing"]
    message: str
    version: int | None = None


def report_key(report_id: Any) -> str:
    """The state key of a report's decision."""
    return f"decision:{report_id}"


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
        return resolve(state.get(report_key(body.report_id)), body, context)
    if isinstance(body, ReportWithdrawn):
        return NOTHING
    return received(state, body, context)


def received(state: Mapping[str, Any], event: ReportReceived, context: Context) -> Decision:
    """A report, or a correction: decide, and count it at its place and for its victims."""
    report, personal = event.report, reveal(event.personal)
    known: Decided | None = state.get(report_key(report.report_id))
    if known is not None and known.report.revision > report.revision:
        return NOTHING
    rules: Rules = context.rules
    victims = () if report.historic else victims_of(personal)
    seen = {} if report.historic else _sightings(state, report.cell, victims)
    identity = str(report.report_id)
    counts = Counts(
        victim=max((len(s.reports - {identity}) for k, s in seen.items() if k.startswith("victim:")), default=0),
        place=max((len(s.reports - {identity}) for k, s in seen.items() if k.startswith("place:")), default=0),
    )
    decided = decide_report(report, personal, counts, rules, _day(context))
    review = decided.decision.disposition is Disposition.REVIEW
    after = Decided(
        report=report,
        personal=personal,
        decision=decided.decision,
        because=[each.as_dict() for each in decided.because],
        counts=(counts.victim, counts.place),
        decided_at=context.now,
        version=known.version + 1 if known else 1,
        in_review=review,
        victims=victims,
    )
    counted = {key: Sightings(reports=s.reports | {identity}) for key, s in seen.items()}
    return Decision(
        state={report_key(report.report_id): after, **counted},
        events=(_event(after, HUB),),
        tallies={f"disposition/{decided.decision.disposition}": 1},
        answer=after,
    )


def _sightings(state: Mapping[str, Any], cell: str | None, victims: tuple[str, ...]) -> dict[str, Sightings]:
    keys = [victim_key(victim) for victim in victims] + ([place_key(cell)] if cell else [])
    return {key: state.get(key) or Sightings() for key in keys}


def _day(context: Context) -> date:
    return context.now.date()


def _event(decided: Decided, by: Actor) -> NewEvent:
    made = ReviewRequested if decided.in_review else ReportTriaged
    body = made(
        report=decided.report,
        decision=decided.decision,
        decided_at=decided.decided_at,
        decided_by=by,
        personal=seal(decided.personal | {"because": decided.because}),
    )
    return NewEvent(topics.DECISIONS, str(decided.report.report_id), body)


def resolve(known: Decided | None, command: ResolveReview, context: Context) -> Decision:
    """A person decides: the override is a new decision with her name, and says why."""
    refusal = _refusal(known, command, context.rules)
    if refusal is not None or known is None:
        return Decision(answer=refusal)
    decision = known.decision.model_copy(update=_changes(known, command, context))
    reason = {
        "rule": "person/review",
        "field": "description",
        "text": None,
        "start": None,
        "end": None,
        "negated": False,
    }
    after = known.model_copy(
        update={
            "decision": decision,
            "because": [*known.because, reason],
            "decided_at": context.now,
            "decided_by": command.by.id,
            "version": known.version + 1,
            "in_review": False,
        }
    )
    return Decision(
        state={report_key(command.report_id): after},
        events=(_event(after, command.by),),
        tallies={f"review/{command.action}": 1},
        answer=after,
    )


def _refusal(known: Decided | None, command: ResolveReview, rules: Rules) -> Refused | None:
    if known is None or not known.in_review:
        return Refused("not-in-review", "This report is not in review. Somebody may have answered it.")
    if known.version != command.version:
        return Refused("version-stale", "Somebody changed it meanwhile.", known.version)
    codes = {theme.code for strategy in rules.partnership.strategies for theme in strategy.themes}
    if command.action == "change" and (not command.themes or not set(command.themes) <= codes):
        return Refused("theme-unknown", "Name at least one theme of the strategy.")
    if command.action == "not-ours" and not command.destination:
        return Refused("destination-missing", "Name whose it is.")
    return None


def _changes(known: Decided, command: ResolveReview, context: Context) -> dict[str, Any]:
    rules: Rules = context.rules
    changed: dict[str, Any] = {"confidence": 1.0, "review_reason": None, "disposition": Disposition.NEEDS_CASE}
    if command.action == "not-ours":
        return changed | {
            "disposition": Disposition.NOT_OURS,
            "destination": command.destination,
            "themes": (),
            "lead_agency": None,
            "acting_lead": None,
            "joint_leads": (),
        }
    themes = command.themes if command.action == "change" else known.decision.themes
    leads = rules.partnership.leads_of(themes[0], _day(context)) if themes else ()
    if leads:
        changed |= {"lead_agency": leads[0], "acting_lead": leads[0], "joint_leads": leads[1:]}
    return changed | {"themes": tuple(themes)}
