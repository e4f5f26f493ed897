"""Which numbers services count against, and between which limits: one that is out of them decides every report."""

from services.partnership.documents import Report
from services.partnership.models import Partnership

JOIN_PARTS = ("reference", "number", "person", "name", "name-alike", "place", "theme", "harm", "street", "kind")
REQUIRED_SHARES = (
    "review-margin",
    "review-confidence",
    "reading-below",
    "reading-confidence",
    "theme-minimum",
    "second-theme",
    "join-sure",
    "join-propose",
    *(f"join-weight-{part}" for part in JOIN_PARTS),
)
REQUIRED_THRESHOLDS = (
    *REQUIRED_SHARES,
    "historic-after",
    "danger-unanswered",
    "repeat-victim",
    "repeat-place",
    "join-same-place",
    "join-same-street",
    "draft-referral",
    "join-same-person",
    "task-escalate",
    "task-due",
    "same-incident",
    "review-answer",
)
REQUIRED_REVIEWING = ("undo-within", "sample-share", "sample-open")
SHARES = frozenset({*REQUIRED_SHARES, "sample-share"})
"""Thresholds that stand against a weight, a chance or a share, whatever unit their file gives."""


def threshold_faults(partnership: Partnership, report: Report) -> None:
    """Report every threshold that is missing, or that no weight, score or count can stand against."""
    _missing(partnership, report)
    _shares(partnership, report)
    _joins(partnership, report)
    _counted(partnership, report)


def _missing(partnership: Partnership, report: Report) -> None:
    for section, required in (("thresholds", REQUIRED_THRESHOLDS), ("reviewing", REQUIRED_REVIEWING)):
        codes = {threshold.code for threshold in getattr(partnership, section)}
        for code in required:
            if code not in codes:
                report(section, (), f"`{code}` is missing: services count against it; copy it from partnerships/luton")


def _shares(partnership: Partnership, report: Report) -> None:
    for section in ("thresholds", "reviewing"):
        for i, threshold in enumerate(getattr(partnership, section)):
            if threshold.code in SHARES and not 0 <= threshold.value <= 1:
                report(section, (i, "value"), f"must be from 0 to 1: `{threshold.code}` is a share, not a percentage")


def _joins(partnership: Partnership, report: Report) -> None:
    values = {threshold.code: threshold.value for threshold in partnership.thresholds}
    propose, sure = values.get("join-propose", 0), values.get("join-sure", 1)
    if propose > sure:
        message = f"must be `join-propose` or more: from {sure:g} on strangers' reports would join unasked"
        place = next(i for i, threshold in enumerate(partnership.thresholds) if threshold.code == "join-sure")
        report("thresholds", (place, "value"), message)


def _counted(partnership: Partnership, report: Report) -> None:
    """An entitlement counts incidents of a time: without one, or from none on, it is never met or always."""
    counted = {rule.threshold for rule in partnership.entitlements}
    for i, threshold in enumerate(partnership.thresholds):
        if threshold.code not in counted:
            continue
        if threshold.within_days is None:
            report(
                "thresholds", (i,), f"needs `within_days`: the entitlement of `{threshold.code}` counts back so long"
            )
        if threshold.value < 1:
            report("thresholds", (i, "value"), "must be 1 or more: an entitlement counts incidents against it")
