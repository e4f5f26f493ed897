"""A replay reads a dead letter as its subscription read the record."""

import uuid

from services.kernel.consumer import Subscription
from services.kernel.decision import Message
from services.kernel.envelope import Raw, Received, encoded
from services.kernel.operations import _reader
from services.kernel.process import Process
from services.kernel.settings import Settings
from services.kernel.testing import START
from tests.integration.kernel.probe import Poke, ProbeStage

IDENTITY = uuid.UUID(int=7)


def foreign(raw: Raw) -> Received:
    """Reads a topic whose records have no envelope."""
    body = Poke(place=(raw.value or b"").decode())
    return Received(raw, Message(IDENTITY, "Poke", raw.subject, body, START, "record", IDENTITY))


def test_a_topic_that_is_not_ours_is_read_by_its_own_reader_and_ours_by_the_stages() -> None:
    subscriptions = (Subscription("foreign", reader=foreign), Subscription("pokes"))
    read = _reader(Process(name="probe", settings=Settings(), stage=ProbeStage(), port=0, subscriptions=subscriptions))
    theirs = read(Raw("foreign", 0, 0, b"a", (), b"a place"))
    headers = {"ce_id": str(uuid.UUID(int=8)), "ce_type": "Poke.v1", "ce_time": START.isoformat()}
    ours = read(Raw("pokes", 0, 0, b"a", encoded(headers), b'{"place": "b"}'))
    assert theirs.message
    assert theirs.message.body.place == "a place"
    assert ours.message
    assert (ours.message.body.place, ours.message.origin) == ("b", "replay")
