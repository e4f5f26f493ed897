"""The ladder of a case: support that is offered, steps that are taken under the guard, and breaches."""

from dataclasses import replace
from typing import Any

from schemas import referring
from schemas.personal import seal
from schemas.referral_events import LadderStepBreached, LadderStepTaken, SupportOffered
from schemas.referral_facts import LadderStep, SupportOffer
from services.kernel.decision import Context, Decision
from services.partnership.ladder import Instrument
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals.domain import ladder_guard, safeguarding
from services.referrals.domain.asked import Asked
from services.referrals.domain.change import Change
from services.referrals.domain.ladder_guard import Age, Step, Unmet
from services.referrals.domain.parts import CasePerson, People
from services.referrals.domain.routes import FieldsWrong, sorted_fields
from services.referrals.domain.sending import mistaken, refused
from services.referrals.domain.state import Case, Refused
from services.referrals.messages import Command

NOT_LAWFUL, OUT_OF_ORDER = "ladder-step-not-lawful", "ladder-step-out-of-order"
OTHER = "other"
_ABOUT = ("subject", "suspect")


class _Refuse(Exception):
    """Carries the refusal out of the reading of a step."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


def offer_support(asked: Asked, body: referring.OfferSupport) -> Decision:
    """Help was offered, and this was the answer; it stands beside whatever step comes."""
    case, context = asked.case, asked.context
    known = {OTHER, *(each.code for each in context.rules.partnership.destinations)}
    if body.offered not in known:
        return refused("support-unknown", "Name a route of the partnership, or `other`.", case)
    try:
        subject = _subject(asked.people(case), body.subject)
    except _Refuse as refuse:
        return refused(refuse.code, refuse.message, case)
    offer = SupportOffer(
        support_id=context.derive("support"),
        at=context.now,
        offered=body.offered,
        answer=body.answer,
        subject=_id(subject),
    )
    change = Change(case, asked.by, context)
    change.note(support=(*case.support, offer))
    change.happens(SupportOffered, replaces=False, parts={"support": offer}, personal=seal({"note": body.note}))
    return change.decision()


def take_step(asked: Asked, body: referring.TakeStep) -> Decision:
    """Take the step, unless the law does not allow it; against the local order only with a reason and a supervisor."""
    case, context = asked.case, asked.context
    try:
        instrument = _instrument(body, context)
        subject = _against(asked.people(case), body.subject) if instrument.against == "person" else None
        step = _step(case, subject, asked.command, body, context)
        facts, words = sorted_fields(instrument.fields, body.fields)
    except _Refuse as refuse:
        return refused(refuse.code, refuse.message, case)
    except FieldsWrong as wrong:
        return mistaken(wrong, case)
    found = ladder_guard.unmet(instrument, step, context.rules.partnership)
    refusal = _refusal(case, instrument, found, step, body, context)
    if refusal is not None:
        return Decision(answer=refusal)
    taken = _taken(case, instrument, subject, step, body, found, context)
    change = Change(case, asked.by, context)
    change.note(ladder=(*case.ladder, taken))
    personal = {"reason": body.reason, "fields": facts | words}
    personal |= {"conviction": body.conviction} if body.conviction else {}
    personal |= {"passed_over": body.override.reason} if body.override and taken.warned else {}
    change.happens(
        LadderStepTaken, parts={"step": taken}, changed={"source": instrument.source}, personal=seal(personal)
    )
    return change.decision()


def breach(asked: Asked, body: referring.Breach) -> Decision:
    """The terms of a step were breached."""
    case, context = asked.case, asked.context
    step = next((each for each in case.ladder if each.step_id == body.step and each.breach_of is None), None)
    if step is None:
        return refused("step-unknown", "No such step was taken in this case.", case)
    partnership: Partnership = context.rules.partnership
    instrument = partnership.instrument_on(step.instrument, partnership.day(step.at))
    if instrument is not None and not instrument.breaches:
        return refused("step-not-breachable", "This step has no terms that can be breached.", case)
    made = LadderStep(
        step_id=context.derive("breach"),
        instrument=step.instrument,
        at=context.now,
        officer=asked.by.id,
        subject=step.subject,
        breach_of=step.step_id,
    )
    change = Change(case, asked.by, context)
    change.note(ladder=(*case.ladder, made))
    change.happens(LadderStepBreached, parts={"step": made}, personal=seal({"reason": body.what}))
    return change.decision()


def _id(subject: CasePerson | None) -> str | None:
    return str(subject.state.person_id) if subject else None


def _subject(people: People, named: str | None) -> CasePerson | None:
    """The person of the case; without a name the only one whom it is about, if there is just one."""
    there = [each for each in people.people if not each.gone]
    if named is not None:
        found = next((each for each in there if str(each.state.person_id) == named), None)
        if found is None:
            raise _Refuse("subject-unknown", "The case has no person with this id.")
        return found
    about = [each for each in there if each.state.role in _ABOUT]
    if len(about) > 1:
        raise _Refuse("subject-missing", "The case is about more than one person. Say whom in `subject`.")
    return about[0] if about else None


def _against(people: People, named: str | None) -> CasePerson | None:
    """Whom a step is taken against: help is offered to anybody of the case, a step is for whom it is about."""
    subject = _subject(people, named)
    if subject is not None and subject.state.role not in _ABOUT:
        message = "The case is not about this person. Correct her role there first, if it should be."
        raise _Refuse("subject-unknown", message)
    return subject


def _instrument(body: referring.TakeStep, context: Context) -> Instrument:
    partnership: Partnership = context.rules.partnership
    try:
        found = partnership.instrument_on(body.instrument, partnership.day(context.now))
    except UnknownCode as unknown:
        raise _Refuse("instrument-unknown", "There is no such instrument.") from unknown
    if found is None:
        raise _Refuse(NOT_LAWFUL, "This instrument is not in force today.")
    return found


def _step(case: Case, subject: CasePerson | None, command: Command, body: referring.TakeStep, context: Context) -> Step:
    partnership: Partnership = context.rules.partnership
    officer = ladder_guard.person_of(partnership, body.officer or command.by.id)
    authority = ladder_guard.person_of(partnership, body.authorised_by or body.officer or command.by.id)
    if officer is None or authority is None:
        raise _Refuse("owner-unknown", "There is nobody on the staff with this id.")
    identity = _id(subject)
    return Step(
        day=partnership.day(context.now),
        age=_age(subject, body, context),
        officer=officer,
        authorised_by=authority,
        conviction=body.conviction is not None,
        taken=ladder_guard.about(case.ladder, identity),
        support=tuple(each for each in case.support if each.subject in (identity, None)),
    )


def _age(subject: CasePerson | None, body: referring.TakeStep, context: Context) -> Age:
    """What the case knows of the age counts; an officer who says otherwise is to mend the case first."""
    day = context.rules.partnership.day(context.now)
    known = ladder_guard.age_of(subject.personal if subject else {}, day)
    said = ladder_guard.age_from(years=body.age, born=body.date_of_birth, day=day)
    if said.years is None:
        return known
    if known.years not in (None, said.years) or known.under_18 is (said.years >= ladder_guard.ADULT):
        raise _Refuse("age-contradicts", "The case has another age for this person. Correct it there and ask again.")
    return said


def _refusal(
    case: Case, instrument: Instrument, found: tuple[Unmet, ...], step: Step, body: referring.TakeStep, context: Context
) -> Refused | None:
    law = [each for each in found if each.kind == "law"]
    if law:
        instead = safeguarding.instead_of(instrument, step, case, context.rules.partnership)
        return replace(_not(NOT_LAWFUL, instrument, law, found, case), instead=instead)
    if not found:
        return None
    if body.override is None:
        return _not(OUT_OF_ORDER, instrument, found, found, case)
    supervisor = ladder_guard.person_of(context.rules.partnership, body.override.supervisor)
    if supervisor is None or "supervisor" not in supervisor.roles or supervisor.id == step.officer.id:
        message = "A supervisor who is not the officer herself agrees to pass over the local order."
        return Refused("refused", "supervisor-missing", message, case)
    return None


def _not(code: str, instrument: Instrument, shown: Any, found: tuple[Unmet, ...], case: Case) -> Refused:
    why = " ".join(f"{each.what_to_do} ({each.provision})" for each in shown)
    return Refused("refused", code, f"{instrument.name}: {why}", case, unmet=found)


def _taken(
    case: Case,
    instrument: Instrument,
    subject: CasePerson | None,
    step: Step,
    body: referring.TakeStep,
    found: tuple[Unmet, ...],
    context: Context,
) -> LadderStep:
    return LadderStep(
        step_id=context.derive("step"),
        instrument=instrument.code,
        at=context.now,
        officer=step.officer.id,
        authorised_by=body.authorised_by,
        subject=_id(subject),
        support=step.support[-1].support_id if step.support else None,
        warned=tuple(each.provision for each in found),
        supervisor=body.override.supervisor if body.override and found else None,
    )
