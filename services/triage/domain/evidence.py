"""The evidence of one report: what the tables make of its category, words and place, theme by theme."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas.events import ReportFacts
from services.partnership.tables import CompiledTables, FiredRow
from services.triage.domain.lexicon import Hit, Lexicon
from services.triage.domain.naming import DANGER
from services.triage.domain.places import Places
from services.triage.domain.reading import Reading, beyond, doubted
from services.triage.domain.signs import STRUCK, UNANSWERED, Signs

READER, READ_ALONE = "second-reader", "read-alone"
"""What the reader's reasons are called: a theme, or a doubt of a word; and a harm that no word names."""

PERSON_RULE = "person/review"
"""What the reason is called that a person gave by her answer in the review."""

NO_THEME = "no-theme"
"""What the tables call a report of which neither words nor category nor the second reader name a theme."""


class Because(NamedTuple):
    """One reason, as a decision carries it; a tuple, since a text that is thick with signs has dozens."""

    rule: str
    field: str
    text: str | None = None
    start: int | None = None
    end: int | None = None
    negated: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As the contract has it."""
        return self._asdict()


PERSON = Because(PERSON_RULE, "description")
"""The reason that a person gave by her answer."""


@dataclass(slots=True)
class Evidence:
    """Everything that fired for a report."""

    weights: dict[str, float] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    risks: list[str] = field(default_factory=list)
    act_first: list[str] = field(default_factory=list)
    panels: list[str] = field(default_factory=list)
    dispositions: list[str] = field(default_factory=list)
    because: list[Because] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    hints: list[Hit] = field(default_factory=list)
    marked: set[str] = field(default_factory=set)
    read_alone: list[str] = field(default_factory=list)
    struck: frozenset[str] = frozenset()
    own: dict[str, float] = field(default_factory=dict)
    words: str = ""
    support: int = 0
    reading: Reading | None = None
    supposed: bool = False
    """Whether danger stands among the flags only since words hint at it where nobody read."""

    def weigh(self, theme: str | None, weight: float) -> None:
        """Add to a theme as independent evidence: two halves make three quarters, nothing makes more than one."""
        if theme is not None and weight > 0:
            self.weights[theme] = 1 - (1 - self.weights.get(theme, 0.0)) * (1 - weight)

    def shift(self, theme: str | None, weight: float) -> None:
        """Add to, or take from, a theme that has some weight already."""
        if theme is not None and theme in self.weights:
            self.weights[theme] = min(1.0, max(0.0, self.weights[theme] + weight))

    def note(self, outputs: Mapping[str, Any]) -> None:
        """Take a row's flag, risk, agency and panel, once each."""
        for name, into in (
            ("flag", self.flags),
            ("risk", self.risks),
            ("act_first", self.act_first),
            ("panel", self.panels),
        ):
            value = outputs.get(name)
            if value is not None and value not in into:
                into.append(value)


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads a report: the lexicon, the tables, the places."""

    lexicon: Lexicon
    tables: CompiledTables
    places: Places
    zone: ZoneInfo

    def read(
        self,
        report: ReportFacts,
        personal: Mapping[str, Any],
        reading: Reading | None = None,
        signs: Signs = UNANSWERED,
    ) -> Evidence:
        """All evidence, in the order category, words, signs that people answered, place and time; words count as far as
        a reading and those answers let them."""
        evidence = Evidence(reading=reading, struck=signs.struck)
        self._category(report, evidence)
        evidence.words = str(personal.get("description") or "")
        self._words(self.lexicon.hits(evidence.words), evidence)
        self._suppose(evidence)
        if signs is not UNANSWERED:
            self._answered(signs, evidence)
        self._place(report, personal.get("place"), evidence)
        return evidence

    def _category(self, report: ReportFacts, evidence: Evidence) -> None:
        if report.category is None:
            return
        inputs = {"category": report.category, "kind": report.kind, "channel": report.channel}
        for row in self.tables.evaluate("category", inputs):
            evidence.weigh(row.outputs["theme"], row.outputs["weight"])
            if row.outputs["disposition"] is not None:
                evidence.dispositions.append(row.outputs["disposition"])
            if row.outputs["theme"] is not None or row.outputs["disposition"] is not None:
                evidence.because.append(Because(row.rule, "category"))

    def _words(self, hits: Sequence[Hit], evidence: Evidence) -> None:
        counted: set[str] = set()
        for hit in hits:
            if hit.signal in evidence.struck:
                evidence.because.append(Because(f"{STRUCK}/{hit.signal}", *hit.place, negated=True))
            elif not hit.sure:
                evidence.hints += [] if hit.mark else [hit]
            elif hit.mark is None and doubted(evidence.reading, hit.signal, hit.start):
                evidence.because.append(Because(f"{READER}/not-{hit.signal}", *hit.place, negated=True))
            else:
                self._said(hit, evidence, counted)

    def _suppose(self, evidence: Evidence) -> None:
        """A hint at danger counts as danger where the text was not read, or not so far: nobody else would tell."""
        unread = [hit for hit in evidence.hints if hit.signal == DANGER and beyond(evidence.reading, hit.start)]
        if unread and DANGER not in evidence.flags:
            evidence.supposed = True
            counted: set[str] = set()
            for hit in unread:
                self._said(hit, evidence, counted)

    def _said(self, hit: Hit, evidence: Evidence, counted: set[str]) -> None:
        """What a plain word says: noted each time, counted once."""
        negated = hit.mark is not None
        if negated:
            evidence.marked.add(hit.signal)
        again = negated or hit.signal in counted
        for row in self.tables.of_signal(hit.signal, negated=negated):
            evidence.because.append(Because(row.rule, *hit.place, negated=negated))
            if not again:
                evidence.weigh(row.outputs["theme"], row.outputs["weight"])
                evidence.note(row.outputs)
        if not again:
            counted.add(hit.signal)
            evidence.signals.append(hit.signal)

    def _answered(self, signs: Signs, evidence: Evidence) -> None:
        """A confirmed sign says what a plain word of it says; one that was struck out is none, whoever else says so."""
        evidence.marked |= signs.struck
        evidence.flags = [flag for flag in evidence.flags if flag not in signs.struck]
        said = {each.rule for each in evidence.because}
        unsaid = (rule for sign in sorted(signs.struck) if (rule := f"{STRUCK}/{sign}") not in said)
        evidence.because += [Because(rule, "signs", negated=True) for rule in unsaid]
        for sign in sorted(signs.confirmed.difference(evidence.flags)):
            evidence.signals.append(sign)
            for row in self.tables.of_signal(sign, negated=False):
                evidence.because.append(Because(row.rule, "signs"))
                evidence.weigh(row.outputs["theme"], row.outputs["weight"])
                evidence.note(row.outputs)

    def _place(self, report: ReportFacts, place: Mapping[str, Any] | None, evidence: Evidence) -> None:
        if not evidence.weights:
            return
        hour = report.occurred_at.astimezone(self.zone).hour if report.occurred_at else None
        inputs = {
            "in_town_centre": self.places.in_town_centre(report.street, place),
            "near": self.places.near(report.street, place),
            "hour": hour,
        }
        for row in self.tables.evaluate("place", inputs):
            if row.outputs["theme"] in evidence.weights:
                evidence.shift(row.outputs["theme"], row.outputs["weight"])
                evidence.because.append(Because(row.rule, "place"))

    def elsewhere(self, evidence: Evidence, category: str | None, *, no_theme: bool = False) -> FiredRow | None:
        """Who a report is for when no theme takes it; `no_theme` where all that was asked agrees that none does."""
        asked: Iterable[tuple[str | None, str | None]] = [(signal, None) for signal in evidence.signals]
        agreed = [(NO_THEME, None)] if no_theme else []
        for signal, code in [*asked, (None, category), *agreed]:
            for row in self.tables.evaluate("elsewhere", {"signal": signal, "category": code}):
                if row.outputs["destination"] is not None:
                    return row
        return None
