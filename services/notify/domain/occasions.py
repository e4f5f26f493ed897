"""An event as the notification rules see it, whichever topic it came from."""

from dataclasses import dataclass, replace
from uuid import UUID

from schemas.case_life import ReportCorrected
from schemas.codes import GRAVITY, Disposition
from schemas.events import Actor, CaseEvent, CaseRerouted, ReferralState, ReportFacts, ReportJoined, ReportReceived
from schemas.meeting_events import MeetingEvent
from schemas.personal import reveal
from schemas.receipt_events import BatchDone
from services.kernel.decision import Message
from services.notify.domain.linking import linked
from services.notify.domain.state import CaseLinks, LinkedReport
from services.partnership.rules import When


@dataclass(frozen=True, slots=True)
class Occasion:
    """An event as the rules see it."""

    type: str
    about: str
    link: str
    case_id: UUID | None = None
    lead: str | None = None
    joint_leads: tuple[str, ...] = ()
    acting_lead: str | None = None
    act_first: tuple[str, ...] = ()
    new_act_first: tuple[str, ...] = ()
    """Who acts first since this event, and did not know of the case before."""
    old_leads: tuple[str, ...] = ()
    owner: str | None = None
    task_agency: str | None = None
    """The agency that a task is for, where no person is named."""
    duty_manager: str | None = None
    """Whom silence ends before on a route that names somebody of its own."""
    referral: ReferralState | None = None
    asked: str | None = None
    """The agency that a question goes to, or came back from."""
    silence: str | None = None
    passed_on: bool = False
    """Whether a referral is on another agency's desk since this event."""
    risk: str = "standard"
    risk_rose: bool = False
    """Whether this event made the case graver than it was."""
    flags: tuple[str, ...] = ()
    disposition: Disposition | None = None
    channel: str | None = None
    danger_now: bool = False
    wants_updates: bool = False
    reports: tuple[LinkedReport, ...] = ()
    meeting_of: str | None = None
    """The panel that meets."""
    batch: BatchDone | None = None
    """The file that was worked off."""
    given_up: str | None = None
    """The template of a mail that could not be delivered."""
    told: tuple[str, ...] = ()
    """Who did it, and so need not be told."""


def occasion_of_report(message: Message) -> Occasion:
    """The occasion of a report's own events."""
    body = message.body
    report: ReportFacts = body.report
    occasion = Occasion(
        type=message.type,
        about=report.reference,
        link=f"/reports/{report.reference}",
        channel=report.channel,
        danger_now=report.danger_now,
        wants_updates=report.wants_updates,
        reports=(linked(report, reveal(body.personal)),),
    )
    if isinstance(body, ReportReceived):
        return occasion
    decision = body.decision
    return replace(
        occasion,
        danger_now=report.danger_now or "danger-now" in decision.flags,
        lead=decision.lead_agency,
        joint_leads=decision.joint_leads,
        acting_lead=decision.acting_lead,
        act_first=decision.act_first,
        risk=decision.risk,
        flags=decision.flags,
        disposition=decision.disposition,
    )


def occasion_of_quarantine(message: Message) -> Occasion:
    """The occasion of a report that waits for a repair: its sender's alone."""
    report: ReportFacts = message.body.report
    return Occasion(
        type=message.type,
        about=report.reference,
        link=f"/reports/{report.reference}",
        channel=report.channel,
        reports=(linked(report, {}),),
    )


def occasion_of_batch(message: Message) -> Occasion:
    """The occasion of a file that was worked off: its sender's alone."""
    body: BatchDone = message.body
    return Occasion(type=message.type, about=body.batch, link=f"/api/v1/batches/{body.batch}", batch=body)


def occasion_of_case(message: Message, links: CaseLinks) -> Occasion:
    """The occasion of a case's event; `old_leads` only where the lead changed."""
    event: CaseEvent = message.body
    case = event.case
    old = event.changed.get("lead_agency", {}) if isinstance(event, CaseRerouted | ReportCorrected) else {}
    old_lead = old.get("old") if isinstance(old, dict) else None
    return Occasion(
        type=message.type,
        about=event.referral.reference if event.referral else case.reference,
        link=f"/cases/{case.reference}",
        case_id=case.case_id,
        lead=case.lead_agency,
        joint_leads=case.joint_leads,
        acting_lead=case.acting_lead,
        act_first=case.act_first,
        new_act_first=_new_act_first(event),
        old_leads=(old_lead,) if old_lead else (),
        owner=event.task.person if event.task else case.owner,
        task_agency=event.task.agency if event.task and not event.task.person else None,
        duty_manager=event.changed.get("before") if event.changed.get("step") == "duty-manager" else None,
        referral=event.referral,
        asked=event.changed.get("asked"),
        silence=event.changed.get("step", "duty-manager"),
        passed_on="to_agency" in event.changed,
        risk=case.risk,
        risk_rose=_risk_rose(event),
        flags=case.flags,
        channel=event.report.channel if event.report else None,
        danger_now="danger-now" in case.flags,
        wants_updates=any(report.reporter_address for report in links.reports),
        reports=links.reports,
        told=_doer(event.by),
    )


def _new_act_first(event: CaseEvent) -> tuple[str, ...]:
    """Of a report that joined or was decided again: whom its `changed` names new, without those that lead the case."""
    named = event.changed.get("act_first", {}) if isinstance(event, ReportJoined | ReportCorrected) else {}
    case = event.case
    know = {*named.get("old", ()), case.lead_agency, case.acting_lead, *case.joint_leads}
    return tuple(code for code in named.get("new", ()) if code not in know)


def _risk_rose(event: CaseEvent) -> bool:
    named = event.changed.get("risk") if isinstance(event, ReportJoined | ReportCorrected) else None
    return named is not None and GRAVITY[named["new"]] > GRAVITY[named["old"]]


def occasion_of_meeting(message: Message) -> Occasion:
    """The occasion of a meeting's event: about the meeting alone, whose id names a panel and a day."""
    event: MeetingEvent = message.body
    return Occasion(
        type=message.type,
        about=event.meeting.meeting_id,
        link=f"/meetings/{event.meeting.meeting_id}",
        owner=event.person,
        meeting_of=event.meeting.panel,
        told=_doer(event.by),
    )


def _doer(actor: Actor) -> tuple[str, ...]:
    return (actor.id,) if actor.kind == "person" else ()


def applies(when: When, occasion: Occasion) -> bool:
    """Whether every condition that is given holds."""
    checks = (
        not when.risk or occasion.risk in when.risk,
        not when.flags_any or bool(set(when.flags_any) & set(occasion.flags)),
        not when.dispositions or occasion.disposition in when.dispositions,
        not when.channels or occasion.channel in when.channels,
        when.danger_now is None or when.danger_now == occasion.danger_now,
        when.wants_updates is None or when.wants_updates == occasion.wants_updates,
        when.passed_on is None or when.passed_on == occasion.passed_on,
        not when.silence or occasion.silence in when.silence,
        when.risk_rose is None or when.risk_rose == occasion.risk_rose,
        not when.given_up or occasion.given_up in when.given_up,
        when.lead_changed is None or when.lead_changed == bool(occasion.old_leads),
        when.has_act_first is None or when.has_act_first == bool(occasion.act_first),
    )
    return all(checks)
