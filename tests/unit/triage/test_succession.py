"""A report is decided again when it changes or a person answers, and every earlier decision is kept."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.codes import Disposition
from schemas.events import Actor, ReportFacts, ReportReceived, ReportWithdrawn, ReviewOverdue
from schemas.personal import reveal, seal
from services.kernel.testing import START, MemoryLoop
from services.triage.domain.quality import spoken_for
from services.triage.domain.reviewing import Refused
from services.triage.domain.state import Decided, Superseded, second_matter, visible_to
from services.triage.messages import ResolveReview

IDENTITY = UUID(int=7)
KEY = f"decision:{IDENTITY}"
UNSURE = "Something strange down our road, I do not know who to tell"
PUBLIC_HEALTH, NEIGHBOURHOOD = "luton-council-public-health", "luton-council-neighbourhood-services"
HIGHWAYS = "Luton Council highways"
ASHA = Actor(kind="person", id="asha-venn", name="Asha Venn", agency=NEIGHBOURHOOD)


def sent(words: str, revision: int = 1, **changes: Any) -> ReportReceived:
    made = {"report_id": IDENTITY, "reference": "R-222-222-222", "source_id": "1", "channel": "online"}
    facts = ReportFacts.model_validate(made | {"received_at": START, "revision": revision} | changes)
    return ReportReceived(report=facts, personal=seal({"description": words}))


def answered(loop: MemoryLoop, action: str, version: int = 1, **changes: Any) -> Any:
    fields = {"report_id": IDENTITY, "version": version, "action": action, "reason": "Seen before.", "by": ASHA}
    fields["spoke"] = spoken(loop)
    return loop.send(ResolveReview.model_validate(fields | changes), str(IDENTITY), origin="command")


def spoken(loop: MemoryLoop) -> dict[str, str]:
    """The themes that its rules spoke for, by the rules of the loop."""
    return spoken_for(now(loop).decision.rules, loop.rules.reader.tables.rows) if KEY in loop.state else {}


def now(loop: MemoryLoop) -> Decided:
    found: Decided = loop.state[KEY]
    return found


def kept(loop: MemoryLoop) -> list[Superseded]:
    return [value for key, value in sorted(loop.state.items()) if key.startswith("history:")]


def test_a_correction_is_decided_again_and_the_earlier_decision_is_kept_and_named(loop: MemoryLoop) -> None:
    loop.send(sent("Fly-tipping by the garages", category="noise"), "1")
    loop.send(sent("My husband hit me, I am frightened of my partner", revision=2, category="noise"), "1")
    assert [each.decided.version for each in kept(loop)] == [1]
    event = loop.events[-1].body
    assert (event.version, event.earlier.revision, event.earlier.lead_agency) == (2, 1, NEIGHBOURHOOD)
    assert event.decision.lead_agency == PUBLIC_HEALTH


def test_an_older_revision_that_comes_late_changes_nothing(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE, revision=3), "1")
    loop.send(sent("He has a knife", revision=2), "1")
    assert now(loop).report.revision == 3
    assert len(loop.events) == 1


def test_a_withdrawn_report_waits_for_nobody_counts_no_longer_and_stays_in_the_history(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    assert loop.timers
    facts = now(loop).report.model_copy(update={"revision": 2})
    loop.send(ReportWithdrawn(report=facts, personal=seal({"withdrawn_reason": "sent in error"})), "1")
    assert (now(loop).withdrawn, now(loop).in_review, loop.timers) == (True, False, {})
    assert now(loop).decision.disposition is Disposition.RECORD_ONLY
    assert now(loop).personal["description"] == UNSURE
    assert loop.events[-1].body.withdrawn
    assert len(kept(loop)) == 1


def test_a_withdrawal_that_does_not_say_the_kind_again_leaves_intelligence_with_the_police(loop: MemoryLoop) -> None:
    loop.send(sent("A knife is kept behind the bar.", kind="intelligence"), "1")
    facts = now(loop).report.model_copy(update={"revision": 2, "kind": "incident"})
    loop.send(ReportWithdrawn(report=facts, personal=seal({})), "1")
    assert (loop.events[-1].body.report.kind, visible_to(now(loop).decision)) == (
        "intelligence",
        ("bedfordshire-police",),
    )


def test_what_a_person_decided_is_not_undone_by_a_correction_but_decided_by_a_person_again(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    answered(loop, "change", themes=("domestic-abuse-osse",))
    loop.send(sent("Fly-tipping by the garages", revision=2, category="noise"), "1")
    assert now(loop).in_review
    assert now(loop).decision.themes == ("domestic-abuse-osse",)
    assert now(loop).decision.review_reason == "corrected after a person decided"


def test_what_was_not_ours_and_is_by_new_words_waits_before_the_lead_of_those_words(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    answered(loop, "not-ours", destination=HIGHWAYS)
    loop.send(sent("My husband hit me and controls my money", revision=2), "1")
    waits = now(loop).decision
    assert (now(loop).in_review, waits.themes[:1], waits.destination) == (True, ("domestic-abuse-osse",), None)
    assert PUBLIC_HEALTH in visible_to(waits)
    answered(loop, "confirm", version=3)
    assert (now(loop).decision.lead_agency, now(loop).decision.destination) == (PUBLIC_HEALTH, None)


def test_what_is_still_not_ours_after_a_correction_goes_where_a_person_said(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    answered(loop, "not-ours", destination=HIGHWAYS)
    loop.send(sent("The street light is out", revision=2, category="street-light"), "1")
    made = now(loop).decision
    assert (made.disposition, made.destination) == (Disposition.NOT_OURS, HIGHWAYS)


def test_what_becomes_intelligence_is_the_polices_alone_whoever_had_it_before(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    answered(loop, "change", themes=("asb-environmental",))
    loop.send(sent("He holds cash and phones for others", revision=2, kind="intelligence"), "1")
    assert visible_to(now(loop).decision) == ("bedfordshire-police",)


def test_a_review_that_is_corrected_again_and_again_is_overdue_by_its_first_clock(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    for revision in range(2, 6):
        loop.pass_time(timedelta(minutes=100))
        loop.send(sent(UNSURE, revision=revision), "1")
    overdue = [each for each in loop.events if isinstance(each.body, ReviewOverdue)]
    assert len(overdue) == 1
    assert now(loop).escalated_at == START + timedelta(minutes=240)
    loop.pass_time(timedelta(days=1))
    assert [each for each in loop.events if isinstance(each.body, ReviewOverdue)] == overdue


def test_danger_in_a_correction_never_waits_for_a_review(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    answered(loop, "change", themes=("asb-environmental",))
    loop.send(sent("He is outside now with a knife", revision=2, danger_now=True), "1")
    assert not now(loop).in_review
    assert "danger-now" in now(loop).decision.flags


def test_a_changed_report_keeps_who_why_and_what_it_was(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    made = answered(loop, "change", themes=("domestic-abuse-osse", "asb-environmental"))
    assert made.decision.themes == ("domestic-abuse-osse", "asb-environmental")
    assert (made.decision.lead_agency, made.decided_by_name, made.reason) == (
        PUBLIC_HEALTH,
        "Asha Venn",
        "Seen before.",
    )
    event = loop.events[-1].body
    assert (event.answer, reveal(event.personal)["reason"]) == ("change", "Seen before.")
    assert "Seen before." not in event.model_dump_json(exclude={"personal"})
    assert loop.timers == {}


def test_a_split_makes_a_second_report_of_the_second_matter_with_its_own_lead(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    answered(loop, "split", themes=("domestic-abuse-osse", "asb-environmental"))
    first, second = (event.body for event in loop.events[-2:])
    assert (first.decision.themes, second.decision.themes) == (("domestic-abuse-osse",), ("asb-environmental",))
    assert second.report.report_id == second_matter(IDENTITY)
    assert (second.report.split_from, second.decision.lead_agency) == ("R-222-222-222", NEIGHBOURHOOD)
    assert second.report.reference != first.report.reference


def test_a_merge_names_the_case_that_the_report_joins(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    made = answered(loop, "merge", case="c-222 222 222")
    assert made.decision.joins == "C-222-222-222"
    assert made.decision.disposition is Disposition.NEEDS_CASE


def test_not_ours_names_whose_it_is_and_has_no_lead_here(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    made = answered(loop, "not-ours", destination=HIGHWAYS)
    assert (made.decision.disposition, made.decision.destination) == (Disposition.NOT_OURS, HIGHWAYS)
    assert (made.decision.themes, made.decision.lead_agency) == ((), None)


@pytest.mark.parametrize(
    ("action", "changes", "code"),
    [
        ("change", {}, "theme-unknown"),
        ("change", {"themes": ("no-such",)}, "theme-unknown"),
        ("change", {"themes": ("youth-violence",)}, "theme-unknown"),  # the strategy of 2017 has it: no lead now
        ("change", {"themes": ("asb-environmental", "asb-environmental")}, "theme-twice"),
        ("split", {"themes": ("asb-environmental",)}, "two-themes-needed"),
        ("split", {"themes": ("asb-environmental", "asb-environmental")}, "two-themes-needed"),
        ("merge", {"case": "C-222-222-223"}, "case-missing"),
        ("merge", {"case": "R-222-222-222"}, "case-missing"),
        ("not-ours", {}, "destination-missing"),
        ("not-ours", {"destination": "My cousin Bob"}, "destination-unknown"),
        ("confirm", {"version": 4}, "version-stale"),
    ],
)
def test_an_answer_that_lacks_something_is_refused_and_nothing_changes(
    loop: MemoryLoop, action: str, changes: dict[str, Any], code: str
) -> None:
    loop.send(sent(UNSURE), "1")
    refused = answered(loop, action, **changes)
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert (now(loop).version, len(loop.events)) == (1, 1)


def test_a_second_answer_is_stale_and_is_shown_the_first(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    answered(loop, "change", themes=("asb-environmental",))
    refused = answered(loop, "confirm")
    assert refused.code == "version-stale"
    assert refused.current.decision.themes == ("asb-environmental",)


def test_silence_on_a_review_reaches_the_duty_manager_once(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    loop.pass_time(timedelta(minutes=239))
    assert "ReviewOverdue" not in loop.types()
    loop.pass_time(timedelta(minutes=2000))
    assert loop.types().count("ReviewOverdue") == 1
    assert isinstance(loop.events[-1].body, ReviewOverdue)
    assert now(loop).in_review


def test_an_answer_in_time_ends_the_clock(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    answered(loop, "confirm")
    loop.pass_time(timedelta(days=2))
    assert "ReviewOverdue" not in loop.types()


def test_an_answer_counts_for_and_against_the_rules_that_spoke(loop: MemoryLoop) -> None:
    loop.send(sent("Begging", category="begging-vagrancy"), "1")
    known = now(loop).model_copy(update={"in_review": True})
    loop.state[KEY] = known
    spoke = [rule for rule in known.decision.rules if rule.startswith("category/")]
    assert spoke
    assert loop.tallies[f"rule/{spoke[0]}/fired"] == 1
    answered(loop, "change", themes=("domestic-abuse-osse",))
    assert loop.tallies[f"rule/{spoke[0]}/overridden"] == 1


def test_a_split_is_right_for_the_rules_of_both_its_matters(loop: MemoryLoop) -> None:
    loop.send(sent(UNSURE), "1")
    spoke = {"category/noise": "asb-environmental", "signals/needles": "drugs-alcohol-mental-health", "words/gun": "x"}
    themes = ("asb-environmental", "drugs-alcohol-mental-health")
    answered(loop, "split", themes=themes, spoke=spoke)
    said = {name: value for name, value in loop.tallies.items() if name.endswith(("confirmed", "overridden"))}
    assert said == {
        "rule/category/noise/confirmed": 1,
        "rule/signals/needles/confirmed": 1,
        "rule/words/gun/overridden": 1,
    }
