"""Risk and leads as a person changes them, always with a reason."""

from typing import Any

from schemas.case_life import LeadsChanged, RiskChanged
from schemas.casefile import ChangeLeads, Reassess
from schemas.personal import seal
from services.kernel.decision import Decision
from services.partnership.lookups import UnknownCode
from services.referrals.domain.asked import Asked
from services.referrals.domain.state import MARKED


def reassess(asked: Asked, body: Reassess) -> Decision:
    """The risk after THRIVE was considered again; a high one raises the marking, and nothing lowers it."""
    state = asked.case.state
    if body.risk == state.risk:
        return asked.refused("risk-unchanged", "The risk is this already. Write a note instead.")
    thrive = body.thrive.model_dump(exclude_none=True)
    change = asked.change()
    change.note(graded=True)
    change.happens(
        RiskChanged,
        changed={"risk": {"old": state.risk, "new": body.risk}},
        personal=seal({"reason": body.reason} | ({"thrive": thrive} if thrive else {})),
        risk=body.risk,
        marking=MARKED if body.risk == "high" else state.marking,
    )
    return change.decision()


def change_leads(asked: Asked, body: ChangeLeads) -> Decision:
    """Who acts, and who leads jointly. Whoever led keeps sight of the case."""
    state = asked.case.state
    try:
        acting = asked.partnership.agency(body.acting_lead).code if body.acting_lead else state.acting_lead
        given = state.joint_leads if body.joint_leads is None else body.joint_leads
        joint = tuple(asked.partnership.agency(code).code for code in dict.fromkeys(given))
    except UnknownCode:
        return asked.refused("code-unknown", "There is no agency with this code.")
    if asked.case.intelligence and {acting, *joint} - {asked.partnership.identity.intelligence_agency}:
        return asked.refused("intelligence-police-only", "This is intelligence: it stays with the police.")
    before = {state.acting_lead, *state.joint_leads} - {acting, *joint, None}
    changed: dict[str, Any] = {
        "acting_lead": {"old": state.acting_lead, "new": acting},
        "joint_leads": {"old": list(state.joint_leads), "new": list(joint)},
    }
    change = asked.change()
    change.happens(
        LeadsChanged,
        changed=changed,
        personal=seal({"reason": body.reason}),
        acting_lead=acting,
        joint_leads=joint,
        followers=tuple(dict.fromkeys((*state.followers, *sorted(str(code) for code in before)))),
    )
    return change.decision()
