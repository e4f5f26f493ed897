"""What triage keeps of a report: what it was given, what it decided, and under which rules."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from schemas.codes import Disposition, ReviewAnswer
from schemas.events import ReportFacts, TriageDecision
from schemas.facts import AnsweredSign
from services.triage.domain.naming import DANGER
from services.triage.domain.reading import Reading


class Sighting(BaseModel):
    """Another report about a place or a victim, as far as counting incidents needs it; no name stands in it."""

    model_config = ConfigDict(frozen=True)
    report_id: str
    reference: str
    happened_at: datetime
    timed: bool = True
    """False where no more than the month is known: such a report is never taken for the same incident as another."""
    cell: str | None = None
    themes: tuple[str, ...] = ()
    victims: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()
    historic: bool = False


class Linked(BaseModel):
    """The later report about the same person or place that made a report be decided again: an input of that decision.

    Windows and clocks are then measured from `at`, when the later one came; the time that was due before still holds.
    """

    model_config = ConfigDict(frozen=True)
    report: str
    at: datetime
    due_at: datetime | None = None


class Route(BaseModel):
    """Where a report stood when a sign of it was answered: what its case is of, and whose.

    An answer changes that only where the hub is sure of another; never where a person decided it or is waited for.
    """

    model_config = ConfigDict(frozen=True)
    themes: tuple[str, ...] = ()
    lead_agency: str | None = None
    joint_leads: tuple[str, ...] = ()
    acting_lead: str | None = None
    disposition: Disposition
    destination: str | None = None
    joins: str | None = None
    confidence: float
    review_reason: str | None = None
    by_person: bool = False

    @classmethod
    def of(cls, known: "Decided") -> "Route":
        """Where a report stands by its decision; `by_person` where that is a person's answer, or agrees with one."""
        kept = set(cls.model_fields) - {"by_person", "themes"}
        by_person = known.answer is not None or (known.reviewed is not None and not known.in_review)
        route = known.decision.model_dump(include=kept)
        return cls(**route, themes=known.decision.settled_themes, by_person=by_person)

    def stands(self, made: TriageDecision) -> bool:
        """Whether it stays, whatever `made` says: a danger that is known alone waits for nobody."""
        sure = made.disposition is Disposition.NEEDS_CASE
        if self.by_person or self.disposition is not Disposition.REVIEW:
            return self.by_person or not sure
        return not (sure and DANGER in made.flags)

    def kept(self) -> dict[str, Any]:
        """Its fields of a decision."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "by_person"}


class Reviewed(BaseModel):
    """What a person answered in review, as it left the report: an input of every decision that is made beside it."""

    model_config = ConfigDict(frozen=True)
    route: Route
    confirmed: tuple[str, ...] = ()
    """The flags that do not stand on the second reader's word alone since."""

    @classmethod
    def of(cls, known: "Decided") -> "Reviewed":
        """As it stands in a decision that a person answered, or that was made beside her answer."""
        reading = known.decision.second_reading
        alone = reading.alone if reading is not None else ()
        flags = tuple(flag for flag in known.decision.flags if flag not in alone)
        return cls(route=Route.of(known), confirmed=flags)


class Answers(BaseModel):
    """What people answered of a report's signs on its case, and where it stood before: inputs of the decision."""

    model_config = ConfigDict(frozen=True)
    signs: tuple[AnsweredSign, ...]
    route: Route | None = None
    """None once the sender wrote new words: those alone say then where the report goes."""

    def after_new_words(self) -> "Answers | None":
        """What still holds of them: what is so stays so, what was struck out new words may say again."""
        confirmed = tuple(each for each in self.signs if each.confirmed)
        return Answers(signs=confirmed) if confirmed else None


class Checked(BaseModel):
    """What a person said of a decision that was made without one; `themes` are those that she holds right."""

    model_config = ConfigDict(frozen=True)
    right: bool
    themes: tuple[str, ...] = ()
    by: str
    at: datetime
    reason: str = ""


