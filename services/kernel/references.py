"""References that can be said on the phone: short, random, with a check character and a prefix.

The alphabet has 29 characters, none of which is easily heard or read as another; 29 is prime, so the weighted check
character finds every single wrong character and every swap of two neighbours (after ISO 7064's idea).
"""

import re
from collections.abc import Iterator
from uuid import UUID

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXY"
_LENGTH = 8
_QUOTED = re.compile(r"\b[RC][- ]?(?:[2-9A-HJKMNP-Y]{3}[- ]?){3}\b", re.IGNORECASE)


class ReferenceMistyped(ValueError):
    """The check character does not fit the rest of the reference."""


def _check(body: str) -> str:
    total = sum((place + 2) * ALPHABET.index(character) for place, character in enumerate(body))
    return ALPHABET[total % len(ALPHABET)]


def reference(prefix: str, identity: UUID) -> str:
    """The reference of a record, such as `R-7CK-4WN-2QP`: made from its id, so making it again gives the same one.

    Two of a million records share one with a probability of about two thirds; a unique index refuses the second.
    """
    number, body = identity.int >> 4, ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        body += ALPHABET[digit]
    return _spaced(prefix, body + _check(body))


def _spaced(prefix: str, text: str) -> str:
    return "-".join((prefix, *(text[start : start + 3] for start in range(0, len(text), 3))))


def tidy_reference(typed: str) -> str:
    """A reference as a person typed it, in its one spelling. Raises `ReferenceMistyped`."""
    letters = "".join(character for character in typed.upper() if character.isalnum())
    prefix, text = letters[:1], letters[1:]
    known = len(text) == _LENGTH + 1 and all(character in ALPHABET for character in text)
    if not known or _check(text[:-1]) != text[-1]:
        raise ReferenceMistyped("The reference does not look right. Check each character and type it again.")
    return _spaced(prefix, text)


def quoted(text: str) -> Iterator[tuple[str, str]]:
    """The hub's own references that words name, each as it is written and in its one spelling."""
    for words in _QUOTED.findall(text):
        try:
            yield words, tidy_reference(words)
        except ReferenceMistyped:
            continue


def without_references(text: str) -> str:
    """The words without the references that they name: these are chance letters, and mean nothing.

    Three plain words can look like one ("rape and get"): without a hyphen or a figure they stay.
    """
    for words, _ in quoted(text):
        if "-" in words or any(letter.isdigit() for letter in words):
            text = text.replace(words, " ")
    return text
