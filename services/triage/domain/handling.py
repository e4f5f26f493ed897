"""The table of contents: each kind of message and what becomes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from schemas.case_life import SignConfirmed, SignStruckOut
from schemas.codes import Disposition
from schemas.events import ReportFacts, ReportReceived, ReportWithdrawn
from schemas.personal import reveal
from services.kernel.decision import NOTHING, Context, Decision, Message
from services.triage.domain.counting import Asked, count
from services.triage.domain.deciding import Counts, Rules, decide_report
from services.triage.domain.deciding import Decided as Made
from services.triage.domain.linking import ask_again, gained, is_live, may_change, still_waiting
from services.triage.domain.quality import fired
from services.triage.domain.reading import Reading
from services.triage.domain.reviewing import resolve
from services.triage.domain.sampling import check, with_sample
from services.triage.domain.second_look import asks, decide_with
from services.triage.domain.sign_answers import answers_of, now_standing, sign_answered
from services.triage.domain.standing import answer_of, beside, decide_again
from services.triage.domain.state import (
    Decided,
    Linked,
    Reviewed,
    Sighting,
    Sightings,
    is_counted,
    place_key,
    sighting_of,
    victim_key,
    victims_of,
)
from services.triage.domain.succession import HUB, report_key, still_in_review, succeed, unanswered
from services.triage.domain.undoing import undo
from services.triage.domain.unread import Unread, unread_key, wait_for_reading, waited_for, waiting_for
from services.triage.messages import (
    CheckSample,
    LinkedReport,
    ReadingLate,
    ResolveReview,
    ReviewUnanswered,
    TextRead,
    UndoReview,
)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What is decided: the report, its words, and the other reports of its place and victims."""

    report: ReportFacts
    personal: dict[str, Any]
    keys: frozenset[str]
    counts: Counts
    reviewed: Reviewed | None = None
    """What a person answered of it, beside which it is decided."""


def handle(state: Mapping[str, Any], message: Message, context: Context) -> Decision:
    """Decide one message."""
    return _HANDLERS[type(message.body)](state, message.body, context)


def _unanswered(state: Mapping[str, Any], body: ReviewUnanswered, context: Context) -> Decision:
    return unanswered(state.get(report_key(body.report_id)), body, context)


def withdrawn(state: Mapping[str, Any], event: ReportWithdrawn, context: Context) -> Decision:
    """The sender takes its report back: it counts no longer, waits for nobody, and stays in the history."""
    report = event.report
    known: Decided | None = state.get(report_key(report.report_id))
    unread: Unread | None = state.get(unread_key(report.report_id))
    before = known or (_undecided(unread, context) if unread else None)
    if before is None or max(each.report.revision for each in (unread, before) if each) > report.revision:
        return NOTHING
    # A withdrawal need not say the kind again: what was intelligence stays the police's.
    kind = report.kind if report.kind == "intelligence" else (unread or before).report.kind
    decision = before.decision.model_copy(
        update={"disposition": Disposition.RECORD_ONLY, "review_reason": None, "entitlements": ()}
    )
    after = before.model_copy(
        update={
            "report": report.model_copy(update={"kind": kind}),
            "personal": (unread or before).personal | reveal(event.personal),
            "decision": decision,
            "decided_at": context.now,
            "decided_by": HUB.id,
            "version": known.version + 1 if known else 1,
            "in_review": False,
            "withdrawn": True,
            "decided_by_name": None,
            "answer": None,
            "counted": (),
            "reason": None,
        }
    )
    return _without(unread, succeed(known, after, HUB, context, {"withdrawn": 1}))


def _undecided(unread: Unread, context: Context) -> Decided:
    """A report that is taken back while it waits for its reading: what the tables say of it alone."""
    made = decide_report(unread.report, unread.personal, Counts(), context.rules, _day(context))
    return _recorded(None, _Taken(unread.report, unread.personal, frozenset(), Counts()), made, None, context)


def _without(unread: Unread | None, decision: Decision) -> Decision:
    """The decision, after which nobody waits for a reading any more: one that comes later finds nothing."""
    if unread is None:
        return decision
    state = {**decision.state, unread_key(unread.report.report_id): None}
    return replace(decision, state=state, cancelled=(*decision.cancelled, waited_for(unread)))


