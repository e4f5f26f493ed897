"""The minutes of a meeting as one record, from which page and PDF are both made: neither can say more. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.desk import meeting_view
from services.desk.presenting import Presenter
from services.partnership.models import Partnership

WITHHELD = "Words held back by the reader’s sharing agreement."
MARKING = "OFFICIAL-SENSITIVE"
DRAFT = "Not signed off. What stands here can still be added to."
NOT_READ = "Nothing that you may see was minuted."
NO_QUORUM = "No quorum"


@dataclass(frozen=True, slots=True)
class Line:
    """What was decided, or who is to do what: a bold part, its words, and a small part beneath."""

    head: str
    words: str
    beneath: str
    quorate: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the agenda that was reached."""

    number: int
    title: str
    references: str
    decisions: tuple[Line, ...]
    actions: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The minutes as one reader may see them, in the order in which they are read."""

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    attendance: tuple[tuple[str, str, str], ...]
    items: tuple[Item, ...]
    not_reached: tuple[str, ...]
    signed: str
    digest: str
    copy: str

    @property
    def draft(self) -> bool:
        """Whether nobody signed them yet."""
        return not self.signed


def record(
    presenter: Presenter, partnership: Partnership, found: Mapping[str, Any], reader: str, now: datetime
) -> Record:
    """The record of a meeting as referrals showed it to `reader`: a person and her agency in words."""
    panel = partnership.panel(found["panel"])
    head = meeting_view.heading(presenter, found)
    items = meeting_view.agenda(presenter, partnership, found, now)
    return Record(
        title=f"{panel.name}: minutes",
        subtitle=f"{head['day']}, {head['clock']}",
        facts=(
            ("Chair", head["chair"]),
            ("Quorum", head["quorum"]),
            ("Decisions", str(found["decisions"])),
            ("Actions", str(found["actions"])),
        ),
        attendance=tuple(
            (each["name"], each["words"], each["who"])
            for each in meeting_view.attendance(presenter, partnership, found)
        ),
        items=tuple(_item(number, each) for number, each in enumerate((e for e in items if e["reached"]), 1)),
        not_reached=tuple(f"{each['title']} ({each['reference']})" for each in items if not each["reached"]),
        signed=f"Signed off by {head['signed_by']}, chair, on {head['signed_at']}" if head["signed"] else "",
        digest=found["digest"] or "",
        copy=f"Copy for {reader}: matters of cases that her agency may not see are not in it.",
    )


def _item(number: int, each: Mapping[str, Any]) -> Item:
    return Item(
        number=number,
        title=each["title"],
        references=f"{each['reference']}, case {each['case']}",
        decisions=tuple(_decision(line) for line in each["minuted"]),
        actions=tuple(_action(line) for line in each["actions"]),
    )


def _decision(line: Mapping[str, Any]) -> Line:
    words = WITHHELD if line["reason"] is None else line["reason"]
    return Line(line["decision"], words, f"Minuted by {line['by']}, {line['moment']}", line["quorate"])


def _action(line: Mapping[str, Any]) -> Line:
    words = WITHHELD if line["what"] is None else line["what"]
    return Line(line["who"], words, f"By {line['due']}" if line["due"] else "")
