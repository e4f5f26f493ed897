"""Who answered a report in review, when, what and why, is shown to who may see the report, and no further."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.events import Actor, ReportDecided, ReportTriaged, ReviewRequested
from schemas.personal import seal
from services.access.callers import Caller
from services.access.sharing import sight_of
from services.desk.presenting import Presenter
from services.desk.projection import AnswerRow, project
from services.desk.review_view import earlier, given, standing
from services.desk.undo_pages import says
from services.kernel.decision import Context, Message
from services.partnership.loading import load_partnership

AT = datetime(2026, 3, 2, 12, 5, tzinfo=UTC)
PARTNERSHIP = load_partnership(Path("partnerships/luton"))
PRESENTER = Presenter(PARTNERSHIP)
HELEN = Actor(kind="person", id="helen-strood", name="Helen Strood", agency="luton-council")
HUB = Actor(kind="hub", id="triage", name="The hub")
HIGHWAYS = "Luton Council highways"
DOMESTIC, TOWN = "domestic-abuse-osse", "town-centre"


def event(by: Actor, made: type[ReportDecided] = ReportTriaged, **changes: Any) -> ReportDecided:
    facts = {"report_id": UUID(int=1), "reference": "R-1", "source_id": "1", "channel": "101", "received_at": AT}
    decision = {"themes": (TOWN,), "lead_agency": None, "disposition": "needs-case", "confidence": 1, "rule_set": "x"}
    decision |= changes.pop("decision", {})
    body = {"report": facts, "decision": decision, "decided_at": AT, "decided_by": by, "version": 2}
    return made.model_validate(body | {"personal": seal({"reason": "It is a pothole."})} | changes)


def kept(body: ReportDecided) -> list[AnswerRow]:
    """The rows of answers that an event becomes."""
    identity = UUID(int=9)
    message = Message(identity, body.TYPE, "1", body, AT, "record", identity)
    found = project({}, message, Context(AT, identity, PARTNERSHIP)).state.values()
    return [each for each in found if isinstance(each, AnswerRow)]


def shown(row: AnswerRow, *agencies: str) -> dict[str, str]:
    sights = [sight_of(Caller("person", "r", "R", each), row.themes, PARTNERSHIP) for each in agencies]
    return given(PRESENTER, row.model_dump(mode="json"), sights, AT)


def item(**changes: Any) -> dict[str, Any]:
    """A decision as triage tells it."""
    decision = {"themes": [DOMESTIC], "destination": None, "lead_agency": None, "rule_set": "x"}
    made: dict[str, Any] = {"reason": None, "history": [], "decision": decision, "report": {"revision": 1}}
    made |= {"in_review": False, "answer": None, "by_person": False, "decided_by": "hub", "decided_at": AT.isoformat()}
    return made | changes


HERS = item(answer="change", by_person=True, decided_by="Helen Strood", reason="She rang.")
WAITS = item(in_review=True)
BESIDE = item(answer="change", reason="She rang.")
"""What the hub decides beside an answer, when a sign is answered on its case, carries the answer too."""
UNDONE = item(in_review=True, by_person=True, decided_by="Helen Strood")


def test_of_a_report_that_is_not_ours_it_is_shown_who_said_so_whose_it_is_and_why() -> None:
    (row,) = kept(event(HELEN, answer="not-ours", decision={"themes": (), "destination": HIGHWAYS}))
    assert shown(row, "bedfordshire-police") == {
        "who": "Helen Strood, Council",
        "when": "12:05 today",
        "did": "said that it is not ours: Luton Council highways",
        "reason": "It is a pothole.",
    }


@pytest.mark.parametrize(
    ("agencies", "reason"),
    [
        (("bedfordshire-police",), "It is a pothole."),
        (("opcc",), ""),
        (("bedfordshire-police", "opcc"), ""),
    ],
    ids=["may read the words", "may not", "may read them by one of the two themes alone"],
)
def test_the_reason_is_for_who_may_read_what_was_written(agencies: tuple[str, ...], reason: str) -> None:
    (row,) = kept(event(HELEN, answer="change"))
    found = shown(row, *agencies)
    assert (found["did"], found["reason"]) == ("changed it: Town centre", reason)


def test_an_answer_that_was_taken_back_is_said_to_be() -> None:
    (row,) = kept(event(HELEN, ReviewRequested, undone="change"))
    assert shown(row, "bedfordshire-police")["did"] == "took the answer back: a person decides again"


@pytest.mark.parametrize("answer", [None, "change"], ids=["alone", "beside an answer"])
def test_what_the_hub_decides_is_nobodys_answer(answer: str | None) -> None:
    assert kept(event(HUB, answer=answer)) == []


@pytest.mark.parametrize(
    "opened",
    [HERS, item(history=[HERS, WAITS]), BESIDE | {"history": [HERS, WAITS]}],
    ids=["answered last", "decided again since", "a sign was answered since"],
)
def test_the_answer_that_stands_is_shown_with_who_gave_it_when_and_why(opened: dict[str, Any]) -> None:
    assert standing(PRESENTER, opened, AT + timedelta(hours=1)) == {
        "who": "Helen Strood",
        "when": "12:05 today",
        "did": f"changed it: {PRESENTER.themes([DOMESTIC])}",
        "reason": "She rang.",
    }


@pytest.mark.parametrize(
    "opened",
    [WAITS, item(), UNDONE | {"history": [HERS, WAITS]}, item(history=[UNDONE, HERS, WAITS])],
    ids=["it waits", "decided by rule", "taken back", "decided by rule since it was taken back"],
)
def test_no_answer_is_shown_where_none_stands(opened: dict[str, Any]) -> None:
    assert standing(PRESENTER, opened, AT) is None


@pytest.mark.parametrize(
    ("made", "did"),
    [
        (HERS, "changed it"),
        (BESIDE, "decided by rule"),
        (UNDONE, "took the answer back: a person decides again"),
        (item(), "decided by rule"),
    ],
)
def test_the_history_tells_what_a_person_did_from_what_the_hub_did_beside_it(made: dict[str, Any], did: str) -> None:
    assert earlier(PRESENTER, made, AT)["did"] == did


@pytest.mark.parametrize(
    ("until", "hers", "just", "said"),
    [
        (AT.isoformat(), True, False, True),
        (None, True, True, True),
        (None, True, False, False),
        (None, False, True, False),
    ],
    ids=["it can be taken back", "a split that she just made", "a split of some time ago", "somebody else's"],
)
def test_the_page_says_what_she_did_also_where_it_is_final(
    until: str | None, hers: bool, just: bool, said: bool
) -> None:
    assert says({"undo_until": until, "hers": hers}, just=just) is said
