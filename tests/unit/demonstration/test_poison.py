"""The record that the demonstration poisons is whole but for one field."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from deploy.demonstration.poison import MISSPELT, poisoned
from schemas.events import ReportReceived

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_nobody_can_read_it_and_only_its_channel_is_at_fault() -> None:
    _, body, _ = poisoned(1, NOON)
    with pytest.raises(ValidationError) as refused:
        ReportReceived.model_validate(body)
    assert [each["loc"] for each in refused.value.errors()] == [("report", "channel")]


def test_mended_in_that_field_it_is_a_report() -> None:
    key, body, headers = poisoned(1, NOON)
    facts = {**dict(body["report"]), "channel": "partner"}  # type: ignore[call-overload]
    mended = ReportReceived.model_validate({**body, "report": facts})
    assert str(mended.report.report_id) == key == headers["ce_subject"]
    assert MISSPELT not in mended.model_dump_json()


def test_the_same_round_poisons_the_same_record() -> None:
    assert poisoned(1, NOON)[0] == poisoned(1, NOON)[0] != poisoned(2, NOON)[0]
