"""Signs of harm on a case: what its reports bring, and what a person confirms or strikes out with a reason.

A sign that only the second reader read in a report is not confirmed. What a person struck out comes back only where
something new says it: another report, or new words of the same one.
"""

from collections.abc import Iterable
from typing import Any

from schemas.case_life import ReportOfSign, SignConfirmed, SignStruckOut
from schemas.casefile import AnswerSign
from schemas.facts import CaseState, TriageDecision
from schemas.personal import seal
from services.kernel.decision import Decision
from services.referrals.domain.asked import Asked
from services.referrals.domain.parts import CaseReport, reports_key

DANGER = "danger-now"


def read_alone(decision: TriageDecision) -> tuple[str, ...]:
    """The flags that stand on the second reader's word alone, in their order."""
    alone = decision.second_reading.alone if decision.second_reading is not None else ()
    return tuple(flag for flag in decision.flags if flag in alone)


def brought(before: CaseState, decision: TriageDecision, *, new_words: bool) -> dict[str, Any]:
    """The case's signs after a decision on one of its reports; `new_words`: of another report, or a later revision."""
    alone = read_alone(decision)
    kept_out = set(before.struck) - {DANGER} - (set(decision.flags) if new_words else set())
    came = [flag for flag in decision.flags if flag not in kept_out]
    told = set(came).difference(alone)
    fresh = [flag for flag in came if flag in alone and flag not in before.flags]
    return {
        "flags": tuple(dict.fromkeys((*before.flags, *came))),
        "unconfirmed": tuple(flag for flag in (*before.unconfirmed, *fresh) if flag not in told),
        "struck": tuple(flag for flag in before.struck if flag in kept_out),
    }


def of_both(gone: CaseState, survivor: CaseState) -> dict[str, Any]:
    """The signs of two cases that became one: what either knows for certain is certain, and neither's is lost."""
    certain = (set(gone.flags) - set(gone.unconfirmed)) | (set(survivor.flags) - set(survivor.unconfirmed))
    flags = tuple(dict.fromkeys((*survivor.flags, *gone.flags)))
    struck = dict.fromkeys((*survivor.struck, *gone.struck))
    return {
        "flags": flags,
        "unconfirmed": tuple(flag for flag in flags if flag not in certain),
        "struck": tuple(flag for flag in struck if flag not in flags),
    }


def of_some(state: CaseState, flags: Iterable[str]) -> dict[str, Any]:
    """The signs of a case that is made of some of another's reports, which bring these `flags`."""
    kept = tuple(flag for flag in dict.fromkeys(flags) if flag not in state.struck)
    return {"flags": kept, "unconfirmed": tuple(flag for flag in state.unconfirmed if flag in kept)}


def confirm(asked: Asked, body: AnswerSign) -> Decision:
    """What was only read is so: who confirms it has seen, heard or checked it."""
    state = asked.case.state
    if body.sign not in state.flags:
        return _unknown(asked)
    if body.sign not in state.unconfirmed:
        return asked.refused("sign-confirmed", "The sign is confirmed already. Write a note instead.")
    change = asked.change()
    change.happens(
        SignConfirmed,
        changed={"sign": body.sign},
        personal=seal({"reason": body.reason}),
        parts={"reports": _sources(asked, body.sign)},
        unconfirmed=_without(state.unconfirmed, body.sign),
    )
    return change.decision()


def strike_out(asked: Asked, body: AnswerSign) -> Decision:
    """The sign is not so. What hangs on it follows once triage has decided its reports again; who knows stays told."""
    state = asked.case.state
    if body.sign == DANGER:
        return asked.refused("danger-stays", "A danger is never struck out: acknowledge it, and say what was found.")
    if body.sign not in state.flags:
        return _unknown(asked)
    change = asked.change()
    change.happens(
        SignStruckOut,
        changed={"sign": body.sign},
        personal=seal({"reason": body.reason}),
        parts={"reports": _sources(asked, body.sign)},
        flags=_without(state.flags, body.sign),
        unconfirmed=_without(state.unconfirmed, body.sign),
        struck=(*state.struck, body.sign),
    )
    return change.decision()


def _sources(asked: Asked, sign: str) -> tuple[ReportOfSign, ...]:
    """The case's reports of which triage says the sign: they are decided again. None of a report from before that was
    kept here."""
    reports: tuple[CaseReport, ...] = asked.state.get(reports_key(asked.case.state.case_id)) or ()
    routed = (each.routed for each in reports if each.routed is not None and sign in each.routed.flags)
    return tuple(ReportOfSign(report_id=each.report_id, revision=each.revision or 1) for each in routed)


def _unknown(asked: Asked) -> Decision:
    return asked.refused("sign-unknown", "The case has no such sign. Somebody may have struck it out.")


def _without(flags: Iterable[str], sign: str) -> tuple[str, ...]:
    return tuple(flag for flag in flags if flag != sign)
