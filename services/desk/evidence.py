"""A report's words with the ones that decided lit and numbered, and the rules that they fired. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SECOND_READER = "second-reader/"
"""What the second reader's entries among the reasons begin with."""
DOUBT = f"{SECOND_READER}not-"
"""What those begin with by which it keeps a word from being a flag; the sign's code follows."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of a report's words; `number` where it decided something."""

    text: str
    number: int | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, with its number in the text."""

    number: int | None
    words: str
    negated: bool


def once(because: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each reason once: a hint that the reader confirms and a plain word may say the same of the same words."""
    said = ("rule", "field", "start", "end", "negated")
    return list({tuple(map(each.get, said)): each for each in because}.values())


def _apart(because: Iterable[Mapping[str, Any]]) -> dict[tuple[int, int], list[Mapping[str, Any]]]:
    """Spans in the order of the text, overlapping ones made one, with everything that fired on them."""
    placed = [each for each in because if each["field"] == "description" and each.get("start") is not None]
    found: list[tuple[int, int, list[Mapping[str, Any]]]] = []
    for each in sorted(placed, key=lambda one: (one["start"], -one["end"])):
        if found and each["start"] < found[-1][1]:
            start, end, reasons = found[-1]
            found[-1] = (start, max(end, each["end"]), [*reasons, each])
        else:
            found.append((each["start"], each["end"], [each]))
    return {(start, end): reasons for start, end, reasons in found}


def lit(
    text: str, because: Sequence[Mapping[str, Any]], reading: str | None = None
) -> tuple[list[Segment], list[Fired]]:
    """The words of a report with the deciding ones numbered; overlapping spans are lit as one.

    `reading` is what the second reader said, in words (`reading_words`).
    """
    segments: list[Segment] = []
    fired: list[Fired] = []
    place, because = 0, once(because)
    for number, ((start, end), reasons) in enumerate(_apart(because).items(), 1):
        segments.append(Segment(text[place:start]))
        segments.append(Segment(text[start:end], number, all(each["negated"] for each in reasons)))
        fired.extend(Fired(number, rule_words(each["rule"]), each["negated"]) for each in reasons)
        place = end
    segments.append(Segment(text[place:]))
    unplaced = [each for each in because if each.get("start") is None]
    fired.extend(Fired(None, _unplaced_words(each["rule"], reading), each["negated"]) for each in unplaced)
    return segments, fired


def rule_words(rule: str) -> str:
    """`signals/street-drinking` as plain words."""
    if rule.startswith(DOUBT):
        return doubt_words(rule)
    table, _, name = rule.partition("/")
    return f"{name.replace('-', ' ').capitalize()} ({table})"


def _unplaced_words(rule: str, reading: str | None) -> str:
    return reading if reading and speaks_of_the_whole(rule) else rule_words(rule)


def speaks_of_the_whole(rule: str) -> bool:
    """Whether a reason is what the second reader takes the whole text for."""
    return rule.startswith(SECOND_READER) and not rule.startswith(DOUBT)


def doubt_words(rule: str) -> str:
    """Which sign the second reader does not see where a word names it."""
    return f"{rule.removeprefix(DOUBT).replace('-', ' ').capitalize()}: the second reader doubts it"


def reading_words(said: Mapping[str, Any], theme: Callable[[str], str], no_theme: str = "no theme") -> str:
    """What the second reader said and how sure it was; `theme` gives a theme's plain name."""
    taken = theme(said["theme"]) if said.get("theme") else no_theme
    suspects, alone = (_listed(said.get(name) or ()) for name in ("suspects", "alone"))
    more = f" It suspects {suspects}: a person looks." if suspects else ""
    more += f" It alone reads {alone}: not confirmed." if alone else ""
    return f"Second reader: {taken}, {round(said['chance'] * 100)} in 100.{more}"


def _listed(flags: Iterable[str]) -> str:
    return ", ".join(flag.replace("-", " ") for flag in flags)


def spans(because: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, Any], int]:
    """The number in the text of each reason's own words, by where they start and end."""
    found: dict[tuple[Any, Any], int] = {}
    for number, reasons in enumerate(_apart(because).values(), 1):
        found |= {(each["start"], each["end"]): number for each in reasons}
    return found
