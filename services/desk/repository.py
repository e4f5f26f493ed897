"""Every query that a page asks of the read model; row-level security decides what its session may see."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

VIEWS = ("mine", "team", "unowned", "late", "unanswered", "waiting", "closed")
ACKNOWLEDGED_SHOWN = 2
BRINGS = ("CaseOpened", "ReportJoined", "ReportMoved")
"""Events that bring a report to a case: the latest of them says where it is."""
_UNANSWERED = """
    EXISTS (SELECT 1 FROM model_referrals r WHERE r.case_id = model_cases.case_id
        AND r.status IN ('sent', 'information-requested') AND r.due_at < now())
"""
_VIEW = f"""
    CASE :view
        WHEN 'mine' THEN owner = :me WHEN 'unowned' THEN owner IS NULL WHEN 'late' THEN due_at < now()
        WHEN 'waiting' THEN waiting WHEN 'unanswered' THEN {_UNANSWERED} ELSE true END
"""
_FILTERS = """
    (CAST(:theme AS text) IS NULL OR themes @> ARRAY[CAST(:theme AS text)])
    AND (CAST(:risk AS text) IS NULL OR risk = :risk) AND (CAST(:lead AS text) IS NULL OR lead_agency = :lead)
"""
_OPEN = text(f"""
    SELECT state, due_at, case_id FROM model_cases
    WHERE status = 'open' AND (due_at, case_id) > (CAST(:due AS timestamptz), CAST(:after AS uuid))
      AND {_VIEW} AND {_FILTERS}
    ORDER BY due_at, case_id LIMIT :most
""")  # noqa: S608 both parts are constants of this module
_CLOSED = text("""
    SELECT state, due_at, case_id FROM model_cases WHERE status = 'closed' ORDER BY changed_at DESC LIMIT :most
""")
_COUNTS = text(f"""
    SELECT count(*) AS team, count(*) FILTER (WHERE owner = :me) AS mine,
        count(*) FILTER (WHERE owner IS NULL) AS unowned,
        count(*) FILTER (WHERE due_at < now()) AS late, count(*) FILTER (WHERE waiting) AS waiting,
        count(*) FILTER (WHERE {_UNANSWERED}) AS unanswered, max(changed_at) AS changed_at
    FROM model_cases WHERE status = 'open'
""")  # noqa: S608 the part is a constant of this module
_DANGER = text("""
    SELECT state, count(*) OVER () AS in_all FROM model_cases WHERE status = 'open' AND danger
    ORDER BY coalesce(CAST(state ->> 'danger_since' AS timestamptz), opened_at) DESC LIMIT 20
""")
_ACKNOWLEDGED = text("""
    SELECT c.state, e.at, e.document FROM model_events e JOIN model_cases c USING (case_id)
    WHERE e.type = 'DangerAcknowledged' AND e.at > :since AND c.status = 'open' AND NOT c.danger
    ORDER BY e.at DESC LIMIT :most
""")
_DANGER_IN_REVIEW = text("""
    SELECT r.reference, r.street, r.received_at, d.decision, count(*) OVER () AS waiting
    FROM model_decisions d JOIN model_reports r USING (report_id)
    WHERE d.in_review AND d.decision::jsonb -> 'flags' ? 'danger-now' ORDER BY d.received_at LIMIT :most
""")
_HINT = text("""
    SELECT (SELECT count(*) FROM model_cases WHERE changed_at > :since) AS changed,
        (SELECT count(*) FROM model_cases WHERE status = 'open' AND danger) AS danger
""")
_CASE_HINT = text("SELECT sequence, version, state FROM model_cases WHERE reference = :reference")
_CASE = text("SELECT state, case_id FROM model_cases WHERE reference = :reference")
_TIMELINE = text("""
    SELECT type, at, sequence, trace_id, report_id, document FROM model_events
    WHERE case_id = :case AND sequence < coalesce(CAST(:before AS integer), 2147483647)
    ORDER BY sequence DESC LIMIT :most
""")
_TIME_OF = text("""
    SELECT at FROM model_events WHERE case_id = :case AND sequence >= :sequence ORDER BY sequence LIMIT 1
""")
# Coalesced, since of an equation with a function the planner takes it that one row in two hundred fulfils it, and then
# reads all reports of a long case before it sorts them.
_REPORTS_OF = text("""
    SELECT r.facts, r.personal, r.trace_id, d.decision, d.because, d.decided_at FROM model_events e
    JOIN model_reports r USING (report_id) LEFT JOIN model_decisions d USING (report_id)
    WHERE e.case_id = :case AND e.type = ANY(CAST(:brings AS text[]))
      AND coalesce(case_of(e.report_id) = e.case_id, false)
      AND NOT EXISTS (
        SELECT 1 FROM model_events later WHERE later.case_id = e.case_id AND later.report_id = e.report_id
            AND later.type = ANY(CAST(:brings AS text[])) AND later.sequence > e.sequence)
    ORDER BY e.sequence DESC LIMIT 50
