"""Signals in a text, found in one pass: each hit keeps its span, and a negated, historic or figurative one is marked.

A `signal` says a thing plainly. A `hint` may say it ("lads", "the key was changed"): by itself it says nothing, and it
counts only where the second reader reads the same harm in the whole text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from services.partnership.documents import PartnershipInvalid, Problem, parse_document
from services.triage.domain.terms import Found, Terms
from services.triage.domain.words import BREAKS, letters_of, places_of, plainly_written, words_of

FILE, THEME_WORDS = "lexicon.yaml", "theme_words"
CUE_WORDS, FAR_WORDS, AFTER_WORDS = 5, 10, 2
"""Words within which a cue counts: before a hit; on either side where it says when; after a hit."""

WRAPPED = 32
"""A line that is shorter was ended on purpose, not wrapped: a cue does not reach over its end."""
_LINE = re.compile(r"^(.*)\n", re.MULTILINE)

LEXICONS_KEPT = 4
"""Compiled lexicons in memory: those of the rules in force, the ones before, and drafts that are being tried."""

Mark = Literal["negated", "historic", "hypothetical", "figurative"]
_HINT, _CUE = "?", "\1"
DENIALS, _MARKS = ("before", "after", "mistaken"), ("historic", "hypothetical", "figurative")
IDLE = "idle"
"""Phrases that hold a cue's words and say nothing of the kind: "without warning", "ten years old", "used to hit"."""
_TURNS = re.compile(
    r",|\bbut\b|\bhowever\b|\bthough\b|\buntil\b|\bthen\b|\band (?:he|she|they|one|the|his|her)\b|[\"“”:]| - ",
    re.IGNORECASE,
)
"""What ends the reach of a "no": in "no knife, bleeding from the head" the bleeding is there."""
_RECENT = re.compile(
    r"\b(?:tonight|today|now|just|currently|again|yesterday|last night|this (?:morning|afternoon|evening|week))\b",
    re.IGNORECASE,
)
"""What ends the reach of a "years ago": in "split up two years ago and tonight he punched me" the blow is tonight's."""


class Hit(NamedTuple):
    """A signal in the text: span in Unicode code points, end exclusive; `sure` is False for a hint."""

    signal: str
    start: int
    end: int
    text: str
    mark: Mark | None = None
    sure: bool = True

    @property
    def place(self) -> tuple[str, str, int, int]:
        """Where it stands, as a reason names it: field, words, span."""
        return "description", self.text, self.start, self.end


