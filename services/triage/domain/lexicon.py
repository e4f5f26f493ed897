"""Signals in a text, found in one pass: each hit keeps its span, and a negated, historic or figurative one is marked.

A `signal` says a thing plainly. A `hint` may say it ("lads", "the key was changed"): by itself it says nothing, and it
counts only where the second reader reads the same harm in the whole text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ruamel.yaml import YAML

from services.triage.domain.terms import BREAKS, Found, Terms, words_of

FILE, THEME_WORDS = "lexicon.yaml", "theme_words"
CUE_WORDS, FAR_WORDS, AFTER_WORDS = 5, 10, 2
"""Words within which a cue counts: before a hit; on either side where it says when; after a hit."""

LEXICONS_KEPT = 4
"""Compiled lexicons in memory: those of the rules in force, the ones before, and drafts that are being tried."""

Mark = Literal["negated", "historic", "hypothetical", "figurative"]
_HINT, _CUE = "?", "\1"
_SPANS = re.compile(r"[^\W_]+(?:['’]+[^\W_]+)*|[.;!?\n]")
_TURNS = re.compile(r",|\bbut\b|\bhowever\b|\bthough\b|\buntil\b|\bthen\b|[\"“”:]| - ", re.IGNORECASE)
"""What ends the reach of a "no": in "no knife, bleeding from the head" the bleeding is there."""


@dataclass(frozen=True, slots=True)
class Hit:
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
    for place in ("before", "after", "mistaken"):
        yield from ((_CUE + place, str(term)) for term in content["negations"].get(place) or ())
    for mark in ("historic", "hypothetical", "figurative"):
        yield from ((_CUE + mark, str(term)) for term in content[mark])


class Lexicon:
    """The partnership's words, compiled."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.signals = frozenset(content["signals"])
        self._terms = Terms(_labelled(content), content.get("sets"))
        themes = (content.get(THEME_WORDS) or {}).items()
        said = ((theme, str(term)) for theme, terms in themes for term in terms)
        self._theme_words = Terms(said, content.get("sets"))

    def theme_words(self, text: str, theme: str) -> tuple[Hit, ...]:
        """Words of a text that go with a theme, each different one once; marks are not looked for."""
        words = words_of(text)
        spans = [match.span() for match in _SPANS.finditer(text)]
        said: dict[str, Hit] = {}
        for label, first, last in self._theme_words.found(words):
            if label == theme:
                start, end = spans[first][0], spans[last][1]
                said.setdefault(text[start:end].lower(), Hit(theme, start, end, text[start:end], sure=False))
        return tuple(said.values())

    def hits(self, text: str) -> tuple[Hit, ...]:
        """All signals and hints in the text, by their place; of one signal overlapping hits count once."""
        words = words_of(text)
        found = self._terms.found(words)
        if all(each.label.startswith(_CUE) for each in found):
            return ()
        cues = _Cues(text, words, [each for each in found if each.label.startswith(_CUE)])
        longest = sorted(
            (each for each in found if not each.label.startswith(_CUE)),
            key=lambda each: (each.first, -each.last, each.label),
        )
        return tuple(self._kept(text, longest, cues))

    def _kept(self, text: str, found: Sequence[Found], cues: "_Cues") -> Iterator[Hit]:
        reached: dict[str, int] = {}
        for label, first, last in found:
            if first > reached.get(label, -1):
                reached[label] = last
                start, end = cues.span(first, last)
                signal = label.removeprefix(_HINT)
                yield Hit(signal, start, end, text[start:end], cues.mark(first, last), sure=signal == label)


class _Cues:
    """Where a text negates, looks back, supposes or speaks in figures."""

    def __init__(self, text: str, words: Sequence[str], cues: Sequence[Found]) -> None:
        self._text = text
        self._spans = [match.span() for match in _SPANS.finditer(text)]
        self._breaks = [place for place, word in enumerate(words) if word in BREAKS]
        self._cues: dict[str, list[Found]] = {}
        for cue in cues:
            self._cues.setdefault(cue.label.removeprefix(_CUE), []).append(cue)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """From the first word's first code point to the last word's end."""
        return self._spans[first][0], self._spans[last][1]

    def mark(self, first: int, last: int) -> Mark | None:
        """How a hit on these words is meant; None when it is simply said."""
        if any(cue.first <= last and first <= cue.last for cue in self._cues.get("figurative", ())):
            return "figurative"
        if self._negated(first, last):
            return "negated"
        for mark, reach, both in (("historic", FAR_WORDS, True), ("hypothetical", FAR_WORDS, False)):
            if any(self._tells(cue, first, last, reach, both=both) for cue in self._cues.get(mark, ())):
                return "historic" if mark == "historic" else "hypothetical"
        return None

    def _negated(self, first: int, last: int) -> bool:
        """Said not to be so before or after, or found to be something else in the same clause."""
        before = any(
            0 < first - cue.last <= CUE_WORDS and self._joined(cue.last, first) for cue in self._cues.get("before", ())
        )
        return (
            before
            or any(
                0 < cue.first - last <= AFTER_WORDS and self._same(cue.first, last)
                for cue in self._cues.get("after", ())
            )
            or any(self._tells(cue, first, last, FAR_WORDS, both=True) for cue in self._cues.get("mistaken", ()))
        )

    def _tells(self, cue: Found, first: int, last: int, reach: int, *, both: bool) -> bool:
        ahead = 0 < first - cue.last <= reach
        behind = both and 0 < cue.first - last <= reach
        return (ahead or behind) and self._same(cue.first, first)

    def _same(self, one: int, other: int) -> bool:
        return bisect_right(self._breaks, one) == bisect_right(self._breaks, other)

    def _joined(self, one: int, other: int) -> bool:
        """In one clause, with nothing between that turns the sentence."""
        between = self._text[self._spans[one][1] : self._spans[other][0]]
        return self._same(one, other) and _TURNS.search(between) is None


@lru_cache(maxsize=LEXICONS_KEPT)
def read_lexicon(text: str) -> Lexicon:
    """The lexicon that stands in a text; the same text is compiled once (a second and more of one core)."""
    content: Mapping[str, Any] = YAML(typ="safe").load(text)
    return Lexicon(content)
