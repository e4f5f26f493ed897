"""A person answered a sign of harm on a case: the reports that it came from are decided again with her answer.

What the case is called and which reports it holds stays the case's own: its event names the reports, and that is all.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schemas.case_life import SignConfirmed, SignStruckOut
from schemas.codes import Disposition
from schemas.events import ReportFacts
from schemas.facts import AnsweredSign
from services.kernel.decision import Context, Decision, together
from services.triage.domain.counting import Counts
from services.triage.domain.linking import is_live, still_waiting
from services.triage.domain.sampling import with_sample
from services.triage.domain.standing import answer_of, decide_again
from services.triage.domain.state import Answers, Decided, Route
from services.triage.domain.succession import HUB, report_key, succeed

SignAnswered = SignConfirmed | SignStruckOut


def answers_of(known: Decided | None, report: ReportFacts) -> Answers | None:
    """What people answered of a report's signs, as far as it holds for this revision."""
    if known is None or known.answers is None:
        return None
    return known.answers.after_new_words() if report.revision > known.report.revision else known.answers


def now_standing(known: Decided) -> Answers | None:
    """The answers, with where the report stands by now."""
    if known.answers is None:
        return None
    return known.answers.model_copy(update={"route": Route.of(known)})


def sign_answered(state: Mapping[str, Any], body: SignAnswered, context: Context) -> Decision:
    """Each report that the case has the sign from is decided again; no further one is asked, and the case follows."""
    answer = AnsweredSign(
        sign=str(body.changed["sign"]), confirmed=isinstance(body, SignConfirmed), by=body.by, at=body.at
    )
    found = Decision()
    for report in body.reports:
        known: Decided | None = state.get(report_key(report.report_id))
        if known is not None and _is_news(known, report.revision, answer):
            found = together(found, succeed(known, _again(known, answer, context), HUB, context))
    return replace(found, tallies={"redecided/sign": len(found.events)}) if found.events else found


def _is_news(known: Decided, revision: int, answer: AnsweredSign) -> bool:
    """Not of what is past or taken back, nor where a later answer is known; words that the sender wrote since speak for
    themselves against a strike."""
    if not is_live(known) or (known.report.revision > revision and not answer.confirmed):
        return False
    given = known.answers.signs if known.answers else ()
    return not any(each.sign == answer.sign and each.at >= answer.at for each in given)


def _again(known: Decided, answer: AnsweredSign, context: Context) -> Decided:
    """The report as it is decided with the answer beside everything that it was decided with."""
    answers = Answers(signs=(*_others(known, answer), answer), route=Route.of(known))
    counts = Counts(known.seen, known.linked, answers)
    reviewed = answer_of(known)
    day = context.rules.partnership.day(context.now)
    made = decide_again(known, reviewed, counts, context.rules, day)
    after = known.model_copy(
        update={
            "decision": made.decision,
            "because": [each.as_dict() for each in made.because],
            "answers": answers,
            "reviewed": reviewed,
            "ruled_on": day,
            "decided_at": context.now,
            "decided_by": HUB.kind,
            "decided_by_name": None,
            "version": known.version + 1,
            "in_review": made.decision.disposition is Disposition.REVIEW,
            "undone": None,
            "sample": False,
            "checked": None,
        }
    )
    return still_waiting(known, with_sample(known, after, context.rules.partnership))


def _others(known: Decided, answer: AnsweredSign) -> tuple[AnsweredSign, ...]:
    given = known.answers.signs if known.answers else ()
    return tuple(each for each in given if each.sign != answer.sign)
