"""The people of a case, as its reports name them: one row for the same name and date of birth."""

from collections.abc import Mapping
from typing import Any

from schemas.case_parts import PersonState
from schemas.events import ReportFacts
from schemas.personal import Personal, reveal
from services.referrals.domain.change import Change
from services.referrals.domain.parts import CasePerson, People, people_key, person_id

SHOWN = ("name", "date_of_birth", "age", "under_18", "contact", "interpreter", "consent")
_ROLES = ("victim", "suspect", "subject", "witness", "reporter", "professional", "family")


def remember_people(change: Change, state: Mapping[str, Any], report: ReportFacts, personal: Personal | None) -> None:
    """Add the report's people to the case's; somebody known keeps her role, and the more careful safe contact."""
    case_id = change.case.state.case_id
    known: People = state.get(people_key(case_id)) or People()
    rows = {each.state.person_id: each for each in known.people}
    for number, person in enumerate(reveal(personal).get("people") or ()):
        made = _person(case_id, person, f"{report.report_id}/{number}")
        row = _careful(rows[made.state.person_id], made) if made.state.person_id in rows else made
        rows[row.state.person_id] = row
        change.keep(f"person:{row.state.person_id}", row)
    if rows:
        change.keep(people_key(case_id), People(people=tuple(rows.values())))


def _person(case_id: Any, person: Mapping[str, Any], otherwise: str) -> CasePerson:
    personal = {name: person[name] for name in SHOWN if person.get(name) is not None}
    safe = (person.get("contact") or {}).get("safe") or "unknown"
    role = person.get("role") if person.get("role") in _ROLES else "witness"
    identity = person_id(case_id, personal, otherwise)
    state = PersonState(person_id=identity, case_id=case_id, role=role, safe=safe)
    return CasePerson(state=state, personal=personal)


def _careful(known: CasePerson, heard: CasePerson) -> CasePerson:
    """One "not safe" is enough; what is known by hand stays."""
    if heard.state.safe != "no" or known.state.safe == "no":
        return known.model_copy(update={"personal": heard.personal | known.personal})
    contact = {**(known.personal.get("contact") or {}), **(heard.personal.get("contact") or {})}
    return known.model_copy(
        update={
            "state": known.state.model_copy(update={"safe": "no"}),
            "personal": heard.personal | known.personal | {"contact": contact},
        }
    )
