"""Take a report in, once: new, the same again, the same id with other content, a correction, a withdrawal."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from schemas import topics
from schemas.codes import ReportStatus
from schemas.events import ReportFacts, ReportReceived, ReportWithdrawn
from schemas.personal import seal
from schemas.submission import Submission
from services.intake.domain import urgency
from services.intake.domain.places import locate
from services.intake.messages import ReceiveReport
from services.kernel.decision import Context, Decision, NewEvent
from services.kernel.references import reference
from services.partnership.models import Partnership

_OF_CASE = ("case_id", "case_reference", "case_disposition", "case_closed")
_REPORTS = UUID("5f0c2f0a-5a0b-5c55-9a51-0a1f2f6f2d01")
DANGER_ADVICE = (
    "If someone is in danger now, call 999. If you cannot speak, call 999, listen, and press 55. This report has been "
    "put in front of a person, but it does not send the police."
)


def report_id(partner: str, source_id: str) -> UUID:
    """The same record of the same sender is the same report, even after a restore."""
    return uuid5(_REPORTS, f"{partner}/{source_id}")


def message_id(report: UUID, revision: int) -> UUID:
    """The cause of a report's events: the same whenever the same revision comes again."""
    return uuid5(report, f"revision/{revision}")


def content_id(report: UUID, submission: Submission) -> UUID:
    """The cause of an extract's row, which has no revision of its own: the same whenever the same content comes."""
    return uuid5(report, f"content/{content_hash(submission)}")


class Report(BaseModel):
    """A report as intake keeps it: its receipt, and what it was made of."""

    model_config = ConfigDict(frozen=True)
    facts: ReportFacts
    content_hash: str
    status: ReportStatus = ReportStatus.RECEIVED
    withdrawn: bool = False
    trace_id: str | None = None
    updated_at: datetime
    decided_at: datetime | None = None
    handled_by: str | None = None
    reason: str | None = None
    closed_reason: str | None = None
    decision: dict[str, Any] | None = None
    case_id: UUID | None = None
    case_reference: str | None = None
    case_disposition: str | None = None
    case_closed: str | None = None  # its outcome: a correction does not re-open the case
    status_code: str | None = None
    released: bool = False
    earlier: tuple[str, ...] = ()
    """Hashes of what the sender said before: an older extract that comes again adds nothing."""
    extract: Submission | None = None
    """An extract's row, from which a later outcome makes the report anew; open data."""
    batch_waits: str | None = None
    """The batch that counts this report's next decision."""


class Superseded(BaseModel):
    """A revision that a later one replaced, as it stood then: history."""

    model_config = ConfigDict(frozen=True)
    source_key: str
    revision: int
    replaced_at: datetime
    report: Report


@dataclass(frozen=True, slots=True)
class Accepted:
    """The report is in: for the first time, again (`duplicate`), corrected or withdrawn."""

    report: Report
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a report was not taken; nothing changed."""

    code: Literal["source-id-reused", "superseded", "unknown-category"]
    field: str
    message: str


UNKNOWN_CATEGORY = Refused("unknown-category", "/category", "It is none of GET /api/v1/categories.")


class Rules(Protocol):
    """What intake goes by."""

    partnership: Partnership
    categories: frozenset[str]


def source_key(partner: str, source_id: str) -> str:
    """The match key of a sender's record."""
    return f"source:{partner}/{source_id}"


def content_hash(submission: Submission) -> str:
    """A hash of everything the sender said; equal content has an equal hash whatever the order of its fields."""
    said = submission.model_dump(mode="json", exclude={"revision"}, exclude_defaults=True)
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def receive(known: Report | None, command: ReceiveReport, trace_id: str | None, context: Context) -> Decision:
    """Decide one `ReceiveReport`."""
    submission, rules = command.submission, context.rules
    if submission.category is not None and submission.category not in rules.categories:
        return Decision(answer=UNKNOWN_CATEGORY)
    digest = content_hash(submission)
    if known is not None:
        refusal = _against(known, command, digest)
        if refusal is not None:
            return Decision(answer=refusal)
        command = _numbered(known, command)
    taken = _take(known, command, digest, trace_id, context)
    # The page's own number may be that of an earlier revision, whose events have had the ids that it gives.
    return replace(taken, cause=message_id(command.report_id, command.submission.revision)) if command.newest else taken


def _says_the_same(known: Report, command: ReceiveReport, digest: str) -> bool:
    of_call = (known.facts.line, known.facts.grade) == (command.line, command.grade)
    return digest == known.content_hash and of_call


def _numbered(known: Report, command: ReceiveReport) -> ReceiveReport:
    """What has no revisions of its own, an extract's row or what one person writes on one page, is the next one."""
    if not (command.extract or command.newest):
        return command
    following = command.submission.model_copy(update={"revision": known.facts.revision + 1})
    return command.model_copy(update={"submission": following})


def correct_outcome(known: Report, outcome: str, batch: str | None, trace_id: str | None, context: Context) -> Decision:
    """The next revision of an extract's report, with the outcome that its crime has now."""
    facts = known.facts
    submission = (known.extract or Submission(source_id=facts.source_id, category=facts.category)).model_copy(
        update={"revision": facts.revision + 1}
    )
    command = ReceiveReport(
        report_id=facts.report_id,
        partner=str(facts.partner),
        channel=facts.channel,
        submission=submission,
        received_at=context.now,
        batch=batch,
        outcome=outcome,
        extract=True,
    )
    return _take(known, command, known.content_hash, trace_id, context)


