"""A report that is in a case was decided again, or taken back: the case follows, and its timeline says so.

Nothing is deleted. A case follows to another theme and lead where the report is all it holds and nobody sent it
elsewhere; otherwise the change stands on the timeline and a person decides.
"""

from collections.abc import Mapping
from typing import Any

from schemas.case_life import ReportCorrected, ReportTakenBack
from schemas.codes import GRAVITY, CaseStatus, Disposition
from schemas.events import EarlierDecision, ReportDecided
from services.kernel.decision import NOTHING, Context, Decision
from services.partnership.models import Partnership
from services.referrals.domain import casefile, matching, routing, sign_effects, signs, tasks
from services.referrals.domain.change import Change, stricter
from services.referrals.domain.joining import Found
from services.referrals.domain.ladder_guard import person_of
from services.referrals.domain.parts import Link, Matches, Routed, Tasks, tasks_key
from services.referrals.domain.standing import may_be_given
from services.referrals.domain.state import MARKED, Case, case_key, case_of

FOLLOWS = "Decided again: the case follows, since this report is all it holds"
STAYS = "Decided again: the case holds more or was sent elsewhere, so a person decides whether it follows"
LINKED = "Decided again, since a later report tells of the same person or place"
TAKEN_BACK = "Its answer was taken back: the report is in review again, and the case goes with it"
WORKED_ON = "Its answer was taken back, but the case holds more or was worked on: a person decides of it"
NARROWED = "Decided again as sensitive: the case is shown as such until a person splits the report off or reroutes it"
NOTED = "Decided again: theme and lead are as they were"


def again(state: Mapping[str, Any], link: Link, event: ReportDecided, context: Context) -> Decision:
    """What a later decision on a report of a case changes."""
    case = case_of(state, link.case_id)
    if case is None or event.earlier is None:
        return NOTHING
    if event.withdrawn:
        return _taken_back(case, event, context)
    if (event.linked or event.answered) and _known_already(state, case, event, event.earlier):
        return Decision(state={routing.routed_key(event.report.report_id): routing.of(event)})
    return _corrected(state, case, event, event.earlier, context)


def _taken_back(case: Case, event: ReportDecided, context: Context) -> Decision:
    change = Change(case, event.decided_by, context)
    why = "Its sender withdrew the report; it stays in the history"
    change.happens(ReportTakenBack, replaces=False, why=why, report=event.report, personal=event.personal)
    return change.decision()


def _corrected(
    state: Mapping[str, Any], case: Case, event: ReportDecided, earlier: EarlierDecision, context: Context
) -> Decision:
    facts = _facts(state, case, event, earlier)
    changed = _differences(event, earlier)
    moved = bool({"themes", "lead_agency"} & changed.keys())
    if event.undone:
        follows = _untouched(case, earlier)
    else:
        follows = moved and _may_follow(case, event, earlier)
    partnership: Partnership = context.rules.partnership
    anew = event.report.revision > earlier.revision
    narrowed = _narrowed(case, event, partnership) if anew and not follows else {}
    change = Change(case, event.decided_by, context)
    if follows:
        change.note(kind=event.decision.kind_of_case or case.kind)
    corrected = change.happens(
        ReportCorrected,
        replaces=follows or bool(narrowed),
        why=sign_effects.why(case, event, earlier, follows=follows, moved=moved)
        if event.answered
        else _why(event, follows=follows, moved=moved, narrowed=bool(narrowed)),
        changed=changed | stricter(case.state, facts),
        report=event.report,
        personal=event.personal,
        suggested=_suggested(case, event, earlier),
        **facts,
        **(_route(case, event, partnership) if follows else narrowed),
    )
    casefile.keep_link(change, event.report, corrected)
    if anew:
        matching.remember(change, state, event, partnership)
    change.keep(routing.routed_key(event.report.report_id), routing.of(event))
    casefile.remember_people(change, state, event.report, event.personal)
    known: Tasks = state.get(tasks_key(case.state.case_id)) or Tasks()
    since = event.decided_at if event.linked or event.answered else event.report.received_at
    tasks.entitled(change, event.decision.entitlements, known, since, context)
    return change.decision()


def _known_already(state: Mapping[str, Any], case: Case, event: ReportDecided, earlier: EarlierDecision) -> bool:
    """Whether a later report's or an answer's news are none to this case: it is closed, or knows all of it already."""
    if case.state.status is not CaseStatus.OPEN:
        return True
    if event.answered and sign_effects.of_risk(case, event, earlier):
        return False  # nothing changes, and why not is said
    tasks_known: Tasks = state.get(tasks_key(case.state.case_id)) or Tasks()
    entitled = {each.state.entitlement for each in tasks_known.tasks}
    facts = _facts(state, case, event, earlier)
    before = case.state.model_dump(include=set(facts))
    return (
        not {"themes", "lead_agency", "disposition"} & _differences(event, earlier).keys()
        and case.state.model_copy(update=facts).model_dump(include=set(before)) == before
        and {each.code for each in event.decision.entitlements} <= entitled
        and _suggested(case, event, earlier) == case.suggested
    )


def _differences(event: ReportDecided, earlier: EarlierDecision) -> dict[str, Any]:
    """What the decision says now and what it said before, by name; of risk the case has its own."""
    found = {}
    for name in ("themes", "lead_agency", "disposition"):
        old, new = getattr(earlier, name), getattr(event.decision, name)
        if old != new:
            plain = isinstance(old, tuple)
            found[name] = {"old": list(old) if plain else old, "new": list(new) if plain else new}
    return found


