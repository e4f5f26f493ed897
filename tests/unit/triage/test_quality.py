"""What an answer says of a rule goes by the rule set that decided the report, whichever is in force by then."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from services.kernel.testing import MemoryLoop
from services.partnership.loading import load_partnership
from services.partnership.tables import rows_of
from services.triage import rule_repository
from services.triage.deciding_rows import DecidingRows
from services.triage.domain.deciding import Rules
from services.triage.domain.quality import judged, spoken_for
from services.triage.messages import UndoReview
from services.triage.review_views import fired
from services.triage.rule_set import compiled, digest_of, shipped_documents, tables_of
from tests.unit.triage.test_succession import ASHA, IDENTITY, answered, now, sent

LUTON = Path("partnerships/luton")
PARTNERSHIP, SHIPPED = load_partnership(LUTON), shipped_documents(LUTON)
ASB, REOFFENDING = "asb-environmental", "re-offending"
ROW = "category/criminal-damage-arson"
BEFORE = '"theme": "\\"asb-environmental\\"", "weight": "0.4"'
AFTER = '"theme": "\\"re-offending\\"", "weight": "0.95"'
CHANGED = SHIPPED | {"category.json": SHIPPED["category.json"].replace(BEFORE, AFTER)}


@pytest.fixture(scope="module")
def later() -> Rules:
    """A version in which the row speaks for another theme."""
    return compiled(CHANGED, PARTNERSHIP, 17)


@pytest.fixture
def waiting(loop: MemoryLoop) -> MemoryLoop:
    """A report that waits for a person because its only row has little weight."""
    loop.send(sent("", category="criminal-damage-arson"), "1")
    assert now(loop).in_review
    return loop


def said_of(tallies: Mapping[str, int]) -> tuple[int, int]:
    """How often the row was confirmed, and how often overridden."""
    return tallies.get(f"rule/{ROW}/confirmed", 0), tallies.get(f"rule/{ROW}/overridden", 0)


@pytest.mark.parametrize(("theme", "figures"), [(ASB, (1, 0)), (REOFFENDING, (0, 1))])
def test_a_row_is_judged_by_what_it_spoke_for_when_it_decided(
    waiting: MemoryLoop, later: Rules, theme: str, figures: tuple[int, int]
) -> None:
    spoke = spoken_for(now(waiting).decision.rules, waiting.rules.reader.tables.rows)
    waiting.rules = later
    answered(waiting, "change", themes=(theme,), spoke=spoke)
    assert said_of(waiting.tallies) == figures


def test_undo_under_later_rules_takes_back_what_was_counted_and_nothing_of_anybody_elses(
    waiting: MemoryLoop, later: Rules
) -> None:
    waiting.tallies |= {f"rule/{ROW}/confirmed": 1}
    answered(waiting, "change", themes=(REOFFENDING,))
    assert said_of(waiting.tallies) == (1, 1)
    waiting.rules = later
    waiting.pass_time(timedelta(minutes=1))
    waiting.send(UndoReview(report_id=IDENTITY, version=2, by=ASHA), "1", origin="command")
    assert now(waiting).in_review
    assert said_of(waiting.tallies) == (1, 0)


def test_an_answer_on_a_report_of_no_theme_counts_for_no_rule() -> None:
    rows = rows_of(tables_of(SHIPPED), PARTNERSHIP)
    assert judged(spoken_for(("risk/weapon", "hub/nothing-fired", "words/town-centre"), rows), (ASB,)) == {}


def test_a_row_that_takes_weight_from_a_theme_does_not_speak_for_it() -> None:
    rows = rows_of(tables_of(SHIPPED), PARTNERSHIP)
    named = ("category/noise", "place/town-centre-asb", "place/not-town-centre")
    assert spoken_for(named, rows) == {"category/noise": ASB}


async def test_evidence_is_that_of_the_version_that_decided(waiting: MemoryLoop, monkeypatch: Any) -> None:
    kept = {digest_of(CHANGED): CHANGED}
    asked = AsyncMock(side_effect=lambda _, digest: kept.get(digest, {}))
    monkeypatch.setattr(rule_repository, "documents_of", asked)
    deciding = DecidingRows(PARTNERSHIP, SHIPPED)
    decided = now(waiting)
    shown = [
        fired(decided, await deciding.of(AsyncMock(), name), PARTNERSHIP, {})[ROW]
        for name in (
            decided.decision.rule_set,
            f"luton-1+r17.t{digest_of(CHANGED)}",
            f"luton-1+r17.t{digest_of(CHANGED)}",
            "luton-1+r3.t0123456789ab",
        )
    ]
    assert [(each["theme"], each["weight"]) for each in shown] == [
        (ASB, 0.4),
        (REOFFENDING, 0.95),
        (REOFFENDING, 0.95),
        (None, None),
    ]
    assert asked.await_count == len({digest_of(CHANGED), "0123456789ab"}), "once for a version, none for the folder's"


def test_rows_that_fit_the_files_of_today_no_longer_are_still_read() -> None:
    gone = SHIPPED | {"category.json": SHIPPED["category.json"].replace(BEFORE, BEFORE.replace(ASB, "gone-by-now"))}
    rows = rows_of(tables_of(gone), PARTNERSHIP)
    assert rows["category"]["criminal-damage-arson"].outputs["theme"] == "gone-by-now"
