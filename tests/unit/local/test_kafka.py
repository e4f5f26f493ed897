"""What the local broker is given before it starts."""

from uuid import UUID

import pytest

from deploy.local.kafka import cluster_id


@pytest.mark.parametrize("first", [0x00, 0x7F, 0xF8, 0xFB, 0xFF])
def test_a_cluster_id_never_begins_with_a_dash_which_kafka_would_read_as_an_option(first: int) -> None:
    made = cluster_id(UUID(bytes=bytes([first, *range(15)])))
    assert len(made) == 22
    assert not made.startswith("-")
