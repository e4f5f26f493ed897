"""A whole intake on real engines, with an HTTP client in front of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from services.intake.app import build
from services.kernel.process import Process
from services.kernel.settings import Settings
from tests.engines.hub import service_settings


@asynccontextmanager
async def serving(process: Process) -> AsyncIterator[httpx2.AsyncClient]:
    """Start a process inside the test, and a client that speaks to it."""
    async with process.app.router.lifespan_context(process.app):
        transport = httpx2.ASGITransport(app=process.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://intake", timeout=30) as client:
            yield client


@pytest.fixture(scope="module")
async def settings(module_database: str, kafka_topics: str) -> Settings:
    """Settings of an intake whose schema is there."""
    return await service_settings("intake", module_database, kafka_topics)


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the demonstration's police key."""
    async with serving(build(settings)) as made:
        made.headers["Authorization"] = "Bearer demo-police"
        yield made
