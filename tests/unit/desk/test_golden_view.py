"""Golden cases in a form: filled from a case or a report's codes, never from its words, and sent as a change."""

from services.desk.golden_view import GOLDEN, cases_of, differences, edit_of, filled, of_report, shown

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
    sent = {name: value for name, value in fields.items() if isinstance(value, str)} | {"was": "One"}
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
