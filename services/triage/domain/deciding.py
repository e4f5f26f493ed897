"""The decision on a report: category first, words second, place and time third; danger before everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from schemas.codes import GRAVITY, Disposition
from schemas.events import ReportFacts, TriageDecision
from services.partnership.entries import Clock
from services.partnership.models import Partnership
from services.triage.domain.counting import TABLE as ENTITLEMENTS
from services.triage.domain.counting import Asked, Counted, count, entitlements
from services.triage.domain.counting import Counts as Counts
from services.triage.domain.evidence import Because, Evidence, Reader
from services.triage.domain.naming import DANGER, kind_of_case
from services.triage.domain.reading import Reading, said_of
from services.triage.domain.state import is_counted, sighting_of
from services.triage.domain.thrive import assess, signs
from services.triage.domain.weighing import confidence_of, disposition_of, perhaps_of, themes_of, with_reading

CHILD, REPEAT_VICTIM, REPEAT_PLACE = "child", "repeat-victim", "repeat-place"
ADULT_AGE = 18
_RISKS: tuple[Literal["standard", "medium", "high"], ...] = ("standard", "medium", "high")


@dataclass(frozen=True, slots=True)
class Rules:
    """The active rule set: the partnership's files, its tables and its words, and what they are called together."""

    partnership: Partnership
    reader: Reader
    rule_set: str
    reading_wait: timedelta | None = None
    """How long a report may wait for its second reading; None where nobody reads, and so nothing waits."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with its reasons."""

    decision: TriageDecision
    because: tuple[Because, ...]
    hinted: bool = False
    """Whether words hint at a harm that is not flagged: the second reader's to tell."""
    supposed: bool = False
    """Whether danger is flagged on a hint alone, where nobody read."""
    counted: tuple[Counted, ...] = ()
    """What was counted for it."""


@dataclass(frozen=True, slots=True)
class _Ages:
    under_18: bool = False
    adult: bool = False


def _ages(people: list[Mapping[str, Any]], day: date) -> _Ages:
    """Whether somebody harmed or concerned is known to be a child, or an adult."""
    under, adult = False, False
    for person in people:
        if person.get("role") in ("victim", "subject", "suspect"):
            age = _age(person, day)
            under |= person.get("under_18") is True or (age is not None and age < ADULT_AGE)
            adult |= person.get("under_18") is False or (age is not None and age >= ADULT_AGE)
    return _Ages(under, adult)


def _age(person: Mapping[str, Any], day: date) -> int | None:
    born = person.get("date_of_birth")
    if born is None:
        return person.get("age")
    birth = date.fromisoformat(str(born))
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def decide_report(
    report: ReportFacts,
    personal: Mapping[str, Any],
    counts: Counts,
    rules: Rules,
    day: date,
    reading: Reading | None = None,
) -> Decided:
    """The decision of a report under `rules` on `day`. The same inputs give the same answer."""
    signs = counts.signs
    reading = signs.over(reading)
    evidence = rules.reader.read(report, personal, reading, signs)
    if reading is not None:
        evidence = with_reading(evidence, reading, rules.reader)
    if report.historic:
        return _historic(report, evidence, rules, day)
    ages = _ages(list(personal.get("people") or ()), day)
    themes = themes_of(evidence, rules.partnership) if counts.held is None else list(counts.held)
    counted = _counted(report, personal, themes, counts, rules)
    flags = _flags(report, evidence, ages, counted, rules)
    live = _live(report, evidence, ages, themes, flags, _Tally(counted, counts), rules, day)
    decision, because = _assessed(live, report, personal, counted, rules)
    hinted = any(hit.signal not in flags for hit in evidence.hints)
    return Decided(decision, because, hinted, evidence.supposed, counted)


def _counted(
    report: ReportFacts, personal: Mapping[str, Any], themes: list[str], counts: Counts, rules: Rules
) -> tuple[Counted, ...]:
    if not is_counted(report):
        return ()
    sighting = sighting_of(report, personal, tuple(themes))
    return count(Asked(sighting, counts.at(report.received_at), rules.partnership), counts)


def _flags(
    report: ReportFacts, evidence: Evidence, ages: _Ages, counted: tuple[Counted, ...], rules: Rules
) -> list[str]:
    flags = list(evidence.flags)
    found = {DANGER: "danger_now"} if report.danger_now else {}
    found |= {CHILD: "people"} if ages.under_18 else {}
    found |= {each.rule.flag: each.field for each in counted if each.rule.flag and each.reached}
    for flag, field in found.items():
        if flag not in flags:
            flags.append(flag)
            for row in rules.reader.tables.of_signal(flag, negated=False):
                evidence.note({name: row.outputs[name] for name in ("risk", "act_first", "panel")})
                evidence.because.append(Because(row.rule, field))
    return flags


def _assessed(
    decided: Decided, report: ReportFacts, personal: Mapping[str, Any], counted: tuple[Counted, ...], rules: Rules
) -> tuple[TriageDecision, tuple[Because, ...]]:
    """The decision with its THRIVE record and what may be entitled; intelligence tells nobody of either."""
    decision = decided.decision
    thrive = assess(signs(report, personal, decision.flags, decision.risk), rules.partnership)
    if not is_counted(report) or decision.disposition is Disposition.NOT_OURS:
        return decision.model_copy(update={"thrive": thrive}), decided.because
    found = entitlements(counted, decision.flags, rules.partnership)
    fields = {each.rule.code: each.field for each in counted}
    because = tuple(Because(f"{ENTITLEMENTS}/{each.code}", fields.get(each.code, "flags")) for each in found)
    fired = dict.fromkeys((*decision.rules, *(each.rule for each in because)))
    update = {"thrive": thrive, "entitlements": found, "rules": tuple(fired)}
    return decision.model_copy(update=update), (*decided.because, *because)


