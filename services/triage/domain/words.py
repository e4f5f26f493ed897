"""A text's words, as lexicon and second reader find them: small letters, however they were written."""

import re
import unicodedata

BREAKS = frozenset(".;!?\n")
"""What ends a clause: no term reaches over it."""
_WORDS = re.compile(r"[^\W_]+|[.;!?\n]")
_FOREIGN = "£–—“”…"
"""Signs beyond ASCII that people write and that stand in no word."""
_TIED = re.compile(r"[\ufb00-\ufb06]")
"""Letters that printers tie together ("ﬁrearm"), as they come out of a PDF: each is one code point."""
_APOSTROPHES = "’‘ʼ´＇"
_UNSEEN = ("Mn", "Cf")
"""Categories of Unicode that a reader sees in the letter before, or not at all."""
_SOFT_END = re.compile(r"\r?\n(?=[ \t]*[^\W\d_A-Z])|\r(?=\n)")
"""A line's end with a small letter behind it: what was wrapped goes on there, as a rule."""


def _plainly(letter: str) -> str | None:
    if letter == "'":
        return None
    return letter.lower() if letter.isalnum() or letter in BREAKS else " "


_PLAINLY = {code: _plainly(chr(code)) for code in range(128)}


def plainly_written(text: str) -> str:
    """The text with one kind of apostrophe and without foreign signs: each code point stands where it stood.

    A sentence goes on over a line's end that a small letter follows. What is not seen within a word (a soft hyphen, an
    accent written for itself) becomes an apostrophe, which no word keeps; a wide letter its plain one. "İ" becomes a
    plain letter, since its small one is two code points, of which the second stands in no word.
    """
    if "\n" in text:
        text = _SOFT_END.sub(lambda end: " " * len(end[0]), text)
    text = text.replace("`", "'")
    return text if text.isascii() else text.translate(_FOLD)


class _Folded(dict[int, str]):
    """What each letter beyond ASCII is read as, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


def _folded(letter: str) -> str:
    if letter == "İ":
        return "I"
    if letter in _APOSTROPHES or unicodedata.category(letter) in _UNSEEN:
        return "'"
    plain = unicodedata.normalize("NFKC", letter)
    return " " if letter in _FOREIGN else plain if len(plain) == 1 else letter


_FOLD = _Folded()


def letters_of(plain: str) -> str:
    """Of a plainly written text the small letters that its words are made of, none tied together, and what parts them.

    What stands where: `places_of`.
    """
    letters = plain.lower().replace("'", "")
    return letters if letters.isascii() else _TIED.sub(lambda tied: unicodedata.normalize("NFKC", tied[0]), letters)


def places_of(plain: str) -> list[int]:
    """For each of `letters_of` the code point of the plainly written text that it is, or is part of."""
    return [
        place
        for place, letter in enumerate(plain)
        if letter != "'"
        for _ in (unicodedata.normalize("NFKC", letter) if _TIED.match(letter) else letter)
    ]


def words_of(text: str) -> list[str]:
    """The words of a text in small letters without apostrophes, and the signs that part its clauses."""
    text = plainly_written(text)
    if not text.isascii():
        return _WORDS.findall(letters_of(text))
    # What follows gives the same for ASCII in half the time: every report is read so.
    text = text.translate(_PLAINLY)
    for sign in BREAKS:
        text = text.replace(sign, f" {sign} ")
    return list(filter(None, text.split(" ")))
