"""PostgreSQL by three roles per service: owner for migrations, service for the loop, reader for every page and GET."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.kernel.errors import INFRASTRUCTURE, sqlstate
from services.kernel.settings import Settings

KEPT, MOST = 5, 16
"""Connections that a pool keeps open, and has at once at most. A service's loops alone use some five at a time: with
three kept the others were opened and closed every second, which cost more than all the work of an idle hub; with eight
the demonstration's resident memory, plainly added up, was over 3 GB."""
IDLE_MS = "60000"
"""As long as a statement may take: after it the server ends a transaction in which nothing is done."""
LOOK_SECONDS = 3.0
"""As long as a health answer waits for PostgreSQL: one that hangs would hold it as long as a statement may take, and
who asks would learn nothing."""

REFUSALS = {
    "53100": "PostgreSQL has no room left on its disk and keeps nothing new. Free some: the hub goes on by itself.",
    "58030": "PostgreSQL could not write to its disk and keeps nothing new. Look at the disk and at PostgreSQL's log.",
    "25006": "PostgreSQL is read-only (a standby?) and keeps nothing new. Point HUB_DATABASE_URL at the primary.",
}
"""What PostgreSQL says (SQLSTATE) when it answers but takes no change, and what to do about it."""

_SET_READER = text("SELECT set_config(:name, :value, true)")
_LOOK = text("SELECT 1 FROM positions LIMIT 1")
# More than the pages that are there would hold: only where the disk has room for more of them does it succeed.
_WRITE = text("INSERT INTO inbox (id) SELECT gen_random_uuid() FROM generate_series(1, 5000)")


def role_url(settings: Settings, role: str) -> str:
    """The database's address for a role, for asyncpg itself."""
    url = make_url(settings.database_url).set(drivername="postgresql", username=role)
    if settings.database_password is not None:
        url = url.set(password=settings.database_password.get_secret_value())
    return url.render_as_string(hide_password=False)


class Database:
    """The connections of one process of one service; its schema has the service's name."""

    def __init__(self, service: str, settings: Settings, kept: int = KEPT, most: int = MOST) -> None:
        self._service, self._settings = service, settings
        self.trouble: str | None = None
        self._writer = self._engine(f"hub_{service}", kept, most)
        self._asker = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        reader = self._engine(f"hub_{service}_reader", kept, most)
        # What a page shows is of one moment: a case and its timeline come in statements of their own.
        self._reader = reader.execution_options(isolation_level="REPEATABLE READ")

    def _engine(self, role: str, kept: int, most: int) -> AsyncEngine:
        url = make_url(role_url(self._settings, role)).set(drivername="postgresql+asyncpg")
        return create_async_engine(
            url,
            pool_size=kept,
            max_overflow=most - kept,
            pool_use_lifo=True,
            pool_timeout=10,
            pool_pre_ping=False,
            connect_args={
                "timeout": 5,
                "command_timeout": 60,
                "server_settings": {
                    "search_path": self._service,
                    "application_name": f"hub {self._service}",
                    "jit": "off",
                    # A process that hangs in a transaction holds its rows; after this they are everybody's again.
                    "idle_in_transaction_session_timeout": IDLE_MS,
                },
            },
        )

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction of the service role: committed at the end, rolled back on any error."""
        async with self._told(self._writer.begin()) as connection:
            yield connection

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[AsyncConnection]:
        """A connection of the service role on which each statement is a transaction of its own.

        For what asks again and again and mostly finds nothing: one message to the server, where beginning and ending
        a transaction around it make three.
        """
        async with self._told(self._asker.connect()) as connection:
            yield connection

    @asynccontextmanager
    async def _told(self, opened: AbstractAsyncContextManager[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
        try:
            async with opened as connection:
                yield connection
        except DBAPIError as error:
            self.trouble = REFUSALS.get(sqlstate(error), self.trouble)
            raise

    async def writable(self) -> bool:
        """Whether PostgreSQL answers and takes changes; `trouble` says why not, in a sentence.

        Once it has refused a change, one is tried and rolled back, so that the trouble ends with its cause.
        """
        try:
            async with asyncio.timeout(LOOK_SECONDS), self._writer.connect() as connection:
                await connection.execute(_WRITE if self.trouble in REFUSALS.values() else _LOOK)
                await connection.rollback()
        except INFRASTRUCTURE as error:
            state = sqlstate(error) if isinstance(error, DBAPIError) else ""
            self.trouble = REFUSALS.get(state, f"PostgreSQL does not answer as it should ({type(error).__name__}).")
            return False
        self.trouble = None
        return True

    @asynccontextmanager
    async def reading(self, **session: str) -> AsyncIterator[AsyncConnection]:
        """One transaction of the reader role, of one moment. `session` becomes `hub.<name>` for row-level security.

        What is not given stays unset, and the policies deny on unset and on empty alike.
        """
        async with self._reader.begin() as connection:
            for name, value in session.items():
                await connection.execute(_SET_READER, {"name": f"hub.{name}", "value": value})
            yield connection

    async def dedicated(self) -> asyncpg.Connection:
        """A connection of its own, outside the pools: for the relay's lock, its reading and its listening."""
        return await asyncpg.connect(
            role_url(self._settings, f"hub_{self._service}"),
            timeout=5,
            command_timeout=30,
            server_settings={"search_path": self._service, "application_name": f"hub {self._service} relay"},
        )

    async def close(self) -> None:
        """Give all connections back."""
        await self._writer.dispose()
        await self._reader.dispose()
