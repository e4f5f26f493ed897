"""The words by which partners' systems are told (Standard Webhooks), and the event behind each. They are fixed."""

from collections.abc import Mapping

WEBHOOKS: Mapping[str, str] = {
    "ReportTriaged": "report.routed",
    "ReviewRequested": "report.in_review",
    "ReportQuarantined": "report.quarantined",
    "CaseClosed": "report.closed",
    "BatchDone": "batch.done",
    "ReferralSent": "referral.sent",
    "ReferralAccepted": "referral.answered",
    "ReferralDeclined": "referral.answered",
    "ReferralConcluded": "referral.concluded",
}
"""Type of an event → the webhook's `type`."""
