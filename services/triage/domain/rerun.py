"""A decision made again from what was recorded with it, and how two rule sets differ on one report."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from services.triage.domain.counting import Counts
from services.triage.domain.deciding import Decided as Made
from services.triage.domain.deciding import Rules
from services.triage.domain.second_look import decide_with
from services.triage.domain.standing import beside
from services.triage.domain.state import Decided, visible_to

FIELDS = ("theme", "lead", "priority", "panels", "disposition")
"""What a shadow run compares."""
MOST_REPORTS = 100
"""References kept of one kind of difference; all are counted."""


class Report(BaseModel):
    """A report in which two rule sets differ, and who may open it."""

    model_config = ConfigDict(frozen=True)
    reference: str
    visible_to: tuple[str, ...]


class Change(BaseModel):
    """One kind of difference: the field, what it was and would be, and its reports."""

    model_config = ConfigDict(frozen=True)
    field: str
    before: str
    after: str
    count: int
    reports: tuple[Report, ...]


class Differences(BaseModel):
    """What a replay found so far."""

    model_config = ConfigDict(frozen=True)
    replayed: int = 0
    changed: int = 0
    changes: tuple[Change, ...] = ()

    def merged(self, other: "Differences", most: int | None = MOST_REPORTS) -> "Differences":
        """Both together; of each kind the first `most` references are kept."""
        found = {(each.field, each.before, each.after): each for each in self.changes}
        for each in other.changes:
            known = found.get((each.field, each.before, each.after))
            if known is not None:
                reports = (*known.reports, *each.reports)[:most]
                each = known.model_copy(update={"count": known.count + each.count, "reports": reports})
            found[each.field, each.before, each.after] = each
        ordered = sorted(
            found.values(), key=lambda each: (FIELDS.index(each.field), -each.count, each.before, each.after)
        )
        return Differences(
            replayed=self.replayed + other.replayed, changed=self.changed + other.changed, changes=tuple(ordered)
        )


def redecided(recorded: Decided, rules: Rules) -> Made:
    """The decision made again from its recorded inputs: what `rules` make of them, and a person's answer beside it."""
    made = _by_rules(recorded, rules)
    stands = recorded.answer is not None
    return beside(made, recorded.reviewed, recorded.report, recorded.answers, stands=stands)


def _by_rules(recorded: Decided, rules: Rules) -> Made:
    """What `rules` make of the report, its personal part, other reports, answered signs, the reading and the day."""
    counts = Counts(recorded.seen, recorded.linked, recorded.answers)
    return decide_with(recorded.report, recorded.personal, counts, rules, recorded.day, recorded.reading)


def compared(recorded: Sequence[Decided], base: Rules, draft: Rules, most: int | None = MOST_REPORTS) -> Differences:
    """How `draft` would decide these reports otherwise than `base`, whatever a person answered of them in review."""
    found, changed = Differences(), 0
    kinds: dict[tuple[str, str, str], list[Report]] = {}
    for each in recorded:
        old, new = _by_rules(each, base), _by_rules(each, draft)
        before, after = _fields(old), _fields(new)
        if before == after:
            continue
        changed += 1
        seen = tuple(sorted({*visible_to(old.decision), *visible_to(new.decision)}))
        report = Report(reference=each.report.reference, visible_to=seen)
        for name in FIELDS:
            if before[name] != after[name]:
                kinds.setdefault((name, before[name], after[name]), []).append(report)
    changes = tuple(
        Change(field=name, before=was, after=now, count=len(reports), reports=tuple(reports[:most]))
        for (name, was, now), reports in kinds.items()
    )
    return found.merged(Differences(replayed=len(recorded), changed=changed, changes=changes), most)


def _fields(made: Made) -> Mapping[str, str]:
    decision = made.decision
    return {
        "theme": decision.themes[0] if decision.themes else "none",
        "lead": decision.lead_agency or "none",
        "priority": str(decision.priority),
        "panels": ", ".join(sorted(decision.panels)) or "none",
        "disposition": str(decision.disposition),
    }
