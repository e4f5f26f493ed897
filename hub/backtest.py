"""`hub backtest RULES`: history through a draft of the rules; every difference, and nothing is written."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.telling import AsJson, answer, fail, say, table
from hub.whereabouts import reaching_the_run
from services.kernel.database import Database
from services.kernel.errors import INFRASTRUCTURE
from services.kernel.settings import Settings
from services.partnership.documents import PartnershipInvalid
from services.partnership.loading import IDENTITY, load_partnership
from services.partnership.models import Partnership
from services.partnership.tables import FOLDER
from services.triage import rule_repository
from services.triage.domain.deciding import Rules
from services.triage.domain.rerun import Change, Differences, NotReplayed
from services.triage.domain.rule_versions import Documents
from services.triage.keeping import RuleKeeper
from services.triage.replaying import Replayer
from services.triage.rule_set import NAMES, compiled, documents_in

SHOWN = 6
"""References shown of each kind of difference; --json has all."""


def backtest(
    rules: Annotated[str, typer.Argument(help="A version's number, a partnership's or triage folder, or one file.")],
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day of what is replayed.")],
    as_json: AsJson = False,
) -> None:
    """What these rules would have decided otherwise than those in force, by field, each with its reports."""
    settings = reaching_the_run()
    start = since.replace(tzinfo=UTC)
    try:
        base, draft, found = asyncio.run(_replayed(settings, rules, start))
    except PartnershipInvalid as invalid:
        for problem in invalid.problems:
            say(str(problem))
        fail("These rules hold mistakes: mend what is named.", code=1)
    except INFRASTRUCTURE as error:
        fail(f"Triage's database refused ({type(error).__name__}). Is the hub running? `hub doctor` looks.")
    except NotReplayed as stopped:
        fail(f"The replay ended early: {stopped}. Mend the rules, or ask who keeps the hub.")
    if as_json:
        answer(_document(base, draft, start.date(), found))
    else:
        _show(found)


def _show(found: Differences) -> None:
    rows = [_row(each) for each in found.changes]
    title = f"{found.changed} of {found.replayed} reports would be decided otherwise"
    table(title, ("what", "now", "then", "reports", "which"), rows)


def _row(change: Change) -> dict[str, Any]:
    named = ", ".join(each.reference for each in change.reports[:SHOWN])
    more = " …" if change.count > SHOWN else ""
    named_change = {"what": change.what, "now": change.before, "then": change.after}
    return named_change | {"reports": change.count, "which": named + more}


def _document(base: Rules, draft: Rules, since: date, found: Differences) -> dict[str, Any]:
    changes = [
        each.model_dump(exclude={"reports"})
        | {"what": each.what, "reports": [report.reference for report in each.reports]}
        for each in found.changes
    ]
    named = {"in_force": base.rule_set, "rules": draft.rule_set, "since": since.isoformat()}
    return named | {"replayed": found.replayed, "changed": found.changed, "changes": changes}


async def _replayed(settings: Settings, rules: str, since: datetime) -> tuple[Rules, Rules, Differences]:
    keeper, database = RuleKeeper(settings.partnership), Database("triage", settings, kept=1, most=2)
    try:
        async with database.writing() as connection:
            base = await keeper.active(connection)
            known = await rule_repository.active(connection)
            number = int(rules) if rules.isdecimal() else known[1] if known else None
            texts = await rule_repository.documents(connection, [number]) if number else {}
        documents = texts[number].documents if number in texts else keeper.shipped
        if rules.isdecimal() and number not in texts:
            fail(f"There is no rule set {rules}. The desk lists them at /rules.")
        asked = documents if rules.isdecimal() else documents_at(Path(rules), documents)
        partnership = keeper.partnership if rules.isdecimal() else partnership_at(Path(rules), keeper.partnership)
        draft = compiled(asked, partnership, number if rules.isdecimal() else None)
        return base, draft, await _through(Replayer(database, keeper), base, draft, since)
    finally:
        await database.close()


async def _through(replayer: Replayer, base: Rules, draft: Rules, since: datetime) -> Differences:
    total, found = await replayer.count(since), Differences()
    say(f"{total:,} reports since {since.date()}")
    async for page in replayer.replay(base, draft, since):
        found = found.merged(page, None)
        say(f"  {found.replayed:,} of {max(total, found.replayed):,}, {found.changed:,} differ")
    return found


def partnership_at(path: Path, otherwise: Partnership) -> Partnership:
    """The partnership whose whole folder is named, with its thresholds and calendars; else the running one."""
    return load_partnership(path) if (path / IDENTITY).is_file() else otherwise


def documents_at(path: Path, otherwise: Documents) -> Documents:
    """The documents in a folder; or those in force, with the one in a file in its place."""
    if path.is_file() and path.name in NAMES:
        return {**otherwise, path.name: path.read_text(encoding="utf-8")}
    folder = path / FOLDER if (path / FOLDER).is_dir() else path
    found = documents_in(folder)
    if not found:
        fail(f"{path} is no version's number, no folder with rules, and none of {', '.join(NAMES)}.")
    return found
