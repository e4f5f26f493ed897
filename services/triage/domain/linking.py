"""A later report about the same person or place: which earlier reports are asked again, and what of them may change."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.codes import GRAVITY, Disposition
from schemas.events import ReportFacts, TriageDecision
from services.kernel.decision import Context, NewTimer
from services.partnership.assessing import EntitlementRule
from services.triage.domain.counting import Asked, Counted, Counts, counted_by
from services.triage.domain.deciding import Decided as Made
from services.triage.domain.state import Decided, Sighting, place_key, victim_key
from services.triage.domain.succession import still_in_review
from services.triage.messages import LinkedReport

LINKED_TIMER = "linked-report"
LINKED_AT_MOST = 10
"""Earlier reports that one new report asks again, the latest; a threshold is reached with far fewer."""


def ask_again(
    counted: Iterable[Counted],
    this: Sighting,
    counts: Counts,
    report: ReportFacts,
    decision: TriageDecision,
    context: Context,
    *,
    answered: int | None = None,
) -> tuple[NewTimer, ...]:
    """A message at once for each earlier report that may now reach a threshold. What is not ours asks for nothing.

    They are decided in transactions of their own, so that a batch of reports reads and locks no more than it did. A
    timer is this revision's own, or that of the `answered` version of a person's, and never replaced: see
    `unread.wait_for_reading`.
    """
    if not counts.seen or decision.disposition is Disposition.NOT_OURS:
        return ()
    at = counts.at(report.received_at)
    own = f"{report.report_id}/{report.revision}" + (f"/answer-{answered}" if answered is not None else "")
    asked = Asked(this, at, context.rules.partnership)
    return tuple(
        NewTimer(
            LINKED_TIMER,
            each.report_id,
            context.now,
            LinkedReport(report_id=each.report_id, keys=_keys(each), later=this.reference, at=at),
            name=own,
        )
        for each in asked_again(counted, asked, counts.seen)
    )


def asked_again(counted: Iterable[Counted], asked: Asked, seen: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """The earlier reports that reach a counted threshold with this one and did not without it, as far as can be seen
    from here; none where this one tells of an incident that is known already."""
    found: dict[str, Sighting] = {}
    this = asked.sighting.report_id
    for each in counted:
        own = next(group for group in each.groups if any(one.report_id == this for one in group))
        others = [one for group in each.groups for one in group if not one.historic and one.report_id != this]
        if len(own) > 1 or not others:
            continue
        latest = sorted(others, key=_when)[-LINKED_AT_MOST:]
        found |= {one.report_id: one for one in latest if _may_reach(each, one, asked, seen)}
    return tuple(sorted(found.values(), key=_when)[-LINKED_AT_MOST:])


def _may_reach(rule: Counted, earlier: Sighting, asked: Asked, seen: Sequence[Sighting]) -> bool:
    """Whether this report takes the earlier one's count over the threshold; or adds to it where the earlier one has a
    place, a victim or a theme of its own, at which there may be reports that cannot be seen from here."""
    if rule.earlier >= rule.needed and _sees_the_same(rule.rule, earlier, asked.sighting):
        return False
    code = rule.rule.threshold or rule.rule.code
    its = Asked(earlier, asked.at, asked.partnership)
    others = tuple(each for each in seen if each.report_id != earlier.report_id)
    before = counted_by(rule.rule, code, its, Counts(others))
    if before.reached:
        return False
    after = counted_by(rule.rule, code, its, Counts((*others, asked.sighting)))
    return after.reached or (len(after.groups) > len(before.groups) and _knows_more(earlier, asked.sighting))


def _sees_the_same(rule: EntitlementRule, one: Sighting, other: Sighting) -> bool:
    """Whether a rule counts the same reports for both: at a busy place nothing need be counted again for each."""
    return (
        ("place" not in rule.counts or one.cell == other.cell)
        and ("victim" not in rule.counts or set(one.victims) == set(other.victims))
        and (not rule.alike or set(one.themes) == set(other.themes))
        and (not rule.same_suspect or set(one.suspects) == set(other.suspects))
    )


def _knows_more(one: Sighting, other: Sighting) -> bool:
    elsewhere = one.cell is not None and one.cell != other.cell
    return elsewhere or not set(one.victims) <= set(other.victims) or not set(one.themes) <= set(other.themes)


def _keys(sighting: Sighting) -> tuple[str, ...]:
    place = {place_key(sighting.cell)} if sighting.cell else set()
    return tuple(sorted(place | {victim_key(each) for each in sighting.victims}))


def _when(sighting: Sighting) -> Any:
    return sighting.happened_at, sighting.report_id


def is_live(known: Decided) -> bool:
    """Whether a decision may still change by itself: not of the past, nor taken back, nor somebody else's matter."""
    return not (known.report.historic or known.withdrawn or known.decision.disposition is Disposition.NOT_OURS)


def gained(before: TriageDecision, after: TriageDecision) -> bool:
    """Whether something that matters is new: theme, lead, what is done with it, more risk, a flag, a panel, who acts
    first, an entitlement. What only fell out of a window is no news: it was so when it was decided."""
    same = ("settled_themes", "lead_agency", "joint_leads", "disposition")
    return (
        any(getattr(before, name) != getattr(after, name) for name in same)
        or GRAVITY[after.risk] > GRAVITY[before.risk]
        or not _named(after) <= _named(before)
    )


def _named(decision: TriageDecision) -> set[str]:
    entitled = {f"entitlement:{each.code}" for each in decision.entitlements}
    return entitled | {*decision.flags, *decision.panels, *(f"first:{each}" for each in decision.act_first)}


def may_change(known: Decided, made: Made) -> bool:
    """Not where a person named other themes than the rules: what is counted for theirs says nothing of hers."""
    return known.answer is None or known.decision.themes == made.decision.settled_themes


def still_waiting(known: Decided, after: Decided) -> Decided:
    """The decision with what a person said of it; one that waited for her goes on waiting on its first clock."""
    return still_in_review(known, after.model_copy(update={"answer": known.answer, "reason": known.reason}))
