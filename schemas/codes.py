"""The code words that clients and services share; the partnership's files say what they mean."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

Channel = Literal["101", "online", "partner"]
Kind = Literal["incident", "concern", "intelligence"]
Risk = Literal["high", "medium", "standard"]
GRAVITY: Final[Mapping[str, int]] = {"standard": 0, "medium": 1, "high": 2}
"""How grave each risk is beside the others."""
Marking = Literal["OFFICIAL", "OFFICIAL-SENSITIVE"]

Theme = Literal[
    "violence-exploitation",
    "safeguarding-children",
    "domestic-abuse-osse",
    "drugs-alcohol-mental-health",
    "town-centre",
    "asb-environmental",
    "hate-extremism",
    "re-offending",
]
"""The eight themes 2024-28; `none` exists only as a filter word."""

Flag = Literal[
    "weapon",
    "injury",
    "strangulation",
    "child",
    "suicide-self-harm",
    "coercion",
    "debt-bondage",
    "missing",
    "county-lines",
    "cuckooing",
    "trafficking",
    "sexual-exploitation",
    "labour-exploitation",
    "radicalisation",
    "honour-based-abuse",
    "pregnancy",
    "hate-race",
    "hate-religion",
    "hate-sexual-orientation",
    "hate-disability",
    "hate-transgender",
    "fire-arson",
    "stalking",
    "sexual-violence",
    "danger-now",
    "repeat-victim",
    "repeat-place",
]
"""Harm that is present; a partnership may add its own, so decisions carry plain strings."""

ReviewAnswer = Literal["confirm", "change", "split", "merge", "not-ours"]
"""What a person answers to a report in review: merge joins it to a case that she names."""


class Disposition(StrEnum):
    """What triage, and for cases then referrals, did with a report."""

    NEEDS_CASE = "needs-case"
    OPEN_CASE = "open-case"
    JOIN_CASE = "join-case"
    RECORD_ONLY = "record-only"
    REVIEW = "review"
    NOT_OURS = "not-ours"


class ReportStatus(StrEnum):
    """Where a report stands, as its receipt says it."""

    RECEIVED = "received"
    ROUTED = "routed"
    IN_REVIEW = "in-review"
    QUARANTINED = "quarantined"
    CLOSED = "closed"


class CaseStatus(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CLOSED = "closed"


class ReferralStatus(StrEnum):
    """Where a referral stands; the lifecycle is domain.md's, after Primero and HMPPS."""

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting-approval"
    SENT = "sent"
    INFORMATION_REQUESTED = "information-requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SCHEDULED = "scheduled"
    DISCUSSED = "discussed"
    IN_PROGRESS = "in-progress"
    CONCLUDED = "concluded"
    WITHDRAWN = "withdrawn"
    ESCALATED = "escalated"
