"""A partner's own Kafka topic: hub reports as JSON; its place is a message's id, its source_id makes it once."""

from datetime import UTC, datetime
from uuid import UUID

from pydantic import ValidationError

from schemas.submission import Submission
from services.intake.domain import receiving
from services.intake.messages import FeedRowRefused, ReceiveReport
from services.intake.staging import reasons_of
from services.kernel.decision import Message
from services.kernel.envelope import Raw, Reader, Received, position_id
from services.kernel.telemetry import trace_id_of
from services.partnership.models import Partnership
from services.partnership.people import Partner


def _traceparent(raw: Raw, identity: UUID) -> str:
    """The sender's trace where it sends one; else a sampled trace that begins here, the same at every reading."""
    sent = next((value for name, value in raw.headers if name == "traceparent" and value), b"").decode(
        "utf-8", "replace"
    )
    if trace_id_of(sent):
        return sent
    return f"00-{identity.hex}-{identity.hex[:16]}-01"


def feed_reader(partner: Partner, partnership: Partnership) -> Reader:
    """Reads records of `feed-<partner>`: an invalid one becomes a rejected row, never a dead letter."""
    channel = partnership.partner(partner.code).channel

    def read(raw: Raw) -> Received:
        identity, now = position_id(raw.topic, raw.partition, raw.offset), datetime.now(UTC)
        body: ReceiveReport | FeedRowRefused
        try:
            made = Submission.model_validate_json(raw.value or b"")
        except ValidationError as error:
            body = FeedRowRefused(partner=partner.code, topic=raw.topic, offset=raw.offset, reasons=reasons_of(error))
        else:
            report = receiving.report_id(partner.code, made.source_id)
            body = ReceiveReport(
                report_id=report,
                partner=partner.code,
                channel=channel,
                submission=made,
                received_at=now,
                row=raw.offset,
            )
        return Received(
            raw,
            Message(
                id=identity,
                type=type(body).__name__,
                subject=raw.subject,
                body=body,
                time=now,
                origin="record",
                correlation_id=identity,
                traceparent=_traceparent(raw, identity),
                topic=raw.topic,
            ),
        )

    return read
