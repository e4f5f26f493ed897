"""From evidence to themes, a confidence, and whether a person decides; the second reader counts beside the rest."""

from schemas.codes import Disposition
from schemas.events import ReportFacts
from services.partnership.models import Partnership
from services.triage.domain.evidence import READ_ALONE, READER, Because, Evidence, Reader
from services.triage.domain.lexicon import Hit
from services.triage.domain.naming import DANGER
from services.triage.domain.reading import (
    ALARMED,
    CONTRADICTED,
    HINTED,
    NONE,
    SEEN,
    SUSPECTED,
    Reading,
    suspected,
    weighed,
)

MINIMUM, SECOND, SURE, MARGIN = "theme-minimum", "second-theme", "review-confidence", "review-margin"
READ_SURE = "reading-confidence"
READ_SECOND = 0.35
"""With a reading a further theme is named at this share of the first one's chance: documented default."""
PERHAPS = 0.15
"""Where a person decides on one theme the next likeliest is named beside it from this share: documented default. Held
out, the right theme was among the first two in 0.85 of reports with a theme without it, in 0.88 with it."""
SUPPORT, NOT_OURS = 1, 0.5
"""How many different words of a theme support the reader where the tables say nothing of it; what a word that names
somebody else's matter counts against the themes: documented defaults."""
Answer = tuple[Disposition, str | None, str | None]


def with_reading(evidence: Evidence, reading: Reading, reader: Reader) -> Evidence:
    """The evidence as the second reader leaves it: agreed harm is flagged, and each theme has a chance for a weight."""
    for hit in evidence.hints:
        if reading.flags.get(hit.signal, 0.0) >= (ALARMED if hit.signal == DANGER else HINTED):
            _agree(evidence, hit, reader)
    _flag_alone(evidence, reading, reader)
    elsewhere = {NONE: NOT_OURS} if reader.elsewhere(evidence, None) else {}
    chances = weighed(reading, evidence.weights | elsewhere)
    evidence.own, evidence.reading = dict(evidence.weights), reading
    first = max(chances, key=lambda theme: (chances[theme], theme))
    evidence.weights = {} if first == NONE else {t: c for t, c in chances.items() if t != NONE}
    evidence.because.append(Because(f"{READER}/{first}", "description"))
    _support(evidence, first, reader)
    return evidence


def _support(evidence: Evidence, theme: str, reader: Reader) -> None:
    """Words that go with what the reader says; so many as are needed stand among the reasons."""
    words = reader.lexicon.theme_words(evidence.words, theme)
    evidence.support = len(words)
    for word in words[:SUPPORT]:
        evidence.because.append(Because(f"words/{theme}", "description", word.text, word.start, word.end))


def _agree(evidence: Evidence, hit: Hit, reader: Reader) -> None:
    """A hint that the reader reads too says what a plain word says."""
    rows = reader.tables.of_signal(hit.signal, negated=False)
    known = hit.signal in evidence.flags
    for row in rows:
        evidence.because.append(Because(row.rule, *hit.place))
        if not known:
            evidence.weigh(row.outputs["theme"], row.outputs["weight"])
        evidence.note(row.outputs)


def _flag_alone(evidence: Evidence, reading: Reading, reader: Reader) -> None:
    """Harm that only the reader sees, and sees plainly: flagged and urgent, but not confirmed; nobody further is told.

    Where theme and lead are sure the case opens at once and its caseworker confirms the harm: hours in a queue would
    help nobody (decision 0407). Where the writer names the harm and seems to say that it is not so, the reader must see
    it plainer still, and a person looks.
    """
    for flag, chance in sorted(reading.harms.items()):
        plain = chance >= (ALARMED if flag == DANGER else SEEN)
        if plain and flag not in evidence.flags and (flag not in evidence.marked or chance >= CONTRADICTED):
            evidence.read_alone.append(flag)
            for row in reader.tables.of_signal(flag, negated=False):
                evidence.note({name: row.outputs[name] for name in ("flag", "risk")})
                evidence.because.append(Because(f"{READ_ALONE}/{flag}", "description"))


def asks_reading(
    report: ReportFacts,
    confidence: float,
    flags: tuple[str, ...],
    partnership: Partnership,
    *,
    hinted: bool = False,
    supposed: bool = False,
) -> bool:
    """Whether the second reader is asked: nobody is in danger, it is not of the past, and the tables are not sure.

    They are not sure either where words only hint (`hinted`) at a harm that is not flagged, or at danger (`supposed`).
    """
    if report.historic or report.danger_now or (DANGER in flags and not supposed):
        return False
    return hinted or supposed or confidence < partnership.threshold("reading-below").value


def themes_of(evidence: Evidence, partnership: Partnership) -> list[str]:
    """The themes with enough evidence, the strongest first."""
    ranked = _ranked(evidence)
    if evidence.reading is not None:
        return [theme for theme, weight in ranked if weight >= READ_SECOND * ranked[0][1]][:3]
    least, share = partnership.threshold(MINIMUM).value, partnership.threshold(SECOND).value
    if not ranked or ranked[0][1] < least:
        return []
    return [theme for theme, weight in ranked if weight >= max(least, share * ranked[0][1])]


