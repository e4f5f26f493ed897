"""CloudEvents 1.0 in Kafka's binary mode: headers beside a JSON body, with W3C trace context and causality."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from asyncpg.pgproto import pgproto
from pydantic import BaseModel, ValidationError

from services.kernel.decision import Message, Origin

Headers = tuple[tuple[str, bytes | None], ...]
_VERSION = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as it lay on the topic, or as a timer or result would lie there: what is kept and replayed."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers
    value: bytes | None

    @property
    def subject(self) -> str:
        """The key as text, which gives the order; in hexadecimal where PostgreSQL's text cannot hold it."""
        key = self.key or b""
        try:
            text = key.decode()
        except UnicodeDecodeError:
            return key.hex()
        return key.hex() if "\x00" in text else text


@dataclass(frozen=True, slots=True)
class Received:
    """A record after decoding: a message, or the reason why it is none; neither means a type that we do not name."""

    raw: Raw
    message: Message | None = None
    reason: str | None = None

    @property
    def held_key(self) -> str:
        """What later messages queue behind: topic and key."""
        return f"{self.raw.topic}/{self.raw.subject}"

    @property
    def identity(self) -> UUID | None:
        """The message's id; where there is no message, the one in the envelope, if any."""
        return self.message.id if self.message else id_of(self.raw)


Reader = Callable[[Raw], Received]
"""Reads one record; never raises."""


def headers_of(
    *, message_id: UUID, service: str, type_: str, time: datetime, subject: str, cause: Message, traceparent: str | None
) -> dict[str, str]:
    """The envelope of an event that `cause` brought about."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(message_id),
        "ce_source": f"/hub/{service}",
        "ce_type": type_,
        "ce_time": time.isoformat(),
        "ce_subject": subject,
        "ce_dataschema": f"/schemas/events/{type_}.json",
        "content-type": "application/json",
        "correlationid": str(cause.correlation_id),
        "causationid": str(cause.id),
    }
    if traceparent:
        headers["traceparent"] = traceparent
    return headers


def encoded(headers: Mapping[str, str]) -> Headers:
    """Headers as Kafka takes them."""
    return tuple((name, value.encode()) for name, value in headers.items())


def raw_of_row(source: str, row: Any, kind: str, message_id: UUID, time: datetime, body: str, **further: str) -> Raw:
    """What a row of our own tables brings, a timer or a job's result, as a record; `further` are headers of its own."""
    headers = {
        "ce_type": f"{kind}.v1",
        "ce_id": str(message_id),
        "ce_time": time.isoformat(),
        "correlationid": str(row.correlation_id),
        "causationid": str(row.causation_id),
        **({"traceparent": row.traceparent} if row.traceparent else {}),
        **further,
    }
    return Raw(source, 0, 0, row.subject.encode(), encoded(headers), body.encode())


def _texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    return {name: (value or b"").decode("utf-8", "replace") for name, value in headers}


def _uuid(text: str | None) -> UUID | None:
    if not text:
        return None
    try:
        return pgproto.UUID(text)
    except ValueError:
        return None


def _instant(written: str) -> datetime:
    """A time with its offset, as RFC 3339 asks. Raises ValueError for any other."""
    time = datetime.fromisoformat(written)
    if time.tzinfo is None:
        raise ValueError("a time without an offset")
    return time


def _safe_reason(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    pointer = "/" + "/".join(str(part) for part in first["loc"])
    return f"invalid-body: {pointer} {first['type']} ({error.error_count()} in all)"


def id_of(raw: Raw) -> UUID | None:
    """The id in the envelope, whatever the body is."""
    return _uuid(_texts(raw.headers).get("ce_id"))


def timer_of(raw: Raw) -> UUID | None:
    """The id of the timer that this is; None for what is no timer, and for one that died before they were told."""
    return _uuid(_texts(raw.headers).get("timerid"))


def decode(raw: Raw, readers: Mapping[str, Mapping[int, type[BaseModel]]], origin: Origin) -> Received:
    """Read one record. Never raises: what is wrong stands in `reason`, without any value of the record."""
    headers = _texts(raw.headers)
    name, _, version_text = headers.get("ce_type", "").rpartition(".v")
    if not name or not _VERSION.fullmatch(version_text):
        return Received(raw, reason="no-type: header ce_type is missing or not Name.vN")
    versions = readers.get(name)
    if versions is None:
        return Received(raw)
    reader = versions.get(int(version_text))
    if reader is None:
        return Received(raw, reason=f"unknown-version: {name}.v{version_text}")
    message_id = _uuid(headers.get("ce_id"))
    if message_id is None:
        return Received(raw, reason="no-id: header ce_id is missing or not a UUID")
    return _validated(raw, headers, name, reader, message_id, origin)


def _validated(
    raw: Raw, headers: Mapping[str, str], name: str, reader: type[BaseModel], message_id: UUID, origin: Origin
) -> Received:
    try:
        body: Any = reader.model_validate_json(raw.value or b"")
        time = _instant(headers.get("ce_time", ""))
    except ValidationError as error:
        return Received(raw, reason=_safe_reason(error))
    except ValueError:
        return Received(raw, reason="no-time: header ce_time is missing or not RFC 3339")
    return Received(
        raw,
        Message(
            id=message_id,
            type=name,
            subject=raw.subject,
            body=body,
            time=time,
            origin=origin,
            correlation_id=_uuid(headers.get("correlationid")) or message_id,
            causation_id=_uuid(headers.get("causationid")),
            traceparent=headers.get("traceparent"),
            topic=raw.topic,
        ),
    )


def position_id(topic: str, partition: int, offset: int) -> UUID:
    """The id of a message on a topic that is not ours: its place is its identity."""
    return uuid5(NAMESPACE_OID, f"{topic}/{partition}/{offset}")
