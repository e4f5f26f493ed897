"""People of a case by hand: added, and changed in role, safe contact or date of birth, with a reason."""

from typing import Any

from schemas.case_life import PersonAdded, PersonChanged
from schemas.case_parts import PersonState
from schemas.casefile import AddPerson, ChangePerson
from schemas.personal import seal
from services.kernel.decision import Decision
from services.referrals.domain.asked import Asked
from services.referrals.domain.parts import CasePerson, person_id


def add(asked: Asked, body: AddPerson) -> Decision:
    """Somebody in the case; the same name and date of birth twice is one person."""
    case_id = asked.case.state.case_id
    given = body.model_dump(mode="json", exclude_none=True, exclude={"role"})
    identity = person_id(case_id, given, str(asked.context.derive("person")))
    if any(each.state.person_id == identity and not each.gone for each in asked.people(asked.case).people):
        return asked.refused("person-known", "This person is in the case already. Change her role or contact instead.")
    state = PersonState(person_id=identity, case_id=case_id, role=body.role, safe=body.contact.safe, by_hand=True)
    return _kept(asked, CasePerson(state=state, personal=given), PersonAdded)


def change(asked: Asked, body: ChangePerson) -> Decision:
    """Another role or contact; or the date of birth, which takes the place of whatever age was said before."""
    people = asked.people(asked.case).people
    known = next((each for each in people if each.state.person_id == body.person and not each.gone), None)
    if known is None:
        return asked.refused("person-unknown", "There is no such person in the case.")
    contact = body.contact.model_dump(mode="json", exclude_none=True) if body.contact else None
    state = known.state.model_copy(
        update={
            "role": body.role or known.state.role,
            "safe": body.contact.safe if body.contact else known.state.safe,
            "by_hand": True,
        }
    )
    personal = known.personal | ({"contact": contact} if contact else {})
    if body.date_of_birth is not None:
        said = {name: value for name, value in personal.items() if name not in ("age", "under_18")}
        personal = said | {"date_of_birth": body.date_of_birth.isoformat()}
    return _kept(asked, CasePerson(state=state, personal=personal), PersonChanged, body.reason)


def _kept(asked: Asked, person: CasePerson, event: Any, reason: str | None = None) -> Decision:
    made = asked.change()
    made.keep(f"person:{person.state.person_id}", person)
    words = {"person": person.personal} | ({"reason": reason} if reason else {})
    made.happens(event, replaces=event is PersonChanged, personal=seal(words), parts={"person": person.state})
    return made.decision()
