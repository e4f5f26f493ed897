"""`hub status`: what runs, where, and whether it is ready."""

import asyncio
from typing import Any

from deploy.local.answers import http_ok
from deploy.local.home import Home
from deploy.local.memory import Memory, memory_of
from deploy.local.plan import Plan, plan
from deploy.local.ports import SERVICES, is_free
from hub.settings import local_settings
from hub.telling import AsJson, answer, fail, say, table

_COLUMNS = ("name", "address", "ready", "process", "resident_mb", "held_mb")
_HEALTH = {"zipkin": "/health"}


def status(as_json: AsJson = False) -> None:
    """What runs, at which addresses, ready or not. Exit code 1 when something that should run is not ready."""
    settings = local_settings()
    record = Home(settings.home).alive()
    up = record is not None
    if record is not None:
        settings = settings.model_copy(update={"port_base": record["base"]})
    found = asyncio.run(_found(plan(settings), record["children"] if record else []))
    total = ((memory_of(record["pid"]) if record else None) or Memory()).in_mb()
    if as_json:
        answer({"running": up, "base": settings.port_base, **total, "programs": found})
    else:
        table(f"{'Running' if up else 'No `hub up` runs here'}, base port {settings.port_base}", _COLUMNS, found)
        say(
            f"{total['resident_mb']:,} MB resident in all processes; {total['held_mb']:,} MB with what they share "
            "counted once."
            if up
            else ""
        )
    if up and not all(each["ready"] for each in found):
        fail("Not everything is ready.", code=1)


async def _found(run: Plan, children: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if children:
        return [await _program(each["name"], each["port"], each["pid"]) for each in children]
    named = [(name, run.ports.service(name)) for name in SERVICES]
    engines = [("postgres", run.ports.postgres), ("kafka", run.ports.kafka)]
    return [await _program(name, port, None) for name, port in (*engines, *named)]


async def _program(name: str, port: int | None, pid: int | None) -> dict[str, Any]:
    memory = memory_of(pid) if pid else None
    alive = pid is None or memory is not None
    return {
        "name": name,
        "address": f"127.0.0.1:{port}" if port else None,
        "ready": alive and await _ready(name, port),
        "process": pid if alive else None,
        **(memory.in_mb() if memory else dict.fromkeys(("resident_mb", "held_mb"))),
    }


async def _ready(name: str, port: int | None) -> bool:
    if port is None:
        return True
    if name in ("postgres", "kafka"):
        return not is_free(port)
    return await http_ok(port, _HEALTH.get(name, "/readyz"))
