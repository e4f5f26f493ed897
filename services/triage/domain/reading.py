"""What the second reader made of a text, and how it counts: beside other evidence, never instead of it. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from schemas.facts import SecondReading

NONE, HARM = "none", "harm"
"""What the reader calls no theme; and, among the harms, that there is one at all, whichever it is."""
OWN_WEIGHT, NONE_WEIGHT = 1.0, 1.1
"""How much a theme's own evidence raises what the reader says of it; what "none" counts: from there on no more held-out
training texts are read rightly (decision 0420). Fitted so, documented defaults."""
DOUBTED, HINTED, SUSPECTED, SEEN = 0.55, 0.55, 0.45, 0.55
"""From which chance of a harm on a plain word for it counts; a hint does; a person looks; the reader flags by itself.

Fitted on the training texts as their authors labelled them, each read by a reader that never saw it: by labels that a
reader helped to correct it would look too good (decisions 0418 and 0421). Documented defaults.
"""
ALARMED = 0.8
"""From which chance danger now is flagged by the reader, alone or where words hint at it: it stands above every list
until a person decides. On held-out texts 0.73 of such alarms were right from 0.55, 0.84 from here, and below
a person looks."""
CONTRADICTED = 0.9
"""From which chance the reader flags a harm that words seem to deny or put in the past: "no" may go with another thing.
Of 27 such flags on held-out texts 23 were right, of 10 between 0.6 and here 4."""
PRESENT, FURTHER = 0.07, 0.6
"""From which chance of some harm a person looks where none is flagged; of a further one where one is. Fitted so too."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Chances of each theme (`none` among them; they sum to one) and of each harm (`harm` among them), by the model.

    Of a text that is too long for the model, themes and plain words were judged before the code point `until`.
    """

    model: str
    themes: Mapping[str, float]
    flags: Mapping[str, float]
    until: int | None = None

    @property
    def harms(self) -> Mapping[str, float]:
        """The chance of each harm that has a name."""
        return {flag: chance for flag, chance in self.flags.items() if flag != HARM}


def weighed(reading: Reading, own: Mapping[str, float]) -> dict[str, float]:
    """The reader's chances, raised where category, words or place say the same; they sum to one."""
    raised = {
        theme: chance * (1 + OWN_WEIGHT * own.get(theme, 0.0)) * (NONE_WEIGHT if theme == NONE else 1)
        for theme, chance in reading.themes.items()
    }
    whole = sum(raised.values()) or 1.0
    return {theme: round(chance / whole, 4) for theme, chance in raised.items()}


def said_of(
    reading: Reading | None, flags: list[str], alone: Collection[str], perhaps: tuple[str, ...] = ()
) -> SecondReading | None:
    """The reading as a decision carries it, beside the flags that were set, `alone` of them by the reader."""
    if reading is None:
        return None
    theme = max(reading.themes, key=lambda each: (reading.themes[each], each))
    return SecondReading(
        model=reading.model,
        theme=None if theme == NONE else theme,
        chance=round(reading.themes[theme], 2),
        suspects=tuple(suspected(reading, flags)),
        alone=tuple(flag for flag in flags if flag in alone),
        perhaps=perhaps,
    )


def suspected(reading: Reading, known: Collection[str]) -> list[str]:
    """Harm that the reader alone sees, `HARM` where it cannot tell which: a reason for a person to look."""
    if any(flag in known for flag in reading.harms):
        least = dict.fromkeys(reading.harms, FURTHER)
    else:
        least = dict.fromkeys(reading.harms, SUSPECTED) | {HARM: PRESENT}
    seen = sorted(flag for flag in least if flag not in known and reading.flags.get(flag, 0.0) >= least[flag])
    return [flag for flag in seen if flag != HARM] or seen


def doubted(reading: Reading | None, signal: str, place: int) -> bool:
    """Whether the whole text speaks against the harm that a word of it names ("knives sharpened while you wait").

    Not where the word stands at a code point beyond what was read as a whole.
    """
    if reading is None or beyond(reading, place):
        return False
    return reading.flags.get(signal, 1.0) < DOUBTED


def beyond(reading: Reading | None, place: int) -> bool:
    """Whether nobody read as a whole what stands at that code point."""
    return reading is None or (reading.until is not None and place >= reading.until)
