"""Two decisions become one without losing an effect of either."""

from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel

from services.kernel.decision import CancelledTimer, Decision, NewEvent, NewJob, NewTimer, together

AT = datetime(2026, 3, 2, tzinfo=UTC)


class Text(BaseModel):
    """What a job works on."""


def decision(name: str, tally: int) -> Decision:
    return Decision(
        state={name: 1, "shared": name},
        events=(NewEvent("cases", name, None),),
        jobs=(NewJob("read", name, Text()),),
        timers=(NewTimer("late", name, AT),),
        cancelled=(CancelledTimer("early", name),),
        tallies={name: tally, "shared": tally},
        answer=name,
        cause=UUID(int=abs(tally)),
    )


def test_both_decisions_effects_are_there_in_order_and_answer_and_cause_are_the_seconds() -> None:
    first, second = decision("one", 1), decision("two", -2)
    made = together(first, second)
    assert made.state == {"one": 1, "two": 1, "shared": "two"}
    assert made.tallies == {"one": 1, "two": -2, "shared": -1}
    for effects in ("events", "jobs", "timers", "cancelled"):
        assert getattr(made, effects) == (*getattr(first, effects), *getattr(second, effects))
    assert (made.answer, made.cause) == ("two", UUID(int=2))
