"""Settings of the hub's services for tests on the session's engines."""

import asyncio
from typing import Any

import asyncpg

from services.kernel.migrations import migrate
from services.kernel.settings import Settings


async def service_settings(service: str, database_url: str, kafka: str) -> Settings:
    """Settings of one service with its schema migrated."""
    settings = Settings(
        database_url=database_url,
        kafka=kafka,
        demonstration=True,
        service_secret="a secret of the tests, long enough",
        key_pepper="pepper",
    )
    await asyncio.to_thread(migrate, service, settings)
    return settings


async def rows_of(settings: Settings, service: str, query: str, *arguments: Any) -> list[Any]:
    """Look at a service's tables."""
    connection = await asyncpg.connect(settings.database_url, server_settings={"search_path": service})
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()
