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

    What asked whether the two belong together is confirmed by it. Both cases of a question show it, and either answers
    it; so of several about the survivor and one third case the one stays that waits on the third, else the likeliest.
    """
    here = survivor.state.case_id
    about = [Proposal(state=_about(each.state, gone, survivor)) for each in waiting]
    found: list[Proposal] = []
    asked: set[UUID] = set()
    for each in sorted(about, key=lambda known: _rank(known.state, here)):
        state = each.state
        waits_here = state.case_id == here
        third = state.other_case_id if waits_here else state.case_id
        if third == here:
            # Its row keeps both cases as they were asked about.
            found.append(_ended(each, "confirmed"))
        elif waits_here and third in asked:
            found.append(_ended(each, "refused"))
        else:
            found.append(each)
        asked.add(third)
    return tuple(found)


def _rank(state: ProposalState, survivor: UUID) -> tuple[bool, float, str]:
    return state.case_id == survivor, -state.score, str(state.proposal_id)


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
