"""What a report is looked for under, and how likely it belongs to a case: a score with the parts that made it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Any

from schemas.case_parts import Part
from schemas.events import ReportDecided, ReportTriaged
from schemas.personal import reveal
from services.partnership.models import Partnership
from services.referrals.domain import alike
from services.referrals.domain.change import Change
from services.referrals.domain.parts import Matches, People
from services.referrals.domain.state import Case

HARM_AT_A_PLACE = ("cuckooing", "fire-arson", "trafficking", "labour-exploitation")
"""Harms that belong to a place: two reports of one at the same place are about the same thing."""
COMPARED_AT_MOST = 60
"""People of one case whose names are held against a report's."""
SAID_BY_THE_PUBLIC = 0.7
"""What a reference counts in the public's form: anybody may have seen it, so it never joins on its own."""


@dataclass(frozen=True, slots=True)
class Key:
    """A mark under which a like case may be found, its kind, and the threshold that says how long it counts."""

    key: str
    kind: str
    threshold: str


def keys(event: ReportDecided, partnership: Partnership) -> tuple[Key, ...]:
    """The marks of a report. Intelligence has none: it is never joined by itself."""
    if event.report.kind == "intelligence":
        return ()
    personal = reveal(event.personal)
    return (*_of_references(event, personal), *_of_people(personal), *_of_place(event, partnership))


def _of_references(event: ReportDecided, personal: Mapping[str, Any]) -> Iterator[Key]:
    for reference in sorted(alike.quoted(personal) | {event.report.reference}):
        yield Key(f"reference:{reference}", "reference", "join-weight-reference")
    for number in sorted(alike.numbers(personal, event.report.partner)):
        yield Key(f"number:{number}", "number", "join-weight-number")


def _of_people(personal: Mapping[str, Any]) -> Iterator[Key]:
    blocks = {alike.block(str(person["name"])) for person in alike.subjects(personal)}
    for block in sorted(each for each in blocks if each):
        yield Key(f"name:{block}", "person", "join-same-person")


def _of_place(event: ReportDecided, partnership: Partnership) -> Iterator[Key]:
    cell, decision = event.report.cell, event.decision
    open_themes = [theme for theme in decision.themes[:1] if not partnership.theme(theme).sensitive]
    if cell is not None:
        for flag in sorted(set(decision.flags) & set(HARM_AT_A_PLACE)):
            yield Key(f"harm:{flag}:{cell}", "harm", "join-same-place")
        for theme in open_themes:
            yield Key(f"place:{theme}:{cell}", "place", "join-same-place")
    if event.report.street and open_themes and decision.kind_of_case:
        mark = alike.digest(decision.kind_of_case.lower(), event.report.street.lower())
        yield Key(f"street:{mark}", "street", "join-same-street")


def remember(change: Change, state: Mapping[str, Any], event: ReportDecided, partnership: Partnership) -> None:
    """Keep the marks under which later reports find the case by this one of it, and by its own reference."""
    case = change.case.state
    marks = [mark.key for mark in keys(event, partnership)]
    if event.report.kind != "intelligence":
        marks.append(f"reference:{case.reference}")
    for mark in marks:
        found: Matches = state.get(mark) or Matches()
        change.keep(mark, found.seen(case.case_id, event.report.received_at))


def fresh(key: Key, apart: timedelta, partnership: Partnership) -> bool:
    """Whether what was seen under the key counts for a report so long after it; or before it: older ones come late."""
    days = partnership.threshold(key.threshold).within_days
    return days is None or abs(apart) <= timedelta(days=days)


WORDS = {"place": "the same place", "harm": "the same harm", "street": "the same street", "number": "the same number"}
ALSO = {"place": ("theme", "the same theme"), "harm": ("place", "the same place"), "street": ("kind", "the same kind")}


def parts(
    event: ReportTriaged, matched: frozenset[Key], case: Case, people: People, partnership: Partnership
) -> tuple[Part, ...]:
    """What is alike between a report and a case that was found under `matched`."""
    found: dict[str, Part] = {}
    for key in matched:
        for name, part in _made(event, key, people, partnership):
            if name not in found or found[name].weight < part.weight:
                found[name] = part
    if "person" in found and event.report.cell and event.report.cell == case.state.cell:
        found.setdefault("place", Part(what=WORDS["place"], weight=_weight("place", partnership)))
    if "place" in found:
        found.pop("street", None)  # the same place is on the same street: it would count twice
        found.pop("kind", None)
    return tuple(found[name] for name in sorted(found, key=lambda each: (-found[each].weight, each)))


def _made(event: ReportTriaged, key: Key, people: People, partnership: Partnership) -> Iterator[tuple[str, Part]]:
    if key.kind == "person":
        yield from _person(event, people, partnership)
    elif key.kind == "reference":
        weight = _weight("reference", partnership)
        weight *= SAID_BY_THE_PUBLIC if event.report.channel == "online" else 1
        yield "reference", Part(what="names its reference", weight=round(weight, 2))
    else:
        yield key.kind, Part(what=WORDS[key.kind], weight=_weight(key.kind, partnership))
        if key.kind in ALSO:
            also, words = ALSO[key.kind]
            yield also, Part(what=words, weight=_weight(also, partnership))


def _person(event: ReportTriaged, people: People, partnership: Partnership) -> Iterator[tuple[str, Part]]:
    for mine in alike.subjects(reveal(event.personal)):
        for theirs in people.named()[:COMPARED_AT_MOST]:
            near = alike.similarity(mine, theirs)
            if near >= 1:
                birth = alike.same_birth(mine, theirs)
                what = "the same name and date of birth" if birth else "the same name"
                yield "person", Part(what=what, weight=_weight("person" if birth else "name", partnership))
            elif near >= alike.NEARLY:
                yield "person", Part(what="nearly the same name", weight=_weight("name-alike", partnership))


def _weight(name: str, partnership: Partnership) -> float:
    return float(partnership.threshold(f"join-weight-{name}").value)


def score(found: tuple[Part, ...]) -> float:
    """From 0 to 1: each part takes its share of the doubt that the others leave."""
    doubt = reduce(lambda left, part: left * (1 - part.weight), found, 1.0)
    return round(1 - doubt, 2)
