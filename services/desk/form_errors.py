"""What a refused form keeps: every choice that was made, and at which of its fields each error stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.desk.casefile_forms import CONTACT
from services.desk.commands import Outcome
from services.partnership.form_fields import takes, wrong_fields
from services.partnership.processes import FormField

BY_CODE = {
    "consent-missing": "consent",
    "reason-missing": "reason",
    "owner-unknown": "officer",
    "age-contradicts": "date_of_birth",
    "instrument-unknown": "instrument",
    "supervisor-missing": "supervisor",
    "support-unknown": "offered",
    "step-unknown": "step",
    "step-not-breachable": "step",
    "next-lead-missing": "next_lead",
    "next-lead-unknown": "next_lead",
    "rating-unknown": "rating",
    "not-qualified": "rating",
    "outcome-unknown": "outcome",
    "withdrawal-code-unknown": "code",
    "agency-unknown": "agency",
    "agency-may-not-see": "agency",
}
"""The field of a form that an error's code is about."""
BY_RULE = {
    "minimum-age": "date_of_birth",
    "prior-step": "instrument",
    "breach": "instrument",
    "conviction": "conviction",
    "granted-power": "officer",
    "rank": "authorised_by",
    "offer-of-support": "instrument",
}
"""The field of the ladder's form where a precondition of that rule is met."""
OUT_OF_ORDER = "ladder-step-out-of-order"
SPELT = {
    "/override/reason": "override_reason",
    "/override/supervisor": "supervisor",
    "/consent/status": "consent",
    **{f"/contact/{name}": f"contact_{name}" for name in CONTACT},
}
"""Fields that a body nests and a form does not."""
EMPTY = ("missing", "string-too-short", "literal-error", "string-pattern-mismatch")
SAY = {"reason": "Say why.", "consent": "Choose what was said about consent.", "instrument": "Choose a step."}
"""What to do where nothing was said."""
OWN = "field:"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the fields of a form say again, by the name of the field, and what is wrong with each."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """What was written or chosen there."""
        return self.values.get(name, "")

    def wrong(self, name: str) -> str:
        """What is wrong there; empty where nothing is."""
        return self.errors.get(name, "")

    def placed(self, places: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """Each error with its field's address, in the order of `places`: a field's name → its address and label."""
        for name, (place, label) in places.items():
            if message := self.wrong(name):
                yield place, f"{label}: {message}"


NOTHING = Kept()


def kept(outcome: Outcome, form: Mapping[str, str], own: Iterable[FormField] = ()) -> Kept:
    """All that she sent, with each error of the answer at its field; `own` are the fields that the files declare."""
    errors: dict[str, str] = {}
    for name, message in _found(outcome, {each.code: each for each in own}):
        errors[name] = f"{errors[name]} {message}" if name in errors and message not in errors[name] else message
    return Kept(form, errors)


def own_name(each: FormField) -> str:
    """What the form calls a field that the files declare."""
    return f"{OWN}{each.kind}:{each.code}"


def _found(outcome: Outcome, own: Mapping[str, FormField]) -> Iterator[tuple[str, str]]:
    for wrong in wrong_fields(own.values(), outcome.sent.get("fields") or {}):
        if wrong.field in own:
            yield own_name(own[wrong.field]), _own_words(own[wrong.field], wrong.code)
    yield from (_named(error) for error in outcome.body.get("errors") or () if not _is_own(error))
    code = str(outcome.body.get("code") or "")
    for each in outcome.body.get("unmet") or ():
        yield BY_RULE.get(each["rule"], "instrument"), f"{each['what_to_do']} {each['provision']}."
    if code == OUT_OF_ORDER:
        yield "override_reason", "Say why the local order is passed over."
        yield "supervisor", "Name the supervisor who agreed."
    if code in BY_CODE:
        yield BY_CODE[code], str(outcome.body.get("detail", "")).removesuffix(" Nothing was changed.")


def _is_own(error: Mapping[str, Any]) -> bool:
    """Whether it is about a field that the files declare; those were looked at with what the files say of each."""
    return str(error["field"]).startswith("/fields/")


def _named(error: Mapping[str, Any]) -> tuple[str, str]:
    pointer = str(error["field"])
    name = SPELT.get(pointer, pointer.rpartition("/")[2])
    return name, SAY.get(name, "Fill this in.") if error["code"] in EMPTY else str(error["message"])


def _own_words(declared: FormField, code: str) -> str:
    """What to do, for a person who reads the field's name above it."""
    if declared.kind in ("choice", "yes-no"):
        return "Choose one of the list."
    if code == "field-missing":
        return "Fill this in."
    return f"Give {takes(declared)}."