def received(state: Mapping[str, Any], event: ReportReceived, context: Context) -> Decision:
    """A report, or a correction: decide; where a second reading is wanted, ask for it and wait."""
    report, personal = event.report, reveal(event.personal)
    unread: Unread | None = state.get(unread_key(report.report_id))
    known: Decided | None = state.get(report_key(report.report_id))
    if any(each is not None and each.report.revision > report.revision for each in (unread, known)):
        return NOTHING
    taken = _taken(state, report, personal)
    # Asked as if nobody had answered a sign: one that is confirmed must not hide what the new words tell besides.
    made = decide_with(report, personal, replace(taken.counts, answers=None), context.rules, _day(context), None)
    wait = context.rules.reading_wait
    if wait is not None and report.batch is None and asks(report, personal, made, context.rules):
        return wait_for_reading(report, personal, taken.keys, wait, unread, context)
    if taken.counts.answers is not None:
        made = decide_with(report, personal, taken.counts, context.rules, _day(context), None)
    return _without(unread, _settled(state, taken, made, None, context))


def read(state: Mapping[str, Any], body: TextRead | ReadingLate, context: Context) -> Decision:
    """The reading, or the end of the time for it, whichever is first: decide, by the rules of now."""
    unread = waiting_for(state, body)
    reading = body.reading if isinstance(body, TextRead) else None
    if unread is None:
        return Decision(tallies={"reading/too-late": 1}) if reading else NOTHING
    taken = _taken(state, unread.report, unread.personal)
    made = decide_with(taken.report, taken.personal, taken.counts, context.rules, _day(context), reading)
    settled = _settled(state, taken, made, reading, context)
    tallies = {**settled.tallies, "reading/read" if reading else "reading/without": 1}
    # The report's own message is the cause, whichever of the two came: after a restore the other may be the first.
    return replace(_without(unread, settled), tallies=tallies, cause=body.asked)


def linked(state: Mapping[str, Any], body: LinkedReport, context: Context) -> Decision:
    """A later report may make this one's decision come out otherwise: where it does, it is decided again.

    Both decisions that are compared are made by the rules of now, so that what differs is the later report's doing. One
    that is being read, or came to another place meanwhile, is or was decided with the later report anyway. No further
    report is asked again: only `_settled` asks.
    """
    known: Decided | None = state.get(report_key(body.report_id))
    if known is None or not is_live(known) or state.get(unread_key(body.report_id)) is not None:
        return NOTHING
    found = _taken(state, known.report, known.personal)
    if not found.keys <= set(body.keys):
        return NOTHING
    cause = Linked(report=body.later, at=body.at, due_at=known.decision.due_at)
    counts = Counts(found.counts.seen, cause, now_standing(known))
    taken = replace(found, counts=counts)
    before, after = (
        decide_with(known.report, known.personal, counts, context.rules, _day(context), known.reading)
        for counts in (Counts(known.seen, known.linked, known.answers), taken.counts)
    )
    if not gained(before.decision, after.decision) or not may_change(known, after):
        return NOTHING
    made = decide_again(known, taken.reviewed, counts, context.rules, _day(context))
    recorded = _recorded(known, taken, made, known.reading, context)
    decision = succeed(known, still_waiting(known, recorded), HUB, context, {"redecided/linked": 1})
    sighting = sighting_of(known.report, known.personal, recorded.decision.settled_themes)
    return replace(decision, state={**decision.state, **_counting(state, taken, sighting)})


def answered(state: Mapping[str, Any], body: ResolveReview, context: Context) -> Decision:
    """A person's answer; where it names other themes, earlier reports may now reach a threshold with this one.

    A command from before its place and victims came with it asks nobody: what is not under lock is not counted.
    """
    before: Decided | None = state.get(report_key(body.report_id))
    decision = resolve(state, body, context)
    for after in [each for each in decision.state.values() if isinstance(each, Decided)]:
        known = before if before and before.report.report_id == after.report.report_id else None
        themes = known.decision.settled_themes if known else ()
        if set(themes) != set(after.decision.settled_themes):
            decision = _told(state, decision, after, _Before(themes, frozenset(body.keys)), context)
    return decision


@dataclass(frozen=True, slots=True)
class _Before:
    """Under which themes an answered report counted before its answer, and which places and victims are under lock."""

    themes: tuple[str, ...]
    locked: frozenset[str]


