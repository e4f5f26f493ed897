"""Golden cases of a draft are added, changed and taken out; what keeps a version from publishing is named."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.partnership.loading import load_partnership
from services.triage.domain.golden import FILE, read_golden
from services.triage.domain.golden_edits import GoldenEdit
from services.triage.domain.rule_edits import edited
from services.triage.domain.rule_versions import EditRefused
from services.triage.rule_set import judged, shipped_documents

LUTON = Path("partnerships/luton")
DAY = date(2026, 6, 1)
TIPPED = {"category": "noise", "description": "Mattresses dumped by the garages, fly-tipping."}
KNIFE = "A knife outside a door, now"


def changed(**fields: Any) -> dict[str, str]:
    return edited(
        shipped_documents(LUTON), GoldenEdit.model_validate({"operation": "add", "name": "A new one"} | fields)
    )


def names(documents: dict[str, str]) -> list[str]:
    cases, problems = read_golden(documents[FILE])
    assert problems == []
    return [case.name for case in cases]


def test_a_case_is_added_at_the_end_and_tried_with_the_others() -> None:
    documents = changed(
        report=TIPPED, expect={"theme": "asb-environmental", "flags": [], "disposition": ["needs-case"]}
    )
    before = names(shipped_documents(LUTON))
    assert names(documents) == [*before, "A new one"]
    found = judged(documents, load_partnership(LUTON), (), DAY)
    assert (found.mistakes, found.failures, found.cases) == ((), (), len(before) + 1)


def test_a_case_that_the_rules_decide_otherwise_is_named_and_keeps_them_from_deciding() -> None:
    found = judged(changed(report=TIPPED, expect={"theme": "town-centre"}), load_partnership(LUTON), (), DAY)
    assert found.failures == ("golden case “A new one”: theme is asb-environmental, agreed is town-centre",)


def test_a_change_leaves_what_the_form_does_not_know_and_the_words_of_the_file() -> None:
    kept = "# ours\ncases:\n  - name: {0}\n    report: {{description: {1}, street: High Street}}\n    expect: {2}\n"
    edit = GoldenEdit(operation="set", name="One", called="Two", report={"description": "b"}, expect={"theme": ""})
    after = edited({FILE: kept.format("One", "a", "{theme: none}")}, edit)[FILE]
    assert after == kept.format("Two", "b", "{}")


def test_a_case_is_taken_out() -> None:
    assert KNIFE not in names(changed(operation="remove", name=KNIFE))


@pytest.mark.parametrize("operation", ["set", "remove"])
def test_a_case_that_is_not_there_is_refused(operation: str) -> None:
    with pytest.raises(EditRefused, match="no golden case of that name"):
        changed(operation=operation)


def test_a_case_without_a_name_is_refused() -> None:
    with pytest.raises(EditRefused, match="needs a name"):
        changed(name=" ")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": KNIFE, "expect": {"risk": "high"}}, f"“{KNIFE}” stands twice"),
        ({"expect": {"risk": "enormous"}}, "Input should be"),
        ({"report": {"channel": "pigeon"}}, "Input should be"),
    ],
    ids=["a name that stands twice", "a risk that there is not", "a channel that there is not"],
)
def test_a_mistaken_case_is_refused_by_line(fields: dict[str, Any], words: str) -> None:
    found = judged(changed(**fields), load_partnership(LUTON), (), DAY)
    assert [each for each in found.mistakes if words in str(each) and each.file.endswith(FILE)], found.mistakes


def test_a_version_from_before_cases_went_with_it_is_tried_on_the_folders() -> None:
    documents = {name: text for name, text in shipped_documents(LUTON).items() if name != FILE}
    cases, _ = read_golden(shipped_documents(LUTON)[FILE])
    assert judged(documents, load_partnership(LUTON), cases, DAY).cases == len(cases)
