"""What a case is called by its kind."""

from pathlib import Path
from uuid import UUID

import pytest

from schemas.events import ReportFacts
from services.kernel.testing import START
from services.partnership.loading import load_partnership
from services.triage.domain.naming import kind_of_case

LUTON = load_partnership(Path("partnerships/luton"))
THEME = "asb-environmental"


@pytest.mark.parametrize(
    ("category", "called"),
    [
        ("vehicle-abandoned", "Abandoned vehicle"),
        ("other", LUTON.theme(THEME).short_name),
        (None, LUTON.theme(THEME).short_name),
        ("no-longer-known", LUTON.theme(THEME).short_name),
    ],
)
def test_a_case_is_called_by_its_category_and_by_its_theme_where_that_says_nothing(
    category: str | None, called: str
) -> None:
    report = ReportFacts(
        report_id=UUID(int=1),
        reference="R-222-222-222",
        source_id="1",
        channel="online",
        category=category,
        received_at=START,
    )
    assert kind_of_case(report, (THEME,), (), LUTON) == called
