"""The engines of the local run, as they are started for every test."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.jars import KAFKA_LOCK, locked
from deploy.local.ports import SERVICES
from deploy.local.provision import provision, roles
from deploy.local.topics import create_topics
from deploy.local.trouble import CannotStart
from schemas.topics import TOPICS, Topic
from services.kernel.database import role_url
from services.kernel.settings import Settings

pytestmark = pytest.mark.integration


async def test_a_fresh_database_has_three_roles_and_a_schema_for_every_service(fresh_database: str) -> None:
    settings = Settings(database_url=fresh_database)
    for service in SERVICES:
        owner, writer, reader = roles(service)
        connection = await asyncpg.connect(role_url(settings, owner))
        await connection.execute(
            f"CREATE TABLE {service}.probes (id int); GRANT SELECT ON {service}.probes TO {reader}"
        )
        await connection.close()
        connection = await asyncpg.connect(role_url(settings, reader))
        assert await connection.fetch(f"TABLE {service}.probes") == []
        await connection.close()
        connection = await asyncpg.connect(role_url(settings, writer))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"CREATE TABLE {service}.others (id int)")
        await connection.close()


async def test_no_role_reads_the_schema_of_another_service(fresh_database: str) -> None:
    settings = Settings(database_url=fresh_database)
    connection = await asyncpg.connect(role_url(settings, "hub_intake_owner"))
    await connection.execute("CREATE TABLE intake.probes (id int)")
    await connection.close()
    connection = await asyncpg.connect(role_url(settings, "hub_triage"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("SELECT * FROM intake.probes")
    await connection.close()


async def test_provisioning_again_changes_nothing_and_loses_nothing(fresh_database: str) -> None:
    connection = await asyncpg.connect(role_url(Settings(database_url=fresh_database), "hub_intake_owner"))
    await connection.execute("CREATE TABLE intake.kept AS SELECT 1 AS id")
    await provision(fresh_database)
    assert await connection.fetchval("SELECT id FROM intake.kept") == 1
    await connection.close()


async def test_a_values_detail_never_reaches_the_database_log(fresh_database: str, engines_folder: object) -> None:
    connection = await asyncpg.connect(fresh_database)
    await connection.execute("CREATE TABLE people (name text PRIMARY KEY); INSERT INTO people VALUES ('zzyzx-secret')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO people VALUES ('zzyzx-secret')")
    await connection.close()
    assert "zzyzx-secret" not in (engines_folder / "postgres.log").read_text()  # type: ignore[operator]


async def test_the_catalogue_is_created_once_and_a_second_time_changes_nothing(kafka_topics: str) -> None:
    assert await create_topics(kafka_topics) == []
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_topics)
    await admin.start()
    described = await admin.describe_topics([topic.name for topic in TOPICS])
    await admin.close()
    assert {each["topic"]: len(each["partitions"]) for each in described} == {t.name: t.partitions for t in TOPICS}


async def test_a_topic_with_other_partitions_is_refused(kafka_bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("narrow", 1, 1)])
    await admin.close()
    with pytest.raises(CannotStart, match="narrow has 1 partitions and the catalogue says 24"):
        await create_topics(kafka_bootstrap, [Topic("narrow", "id", "nobody", (), ())])


async def test_a_record_comes_back_from_the_broker(kafka_topics: str) -> None:
    topic = TOPICS[-1].name
    async with AIOKafkaProducer(bootstrap_servers=kafka_topics, enable_idempotence=True) as producer:
        sent = await producer.send_and_wait(topic, b"body", key=b"key")
    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka_topics, auto_offset_reset="earliest") as consumer:
        record = await consumer.getone()
    assert (record.key, record.partition) == (b"key", sent.partition)


def test_every_jar_of_kafka_has_one_version() -> None:
    versions = {jar.version for jar in locked(KAFKA_LOCK) if jar.group == "org.apache.kafka"}
    assert len(versions) == 1
