"""A refused form keeps all that was chosen, and each error stands at the field that it is about."""

from pathlib import Path
from typing import Any

import pytest

from services.desk.commands import Outcome, body_of
from services.desk.form_errors import BY_RULE, kept
from services.partnership.loading import load_partnership

PARTNERSHIP = load_partnership(Path("partnerships/luton"))
MARAC = PARTNERSHIP.route("marac").form
REFER = {
    "destination": "marac",
    "reason": "High risk.",
    "consent": "given",
    "field:number:dash-score": "31",
    "field:yes-no:repeat": "maybe",
}


def answered(form: dict[str, str], name: str = "refer", **answer: Any) -> Outcome:
    return Outcome(422, answer, body_of(name, form))


def test_every_own_field_that_does_not_do_says_so_even_when_the_answer_names_none_of_them() -> None:
    found = kept(
        answered(REFER, errors=[{"field": "/reason", "code": "missing", "message": "Field required"}]), REFER, MARAC
    )
    assert found.wrong("field:number:dash-score") == "Give a number from 0 to 24."
    assert found.wrong("field:yes-no:repeat") == "Choose one of the list."
    assert found.wrong("field:yes-no:judgement") == ""
    assert found.wrong("reason") == "Say why."
    assert found.of("field:number:dash-score") == "31"


@pytest.mark.parametrize(
    ("code", "field"),
    [("consent-missing", "consent"), ("next-lead-missing", "next_lead"), ("rating-unknown", "rating")],
)
def test_an_error_by_its_code_stands_at_its_field(code: str, field: str) -> None:
    found = kept(answered(REFER, code=code, detail="Say it. Nothing was changed."), REFER)
    assert found.wrong(field) == "Say it."


def test_every_rule_of_the_ladder_has_its_field() -> None:
    rules = {each.rule for instrument in PARTNERSHIP.instruments for each in instrument.preconditions}
    assert rules <= set(BY_RULE)


def test_a_step_against_the_local_order_asks_for_a_reason_and_a_supervisor_at_their_fields() -> None:
    step = {"instrument": "community-protection-warning", "reason": "It goes on.", "officer": "colm-ferris"}
    unmet = [
        {
            "rule": "minimum-age",
            "what_to_do": "Record the date of birth.",
            "provision": "2014 Act s.43(1)",
            "kind": "law",
        },
        {"rule": "prior-step", "what_to_do": "An agreement comes first.", "provision": "Local order", "kind": "local"},
    ]
    found = kept(answered(step, "steps", code="ladder-step-out-of-order", unmet=unmet), step)
    assert found.wrong("date_of_birth") == "Record the date of birth. 2014 Act s.43(1)."
    assert found.wrong("instrument") == "An agreement comes first. Local order."
    assert found.wrong("override_reason") and found.wrong("supervisor")
    assert found.of("officer") == "colm-ferris"


def test_consent_is_sent_as_it_was_said_and_a_draft_may_leave_it_out() -> None:
    assert body_of("refer", REFER)["consent"] == {"status": "given"}
    assert body_of("refer", {**REFER, "consent": ""})["consent"] == {}
    assert "consent" not in body_of("draft", {**REFER, "consent": ""})
    assert body_of("edit", REFER)["destination"] == "marac"