def _historic(report: ReportFacts, evidence: Evidence, rules: Rules, day: date) -> Decided:
    themes = themes_of(evidence, rules.partnership)
    leads = rules.partnership.leads_of(themes[0], day) if themes else ()
    because = tuple(evidence.because) or (Because("hub/historic", "occurred_month"),)
    decision = TriageDecision(
        themes=tuple(themes),
        lead_agency=leads[0] if leads else None,
        joint_leads=leads[1:],
        acting_lead=leads[0] if leads else None,
        disposition=Disposition.RECORD_ONLY,
        confidence=confidence_of(evidence) if themes else 1.0,
        rule_set=rules.rule_set,
        rules=tuple(dict.fromkeys(each.rule for each in because)),
    )
    return Decided(decision, because)


@dataclass(frozen=True, slots=True)
class _Tally:
    """What was counted, and what from."""

    counted: tuple[Counted, ...]
    counts: Counts

    def earlier(self, flag: str) -> int:
        """The incidents before this one, by the flag of the rule that counts them."""
        return next((each.earlier for each in reversed(self.counted) if each.rule.flag == flag), 0)

    def due_at(self, received_at: datetime, clock: Clock, partnership: Partnership) -> datetime:
        """By the clock; decided again for a later report it runs from that one's receipt, and never ends later."""
        measured = partnership.due_at(self.counts.at(received_at), clock)
        before = self.counts.linked.due_at if self.counts.linked else None
        return min(measured, before) if before else measured


def _live(
    report: ReportFacts,
    evidence: Evidence,
    ages: _Ages,
    themes: list[str],
    flags: list[str],
    tally: _Tally,
    rules: Rules,
    day: date,
) -> Decided:
    confidence = confidence_of(evidence)
    risk, priority, due_at = _risk(report, evidence, ages, flags, themes, tally, rules)
    told = _told(report, evidence, _panels(evidence, themes, flags, ages, rules))
    harmed = risk == "high" or bool(told.agencies) or not {REPEAT_PLACE}.issuperset(flags)
    answer = disposition_of(report, evidence, themes, flags, rules.partnership, rules.reader, harmed=harmed)
    disposition, reason, destination = answer
    perhaps = perhaps_of(evidence, themes, disposition) if tally.counts.held is None else ()
    leads = _leads(report, themes, disposition, rules, day)
    because = tuple(evidence.because) or (Because("hub/nothing-fired", "description"),)
    decision = TriageDecision(
        themes=(*themes, *perhaps),
        lead_agency=leads[0] if leads else None,
        joint_leads=leads[1:],
        acting_lead=leads[0] if leads else None,
        act_first=told.agencies,
        disposition=disposition,
        risk=risk,
        priority=priority,
        due_at=due_at,
        panels=told.panels,
        flags=tuple(flags),
        confidence=confidence,
        rule_set=rules.rule_set,
        rules=tuple(dict.fromkeys(each.rule for each in because)),
        kind_of_case=kind_of_case(report, themes, flags, rules.partnership),
        destination=destination,
        review_reason=reason,
        second_reading=said_of(evidence.reading, flags, evidence.read_alone, perhaps),
    )
    return Decided(decision, because)


def _risk(
    report: ReportFacts,
    evidence: Evidence,
    ages: _Ages,
    flags: list[str],
    themes: list[str],
    tally: _Tally,
    rules: Rules,
) -> tuple[Literal["standard", "medium", "high"], int, datetime]:
    inputs = {
        "flags": flags,
        "danger_now": DANGER in flags,
        "under_18": ages.under_18,
        "repeat_victim": tally.earlier(REPEAT_VICTIM),
        "repeat_place": tally.earlier(REPEAT_PLACE),
        "theme": themes[0] if themes else None,
    }
    row = rules.reader.tables.evaluate("risk", inputs)[0]
    evidence.because.append(Because(row.rule, "risk"))
    highest = max([row.outputs["risk"], *evidence.risks], key=GRAVITY.__getitem__)
    clock = Clock(minutes=row.outputs["due_minutes"], calendar=row.outputs["due_calendar"])
    due_at = tally.due_at(report.received_at, clock, rules.partnership)
    return _RISKS[GRAVITY[highest]], row.outputs["priority"], due_at


def _leads(
    report: ReportFacts, themes: list[str], disposition: Disposition, rules: Rules, day: date
) -> tuple[str, ...]:
    """Intelligence goes to the police alone; no theme still has an owner; what is not ours has none here."""
    identity = rules.partnership.identity
    if report.kind == "intelligence":
        return (identity.intelligence_agency,)
    if themes:
        return rules.partnership.leads_of(themes[0], day) or (identity.owner_without_theme,)
    return () if disposition is Disposition.NOT_OURS else (identity.owner_without_theme,)


def _panels(evidence: Evidence, themes: list[str], flags: list[str], ages: _Ages, rules: Rules) -> list[str]:
    panels = list(evidence.panels)
    for theme in themes:
        inputs = {"theme": theme, "flags": flags, "under_18": ages.under_18, "adult": ages.adult}
        for row in rules.reader.tables.evaluate("panels", inputs):
            if row.outputs["panel"] is not None and row.outputs["panel"] not in panels:
                panels.append(row.outputs["panel"])
    return panels


@dataclass(frozen=True, slots=True)
class _Told:
    """Who hears of the report beside its lead: agencies at once, panels by suggestion."""

    agencies: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()


def _told(report: ReportFacts, evidence: Evidence, panels: list[str]) -> _Told:
    """Intelligence is the police's own: whatever flags it holds, nobody else is told and no panel is suggested."""
    if report.kind == "intelligence":
        return _Told()
    return _Told(tuple(evidence.act_first), tuple(panels))
