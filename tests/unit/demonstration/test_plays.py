"""What a story's step becomes as a request, and what its answer makes of the story, as tables."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.demonstration.plays import EARLIER, Asked, Play, Progress, answered, filled, read_plays, request_of
from deploy.demonstration.script import read_script
from deploy.demonstration.staff import LeftAt
from services.partnership.loading import load_partnership

NAMES = {"case": "C-1", "tcig": "F-1", "meeting": "tcig-2026-03-05-1000", "soon": "2026-03-05T10:00+00:00"}
CASE = {"version": 4, "people": [{"person": "p-1"}], "tasks": [{"task": "t-1", "status": "done"}], "proposals": []}
MEETING = {"version": 2, "agenda": [{"referral": {"reference": "F-1", "version": 9}}]}
KEY = "demo-sergeant"


def play(do: str, **more: Any) -> Play:
    return Play(by=KEY, do=do, **more)


@pytest.mark.parametrize(
    ("step", "seen", "asked"),
    [
        (play("take"), CASE, Asked("POST", "cases/C-1/take", KEY, 4, {})),
        (
            play("steps", body={"subject": "{person}", "reason": "."}),
            CASE,
            Asked("POST", "cases/C-1/steps", KEY, 4, {"subject": "p-1", "reason": "."}),
        ),
        (play("accept", on="tcig"), {"version": 3}, Asked("POST", "referrals/F-1/accept", KEY, 3, {})),
        (
            play("meetings", on="meetings", body={"panel": "tcig", "at": "{soon}"}),
            {},
            Asked("POST", "meetings", KEY, None, {"panel": "tcig", "at": "2026-03-05T10:00+00:00"}),
        ),
        (
            play("decision", on="meeting", body={"referral": "{tcig}"}),
            MEETING,
            Asked("POST", "meetings/tcig-2026-03-05-1000/decision", KEY, 9, {"referral": "F-1"}),
        ),
        (play("action", on="meeting"), MEETING, Asked("POST", "meetings/tcig-2026-03-05-1000/action", KEY, None, {})),
        (play("sign-off", on="meeting"), MEETING, Asked("POST", "meetings/tcig-2026-03-05-1000/sign-off", KEY, 2, {})),
        (play("read"), CASE, Asked("GET", "cases/C-1", KEY)),
        (play("take", ago=239), CASE, Asked("POST", "cases/C-1/take", KEY, 4, {}, 239)),
        (play("task-done", needs="task"), CASE, None),
        (play("confirm-join", needs="proposal"), CASE, None),
    ],
    ids=lambda value: value.do if isinstance(value, Play) else "",
)
def test_a_step_becomes_a_command_at_the_version_that_its_person_saw(
    step: Play, seen: dict[str, Any], asked: Asked | None
) -> None:
    assert request_of(step, NAMES, seen) == asked


@pytest.mark.parametrize(
    ("step", "status", "body", "outcome"),
    [
        (play("take"), 200, {"reference": "C-1"}, (1, 0, ())),
        (play("take"), 412, {"code": "version-stale"}, (0, 1, ())),
        (play("take"), 422, {"code": "case-closed"}, (1, 0, ("case-closed",))),
        (play("steps", expects="ladder-step-not-lawful"), 422, {"code": "ladder-step-not-lawful"}, (1, 0, ())),
        (play("steps", expects="ladder-step-not-lawful"), 200, {"reference": "C-1"}, (1, 0, ("200",))),
        (play("read", expects="not-found"), 404, {"code": "not-found"}, (1, 0, ())),
    ],
)
def test_an_answer_moves_a_story_on_or_lets_it_try_again(
    step: Play, status: int, body: dict[str, Any], outcome: tuple[int, int, tuple[str, ...]]
) -> None:
    progress = Progress(story=3, round_number=1, source_id="s", key=KEY, began=0, due=0)
    after = answered(step, progress, status, body, 100.0, 12.0)
    assert (after.step, after.tries, after.refused) == outcome
    assert after.due == (105.0 if after.tries else 112.0)


def test_what_an_answer_made_is_kept_under_its_name() -> None:
    progress = Progress(story=2, round_number=1, source_id="s", key=KEY, began=0, due=0, names={"case": "C-1"})
    after = answered(play("referrals", keeps="tcig"), progress, 200, {"reference": "F-7"}, 0.0, 0.0)
    assert after.names == {"case": "C-1", "tcig": "F-7"}


def test_a_story_gives_up_a_step_that_somebody_always_gets_to_first() -> None:
    progress = Progress(story=2, round_number=1, source_id="s", key=KEY, began=0, due=0, tries=10)
    after = answered(play("take"), progress, 412, {"code": "version-stale"}, 0.0, 0.0)
    assert (after.step, after.refused) == (1, ("version-stale",))


def test_names_are_filled_in_wherever_a_body_has_them() -> None:
    body = {"reason": "{case} and {tcig}", "fields": {"a": "{case}"}, "under_18": True}
    assert filled(body, NAMES) == {"reason": "C-1 and F-1", "fields": {"a": "C-1"}, "under_18": True}


def test_every_played_story_has_its_reports_and_every_step_a_key_that_may_work_on_cases() -> None:
    partnership = load_partnership(Path("partnerships/luton"))
    keys = {each.key for each in partnership.demonstration_keys if "cases" in each.scopes}
    plays = read_plays().plays
    assert set(plays) <= {story.number for story in read_script().stories} | {EARLIER}
    assert {step.by for steps in plays.values() for step in steps} <= keys


def test_a_step_stands_on_something_that_the_story_has_by_then() -> None:
    for number, steps in read_plays().plays.items():
        known = {"case", "meetings"}
        for step in steps:
            assert step.on in known, (number, step)
            known |= {step.keeps} if step.keeps else set()


def test_the_staff_knows_its_cases_after_a_restart_and_forgets_what_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "staff.json"
    first = LeftAt(file)
    first.note("C-1", 3)
    first.note("C-2", 5)
    first.keep(["C-1"])
    again = LeftAt(file)
    assert (again.ours("C-1", 3), again.ours("C-1", 4), again.ours("C-2", 5)) == (True, False, False)
    assert json.loads(file.read_text()) == {"C-1": 3}


def test_a_repeated_story_is_about_others_on_another_street_and_the_first_is_as_it_is_written() -> None:
    script = read_script()
    first = next(story for story in script.stories if story.number == 2).steps[0]
    assert script.recast(first, 0) == first
    again = script.recast(first, 4)
    assert "Barney Stroud begging" in again.text
    assert again.people[0]["name"] == "Barney Stroud"
    assert script.place("George Street", 0).street == "George Street"
    town = {place.street for place in script.places[: script.town]}
    assert script.place("George Street", 4).street in town - {"George Street"}


def test_nobody_of_a_later_round_has_the_addresses_of_another() -> None:
    script = read_script()
    contacts = {
        (name, person["contact"][name], turn)
        for story in script.stories
        for step in story.steps
        for turn in range(4)
        for person in script.recast(step, turn).people
        for name in ("email", "phone")
        if name in person.get("contact", {})
    }
    assert len({value for _, value, _ in contacts}) == len(contacts) == 8
    assert ("email", "dora.finch@residents.invalid", 1) in contacts
    assert {value[:-3] for name, value, _ in contacts if name == "phone"} == {"07700 900"}


def test_everybody_whom_a_story_names_has_others_to_be_repeated_with() -> None:
    script = read_script()
    named = {person["name"] for story in script.stories for step in story.steps for person in step.people}
    assert named <= set(script.cast)