def _against(known: Report, command: ReceiveReport, digest: str) -> Refused | Accepted | None:
    submission = command.submission
    if command.extract:
        return Accepted(known, duplicate=True) if digest in (known.content_hash, *known.earlier) else None
    if command.newest:
        return Accepted(known, duplicate=True) if _says_the_same(known, command, digest) else None
    if submission.revision == known.facts.revision:
        if _says_the_same(known, command, digest):
            return Accepted(known, duplicate=True)
        return Refused("source-id-reused", "/source_id", "This source_id and revision came with other content before.")
    if submission.revision < known.facts.revision:
        return Refused("superseded", "/revision", "A higher revision of this record was taken already.")
    return None


def _take(
    known: Report | None, command: ReceiveReport, digest: str, trace_id: str | None, context: Context
) -> Decision:
    submission = command.submission
    located = locate(submission.place)
    facts = _facts(known, command, located.street, located.cell, context.rules)
    personal = {
        "description": submission.description,
        "place": located.personal,
        "people": [person.model_dump(mode="json", exclude_none=True) for person in submission.people],
        "attributes": submission.attributes | ({"outcome": command.outcome} if command.outcome else {}),
        "withdrawn_reason": submission.withdrawn_reason,
        "call_taker": command.call_taker,
    }
    event = ReportWithdrawn if submission.withdrawn else ReportReceived
    body = event(report=facts, personal=seal({name: value for name, value in personal.items() if value}))
    report = Report(
        facts=facts,
        content_hash=digest,
        withdrawn=submission.withdrawn,
        trace_id=trace_id,
        updated_at=context.now,
        status_code=known.status_code if known else command.status_code,
        **({name: getattr(known, name) for name in _OF_CASE} if known else {}),
        status=ReportStatus.CLOSED if submission.withdrawn else ReportStatus.RECEIVED,
        closed_reason="withdrawn" if submission.withdrawn else None,
        released=command.batch is not None,
        earlier=_earlier(known, digest),
        extract=submission if command.extract else None,
        batch_waits=None if submission.withdrawn else command.batch,
    )
    key = source_key(command.partner, submission.source_id)
    topic = topics.REPORT_TOPICS[command.channel]
    waits = facts.danger_now and not facts.historic and not submission.withdrawn
    return Decision(
        state={key: report} | _history(key, known, context),
        events=(NewEvent(topic, str(facts.report_id), body),),
        timers=(urgency.danger_timer(key, facts, context),) if waits and not _waits_with_danger(known) else (),
        tallies=_tallies(known, command, context),
        answer=Accepted(report),
    )


def _waits_with_danger(known: Report | None) -> bool:
    """Whether its timer runs already, from when danger was told first: no later word puts that off."""
    if known is None or known.status not in (ReportStatus.RECEIVED, ReportStatus.QUARANTINED):
        return False
    return known.facts.danger_now and not known.facts.historic


def _earlier(known: Report | None, digest: str) -> tuple[str, ...]:
    if known is None or known.content_hash == digest:
        return known.earlier if known else ()
    return (*known.earlier, known.content_hash)


def _history(key: str, known: Report | None, context: Context) -> dict[str, Any]:
    if known is None:
        return {}
    revision = known.facts.revision
    kept = Superseded(source_key=key, revision=revision, replaced_at=context.now, report=known)
    return {f"revision:{key}/{revision}": kept}


def _tallies(known: Report | None, command: ReceiveReport, context: Context) -> dict[str, int]:
    day = context.now.date().isoformat()
    counted = {f"accepted/{command.partner}/{day}": 1}
    if known is None:
        counted |= {"accepted": 1, "waiting": 1}
    elif known.status is not ReportStatus.RECEIVED:
        counted |= {f"status/{known.status}": -1, "waiting": 1}
    if command.submission.withdrawn:
        counted["waiting"] = counted.get("waiting", 0) - 1
        counted["status/closed"] = counted.get("status/closed", 0) + 1
    settled = (known.batch_waits if known else None, command.batch if command.submission.withdrawn else None)
    return counted | {f"decided/{batch}": 1 for batch in settled if batch}


def _facts(
    known: Report | None, command: ReceiveReport, street: str | None, cell: str | None, rules: Rules
) -> ReportFacts:
    submission = command.submission
    return ReportFacts(
        report_id=command.report_id,
        reference=known.facts.reference if known else reference("R", command.report_id),
        revision=submission.revision,
        partner=command.partner,
        source_id=submission.source_id,
        channel=command.channel,
        line=command.line,
        grade=command.grade,
        kind=submission.kind,
        category=submission.category,
        received_at=command.received_at,
        occurred_at=submission.occurred_at,
        occurred_until=submission.occurred_until,
        occurred_month=submission.occurred_month,
        street=street,
        cell=cell,
        danger_now=submission.danger_now,
        wants_updates=submission.wants_updates,
        historic=urgency.is_historic(command, rules.partnership, live=known is not None and not known.facts.historic),
        batch=command.batch,
        outcome=command.outcome,
    )
