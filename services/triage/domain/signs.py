"""What people answered of a report's signs of harm: a confirmed one counts as known, a struck one does not count."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from schemas.facts import AnsweredSign
from services.triage.domain.reading import HARM, Reading

STRUCK = "struck-out"
"""What the reason is called by which a sign does not count: a person struck it out on the report's case."""


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs that are so, and those that are not, whatever words or the second reader say."""

    confirmed: frozenset[str] = frozenset()
    struck: frozenset[str] = frozenset()

    @classmethod
    def of(cls, answers: Iterable[AnsweredSign]) -> "Signs":
        """As the answers have it; there is one answer to a sign."""
        given = {each.sign: each.confirmed for each in answers}
        return cls(
            frozenset(sign for sign, so in given.items() if so),
            frozenset(sign for sign, so in given.items() if not so),
        )

    def over(self, reading: Reading | None) -> Reading | None:
        """A reading with what is known put in the place of its chances.

        Where a person looked and struck out, that there is some harm, whichever, is no longer the reader's to suspect.
        """
        if reading is None or not (self.confirmed or self.struck):
            return reading
        known = dict.fromkeys(self.confirmed, 1.0) | dict.fromkeys(self.struck, 0.0)
        return replace(reading, flags={**reading.flags, **known, **({HARM: 0.0} if self.struck else {})})


UNANSWERED = Signs()
"""Nobody has answered any sign."""
