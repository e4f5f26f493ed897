"""Terms of a lexicon, compiled: every term is found in one pass over a text's words, however many there are.

A term is a run of words. `(a|b)` means either, `(s|)` with or without, `_` up to three words between, `<name>` any of
the lexicon's set of that name. The terms make one automaton over words; its states are worked out as texts need them
and kept, so that a word costs one look-up.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

GAP, GAP_WORDS = "_", 3
"""The sign of a gap, and the words that it may hold."""
BREAKS = frozenset(".;!?\n")
"""What ends a clause: no term reaches over it."""
_WORDS = re.compile(r"[^\W_]+|[.;!?\n]")
_SET = re.compile(r"<(\w+)>")
_MOST_STATES = 60_000
_UNKNOWN = "\0"


def words_of(text: str) -> list[str]:
    """The words of a text in small letters without apostrophes, and the signs that part its clauses."""
    return _WORDS.findall(text.lower().replace("'", "").replace("’", ""))


class TermMalformed(ValueError):
    """A term's parentheses do not match, or it names a set that the lexicon does not have."""


class Found(NamedTuple):
    """A label said by the words from `first` to `last`, both included."""

    label: str
    first: int
    last: int


@dataclass(slots=True, eq=False)
class _Node:
    """A place in a term: the words that lead on, and what is said when it is reached."""

    following: dict[str, list["_Node"]] = field(default_factory=dict)
    anything: "_Node | None" = None
    free: list["_Node"] = field(default_factory=list)
    says: str | None = None


_Key = frozenset[tuple[_Node, int]]


class _State(dict[str, "_State"]):
    """A state of the automaton: where each word leads; `said` are the labels and how many words they took."""

    __slots__ = ("places", "said")

    def __init__(self, places: _Key) -> None:
        super().__init__()
        self.places = places
        longest: dict[str, int] = {}
        for node, length in places:
            if node.says is not None:
                longest[node.says] = max(longest.get(node.says, 0), length)
        self.said = tuple(sorted(longest.items()))


def _split(text: str, sign: str) -> list[str]:
    """`text` at every `sign` that stands outside parentheses. Raises `TermMalformed`."""
    if "(" not in text and ")" not in text:
        return text.split(sign)
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            raise TermMalformed(f"a parenthesis too many: {text}")
        if letter == sign and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    if depth:
        raise TermMalformed(f"a parenthesis is not closed: {text}")
    return parts


def _pieces(atom: str) -> list[str]:
    """A run without outer spaces, cut before and after each of its groups."""
    if "(" not in atom:
        return [atom] if atom else []
    pieces, depth = [""], 0
    for letter in atom:
        if letter == "(" and depth == 0:
            pieces.append("")
        depth += (letter == "(") - (letter == ")")
        pieces[-1] += letter
        if letter == ")" and depth == 0:
            pieces.append("")
    return [piece for piece in pieces if piece]


def _choices(piece: str) -> list[str]:
    return _split(piece[1:-1], "|") if piece.startswith("(") else [piece]


def _stands_alone(piece: str) -> bool:
    """`(a |the |)` parts itself from what follows."""
    choices = [choice for choice in _choices(piece) if choice]
    return piece.startswith("(") and bool(choices) and all(choice.endswith(" ") for choice in choices)


def _flat(text: str) -> list[str]:
    """Every spelling of a short expression, written out."""
    made = []
    for choices in product(*([text] if not text.startswith("(") else _choices(text) for text in _pieces(text))):
        joined = "".join(choices)
        made += _flat(joined) if "(" in joined else [joined]
    return made


def atoms(term: str) -> list[list[str]]:
    """A term as a run of atoms, each a list of choices that may be expressions again."""
    made: list[list[str]] = []
    for run in _split(term, " "):
        glued = ""
        for piece in _pieces(run):
            if _stands_alone(piece) and not glued:
                made.append(_choices(piece))
            else:
                glued += piece
        if glued:
            made.append(_choices(glued) if _pieces(glued) == [glued] else _flat(glued))
    return made


class Terms:
    """Compiled terms, each with the label that it says."""

    def __init__(self, terms: Iterable[tuple[str, str]], sets: Mapping[str, Sequence[object]] | None = None) -> None:
        self._sets = {name: "(" + "|".join(map(str, words)) + ")" for name, words in (sets or {}).items()}
        self._root = _Node()
        self._known: set[str] = set()
        for label, term in terms:
            end = self._grow(self._root, self._whole(term))
            end.free.append(_Node(says=label))
        self._states: dict[_Key, _State] = {}
        self._start = self._state(frozenset(self._closed({self._root}, 0)))

    def _whole(self, term: str) -> str:
        try:
            while _SET.search(term):
                term = _SET.sub(lambda match: self._sets[match.group(1)], term)
        except KeyError as unknown:
            raise TermMalformed(f"there is no set {unknown}: {term}") from None
        return term

    def _grow(self, node: _Node, expression: str) -> _Node:
        """The place where an expression that begins at `node` ends."""
        for choices in atoms(expression.strip()):
            end = _Node()
            for choice in choices:
                self._choose(node, choice.strip(), end)
            node = end
        return node

    def _choose(self, node: _Node, choice: str, end: _Node) -> None:
        if "(" in choice:
            last = self._grow(node, choice)
        elif choice == GAP:
            last = self._gap(node, end)
        else:
            last = node
            for word in words_of(choice):
                self._known.add(word)
                following = _Node()
                last.following.setdefault(word, []).append(following)
                last = following
        last.free.append(end)

    def _gap(self, node: _Node, end: _Node) -> _Node:
        for _ in range(GAP_WORDS):
            node.free.append(end)
            node.anything = node.anything or _Node()
            node = node.anything
        return node

    def _closed(self, nodes: Iterable[_Node], length: int) -> set[tuple[_Node, int]]:
        waiting, closed = list(nodes), set()
        while waiting:
            node = waiting.pop()
            if (node, length) not in closed:
                closed.add((node, length))
                waiting += node.free
        return closed

    def _state(self, places: _Key) -> _State:
        state = self._states.get(places)
        if state is None:
            if len(self._states) > _MOST_STATES:
                self._states = {self._start.places: self._start}
                self._start.clear()
            state = self._states[places] = _State(places)
        return state

    def _step(self, state: _State, word: str) -> _State:
        """The state after `word`, worked out once."""
        key = word if word in self._known else _UNKNOWN
        after = state.get(key)
        if after is None:
            places = set(self._start.places) if state is not self._start else set(state.places)
            for node, length in state.places:
                ahead = [*node.following.get(key, ()), *([node.anything] if node.anything else [])]
                if ahead:
                    places |= self._closed(ahead, length + 1)
            after = state[key] = self._state(frozenset(places))
        return after

    def found(self, words: Sequence[str]) -> list[Found]:
        """Every label and where it is said: for each last word the longest run, in the order of the last words."""
        made: list[Found] = []
        known, start = self._known, self._start
        state = start
        for place, word in enumerate(words):
            after = state.get(word)
            if after is None:
                if word in BREAKS:
                    state = start
                    continue
                after = (None if word in known else state.get(_UNKNOWN)) or self._step(state, word)
            state = after
            if state.said:
                for label, length in state.said:
                    made.append(Found(label, place - length + 1, place))
        return made
