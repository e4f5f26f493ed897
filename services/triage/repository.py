"""Every query of triage."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.triage.domain.rule_versions import IN_FORCE
from services.triage.domain.sampling import waits
from services.triage.domain.state import (
    Decided,
    Sighting,
    Sightings,
    Superseded,
    happened,
    is_counted,
    suspects_of,
    visible_to,
)

COUNTED_AT_MOST = 50
"""Reports of one place or one victim that are looked at, the latest; no threshold is near it."""
SHOWN_AT_MOST = 50
"""Earlier decisions on one report that a page shows."""

# With the number of the rules in force, which every batch needs: to a report alone each statement more is a tenth.
_DECISIONS = text("""
    WITH known AS MATERIALIZED (
        SELECT report_id, document FROM decisions WHERE report_id = ANY(CAST(:keys AS uuid[])) ORDER BY report_id
        FOR UPDATE
    )
    SELECT report_id, document, NULL AS number FROM known
    UNION ALL SELECT NULL, NULL, number FROM rule_sets WHERE status = 'published'
""")
_PLACES = text("""
    SELECT 'place:' || k.key AS key, d.report_id, d.reference, d.happened_at, d.timed, d.cell, d.themes, d.victims,
        d.suspects, d.historic
    FROM unnest(CAST(:keys AS text[])) AS k (key) CROSS JOIN LATERAL (
        SELECT * FROM decisions WHERE cell = k.key AND counted ORDER BY happened_at DESC LIMIT :most
    ) AS d
""")
_VICTIMS = text("""
    SELECT 'victim:' || k.key AS key, d.report_id, d.reference, d.happened_at, d.timed, d.cell, d.themes, d.victims,
        d.suspects, d.historic
    FROM unnest(CAST(:keys AS text[])) AS k (key) CROSS JOIN LATERAL (
        SELECT * FROM decisions WHERE victims @> ARRAY[k.key] AND counted ORDER BY happened_at DESC LIMIT :most
    ) AS d
""")
_SAVE = text("""
    INSERT INTO decisions
        (report_id, reference, received_at, historic, cell, victims, disposition, in_review, version, document,
        happened_at, timed, themes, suspects, counted, visible_to, sample_waits)
    SELECT d.id, d.reference, d.received_at, d.historic, d.cell, nullif(string_to_array(d.victims, ','), '{}'),
        d.disposition, d.in_review, d.version, d.document, d.happened_at, d.timed, string_to_array(d.themes, ','),
        nullif(string_to_array(d.suspects, ','), '{}'), d.counted, string_to_array(d.visible, ','),
        d.sample
    FROM unnest(CAST(:ids AS uuid[]), CAST(:references AS text[]), CAST(:received AS timestamptz[]),
        CAST(:historic AS boolean[]), CAST(:cells AS text[]), CAST(:victims AS text[]), CAST(:dispositions AS text[]),
        CAST(:in_review AS boolean[]), CAST(:versions AS integer[]), CAST(:documents AS json[]),
        CAST(:happened AS timestamptz[]), CAST(:timed AS boolean[]), CAST(:themes AS text[]), CAST(:suspects AS text[]),
        CAST(:counted AS boolean[]), CAST(:visible AS text[]), CAST(:samples AS boolean[]))
        AS d (id, reference, received_at, historic, cell, victims, disposition, in_review, version, document,
            happened_at, timed, themes, suspects, counted, visible, sample)
    ON CONFLICT (report_id) DO UPDATE SET disposition = excluded.disposition, in_review = excluded.in_review,
        version = excluded.version, document = excluded.document, cell = excluded.cell, victims = excluded.victims,
        happened_at = excluded.happened_at, timed = excluded.timed, themes = excluded.themes,
        suspects = excluded.suspects, counted = excluded.counted, visible_to = excluded.visible_to,
        historic = excluded.historic, sample_waits = excluded.sample_waits
""")
_SAVE_HISTORY = text("""
    INSERT INTO decision_history (report_id, version, decided_at, decided_by, rule_set, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS integer[]), CAST(:times AS timestamptz[]),
        CAST(:who AS text[]), CAST(:rule_sets AS text[]), CAST(:documents AS json[]))
    ON CONFLICT DO NOTHING
""")
_HISTORY = text("""
    SELECT document FROM decision_history WHERE report_id = CAST(:report AS uuid) ORDER BY version DESC
    LIMIT :most
""")
_SUPERSEDED = text("""
    SELECT 'history:' || h.report_id || ':' || h.version AS key, h.document FROM decision_history h
    JOIN unnest(CAST(:reports AS uuid[]), CAST(:versions AS integer[])) AS k (report_id, version)
        USING (report_id, version)
""")
_REVIEWS = text("""
    SELECT document, received_at FROM decisions
    WHERE in_review AND (received_at, report_id) > (CAST(:after AS timestamptz), CAST(:after_id AS uuid))
      AND (CAST(:sees_all AS boolean) OR visible_to && CAST(:agencies AS text[]))
    ORDER BY received_at, report_id LIMIT :most
""")
_SAMPLES = text("""
    SELECT document FROM decisions WHERE sample_waits AND received_at >= :since
      AND (CAST(:sees_all AS boolean) OR visible_to && CAST(:agencies AS text[]))
    ORDER BY received_at, report_id LIMIT :most
""")
_SAMPLED = text("SELECT name, value FROM tallies WHERE name LIKE 'sample/%'")
_WAITING = text("""
    SELECT count(*) FROM decisions
    WHERE in_review AND (CAST(:sees_all AS boolean) OR visible_to && CAST(:agencies AS text[]))
