"""Every query on what hangs on a case: marks, reports, people, tasks, proposals."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.personal import Plain
from services.referrals.domain.parts import (
    CasePerson,
    CaseReport,
    Link,
    Matches,
    People,
    Proposal,
    Routed,
    Task,
    Tasks,
    people_key,
    proposal_key,
    proposals_key,
    reports_key,
    tasks_key,
)

PEOPLE_AT_MOST = 2_000
"""People of one case that are known when a report comes to it, those not safe to contact first.

Whoever is beyond is taken for somebody new where a report names her again.
"""

_REPORTS = text("""
    SELECT r.case_id, r.routed, e.document FROM case_reports r JOIN case_events e USING (event_id)
    WHERE r.case_id = ANY(CAST(:keys AS uuid[]))
    ORDER BY CAST(e.document->'report'->>'received_at' AS timestamptz), r.reference
""")
_PEOPLE = text("""
    SELECT found.case_id, found.document FROM unnest(CAST(:keys AS uuid[])) AS wanted (case_id)
    CROSS JOIN LATERAL (
        SELECT p.case_id, p.document FROM case_people p WHERE p.case_id = wanted.case_id
        ORDER BY p.safe <> 'no', p.person_id LIMIT :most
    ) AS found
""")
_TASKS = text("""
    SELECT case_id, document FROM case_tasks
    WHERE case_id = ANY(CAST(:keys AS uuid[])) AND (status = 'open' OR entitlement IS NOT NULL) ORDER BY task_id
""")
_PROPOSALS = text("SELECT document FROM case_proposals WHERE proposal_id = ANY(CAST(:keys AS uuid[]))")
_OPEN_PROPOSALS = text("""
    SELECT wanted.case_id, p.document FROM unnest(CAST(:keys AS uuid[])) AS wanted (case_id)
    JOIN case_proposals p ON (p.case_id = wanted.case_id OR p.other_case_id = wanted.case_id) AND p.status = 'open'
    ORDER BY p.proposal_id
""")
_SAVE_MATCHES = text("""
    INSERT INTO case_matches (key, case_id, seen_at)
    SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:cases AS uuid[]), CAST(:seen AS timestamptz[]))
    ON CONFLICT (key, case_id) DO UPDATE SET seen_at = greatest(case_matches.seen_at, excluded.seen_at)
""")
_SAVE_LINKS = text("""
    INSERT INTO case_reports (report_id, case_id, reference, event_id)
    SELECT * FROM unnest(CAST(:keys AS uuid[]), CAST(:cases AS uuid[]), CAST(:references AS text[]),
        CAST(:events AS uuid[]))
    ON CONFLICT (report_id) DO UPDATE SET case_id = excluded.case_id, event_id = excluded.event_id,
        placed = CASE WHEN case_reports.case_id = excluded.case_id THEN case_reports.placed ELSE excluded.placed END
""")
_SAVE_ROUTED = text("""
    UPDATE case_reports r SET routed = v.document
    FROM unnest(CAST(:keys AS uuid[]), CAST(:documents AS json[])) AS v (report_id, document)
    WHERE r.report_id = v.report_id
""")
_SAVE_PEOPLE = text("""
    INSERT INTO case_people (person_id, case_id, role, safe, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:cases AS uuid[]), CAST(:roles AS text[]), CAST(:safe AS text[]),
        CAST(:documents AS json[]))
    ON CONFLICT (person_id) DO UPDATE SET case_id = excluded.case_id, role = excluded.role, safe = excluded.safe,
        document = excluded.document
""")
_SAVE_TASKS = text("""
    INSERT INTO case_tasks (task_id, case_id, status, due_at, entitlement, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:cases AS uuid[]), CAST(:statuses AS text[]),
        CAST(:due AS timestamptz[]), CAST(:entitlements AS text[]), CAST(:documents AS json[]))
    ON CONFLICT (task_id) DO UPDATE SET case_id = excluded.case_id, status = excluded.status,
        due_at = excluded.due_at, document = excluded.document
