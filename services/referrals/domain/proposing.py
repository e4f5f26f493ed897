"""A likely join waits on the case for a person: proposed, confirmed or refused, and never proposed twice."""

from collections.abc import Iterable
from typing import Literal
from uuid import UUID, uuid5

from schemas.case_life import JoinProposed
from schemas.case_parts import ProposalState
from services.referrals.domain.change import Change
from services.referrals.domain.joining import Found
from services.referrals.domain.parts import Proposal, proposal_key
from services.referrals.domain.state import Case


def propose(change: Change, found: Found) -> None:
    """Keep the proposal and say that there is one; which case it is stands only in what those see who see both."""
    case, other = change.case.state, found.case.state
    state = ProposalState(
        proposal_id=uuid5(case.case_id, str(other.case_id)),
        case_id=case.case_id,
        case_reference=case.reference,
        other_case_id=other.case_id,
        other_reference=other.reference,
        score=found.score,
        parts=found.parts,
    )
    change.keep(proposal_key(state.proposal_id), Proposal(state=state))
    change.happens(
        JoinProposed, replaces=False, why=f"Score {found.score:.2f}: a person decides", parts={"proposal": state}
    )


def settled(waiting: Iterable[Proposal], gone: Case, survivor: Case) -> tuple[Proposal, ...]:
    """The open proposals of two cases that become one: a question about either is one about the survivor.

    What asked whether the two belong together is confirmed by it. Of two questions that wait on the survivor about one
    third case the likelier stays open; what waits on the third case itself is for whoever answers there.
    """
    found: list[Proposal] = []
    asked: set[UUID] = set()
    for each in sorted(waiting, key=lambda proposal: (-proposal.state.score, str(proposal.state.proposal_id))):
        state = _about(each.state, gone, survivor)
        waits_here = state.case_id == survivor.state.case_id
        if state.case_id == state.other_case_id:
            # Its row keeps both cases as they were asked about.
            found.append(_ended(each, "confirmed"))
        elif waits_here and state.other_case_id in asked:
            found.append(_ended(each, "refused"))
        else:
            found.append(Proposal(state=state))
        if waits_here:
            asked.add(state.other_case_id)
    return tuple(found)


def _ended(proposal: Proposal, status: Literal["confirmed", "refused"]) -> Proposal:
    return Proposal(state=proposal.state.model_copy(update={"status": status}))


def _about(state: ProposalState, gone: Case, survivor: Case) -> ProposalState:
    identity, reference = survivor.state.case_id, survivor.state.reference
    here = {"case_id": identity, "case_reference": reference} if state.case_id == gone.state.case_id else {}
    there = (
        {"other_case_id": identity, "other_reference": reference} if state.other_case_id == gone.state.case_id else {}
    )
    return state.model_copy(update=here | there)


def waits_on(case_id: UUID, proposals: Iterable[Proposal]) -> int:
    """How many of them wait for an answer on that case."""
    return sum(each.state.status == "open" and each.state.case_id == case_id for each in proposals)
