"""A partner's own Kafka topic: hub reports as JSON; its place is a message's id, its source_id makes it once."""

from datetime import UTC, datetime

from pydantic import ValidationError

from schemas.submission import Submission
from services.intake.domain import receiving
from services.intake.messages import FeedRowRefused, ReceiveReport
from services.intake.staging import reasons_of
from services.kernel.consumer import Reader
from services.kernel.decision import Message
from services.kernel.envelope import Raw, Received, position_id
from services.partnership.models import Partnership
from services.partnership.people import Partner


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
                report_id=report, partner=partner.code, channel=channel, submission=made, received_at=now
            )
        message = Message(identity, type(body).__name__, raw.subject, body, now, "record", identity, topic=raw.topic)
        return Received(raw, message)

    return read
