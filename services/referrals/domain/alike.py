"""How alike two people or two references are: names compared by sound and by letters, never kept in the open."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from rapidfuzz.distance import JaroWinkler

from services.kernel import references

NEARLY = 0.9
"""Jaro-Winkler similarity from which two spellings may be one name: one slip in a name of six letters or more."""
SUBJECTS = ("victim", "subject", "suspect")
"""Whom a case is about; a witness or a reporter does not make two reports one case."""
NUMBERED = ("crime_reference", "incident_reference", "incident_number", "log_number", "case_reference")
"""Attributes in which a sender gives a number of its own that several of its reports may share."""
_SOUNDS = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556")


def plain(name: str) -> tuple[str, ...]:
    """A name's words in lower case without accents, in one order whichever came first."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return tuple(sorted(re.findall(r"[a-z]+", letters)))


def sound(word: str) -> str:
    """The first letter and the classes of the next three consonants (after Soundex)."""
    classes = ""
    for before, letter in pairwise(word):
        digit = letter.translate(_SOUNDS)
        if digit.isdigit() and digit != before.translate(_SOUNDS):
            classes += digit
    return (word[:1] + classes + "000")[:4]


def digest(*words: str) -> str:
    """A short one-way mark, so that no name stands in a key."""
    return hashlib.blake2b("/".join(words).encode(), digest_size=12).hexdigest()


def block(name: str) -> str | None:
    """The mark under which people with names that sound alike are looked for; None without two words."""
    words = plain(name)
    return digest(sound(words[0]), sound(words[-1])) if len(words) > 1 else None


def similarity(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """How alike two people's names are, 0 to 1; 0 where their dates of birth contradict each other."""
    born, born_other = one.get("date_of_birth"), other.get("date_of_birth")
    if born and born_other and born != born_other:
        return 0.0
    return float(JaroWinkler.similarity(" ".join(plain(one["name"])), " ".join(plain(other["name"]))))


def same_birth(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both dates of birth are known and equal."""
    return bool(one.get("date_of_birth")) and one.get("date_of_birth") == other.get("date_of_birth")


def subjects(personal: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The named people whom a report is about."""
    for person in personal.get("people") or ():
        if person.get("name") and person.get("role") in SUBJECTS:
            yield person


def quoted(personal: Mapping[str, Any]) -> frozenset[str]:
    """The hub's own references that a report's words name, each with the right check character."""
    return frozenset(reference for _, reference in references.quoted(str(personal.get("description") or "")))


def numbers(personal: Mapping[str, Any], partner: str | None) -> frozenset[str]:
    """Marks of the sender's own numbers; another sender's equal number is another one."""
    attributes = personal.get("attributes") or {}
    given = {str(attributes[name]).strip().lower() for name in NUMBERED if attributes.get(name)}
    return frozenset(digest(partner or "", number) for number in given if number)
