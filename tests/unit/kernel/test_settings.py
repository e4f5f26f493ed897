"""What a process is told from outside."""

import pytest
from pydantic import ValidationError

from services.kernel.settings import LOOPBACK, Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 shown being refused
def test_a_demonstration_is_refused_where_a_network_could_reach_it(host: str) -> None:
    with pytest.raises(ValidationError, match="HUB_DEMONSTRATION"):
        Settings(demonstration=True, host=host)


def test_a_refusal_of_settings_holds_no_setting() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(demonstration=True, host="192.0.2.1", database_url="postgresql://hub:the-password@db/hub")
    assert "the-password" not in str(refused.value)


def test_a_demonstration_works_on_loopback() -> None:
    assert Settings(demonstration=True).host == LOOPBACK


@pytest.mark.parametrize(
    "given",
    [{"port_base": 65_500}, {"port_base": 0}, {"job_workers": 0}, {"outbox_limit": -1}, {"job_lease_seconds": 0}],
)
def test_a_number_that_nothing_can_run_with_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(given))):
        Settings.model_validate(given)


def test_without_a_demonstration_any_address_is_taken() -> None:
    assert Settings(demonstration=False, host="192.0.2.1").host == "192.0.2.1"
