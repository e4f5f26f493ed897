"""The THRIVE record of a report: a first assessment of each letter, by the partnership's lines."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from schemas.events import ReportFacts, Thrive
from services.partnership.models import Partnership

RECORDS_KEPT = 1_000
_NAMED = {
    "victim": "victim-named",
    "suspect": "suspect-named",
    "witness": "witness-named",
    "reporter": "reporter-known",
}
_CONTACT = {"yes": "safe-contact", "no": "unsafe-contact"}


def signs(report: ReportFacts, personal: Mapping[str, Any], flags: Iterable[str], risk: str) -> frozenset[str]:
    """A report's flags, and what else its fields say that a line may go by."""
    found = {*flags, f"risk-{risk}"} | ({"place-known"} if report.cell or report.street else set())
    for person in personal.get("people") or ():
        found |= set(_of_person(person))
    return frozenset(found)


def _of_person(person: Mapping[str, Any]) -> Iterator[str]:
    role = person.get("role")
    if role in _NAMED and (role == "reporter" or person.get("name")):
        yield _NAMED[role]
    safe = (person.get("contact") or {}).get("safe")
    if role in ("reporter", "victim") and safe in _CONTACT:
        yield _CONTACT[safe]


def assess(found: frozenset[str], partnership: Partnership) -> Thrive:
    """The first line of each letter of which a sign holds; one without signs always holds."""
    said: dict[str, tuple[str, str, str]] = {}
    for line in partnership.thrive:
        if line.letter not in said and (not line.signs_any or not found.isdisjoint(line.signs_any)):
            said[line.letter] = line.letter, line.says, line.code
    return _record(*said.values())


@lru_cache(maxsize=RECORDS_KEPT)
def _record(*lines: tuple[str, str, str]) -> Thrive:
    """The record of these letters, words and codes: one of some dozens, and every report has one."""
    rules = [f"thrive/{code}" for _, _, code in lines]
    return Thrive.model_validate({**{letter: says for letter, says, _ in lines}, "rules": rules})
