"""A triaged report opens a case or joins one: referrals alone chooses, under the lock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.case_life import CaseSplit, ReportCorrected
from schemas.codes import GRAVITY, CaseStatus, Disposition, Risk
from schemas.events import Actor, CaseOpened, CaseState, ReportDecided, ReportJoined, ReportTriaged
from services.kernel.decision import NOTHING, Context, Decision, together
from services.kernel.references import reference
from services.partnership.models import Partnership
from services.referrals.domain import casefile, joining, matching, proposing, redeciding, routing, signs, tasks
from services.referrals.domain.change import Change, stricter
from services.referrals.domain.intelligence import WITH_THE_POLICE
from services.referrals.domain.parts import Link, Tasks, tasks_key
from services.referrals.domain.state import MARKED, Case, case_of, link_key
from services.referrals.domain.titles import title

HUB = Actor(kind="hub", id="referrals", name="The hub")
BECAME_INTELLIGENCE = "A report is intelligence now: what it says since is with the police alone"
CHOSEN = "A person joined it to this case when she decided the report"


def needs_case(event: ReportDecided) -> bool:
    """Whether the report goes into a case at all."""
    sure = isinstance(event, ReportTriaged) and not event.withdrawn
    return sure and event.decision.disposition is Disposition.NEEDS_CASE and not event.report.historic


def marks_of(event: ReportDecided, partnership: Partnership) -> frozenset[str]:
    """The marks under which the report's case is looked for, the one that a person named among them."""
    if not isinstance(event, ReportTriaged) or not needs_case(event):
        return frozenset()
    chosen = redeciding.mark_of_chosen(event)
    return frozenset(each.key for each in matching.keys(event, partnership)) | ({chosen} if chosen else set())


def decided(state: Mapping[str, Any], event: ReportDecided, context: Context) -> Decision:
    """Of a report in a case: the case follows. Else join it to the case that a person named or that it surely belongs
    to, or open one and propose the likely ones."""
    link: Link | None = state.get(link_key(event.report.report_id))
    if link is not None:
        case = case_of(state, link.case_id)
        if case is not None and event.report.kind == "intelligence" and not case.intelligence:
            return _with_the_police(case, state, event, context)
        return redeciding.again(state, link, event, context)
    if not isinstance(event, ReportTriaged) or not needs_case(event):
        return NOTHING
    chosen = redeciding.chosen(state, event, context)
    found = (chosen,) if chosen else joining.find(event, state, context)
    if found and found[0].sure:
        return _joined(found[0], state, event, context)
    return _opened(found, state, event, context)


def _with_the_police(case: Case, state: Mapping[str, Any], event: ReportDecided, context: Context) -> Decision:
    """A report of a case that others see became intelligence: they keep what they had, and see no new word of it.

    Once it is decided to need a case it goes on in one of its own, which is the police's.
    """
    change = Change(case, event.decided_by, context)
    if not isinstance(event, ReportTriaged) or not needs_case(event):
        change.happens(ReportCorrected, replaces=False, why=BECAME_INTELLIGENCE)
        return change.decision()
    gone = {"from": case.state.reference, "into": WITH_THE_POLICE, "reports": [event.report.reference]}
    left = case.state.report_count - 1
    change.happens(CaseSplit, replaces=False, why=BECAME_INTELLIGENCE, changed=gone, report_count=left)
    return together(_opened((), state, event, context), change.decision())


def _remember(change: Change, event_id: UUID, state: Mapping[str, Any], event: ReportTriaged, context: Context) -> None:
    """Keep the link, the people, and the marks under which later reports find the case."""
    case, report = change.case.state, event.report
    casefile.keep_link(change, report, event_id)
    change.keep(routing.routed_key(report.report_id), routing.of(event))
    matching.remember(change, state, event, context.rules.partnership)
    casefile.remember_people(change, state, report, event.personal)
    known: Tasks = state.get(tasks_key(case.case_id)) or Tasks()
    tasks.entitled(change, event.decision.entitlements, known, report.received_at, context)


def _opened(
    found: tuple[joining.Found, ...], state: Mapping[str, Any], event: ReportTriaged, context: Context
) -> Decision:
    report = event.report
    change = Change(_new_case(event, context), HUB, context)
    change.note(open_proposals=len(found))
    opened = change.happens(CaseOpened, why=_why(event), report=report, personal=event.personal)
    _remember(change, opened, state, event, context)
    for each in found:
        proposing.propose(change, each)
    return change.decision()


def _new_case(event: ReportTriaged, context: Context) -> Case:
    decision, report = event.decision, event.report
    partnership: Partnership = context.rules.partnership
    case_id = context.derive("case")
    danger = signs.DANGER in decision.flags
    kind = decision.kind_of_case or "Report"
    sensitive = partnership.any_sensitive(decision.themes)
    state = CaseState(
        case_id=case_id,
        reference=reference("C", case_id),
        title=title(kind, report.street, 1),
        status=CaseStatus.OPEN,
        themes=decision.themes,
        lead_agency=decision.lead_agency or partnership.identity.owner_without_theme,
        joint_leads=decision.joint_leads,
        acting_lead=decision.acting_lead or partnership.identity.owner_without_theme,
        act_first=decision.act_first,
        risk=decision.risk,
        priority=decision.priority,
        marking=MARKED if sensitive or decision.risk == "high" else "OFFICIAL",
        opened_at=report.received_at,
        due_at=decision.due_at,
        next_action="",
        flags=decision.flags,
        unconfirmed=signs.read_alone(decision),
        report_count=1,
        street=report.street,
        cell=report.cell,
        danger_unacknowledged=danger,
        danger_since=report.received_at if danger else None,
        sequence=0,
        version=0,
    )
    return Case(state=state, kind=kind, suggested=decision.panels, intelligence=report.kind == "intelligence")


def _why(event: ReportTriaged) -> str:
    return f"Triage: rule set {event.decision.rule_set}, confidence {event.decision.confidence:.2f}"


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two moments, where there are any."""
    return min((moment for moment in (one, other) if moment is not None), default=None)


def higher(one: Risk, other: Risk) -> Risk:
    """The higher of two risks."""
    return max(one, other, key=GRAVITY.__getitem__)


def _joined(found: joining.Found, state: Mapping[str, Any], event: ReportTriaged, context: Context) -> Decision:
    """The case takes on the higher risk and the earlier due time; its version stays, so no one's edit fails."""
    decision, before = event.decision, found.case.state
    danger = signs.DANGER in decision.flags
    by_her = not found.parts
    grown: dict[str, Any] = {
        "risk": higher(before.risk, decision.risk),
        "act_first": tuple(dict.fromkeys((*before.act_first, *decision.act_first))),
    }
    change = Change(found.case, event.decided_by if by_her else HUB, context)
    joined = change.happens(
        ReportJoined,
        replaces=False,
        why=CHOSEN if by_her else f"{found.why} (rule join-sure, default, not policy)",
        changed=found.shown() | stricter(before, grown),
        report=event.report,
        personal=event.personal,
        suggested=tuple(dict.fromkeys((*found.case.suggested, *decision.panels))),
        report_count=before.report_count + 1,
        **grown,
        priority=min(before.priority, decision.priority),
        due_at=earlier(before.due_at, decision.due_at),
        **signs.brought(before, decision, new_words=True),
        danger_unacknowledged=before.danger_unacknowledged or danger,
        danger_since=event.report.received_at if danger else before.danger_since,
    )
    _remember(change, joined, state, event, context)
    return change.decision()
