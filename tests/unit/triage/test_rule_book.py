"""Versions of the rules: who may take them which step, and that one alone decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from schemas.events import Actor
from services.kernel.decision import Context, Decision, Message
from services.kernel.testing import START, MemoryLoop
from services.triage.domain import rule_book
from services.triage.domain.rule_versions import Action, Head, MoveRuleSet, PublishDue, SaveDraft, ShipRules

FOLDER = Actor(kind="hub", id="partnership", name="The partnership's folder")
MAYA, HELEN, PRIYA = (Actor(kind="person", id=name, name=name.title()) for name in ("maya", "helen", "priya"))
FIRST, CHANGED = {"risk.json": "first"}, {"risk.json": "changed"}


@dataclass
class Book:
    """The versions in memory; `failing` documents do not pass."""

    failing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.loop = MemoryLoop(self)

    def decide(self, state: Mapping[str, Any], message: Message, context: Context) -> Decision:
        return rule_book.decide(state, message.body, context, self.check)

    def check(self, documents: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(f"{name} is wrong" for name, text in documents.items() if text in self.failing)

    def send(self, body: Any) -> Any:
        return self.loop.send(body, "rules", origin="command")

    def ship(self, documents: dict[str, str]) -> Any:
        return self.send(ShipRules(documents=documents, digest=str(documents), by=FOLDER))

    def draft(self, by: Actor = MAYA, reason: str = "Drinking goes to the wrong lead.", **known: Any) -> Any:
        given = {"documents": CHANGED, "digest": str(CHANGED), "based_on": 1} | known
        return self.send(SaveDraft(reason=reason, by=by, **given))

    def move(self, action: Action, by: Actor, number: int = 2, **more: Any) -> Any:
        version = self.head(number).version if "version" not in more else more.pop("version")
        return self.send(MoveRuleSet(number=number, version=version, action=action, by=by, **more))

    def head(self, number: int) -> Head:
        found: Head = self.loop.state[f"rule-head:{number}"]
        return found

    def statuses(self) -> dict[int, str]:
        return {value.number: value.status for value in self.loop.state.values() if isinstance(value, Head)}


@pytest.fixture
def book() -> Book:
    made = Book()
    made.ship(FIRST)
    return made


def approved(book: Book) -> None:
    book.draft()
    book.move("propose", MAYA)
    book.move("approve", HELEN)


def test_the_folders_rules_are_the_first_version_in_force(book: Book) -> None:
    assert book.statuses() == {1: "published"}
    assert book.loop.types() == ["RuleSetPublished"]
    assert book.ship(FIRST) is None
    assert book.statuses() == {1: "published"}


def test_a_draft_is_proposed_approved_by_a_second_person_and_published(book: Book) -> None:
    approved(book)
    assert book.statuses() == {1: "published", 2: "approved"}
    book.move("publish", MAYA)
    assert book.statuses() == {1: "retired", 2: "published"}
    event = book.loop.events[-1].body
    assert (event.number, event.replaces, event.approved_by.id, event.rollback) == (2, 1, "helen", False)


@pytest.mark.parametrize("by", [MAYA, PRIYA])
def test_nobody_approves_what_she_wrote_or_edited(book: Book, by: Actor) -> None:
    book.draft()
    book.draft(by=PRIYA, number=2, version=1, reason="")
    book.move("propose", MAYA)
    assert book.move("approve", by).code == "second-person-needed"
    assert book.move("approve", HELEN).status == "approved"


@pytest.mark.parametrize(
    ("action", "before"),
    [
        ("propose", ()),
        ("approve", ()),
        ("publish", ("propose",)),
        ("publish", ()),
        ("roll-back", ("propose",)),
        ("send-back", ()),
    ],
)
def test_a_step_out_of_order_changes_nothing(book: Book, action: Action, before: tuple[Action, ...]) -> None:
    book.draft()
    if action == "propose":
        book.move("propose", MAYA)
    for each in before:
        book.move(each, MAYA)
    known = book.statuses()
    assert book.move(action, HELEN, reason="x").code == "wrong-status"
    assert book.statuses() == known


def test_rules_that_fail_their_check_are_neither_proposed_nor_published(book: Book) -> None:
    approved(book)
    book.failing = {"changed"}
    refused = book.move("publish", MAYA)
    assert (refused.code, refused.problems) == ("rules-fail", ("risk.json is wrong",))
    book.move("send-back", HELEN)
    assert book.move("propose", MAYA).code == "rules-fail"
    assert book.statuses() == {1: "published", 2: "draft"}


def test_an_effective_date_publishes_by_itself_and_not_before(book: Book) -> None:
    approved(book)
    book.move("publish", MAYA, effective_from=START + timedelta(days=2))
    book.loop.pass_time(timedelta(days=1))
    assert book.statuses() == {1: "published", 2: "approved"}
    book.loop.pass_time(timedelta(days=1))
    assert book.statuses() == {1: "retired", 2: "published"}
    assert book.head(2).published_by == MAYA


def test_a_version_that_is_published_before_its_day_decides_from_then(book: Book) -> None:
    approved(book)
    book.move("publish", MAYA, effective_from=START + timedelta(days=2))
    book.loop.pass_time(timedelta(days=1))
    book.move("publish", MAYA)
    assert book.head(2).effective_from == START + timedelta(days=1)
    book.loop.pass_time(timedelta(days=2))
    assert book.statuses() == {1: "retired", 2: "published"}
    assert book.head(2).effective_from == START + timedelta(days=1)


def published_meanwhile(book: Book, based_on: int) -> None:
    """Another version, by others, while version 2 waits for its day."""
    book.draft(by=PRIYA, based_on=based_on, documents={"risk.json": "a danger added"}, digest="urgent")
    book.move("propose", PRIYA, 3)
    book.move("approve", HELEN, 3)
    book.move("publish", PRIYA, 3)


def test_a_version_does_not_undo_on_its_day_what_was_published_since_it_was_set(book: Book) -> None:
    approved(book)
    book.move("publish", MAYA, effective_from=START + timedelta(days=7))
    published_meanwhile(book, 1)
    book.loop.pass_time(timedelta(days=8))
    assert book.statuses() == {1: "retired", 2: "approved", 3: "published"}
    assert "version 3 was in force" in (book.head(2).trouble or "")
    assert book.head(2).effective_from is None
    book.move("publish", MAYA)
    assert (book.statuses()[2], book.head(2).trouble) == ("published", None)


def test_a_version_decides_on_its_day_once_what_came_between_was_taken_back(book: Book) -> None:
    approved(book)
    book.move("publish", MAYA, effective_from=START + timedelta(days=7))
    published_meanwhile(book, 1)
    book.move("roll-back", HELEN, 1, reason="Too many went to review.")
    book.loop.pass_time(timedelta(days=8))
    assert book.statuses() == {1: "retired", 2: "published", 3: "retired"}


def test_two_versions_of_which_one_is_made_from_the_other_come_into_force_each_on_its_day(book: Book) -> None:
    approved(book)
    book.move("publish", MAYA, effective_from=START + timedelta(days=1))
    book.draft(based_on=2, documents={"risk.json": "changed further"}, digest="further")
    book.move("propose", MAYA, 3)
    book.move("approve", HELEN, 3)
    book.move("publish", MAYA, 3, effective_from=START + timedelta(days=2))
    book.loop.pass_time(timedelta(days=3))
    assert book.statuses() == {1: "retired", 2: "retired", 3: "published"}


def test_a_version_whose_day_was_set_before_it_was_kept_what_it_follows_decides_on_that_day(book: Book) -> None:
    approved(book)
    published_meanwhile(book, 1)
    book.send(PublishDue(number=2, by=MAYA))
    assert book.statuses() == {1: "retired", 2: "published", 3: "retired"}


def test_a_day_that_is_past_publishes_nothing_and_the_minute_that_runs_is_not_past(book: Book) -> None:
    approved(book)
    refused = book.move("publish", MAYA, effective_from=START - timedelta(days=1))
    assert refused.code == "effective-date-past"
    assert refused.message == "That time has passed. Leave it blank to publish now, or give a time to come."
    assert book.statuses() == {1: "published", 2: "approved"}
    book.move("publish", MAYA, effective_from=START - timedelta(seconds=40))
    assert book.statuses() == {1: "retired", 2: "published"}


def test_a_draft_knows_who_saved_it_last(book: Book) -> None:
    book.draft()
    book.draft(by=PRIYA, number=2, version=1, reason="")
    book.draft(number=2, version=2, reason="")
    assert (book.head(2).saved_by, book.head(2).editors) == (MAYA, ("maya", "priya"))


def test_what_is_sent_back_before_its_day_is_not_published(book: Book) -> None:
    approved(book)
    book.move("publish", MAYA, effective_from=START + timedelta(days=2))
    book.move("send-back", HELEN)
    book.loop.pass_time(timedelta(days=3))
    assert book.statuses() == {1: "published", 2: "draft"}


def test_rules_that_no_longer_pass_on_their_day_say_why_and_do_not_decide(book: Book) -> None:
    approved(book)
    book.failing = {"changed"}
    book.send(PublishDue(number=2, by=MAYA))
    assert book.statuses() == {1: "published", 2: "approved"}
    assert "risk.json is wrong" in (book.head(2).trouble or "")


def test_going_back_takes_the_earlier_version_into_force_again(book: Book) -> None:
    approved(book)
    book.move("publish", MAYA)
    assert book.move("roll-back", HELEN, number=1).code == "reason-missing"
    book.move("roll-back", HELEN, number=1, reason="Too many went to review.")
    assert book.statuses() == {1: "published", 2: "retired"}
    assert book.loop.events[-1].body.rollback
    assert book.loop.events[-1].body.personal.fields == {"reason": "Too many went to review."}


def test_a_discarded_draft_never_decides(book: Book) -> None:
    book.draft()
    book.move("discard", MAYA)
    assert book.move("roll-back", HELEN, reason="x").code == "wrong-status"
    assert book.statuses() == {1: "published", 2: "retired"}


def test_a_stale_version_is_refused_with_the_newer_one(book: Book) -> None:
    book.draft()
    book.draft(number=2, version=1, reason="")
    refused = book.move("propose", MAYA, version=1)
    assert (refused.code, refused.version) == ("version-stale", 2)


def test_a_draft_needs_a_reason(book: Book) -> None:
    assert book.draft(reason=" ").code == "reason-missing"
    assert book.statuses() == {1: "published"}


def test_a_changed_folder_decides_at_once_while_no_person_published(book: Book) -> None:
    book.ship(CHANGED)
    assert book.statuses() == {1: "retired", 2: "published"}
    book.ship(FIRST)
    assert book.statuses() == {1: "published", 2: "retired"}


def test_a_changed_folder_only_proposes_once_a_person_published(book: Book) -> None:
    approved(book)
    book.move("publish", MAYA)
    book.ship({"risk.json": "a newer release"})
    book.ship(FIRST)
    assert book.statuses() == {1: "retired", 2: "published", 3: "proposed"}
