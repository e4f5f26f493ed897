"""What the hub's own pages get of a report in review: the words, the proposal, what fired, and how it stands."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.access.callers import Caller
from services.access.sharing import Sight, sight_of
from services.partnership.models import Partnership
from services.partnership.tables import Rows
from services.triage.domain.quality import PREFIX
from services.triage.domain.sampling import waits
from services.triage.domain.signs import STRUCK
from services.triage.domain.state import Decided, visible_to
from services.triage.domain.succession import answer_due
from services.triage.explain import decision_view

WORDLESS = {"text": None, "start": None, "end": None}


def may_see(caller: Caller, decided: Decided) -> bool:
    """The proposed lead, who acts first, and who sees all; intelligence the police alone."""
    return caller.sees_all or bool(caller.agencies & set(visible_to(decided.decision)))


def earlier_ones(
    caller: Caller, known: Decided, before: Iterable[Decided], partnership: Partnership
) -> list[dict[str, Any]]:
    """The decisions before this one, as far as she sees both: found to be sensitive, a report was so all along.

    One of when the report was intelligence is for those alone who saw it then.
    """
    now = sight_of(caller, known.decision.settled_themes, partnership)
    return [
        view(each, partnership, now.within(sight_of(caller, each.decision.settled_themes, partnership)))
        for each in before
        if each.report.kind != "intelligence" or may_see(caller, each)
    ]


def view(decided: Decided, partnership: Partnership, sight: Sight) -> dict[str, Any]:
    """A report as it was decided, for who may answer it: as much of it as her sharing agreement names."""
    due = answer_due(decided, partnership) if decided.in_review else None
    return {
        "report": sight.placed(decided.report.model_dump(mode="json")),
        "personal": sight.fields(decided.personal),
        "decision": decision_view(decided.decision, _because(decided, sight)) | _inner(decided, sight),
        "rules": decided.decision.rules,
        "review_reason": decided.decision.review_reason,
        "in_review": decided.in_review,
        "answer": decided.answer,
        "reason": decided.reason if sight.sees("text") else None,
        "withheld": sight.withheld,
        "decided_at": decided.decided_at.isoformat(),
        "decided_by": decided.decided_by_name or decided.decided_by,
        "by_person": decided.decided_by_name is not None,
        "answer_due_at": due.isoformat() if due else None,
        "escalated": decided.escalated_at is not None,
        "withdrawn": decided.withdrawn,
        "sample": waits(decided),
        "version": decided.version,
    }


def _because(decided: Decided, sight: Sight) -> list[dict[str, Any]]:
    """The rules that fired; the words that fired them stand in the report, and are withheld with it."""
    return [each if sight.sees("text") else each | WORDLESS for each in decided.because]


def _inner(decided: Decided, sight: Sight) -> dict[str, Any]:
    """What only the hub's own pages show of a decision."""
    kept = {"thrive", "entitlements", "kind_of_case", "destination", "joins", "second_reading"}
    return decided.decision.model_dump(mode="json", include=kept)


def stands(decided: Decided) -> dict[str, Any]:
    """How it stands, for somebody whose answer came too late; without anybody's words."""
    return {
        "themes": decided.decision.themes,
        "lead_agency": decided.decision.lead_agency,
        "destination": decided.decision.destination,
        "answer": decided.answer,
        "decided_by": decided.decided_by_name or decided.decided_by,
        "decided_at": decided.decided_at.isoformat(),
        "in_review": decided.in_review,
    }


def fired(
    decided: Decided, rows: Rows, partnership: Partnership, tallies: Mapping[str, int]
) -> dict[str, dict[str, Any]]:
    """Each rule that fired: what it says, the theme and weight that it gave by the rows that decided, its figures."""
    return {rule: _said(rule, rows, partnership) | _figures(rule, tallies) for rule in decided.decision.rules}


def _said(rule: str, rows: Rows, partnership: Partnership) -> dict[str, Any]:
    table, _, name = rule.partition("/")
    row = rows.get(table, {}).get(name)
    if row is not None:
        return {"says": row.text, "theme": row.outputs.get("theme"), "weight": row.outputs.get("weight")}
    if table == STRUCK:
        return {"says": f"{name.replace('-', ' ').capitalize()}: struck out on its case", "theme": None, "weight": None}
    words = {f"entitlements/{each.code}": each.name for each in partnership.entitlements}
    return {"says": words.get(rule, name.replace("-", " ").capitalize()), "theme": None, "weight": None}


def _figures(rule: str, tallies: Mapping[str, int]) -> dict[str, int]:
    return {what: tallies.get(f"{PREFIX}{rule}/{what}", 0) for what in ("fired", "confirmed", "overridden")}
