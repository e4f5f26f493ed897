"""Terms of a lexicon, compiled: every term is found in one pass over a text's words, however many there are.

A term is a run of words. `(a|b)` means either, `(s|)` with or without, `_` up to three words between, `<name>` any of
the lexicon's set of that name. The terms make one automaton over words, followed from each word that begins one; its
states are worked out as texts need them and kept.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, product

from services.triage.domain.words import BREAKS, words_of

GAP, GAP_WORDS = "_", 3
"""The sign of a gap, and the words that it may hold."""
_SET = re.compile(r"<(\w+)>")
_MOST_STATES = 60_000
MOST_SPELLINGS = 10_000
"""In how many ways one word of a term may be written; all are written out."""


class TermMalformed(ValueError):
    """A term's parentheses do not match, it names a set that the lexicon does not have, or it is too much at once."""


Found = tuple[str, int, int]
"""A label, and the first and the last word that say it, both included."""


@dataclass(slots=True, eq=False)
class _Node:
    """A place in a term: the words that lead on, and what is said when it is reached."""

    following: dict[str, list["_Node"]] = field(default_factory=dict)
    anything: "_Node | None" = None
    free: list["_Node"] = field(default_factory=list)
    says: str | None = None


class _State(dict[str, "_State | None"]):
    """Where terms that began at one word may stand after some more words: what each word that leads on leads to.

    None is not worked out yet: `leads` has the places. `beyond` is where any other word leads, `said` the labels of the
    terms that end here, and `alive` says whether one ends here or goes on whatever the next word is.
    """

    __slots__ = ("alive", "beyond", "gap", "leads", "said")

    def __init__(self, places: frozenset[_Node]) -> None:
        self.leads = _merged([place.following for place in places if place.following])
        super().__init__(dict.fromkeys(self.leads.keys() - BREAKS))
        self.gap = [place.anything for place in places if place.anything is not None]
        self.beyond: _State | None = None
        self.said = tuple(sorted({place.says for place in places if place.says is not None}))
        self.alive = bool(self.said or self.gap)


def _merged(followings: Sequence[dict[str, list[_Node]]]) -> dict[str, list[_Node]]:
    """Where each word leads from several places; mostly there is but one."""
    if len(followings) == 1:
        return followings[0]
    made: dict[str, list[_Node]] = {}
    for following in followings:
        for word, nodes in following.items():
            made.setdefault(word, []).extend(nodes)
    return made


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


def _spellings(text: str) -> int:
    """In how many ways an expression may be written."""
    made = 1
    for piece in _pieces(text):
        if piece.startswith("("):
            made *= sum(_spellings(choice) for choice in _choices(piece))
    return made


def _written_out(glued: str) -> list[str]:
    """Every spelling of a word. Raises `TermMalformed` where there are too many to write out."""
    if _spellings(glued) > MOST_SPELLINGS:
        raise TermMalformed(f"a word with more than {MOST_SPELLINGS} spellings: {glued}")
    return _flat(glued)


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
            made.append(_choices(glued) if _pieces(glued) == [glued] else _written_out(glued))
    return made


class Terms:
    """Compiled terms, each with the label that it says."""

    def __init__(self, terms: Iterable[tuple[str, str]], sets: Mapping[str, Sequence[object]] | None = None) -> None:
        self._sets = {name: "(" + "|".join(map(str, words)) + ")" for name, words in (sets or {}).items()}
        for name, words in self._sets.items():
            if _SET.search(words):  # one that names itself would never end
                raise TermMalformed(f"the set {name} names a set: {words}")
        self._root = _Node()
        for label, term in terms:
            end = self._grow(self._root, self._whole(term))
            end.free.append(_Node(says=label))
        self._begin()

    def _begin(self) -> None:
        """Forget what texts made be worked out; only what each first word leads to is worked out at once.

        Another thread may read meanwhile: nothing is shown to it that is not whole.
        """
        self._states: dict[frozenset[_Node], _State] = {}
        start = self._state([self._root])
        for word in start:
            self._after(start, word)
        self._start = start

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

    def _state(self, nodes: Iterable[_Node]) -> _State:
        """The state of these places and of those that stand open from them."""
        waiting, places = list(nodes), set[_Node]()
        while waiting:
            node = waiting.pop()
            if node not in places:
                places.add(node)
                waiting += node.free
        key = frozenset(places)
        state = self._states.get(key)
        if state is None:
            state = _State(key)
            state.beyond = self._state(state.gap) if state.gap else None
            self._states[key] = state
        return state

    def _after(self, state: _State, word: str) -> _State:
        """The state after a word that leads on, worked out once."""
        if len(self._states) > _MOST_STATES:
            self._begin()
        after = state[word] = self._state([*state.leads[word], *state.gap])
        return after

    def found(self, words: Sequence[str]) -> list[Found]:
        """Every label and where it is said: for each last word the longest run, in the order of the last words.

        Terms are followed from each word that begins one. One automaton over all of them at once looks each word up
        only once, but texts that it has not seen make it work out hundreds of states each.
        """
        made: dict[tuple[int, str], int] = {}
        ended = [*words, "\n"]
        for first, state in [
            (place, state)
            for place, state, following in zip(count(), map(self._start.get, words), ended[1:], strict=False)
            if state is not None and (state.alive or following in state)
        ]:
            self._follow(state, ended, first, made)
        return [(label, first, last) for (last, label), first in sorted(made.items())]

    def _follow(self, state: _State, words: Sequence[str], first: int, made: dict[tuple[int, str], int]) -> None:
        """Note what is said from the word `first` on, which led to `state`, until no term goes on."""
        last = first
        while True:
            for label in state.said:
                made.setdefault((last, label), first)
            last += 1
            word = words[last]
            if word in state:
                after = state[word]
                state = self._after(state, word) if after is None else after
            elif state.beyond is None or word in BREAKS:
                return
            else:
                state = state.beyond
