"""Who is told of a panel's meeting and of an action, and that no mail holds a word of a case."""

import json
from pathlib import Path

import pytest

from schemas.meeting_events import (
    MEETING_EVENTS,
    ActionAssigned,
    MeetingEvent,
    MeetingScheduled,
    MinutesEscalated,
    MinutesReminded,
)
from services.kernel.testing import MemoryLoop
from services.notify.domain.state import Notification, Rules
from services.notify.messages import Delivery
from services.notify.stage import NotifyStage
from services.partnership.loading import load_partnership

ROOT = Path(__file__).parents[3]


def told(event: type[MeetingEvent]) -> tuple[set[str], str]:
    """The recipients of the committed full example, and all words of their mails."""
    rules = Rules(load_partnership(ROOT / "partnerships" / "luton"), "http://hub")
    loop = MemoryLoop(NotifyStage(rules), rules)
    example = json.loads((ROOT / "schemas" / "examples" / f"{event.TYPE}.v1" / "full.json").read_text())
    loop.send(event.model_validate(example), "meeting")
    mails = [job.payload for job in loop.jobs if isinstance(job.payload, Delivery)]
    words = " ".join(f"{mail.subject} {mail.body}" for mail in mails)
    return {each.state.recipient for each in loop.state.values() if isinstance(each, Notification)}, words


def test_a_meeting_is_told_to_member_agencies_and_the_panels_people_but_not_to_who_scheduled_it() -> None:
    recipients, words = told(MeetingScheduled)
    assert {"the-mall", "bedfordshire-police", "colm-ferris"} <= recipients
    assert "ruth-pellow" not in recipients
    assert "http://hub/meetings/tcig-" in words


def test_an_action_is_told_to_who_is_to_do_it() -> None:
    assert told(ActionAssigned)[0] == {"asha-venn"}


def test_minutes_that_nobody_signed_are_told_to_the_chair_and_then_to_the_duty_manager_too() -> None:
    assert told(MinutesReminded)[0] == {"ruth-pellow"}
    recipients, words = told(MinutesEscalated)
    assert recipients == {"ruth-pellow", "helen-strood"}
    assert "http://hub/meetings/tcig-" in words


@pytest.mark.parametrize("event", MEETING_EVENTS)
def test_no_mail_about_a_meeting_holds_a_word_of_its_minutes(event: type[MeetingEvent]) -> None:
    words = told(event)[1].lower()
    assert not any(secret in words for secret in ("outreach", "visit with", "f-3qh"))
