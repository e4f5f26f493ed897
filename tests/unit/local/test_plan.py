"""What a run starts and tells its services, from the settings of the person who starts it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.local.plan import place, plan
from deploy.local.ports import SERVICES
from deploy.local.trouble import CannotStart
from services.kernel.settings import Settings


def test_engines_are_the_runs_own_unless_they_are_named() -> None:
    own = plan(Settings(port_base=9000))
    assert (own.own_postgres, own.own_kafka) == (True, True)
    assert own.environment()["HUB_DATABASE_URL"] == "postgresql://hub@127.0.0.1:9032/hub"
    assert own.environment()["HUB_KAFKA"] == "127.0.0.1:9092"


def test_named_engines_are_used_and_their_settings_left_as_they_are() -> None:
    named = plan(Settings(database_url="postgresql://me@db:5432/hub", kafka="broker:9092"))
    assert (named.own_postgres, named.own_kafka) == (False, False)
    assert named.kafka == "broker:9092"
    assert not {"HUB_DATABASE_URL", "HUB_KAFKA"} & named.environment().keys()
    assert "PostgreSQL" not in named.wanted_ports()


def test_a_run_is_a_demonstration_unless_it_is_told_otherwise() -> None:
    assert plan(Settings()).environment()["HUB_DEMONSTRATION"] == "true"
    assert plan(Settings(demonstration=False)).demonstration is False


def test_a_demonstration_that_others_could_reach_is_refused() -> None:
    with pytest.raises(CannotStart, match="loopback only"):
        plan(Settings(host="0.0.0.0"))  # noqa: S104


def test_all_ports_move_with_the_base_and_are_distinct() -> None:
    wanted = plan(Settings(port_base=9000)).wanted_ports()
    assert set(wanted.values()) == {*range(9000, 9005), 9011, 9018, 9025, 9026, 9032, 9092, 9093}
    assert len(wanted) == len(set(wanted.values()))


def test_the_largest_base_has_all_its_ports_and_a_larger_one_is_refused() -> None:
    assert max(plan(Settings(port_base=65_442)).wanted_ports().values()) == 65_535
    with pytest.raises(ValidationError):
        Settings(port_base=65_443)


def test_only_engines_starts_no_service_and_only_names_starts_those() -> None:
    assert plan(Settings(), "engines").services == ()
    assert plan(Settings(), "intake,notify").services == ("intake", "notify")
    assert plan(Settings(), "intake").feeder() == []
    assert plan(Settings(), ",".join(SERVICES)).feeder() == []
    assert [program.name for program in plan(Settings()).feeder()] == ["demonstration"]
    assert [program.name for program in plan(Settings()).service_programs()] == list(SERVICES)


def test_a_service_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(CannotStart, match=r"no service 'triarge'\. There are: intake, triage"):
        plan(Settings(), "triarge")


def test_an_address_is_shown_without_its_password() -> None:
    assert place("postgresql://me:secret@db.example:5433/hub") == "db.example:5433"
    assert place("broker:9092") == "broker:9092"
    assert place("b1:9092,b2:9092") == "b1:9092,b2:9092"
    assert place("postgresql://me:pa#ss@db:5432/hub") == "an address that cannot be read"


def test_secrets_are_not_in_a_childs_environment() -> None:
    told = plan(Settings(home=Path("elsewhere"))).environment()
    assert not any("SECRET" in name or "PEPPER" in name or "PASSWORD" in name for name in told)