def perhaps_of(evidence: Evidence, themes: list[str], disposition: Disposition) -> tuple[str, ...]:
    """The next likeliest theme where a person decides on one alone: hers to choose, and nobody is told of it."""
    if evidence.reading is None or disposition is not Disposition.REVIEW or len(themes) != 1:
        return ()
    (_, most), *others = _ranked(evidence)
    return tuple(theme for theme, weight in others[:1] if weight >= PERHAPS * most)


def _ranked(evidence: Evidence) -> list[tuple[str, float]]:
    """The themes with their weights, the strongest first."""
    return sorted(evidence.weights.items(), key=lambda item: (-item[1], item[0]))


def confidence_of(evidence: Evidence) -> float:
    """With a reading its chance of the first theme or of none; else weights, the first less half the second."""
    ranked = sorted(evidence.weights.values(), reverse=True)
    if evidence.reading is not None:
        first = max(evidence.weights, key=lambda theme: (evidence.weights[theme], theme), default=NONE)
        return round(evidence.reading.themes.get(first, 0.0), 3)
    if not ranked:
        return 0.0
    return round(max(0.0, ranked[0] - (0.5 * ranked[1] if len(ranked) > 1 else 0.0)), 3)


def disposition_of(
    report: ReportFacts,
    evidence: Evidence,
    themes: list[str],
    flags: list[str],
    partnership: Partnership,
    reader: Reader,
    *,
    harmed: bool,
) -> Answer:
    """Disposition, why a person must decide, and who it is for when it is not ours; never that of one who is harmed."""
    read_alone = DANGER in evidence.read_alone
    if (DANGER in flags and not read_alone) or report.kind == "intelligence":
        return Disposition.NEEDS_CASE, None, None
    doubt = _doubt(evidence, themes, flags, partnership)
    if doubt is None and Disposition.REVIEW in evidence.dispositions:
        doubt = "a rule of its category asks for a person"
    if doubt is not None:
        return Disposition.REVIEW, doubt, None
    if not themes:
        return _without_theme(report, evidence, flags, reader, harmed=harmed)
    if Disposition.RECORD_ONLY in evidence.dispositions and not harmed:
        return Disposition.RECORD_ONLY, None, None
    return Disposition.NEEDS_CASE, None, None


def _doubt(evidence: Evidence, themes: list[str], flags: list[str], partnership: Partnership) -> str | None:
    confidence = confidence_of(evidence)
    if evidence.reading is not None:
        return _doubt_of_reading(evidence, evidence.reading, themes, flags, confidence, partnership)
    if themes and confidence < partnership.threshold(SURE).value:
        return "the evidence is weak"
    if len(themes) > 2 and _margin(evidence) < partnership.threshold(MARGIN).value:
        return "several themes are close"
    return None


def _doubt_of_reading(
    evidence: Evidence,
    reading: Reading,
    themes: list[str],
    flags: list[str],
    confidence: float,
    partnership: Partnership,
) -> str | None:
    unseen = [DANGER] if DANGER in evidence.read_alone else _unseen(evidence, reading, flags)
    if unseen:
        return f"the second reader suspects: {', '.join(unseen)}"
    if confidence < partnership.threshold(READ_SURE).value:
        return "the evidence is weak"
    if themes and not evidence.own.get(themes[0]) and evidence.support < SUPPORT:
        return "only the second reader says so"
    return None


def _unseen(evidence: Evidence, reading: Reading, flags: list[str]) -> list[str]:
    """Harm that a person is to look for: what words seem to deny or only hint at counts, whatever else is flagged."""
    denied = [flag for flag in evidence.read_alone if flag in evidence.marked]
    hinted = DANGER not in flags and any(hit.signal == DANGER for hit in evidence.hints)
    danger = [DANGER] if hinted and reading.flags.get(DANGER, 0.0) >= SUSPECTED else []
    return list(dict.fromkeys([*danger, *denied, *suspected(reading, flags)]))


def _without_theme(
    report: ReportFacts, evidence: Evidence, flags: list[str], reader: Reader, *, harmed: bool
) -> Answer:
    """Not ours where a word or the category names whose it is, or where the reader and the silence of both agree."""
    agreed = evidence.reading is not None and not evidence.own and not flags
    row = None if harmed else reader.elsewhere(evidence, report.category, no_theme=agreed)
    if row is None:
        return Disposition.REVIEW, "no theme has enough evidence", None
    evidence.because.append(Because(row.rule, "description"))
    return Disposition.NOT_OURS, None, row.outputs["destination"]


def _margin(evidence: Evidence) -> float:
    ranked = sorted(evidence.weights.values(), reverse=True)
    return ranked[0] - ranked[1] if len(ranked) > 1 else 1.0
