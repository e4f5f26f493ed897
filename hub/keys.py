"""`hub keys`: partners' keys, made, listed and revoked in intake's database."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
import typer
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.local.plan import place
from hub.telling import AsJson, answer, fail, say, table
from hub.whereabouts import reaching_the_run
from services.intake import keys
from services.kernel.database import Database
from services.kernel.settings import Settings
from services.partnership.loading import load_partnership

app = typer.Typer(help="Partners' keys.", no_args_is_help=True)
_COLUMNS = ("name", "partner", "scopes", "created_at", "revoked_at")


@app.command()
def create(
    partner: Annotated[str, typer.Option(help="Code of a partner of the partnership's files.")],
    scope: Annotated[list[str], typer.Option(help=f"{', '.join(keys.SCOPES)}; may be repeated.")],
    name: Annotated[str, typer.Option(help="What the partner calls it; made when left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and show it this once: it cannot be shown again."""
    settings = reaching_the_run()
    if partner not in {each.code for each in load_partnership(settings.partnership).partners}:
        fail(f"There is no partner {partner!r} in {settings.partnership}/partners.yaml.")
    if unknown := sorted(set(scope) - set(keys.SCOPES)):
        fail(f"There is no scope {', '.join(unknown)}. There are: {', '.join(keys.SCOPES)}.")
    chosen = name or f"{partner}-{secrets.token_hex(3)}"
    made = asyncio.run(_create(settings, chosen, partner, scope))
    if as_json:
        answer({"name": chosen, "partner": partner, "scopes": sorted(scope), "key": made})
    else:
        say(f"Key {chosen} of {partner}, shown this once; give it as HUB_KEY or `Authorization: Bearer`:")
        typer.echo(made)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All keys, never the keys themselves."""
    found = asyncio.run(_list(reaching_the_run()))
    if as_json:
        answer({"items": found, "next": None})
    else:
        table("Keys", _COLUMNS, found)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The key's name.")], as_json: AsJson = False) -> None:
    """Revoke a key; services that knew it forget it within ten seconds."""
    done = asyncio.run(_revoke(reaching_the_run(), name))
    if as_json:
        answer({"name": name, "revoked": done})
    if not done:
        fail(f"There is no key {name!r} that could be revoked. `hub keys list` shows them.", code=1)
    say(f"Key {name} is revoked.")


@asynccontextmanager
async def _intake(settings: Settings) -> AsyncIterator[AsyncConnection]:
    """One transaction in intake's database."""
    database = Database("intake", settings, kept=1, most=2)
    try:
        async with database.writing() as connection:
            yield connection
    except (SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
        fail(
            f"Intake's database at {place(settings.database_url)} refused ({type(error).__name__}). Is the hub "
            "running? `hub status` says where. HUB_HOME names another run's folder, HUB_DATABASE_URL another database."
        )
    finally:
        await database.close()


async def _create(settings: Settings, name: str, partner: str, scopes: list[str]) -> str:
    async with _intake(settings) as connection:
        try:
            return await keys.create(connection, settings, name, partner, scopes)
        except IntegrityError:
            fail(f"There is a key {name!r} already. Choose another --name; `hub keys list` shows those there are.")


async def _list(settings: Settings) -> list[dict[str, Any]]:
    async with _intake(settings) as connection:
        return await keys.list_(connection)


async def _revoke(settings: Settings, name: str) -> bool:
    async with _intake(settings) as connection:
        return await keys.revoke(connection, name)
