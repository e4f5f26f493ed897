"""Deny by default, in the database itself: what a page's role may read, it reads under forced row-level security."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from services.kernel.migrations import migrate
from services.kernel.settings import Settings

pytestmark = pytest.mark.integration
SERVICES = sorted(
    path.parent.name for path in (Path(__file__).parents[2] / "services").glob("*/migrations") if path.is_dir()
)
WITHOUT_PEOPLE = {"tallies", "positions", "model_rules"}
"""Counts, places in topics, and which rules came when: nothing of anybody."""
READABLE = """
    SELECT n.nspname AS schema, c.relname AS table, c.relrowsecurity AND c.relforcerowsecurity AS guarded,
        (SELECT count(*) FROM pg_policies p
         WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND r.rolname = ANY(p.roles)) AS policies
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_roles r ON r.rolname = 'hub_' || n.nspname || '_reader'
    WHERE c.relkind IN ('r', 'p') AND has_any_column_privilege(r.oid, c.oid, 'SELECT')
    ORDER BY 1, 2
"""
OUTSIDERS = """
    SELECT r.rolname, n.nspname, c.relname FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rolname LIKE 'hub\\_%' AND c.relkind IN ('r', 'p') AND n.nspname = ANY($1::text[])
      AND r.rolname NOT LIKE 'hub\\_' || n.nspname || '%' AND has_table_privilege(r.oid, c.oid, 'SELECT')
      AND NOT r.rolsuper
"""
WRITING_READERS = """
    SELECT r.rolname, c.relname FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rolname LIKE 'hub\\_%\\_reader' AND c.relkind IN ('r', 'p') AND n.nspname = ANY($1::text[])
      AND has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE')
"""


@pytest.fixture(scope="module")
async def database(module_database: str) -> AsyncIterator[asyncpg.Connection]:
    """Every service's schema, whole."""
    settings = Settings(database_url=module_database)
    for service in SERVICES:
        await asyncio.to_thread(migrate, service, settings)
    connection = await asyncpg.connect(module_database)
    yield connection
    await connection.close()


async def test_every_table_that_a_page_may_read_is_guarded_by_a_forced_policy(database: asyncpg.Connection) -> None:
    found = [row for row in await database.fetch(READABLE) if row["table"] not in WITHOUT_PEOPLE]
    assert {row["schema"] for row in found} >= {"desk", "referrals"}
    open_ = [f"{row['schema']}.{row['table']}" for row in found if not row["guarded"] or row["policies"] == 0]
    assert not open_, f"readable without a forced policy: {open_}"


async def test_a_page_that_says_no_agency_reads_nothing(database: asyncpg.Connection) -> None:
    tables = [row for row in await database.fetch(READABLE) if row["table"] not in WITHOUT_PEOPLE]
    for row in tables:
        quals = await database.fetch(
            "SELECT qual FROM pg_policies WHERE schemaname = $1 AND tablename = $2 AND roles::text[] && ARRAY[$3]",
            row["schema"],
            row["table"],
            f"hub_{row['schema']}_reader",
        )
        assert quals, row["table"]
        assert all(each["qual"] not in (None, "true") for each in quals), f"{row['schema']}.{row['table']} lets all in"


async def test_a_page_of_notify_never_reads_an_address(database: asyncpg.Connection) -> None:
    asked = "SELECT has_column_privilege('hub_notify_reader', 'notify.notifications', $1, 'SELECT')"
    assert await database.fetchval(asked, "status")
    assert not await database.fetchval(asked, "document")


async def test_no_service_reads_anothers_tables(database: asyncpg.Connection) -> None:
    assert not await database.fetch(OUTSIDERS, SERVICES)


async def test_a_page_writes_nothing(database: asyncpg.Connection) -> None:
    assert not await database.fetch(WRITING_READERS, SERVICES)
