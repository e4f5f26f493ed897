"""Two cases become one: the merged one keeps its history and leads to the survivor; nothing and nobody is lost."""

from typing import Any

from schemas.case_life import CasesMerged, JoinConfirmed, JoinRefused, ReferralMoved, ReportMoved
from schemas.case_parts import ProposalState
from schemas.casefile import ConfirmJoin, Merge, RefuseJoin
from schemas.codes import CaseStatus
from schemas.personal import seal
from services.kernel.decision import Decision, together
from services.referrals.domain import carrying, casefile, proposing, signs, tasks
from services.referrals.domain.asked import Asked
from services.referrals.domain.asking import unanswered
from services.referrals.domain.change import Change
from services.referrals.domain.ladder_guard import person_of
from services.referrals.domain.parts import CaseReport, Proposal, proposal_key, proposals_key, reports_key
from services.referrals.domain.reports import earlier, higher
from services.referrals.domain.state import OPEN_REFERRAL, Case, Referral, referral_key, referrals_key

REPORTS_AT_MOST = 500
"""Reports that one merge moves: each is an event in the one transaction."""
APART = 1_000_000
"""Keeps the ids of the two histories' events apart."""


def merge(asked: Asked, body: Merge) -> Decision:
    """This case goes into the other one."""
    other = asked.other
    if other is None:
        return asked.refused("other-case-unknown", "There is no other case with this reference for you.")
    return _merged(asked, asked.case, other, body.reason)


def confirm(asked: Asked, body: ConfirmJoin) -> Decision:
    """The proposal was right: the newer case goes into the older one, and both histories say so."""
    found = _proposed(asked, body.proposal)
    if found is None or asked.other is None:
        return asked.refused("no-proposal", "There is no such proposal. Somebody may have answered it.")
    here = found.case_id == asked.case.state.case_id
    gone, survivor = (asked.case, asked.other) if here else (asked.other, asked.case)
    proposal = found.model_copy(update={"status": "confirmed"})
    return _merged(asked, gone, survivor, f"Confirmed: score {found.score:.2f}", proposal)


def refuse(asked: Asked, body: RefuseJoin) -> Decision:
    """The proposal was wrong; it is not made again."""
    found = _proposed(asked, body.proposal)
    if found is None or asked.other is None:
        return asked.refused("no-proposal", "There is no such proposal. Somebody may have answered it.")
    proposal = found.model_copy(update={"status": "refused"})
    holder = asked.case if found.case_id == asked.case.state.case_id else asked.other
    change = Change(holder, asked.by, asked.context)
    change.keep(proposal_key(found.proposal_id), Proposal(state=proposal))
    change.note(open_proposals=max(0, holder.open_proposals - 1))
    change.happens(JoinRefused, personal=seal({"reason": body.reason}), parts={"proposal": proposal})
    return change.decision()


def _proposed(asked: Asked, proposal_id: Any) -> ProposalState | None:
    found: Proposal | None = asked.state.get(proposal_key(proposal_id))
    if found is None or found.state.status != "open":
        return None
    mine = asked.case.state.case_id in (found.state.case_id, found.state.other_case_id)
    return found.state if mine else None


def _merged(asked: Asked, gone: Case, survivor: Case, reason: str, proposal: ProposalState | None = None) -> Decision:
    refusal = _refusal(asked, gone, survivor)
    if refusal is not None:
        return asked.refused(*refusal)
    leaving = _leaving(asked, gone, survivor, reason, proposal)
    arriving = _arriving(asked, gone, survivor, reason, proposal)
    return together(leaving.decision(), arriving.decision())