def _labelled(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind, mark in (("signals", ""), ("hints", _HINT)):
        for signal, terms in (content.get(kind) or {}).items():
            yield from ((mark + signal, str(term)) for term in terms)
    for place in DENIALS:
        yield from ((_CUE + place, str(term)) for term in content["negations"].get(place) or ())
    for mark in _MARKS:
        yield from ((_CUE + mark, str(term)) for term in content[mark])
    yield from ((_CUE + IDLE, str(term)) for term in content.get(IDLE) or ())


class Lexicon:
    """The partnership's words, compiled."""

    def __init__(self, content: Mapping[str, Any], source: str = "") -> None:
        """`source` is the text that the content stands in."""
        self.source = source
        self.signals = frozenset(content["signals"])
        self._terms = Terms(_labelled(content), content.get("sets"))
        themes = (content.get(THEME_WORDS) or {}).items()
        said = ((theme, str(term)) for theme, terms in themes for term in terms)
        self._theme_words = Terms(said, content.get("sets"))

    def theme_words(self, text: str, theme: str) -> tuple[Hit, ...]:
        """Words of a text that go with a theme, each different one once; marks are not looked for."""
        words = words_of(text)
        standing, said = _Standing(text, words), dict[str, Hit]()
        for label, first, last in self._theme_words.found(words):
            if label == theme:
                start, end = standing.span(first, last)
                said.setdefault(text[start:end].lower(), Hit(theme, start, end, text[start:end], sure=False))
        return tuple(said.values())

    def hits(self, text: str) -> tuple[Hit, ...]:
        """All signals and hints in the text, by their place; of one signal overlapping hits count once."""
        words = words_of(text)
        found = self._terms.found(words)
        said = [each for each in found if each[0][0] != _CUE]
        if not said:
            return ()
        said.sort(key=lambda each: (each[1], -each[2], each[0]))
        return tuple(self._kept(text, said, _Cues(text, words, found)))

    def _kept(self, text: str, found: Sequence[Found], cues: "_Cues") -> Iterator[Hit]:
        reached: dict[str, int] = {}
        for label, first, last in found:
            if first > reached.get(label, -1):
                reached[label] = last
                start, end = cues.span(first, last)
                signal = label.removeprefix(_HINT)
                yield Hit(signal, start, end, text[start:end], cues.mark(first, last), sure=signal == label)


class _Standing:
    """Where the words of a text, as `words_of` gives them, stand in it, in code points.

    Word is looked for after word, since nothing but signs lies between two: in half the time of an expression.
    """

    def __init__(self, text: str, words: Sequence[str]) -> None:
        plain = plainly_written(text)
        letters, end = letters_of(plain), 0
        self._starts, self._ends = list[int](), list[int]()
        for word in words:
            start = letters.find(word, end)
            end = start + len(word)
            self._starts.append(start)
            self._ends.append(end)
        self._dropped = list(accumulate(map(len, plain.split("'"))))
        self._places = places_of(plain) if len(letters) > self._dropped[-1] else None

    def span(self, first: int, last: int) -> tuple[int, int]:
        """From the first word's first code point to the last word's end, with the apostrophes that `words_of` drops."""
        start, end = self._starts[first], self._ends[last]
        if self._places:  # where letters were tied together, which is rare
            return self._places[start], self._places[end - 1] + 1
        return start + bisect_right(self._dropped, start), end + bisect_right(self._dropped, end - 1)


class _Cues:
    """Where a text negates, looks back, supposes or speaks in figures."""

    def __init__(self, text: str, words: Sequence[str], found: Sequence[Found]) -> None:
        self._text = text
        self._standing = _Standing(text, words)
        self._breaks = [place for place, word in enumerate(words) if word in BREAKS]
        self._ends = [line.end() for line in _LINE.finditer(text) if len(line[1]) < WRAPPED] if "\n" in text else []
        self._cues: dict[str, list[tuple[int, int]]] = {name: [] for name in (*DENIALS, *_MARKS)}
        idle = [(first, last) for label, first, last in found if label == _CUE + IDLE]
        for label, first, last in found:  # an idle phrase lies over itself, and so is no cue either
            if label[0] == _CUE and (label == _CUE + "figurative" or not _overlapped(first, last, idle)):
                self._cues[label[1:]].append((first, last))

    def span(self, first: int, last: int) -> tuple[int, int]:
        """From the first word's first code point to the last word's end."""
        return self._standing.span(first, last)

    def mark(self, first: int, last: int) -> Mark | None:
        """How a hit on these words is meant; None when it is simply said."""
        if _overlapped(first, last, self._cues["figurative"]):
            return "figurative"
        if self._negated(first, last):
            return "negated"
        if self._told("historic", first, last, behind=FAR_WORDS):
            return "historic"
        return "hypothetical" if self._told("hypothetical", first, last) else None

    def _negated(self, first: int, last: int) -> bool:
        """Said not to be so before or after, or found to be something else in the same clause."""
        for _, ended in self._cues["before"]:
            if 0 < first - ended <= CUE_WORDS and self._joined(ended, first):
                return True
        for begun, _ in self._cues["after"]:
            if 0 < begun - last <= AFTER_WORDS and self._joined(last, begun):
                return True
        return self._told("mistaken", first, last, behind=FAR_WORDS)

    def _told(self, cue: str, first: int, last: int, behind: int = 0) -> bool:
        """Whether such a cue stands in the clause, not far before or, with `behind`, after."""
        for begun, ended in self._cues[cue]:
            near = 0 < first - ended <= FAR_WORDS or 0 < begun - last <= behind
            if not near or not self._same(begun, first):
                continue
            if cue != "historic" or not self._lately(begun, ended, first, last):
                return True
        return False

    def _lately(self, begun: int, ended: int, first: int, last: int) -> bool:
        """Whether the words between a cue that looks back and a hit come back to the present."""
        between = self._between(ended, first) if ended < first else self._between(last, begun)
        return _RECENT.search(between) is not None

    def _same(self, one: int, other: int) -> bool:
        """In one clause, and in one line where lines were ended on purpose."""
        if bisect_right(self._breaks, one) != bisect_right(self._breaks, other):
            return False
        if not self._ends:
            return True
        start, end = (self._standing.span(each, each)[0] for each in (one, other))
        return bisect_right(self._ends, start) == bisect_right(self._ends, end)

    def _joined(self, one: int, other: int) -> bool:
        """In one clause, with nothing between that turns the sentence."""
        return self._same(one, other) and _TURNS.search(self._between(one, other)) is None

    def _between(self, one: int, other: int) -> str:
        """What is written between two words."""
        return self._text[self._standing.span(one, one)[1] : self._standing.span(other, other)[0]]


def _overlapped(first: int, last: int, runs: Sequence[tuple[int, int]]) -> bool:
    """Whether one of these runs of words has a word of this one."""
    return any(begun <= last and first <= ended for begun, ended in runs)


@lru_cache(maxsize=LEXICONS_KEPT)
def read_lexicon(text: str) -> Lexicon:
    """The lexicon that stands in a text; the same text is compiled once (half a second of one core).

    Raises `PartnershipInvalid` where it is not YAML or a key stands twice.
    """
    problems: list[Problem] = []
    document = parse_document(text, FILE, problems)
    if problems or document is None:
        raise PartnershipInvalid(problems)
    return Lexicon(document.data, text)
