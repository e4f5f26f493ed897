"""A likely join waits on the case for a person: proposed, confirmed or refused, and never proposed twice."""

from uuid import uuid5

from schemas.case_life import JoinProposed
from schemas.case_parts import ProposalState
from services.referrals.domain.change import Change
from services.referrals.domain.joining import Found
from services.referrals.domain.parts import Proposal, proposal_key


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
