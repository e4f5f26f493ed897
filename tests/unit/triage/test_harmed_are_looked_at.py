"""Where somebody is harmed a case is opened or a person looks, whatever a category's row says of the report."""

import json
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.codes import Disposition
from schemas.events import ReportFacts, TriageDecision
from services.partnership.loading import load_partnership
from services.triage.domain.deciding import Counts, Rules, decide_report
from services.triage.domain.difference import LOOKED_AT
from services.triage.domain.reading import NONE, Reading
from services.triage.domain.rule_edits import RowEdit, edited
from services.triage.domain.state import Sighting, victims_of
from services.triage.rule_set import compiled, read_rules, shipped_documents

FOLDER = Path("partnerships/luton")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
VICTIM = {"role": "victim", "name": "Imogen Rook", "age": 80}
CHILD = {"role": "victim", "under_18": True, "name": "Kit Arden"}
HARM = [
    "Her husband hit her, the children were crying, she is pregnant",
    "Called me a racist name and spat at me because of my headscarf",
    "He had a knife at the doors last week",
]
TABLE = json.loads((FOLDER / "triage" / "category.json").read_text())
ROWS = {row["_id"]: row for node in TABLE["nodes"] for row in node.get("content", {}).get("rules", ())}
CATEGORIES = {
    row["category"].strip('"'): name for name, row in reversed(ROWS.items()) if row["category"].count('"') == 2
}
"""The first row of each category; two that say the same would be refused."""


def saying(disposition: str, *rows: str) -> Rules:
    """The shipped rules with category rows that have no theme and say this."""
    cells = {"theme": "null", "weight": "0", "disposition": f'"{disposition}"'}
    edits = [
        RowEdit(
            table="category",
            operation="set",
            row=row,
            text=ROWS[row]["_description"],
            cells={name: cell for name, cell in ROWS[row].items() if not name.startswith("_")} | cells,
        )
        for row in rows
    ]
    return compiled(reduce(edited, edits, shipped_documents(FOLDER)), load_partnership(FOLDER))


@pytest.fixture(scope="module")
def shipped() -> Rules:
    return read_rules(FOLDER)


def decided(rules: Rules, words: str, category: str, *people: dict[str, Any], **more: Any) -> TriageDecision:
    report = ReportFacts(
        report_id=UUID(int=1), reference="R-222-222-222", source_id="1", channel="online", category=category,
        received_at=AT, cell="8a194ad32b67fff",
    )  # fmt: skip
    personal = {"description": words, "people": list(people)}
    counts = Counts(more.get("seen", ()))
    return decide_report(report, personal, counts, rules, AT.date(), more.get("reading")).decision


@pytest.mark.parametrize("disposition", ["record-only", "not-ours"])
def test_no_categorys_row_hides_words_of_harm(disposition: str) -> None:
    rules = saying(disposition, *CATEGORIES.values())
    hidden = [
        (category, words)
        for category in CATEGORIES
        for words in HARM
        if decided(rules, words, category).disposition not in LOOKED_AT
    ]
    assert hidden == []


@pytest.mark.parametrize("reading", [None, Reading("test", {NONE: 0.96, "town-centre": 0.04}, {})])
def test_a_crime_that_is_not_ours_is_looked_at_where_its_victim_is_a_child_or_was_one_again_and_again(
    shipped: Rules, reading: Reading | None
) -> None:
    assert decided(shipped, "My bike was taken", "bicycle-theft").disposition is Disposition.NOT_OURS
    of_child = decided(shipped, "My bike was taken", "bicycle-theft", CHILD, reading=reading)
    assert (of_child.disposition, of_child.flags) == (Disposition.REVIEW, ("child",))
    seen = tuple(
        Sighting(
            report_id=str(number),
            reference=f"R-{number}",
            happened_at=AT - timedelta(days=5 * number),
            cell="8a194ad32b67fff",
            victims=victims_of({"people": [VICTIM]}),
        )
        for number in (2, 3, 4)
    )
    again = decided(shipped, "They broke in again and took my things", "burglary", VICTIM, seen=seen, reading=reading)
    assert (again.disposition, again.risk) == (Disposition.REVIEW, "high")


def test_a_category_whose_row_asks_for_a_person_is_put_before_one(shipped: Rules) -> None:
    assert decided(shipped, "A van is parked here", "parking").disposition is Disposition.NOT_OURS
    asked = decided(saying("review", "parking"), "A van is parked here", "parking")
    assert (asked.disposition, asked.destination) == (Disposition.REVIEW, None)
    assert decided(shipped, "A van is parked here", "other-crime").disposition is Disposition.REVIEW
