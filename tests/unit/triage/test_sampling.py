"""A small share of what is decided without a person is checked afterwards: counted, never delayed, never reopened."""

from typing import Any
from uuid import UUID

import pytest

from schemas.events import DecisionChecked
from schemas.personal import reveal
from services.kernel.testing import MemoryLoop
from services.triage.domain.sampling import NotChecked, chosen, waits
from services.triage.messages import CheckSample
from tests.unit.triage.test_succession import ASHA, IDENTITY, UNSURE, answered, now, sent, spoken

PLAIN = "Fly-tipping by the garages, mattresses and black bags dumped"
SHARE, MANY = 0.02, 20_000


@pytest.fixture
def sampled(loop: MemoryLoop, monkeypatch: pytest.MonkeyPatch) -> MemoryLoop:
    """A plain report that is decided at once, and happens to be in the share."""
    monkeypatch.setattr("services.triage.domain.sampling.chosen", lambda report_id, share: True)
    loop.send(sent(PLAIN, category="noise"), "1")
    return loop


def said(loop: MemoryLoop, **changes: Any) -> Any:
    fields = {"report_id": IDENTITY, "version": now(loop).version, "right": True, "by": ASHA, "spoke": spoken(loop)}
    return loop.send(CheckSample.model_validate(fields | changes), str(IDENTITY), origin="command")


def judged(loop: MemoryLoop, what: str) -> int:
    return sum(value for name, value in loop.tallies.items() if name.startswith("rule/") and name.endswith(f"/{what}"))


def test_the_share_is_chosen_by_the_id_alone_and_is_about_what_was_asked() -> None:
    ids = [UUID(int=number * 7919) for number in range(MANY)]
    found = [each for each in ids if chosen(each, SHARE)]
    assert found == [each for each in ids if chosen(each, SHARE)]
    assert 0.8 * SHARE < len(found) / MANY < 1.2 * SHARE
    assert not any(chosen(each, 0) for each in ids)
    assert all(chosen(each, 1) for each in ids)


def test_a_sample_is_decided_as_any_other_report_and_waits_beside_it(sampled: MemoryLoop) -> None:
    known = now(sampled)
    assert (waits(known), known.in_review, sampled.timers) == (True, False, {})
    assert sampled.types() == ["ReportTriaged"]


@pytest.mark.parametrize(
    "changes", [{"historic": True}, {"kind": "intelligence"}], ids=["a record of the past", "intelligence"]
)
def test_what_others_may_not_see_or_is_long_over_is_no_sample(
    loop: MemoryLoop, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setattr("services.triage.domain.sampling.chosen", lambda report_id, share: True)
    loop.send(sent(PLAIN, category="noise", **changes), "1")
    assert not waits(now(loop))


def test_what_a_person_decided_is_no_sample(loop: MemoryLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.triage.domain.sampling.chosen", lambda report_id, share: True)
    loop.send(sent(UNSURE), "1")
    assert not waits(now(loop))
    answered(loop, "change", themes=("asb-environmental",))
    assert not waits(now(loop))


def test_what_a_person_decided_is_no_sample_after_any_correction_either(
    loop: MemoryLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.triage.domain.sampling.chosen", lambda report_id, share: True)
    loop.send(sent(UNSURE), "1")
    answered(loop, "change", themes=("asb-environmental",))
    for revision in (2, 3):
        loop.send(sent(PLAIN, revision=revision, category="noise"), "1")
        assert (now(loop).in_review, waits(now(loop))) == (False, False)


def test_right_counts_for_the_rules_that_spoke_and_changes_nothing(sampled: MemoryLoop) -> None:
    before = now(sampled)
    said(sampled)
    after = now(sampled)
    assert (sampled.tallies["sample/right"], judged(sampled, "overridden")) == (1, 0)
    assert judged(sampled, "confirmed") > 0
    assert after.model_copy(update={"checked": None}) == before
    assert not waits(after)
    event = sampled.events[-1].body
    assert isinstance(event, DecisionChecked)
    assert (event.right, event.themes, event.checked_by.id) == (True, before.decision.themes, "asha-venn")
    assert sampled.types() == ["ReportTriaged", "DecisionChecked"]


@pytest.mark.parametrize("themes", [("domestic-abuse-osse",), ()], ids=["another theme", "no theme of ours"])
def test_a_correction_counts_against_the_rules_and_reopens_nothing(sampled: MemoryLoop, themes: tuple[str]) -> None:
    before = now(sampled)
    said(sampled, right=False, themes=themes, reason="It is about the neighbour's son.")
    assert (sampled.tallies["sample/wrong"], judged(sampled, "confirmed")) == (1, 0)
    assert judged(sampled, "overridden") > 0
    assert (now(sampled).decision, now(sampled).version) == (before.decision, before.version)
    event = sampled.events[-1].body
    assert reveal(event.personal) == {"reason": "It is about the neighbour's son."}
    assert "neighbour's son" not in event.model_dump_json(exclude={"personal"})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 9}, "version-stale"),
        ({"right": False, "themes": ("no-such-theme",)}, "theme-unknown"),
        ({"right": False, "themes": ("youth-violence",)}, "theme-unknown"),
        ({"right": False, "themes": ("town-centre", "town-centre")}, "theme-twice"),
        ({"right": False, "themes": ("asb-environmental",)}, "sample-same"),
    ],
)
def test_an_answer_that_says_nothing_is_refused(sampled: MemoryLoop, changes: dict[str, Any], code: str) -> None:
    answer = said(sampled, **changes)
    assert isinstance(answer, NotChecked)
    assert answer.code == code
    assert waits(now(sampled))


def test_it_is_checked_once_and_again_only_where_it_is_decided_otherwise(sampled: MemoryLoop) -> None:
    said(sampled)
    again = said(sampled)
    assert isinstance(again, NotChecked)
    assert again.code == "not-a-sample"
    sampled.send(sent(PLAIN + " again", revision=2, category="noise"), "1")
    assert not waits(now(sampled)), "the same themes: the check holds"
    sampled.send(sent("My husband hit me, I am frightened of my partner", revision=3, category="noise"), "1")
    assert waits(now(sampled))