""")
_SAVE_PROPOSALS = text("""
    INSERT INTO case_proposals (proposal_id, case_id, other_case_id, status, document)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:cases AS uuid[]), CAST(:others AS uuid[]),
        CAST(:statuses AS text[]), CAST(:documents AS json[]))
    ON CONFLICT (proposal_id) DO UPDATE SET case_id = excluded.case_id, other_case_id = excluded.other_case_id,
        status = excluded.status, document = excluded.document
""")
_REFERENCES_OF = text("""
    SELECT reference FROM case_reports WHERE case_id = :case ORDER BY placed DESC LIMIT :most
""")
_PROPOSAL = text("SELECT document FROM case_proposals WHERE proposal_id = :id")
_PEOPLE_OF = text("SELECT document FROM case_people WHERE case_id = :case ORDER BY person_id LIMIT :most")
_TASKS_OF = text("""
    SELECT document FROM case_tasks WHERE case_id = :case
    ORDER BY status <> 'open', due_at NULLS LAST, task_id LIMIT :most
""")
_PROPOSALS_OF = text("""
    SELECT document FROM case_proposals WHERE (case_id = :case OR other_case_id = :case) AND status = 'open'
    ORDER BY proposal_id LIMIT :most
""")


def named(keys: Iterable[str], prefix: str) -> list[str]:
    """What the keys with that prefix name, in order."""
    return sorted(key.removeprefix(prefix) for key in keys if key.startswith(prefix))


async def load_parts(
    connection: AsyncConnection, cases: Sequence[UUID], matched: frozenset[str], keys: frozenset[str]
) -> dict[str, Any]:
    """Tasks of all `cases`; people of the `matched` ones; people, reports and proposals that `keys` name."""
    state: dict[str, Any] = {}
    if cases:
        state |= await _grouped(connection, _TASKS, {"keys": sorted(cases)}, Task, tasks_key, _tasks)
    people = sorted({*matched, *named(keys, "people:")})
    if people:
        asked = {"keys": people, "most": PEOPLE_AT_MOST}
        state |= await _grouped(connection, _PEOPLE, asked, CasePerson, people_key, _people)
    if reports := named(keys, "reports:"):
        state |= await _reports(connection, reports)
    return state | await _proposals(connection, keys)


async def _proposals(connection: AsyncConnection, keys: frozenset[str]) -> dict[str, Any]:
    """Proposals by their own id, and the open ones of a case on either side."""
    state: dict[str, Any] = {}
    if proposals := named(keys, "proposal:"):
        for row in await connection.execute(_PROPOSALS, {"keys": proposals}):
            proposal = Proposal.model_validate(row.document)
            state[proposal_key(proposal.state.proposal_id)] = proposal
    if waiting := named(keys, "proposals:"):
        for row in await connection.execute(_OPEN_PROPOSALS, {"keys": waiting}):
            key = proposals_key(row.case_id)
            state[key] = (*state.get(key, ()), Proposal.model_validate(row.document))
    return state


def _tasks(rows: list[Any]) -> Tasks:
    return Tasks(tasks=tuple(rows))


def _people(rows: list[Any]) -> People:
    return People(people=tuple(rows))


async def _grouped(
    connection: AsyncConnection,
    statement: TextClause,
    asked: Mapping[str, Any],
    model: type[Task] | type[CasePerson],
    key: Callable[[Any], str],
    made: Callable[[list[Any]], Any],
) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for row in await connection.execute(statement, dict(asked)):
        found.setdefault(key(row.case_id), []).append(model.model_validate(row.document))
    return {name: made(rows) for name, rows in found.items()}


async def _reports(connection: AsyncConnection, cases: list[str]) -> dict[str, Any]:
    found: dict[str, list[CaseReport]] = {reports_key(case): [] for case in cases}
    for row in await connection.execute(_REPORTS, {"keys": cases}):
        personal = row.document.get("personal")
        words = Plain.model_validate(personal) if personal else None
        report = CaseReport(facts=row.document["report"], personal=words, routed=row.routed)
        found[reports_key(row.case_id)].append(report)
    return {key: tuple(reports) for key, reports in found.items()}


def _match_columns(matches: Mapping[str, Matches]) -> dict[str, list[Any]]:
    rows = sorted((key, match.case_id, match.seen_at) for key, found in matches.items() for match in found.cases)
    return {"keys": [row[0] for row in rows], "cases": [row[1] for row in rows], "seen": [row[2] for row in rows]}


def _link_columns(links: Mapping[str, Link]) -> dict[str, list[Any]]:
    return {
        "keys": [key.removeprefix("link:") for key in links],
        "cases": [link.case_id for link in links.values()],
        "references": [link.reference for link in links.values()],
        "events": [link.event_id for link in links.values()],
    }


def _routed_columns(routed: Mapping[str, Routed]) -> dict[str, list[Any]]:
    rows = sorted(routed.values(), key=lambda each: each.report_id)
    return {"keys": [each.report_id for each in rows], "documents": [each.model_dump_json() for each in rows]}


def _person_columns(people: Mapping[str, CasePerson]) -> dict[str, list[Any]]:
    states = [person.state for person in people.values()]
    return {
        "ids": [state.person_id for state in states],
        "cases": [state.case_id for state in states],
        "roles": [state.role for state in states],
        "safe": [state.safe for state in states],
        "documents": [person.model_dump_json() for person in people.values()],
    }


def _task_columns(tasks: Mapping[str, Task]) -> dict[str, list[Any]]:
    states = [task.state for task in tasks.values()]
    return {
        "ids": [state.task_id for state in states],
        "cases": [state.case_id for state in states],
        "statuses": [state.status for state in states],
        "due": [state.due_at for state in states],
        "entitlements": [state.entitlement for state in states],
        "documents": [task.model_dump_json() for task in tasks.values()],
    }


def _proposal_columns(proposals: Mapping[str, Proposal]) -> dict[str, list[Any]]:
    states = [proposal.state for proposal in proposals.values()]
    return {
        "ids": [state.proposal_id for state in states],
        "cases": [state.case_id for state in states],
        "others": [state.other_case_id for state in states],
        "statuses": [state.status for state in states],
        "documents": [proposal.model_dump_json() for proposal in proposals.values()],
    }


_WRITES: tuple[tuple[type[Any], TextClause, Callable[[Any], dict[str, list[Any]]]], ...] = (
    (Matches, _SAVE_MATCHES, _match_columns),
    (Link, _SAVE_LINKS, _link_columns),
    (Routed, _SAVE_ROUTED, _routed_columns),
    (CasePerson, _SAVE_PEOPLE, _person_columns),
    (Task, _SAVE_TASKS, _task_columns),
    (Proposal, _SAVE_PROPOSALS, _proposal_columns),
)


async def save_parts(connection: AsyncConnection, changed: Mapping[str, Any]) -> None:
    """What changed of them, one statement a table."""
    for kind, statement, columns in _WRITES:
        rows = {key: value for key, value in changed.items() if isinstance(value, kind)}
        if rows:
            await connection.execute(statement, columns(rows))


async def references_of(connection: AsyncConnection, case_id: UUID, most: int) -> list[str]:
    """The references of a case's newest reports, in the order in which they came."""
    return list((await connection.execute(_REFERENCES_OF, {"case": case_id, "most": most})).scalars())[::-1]


async def proposal(connection: AsyncConnection, proposal_id: UUID) -> Proposal | None:
    """A proposal, for those who see both cases."""
    document = (await connection.execute(_PROPOSAL, {"id": proposal_id})).scalar_one_or_none()
    return None if document is None else Proposal.model_validate(document)


async def people_of(connection: AsyncConnection, case_id: UUID, most: int) -> list[CasePerson]:
    """The people of a case."""
    rows = await connection.execute(_PEOPLE_OF, {"case": case_id, "most": most})
    return [CasePerson.model_validate(row.document) for row in rows]


async def tasks_of(connection: AsyncConnection, case_id: UUID, most: int) -> list[Task]:
    """The tasks of a case, open ones first."""
    rows = await connection.execute(_TASKS_OF, {"case": case_id, "most": most})
    return [Task.model_validate(row.document) for row in rows]


async def proposals_of(connection: AsyncConnection, case_id: UUID, most: int) -> list[Proposal]:
    """Open proposals on either side, for those who see both."""
    rows = await connection.execute(_PROPOSALS_OF, {"case": case_id, "most": most})
    return [Proposal.model_validate(row.document) for row in rows]
