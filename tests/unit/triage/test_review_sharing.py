"""A report in review is shown to each agency as its sharing agreement says, and no further."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.codes import Disposition
from schemas.events import ReportFacts, TriageDecision
from services.access.callers import Caller
from services.access.sharing import sight_of
from services.partnership.loading import load_partnership
from services.triage.domain.state import Decided
from services.triage.review_views import earlier_ones, view

PARTNERSHIP = load_partnership(Path("partnerships/luton"))
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SAID = {
    "names": "Denny Rook",
    "contact": "01632 960001",
    "date-of-birth": "1982-04-01",
    "text": "shouts at the door",
    "exact-place": "Wigmore Lane",
}
"""What stands in the report for each part of an agreement."""
AGENCIES = [each.code for each in PARTNERSHIP.agencies]


def decided(theme: str) -> Decided:
    facts = {"report_id": UUID(int=1), "reference": "R-222-222-222", "source_id": "1", "channel": "101"}
    report = ReportFacts.model_validate({**facts, "received_at": NOW, "street": SAID["exact-place"], "cell": "8a1"})
    person = {"id": "p1", "role": "suspect", "name": SAID["names"], "date_of_birth": SAID["date-of-birth"]}
    because = {"rule": "signals/threat", "field": "description", "text": SAID["text"], "start": 3, "end": 21}
    return Decided(
        report=report,
        personal={
            "description": f"He {SAID['text']} every night.",
            "place": {"text": f"14 {SAID['exact-place']}"},
            "people": [person | {"contact": {"phone": SAID["contact"]}}],
        },
        decision=TriageDecision(
            themes=(theme,),
            lead_agency=None,
            disposition=Disposition.REVIEW,
            risk="medium",
            priority=3,
            confidence=0.4,
            rule_set="luton-1",
        ),
        because=[because | {"negated": False}],
        decided_at=NOW,
        in_review=True,
        reason=f"She said that he {SAID['text']}.",
    )


def shown(agency: str, theme: str) -> tuple[dict[str, Any], set[str]]:
    """The view of somebody of that agency, and the parts whose words stand in it."""
    reader = Caller("person", "a-reader", "A reader", agency)
    made = view(decided(theme), PARTNERSHIP, sight_of(reader, (theme,), PARTNERSHIP))
    return made, {part for part, words in SAID.items() if words in str(made)}


@pytest.mark.parametrize("theme", ["town-centre", "domestic-abuse-osse"])
@pytest.mark.parametrize("agency", AGENCIES)
def test_each_agency_sees_of_a_report_in_review_what_its_agreement_names(agency: str, theme: str) -> None:
    made, found = shown(agency, theme)
    assert found == PARTNERSHIP.parts_shown_to(agency, (theme,)) & set(SAID)
    assert set(made["withheld"]) == set(SAID) - found
    assert [each["rule"] for each in made["decision"]["because"]] == ["signals/threat"], "the rule itself is no secret"


def test_the_agencies_differ_so_that_the_filter_is_seen_to_filter() -> None:
    assert {len(shown(agency, "domestic-abuse-osse")[1]) for agency in AGENCIES} >= {0, 1, 3, 5}


def test_the_duty_manager_sees_all_of_it() -> None:
    everything = sight_of(Caller("person", "d", "Duty", "luton-council", sees_all=True), (), PARTNERSHIP)
    made = view(decided("town-centre"), PARTNERSHIP, everything)
    assert all(words in str(made) for words in SAID.values())
    assert made["withheld"] == []


@pytest.mark.parametrize("themes", [("town-centre", "domestic-abuse-osse"), ("domestic-abuse-osse", "town-centre")])
@pytest.mark.parametrize("agency", AGENCIES)
def test_the_history_shows_no_more_than_both_what_it_was_then_and_what_it_is_now(
    agency: str, themes: tuple[str, str]
) -> None:
    reader = Caller("person", "a-reader", "A reader", agency, frozenset({agency}))
    then, now = (decided(theme) for theme in themes)
    (earlier,) = earlier_ones(reader, now, [then], PARTNERSHIP)
    found = {part for part, words in SAID.items() if words in str(earlier)}
    both = PARTNERSHIP.parts_shown_to(agency, themes[:1]) & PARTNERSHIP.parts_shown_to(agency, themes[1:])
    assert found == both & set(SAID)


def test_what_was_intelligence_is_in_the_history_for_those_alone_who_saw_it_then() -> None:
    now, then = decided("town-centre"), decided("town-centre")
    report = then.report.model_copy(update={"kind": "intelligence"})
    led = then.decision.model_copy(update={"lead_agency": "bedfordshire-police"})
    then = then.model_copy(update={"report": report, "decision": led})
    shown = {
        agency: len(earlier_ones(Caller("person", "a", "A", agency, frozenset({agency})), now, [then], PARTNERSHIP))
        for agency in AGENCIES
    }
    assert [agency for agency, count in shown.items() if count] == ["bedfordshire-police"]
