"""What the terminal is told of the children's logs, and how logs are kept."""

import os
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, get_ident
from types import SimpleNamespace

import pytest

from deploy.local.home import LOW_MB, NEEDED_MB, Home, started_at
from deploy.local.logs import LogReader, error_of, last_line, last_trouble
from deploy.local.plan import plan
from deploy.local.program import KEPT_LOGS, Program, always, rotate, signal_group, spawn
from deploy.local.supervisor import Supervisor
from deploy.local.trouble import CannotStart, disk_trouble
from hub.doctor import _machine
from services.kernel.settings import Settings


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_error_line_is_told_by_its_event_alone() -> None:
    line = '{"level": "error", "event": "job_failed", "exception": "Leah Sorrel"}'
    assert error_of(line) == "job_failed"
    assert error_of('{"level": "info", "event": "service_started"}') is None
    assert error_of("{half a line") is None


def test_an_engines_fatal_line_is_told_but_not_that_it_is_starting() -> None:
    assert error_of("2026-11-24 15:18:21.866 UTC [17681] FATAL:  could not map memory")
    assert error_of("2026-11-24 15:18:21.866 UTC [17681] FATAL:  the database system is starting up") is None
    assert error_of("[main] ERROR kafka.Kafka - Exiting")


def test_the_same_error_is_told_once_in_a_while_with_its_count(tmp_path: Path) -> None:
    log = tmp_path / "intake.log"
    log.touch()
    reader = LogReader(log)
    log.write_text('{"level": "error", "event": "job_failed"}\n' * 3)
    assert reader.news("intake", 0) == [f"intake: job_failed (1 so far), see {log}"]
    with log.open("a") as file:
        file.write('{"level": "error", "event": "job_failed"}\n{"level": "err')
    assert reader.news("intake", 10) == []
    with log.open("a") as file:
        file.write('or", "event": "job_failed"}\n')
    assert reader.news("intake", 40) == [f"intake: job_failed (5 so far), see {log}"]


def test_logs_of_the_last_runs_are_kept_and_the_oldest_goes(tmp_path: Path) -> None:
    log = tmp_path / "intake.log"
    for run in range(KEPT_LOGS + 2):
        rotate(log)
        log.write_text(str(run))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "intake.log",
        *(f"intake.log.{number}" for number in range(1, KEPT_LOGS + 1)),
    ]
    assert log.with_name("intake.log.1").read_text() == str(KEPT_LOGS)


def test_how_a_child_ended_is_one_sentence(tmp_path: Path) -> None:
    log = tmp_path / "intake.log"
    log.write_text('{"level": "error", "event": "no_secret"}\nTraceback\n')
    assert last_trouble("intake", log, 1) == f"intake ended with code 1 (no_secret), see {log}."
    assert last_trouble("intake", log, -9) == f"intake was killed by signal 9, see {log}."
    log.write_text("write failed: No space left on device\n")
    assert "the disk is full" in last_trouble("intake", log, 1)


def test_the_last_line_that_says_something_is_the_sentence() -> None:
    assert last_line("  fetched 3\nThe disk is full.\n\n") == "The disk is full."
    assert last_line("") == ""


def raised(error: Exception) -> str:
    try:
        raise error
    except type(error):
        return traceback.format_exc()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("Key (name)=(Leah Sorrel)"), "ValueError"),
        (ValueError("duplicate\nDETAIL:  Key (name)=(Leah Sorrel) already exists."), "ValueError"),
        (ExceptionGroup("of Leah Sorrel", [ValueError("Leah Sorrel\nand others")]), "ExceptionGroup"),
    ],
    ids=["one-line", "two-lines", "group"],
)
def test_of_a_traceback_only_the_exceptions_class_reaches_the_terminal(
    tmp_path: Path, error: Exception, told: str
) -> None:
    log = tmp_path / "intake.log"
    log.write_text(f"{raised(KeyError('before'))}Starting.\n{raised(error)}")
    assert last_trouble("intake", log, 1).endswith(f"intake ended with code 1 ({told}), see {log}.")
    assert last_line(log.read_text()).endswith(told)


def test_a_log_that_a_person_emptied_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "intake.log"
    log.touch()
    reader = LogReader(log)
    log.write_text('{"level": "info", "event": "service_started"}\n' * 9)
    assert reader.news("intake", 0) == []
    log.write_text('{"level": "error", "event": "job_failed"}\n')
    assert reader.news("intake", 0) == [f"intake: job_failed (1 so far), see {log}"]


def test_a_full_disk_is_a_sentence_that_says_what_to_do() -> None:
    assert "Free some space" in str(disk_trouble(OSError(28, "No space left on device"), "fetching"))


def test_a_disk_with_too_little_room_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    monkeypatch.setattr(Home, "free_mb", lambda _: NEEDED_MB - 1)
    with pytest.raises(CannotStart, match="HUB_HOME to a folder on another disk"), home.held():
        raise AssertionError("it started")


