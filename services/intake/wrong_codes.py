"""How often a code may be wrong: six digits keep nothing that can be tried without end."""

from collections.abc import Callable
from time import monotonic

TRIES, WITHIN_SECONDS = 10, 900.0
"""Wrong codes of one reference, and within how long: after them none is looked at until that time is over."""
REFERENCES_KEPT = 10_000
"""References that are counted at once: of more, the one that was tried first is forgotten."""


class WrongCodes:
    """Counts in memory, of references that exist and of those that do not alike."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, tuple[int, float]] = {}

    def too_many(self, reference: str) -> bool:
        """Whether no code of this reference is looked at just now."""
        count, since = self._wrong.get(reference, (0, 0.0))
        return count >= TRIES and self._clock() - since < WITHIN_SECONDS

    def count(self, reference: str) -> None:
        """One more was wrong."""
        now = self._clock()
        count, since = self._wrong.pop(reference, (0, now))
        self._wrong[reference] = (count + 1, since) if now - since < WITHIN_SECONDS else (1, now)
        if len(self._wrong) > REFERENCES_KEPT:
            del self._wrong[next(iter(self._wrong))]
