"""Every query of triage."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.triage.domain.state import Decided, Sightings

_DECISIONS = text("""
    SELECT report_id, document FROM decisions WHERE report_id = ANY(CAST(:keys AS uuid[])) ORDER BY report_id FOR UPDATE
""")
_PLACES = text("""
    SELECT cell AS key, array_agg(CAST(report_id AS text)) AS reports FROM decisions
    WHERE cell = ANY(CAST(:keys AS text[])) AND NOT historic AND received_at > now() - make_interval(days => :days)
    GROUP BY cell
""")
_VICTIMS = text("""
    SELECT v.key, array_agg(CAST(d.report_id AS text)) AS reports
    FROM unnest(CAST(:keys AS text[])) AS v (key) JOIN decisions d ON d.victims @> ARRAY[v.key]
    WHERE d.received_at > now() - make_interval(days => :days)
    GROUP BY v.key
""")
_SAVE = text("""
    INSERT INTO decisions
        (report_id, reference, received_at, historic, cell, victims, disposition, in_review, version, document)
    SELECT d.id, d.reference, d.received_at, d.historic, d.cell,
        CASE WHEN d.victims = '' THEN NULL ELSE string_to_array(d.victims, ',') END,
        d.disposition, d.in_review, d.version, d.document
    FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:received AS timestamptz[]),
        CAST(:historic AS boolean[]), CAST(:cells AS text[]), CAST(:victims AS text[]), CAST(:dispositions AS text[]),
        CAST(:in_review AS boolean[]), CAST(:versions AS integer[]), CAST(:documents AS json[]))
        AS d (id, reference, received_at, historic, cell, victims, disposition, in_review, version, document)
    ON CONFLICT (report_id) DO UPDATE SET disposition = excluded.disposition, in_review = excluded.in_review,
        version = excluded.version, document = excluded.document, cell = excluded.cell, victims = excluded.victims
""")
_REVIEWS = text("""
    SELECT document FROM decisions WHERE in_review AND (received_at, report_id) > (:after, CAST(:after_id AS uuid))
    ORDER BY received_at, report_id LIMIT :most
""")
_BY_REFERENCE = text("SELECT document FROM decisions WHERE reference = :reference")


def _decision(row: Any) -> tuple[str, Any]:
    return f"decision:{row.report_id}", Decided.model_validate(row.document)


def _place(row: Any) -> tuple[str, Any]:
    return f"place:{row.key}", Sightings(reports=frozenset(row.reports))


def _victim(row: Any) -> tuple[str, Any]:
    return f"victim:{row.key}", Sightings(reports=frozenset(row.reports))


_LOADS = (("decision", _DECISIONS, _decision), ("place", _PLACES, _place), ("victim", _VICTIMS, _victim))


async def load(connection: AsyncConnection, keys: Mapping[str, list[str]], days: Mapping[str, int]) -> dict[str, Any]:
    """Decisions, and the sightings within their windows of `days`: one query each, for those of `keys`."""
    state: dict[str, Any] = {}
    for kind, query, read in _LOADS:
        if keys[kind]:
            window = {"days": days[kind]} if kind in days else {}
            rows = await connection.execute(query, {"keys": keys[kind]} | window)
            state |= dict(map(read, rows))
    return state


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """The final decision of each report, one statement; sightings are counted from the decisions themselves."""
    decided = [value for value in changed.values() if isinstance(value, Decided)]
    if not decided:
        return
    reports = [each.report for each in decided]
    await connection.execute(
        _SAVE,
        {
            "ids": [report.report_id for report in reports],
            "references": [report.reference for report in reports],
            "received": [report.received_at for report in reports],
            "historic": [report.historic for report in reports],
            "cells": [report.cell for report in reports],
            "victims": [",".join(each.victims) for each in decided],
            "dispositions": [str(each.decision.disposition) for each in decided],
            "in_review": [each.in_review for each in decided],
            "versions": [each.version for each in decided],
            "documents": [each.model_dump_json(exclude_none=True) for each in decided],
        },
    )


async def reviews(connection: AsyncConnection, where: Mapping[str, Any]) -> list[Decided]:
    """Reports that wait for a person, oldest first."""
    return [Decided.model_validate(row.document) for row in await connection.execute(_REVIEWS, dict(where))]


async def by_reference(connection: AsyncConnection, reference: str) -> Decided | None:
    """The current decision on a report."""
    document = (await connection.execute(_BY_REFERENCE, {"reference": reference})).scalar_one_or_none()
    return None if document is None else Decided.model_validate(document)
