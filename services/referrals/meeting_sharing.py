"""Who reads a meeting: of each case's words as much as her agency's sharing agreement gives her."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.access.callers import Caller
from services.access.sharing import Sight, sight_of
from services.partnership.models import Partnership


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and by which files."""

    caller: Caller
    partnership: Partnership

    def sight(self, themes: Iterable[str]) -> Sight:
        """What she sees of a case of these themes."""
        return sight_of(self.caller, themes, self.partnership)

    def reads_words(self, themes: Iterable[str]) -> bool:
        """Whether she may read what people wrote of a case of these themes."""
        return self.sight(themes).sees("text")

    def does(self, person: str) -> bool:
        """Whether it is hers to do: nobody can do what she may not read."""
        return self.caller.id == person
