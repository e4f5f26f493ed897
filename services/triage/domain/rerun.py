"""A decision made again from what was recorded with it, and how two rule sets differ on one report."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from services.triage.domain.counting import Counts
from services.triage.domain.deciding import Decided as Made
from services.triage.domain.deciding import Rules
from services.triage.domain.difference import FIELDS, WEAKER, Difference, differences
from services.triage.domain.second_look import decide_with
from services.triage.domain.standing import decide_again
from services.triage.domain.state import Decided, visible_to

MOST_REPORTS = 100
"""References kept of one kind of difference; all are counted."""


class Report(BaseModel):
    """A report in which two rule sets differ, and who may open it."""

    model_config = ConfigDict(frozen=True)
    reference: str
    visible_to: tuple[str, ...]


class NotReplayed(Exception):
    """A recorded report could not be read or decided again; `why` names the kind of error, never what it said."""

    def __init__(self, report: Report, why: str) -> None:
        super().__init__(f"{report.reference} {why}")
        self.report, self.why = report, why


class Change(BaseModel):
    """One kind of difference: the field, what it was and would be, and its reports.

    `weaker`: a lower risk, more time, or somebody who no longer acts first. Runs that did not look for it have none.
    """

    model_config = ConfigDict(frozen=True)
    field: str
    before: str
    after: str
    weaker: bool = False
    count: int
    reports: tuple[Report, ...]

    @property
    def what(self) -> str:
        """The field as people call it."""
        return WEAKER[self.field] if self.weaker else FIELDS[self.field]


class Differences(BaseModel):
    """What a replay found so far."""

    model_config = ConfigDict(frozen=True)
    replayed: int = 0
    changed: int = 0
    changes: tuple[Change, ...] = ()

    def merged(self, other: "Differences", most: int | None = MOST_REPORTS) -> "Differences":
        """Both together, what is weaker first; of each kind the first `most` references are kept."""
        found = {(each.field, each.before, each.after): each for each in self.changes}
        for each in other.changes:
            known = found.get((each.field, each.before, each.after))
            if known is not None:
                reports = (*known.reports, *each.reports)[:most]
                each = known.model_copy(update={"count": known.count + each.count, "reports": reports})
            found[each.field, each.before, each.after] = each
        ordered = sorted(found.values(), key=_place)
        return Differences(
            replayed=self.replayed + other.replayed, changed=self.changed + other.changed, changes=tuple(ordered)
        )


def _place(change: Change) -> tuple[bool, int, int, str, str]:
    return not change.weaker, list(FIELDS).index(change.field), -change.count, change.before, change.after


def redecided(recorded: Decided, rules: Rules) -> Made:
    """The decision made again from its recorded inputs: what `rules` make of them, and a person's answer beside it."""
    return decide_again(recorded, recorded.reviewed, _counts(recorded), rules, recorded.day)


def _by_rules(recorded: Decided, rules: Rules) -> Made:
    """What `rules` make of the report, its personal part, other reports, answered signs, the reading and the day."""
    return decide_with(recorded.report, recorded.personal, _counts(recorded), rules, recorded.day, recorded.reading)


def _counts(recorded: Decided) -> Counts:
    return Counts(recorded.seen, recorded.linked, recorded.answers)


def compared(recorded: Sequence[Decided], base: Rules, draft: Rules, most: int | None = MOST_REPORTS) -> Differences:
    """How `draft` would decide these reports otherwise than `base`, whatever a person answered of them in review."""
    changed = 0
    kinds: dict[Difference, list[Report]] = {}
    for each in recorded:
        old, new = _by_rules(each, base), _by_rules(each, draft)
        differing = differences(old.decision, new.decision, each.report.received_at)
        changed += bool(differing)
        # Whoever sees the report as it stands may open it; a draft, whose author wrote it, shows it to nobody further.
        report = Report(reference=each.report.reference, visible_to=visible_to(each.decision))
        for difference in differing:
            kinds.setdefault(difference, []).append(report)
    changes = tuple(
        Change(**difference._asdict(), count=len(reports), reports=tuple(reports[:most]))
        for difference, reports in kinds.items()
    )
    return Differences().merged(Differences(replayed=len(recorded), changed=changed, changes=changes), most)