""")
_QUALITY = text("SELECT name, value FROM tallies WHERE name LIKE 'rule/%'")
_BY_REFERENCE = text("SELECT document FROM decisions WHERE reference = :reference")


class Placed(NamedTuple):
    """A decision where a list has it: by when the report first came, which a correction leaves as it was."""

    decided: Decided
    received_at: datetime


_SIGHTED = (("place", _PLACES), ("victim", _VICTIMS))


def _sighting(row: Any) -> Sighting:
    return Sighting(
        report_id=str(row.report_id),
        reference=row.reference,
        happened_at=row.happened_at,
        timed=row.timed,
        cell=row.cell,
        themes=tuple(row.themes),
        victims=tuple(row.victims or ()),
        suspects=tuple(row.suspects or ()),
        historic=row.historic,
    )


async def load(connection: AsyncConnection, keys: Mapping[str, list[str]]) -> dict[str, Any]:
    """Decisions, with which rules are in force, and the latest sightings at places and of victims: a query each."""
    state: dict[str, Any] = {}
    if keys["decision"]:
        rows = (await connection.execute(_DECISIONS, {"keys": keys["decision"]})).all()
        state[IN_FORCE] = next((row.number for row in rows if row.number is not None), None)
        state |= {f"decision:{row.report_id}": Decided.model_validate(row.document) for row in rows if row.report_id}
    for kind, query in _SIGHTED:
        if keys[kind]:
            found: dict[str, list[Sighting]] = {}
            for row in await connection.execute(query, {"keys": keys[kind], "most": COUNTED_AT_MOST}):
                found.setdefault(row.key, []).append(_sighting(row))
            state |= {key: Sightings(reports=tuple(reports)) for key, reports in found.items()}
    return state


async def save(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """The final decision of each report and those superseded; sightings are counted from the decisions themselves."""
    superseded = [value.decided for value in changed.values() if isinstance(value, Superseded)]
    if superseded:
        await connection.execute(_SAVE_HISTORY, _history_columns(superseded))
    decided = [value for value in changed.values() if isinstance(value, Decided)]
    if not decided:
        return
    await connection.execute(_SAVE, _columns(decided))


def _columns(decided: list[Decided]) -> dict[str, list[Any]]:
    reports = [each.report for each in decided]
    times = [happened(report) for report in reports]
    return {
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
        "happened": [happened_at for happened_at, _ in times],
        "timed": [timed for _, timed in times],
        "themes": [",".join(each.decision.settled_themes) for each in decided],
        "suspects": [",".join(suspects_of(each.personal)) for each in decided],
        "counted": [is_counted(each.report) and not each.withdrawn for each in decided],
        "visible": [",".join(visible_to(each.decision)) for each in decided],
        "samples": [waits(each) for each in decided],
    }


def _history_columns(superseded: list[Decided]) -> dict[str, list[Any]]:
    return {
        "ids": [each.report.report_id for each in superseded],
        "versions": [each.version for each in superseded],
        "times": [each.decided_at for each in superseded],
        "who": [each.decided_by for each in superseded],
        "rule_sets": [each.decision.rule_set for each in superseded],
        "documents": [each.model_dump_json(exclude_none=True) for each in superseded],
    }


async def history(connection: AsyncConnection, report_id: UUID) -> list[Decided]:
    """The decisions that others took the place of, latest first."""
    rows = await connection.execute(_HISTORY, {"report": report_id, "most": SHOWN_AT_MOST})
    return [Decided.model_validate(row.document) for row in rows]


async def superseded(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, Any]:
    """The decisions that others took the place of, of the keys `history:<report>:<version>` among `keys`."""
    named = [key.split(":")[1:] for key in keys if key.startswith("history:")]
    if not named:
        return {}
    wanted = {"reports": [report for report, _ in named], "versions": [int(version) for _, version in named]}
    rows = await connection.execute(_SUPERSEDED, wanted)
    return {row.key: Superseded(decided=Decided.model_validate(row.document)) for row in rows}


async def waiting(connection: AsyncConnection, rights: Mapping[str, Any]) -> int:
    """How many reports in review somebody with these rights may answer."""
    return int((await connection.execute(_WAITING, dict(rights))).scalar_one())


async def rule_tallies(connection: AsyncConnection) -> dict[str, int]:
    """The kept counts of the rules."""
    return {row.name: row.value for row in await connection.execute(_QUALITY)}


async def reviews(connection: AsyncConnection, where: Mapping[str, Any]) -> list[Placed]:
    """Reports that wait for a person, oldest first."""
    rows = await connection.execute(_REVIEWS, dict(where))
    return [Placed(Decided.model_validate(row.document), row.received_at) for row in rows]


async def samples(connection: AsyncConnection, where: Mapping[str, Any]) -> list[Decided]:
    """Reports decided without a person that one is to look at, oldest first."""
    return [Decided.model_validate(row.document) for row in await connection.execute(_SAMPLES, dict(where))]


async def sample_tallies(connection: AsyncConnection) -> dict[str, int]:
    """How many samples were right, and how many wrong."""
    return {row.name.removeprefix("sample/"): row.value for row in await connection.execute(_SAMPLED)}


async def by_reference(connection: AsyncConnection, reference: str) -> Decided | None:
    """The current decision on a report."""
    document = (await connection.execute(_BY_REFERENCE, {"reference": reference})).scalar_one_or_none()
    return None if document is None else Decided.model_validate(document)