def _may_follow(case: Case, event: ReportDecided, earlier: EarlierDecision) -> bool:
    """The report is all the case holds, nobody sent it elsewhere, and the hub or a person is sure where it goes."""
    state = case.state
    return (
        state.report_count == 1
        and state.status is CaseStatus.OPEN
        and state.lead_agency == (earlier.lead_agency or state.lead_agency)
        and event.decision.disposition is Disposition.NEEDS_CASE
        and event.decision.lead_agency is not None
        and (event.answered is None or sign_effects.as_triaged(case, earlier))
    )


def _suggested(case: Case, event: ReportDecided, earlier: EarlierDecision) -> tuple[str, ...]:
    panels = event.decision.panels
    return panels if sign_effects.eases(case, event, earlier) else tuple(dict.fromkeys((*case.suggested, *panels)))


def _narrowed(case: Case, event: ReportDecided, partnership: Partnership) -> dict[str, Any]:
    """A plain case in which a report's new words are sensitive, and that does not follow it, is sensitive from now on:
    what of it an agency sees, those words among it, hangs on its themes."""
    sensitive = tuple(theme for theme in event.decision.themes if partnership.any_sensitive((theme,)))
    if not sensitive or partnership.any_sensitive(case.state.themes):
        return {}
    return {"themes": (*case.state.themes, *sensitive), "marking": MARKED}


def _why(event: ReportDecided, *, follows: bool, moved: bool, narrowed: bool) -> str:
    if narrowed:
        return NARROWED
    if event.undone:
        return TAKEN_BACK if follows else WORKED_ON
    if follows:
        return FOLLOWS
    return STAYS if moved else LINKED if event.linked else NOTED


def _untouched(case: Case, earlier: EarlierDecision) -> bool:
    """The report is all the case holds, and nobody took it, sent it elsewhere or referred it since the answer."""
    state = case.state
    where = earlier.lead_agency in (None, state.lead_agency) and set(earlier.themes) == set(state.themes)
    return where and state.report_count == 1 and state.status is CaseStatus.OPEN and _unworked(case)


def _unworked(case: Case) -> bool:
    return case.state.owner is None and not case.under_way and not case.ladder and not case.support


def _facts(state: Mapping[str, Any], case: Case, event: ReportDecided, earlier: EarlierDecision) -> dict[str, Any]:
    """The case takes on more risk and an earlier time, never less: that is for a person to say, and where she struck a
    sign out she did."""
    before, decision = case.state, event.decision
    newer = event.report.revision > earlier.revision
    danger = signs.DANGER in decision.flags and (
        signs.DANGER not in before.flags or (newer and _first_says_so(state, event))
    )
    due = [moment for moment in (before.due_at, decision.due_at) if moment is not None]
    facts: dict[str, Any] = {
        **signs.brought(before, decision, new_words=newer),
        "risk": max(before.risk, decision.risk, key=GRAVITY.__getitem__),
        "priority": min(before.priority, decision.priority),
        "due_at": min(due, default=None),
        "act_first": tuple(dict.fromkeys((*before.act_first, *decision.act_first))),
        "danger_unacknowledged": before.danger_unacknowledged or danger,
        "danger_since": event.decided_at if danger else before.danger_since,
    }
    if event.answered:
        facts |= sign_effects.facts(case, event, earlier)
    if before.report_count == 1:
        facts |= {"street": event.report.street, "cell": event.report.cell}
    return facts


def _first_says_so(state: Mapping[str, Any], event: ReportDecided) -> bool:
    """Whether this report told of no danger before: what was acknowledged was another one's."""
    known: Routed | None = state.get(routing.routed_key(event.report.report_id))
    return known is not None and signs.DANGER not in known.flags


def _route(case: Case, event: ReportDecided, partnership: Partnership) -> dict[str, Any]:
    """Another theme and lead; a new lead has no owner yet. What has no lead yet goes to who owns such."""
    decision = event.decision
    lead = decision.lead_agency or partnership.identity.owner_without_theme
    same = lead == case.state.lead_agency
    sensitive = partnership.any_sensitive(decision.themes)
    return {
        "themes": decision.themes,
        "marking": MARKED if sensitive else case.state.marking,
        "lead_agency": lead,
        "acting_lead": decision.acting_lead or lead,
        "joint_leads": decision.joint_leads,
        "owner": case.state.owner if same else None,
        "owner_name": case.state.owner_name if same else None,
    }


def mark_of_chosen(event: ReportDecided) -> str | None:
    """The mark of the case that a person joined the report to."""
    return f"reference:{event.decision.joins}" if event.decision.joins else None


def chosen(state: Mapping[str, Any], event: ReportDecided, context: Context) -> Found | None:
    """The case that a person joined the report to: open, not intelligence, and hers to see; else the hub looks."""
    mark = mark_of_chosen(event)
    for match in (state.get(mark) or Matches()).cases if mark else ():
        named: Case | None = state.get(case_key(match.case_id))
        case = case_of(state, match.case_id)
        if named is None or case is None or named.state.reference != event.decision.joins:
            continue
        open_ = case.state.status is CaseStatus.OPEN and not case.intelligence
        her = person_of(context.rules.partnership, event.decided_by.id)
        if open_ and her is not None and may_be_given(case, her):
            return Found(case, 1.0, (), sure=True)
    return None
