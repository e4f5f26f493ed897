"""Values into words, and a report's words with the deciding ones lit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.access.sharing import NOTHING_PERSONAL
from services.desk.case_view import timeline
from services.desk.evidence import lit
from services.desk.presenting import Presenter, span_words
from services.partnership.loading import load_partnership

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def presenter() -> Presenter:
    return Presenter(load_partnership(Path(__file__).parents[3] / "partnerships" / "luton"))


@pytest.mark.parametrize(
    ("left", "words", "late"),
    [
        (timedelta(hours=-2, minutes=-10), "Late by 2 h 10 min", True),
        (timedelta(minutes=18), "18 min left", True),
        (timedelta(minutes=59), "59 min left", True),
        (timedelta(hours=1), "1 h", False),
        (timedelta(days=1, hours=4), "1 day 4 h", False),
        (timedelta(days=5, hours=4), "5 days", False),
    ],
)
def test_time_left_is_said_in_words_and_is_red_when_short_or_late(
    presenter: Presenter, left: timedelta, words: str, late: bool
) -> None:
    found = presenter.time_left(NOW + left, NOW)
    assert (found.words, found.late) == (words, late)


def test_a_clock_that_does_not_run_is_said_so(presenter: Presenter) -> None:
    assert presenter.time_left(None, NOW).words == "no clock"


def test_minutes_are_whole() -> None:
    assert span_words(timedelta(seconds=119)) == "1 min"


def reason(text: str, word: str, *, negated: bool = False) -> dict[str, Any]:
    start = text.index(word)
    rule = f"signals/{word.replace(' ', '-')}"
    return {"rule": rule, "field": "description", "start": start, "end": start + len(word), "negated": negated}


def test_the_words_are_all_there_and_the_deciding_ones_are_numbered_in_order() -> None:
    text = "He 🙂 has a knife. No gun seen."
    segments, fired = lit(text, [reason(text, "gun", negated=True), reason(text, "knife")])
    assert "".join(segment.text for segment in segments) == text
    assert [(s.text, s.number, s.negated) for s in segments if s.number] == [("knife", 1, False), ("gun", 2, True)]
    assert [(each.number, each.negated) for each in fired] == [(1, False), (2, True)]


def test_overlapping_reasons_are_lit_as_one_run_that_names_both() -> None:
    text = "partner had his hands round her neck last night"
    segments, fired = lit(text, [reason(text, "partner had his hands"), reason(text, "hands round her neck")])
    assert [s.text for s in segments if s.number] == ["partner had his hands round her neck"]
    assert [each.number for each in fired] == [1, 1]


def test_messages_of_one_minute_name_each_recipient_once_and_say_how_many_there_were(presenter: Presenter) -> None:
    state = {"channel": "mail", "template": "case-opened@1", "status": "sent", "recipient": "police"}
    told = [SimpleNamespace(at=NOW, state=state), SimpleNamespace(at=NOW + timedelta(seconds=9), state=state)]
    (entry,) = timeline(presenter, [], [], told, NOTHING_PERSONAL, "all")
    assert entry["title"] == f"Mail to {presenter.recipient('police')}"
    assert entry["text"] == "Sent. 2 messages. Reference and link only."
