"""From a staged row of a file to the command that takes it, or to why there is none."""

import json
import secrets
from typing import Any

from pydantic import ValidationError

from schemas.submission import Submission
from services.intake.domain import outcomes, police, receiving
from services.intake.messages import ReceiveReport, TakeOutcome
from services.intake.staging import reason, reasons_of
from services.kernel.decision import Message
from services.kernel.process import Process
from services.partnership.models import Partnership

SAMPLED_PERCENT = 1
_COLUMN_OF = {
    "/source_id": "/Crime ID",
    "/occurred_month": "/Month",
    "/text": "/Location",
    "/latitude": "/Latitude",
    "/longitude": "/Longitude",
}
"""A police row's columns, where a rule speaks of the report that is made of it."""

Reasons = list[dict[str, str]]


def message_of(batch: Any, row: Any, partnership: Partnership, hub: Process) -> Message | Reasons:
    """The command of a staged row, or why there is none."""
    if batch.format == "police-outcomes":
        return _outcome(batch, row, hub)
    try:
        made, extract = _submission(batch, row, partnership)
    except ValidationError as error:
        return [each | {"field": _COLUMN_OF.get(each["field"], each["field"])} for each in reasons_of(error)]
    except police.RowRefused as error:
        return reason(error.field, error.code, error.message)
    report = receiving.report_id(batch.partner, made.source_id)
    command = ReceiveReport(
        report_id=report,
        partner=batch.partner,
        channel=partnership.partner(batch.partner).channel,
        submission=made,
        received_at=hub.clock(),
        batch=batch.reference,
        row=row.row,
        outcome=made.attributes.get("outcome") if extract else None,
        extract=extract,
    )
    cause = receiving.content_id(report, made) if extract else receiving.message_id(report, made.revision)
    return hub.command(command, str(report), cause, _traceparent())


def _submission(batch: Any, row: Any, partnership: Partnership) -> tuple[Submission, bool]:
    if batch.format == "hub":
        return Submission.model_validate_json(row.document), False
    named = json.loads(row.document)
    return police.submission(named, police.source_id(row.identity, row.ordinal), partnership), True


def _outcome(batch: Any, row: Any, hub: Process) -> Message:
    named = json.loads(row.document)
    command = TakeOutcome(
        partner=batch.partner,
        crime_id=named["Crime ID"].strip(),
        month=named["Month"].strip(),
        outcome=named["Outcome type"].strip(),
        ordinal=row.ordinal,
        source_id=outcomes.row_source(row.identity, row.ordinal),
        batch=batch.reference,
    )
    return hub.command(command, command.crime_id, outcomes.cause_of(command), _traceparent())


def source_of(command: ReceiveReport | TakeOutcome) -> str:
    """The source id of a row's command."""
    return command.source_id if isinstance(command, TakeOutcome) else command.submission.source_id


def _traceparent() -> str:
    sampled = "01" if secrets.randbelow(100) < SAMPLED_PERCENT else "00"
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{sampled}"
