"""Identities and partitions are the ones that the standards name, however quickly they are made."""

from uuid import NAMESPACE_URL, UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from services.kernel.decision import derived_id
from services.kernel.relay import partition_of


@given(st.uuids(), st.text(max_size=50))
def test_a_derived_id_is_the_version_5_uuid_of_its_cause_and_name(cause: UUID, name: str) -> None:
    found = derived_id(cause, name)
    assert found == uuid5(cause, name)
    assert (found.version, str(found), hash(found)) == (5, str(uuid5(cause, name)), hash(uuid5(cause, name)))
    assert isinstance(found, UUID)


@given(st.text(), st.integers(1, 24))
def test_a_key_has_one_of_the_topics_partitions(key: str, count: int) -> None:
    partitions = list(range(count))
    assert partition_of(key, partitions) in partitions


def test_keys_lie_where_they_lay_in_an_earlier_run() -> None:
    # crc32 of "123456789" is 0xCBF43926, the check value of the standard: another algorithm would break keys' order.
    assert partition_of("123456789", range(1000)) == 0xCBF43926 % 1000


def test_keys_spread_over_all_partitions() -> None:
    keys = [str(uuid5(NAMESPACE_URL, str(number))) for number in range(400)]
    counts = [sum(partition_of(key, range(4)) == each for key in keys) for each in range(4)]
    assert min(counts) > 60
