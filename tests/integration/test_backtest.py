"""A shadow run replays history through a draft, names every difference, and writes to nothing that decides."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.partnership.table_contract import CONTRACTS
from services.partnership.table_file import parse_table
from services.triage import replay_repository
from tests.integration.conftest import Pipeline, until
from tests.integration.test_pipeline import post, receipt
from tests.integration.test_rules import asked, cells_of, in_force

pytestmark = pytest.mark.integration
LUTON = Path("partnerships/luton")
LIVE = ("decisions", "decision_history", "outbox_messages", "inbox", "rule_sets", "tallies", "timers", "match_keys")


async def checksums(pipeline: Pipeline) -> dict[str, str]:
    """A hash over every row of the tables that decide or were decided."""
    found = {}
    for table in LIVE:
        query = (
            f"SELECT md5(coalesce(string_agg(md5(t::text), ',' ORDER BY md5(t::text)), '')) AS h FROM triage.{table} t"  # noqa: S608
        )
        found[table] = (await pipeline.rows(query))[0]["h"]
    return found


async def noise_draft(pipeline: Pipeline) -> dict[str, Any]:
    """A draft by which noise belongs to the town centre."""
    number = (await in_force(pipeline))["number"]
    row = await cells_of(pipeline, number, "noise")
    text_, _ = row.pop("_description"), row.pop("_id")
    cells = row | {"theme": '"town-centre"', "weight": "0.95"}
    edit = {"kind": "row", "table": "category", "operation": "set", "row": "noise", "text": text_, "cells": cells}
    answer = await asked(pipeline, "maya-orchard", f"/{number}", {"reason": "Try it.", "edit": edit})
    assert answer.status_code == 200, answer.text
    head: dict[str, Any] = answer.json()
    return head


@pytest.fixture
async def history(pipeline: Pipeline) -> list[str]:
    """References of reports that the rules in force have decided."""
    posted = [await post(pipeline, category="noise", description=f"Please come, number {n}.") for n in range(3)]
    posted += [await post(pipeline, category="fly-tipping", description="A mattress was dumped.")]

    async def decided() -> bool:
        return all([(await receipt(pipeline, each))["decision"] for each in posted])

    await until(decided, "the decisions")
    return [each["reference"] for each in posted]


async def test_a_shadow_run_names_each_difference_with_its_reports_and_writes_nothing(
    pipeline: Pipeline, history: list[str]
) -> None:
    head = await noise_draft(pipeline)

    async def drained() -> bool:
        return not await pipeline.rows("SELECT 1 FROM triage.outbox_messages LIMIT 1")

    await until(drained, "the outbox to be sent")
    before = await checksums(pipeline)
    started = await asked(pipeline, "helen-strood", f"/{head['number']}/shadow", {"since": "2020-01-01T00:00:00Z"})
    assert started.json()["status"] == "running"

    async def done() -> Any:
        runs = (await asked(pipeline, "helen-strood", f"/{head['number']}/shadow")).json()["items"]
        return runs[0] if runs[0]["status"] == "done" else None

    run = await until(done, "the shadow run")
    assert run["replayed"] == run["total"] >= 4
    change = next(each for each in run["changes"] if each["field"] == "theme")
    assert (change["before"], change["after"]) == ("asb-environmental", "town-centre")
    assert set(history[:3]) <= set(change["reports"])
    assert history[3] not in change["reports"]
    assert {each["field"] for each in run["changes"]} >= {"theme", "lead"}
    assert await checksums(pipeline) == before
    hers = (await asked(pipeline, "maya-orchard", f"/{head['number']}/shadow")).json()["items"][0]
    assert next(each for each in hers["changes"] if each["field"] == "theme")["count"] == change["count"]
    assert not set(history) & {reference for each in hers["changes"] for reference in each["reports"]}


async def test_the_command_line_replays_the_same_and_says_it_as_one_document(
    pipeline: Pipeline, history: list[str], tmp_path: Path
) -> None:
    head = await noise_draft(pipeline)
    before = await checksums(pipeline)
    found = await command(pipeline, str(head["number"]))
    change = next(each for each in found["changes"] if each["field"] == "theme")
    assert set(history[:3]) <= set(change["reports"])
    assert change["count"] == len(change["reports"])
    documents = (await asked(pipeline, "maya-orchard", f"/{head['number']}")).json()["documents"]
    (tmp_path / "category.json").write_text(documents["category.json"])
    by_file = await command(pipeline, str(tmp_path / "category.json"))
    assert by_file["changes"] == found["changes"]
    stricter = shutil.copytree(LUTON, tmp_path / "luton", ignore=shutil.ignore_patterns("training", "reader"))
    thresholds = stricter / "thresholds.yaml"
    thresholds.write_text(thresholds.read_text().replace("named, value: 0.3,", "named, value: 1,"))
    by_folder = await command(pipeline, str(stricter))
    assert set(history[:3]) <= {each for change in by_folder["changes"] for each in change["reports"]}
    assert await checksums(pipeline) == before


async def test_a_draft_that_can_no_longer_decide_ends_the_run_with_what_is_wrong(pipeline: Pipeline) -> None:
    head = await overflowing_draft(pipeline)
    body = {"since": "2020-01-01T00:00:00Z"}
    assert (await asked(pipeline, "helen-strood", f"/{head['number']}/shadow", body)).json()["status"] == "running"

    async def failed() -> Any:
        runs = (await asked(pipeline, "helen-strood", f"/{head['number']}/shadow")).json()["items"]
        return runs[0] if runs[0]["status"] == "failed" else None

    run = await until(failed, "the shadow run to fail")
    assert "row weapon, column due_minutes: " in run["reason"]
    assert not await pipeline.rows("SELECT 1 FROM triage.jobs WHERE kind = 'shadow-page'")
    code, _, told = await commanded(pipeline, str(head["number"]))
    assert code == 1, "rules with a mistake are the answer, not a failure of the command"
    assert "row weapon, column due_minutes: " in told
    assert "Traceback" not in told


async def overflowing_draft(pipeline: Pipeline) -> dict[str, Any]:
    """A draft by which a weapon may wait for longer than there are dates: it could be saved once, and may be kept."""
    number = (await in_force(pipeline))["number"]
    documents = (await asked(pipeline, "maya-orchard", f"/{number}")).json()["documents"]
    rows = parse_table(documents["risk.json"], "risk", CONTRACTS["risk"]).rows
    weapon = next(each for each in rows if each.id == "weapon")
    cells = {**weapon.conditions, **weapon.answers, "due_minutes": "76543"}
    edit = {"kind": "row", "table": "risk", "operation": "set", "row": "weapon", "text": weapon.text, "cells": cells}
    answer = await asked(pipeline, "maya-orchard", f"/{number}", {"reason": "Try it.", "edit": edit})
    assert answer.status_code == 200, answer.text
    head: dict[str, Any] = answer.json()
    stored = "SET documents = replace(documents::text, '76543', '9999999999999')::json WHERE number = $1 RETURNING 1"
    assert await pipeline.rows(f"UPDATE triage.rule_sets {stored}", head["number"])
    return head


async def command(pipeline: Pipeline, rules: str) -> Any:
    """What `hub backtest RULES --json` prints."""
    code, out, told = await commanded(pipeline, rules)
    assert code == 0, told
    assert "reports since 2020-01-01" in told
    return json.loads(out)


async def commanded(pipeline: Pipeline, rules: str) -> tuple[int | None, str, str]:
    """How `hub backtest RULES --json` ends, what it prints, and what it says beside that."""
    environment = os.environ | {"HUB_DATABASE_URL": pipeline.database_url, "HUB_DEMONSTRATION": "true"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub", "backtest", rules, "--since", "2020-01-01", "--json"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, told = await process.communicate()
    return process.returncode, out.decode(), told.decode()


async def test_the_database_itself_refuses_a_write_of_a_replay(pipeline: Pipeline) -> None:
    database = pipeline.processes["triage"].database
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with database.writing() as connection:
            await replay_repository.forbid_writing(connection)
            await connection.execute(text("DELETE FROM decisions"))