""")
_REFERRALS_OF = text("SELECT state FROM model_referrals WHERE case_id = :case ORDER BY sequence DESC")
_TOLD = text("SELECT about, at, status, state FROM model_notifications WHERE case_id = :case ORDER BY at DESC LIMIT 50")
_BOARD = text("""
    SELECT r.state AS referral, c.state AS case_state FROM model_referrals r JOIN model_cases c USING (case_id)
    WHERE r.panel = :panel AND r.status = ANY(CAST(:statuses AS text[]))
    ORDER BY r.due_at NULLS LAST, r.referral_id LIMIT 200
""")
_OPEN_BY_PANEL = text("""
    SELECT panel, count(*) AS n FROM model_referrals
    WHERE status IN ('sent', 'information-requested', 'accepted', 'scheduled', 'discussed', 'in-progress')
    GROUP BY panel
""")
_REPORT = text("""
    SELECT r.facts, r.personal, r.trace_id, r.withdrawn, d.decision, d.because, d.in_review, d.decided_at,
        c.reference AS case_reference, c.themes AS case_themes
    FROM model_reports r LEFT JOIN model_decisions d USING (report_id)
    LEFT JOIN model_cases c ON c.case_id = case_of(r.report_id) WHERE r.reference = :reference
""")
_SEARCH_REPORTS = text("""
    SELECT r.reference, r.street, r.received_at, r.channel, d.decision, c.themes AS case_themes
    FROM model_reports r LEFT JOIN model_decisions d USING (report_id)
    LEFT JOIN model_cases c ON c.case_id = case_of(r.report_id)
    WHERE r.reference = :reference OR r.source_id = :words ORDER BY r.received_at DESC LIMIT 20
""")
_SEARCH_CASES = text("""
    SELECT state, reference = :reference
        OR case_id IN (SELECT case_id FROM model_referrals WHERE reference = :reference) AS named
    FROM model_cases
    WHERE reference = :reference OR lower(street) = lower(:words)
       OR case_id IN (SELECT case_id FROM model_referrals WHERE reference = :reference)
    ORDER BY opened_at DESC LIMIT 50
""")
_FLOW = text("""
    SELECT r.channel, r.partner, decision->'themes'->>0 AS theme, decision->>'lead_agency' AS lead, d.in_review,
        count(*) AS n
    FROM model_decisions d JOIN model_reports r USING (report_id) WHERE NOT d.historic GROUP BY 1, 2, 3, 4, 5
""")
_FLOW_TO_PANELS = text("""
    SELECT c.lead_agency AS lead, r.panel, count(*) AS n FROM model_referrals r JOIN model_cases c USING (case_id)
    GROUP BY 1, 2
""")
_LATEST = text("""
    SELECT r.reference, r.channel, r.received_at, d.decision, d.in_review
    FROM model_decisions d JOIN model_reports r USING (report_id)
    WHERE NOT d.historic ORDER BY d.decided_at DESC LIMIT 1
""")
_TRACED = text("""
    SELECT r.reference, r.received_at, r.trace_id FROM model_decisions d JOIN model_reports r USING (report_id)
    WHERE NOT d.historic AND r.trace_id IS NOT NULL ORDER BY d.decided_at DESC LIMIT 5
""")
_TOTALS = text("""
    SELECT (SELECT count(*) FROM model_reports) AS reports, (SELECT count(*) FROM model_cases) AS cases,
        (SELECT count(*) FROM model_decisions WHERE historic) AS historic,
        (SELECT count(*) FROM model_cases WHERE status = 'open') AS open_cases,
        (SELECT count(*) FROM model_cases WHERE status = 'open' AND due_at < now()) AS late,
        (SELECT count(*) FROM model_referrals) AS referrals,
        (SELECT count(*) FROM model_cases WHERE lead_agency IS NULL) AS without_lead
