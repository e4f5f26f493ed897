"""Make the database of a hub: one schema and three roles for each service, nothing shared. Safe to run again."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.local.ports import SERVICES
from deploy.local.trouble import CannotStart

_LOCK = 4_802_001
"""Roles belong to the whole server: two runs that provision at once take turns."""
_OWNS_SCHEMAS = ("desk",)
"""Desk's read model is rebuilt in a second schema beside the one that serves: its owner may make schemas."""


async def provision(admin_url: str, services: Sequence[str] = SERVICES, password: str | None = None) -> None:
    """Bring the database that `admin_url` names to what migrations expect.

    `admin_url` is a role that may make roles and schemas (and the database, when it is not there). With a `password`
    every role that is made gets it; on loopback none is needed. Raises `CannotStart` and PostgreSQL's own errors.
    """
    await _ensure_database(admin_url)
    connection = await asyncpg.connect(admin_url, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
            known = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
            for service in services:
                for statement in _statements(service, known, password):
                    await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotStart(
            "The role in HUB_DATABASE_URL may not make roles and schemas. Give it CREATEROLE and CREATE on the "
            "database, or run deploy/local/provision.py's statements as an administrator."
        ) from error
    finally:
        await connection.close()


def roles(service: str) -> tuple[str, str, str]:
    """Owner (migrations only), service (the loop), reader (every page and GET)."""
    return f"hub_{service}_owner", f"hub_{service}", f"hub_{service}_reader"


def _statements(service: str, known: set[str], password: str | None) -> Iterator[str]:
    owner, writer, reader = roles(service)
    secret = f" PASSWORD {_quoted(password)}" if password else ""
    for role in (owner, writer, reader):
        if role not in known:
            yield f"CREATE ROLE {role} LOGIN{secret}"
            yield f"GRANT {role} TO CURRENT_USER"
    yield f"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {owner}"
    yield f"REVOKE ALL ON SCHEMA {service} FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA {service} TO {writer}, {reader}"
    if service in _OWNS_SCHEMAS:
        yield f"DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {owner}', current_database()); END $$"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


async def _ensure_database(admin_url: str) -> None:
    parts = urlsplit(admin_url)
    name = parts.path.lstrip("/")
    try:
        await (await asyncpg.connect(admin_url, timeout=10)).close()
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")), timeout=10)
        try:
            await connection.execute('CREATE DATABASE "{}"'.format(name.replace('"', '""')))
        except asyncpg.DuplicateDatabaseError:
            return
        finally:
            await connection.close()
