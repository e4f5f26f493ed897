"""Two people changed one list of words: what the other one added and took out is said, and hers is laid over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.desk.conflict_page import read_was

LIST = "list"


@dataclass(frozen=True, slots=True)
class Lists:
    """A list as her form first showed it, as it stands now, and as she wrote it."""

    was: Sequence[str]
    now: Sequence[str]
    mine: Sequence[str]

    @property
    def hers(self) -> bool:
        """Whether she changed anything."""
        return list(self.mine) != list(self.was)

    @property
    def merged(self) -> list[str]:
        """What the form holds: hers, or what stands now without what she took out and with what she added."""
        if self.now == self.was:
            return list(self.mine)
        gone, come = _apart(self.was, self.mine), _apart(self.mine, self.was)
        return [*_apart(self.now, gone), *_apart(come, self.now)]

    def said(self, by: str) -> str:
        """What the other one changed meanwhile, in sentences; empty where nobody did."""
        if self.now == self.was:
            return ""
        come, gone = _apart(self.now, self.was), _apart(self.was, self.now)
        changes = [f"{words}: {', '.join(terms)}." for words, terms in (("Added", come), ("Taken out", gone)) if terms]
        first = f"The list was changed while you were writing, and nothing was saved; {by} saved the version last."
        return " ".join([first, *(changes or ["Its order changed."]), "The list below has that, and your changes."])


def lists_of(now: Sequence[str], form: Mapping[str, str]) -> Lists:
    """The sides of a form; one that does not say what it showed, or was not filled in yet, differs in nothing."""
    was = [str(term) for term in read_was(form["was"]).get("terms", ())] if form.get("was") else now
    mine = [line.strip() for line in form["terms"].splitlines() if line.strip()] if "terms" in form else was
    return Lists(list(was), list(now), list(mine))


def _apart(these: Sequence[str], those: Sequence[str]) -> list[str]:
    return [term for term in these if term not in those]
