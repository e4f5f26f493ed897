"""`hub migrate`: roles, schemas, tables and topics, brought to what this version expects."""

import asyncio
from pathlib import Path

import asyncpg
from aiokafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError

import services
from deploy.local.plan import place
from deploy.local.ports import SERVICES
from deploy.local.provision import provision
from deploy.local.topics import create_topics
from deploy.local.trouble import CannotStart
from hub.telling import AsJson, answer, fail, say
from hub.whereabouts import reaching_the_run
from schemas.topics import TOPICS, Topic, feed_topic
from services.kernel.migrations import migrate as migrate_service
from services.kernel.settings import Settings
from services.partnership.documents import PartnershipInvalid
from services.partnership.loading import load_partnership

_SERVICES = Path(services.__file__ or "").parent


def migrate(as_json: AsJson = False) -> None:
    """Make roles, schemas and tables in the database, and topics on the broker. Safe to run again."""
    settings = reaching_the_run()
    try:
        asyncio.run(_provision(settings))
        made = asyncio.run(_topics(settings))
        migrated = [name for name in SERVICES if (_SERVICES / name / "migrations" / "env.py").exists()]
        for name in migrated:
            say(f"  {name}: tables")
            migrate_service(name, settings)
    except CannotStart as trouble:
        fail(str(trouble))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
        fail(f"PostgreSQL at {place(settings.database_url)} refused a migration: {_reason(error)}")
    except (KafkaError, OSError, TimeoutError) as error:
        fail(f"An engine went away while migrating ({type(error).__name__}): PostgreSQL or Kafka. `hub doctor` looks.")
    if as_json:
        answer({"topics_made": made, "services": migrated})
    else:
        say(f"Topics made: {', '.join(made) or 'none'}. Tables up to date: {', '.join(migrated)}.")


async def _provision(settings: Settings) -> None:
    secret = settings.database_password
    await provision(settings.database_url, password=secret.get_secret_value() if secret else None)


async def _topics(settings: Settings) -> list[str]:
    """The catalogue's topics, and one for each partner that feeds us over Kafka."""
    return await create_topics(settings.kafka, (*TOPICS, *_feeds(settings)))


def _feeds(settings: Settings) -> list[Topic]:
    """The topics of partners. Raises `CannotStart` where the partnership's files hold mistakes."""
    try:
        partners = load_partnership(settings.partnership).partners
    except PartnershipInvalid as invalid:
        found = len(invalid.problems)
        raise CannotStart(
            f"{settings.partnership}: {invalid.problems[0]}. Mend it, and what else `hub check partnership` names "
            f"({found} in all)."
        ) from invalid
    return [feed_topic(partner.feed) for partner in partners if partner.feed]


def _reason(error: Exception) -> str:
    """The first line of a database's error: the statement that follows it says nothing to the reader."""
    original = getattr(error, "orig", None) or error
    return str(original).splitlines()[0]