""")


async def worklist(connection: AsyncConnection, where: Mapping[str, Any]) -> Sequence[Any]:
    """A page of open cases, soonest due first, from a row on."""
    return (await connection.execute(_OPEN, dict(where))).all()


async def closed(connection: AsyncConnection, most: int) -> Sequence[Any]:
    """The cases that were closed last."""
    return (await connection.execute(_CLOSED, {"most": most})).all()


async def counts(connection: AsyncConnection, me: str) -> Any:
    """How many open cases stand in each view."""
    return (await connection.execute(_COUNTS, {"me": me})).one()


async def hint(connection: AsyncConnection, since: datetime) -> Any:
    """How many cases changed since, and how many stand in danger."""
    return (await connection.execute(_HINT, {"since": since})).one()


async def case_hint(connection: AsyncConnection, reference: str) -> Any | None:
    """At which sequence and version a case stands."""
    return (await connection.execute(_CASE_HINT, {"reference": reference})).one_or_none()


async def acknowledged(connection: AsyncConnection, since: datetime) -> Sequence[Any]:
    """The dangers that were acknowledged last, newest first."""
    asked = {"since": since, "most": ACKNOWLEDGED_SHOWN}
    return (await connection.execute(_ACKNOWLEDGED, asked)).all()


async def danger_in_review(connection: AsyncConnection, most: int) -> Sequence[Any]:
    """Reports of danger without a case yet, as a person must decide on them: the oldest, with how many wait in all."""
    return (await connection.execute(_DANGER_IN_REVIEW, {"most": most})).all()


async def danger(connection: AsyncConnection) -> tuple[list[dict[str, Any]], int]:
    """Cases whose danger nobody has acknowledged, the newest first, and how many there are beyond these."""
    rows = (await connection.execute(_DANGER)).all()
    return [row.state for row in rows], rows[0].in_all - len(rows) if rows else 0


async def case(connection: AsyncConnection, reference: str) -> dict[str, Any] | None:
    """A case's state."""
    found: dict[str, Any] | None = (await connection.execute(_CASE, {"reference": reference})).scalar_one_or_none()
    return found


async def timeline(
    connection: AsyncConnection, case_id: UUID | str, most: int, before: int | None = None
) -> Sequence[Any]:
    """A page of a case's entries, newest first, from before a sequence on."""
    return (await connection.execute(_TIMELINE, {"case": case_id, "most": most, "before": before})).all()


async def time_of(connection: AsyncConnection, case_id: UUID | str, sequence: int) -> datetime | None:
    """When the case's event with that sequence happened, or the next one after it."""
    asked = {"case": case_id, "sequence": sequence}
    found: datetime | None = (await connection.execute(_TIME_OF, asked)).scalar_one_or_none()
    return found


async def reports_of(connection: AsyncConnection, case_id: UUID | str) -> Sequence[Any]:
    """A case's reports with their decisions, newest first."""
    return (await connection.execute(_REPORTS_OF, {"case": case_id, "brings": list(BRINGS)})).all()


async def referrals_of(connection: AsyncConnection, case_id: UUID | str) -> list[dict[str, Any]]:
    """A case's referrals."""
    return [row.state for row in await connection.execute(_REFERRALS_OF, {"case": case_id})]


async def told(connection: AsyncConnection, case_id: UUID | str) -> Sequence[Any]:
    """Messages about a case."""
    return (await connection.execute(_TOLD, {"case": case_id})).all()


async def board(connection: AsyncConnection, panel: str, statuses: Sequence[str]) -> Sequence[Any]:
    """A panel's referrals in these states, with their cases."""
    return (await connection.execute(_BOARD, {"panel": panel, "statuses": list(statuses)})).all()


async def open_by_panel(connection: AsyncConnection) -> dict[str, int]:
    """How many open referrals each panel and destination has, of those that the session may see."""
    return {row.panel: row.n for row in await connection.execute(_OPEN_BY_PANEL)}


async def report(connection: AsyncConnection, reference: str) -> Any | None:
    """A report with its decision and case."""
    return (await connection.execute(_REPORT, {"reference": reference})).one_or_none()


async def search(connection: AsyncConnection, words: str, reference: str | None) -> tuple[list[Any], list[Any]]:
    """Cases and reports by reference, sender's id or place; `named` says of a case that it was found by a reference."""
    asked = {"words": words, "reference": reference}
    cases = list((await connection.execute(_SEARCH_CASES, asked)).all())
    return cases, list((await connection.execute(_SEARCH_REPORTS, asked)).all())


async def flow(connection: AsyncConnection) -> tuple[Sequence[Any], Sequence[Any]]:
    """Counts from channel to theme to lead, and from lead to panel, for the demonstration's picture."""
    return (await connection.execute(_FLOW)).all(), (await connection.execute(_FLOW_TO_PANELS)).all()


async def latest(connection: AsyncConnection) -> Any | None:
    """The report that was decided last."""
    return (await connection.execute(_LATEST)).one_or_none()


async def traced(connection: AsyncConnection) -> Sequence[Any]:
    """The reports that were decided last and have a trace: references and times only."""
    return (await connection.execute(_TRACED)).all()


async def totals(connection: AsyncConnection) -> Any:
    """The demonstration's headline numbers."""
    return (await connection.execute(_TOTALS)).one()
