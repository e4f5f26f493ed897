"""Golden cases in a form: filled from a case or a report's codes, never from its words, and sent as a change."""

import json
from typing import Any

import pytest

from services.desk.golden_view import (
    CASE,
    GOLDEN,
    cases_of,
    differences,
    edit_of,
    filled,
    from_text,
    in_text,
    of_report,
    shown,
    sides_of,
)
from services.desk.sides import CHANGED, REMOVED

TEXT = "cases:\n  - name: One\n    report: {description: a}\n    expect: {theme: none, flags: [weapon, injury]}\n"
ITEM = {
    "report": {"channel": "101", "category": "noise", "danger_now": False, "street": "George Street"},
    "personal": {"description": "He shouts at her every night."},
    "decision": {
        "themes": ["asb-environmental"],
        "lead_agency": "luton-council",
        "risk": "medium",
        "flags": ["coercion"],
        "disposition": "review",
    },
}


def test_a_case_fills_the_form_and_the_form_sends_it_back_as_it_was() -> None:
    (case,) = cases_of({GOLDEN: TEXT})
    fields = filled(case)
    assert (fields["theme"], fields["flags"], fields["channel"]) == ("none", "weapon, injury", "")
    sent = {name: value for name, value in fields.items() if isinstance(value, str)} | {"case": "One"}
    edit = edit_of(sent)
    assert (edit["operation"], edit["name"], edit["called"]) == ("set", "One", "One")
    assert edit["expect"]["flags"] == ["weapon", "injury"]
    assert edit["report"]["description"] == "a"


def test_a_report_gives_its_codes_and_none_of_its_words() -> None:
    fields = of_report(ITEM)
    assert (fields["theme"], fields["risk"], fields["disposition"]) == ("asb-environmental", "medium", ["review"])
    assert fields["description"] == fields["name"] == ""
    assert "shouts" not in str(fields)
    assert "George" not in str(fields)


def test_a_failing_case_says_how_and_the_others_that_they_are_decided_as_agreed() -> None:
    cases = [*cases_of({GOLDEN: TEXT}), {"name": "Two", "report": {}, "expect": {"risk": "high"}}]
    found = shown(cases, ["golden case “Two”: risk is medium, agreed is high"])
    assert [each["wrong"] for each in found] == ["", "risk is medium, agreed is high"]


def test_what_a_draft_changes_of_its_cases_is_laid_side_by_side() -> None:
    after = TEXT.replace("theme: none", "theme: town-centre") + "  - {name: New, report: {}, expect: {risk: high}}\n"
    found = list(differences({GOLDEN: TEXT}, {GOLDEN: after}))
    assert [(each["what"], each["before"]) for each in found][1] == ("New", "–")
    assert "theme: town centre" in found[0]["after"]


def standing(**expect: Any) -> dict[str, Any]:
    """A case as the document has it."""
    return {"name": "One", "report": {"description": "a", "danger_now": True}, "expect": expect}


def sent(was: dict[str, Any] | None, **mine: str) -> dict[str, str]:
    """Her form, opened on a case that ticked two of what must become of it."""
    opened = {"name": "One", "description": "a", "danger_now": "on", "theme": "none", "disposition:review": "on"}
    shown = {"was": json.dumps(in_text(filled(was)))} if was else {}
    return opened | {"disposition:not-ours": "on"} | shown | mine


OPENED = standing(theme="none", disposition=["review", "not-ours"])


def test_the_form_of_a_case_is_the_same_after_it_was_compared_as_text() -> None:
    fields = filled(OPENED)
    assert in_text(from_text(in_text(fields))) == in_text(fields)
    assert from_text(in_text(fields))["disposition"] == ["review", "not-ours"]
    assert not sides_of(None, sent(OPENED)).hers


def test_what_only_the_other_one_changed_of_a_case_comes_with_hers() -> None:
    found = sides_of(standing(theme="none", risk="high", disposition=["review"]), sent(OPENED, theme="town-centre"))
    assert found.said() == CHANGED.format(CASE)
    merged = from_text(found.merged)
    assert (merged["theme"], merged["risk"], merged["disposition"]) == ("town-centre", "high", ["review"])
    labels = [each["label"] for each in found.rows(dict.fromkeys(found.mine, "") | {"risk": "Risk must be"})]
    assert labels == ["", "Risk must be", ""]


@pytest.mark.parametrize(
    ("now", "was", "said"), [(None, OPENED, REMOVED), (OPENED, None, ""), (OPENED, OPENED, ""), (None, None, "")]
)
def test_what_became_of_a_case_meanwhile_is_said_and_hers_is_kept(
    now: dict[str, Any] | None, was: dict[str, Any] | None, said: str
) -> None:
    found = sides_of(now, sent(was, description="b"))
    assert found.said() == said.format(CASE)
    assert found.merged["description"] == "b"
