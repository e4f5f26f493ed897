"""What goes with people who come into another case: who they are there, and the steps and offers of help about them.

A step and an offer keep the case that they were taken in; the ladder's guard counts them where they now stand.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar
from uuid import UUID, uuid5

from schemas.case_life import PersonAdded
from schemas.personal import seal
from schemas.referral_facts import LadderStep, SupportOffer
from services.referrals.domain import casefile
from services.referrals.domain.change import Change
from services.referrals.domain.parts import CasePerson, CaseReport, People, people_key, person_id
from services.referrals.domain.state import Case

Identities = Mapping[UUID, UUID]
"""The id that each person has in the case where she comes from, and the one that she has in the other."""
T = TypeVar("T", LadderStep, SupportOffer)


def identities(people: People, reports: Iterable[CaseReport], old: UUID, new: UUID, there: People) -> Identities:
    """Who the `people` of a case are in another one, to which the `reports` go, and in which `there` already are."""
    found: dict[UUID, UUID] = {}
    for report in reports:
        before, after = (casefile.with_people(People(), case, report.facts, report.personal) for case in (old, new))
        ids = ([each.state.person_id for each in side.people] for side in (before, after))
        found |= dict(zip(*ids, strict=True))
    for each in people.people:
        if each.state.by_hand or each.state.person_id in found:
            found[each.state.person_id] = _there(each, found.get(each.state.person_id), new, there)
    return found


def _there(person: CasePerson, by_report: UUID | None, new: UUID, there: People) -> UUID:
    """The same name and birth is one person; a corrected birth that contradicts another's is not."""
    known, personal = person.state.person_id, person.personal
    same = casefile.same_person(there.people, personal)
    if same is not None:
        return same.state.person_id
    wanted = by_report or person_id(new, personal, str(known))
    taken = next((each for each in there.people if each.state.person_id == wanted), None)
    return uuid5(new, str(known)) if taken is not None and _others(taken.personal, personal) else wanted


def _others(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    born = (one.get("date_of_birth"), other.get("date_of_birth"))
    return all(born) and born[0] != born[1]


def bring(change: Change, people: Iterable[CasePerson], who: Identities, there: People) -> None:
    """Whom somebody entered or corrected by hand comes as she is known; the others came with their reports."""
    key = people_key(change.case.state.case_id)
    for each in people:
        if not each.state.by_hand or each.state.person_id not in who:
            continue
        known: People = change.kept(key) or there
        made = _made(each, who[each.state.person_id], change.case.state.case_id, known)
        others = tuple(one for one in known.people if one.state.person_id != made.state.person_id)
        change.keep(key, People(people=(*others, made)))
        change.keep(f"person:{made.state.person_id}", made)
        words = seal({"person": made.personal})
        change.happens(PersonAdded, replaces=False, personal=words, parts={"person": made.state})


def _made(person: CasePerson, identity: UUID, case_id: UUID, known: People) -> CasePerson:
    """As a person of the case; one "not safe" is enough, and what was entered by hand counts before a report's."""
    state = person.state.model_copy(update={"case_id": case_id, "person_id": identity})
    made = person.model_copy(update={"state": state, "gone": False})
    before = next((each for each in known.people if each.state.person_id == identity and not each.gone), None)
    if before is None:
        return made
    return casefile.careful(before, made) if before.state.by_hand else casefile.careful(made, before)


def steps(case: Case, who: Identities, origin: str) -> tuple[LadderStep, ...]:
    """The steps and breaches of a case, as another one holds them; `origin` is the reference of the first."""
    return tuple(_moved(each, who, origin) for each in case.ladder)


def offers(case: Case, who: Identities, origin: str) -> tuple[SupportOffer, ...]:
    """The offers of help of a case, as another one holds them."""
    return tuple(_moved(each, who, origin) for each in case.support)


def _moved(each: T, who: Identities, origin: str) -> T:
    subject = who.get(UUID(each.subject)) if each.subject else None
    there = {"case_reference": each.case_reference or origin}
    return each.model_copy(update=there | ({"subject": str(subject)} if subject else {}))


def of_them(kept: Iterable[T], who: Identities, *, place: bool) -> tuple[T, ...]:
    """Those about somebody who goes; and those about the place, or nobody by name, where the place is the same."""
    return tuple(each for each in kept if (UUID(each.subject) in who if each.subject else place))


def ladder(mine: tuple[LadderStep, ...], theirs: tuple[LadderStep, ...]) -> tuple[LadderStep, ...]:
    """Both, oldest first; a step that went to a case and comes back is one step."""
    known = {each.step_id for each in mine}
    return tuple(sorted((*mine, *(each for each in theirs if each.step_id not in known)), key=lambda step: step.at))


def support(mine: tuple[SupportOffer, ...], theirs: tuple[SupportOffer, ...]) -> tuple[SupportOffer, ...]:
    """As `ladder`, of offers of help."""
    known = {each.support_id for each in mine}
    return tuple(
        sorted((*mine, *(each for each in theirs if each.support_id not in known)), key=lambda offer: offer.at)
    )
