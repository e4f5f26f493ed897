"""Two processes of one test run: what they never part, and the ports that they never both choose."""

import pytest

from tests.engines.running import PORTS, own_ports
from tests.engines.sharing import company


@pytest.mark.parametrize(
    ("test", "shared_with"),
    [
        ("tests/faults/test_kills.py::test_a", "tests/faults/test_outages.py::test_b"),
        ("tests/journey/test_board.py::test_a[wide]", "tests/journey/test_rules.py::test_b"),
        ("tests/integration/test_rules.py::test_a", "tests/integration/test_rules.py::TestIt::test_b[1::2]"),
    ],
)
def test_tests_on_one_hub_or_of_one_file_stay_together(test: str, shared_with: str) -> None:
    assert company(test) == company(shared_with)


def test_files_that_share_nothing_may_part() -> None:
    files = ("tests/integration/test_rules.py", "tests/integration/kernel/test_loop.py", "tests/unit/journey.py")
    assert len({company(f"{file}::test_a") for file in files}) == len(files)


def test_each_process_has_ports_of_its_own_and_one_alone_has_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "3")
    given = []
    for number in range(3):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{number}")
        given.append(set(own_ports()))
    assert not given[0] & given[1]
    assert not given[1] & given[2]
    assert set.union(*given) == set(PORTS)
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    monkeypatch.delenv("PYTEST_XDIST_WORKER_COUNT")
    assert own_ports() == PORTS
