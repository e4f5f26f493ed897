"""A command finds the hub that runs from its folder, and what the environment says goes before."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.local.home import Home
from hub.whereabouts import beside_the_run, reaching_the_run

NOBODY = 2**22 + 1
"""A process id above the kernel's largest."""


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    for name in [each for each in os.environ if each.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    return Home(tmp_path)


def test_a_command_reaches_pages_database_and_broker_of_the_run_in_its_folder(home: Home) -> None:
    home.write_record(29000, [])
    found = reaching_the_run()
    assert found.desk_url == "http://127.0.0.1:29000"
    assert found.database_url == "postgresql://hub@127.0.0.1:29032/hub"
    assert found.kafka == "127.0.0.1:29092"


def test_without_a_run_a_command_looks_where_the_next_one_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reaching_the_run().database_url == "postgresql://hub@127.0.0.1:8032/hub"
    monkeypatch.setenv("HUB_PORT_BASE", "9000")
    assert reaching_the_run().database_url == "postgresql://hub@127.0.0.1:9032/hub"
    assert reaching_the_run().kafka == "127.0.0.1:9092"


def test_the_record_of_a_run_that_was_killed_says_nothing(home: Home) -> None:
    home.record.write_text(json.dumps({"pid": NOBODY, "base": 29000, "children": []}))
    assert home.running() is not None
    assert home.alive() is None
    assert beside_the_run().port_base == 8000


@pytest.mark.parametrize("started", [{"started": "99"}, {"started": None}, {}])
def test_a_killed_runs_number_that_another_process_has_by_now_is_no_run(home: Home, started: dict[str, Any]) -> None:
    home.record.write_text(json.dumps({"pid": os.getpid(), "base": 29000, "children": [], **started}))
    assert home.alive() is None
    assert beside_the_run().port_base == 8000


def test_what_the_environment_names_goes_before_the_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_record(29000, [])
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://hub@elsewhere:5432/hub")
    assert reaching_the_run().database_url == "postgresql://hub@elsewhere:5432/hub"
    assert reaching_the_run().kafka == "127.0.0.1:29092"
    monkeypatch.setenv("HUB_PORT_BASE", "9000")
    assert reaching_the_run().port_base == 9000


def test_the_doctor_still_knows_whose_engines_a_run_has(home: Home) -> None:
    home.write_record(29000, [])
    assert not {"database_url", "kafka"} & beside_the_run().model_fields_set
