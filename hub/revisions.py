"""Which services' tables are behind the migrations of this version."""

from pathlib import Path

import asyncpg
from alembic.script import ScriptDirectory

from deploy.local.ports import SERVICES


async def behind(database_url: str, services: Path) -> list[str]:
    """Services whose schema is not at the last migration; one without tables is behind."""
    connection = await asyncpg.connect(database_url, timeout=5)
    try:
        return [name for name in SERVICES if await _revision(connection, name) != _head(services / name)]
    finally:
        await connection.close()


def _head(service: Path) -> str | None:
    return ScriptDirectory(str(service / "migrations")).get_current_head() if service.exists() else None


async def _revision(connection: asyncpg.Connection, service: str) -> str | None:
    if await connection.fetchval("SELECT to_regclass($1)", f"{service}.alembic_version") is None:
        return None
    found: str | None = await connection.fetchval(f"SELECT version_num FROM {service}.alembic_version")  # noqa: S608
    return found
