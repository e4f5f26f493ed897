"""No test fails because a machine is slow for five seconds."""

from pathlib import Path

from tests.unit.architecture.patience import impatient, modules

TESTS = Path(__file__).parents[2]


def test_a_call_without_a_limit_of_its_own_is_found_and_one_with_it_is_not() -> None:
    source = "import httpx2\nhttpx2.get(a)\nhttpx2.get(a, timeout=60)\nhttpx2.AsyncClient(base_url=a)\nother.get(a)\n"
    assert impatient(source) == [2, 4]


def test_every_call_of_a_test_says_how_long_it_waits() -> None:
    found = {str(path.relative_to(TESTS)): impatient(path.read_text()) for path in modules(TESTS)}
    assert {name.partition("/")[0] for name in found} == {"benchmarks", "faults", "integration", "journey"}
    assert {name: lines for name, lines in found.items() if lines} == {}