class Decided(BaseModel):
    """The current decision on a report, with its inputs, so that it can be run again."""

    model_config = ConfigDict(frozen=True)
    report: ReportFacts
    personal: dict[str, Any]
    decision: TriageDecision
    because: list[dict[str, Any]]
    seen: tuple[Sighting, ...] = ()
    """The other reports that it was counted with: an input of the decision."""
    reading: Reading | None = None
    """What the second reader said, where it was asked and answered in time: an input of the decision too."""
    linked: Linked | None = None
    """The later report for which it was decided again, where one was."""
    answers: Answers | None = None
    """What people answered of its signs on its case, where they did: an input of the decision too."""
    reviewed: Reviewed | None = None
    """What a person answered of it in review, where that still counts: an input of the decision too."""
    ruled_on: date | None = None
    """The day by which the rules decided, where the partnership is; None in a row from before it was kept of all."""
    decided_at: datetime
    decided_by: str = "hub"
    version: int = 1
    in_review: bool = False
    victims: tuple[str, ...] = ()
    withdrawn: bool = False
    answer: ReviewAnswer | None = None
    undone: ReviewAnswer | None = None
    """The answer that was taken back, so that this one waits again."""
    counted: tuple[str, ...] = ()
    """What the answer counted of the rules, one each: to be taken back with it, whatever rules are in force then."""
    reason: str | None = None
    """What a person gave as her reason; free text, so it travels in `personal` alone."""
    decided_by_name: str | None = None
    escalated_at: datetime | None = None
    sample: bool = False
    """Whether a person is to look at it afterwards, though it was decided without one."""
    checked: Checked | None = None
    waits_since: datetime | None = None
    """Since when a person is waited for, where that is longer than this decision stands."""

    @property
    def waited_for_since(self) -> datetime:
        """When the report came into review, of one that is in review."""
        return self.waits_since or self.decided_at

    @property
    def day(self) -> date:
        """The day by which the rules decided: ages and leads are of that day."""
        return self.ruled_on or self.decided_at.date()


class Superseded(BaseModel):
    """A decision that another one took the place of; it is kept as it was."""

    model_config = ConfigDict(frozen=True)
    decided: Decided


class Sightings(BaseModel):
    """The reports about one place or one victim, the latest ones."""

    model_config = ConfigDict(frozen=True)
    reports: tuple[Sighting, ...] = ()

    def with_report(self, sighting: Sighting) -> "Sightings":
        """These, and that one as it now is."""
        return Sightings(reports=(*self.without(sighting.report_id), sighting))

    def without(self, report_id: str) -> tuple[Sighting, ...]:
        """Those of other reports."""
        return tuple(each for each in self.reports if each.report_id != report_id)


def second_matter(report_id: UUID) -> UUID:
    """The id of the report that a split makes of its second matter: always the same one."""
    return uuid5(report_id, "second-matter")


def place_key(cell: str) -> str:
    """The key of a place's sightings."""
    return f"place:{cell}"


def victim_key(victim: str) -> str:
    """The key of a victim's sightings."""
    return f"victim:{victim}"


def victims_of(personal: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the victims: name with date of birth or age, hashed, so that no name stands in a key."""
    return _people(personal, "victim")


def suspects_of(personal: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the named suspects, as `victims_of`."""
    return _people(personal, "suspect")


def _people(personal: Mapping[str, Any], role: str) -> tuple[str, ...]:
    people = personal.get("people")
    if not people:
        return ()
    found = set()
    for person in people:
        if person.get("role") == role and person.get("name"):
            born = person.get("date_of_birth") or person.get("age") or ""
            words = " ".join(str(person["name"]).lower().split())
            found.add(hashlib.blake2b(f"{words}/{born}".encode(), digest_size=16).hexdigest())
    return tuple(sorted(found))


def is_counted(report: ReportFacts) -> bool:
    """Intelligence is never counted: a count would tell others of it."""
    return report.kind != "intelligence"


def happened(report: ReportFacts) -> tuple[datetime, bool]:
    """When it happened, as far as is known and never after it was told, and whether that is more than a month.

    Of a place or a victim the latest reports are counted: those of days to come would stand before all others for good.
    """
    month = datetime.fromisoformat(f"{report.occurred_month}-01T00:00:00+00:00") if report.occurred_month else None
    told = report.occurred_at or month or report.received_at
    return min(told, report.received_at), month is None or report.occurred_at is not None


def sighting_of(report: ReportFacts, personal: Mapping[str, Any], themes: tuple[str, ...]) -> Sighting:
    """The report as others will count it."""
    happened_at, timed = happened(report)
    return Sighting(
        report_id=str(report.report_id),
        reference=report.reference,
        happened_at=happened_at,
        timed=timed,
        cell=report.cell,
        themes=themes,
        victims=victims_of(personal),
        suspects=suspects_of(personal),
        historic=report.historic,
    )


def visible_to(decision: TriageDecision) -> tuple[str, ...]:
    """Who may answer a report in review: who would lead, who acts first, and the panels suggested."""
    named = {decision.lead_agency, *decision.joint_leads, *decision.act_first, *decision.panels}
    return tuple(sorted(code for code in named if code))
