"""Every query on intake's reports and keys; those on batches stand in `batch_repository`."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.domain.outcomes import Crime
from services.intake.domain.receiving import Report, Superseded
from services.intake.messages import FeedRowRefused

_LOAD = text("""
    SELECT source_key, document FROM reports
    WHERE source_key = ANY(CAST(:sources AS text[])) OR report_id = ANY(CAST(:reports AS uuid[]))
       OR case_id = ANY(CAST(:cases AS uuid[]))
    ORDER BY source_key FOR UPDATE
""")
_SAVE = text("""
    INSERT INTO reports
        (source_key, report_id, reference, partner, source_id, status, received_at, case_id, batch, document)
    SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:ids AS uuid[]), CAST(:references AS text[]),
        CAST(:partners AS text[]), CAST(:source_ids AS text[]), CAST(:statuses AS text[]),
        CAST(:received AS timestamptz[]), CAST(:cases AS uuid[]), CAST(:batches AS text[]), CAST(:documents AS json[]))
    ON CONFLICT (source_key) DO UPDATE SET status = excluded.status, case_id = excluded.case_id,
        document = excluded.document
""")
_LOAD_CRIMES = text("""
    SELECT crime_key, document FROM crimes WHERE crime_key = ANY(CAST(:keys AS text[])) ORDER BY crime_key FOR UPDATE
""")
_SAVE_CRIMES = text("""
    INSERT INTO crimes (crime_key, document)
    SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:documents AS json[]))
    ON CONFLICT (crime_key) DO UPDATE SET document = excluded.document
""")
_SAVE_REVISIONS = text("""
    INSERT INTO report_revisions (source_key, revision, replaced_at, document)
    SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:revisions AS integer[]), CAST(:replaced AS timestamptz[]),
        CAST(:documents AS json[]))
    ON CONFLICT DO NOTHING
""")
_REFUSE = text("""
    INSERT INTO refused_feed_rows (partner, topic, record_offset, reasons)
    VALUES (:partner, :topic, :offset, CAST(:reasons AS json)) ON CONFLICT DO NOTHING
""")
_REFUSED_ROWS = text("""
    SELECT partner, topic, record_offset, reasons, at FROM refused_feed_rows
    WHERE (CAST(:partner AS text) IS NULL OR partner = :partner) AND at < CAST(:before AS timestamptz)
    ORDER BY at DESC LIMIT :most
""")
_ONE = text("SELECT document FROM reports WHERE reference = :reference")
_BY_SOURCE = text("SELECT document FROM reports WHERE partner = :partner AND source_id = :source_id")
_PAGE = text("""
    SELECT document, received_at, report_id FROM reports
    WHERE partner = :partner AND (CAST(:status AS text) IS NULL OR status = :status)
      AND (received_at, report_id) < (CAST(:before AS timestamptz), CAST(:before_id AS uuid))
    ORDER BY received_at DESC, report_id DESC LIMIT :most
""")
_TALLIES = text("SELECT name, value FROM tallies")
_TALLY = text("SELECT coalesce((SELECT value FROM tallies WHERE name = :name), 0)")
_OLDEST_WAITING = text("""
    SELECT reference, received_at, document->>'trace_id' AS trace_id FROM reports WHERE status = 'received'
    ORDER BY received_at LIMIT 1
""")
_COUNT = text("""
    INSERT INTO tallies (name, value) VALUES (:name, :amount)
    ON CONFLICT (name) DO UPDATE SET value = tallies.value + excluded.value
""")
_LAST_HEARD = text("""
    SELECT p.partner, latest.received_at AS at FROM unnest(CAST(:partners AS text[])) AS p (partner)
    CROSS JOIN LATERAL (
        SELECT received_at FROM reports r WHERE r.partner = p.partner ORDER BY received_at DESC, report_id DESC LIMIT 1
    ) latest
""")
_ADD_KEY = text("""
    INSERT INTO api_keys (key_hash, name, partner, scopes, created_at) VALUES (:hash, :name, :partner, :scopes, now())