def test_before_the_first_start_the_disk_is_measured_where_the_folder_will_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[Path] = []

    def usage(path: Path) -> SimpleNamespace:
        measured.append(path)
        return SimpleNamespace(free=5_000_000)

    monkeypatch.setattr("deploy.local.home.shutil.disk_usage", usage)
    monkeypatch.setattr("hub.doctor.subprocess.run", lambda *_, **__: SimpleNamespace(returncode=0))
    disk = next(each for each in _machine(plan(Settings(home=tmp_path / "new" / "hub"))) if each.check == "disk")
    assert {*measured} == {tmp_path}
    assert (disk.verdict, disk.says) == ("wrong", f"5 MB free; {NEEDED_MB} MB are needed.")


def test_little_room_is_said_with_what_to_do_and_enough_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Home, "free_mb", lambda _: LOW_MB - 1)
    assert "Free some space, or set HUB_HOME to a folder on another disk." in Home(tmp_path).shortage()
    monkeypatch.setattr(Home, "free_mb", lambda _: LOW_MB)
    assert not Home(tmp_path).shortage()


def test_a_large_log_without_room_for_a_second_is_emptied_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: Path) -> None:
        raise OSError(28, "No space left on device")

    log = tmp_path / "intake.log"
    log.touch()
    reader = LogReader(log)
    monkeypatch.setattr("deploy.local.logs.LARGEST_BYTES", 100)
    monkeypatch.setattr("deploy.local.logs.shutil.copyfile", no_room)
    log.write_text('{"level": "error", "event": "job_failed"}\n' * 3)
    assert reader.news("intake", 0) == [f"intake: job_failed (1 so far), see {log}"]
    assert reader.news("intake", 0) == []
    assert log.stat().st_size == 0


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = Home(tmp_path).secret("service_secret")
    assert Home(tmp_path).secret("service_secret") == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_two_that_make_a_secret_at_once_get_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = Barrier(2)

    def drawn(size: int) -> str:
        with suppress(BrokenBarrierError):
            together.wait(0.3)
        return f"{get_ident()}-{size}"

    monkeypatch.setattr("deploy.local.home.secrets.token_urlsafe", drawn)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: Home(tmp_path).secret("key_pepper"), range(2))
    assert first == second == Home(tmp_path).secret("key_pepper")


def test_a_process_is_told_from_another_with_its_number() -> None:
    assert started_at(os.getpid()) == started_at(os.getpid()) != started_at(1)
    assert started_at(2**22 + 1) is None


async def test_a_child_that_ends_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    program = Program("broken", (sys.executable, "-c", "raise SystemExit('no such file')"), ready=never)
    supervisor = Supervisor(tmp_path, lambda _: None)
    with pytest.raises(CannotStart, match=r"broken ended with code 1 \(no such file\)"):
        await supervisor.wait_ready(supervisor.launch([program]))
    await supervisor.stop()


async def test_an_answer_on_the_port_of_a_child_that_then_ends_was_another_programs(tmp_path: Path) -> None:
    program = Program("late", (sys.executable, "-c", "raise SystemExit('address in use')"), ready=always, port=1)
    supervisor = Supervisor(tmp_path, lambda _: None)
    with pytest.raises(CannotStart, match=r"late ended with code 1 \(address in use\)"):
        await supervisor.wait_ready(supervisor.launch([program]))
    await supervisor.stop()


async def test_a_child_that_still_runs_after_it_should_have_its_port_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.supervisor.BINDS_SECONDS", 0.2)
    supervisor = Supervisor(tmp_path, lambda _: None)
    (child,) = supervisor.launch([Program("good", ("sleep", "60"), ready=always, port=1)])
    await supervisor.wait_ready([child])
    assert child.age >= 0.2
    await supervisor.stop()


async def test_a_child_that_does_not_stop_in_its_time_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, time; signal.signal(15, signal.SIG_IGN);"
        "print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    )
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    supervisor.launch([Program("stubborn", (sys.executable, "-c", script), stop_seconds=0.2)])
    log = tmp_path / "stubborn.log"
    deadline = time.monotonic() + 10
    while not log.read_text().strip():
        assert time.monotonic() < deadline
    await supervisor.stop()
    assert said == ["stubborn did not stop in 0 s and is killed."]
    deadline = time.monotonic() + 10  # a signal that was sent has not yet ended anybody
    while alive(int(log.read_text())):
        assert time.monotonic() < deadline


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from deploy.local.program import Program, spawn;"
        "child = spawn(Program('sleeper', ('sleep', '60')), Path(sys.argv[1]) / 'log');"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while alive(child):
        assert time.monotonic() < deadline


def test_signalling_a_child_that_has_gone_is_no_error(tmp_path: Path) -> None:
    process = spawn(Program("brief", ("true",)), tmp_path / "log")
    process.wait()
    signal_group(process, 15)
