"""Refuses what a lexicon would take and never find: each term is tried on its own words, by list and line."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from services.partnership.documents import Document, Place, parse_document
from services.partnership.documents import Problem as Mistake
from services.triage.domain.lexicon import DENIALS, FILE, IDLE, LEXICONS_KEPT, THEME_WORDS, Lexicon, read_lexicon
from services.triage.domain.terms import TermMalformed
from services.triage.domain.words import words_of

NAME = f"triage/{FILE}"
SIGNALS, HINTS = "signals", "hints"
CUES: tuple[Place, ...] = (
    ("negations", "before"),
    ("negations", "after"),
    ("historic",),
    ("hypothetical",),
    ("figurative",),
)
"""The lists of cues, which every lexicon must have."""
MAY_HAVE: tuple[Place, ...] = (("negations", "mistaken"), (IDLE,))
"""Lists of cues, and of what only looks like one, that a lexicon may have."""
LISTS = (
    "status",
    "source",
    "note",
    "sets",
    *dict.fromkeys(str(place[0]) for place in CUES),
    IDLE,
    SIGNALS,
    HINTS,
    THEME_WORDS,
)
"""What may stand in a lexicon's file, by name."""
_CHOICE = re.compile(r"\(([^()]*)\)")
_SET = re.compile(r"<(\w+)>")
_WORD = re.compile(r"\w")


@dataclass(slots=True)
class _Reading:
    """A lexicon as it stands in its file, and the mistakes found so far."""

    document: Document
    problems: list[Mistake] = field(default_factory=list)

    def report(self, place: Place, message: str) -> None:
        """Add a mistake in the list at `place`, or in the term below it."""
        named = place[:2] if place[0] in (SIGNALS, HINTS, THEME_WORDS, "negations", "sets") else place[:1]
        section = "/".join(str(part) for part in named)
        line = self.document.line(place)
        self.problems.append(Mistake(NAME, line, f"list {section}: {message}", cell=("lexicon", section, None)))


def lexicon_problems(
    text: str, known: frozenset[str], not_ours: frozenset[str], themes: frozenset[str]
) -> list[Mistake]:
    """Every mistake in the lexicon's text.

    `known` are the signals that the decision tables name; `not_ours` those that send a report elsewhere; `themes` those
    of the partnership. The same words beside the same signals are read once: most drafts change a table's cell.
    """
    return list(_found(text, known, not_ours, themes))


@lru_cache(maxsize=LEXICONS_KEPT)
def _found(text: str, known: frozenset[str], not_ours: frozenset[str], themes: frozenset[str]) -> Sequence[Mistake]:
    problems: list[Mistake] = []
    document = parse_document(text, NAME, problems)
    if document is None or problems:
        return problems
    if not isinstance(document.data, dict):
        return [Mistake(NAME, 1, "must begin with its lists: negations, historic, hypothetical, figurative, signals")]
    reading = _Reading(document)
    _lint_names(reading, known, themes)
    _lint_shape(reading)
    if not reading.problems:
        try:
            _lint_terms(reading, read_lexicon(text), not_ours)
        except TermMalformed as malformed:
            reading.problems.append(Mistake(NAME, 1, f"a term cannot be read: {malformed}"))
    return reading.problems


