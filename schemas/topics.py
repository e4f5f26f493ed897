"""The topic catalogue: name, key, partitions, retention, owner and consumers of every topic, in one place."""

from dataclasses import dataclass

from schemas.meeting_events import MEETING_EVENTS
from schemas.referral_events import REFERRAL_EVENTS

FOREVER = -1
PARTITIONS = 24
"""Fixed at creation: a key's partition must never change."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; `retention_ms` of `FOREVER` keeps all facts (a city is under 1 GB a year)."""

    name: str
    key: str
    owner: str
    consumers: tuple[str, ...]
    events: tuple[str, ...]
    partitions: int = PARTITIONS
    retention_ms: int = FOREVER


REPORTS_101 = "reports-101"
REPORTS_ONLINE = "reports-online"
REPORTS_PARTNER = "reports-partner"
DECISIONS = "decisions"
CASES = "cases"
NOTIFICATIONS = "notifications"
RULES = "rules"
MEETINGS = "meetings"
BATCHES = "batches"
FEED_PREFIX = "feed-"
FEED_RETENTION_MS = 30 * 24 * 3600 * 1000

REPORT_TOPICS = {"101": REPORTS_101, "online": REPORTS_ONLINE, "partner": REPORTS_PARTNER}
"""A channel's topic. `reports-partner` also carries bulk, so its consumers take batches of 500 and give way."""

_REPORT_EVENTS = ("ReportReceived.v1", "ReportWithdrawn.v1", "ReportQuarantined.v1")
_REPORT_CONSUMERS = ("triage", "notify", "desk")
_CASE_EVENTS = (
    "CaseOpened.v1",
    "ReportJoined.v1",
    "CaseTaken.v1",
    "CaseAssigned.v1",
    "NoteAdded.v1",
    "CaseRerouted.v1",
    "CaseClosed.v1",
    "CaseReopened.v1",
    "DangerAcknowledged.v1",
    "ReferralSent.v1",
    "ReferralAccepted.v1",
    "ReferralDeclined.v1",
    "InformationRequested.v1",
    "ReferralConcluded.v1",
    "ReferralWithdrawn.v1",
    "ReferralEscalated.v1",
    "CasesMerged.v1",
    "CaseSplit.v1",
    "JoinProposed.v1",
    "JoinConfirmed.v1",
    "JoinRefused.v1",
    "ReferralMoved.v1",
    "ReportMoved.v1",
    "TaskAdded.v1",
    "TaskDone.v1",
    "TaskCancelled.v1",
    "TaskReminded.v1",
    "TaskEscalated.v1",
    "PersonAdded.v1",
    "PersonChanged.v1",
    "RiskChanged.v1",
    "LeadsChanged.v1",
    "SignConfirmed.v1",
    "SignStruckOut.v1",
    "ReportCorrected.v1",
    "ReportTakenBack.v1",
    *(f"{event.TYPE}.v{event.VERSION}" for event in REFERRAL_EVENTS),
)

TOPICS: tuple[Topic, ...] = (
    *(Topic(name, "report id", "intake", _REPORT_CONSUMERS, _REPORT_EVENTS) for name in REPORT_TOPICS.values()),
    Topic(
        DECISIONS,
        "report id",
        "triage",
        ("intake", "referrals", "notify", "desk"),
        (
            "ReportTriaged.v1",
            "ReviewRequested.v1",
            "ReviewOverdue.v1",
            "DecisionChecked.v1",
            "ReportHeld.v1",
            "ReportFreed.v1",
        ),
    ),
    Topic(BATCHES, "the batch's reference", "intake", ("notify",), ("BatchDone.v1",), 1),
    Topic(CASES, "case id", "referrals", ("intake", "triage", "notify", "desk"), _CASE_EVENTS),
    Topic(NOTIFICATIONS, "notification id", "notify", ("desk",), ("NotificationSent.v1", "NotificationFailed.v1")),
    Topic(RULES, "the service whose rules they are", "triage", ("desk",), ("RuleSetPublished.v1",), 1),
    Topic(
        MEETINGS,
        "meeting id",
        "referrals",
        ("notify", "desk"),
        tuple(f"{event.TYPE}.v{event.VERSION}" for event in MEETING_EVENTS),
    ),
)


def feed_topic(partner: str) -> Topic:
    """The topic that a partner's own system writes reports to, in the form of a hub report."""
    return Topic(FEED_PREFIX + partner, "the partner's source_id", partner, ("intake",), (), 1, FEED_RETENTION_MS)
