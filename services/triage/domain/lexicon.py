"""Signals in a text, found in one pass: each hit keeps its span, and a negated, historic or figurative one is marked.

The lexicon's terms are runs of words. They stand in a tree of words: a text is read once, whatever their number.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

from ruamel.yaml import YAML

FILE = "lexicon.yaml"
GAP = "_"
GAP_WORDS, CUE_WORDS = 3, 5
"""Words that a gap may hold, and words before a hit in which a cue of negation counts."""

Mark = Literal["negated", "historic", "hypothetical", "figurative"]
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[.;!?\n]", re.UNICODE)
_CHOICE = re.compile(r"\(([^()]*)\)")
_CLAUSE = re.compile(r"[.;!?\n]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A signal in the text: span in Unicode code points, end exclusive."""

    signal: str
    start: int
    end: int
    text: str
    mark: Mark | None = None


@dataclass(slots=True)
class _Node:
    """A place in the tree of words."""

    following: dict[str, "_Node"] = field(default_factory=dict)
    gap: "_Node | None" = None
    ends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    clause: int


def variants(term: str) -> Iterator[str]:
    """Every spelling of a term: `kni(fe|ves)` gives knife and knives, `(s|)` with or without it."""
    parts = _CHOICE.split(term)
    choices = [[part] if place % 2 == 0 else part.split("|") for place, part in enumerate(parts)]
    for chosen in product(*choices):
        yield " ".join("".join(chosen).split())


def _words(text: str) -> list[_Word]:
    found, clause = [], 0
    for match in _WORD.finditer(text.lower()):
        if _CLAUSE.fullmatch(match.group()):
            clause += 1
        else:
            found.append(_Word(match.group().replace("’", "'"), match.start(), match.end(), clause))
    return found


class Tree:
    """Terms in a tree of words, each with the label that it says."""

    def __init__(self, terms: Iterable[tuple[str, str]]) -> None:
        self._root = _Node()
        for label, term in terms:
            for variant in variants(str(term)):
                self._add(label, variant)

    def _add(self, label: str, variant: str) -> None:
        node = self._root
        pieces = variant.split(f" {GAP} ") if f" {GAP} " in variant else [variant]
        for number, piece in enumerate(pieces):
            if number:
                node.gap = node = node.gap or _Node()
            for word in _words(piece):
                node = node.following.setdefault(word.text, _Node())
        if label not in node.ends:
            node.ends = (*node.ends, label)

    def found(self, words: Sequence[_Word]) -> Iterator[tuple[str, int, int]]:
        """Label, first and last word of each longest match from every word on."""
        root = self._root.following
        for first, word in enumerate(words):
            node = root.get(word.text)
            if node is not None:
                longest: dict[str, int] = {}
                self._walk(node, words, first, first + 1, longest)
                yield from ((label, first, last) for label, last in longest.items())

    def _walk(self, node: _Node, words: Sequence[_Word], first: int, place: int, longest: dict[str, int]) -> None:
        for label in node.ends:
            longest[label] = max(longest.get(label, 0), place - 1)
        if node.gap is not None:
            self._over_gap(node.gap, words, first, place, longest)
        if place < len(words):
            following = node.following.get(words[place].text)
            if following is not None and words[place].clause == words[first].clause:
                self._walk(following, words, first, place + 1, longest)

    def _over_gap(self, gap: _Node, words: Sequence[_Word], first: int, place: int, longest: dict[str, int]) -> None:
        for start in range(place, min(place + GAP_WORDS + 1, len(words))):
            following = gap.following.get(words[start].text)
            if following is not None and words[start].clause == words[first].clause:
                self._walk(following, words, first, start + 1, longest)


class Lexicon:
    """The partnership's words, compiled."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.signals = frozenset(content["signals"])
        self._signals = Tree((signal, term) for signal, terms in content["signals"].items() for term in terms)
        self._before = Tree(("negated", term) for term in content["negations"]["before"])
        self._after = Tree(("negated", term) for term in content["negations"]["after"])
        self._historic = Tree(("historic", term) for term in content["historic"])
        self._hypothetical = Tree(("hypothetical", term) for term in content["hypothetical"])
        self._figurative = Tree(("figurative", term) for term in content["figurative"])

    def hits(self, text: str) -> tuple[Hit, ...]:
        """All signals in the text, by their place; of one signal overlapping hits count once."""
        words = _words(text)
        cues = _Cues(self, words)
        found: dict[tuple[str, int], Hit] = {}
        reached: dict[str, int] = {}
        for signal, first, last in self._signals.found(words):
            if first <= reached.get(signal, -1):
                continue
            reached[signal] = last
            start, end = words[first].start, words[last].end
            found[signal, start] = Hit(signal, start, end, text[start:end], cues.mark(first, last))
        return tuple(sorted(found.values(), key=lambda hit: (hit.start, hit.end, hit.signal)))

    def cue_trees(self) -> tuple[Tree, Tree, Tree, Tree, Tree]:
        """Before, after, historic, hypothetical, figurative."""
        return self._before, self._after, self._historic, self._hypothetical, self._figurative


class _Cues:
    """Where a text negates, looks back, supposes or speaks in figures."""

    def __init__(self, lexicon: Lexicon, words: Sequence[_Word]) -> None:
        self._words = words
        before, after, historic, hypothetical, figurative = lexicon.cue_trees()
        self._before = [last for _, _, last in before.found(words)]
        self._after = [first for _, first, _ in after.found(words)]
        self._historic = [first for _, first, _ in historic.found(words)]
        self._hypothetical = [first for _, first, _ in hypothetical.found(words)]
        self._figurative = [(first, last) for _, first, last in figurative.found(words)]

    def mark(self, first: int, last: int) -> Mark | None:
        """How a hit on these words is meant; None when it is simply said."""
        if any(start <= last and first <= end for start, end in self._figurative):
            return "figurative"
        if any(self._near(cue, first, last) for cue in self._before if cue < first):
            return "negated"
        if any(0 < cue - last <= 2 and self._same(cue, last) for cue in self._after):
            return "negated"
        if any(self._same(cue, first) and abs(cue - first) <= CUE_WORDS * 2 for cue in self._historic):
            return "historic"
        if any(self._same(cue, first) and 0 < first - cue <= CUE_WORDS for cue in self._hypothetical):
            return "hypothetical"
        return None

    def _near(self, cue: int, first: int, last: int) -> bool:
        return first - cue <= CUE_WORDS and self._same(cue, last)

    def _same(self, one: int, other: int) -> bool:
        return self._words[one].clause == self._words[other].clause


def read_lexicon(text: str) -> Lexicon:
    """The lexicon that stands in a text."""
    content: Mapping[str, Any] = YAML(typ="safe").load(text)
    return Lexicon(content)
