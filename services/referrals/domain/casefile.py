"""The people of a case, as its reports name them: one row for the same name and date of birth."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from schemas.case_parts import ROLES, PersonState
from schemas.events import ReportFacts
from schemas.personal import Personal, reveal
from services.referrals.domain import alike
from services.referrals.domain.change import Change
from services.referrals.domain.parts import CasePerson, CaseReport, Link, People, people_key, person_id
from services.referrals.domain.state import link_key

SHOWN = ("name", "date_of_birth", "age", "under_18", "contact", "interpreter", "consent")


def keep_link(change: Change, report: ReportFacts, event_id: UUID) -> None:
    """The report is in the case, and that event says how it stands: what is merged or split later goes by it."""
    link = Link(case_id=change.case.state.case_id, reference=report.reference, event_id=event_id)
    change.keep(link_key(report.report_id), link)


def remember_people(change: Change, state: Mapping[str, Any], report: ReportFacts, personal: Personal | None) -> None:
    """Add the report's people to the case's; somebody known keeps her role, and the more careful safe contact."""
    case_id = change.case.state.case_id
    known: People = change.kept(people_key(case_id)) or state.get(people_key(case_id)) or People()
    after = with_people(known, case_id, report, personal)
    for each in after.people:
        if each not in known.people:
            change.keep(f"person:{each.state.person_id}", each)
    if after.people:
        change.keep(people_key(case_id), after)


def with_people(known: People, case_id: UUID, report: ReportFacts, personal: Personal | None) -> People:
    """The people of a case, with a report's."""
    rows = {each.state.person_id: each for each in known.people}
    for number, person in enumerate(reveal(personal).get("people") or ()):
        made = _person(case_id, person, f"{report.report_id}/{number}")
        row = rows.get(made.state.person_id) or same_person(rows.values(), made.personal)
        row = made if row is None or row.gone else careful(row, made)
        rows[row.state.person_id] = row
    return People(people=tuple(rows.values()))


def same_person(people: Iterable[CasePerson], personal: Mapping[str, Any]) -> CasePerson | None:
    """Who has that name and that date of birth now, whatever was known of her when she came."""
    words = alike.plain(str(personal.get("name") or ""))
    named = (each for each in people if words and words == alike.plain(str(each.personal.get("name") or "")))
    return next((each for each in named if not each.gone and alike.same_birth(each.personal, personal)), None)


def forget_people(change: Change, people: People, remaining: Iterable[CaseReport]) -> None:
    """Whom only the reports that went away named is no longer of the case; whom a person entered stays."""
    after = without_people(people, change.case.state.case_id, remaining)
    for each in after.people:
        if each not in people.people:
            change.keep(f"person:{each.state.person_id}", each)


def without_people(people: People, case_id: UUID, remaining: Iterable[CaseReport]) -> People:
    """The people of a case after reports went away, with those marked as gone whom no remaining report names."""
    named = {
        each.state.person_id
        for report in remaining
        for each in with_people(People(), case_id, report.facts, report.personal).people
    }
    rows = (
        each if each.state.by_hand or each.state.person_id in named else each.model_copy(update={"gone": True})
        for each in people.people
    )
    return People(people=tuple(rows))


def _person(case_id: UUID, person: Mapping[str, Any], otherwise: str) -> CasePerson:
    personal = {name: person[name] for name in SHOWN if person.get(name) is not None}
    safe = (person.get("contact") or {}).get("safe") or "unknown"
    role = person.get("role") if person.get("role") in ROLES else "witness"
    identity = person_id(case_id, personal, otherwise)
    state = PersonState(person_id=identity, case_id=case_id, role=role, safe=safe)
    return CasePerson(state=state, personal=personal)


def careful(known: CasePerson, heard: CasePerson) -> CasePerson:
    """Two rows of one person as one: one "not safe" is enough, and what is known stays."""
    if heard.state.safe != "no" or known.state.safe == "no":
        return known.model_copy(update={"personal": heard.personal | known.personal})
    contact = {**(known.personal.get("contact") or {}), **(heard.personal.get("contact") or {})}
    return known.model_copy(
        update={
            "state": known.state.model_copy(update={"safe": "no"}),
            "personal": heard.personal | known.personal | {"contact": contact},
        }
    )
