"""The one-command run from the first check to the last stopped process."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.jars import KAFKA_LOCK, ZIPKIN_LOCK, fetch_command, missing
from deploy.local.kafka import reached
from deploy.local.logs import last_line
from deploy.local.plan import ROOT, Plan, place
from deploy.local.ports import require_free
from deploy.local.program import Program, rotate, signal_group, spawn
from deploy.local.supervisor import Child, Say, Stopped, Supervisor
from deploy.local.trouble import CannotStart, disk_trouble

DISK_SECONDS = 15.0

Ready = Callable[[dict[str, Any]], None]


async def run(plan: Plan, say: Say, ready: Ready) -> None:
    """Start everything, call `ready` with the addresses, and stop everything when asked. Raises `CannotStart`."""
    with plan.home.held():
        require_free(plan.wanted_ports(), plan.ports.base)
        supervisor = Supervisor(plan.home.logs, say, lambda: _note(plan, supervisor))
        supervisor.listen()
        watching = asyncio.create_task(_watch_disk(plan, supervisor, say))
        try:
            await _start(plan, supervisor, say)
            ready(addresses(plan))
            await asyncio.gather(supervisor.keep_running(), watching)
        except Stopped:
            say("Stopped while starting.")
        except CannotStart as trouble:
            raise CannotStart(f"{trouble} {plan.home.shortage()}".strip()) from trouble
        except OSError as error:
            raise disk_trouble(error, f"writing to {plan.home.path}") from error
        finally:
            say("Stopping everything in order ...")
            began = time.monotonic()
            await supervisor.stop()
            await asyncio.gather(watching, return_exceptions=True)  # what ended it is told above
            plan.home.record.unlink(missing_ok=True)
            say(f"Stopped after {time.monotonic() - began:.1f} s. The data stays in {plan.home.path}.")


def _note(plan: Plan, supervisor: Supervisor) -> None:
    """On a full disk the note is left out: stopping in order matters more, and children end with their parent."""
    children = [(each.program.name, each.process.pid, each.program.port) for each in supervisor.children()]
    with suppress(OSError):
        plan.home.write_record(plan.ports.base, children)


async def _start(plan: Plan, supervisor: Supervisor, say: Say) -> None:
    await _fetch(plan, supervisor, say)
    say("Starting the engines ...")
    programs = plan.engines()
    require_free(plan.wanted_ports(), plan.ports.base)  # fetching takes minutes: another hub may have started
    engines = supervisor.launch(programs)
    companions = supervisor.launch(plan.companions())
    await supervisor.wait_ready(engines)
    await _migrate(plan, supervisor, say)
    if plan.services:
        say("Starting the services ...")
        require_free(plan.service_ports(), plan.ports.base)
        await supervisor.wait_ready(supervisor.launch(plan.service_programs()))
    await _wait_for_companions(supervisor, companions, say)
    if feeder := plan.feeder():
        supervisor.launch(feeder)


async def _wait_for_companions(supervisor: Supervisor, companions: Sequence[Child], say: Say) -> None:
    """Without the viewer or the mail page everything else still runs, and says so."""
    for child in companions:
        try:
            await supervisor.wait_ready([child])
        except CannotStart as trouble:
            say(f"{trouble} The hub runs without it and goes on trying.")


async def _fetch(plan: Plan, supervisor: Supervisor, say: Say) -> None:
    locks = [ZIPKIN_LOCK, *([KAFKA_LOCK] if plan.own_kafka else [])]
    if any(missing(lock, plan.home.jars) for lock in locks):
        say("Fetching Kafka and the trace viewer (130 MB, once) ...")
        await _carry_out("fetch", fetch_command(locks, plan.home.jars), plan, supervisor, say)
    if "triage" in plan.services and (commands := plan.models_to_bring()):
        await _fetch_reader(commands, plan, supervisor, say)


async def _fetch_reader(commands: Sequence[tuple[str, ...]], plan: Plan, supervisor: Supervisor, say: Say) -> None:
    """Without the sentence models everything else still runs, and says so."""
    say("Fetching the second reader's sentence models (420 MB, once) ...")
    try:
        for command in commands:
            await _carry_out("fetch", command, plan, supervisor, say)
    except CannotStart as trouble:
        say(f"{trouble} Triage runs without its second reader; the next start tries again.")


async def _migrate(plan: Plan, supervisor: Supervisor, say: Say) -> None:
    """In a process of its own: what migrations load is given back."""
    await _reachable(plan)
    say("Bringing topics, roles and tables up to date ...")
    await _carry_out("migrate", (sys.executable, "-m", "hub", "migrate"), plan, supervisor, say)


async def _carry_out(name: str, command: tuple[str, ...], plan: Plan, supervisor: Supervisor, say: Say) -> None:
    """Run a command to its end, or end it when asked to stop. Raises `CannotStart` (its last sentence), `Stopped`."""
    log = plan.home.logs / f"{name}.log"
    rotate(log)
    process = spawn(Program(name, command, environment=plan.environment(), directory=ROOT), log)
    shown = 0
    while process.poll() is None and not supervisor.stopping.is_set():
        shown = _show_progress(log, shown, say)
        await asyncio.sleep(0.1)
    _show_progress(log, shown, say)
    if supervisor.stopping.is_set():
        signal_group(process, signal.SIGKILL)
        process.wait()
        raise Stopped
    if process.returncode:
        raise CannotStart(f"{last_line(log.read_text()) or f'{name} ended without a word'} (see {log})")


def _show_progress(log: Path, shown: int, say: Say) -> int:
    """Pass the command's lines of progress, which begin with two spaces, on to the terminal."""
    with log.open() as file:
        file.seek(shown)
        lines = file.read()
    whole = lines[: lines.rfind("\n") + 1]
    for line in whole.splitlines():
        if line.startswith("  "):
            say(line)
    return shown + len(whole)


