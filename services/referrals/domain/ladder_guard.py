"""The ladder guard: what the law asks before a step refuses it, what the local order asks warns (domain.md, section 4).

Pure: instruments are the partnership's data with the statute's sections; nothing of the law is written here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.referral_facts import LadderStep, SupportOffer
from services.partnership.ladder import Instrument, Precondition
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.partnership.people import Person

ADULT = 18


@dataclass(frozen=True, slots=True)
class Age:
    """What is known of a person's age: whole years, or only that it is under or over 18, or nothing."""

    years: int | None = None
    under_18: bool | None = None

    def at_least(self, years: int) -> bool | None:
        """Whether the person is so old; None when what is known does not say."""
        if self.years is not None:
            return self.years >= years
        if self.under_18 is False and years <= ADULT:
            return True
        return False if self.under_18 and years >= ADULT else None


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it is asked for: against whom, by whom, when; and what has been done about that person before."""

    day: date
    age: Age
    officer: Person
    authorised_by: Person
    conviction: bool
    taken: tuple[LadderStep, ...] = ()
    support: tuple[SupportOffer, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmet:
    """A precondition that does not hold: `law` refuses, `local` warns. `what_to_do` is for the person who asked."""

    kind: str
    rule: str
    provision: str
    what_to_do: str


def unmet(instrument: Instrument, step: Step, partnership: Partnership) -> tuple[Unmet, ...]:
    """Every precondition that does not hold, the law's first."""
    found = [_unmet(each, instrument, step, partnership) for each in instrument.preconditions]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.kind != "law"))


def age_of(known: dict[str, Any], day: date) -> Age:
    """What a person's record says of her age on a day: date of birth, else age, else whether she is under 18."""
    born = known.get("date_of_birth")
    if born:
        moment = date.fromisoformat(str(born))
        return Age(day.year - moment.year - ((day.month, day.day) < (moment.month, moment.day)))
    return Age(known.get("age"), known.get("under_18"))


def age_from(*, years: int | None, born: date | None, day: date) -> Age:
    """What the officer says of the age."""
    return age_of({"date_of_birth": born, "age": years}, day)


def _unmet(asked: Precondition, instrument: Instrument, step: Step, partnership: Partnership) -> Unmet | None:
    message = _RULES[asked.rule](asked, instrument, step, partnership)
    return None if message is None else Unmet(asked.kind, asked.rule, asked.provision, message)


def _minimum_age(asked: Precondition, _: Instrument, step: Step, __: Partnership) -> str | None:
    years = asked.age or 0
    old_enough = step.age.at_least(years)
    if old_enough is None:
        return f"The person's age is not known, and this is only for {years} or over. Record the date of birth first."
    return None if old_enough else f"The person is under {years}; this is only for {years} or over."


def _prior_step(asked: Precondition, _: Instrument, step: Step, partnership: Partnership) -> str | None:
    before = (each for each in step.taken if each.breach_of is None)
    if any(each.instrument == asked.step and _lasts(each, step.day) for each in before):
        return None
    return f"{_name(asked, partnership)} must come first, and none is recorded."


def _lasts(taken: LadderStep, day: date) -> bool:
    return taken.effective_to is None or day <= taken.effective_to


def _breach(asked: Precondition, _: Instrument, step: Step, partnership: Partnership) -> str | None:
    breached = any(each.breach_of is not None and each.instrument == asked.step for each in step.taken)
    return None if breached else f"It is for a breach of {_name(asked, partnership).lower()}, and none is recorded."


def _conviction(_: Precondition, __: Instrument, step: Step, ___: Partnership) -> str | None:
    return None if step.conviction else "It is made on a conviction. Record the court, the offence and the date."


def _granted_power(asked: Precondition, instrument: Instrument, step: Step, partnership: Partnership) -> str | None:
    agency = partnership.agency(step.officer.agency)
    granted = (each for each in step.officer.powers if each.instrument == instrument.code)
    if agency.kind in asked.by_office or any(each.in_force(step.day) for each in granted):
        return None
    return "The officer has not been granted this power, or not for this day. Ask an officer who has."


def _rank(asked: Precondition, _: Instrument, step: Step, __: Partnership) -> str | None:
    if step.authorised_by.rank in asked.ranks:
        return None
    ranks = ", ".join(rank.replace("-", " ") for rank in asked.ranks)
    return f"It needs the authority of one of these: {ranks}. Name who gave it."


def _offer_of_support(_: Precondition, __: Instrument, step: Step, ___: Partnership) -> str | None:
    return None if step.support else "No offer of support is recorded beside it. Offer help, and record the answer."


def _name(asked: Precondition, partnership: Partnership) -> str:
    return next((each.name for each in partnership.instruments if each.code == asked.step), str(asked.step))


_Rule = Callable[[Precondition, Instrument, Step, Partnership], str | None]
_RULES: dict[str, _Rule] = {
    "minimum-age": _minimum_age,
    "prior-step": _prior_step,
    "breach": _breach,
    "conviction": _conviction,
    "granted-power": _granted_power,
    "rank": _rank,
    "offer-of-support": _offer_of_support,
}


def about(steps: Iterable[LadderStep], subject: str | None) -> tuple[LadderStep, ...]:
    """The steps and breaches of that person, or of the place."""
    return tuple(each for each in steps if each.subject == subject)


def person_of(partnership: Partnership, staff_id: str) -> Person | None:
    """The member of staff; None when there is none."""
    try:
        return partnership.person(staff_id)
    except UnknownCode:
        return None