""")
_FIND_KEY = text("SELECT name, partner, scopes FROM api_keys WHERE key_hash = :hash AND revoked_at IS NULL")
_LIST_KEYS = text("SELECT name, partner, scopes, created_at, revoked_at FROM api_keys ORDER BY created_at")
_REVOKE_KEY = text("UPDATE api_keys SET revoked_at = now() WHERE name = :name AND revoked_at IS NULL")


async def load(connection: AsyncConnection, keys: frozenset[str]) -> dict[str, Any]:
    """Reports by source key, report id or case id, and crimes with all their reports: one query a table."""
    if not keys:
        return {}
    named: dict[str, list[str]] = {"source": [], "report": [], "case": [], "crime": []}
    for key in sorted(keys):
        prefix, _, rest = key.partition(":")
        named[prefix].append(key if prefix in ("source", "crime") else rest)
    crimes = await _load_crimes(connection, named["crime"])
    sources = {*named["source"], *(key for crime in crimes.values() for key in crime.source_keys())}
    values = {"sources": sorted(sources), "reports": named["report"], "cases": named["case"]}
    rows = await connection.execute(_LOAD, values)
    return {row.source_key: Report.model_validate(row.document) for row in rows} | crimes


async def _load_crimes(connection: AsyncConnection, keys: list[str]) -> dict[str, Crime]:
    if not keys:
        return {}
    rows = await connection.execute(_LOAD_CRIMES, {"keys": keys})
    return {row.crime_key: Crime.model_validate(row.document) for row in rows}


def _reasons(refused: FeedRowRefused) -> dict[str, str]:
    return {"reasons": json.dumps(refused.reasons)}


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """The final state of what changed: reports, replaced revisions, crimes, refused rows; one statement a table."""
    refused = [value for value in changed.values() if isinstance(value, FeedRowRefused)]
    if refused:
        await connection.execute(_REFUSE, [each.model_dump(exclude={"reasons"}) | _reasons(each) for each in refused])
    if reports := {key: value for key, value in changed.items() if isinstance(value, Report)}:
        await connection.execute(_SAVE, _report_columns(reports))
    if replaced := [value for value in changed.values() if isinstance(value, Superseded)]:
        await connection.execute(_SAVE_REVISIONS, _revision_columns(replaced))
    if crimes := {key: value for key, value in changed.items() if isinstance(value, Crime)}:
        documents = [crime.model_dump_json() for crime in crimes.values()]
        await connection.execute(_SAVE_CRIMES, {"keys": list(crimes), "documents": documents})


def _report_columns(reports: Mapping[str, Report]) -> dict[str, list[Any]]:
    return {
        "keys": list(reports),
        "ids": [report.facts.report_id for report in reports.values()],
        "references": [report.facts.reference for report in reports.values()],
        "partners": [report.facts.partner for report in reports.values()],
        "source_ids": [report.facts.source_id for report in reports.values()],
        "statuses": [str(report.status) for report in reports.values()],
        "received": [report.facts.received_at for report in reports.values()],
        "cases": [report.case_id for report in reports.values()],
        "batches": [report.facts.batch for report in reports.values()],
        "documents": [report.model_dump_json(exclude_none=True) for report in reports.values()],
    }


def _revision_columns(replaced: list[Superseded]) -> dict[str, list[Any]]:
    return {
        "keys": [each.source_key for each in replaced],
        "revisions": [each.revision for each in replaced],
        "replaced": [each.replaced_at for each in replaced],
        "documents": [each.report.model_dump_json(exclude_none=True) for each in replaced],
    }


async def by_reference(connection: AsyncConnection, reference: str) -> Report | None:
    """The report with that reference, as far as the session may see it."""
    document = (await connection.execute(_ONE, {"reference": reference})).scalar_one_or_none()
    return None if document is None else Report.model_validate(document)


async def by_source(connection: AsyncConnection, partner: str, source_id: str) -> Report | None:
    """The sender's own record."""
    found = await connection.execute(_BY_SOURCE, {"partner": partner, "source_id": source_id})
    document = found.scalar_one_or_none()
    return None if document is None else Report.model_validate(document)


async def page(connection: AsyncConnection, where: Mapping[str, Any]) -> list[Any]:
    """A partner's reports, newest first, from a row on."""
    return list((await connection.execute(_PAGE, dict(where))).all())


async def refused_rows(connection: AsyncConnection, where: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Records of partners' topics that were no report, newest first: where they lie and why, without their values."""
    return [dict(row) for row in (await connection.execute(_REFUSED_ROWS, dict(where))).mappings()]


async def tallies(connection: AsyncConnection) -> dict[str, int]:
    """All kept counts."""
    return {row.name: row.value for row in await connection.execute(_TALLIES)}


async def tally(connection: AsyncConnection, name: str) -> int:
    """One kept count."""
    return int((await connection.execute(_TALLY, {"name": name})).scalar_one())


async def oldest_waiting(connection: AsyncConnection) -> Any | None:
    """The report that has waited longest for a decision."""
    return (await connection.execute(_OLDEST_WAITING)).one_or_none()


async def count(connection: AsyncConnection, name: str, amount: int = 1) -> None:
    """Add to a kept count."""
    await connection.execute(_COUNT, {"name": name, "amount": amount})


async def last_heard(connection: AsyncConnection, partners: list[str]) -> dict[str, datetime]:
    """When a report of each partner was received last; one index look-up each, in one query."""
    return {row.partner: row.at for row in await connection.execute(_LAST_HEARD, {"partners": partners})}


async def add_key(connection: AsyncConnection, key_hash: bytes, name: str, partner: str, scopes: list[str]) -> None:
    """Keep a key's hash; the key itself is never stored."""
    await connection.execute(_ADD_KEY, {"hash": key_hash, "name": name, "partner": partner, "scopes": scopes})


async def find_key(connection: AsyncConnection, key_hash: bytes) -> Any | None:
    """The key with that hash, unless it was revoked."""
    return (await connection.execute(_FIND_KEY, {"hash": key_hash})).one_or_none()


async def list_keys(connection: AsyncConnection) -> list[dict[str, Any]]:
    """All keys, without their hashes."""
    return [dict(row) for row in (await connection.execute(_LIST_KEYS)).mappings()]


async def revoke_key(connection: AsyncConnection, name: str) -> bool:
    """Whether there was such a key to revoke."""
    return bool((await connection.execute(_REVOKE_KEY, {"name": name})).rowcount)