def _told(state: Mapping[str, Any], decision: Decision, after: Decided, before: _Before, context: Context) -> Decision:
    """The decision, after which the report counts under its new themes, and earlier ones are asked."""
    taken = _taken(state, after.report, after.personal)
    if not taken.keys or not taken.keys <= before.locked:
        return decision
    partnership, at = context.rules.partnership, after.report.received_at
    then, now = (
        sighting_of(after.report, after.personal, each) for each in (before.themes, after.decision.settled_themes)
    )
    old, new = (count(Asked(sighting, at, partnership), taken.counts) for sighting in (then, now))
    known = {each.rule.code: len(each.groups) for each in old}
    news = (each for each in new if len(each.groups) != known.get(each.rule.code))
    timers = ask_again(news, now, taken.counts, after.report, after.decision, context, answered=after.version)
    held = {**state, **decision.state}
    counting = _counting(held, taken, now)
    return replace(decision, state={**decision.state, **counting}, timers=(*decision.timers, *timers))


def _taken(state: Mapping[str, Any], report: ReportFacts, personal: dict[str, Any]) -> _Taken:
    keys = sighting_keys(report, personal)
    known: Decided | None = state.get(report_key(report.report_id))
    seen = _seen(state, keys, str(report.report_id))
    return _Taken(report, personal, keys, Counts(seen, answers=answers_of(known, report)), answer_of(known))


def _settled(
    state: Mapping[str, Any], taken: _Taken, made: Made, reading: Reading | None, context: Context
) -> Decision:
    """The decision becomes the report's own, and the report counts at its place and for its victims."""
    known: Decided | None = state.get(report_key(taken.report.report_id))
    beside_hers = beside(made, taken.reviewed, taken.report, taken.counts.answers)
    after = still_in_review(known, _recorded(known, taken, beside_hers, reading, context))
    sighting = sighting_of(taken.report, taken.personal, after.decision.settled_themes)
    tallies = {f"disposition/{after.decision.disposition}": 1, **fired(after.decision.rules)}
    decision = succeed(known, after, HUB, context, tallies)
    asked = ask_again(made.counted, sighting, taken.counts, taken.report, after.decision, context)
    timers = (*decision.timers, *asked)
    return replace(decision, state={**decision.state, **_counting(state, taken, sighting)}, timers=timers)


def _counting(state: Mapping[str, Any], taken: _Taken, sighting: Sighting) -> dict[str, Sightings]:
    """The report as it now counts at its place and for its victims."""
    return {key: (state.get(key) or Sightings()).with_report(sighting) for key in taken.keys}


def _recorded(known: Decided | None, taken: _Taken, made: Made, reading: Reading | None, context: Context) -> Decided:
    """The decision with everything that it was made from."""
    decided = Decided(
        report=taken.report,
        personal=taken.personal,
        decision=made.decision,
        because=[each.as_dict() for each in made.because],
        seen=taken.counts.seen,
        reading=reading,
        linked=taken.counts.linked,
        answers=taken.counts.answers,
        reviewed=taken.reviewed,
        ruled_on=_day(context),
        decided_at=context.now,
        version=known.version + 1 if known else 1,
        in_review=made.decision.disposition is Disposition.REVIEW,
        victims=() if taken.report.historic else victims_of(taken.personal),
    )
    return with_sample(known, decided, context.rules.partnership)


def sighting_keys(report: ReportFacts, personal: Mapping[str, Any]) -> frozenset[str]:
    """The place and the victims with whose other reports a report is counted; none of a historic one."""
    if report.historic or not is_counted(report):
        return frozenset()
    found = {victim_key(victim) for victim in victims_of(personal)}
    return frozenset(found | ({place_key(report.cell)} if report.cell else set()))


def _seen(state: Mapping[str, Any], keys: frozenset[str], own: str) -> tuple[Sighting, ...]:
    """The other reports, once each, in one order whatever the key that found them."""
    known: list[Sightings] = [found for key in sorted(keys) if (found := state.get(key)) is not None]
    found = {each.report_id: each for sightings in known for each in sightings.without(own)}
    return tuple(sorted(found.values(), key=lambda each: (each.happened_at, each.report_id)))


def _day(context: Context) -> date:
    rules: Rules = context.rules
    return rules.partnership.day(context.now)


_HANDLERS: Mapping[type[Any], Callable[[Mapping[str, Any], Any, Context], Decision]] = {
    ReportReceived: received,
    ReportWithdrawn: withdrawn,
    TextRead: read,
    ReadingLate: read,
    LinkedReport: linked,
    ResolveReview: answered,
    UndoReview: undo,
    CheckSample: check,
    ReviewUnanswered: _unanswered,
    SignConfirmed: sign_answered,
    SignStruckOut: sign_answered,
}
