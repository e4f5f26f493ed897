"""What is counted across channels and agencies as a report comes: repeats, and what somebody may be entitled to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.events import Entitlement
from services.partnership.assessing import EntitlementRule
from services.partnership.models import Partnership
from services.triage.domain.incidents import incidents, references, since
from services.triage.domain.signs import UNANSWERED, Signs
from services.triage.domain.state import Answers, Linked, Sighting

TABLE = "entitlements"


@dataclass(frozen=True, slots=True)
class Counts:
    """What is known beside a report: the other reports of its place and victims, for which one it is decided again, and
    what people answered of it. All are inputs of the decision."""

    seen: tuple[Sighting, ...] = ()
    linked: Linked | None = None
    answers: Answers | None = None
    held: tuple[str, ...] | None = None
    """Themes that stay whatever the evidence says."""
    left: frozenset[str] = frozenset()
    """Signs that only the second reader read, and that a person left standing in the review."""

    @property
    def signs(self) -> Signs:
        """The signs that people said are so, or are not."""
        given = Signs.of(self.answers.signs) if self.answers else UNANSWERED
        return replace(given, confirmed=given.confirmed | self.left) if self.left else given

    def at(self, received_at: datetime) -> datetime:
        """From when windows look back and clocks run: the report's receipt, or that of the later one."""
        return max(received_at, self.linked.at) if self.linked else received_at


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the report as others count it, from when to look back, and the partnership whose rules count."""

    sighting: Sighting
    at: datetime
    partnership: Partnership


@dataclass(frozen=True, slots=True)
class Counted:
    """One counted rule: the distinct incidents, this report's among them, and what it needs."""

    rule: EntitlementRule
    groups: tuple[tuple[Sighting, ...], ...]
    needed: int
    within_days: int

    @property
    def reached(self) -> bool:
        """Whether there are as many incidents as the threshold asks for."""
        return len(self.groups) >= self.needed

    @property
    def earlier(self) -> int:
        """Incidents beside this report's own."""
        return max(0, len(self.groups) - 1)

    @property
    def field(self) -> str:
        """The field of the report that was counted by."""
        return "people" if "victim" in self.rule.counts else "place"


def count(asked: Asked, counts: Counts) -> tuple[Counted, ...]:
    """Every rule that counts and concerns this report, in the file's order."""
    return tuple(
        counted_by(rule, rule.threshold, asked, counts)
        for rule in asked.partnership.entitlements
        if rule.threshold is not None and _concerns(rule, rule.threshold, asked)
    )


def _concerns(rule: EntitlementRule, code: str, asked: Asked) -> bool:
    """Whether the report is of the rule's themes and, where it is decided again, still in the rule's window."""
    days = asked.partnership.threshold(code).within_days
    alike = not rule.themes or bool(set(rule.themes) & set(asked.sighting.themes))
    return alike and (not days or bool(since((asked.sighting,), asked.at, days)))


def counted_by(rule: EntitlementRule, code: str, asked: Asked, counts: Counts) -> Counted:
    """One rule's count against the threshold `code`."""
    threshold = asked.partnership.threshold(code)
    days = threshold.within_days or 0
    alike = [each for each in since(counts.seen, asked.at, days) if _counts_with(rule, asked.sighting, each)]
    groups: list[tuple[Sighting, ...]] = [(asked.sighting,)]
    if alike:
        hours = timedelta(hours=asked.partnership.threshold("same-incident").value)
        groups = incidents([*alike, asked.sighting], hours)
    return Counted(rule, tuple(groups), int(threshold.value), days)


def _counts_with(rule: EntitlementRule, this: Sighting, other: Sighting) -> bool:
    """Whether another report counts with this one."""
    if other.historic and not rule.historic:
        return False
    victims = "victim" in rule.counts and bool(set(this.victims) & set(other.victims))
    place = "place" in rule.counts and this.cell is not None and this.cell == other.cell
    return (victims or place) and _alike(rule, this, other) and not (rule.same_suspect and _others(this, other))


def _alike(rule: EntitlementRule, this: Sighting, other: Sighting) -> bool:
    if rule.themes:
        return bool(set(rule.themes) & set(other.themes))
    return not rule.alike or not this.themes or not other.themes or bool(set(this.themes) & set(other.themes))


def _others(this: Sighting, other: Sighting) -> bool:
    """Two named suspects who differ; one who is not named may be the same."""
    return bool(this.suspects and other.suspects and not set(this.suspects) & set(other.suspects))


def entitlements(counted: Iterable[Counted], flags: Sequence[str], partnership: Partnership) -> tuple[Entitlement, ...]:
    """What may be met, once each: by count, then by signs."""
    found = {each.rule.code: _by_count(each, partnership) for each in counted if each.reached}
    for rule in partnership.entitlements:
        if rule.threshold is None and set(rule.signs_any) & set(flags) and set(rule.signs_all) <= set(flags):
            found.setdefault(rule.code, _made(rule, partnership))
    return tuple(found.values())


def _by_count(counted: Counted, partnership: Partnership) -> Entitlement:
    return _made(counted.rule, partnership).model_copy(
        update={
            "count": len(counted.groups),
            "needed": counted.needed,
            "within_days": counted.within_days,
            "reports": references(counted.groups),
        }
    )


def _made(rule: EntitlementRule, partnership: Partnership) -> Entitlement:
    destination = partnership.destination(rule.destination) if rule.destination else None
    return Entitlement(
        code=rule.code,
        destination=rule.destination,
        consent=destination.consent if destination else None,
        status=rule.status,
        note=rule.says,
    )