def _refusal(asked: Asked, gone: Case, survivor: Case) -> tuple[str, str] | None:
    if gone.state.case_id == survivor.state.case_id:
        return "same-case", "A case cannot be merged with itself."
    if CaseStatus.CLOSED in (gone.state.status, survivor.state.status):
        return "case-closed", "Both cases must be open. Open the closed one again first."
    if gone.intelligence or survivor.intelligence:
        return "intelligence-police-only", "Intelligence is never joined with other cases."
    if _sensitive(asked, gone) and not _sensitive(asked, survivor):
        return "merge-the-other-way", "A sensitive case would be seen by more agencies. Merge the other one into it."
    if len(asked.state.get(reports_key(gone.state.case_id)) or ()) > REPORTS_AT_MOST:
        return "too-many-reports", f"A merge moves {REPORTS_AT_MOST} reports at most. Merge the smaller case."
    return None


def _sensitive(asked: Asked, case: Case) -> bool:
    return asked.partnership.any_sensitive(case.state.themes)


def _leaving(asked: Asked, gone: Case, survivor: Case, reason: str, proposal: ProposalState | None) -> Change:
    """The merged case's last event; who sees the survivor sees its history."""
    change = Change(gone, asked.by, asked.context)
    change.note(under_way={}, awaiting={}, open_proposals=0, next_task=None)
    if proposal is not None:
        change.keep(proposal_key(proposal.proposal_id), Proposal(state=proposal))
        change.happens(JoinConfirmed, replaces=False, parts={"proposal": proposal})
    tasks.drop_doubles(change, asked.tasks(gone), asked.tasks(survivor))
    change.happens(
        CasesMerged,
        changed=_both(gone, survivor),
        personal=seal({"reason": reason}),
        status=CaseStatus.CLOSED,
        closed_at=asked.context.now,
        due_at=None,
        danger_unacknowledged=False,
        open_tasks=0,
        merged_into=survivor.state.case_id,
        merged_into_reference=survivor.state.reference,
        followers=_all(gone.state.followers, survivor.visible_to),
    )
    return change


def _arriving(asked: Asked, gone: Case, survivor: Case, reason: str, proposal: ProposalState | None) -> Change:
    """The survivor takes on everything: the higher risk, the earlier due time, reports, referrals, tasks and people."""
    # Referrals keep their order by the case's sequence, so the survivor's must be past the merged one's. So must its
    # version: a command from a page of the merged case comes to the survivor, and must never fit it by chance.
    past = survivor.state.model_copy(
        update={
            "sequence": max(gone.state.sequence, survivor.state.sequence),
            "version": max(gone.state.version, survivor.state.version),
        }
    )
    change = Change(survivor.model_copy(update={"state": past}), asked.by, asked.context, APART)
    who, origin = _who(asked, gone, survivor), gone.state.reference
    questions = _questions(change, asked, gone, survivor, proposal)
    change.note(
        graded=survivor.graded or gone.graded,
        open_proposals=questions,
        under_way=survivor.under_way | gone.under_way,
        awaiting=survivor.awaiting | gone.awaiting,
        # A warning given on either case counts for the next step, and so does an offer of support.
        ladder=carrying.ladder(survivor.ladder, carrying.steps(gone, who, origin)),
        support=carrying.support(survivor.support, carrying.offers(gone, who, origin)),
    )
    change.happens(
        CasesMerged,
        changed=_both(gone, survivor),
        personal=seal({"reason": reason}),
        suggested=_all(survivor.suggested, gone.suggested),
        **_taken_on(asked, gone, survivor),
    )
    _move_reports(change, asked, gone)
    carrying.bring(change, asked.people(gone).people, who, asked.people(survivor))
    _move_referrals(change, asked, gone)
    tasks.move(change, asked.tasks(gone), asked.tasks(survivor), asked.context)
    return change


def _questions(change: Change, asked: Asked, gone: Case, survivor: Case, answered: ProposalState | None) -> int:
    """What else waits on either of them is asked of the survivor from now on; how many wait on it."""
    waiting: dict[Any, Proposal] = {}
    for case in (gone, survivor):
        for each in asked.state.get(proposals_key(case.state.case_id)) or ():
            waiting[each.state.proposal_id] = each
    waiting.pop(answered.proposal_id if answered else None, None)
    settled = proposing.settled(waiting.values(), gone, survivor)
    for each in settled:
        change.keep(proposal_key(each.state.proposal_id), each)
    return proposing.waits_on(survivor.state.case_id, settled)