def _at(data: Any, place: Place) -> Any:
    for part in place:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _lists(data: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    yield from ((place, _at(data, place)) for place in CUES)
    yield from ((place, terms) for place in MAY_HAVE if (terms := _at(data, place)) is not None)
    for kind in (SIGNALS, HINTS, THEME_WORDS):
        found = data.get(kind) or {}
        yield from (((kind, code), terms) for code, terms in (found.items() if isinstance(found, dict) else ()))


def _lint_names(reading: _Reading, known: frozenset[str], themes: frozenset[str]) -> None:
    """Every list stands under a name that something reads: a list of the lexicon, a signal of the tables, a theme."""
    data = reading.document.data
    _unknown(reading, (), LISTS, "the lexicon has no such list: nothing would read it")
    _unknown(reading, ("negations",), DENIALS, "a negation stands before, after, or is mistaken for one")
    for kind in (SIGNALS, HINTS):
        _unknown(reading, (kind,), known, "no row of table signals names this signal: its words would say nothing")
    _unknown(reading, (THEME_WORDS,), themes, "the partnership has no such theme: its words would say nothing")
    for kind in (HINTS, THEME_WORDS, "negations", "sets"):
        if not isinstance(data.get(kind, {}), dict):
            reading.report((kind,), "must have names, each with its list of terms")


def _unknown(reading: _Reading, place: Place, names: Collection[str], message: str) -> None:
    found = _at(reading.document.data, place)
    for name in found if isinstance(found, dict) else ():
        if name not in names:
            reading.report((*place, name), message)


def _lint_shape(reading: _Reading) -> None:
    data = reading.document.data
    if not isinstance(data.get(SIGNALS), dict):
        reading.report((SIGNALS,), "must name signals, each with its list of terms")
    for place, terms in _lists(data):
        if not isinstance(terms, list):
            reading.report(place, "must be a list of terms")
            continue
        for number, term in enumerate(terms):
            _lint_term(reading, (*place, number), str(term), data.get("sets") or {})
    for name, words in (data.get("sets") or {}).items():
        _lint_set(reading, ("sets", name), words)


def _lint_set(reading: _Reading, place: Place, words: Any) -> None:
    if not isinstance(words, list) or not words:
        reading.report(place, "must be a list of words")
        return
    for number, word in enumerate(map(str, words)):
        if "<" in word or ">" in word:
            reading.report((*place, number), f"`{word}` names a set; the words of a set name none")
        else:
            _lint_term(reading, (*place, number), word, {})


def _lint_term(reading: _Reading, place: Place, term: str, sets: Mapping[str, Any]) -> None:
    written = spellings(term, sets)
    if written is None:
        reading.report(place, f"`{term}` has brackets that do not close, or names a set that is not there")
    elif not all(map(_WORD.search, written)):
        reading.report(place, f"`{term}` has no word in it and can never match")
    elif term.strip().startswith("_ ") or term.strip().endswith(" _"):
        reading.report(place, f"`{term}` begins or ends with a gap; a gap stands between words")


def spellings(term: str, sets: Mapping[str, Any] | None = None) -> list[str] | None:
    """Ways in which somebody would write the term; None when its brackets or sets are malformed.

    So many that each word of a choice or a set stands in one of them, not each beside each: those may be thousands.
    """
    known = {name: [str(word) for word in words] for name, words in (sets or {}).items()}
    if any(not known.get(name) for name in _SET.findall(term)):
        return None
    written, most = list[str](), 1
    while len(written) < most:
        said, offered = _written(term, known, len(written))
        if re.search(r"[()|<>]", said):
            return None
        most = max(most, offered)
        written.append(" ".join(word for word in said.split() if word != "_"))
    return written


def _written(term: str, sets: Mapping[str, Sequence[str]], number: int) -> tuple[str, int]:
    """The term with the word of that number, or the last, of each choice; and how many words the longest offers."""
    offered = 1

    def chosen(words: Sequence[str]) -> str:
        nonlocal offered
        offered = max(offered, len(words))
        return words[min(number, len(words) - 1)]

    said = _SET.sub(lambda match: chosen(sets[match[1]]), term)
    while _CHOICE.search(said):
        said = _CHOICE.sub(lambda match: chosen(match[1].split("|")), said)
    return said, offered


def _lint_terms(reading: _Reading, lexicon: Lexicon, not_ours: frozenset[str]) -> None:
    data, seen = reading.document.data, dict[str, Place]()
    for place, terms in _lists(data):
        if place[0] == SIGNALS:
            for number, term in enumerate(terms):
                _try(reading, lexicon, (*place, number), str(term))
                _compare(reading, seen, (*place, number), str(term), not_ours)
        elif place[0] != HINTS:
            _lint_repeats(reading, place, terms)


def _try(reading: _Reading, lexicon: Lexicon, place: Place, term: str) -> None:
    """Each spelling is found as a whole: what is found in a part of it is another term's."""
    marks = []
    for said in spellings(term, reading.document.data.get("sets")) or ():
        words = words_of(said)
        whole = [hit.mark for hit in lexicon.hits(said) if hit.signal == place[1] and words_of(hit.text) == words]
        if not whole:
            reading.report(place, f"`{term}` can never match: its own words are not found, as in `{said}`")
            return
        marks += whole
    if all(mark is not None for mark in marks):
        reading.report(place, f"`{term}` would never count: its own words are taken as {marks[0]}")


def _compare(reading: _Reading, seen: dict[str, Place], place: Place, term: str, not_ours: frozenset[str]) -> None:
    said = " ".join(term.lower().split())
    earlier = seen.setdefault(said, place)
    if earlier == place:
        return
    if earlier[1] == place[1]:
        reading.report(place, f"`{term}` stands twice in this list")
    elif (earlier[1] in not_ours) != (place[1] in not_ours):
        reading.report(place, f"`{term}` also stands under {earlier[1]}: one says ours, the other says not ours")


def _lint_repeats(reading: _Reading, place: Place, terms: Sequence[Any]) -> None:
    for number, term in enumerate(terms):
        if str(term) in {str(each) for each in terms[:number]}:
            reading.report((*place, number), f"`{term}` stands twice in this list")