async def _reachable(plan: Plan) -> None:
    """Engines that the person named must answer. Raises `CannotStart` naming the setting."""
    if not plan.own_postgres:
        try:
            await (await asyncpg.connect(plan.database_url, timeout=5)).close()
        except asyncpg.InvalidCatalogNameError:
            return
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise CannotStart(
                f"PostgreSQL at {place(plan.database_url)} (HUB_DATABASE_URL) does not take the connection "
                f"({type(error).__name__}). Start it, mend the setting, or unset it to use the hub's own."
            ) from error
    if not plan.own_kafka and not await reached(plan.kafka):
        raise CannotStart(
            f"Kafka at {place(plan.kafka)} (HUB_KAFKA) does not answer. Start it, mend the setting, or unset it to "
            "use the hub's own."
        )


async def _watch_disk(plan: Plan, supervisor: Supervisor, say: Say) -> None:
    """From the first moment to the last: a disk may fill while things start, and is then why they do not."""
    while not supervisor.stopping.is_set():
        if shortage := plan.home.shortage():
            say(shortage)
        try:
            await asyncio.wait_for(supervisor.stopping.wait(), DISK_SECONDS)
        except TimeoutError:
            continue


def addresses(plan: Plan) -> dict[str, Any]:
    """Where everything is: what `hub up` prints when it is ready."""
    desk = f"http://127.0.0.1:{plan.ports.service('desk')}"
    pages = {"demo": "/demo", "worklist": "/", "report": "/report", "call": "/call", "operations": "/ops"}
    if not plan.demonstration:
        del pages["demo"]
    shown = {name: desk + path for name, path in pages.items()} if "desk" in plan.services else {}
    return shown | {
        "mail": f"http://127.0.0.1:{plan.ports.mail}/mails",
        "traces": f"http://127.0.0.1:{plan.ports.zipkin}/zipkin/",
        "database": plan.database_url if plan.own_postgres else place(plan.database_url),
        "kafka": plan.kafka,
        "logs": str(plan.home.logs),
    }
