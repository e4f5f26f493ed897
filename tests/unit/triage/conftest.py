"""Luton's rules, and triage's pure part with them."""

from pathlib import Path

import pytest

from services.kernel.testing import MemoryLoop
from services.triage.domain.deciding import Rules
from services.triage.rule_set import read_rules
from tests.unit.triage.deciding import Deciding


@pytest.fixture(scope="module")
def rules() -> Rules:
    """As they are shipped."""
    return read_rules(Path("partnerships/luton"))


@pytest.fixture
def loop(rules: Rules) -> MemoryLoop:
    """Triage in memory, nothing decided yet."""
    return MemoryLoop(Deciding(), rules)