def _who(asked: Asked, gone: Case, survivor: Case) -> carrying.Identities:
    reports: tuple[CaseReport, ...] = asked.state.get(reports_key(gone.state.case_id)) or ()
    ids = (gone.state.case_id, survivor.state.case_id)
    return carrying.identities(asked.people(gone), reports, *ids, asked.people(survivor))


def _taken_on(asked: Asked, gone: Case, survivor: Case) -> dict[str, Any]:
    old, new = gone.state, survivor.state
    # Agencies of a plain case do not come to see a sensitive one: they are told where their case went, no more.
    follow = _sensitive(asked, gone) or not _sensitive(asked, survivor)
    return signs.of_both(old, new) | {
        "risk": higher(old.risk, new.risk),
        "priority": min(old.priority, new.priority),
        "due_at": earlier(old.due_at, new.due_at),
        "act_first": _all(new.act_first, old.act_first) if follow else new.act_first,
        "referred_to": _all(new.referred_to, old.referred_to if follow else _still_before(asked, gone)),
        "followers": _all(new.followers, gone.visible_to) if follow else new.followers,
        "danger_unacknowledged": old.danger_unacknowledged or new.danger_unacknowledged,
        "danger_since": earlier(old.danger_since, new.danger_since),
    }


def _still_before(asked: Asked, gone: Case) -> tuple[str, ...]:
    """Of those whom the case was referred to, the ones that have an open referral of it before them still."""
    found: set[str | None] = set()
    for each in asked.state.get(referrals_key(gone.state.case_id)) or ():
        if each.state.status in OPEN_REFERRAL:
            found |= {each.state.panel, each.state.destination, each.state.to_agency, each.state.escalated_to}
            found |= {question.agency for question in unanswered(each)} | {_worker(asked, each)}
    return tuple(code for code in gone.state.referred_to if code in found)


def _worker(asked: Asked, referral: Referral) -> str | None:
    """The agency of who leads the referral's plan."""
    plan = referral.state.plan
    worker = person_of(asked.partnership, plan.lead_worker) if plan else None
    return worker.agency if worker else None


def _both(gone: Case, survivor: Case) -> dict[str, Any]:
    return {"merged": gone.state.reference, "into": survivor.state.reference}


def _all(*lists: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for one in lists for each in one))


def _move_reports(change: Change, asked: Asked, gone: Case) -> None:
    reports: tuple[CaseReport, ...] = asked.state.get(reports_key(gone.state.case_id)) or ()
    why = f"Came with the merged case {gone.state.reference}"
    for each in reports:
        bring_report(change, asked, each, why)


def bring_report(change: Change, asked: Asked, report: CaseReport, why: str) -> None:
    """A report comes into the case, with its people."""
    moved = change.happens(
        ReportMoved,
        replaces=False,
        why=why,
        report=report.facts,
        personal=report.personal,
        report_count=change.case.state.report_count + 1,
    )
    casefile.keep_link(change, report.facts, moved)
    casefile.remember_people(change, asked.state, report.facts, report.personal)


def _move_referrals(change: Change, asked: Asked, gone: Case) -> None:
    referrals: tuple[Referral, ...] = asked.state.get(referrals_key(gone.state.case_id)) or ()
    for each in referrals:
        there = {"case_id": change.case.state.case_id, "case_reference": change.case.state.reference}
        moved = each.model_copy(update={"state": each.state.model_copy(update=there)})
        change.keep(referral_key(moved.state.referral_id), moved)
        change.happens(ReferralMoved, replaces=False, parts={"referral": moved.state})
