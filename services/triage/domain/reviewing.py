"""A person answers a report in review: the override is a new decision with her name, her reason, and its effect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.codes import Disposition
from schemas.events import ReportFacts
from services.kernel.decision import Context, Decision
from services.kernel.references import ReferenceMistyped, reference, tidy_reference
from services.partnership.live_themes import themes_to_choose
from services.partnership.models import Partnership
from services.triage.domain.deciding import Counts, Rules
from services.triage.domain.quality import judged
from services.triage.domain.standing import as_answered
from services.triage.domain.state import Decided, Reviewed, Route, second_matter
from services.triage.domain.succession import report_key, succeed
from services.triage.messages import ResolveReview

MATTERS = 2
"""How many themes a split names: the report's own and that of its second matter."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a person's answer was not taken; of a stale one, how the report stands now."""

    code: Literal[
        "not-in-review",
        "version-stale",
        "theme-unknown",
        "theme-twice",
        "two-themes-needed",
        "destination-missing",
        "destination-unknown",
        "case-missing",
    ]
    message: str
    current: Decided | None = None


def resolve(state: Mapping[str, Any], command: ResolveReview, context: Context) -> Decision:
    """Carry a person's answer out, or refuse it."""
    known: Decided | None = state.get(report_key(command.report_id))
    refusal = _refusal(known, command, context)
    if refusal is not None or known is None:
        return Decision(answer=refusal)
    after = _answered(known, _CHANGES[command.action](known, command, context), command, context)
    said = judged(command.spoke, command.themes if command.action == "split" else after.decision.themes)
    after = after.model_copy(update={"counted": tuple(said)})
    tallies = {f"review/{command.action}": 1, **said}
    first = succeed(known, after, command.by, context, tallies)
    if command.action != "split":
        return first
    return _with_second(first, state, known, command, context)


def _answered(known: Decided, changes: dict[str, Any], command: ResolveReview, context: Context) -> Decided:
    """The report where she puts it, decided by the rules of now as of the day on which they decided before."""
    certain: dict[str, Any] = {"confidence": 1.0, "review_reason": None, "disposition": Disposition.NEEDS_CASE}
    route = Route.of(known).model_copy(update=certain | {"by_person": True} | changes)
    reviewed = Reviewed(route=route, confirmed=known.decision.flags)
    counts = Counts(known.seen, known.linked, known.answers)
    made = as_answered(known, reviewed, counts, context.rules, known.day)
    return known.model_copy(
        update={
            "decision": made.decision,
            "because": [each.as_dict() for each in made.because],
            "reviewed": reviewed,
            "ruled_on": known.day,
            "decided_at": context.now,
            "decided_by": command.by.id,
            "decided_by_name": command.by.name,
            "answer": command.action,
            "counted": (),
            "undone": None,
            "reason": command.reason,
            "version": known.version + 1,
            "in_review": False,
            "escalated_at": None,
        }
    )


def _with_second(
    first: Decision, state: Mapping[str, Any], known: Decided, command: ResolveReview, context: Context
) -> Decision:
    """The second matter becomes a report of its own, with the same words and its own reference, theme and case."""
    identity = second_matter(command.report_id)
    facts: ReportFacts = known.report.model_copy(
        update={
            "report_id": identity,
            "reference": reference("R", identity),
            "source_id": f"{known.report.source_id[:190]}#2",
            "split_from": known.report.reference,
            "wants_updates": False,
        }
    )
    earlier: Decided | None = state.get(report_key(identity))
    changes = _themed(command.themes[1:], context)
    made = _answered(known.model_copy(update={"report": facts}), changes, command, context)
    second = made.model_copy(update={"version": earlier.version + 1 if earlier else 1})
    other = succeed(earlier, second, command.by, context)
    return Decision(
        state={**first.state, **other.state},
        events=(*first.events, *other.events),
        timers=first.timers,
        cancelled=first.cancelled,
        tallies=first.tallies,
        answer=first.answer,
    )


def _refusal(known: Decided | None, command: ResolveReview, context: Context) -> Refused | None:
    if known is not None and known.version != command.version:
        return Refused("version-stale", "Somebody changed it meanwhile.", known)
    if known is None or not known.in_review:
        return Refused("not-in-review", "This report is not in review. Somebody may have answered it.")
    return _themes_refused(command, context) or _parts_refused(command, context.rules)


def _themes_refused(command: ResolveReview, context: Context) -> Refused | None:
    if command.action not in ("change", "split"):
        return None
    partnership: Partnership = context.rules.partnership
    if not command.themes or not set(command.themes) <= themes_to_choose(partnership, partnership.day(context.now)):
        return Refused("theme-unknown", "Name at least one theme of the strategy that is in force.")
    if command.action == "split" and len(set(command.themes)) != MATTERS:
        return Refused("two-themes-needed", "Name two different themes, one for each matter.")
    if len(set(command.themes)) != len(command.themes):
        return Refused("theme-twice", "Name each theme once, the main one first.")
    return None


def _parts_refused(command: ResolveReview, rules: Rules) -> Refused | None:
    if command.action == "not-ours" and not command.destination:
        return Refused("destination-missing", "Name whose it is.")
    if command.action == "not-ours" and command.destination not in known_destinations(rules):
        return Refused("destination-unknown", "Choose one of the partnership's destinations; say more in the reason.")
    if command.action == "merge" and not _case_named(command.case):
        return Refused("case-missing", "Name the case by its reference.")
    return None


def known_destinations(rules: Rules) -> frozenset[str]:
    """Whose a report may be that is not ours: the agencies, the routes, and whom the rules name elsewhere."""
    partnership = rules.partnership
    rows = rules.reader.tables.rows["elsewhere"].values()
    named = {each.name for each in partnership.agencies} | {each.name for each in partnership.destinations}
    return frozenset(named | {row.outputs["destination"] for row in rows if row.outputs["destination"]})


def _case_named(typed: str | None) -> str | None:
    try:
        found = tidy_reference(typed or "")
    except ReferenceMistyped:
        return None
    return found if found.startswith("C-") else None


def _confirmed(known: Decided, command: ResolveReview, context: Context) -> dict[str, Any]:
    return _themed(known.decision.settled_themes, context)


def _changed(known: Decided, command: ResolveReview, context: Context) -> dict[str, Any]:
    return _themed(command.themes, context)


def _split(known: Decided, command: ResolveReview, context: Context) -> dict[str, Any]:
    return _themed(command.themes[:1], context)


def _merged(known: Decided, command: ResolveReview, context: Context) -> dict[str, Any]:
    return _themed(known.decision.settled_themes, context) | {"joins": _case_named(command.case)}


def _not_ours(known: Decided, command: ResolveReview, context: Context) -> dict[str, Any]:
    nobody = {"themes": (), "lead_agency": None, "acting_lead": None, "joint_leads": ()}
    return nobody | {"disposition": Disposition.NOT_OURS, "destination": command.destination}


def _themed(themes: tuple[str, ...], context: Context) -> dict[str, Any]:
    partnership: Partnership = context.rules.partnership
    leads = partnership.leads_of(themes[0], partnership.day(context.now)) if themes else ()
    if not leads:
        return {"themes": themes}
    return {"themes": themes, "lead_agency": leads[0], "acting_lead": leads[0], "joint_leads": leads[1:]}


_CHANGES: Mapping[str, Callable[[Decided, ResolveReview, Context], dict[str, Any]]] = {
    "confirm": _confirmed,
    "change": _changed,
    "split": _split,
    "merge": _merged,
    "not-ours": _not_ours,
}
