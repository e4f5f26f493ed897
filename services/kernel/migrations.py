"""Alembic over one service's own migrations, in its own schema, as its owner role."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from alembic import command, context, op
from alembic.config import Config
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.kernel.database import role_url
from services.kernel.settings import Settings
from services.kernel.tables import create_kernel_tables

_SERVICES = Path(__file__).parent.parent


def migrate(service: str, settings: Settings | None = None, revision: str = "head") -> None:
    """Bring the schema of `service` to `revision`. Safe to call again, and by two processes at once.

    Blocks, and runs an event loop of its own: from a coroutine call it in a thread.
    """
    config = Config()
    config.set_main_option("script_location", str(_SERVICES / service / "migrations"))
    config.attributes.update(service=service, settings=settings or Settings())
    command.upgrade(config, revision)


def run_environment() -> None:
    """The body of every service's `migrations/env.py`."""
    service, settings = (context.config.attributes[name] for name in ("service", "settings"))
    asyncio.run(_connected(role_url(settings, f"hub_{service}_owner"), service))


async def _connected(url: str, service: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": f"migrate {service}"})
        await connection.execute(text(f"SET search_path TO {service}"))
        await connection.commit()
        await connection.run_sync(_upgraded, service)
    await engine.dispose()


def _upgraded(connection: Connection, service: str) -> None:
    context.configure(connection=connection, version_table_schema=service, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def create_kernel(service: str) -> None:
    """What a service's first migration calls before it makes its own tables."""
    create_kernel_tables(op.execute, service)


def grant_tables(service: str, tables: Sequence[str], readable: Sequence[str] = ()) -> None:
    """Let the service role work with `tables`, and the reader role read those that are `readable`."""
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(tables)} TO hub_{service}")
    if readable:
        op.execute(f"GRANT SELECT ON {', '.join(readable)} TO hub_{service}_reader")
