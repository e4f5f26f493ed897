"""Whatever is grave tells somebody on duty, whatever the hour: which rules of the notifications see to it."""

from services.partnership.documents import Report
from services.partnership.models import Partnership
from services.partnership.rules import NotificationRule, When

ALWAYS = {"risk": (), "danger_now": None}
"""The conditions of a rule that the guard itself asks for; any other one leaves some reports untold."""


def duty_faults(partnership: Partnership, report: Report) -> None:
    """Report every gap between the rules by which a grave report could tell nobody on duty."""
    rules = partnership.notifications
    for event in ("CaseOpened", "ReviewRequested"):
        for danger in (True, False):
            if not any(_tells_duty(rule, event, danger_now=danger) for rule in rules):
                state = "in danger now" if danger else "not in danger now"
                report(
                    "notifications",
                    (),
                    f"a report graded high ({state}) could pass with {event} while nobody on duty is told: "
                    "add a rule for risk high that tells the duty-manager",
                )
    if not any(_tells_duty(rule, "ReportTriaged", danger_now=True) and not rule.when.risk for rule in rules):
        message = "a report in danger now could pass with ReportTriaged while nobody on duty is told: "
        report("notifications", (), message + "add a rule for danger_now, of any risk, that tells the duty-manager")


def _tells_duty(rule: NotificationRule, event: str, *, danger_now: bool) -> bool:
    return (
        rule.event == event
        and rule.channel == "mail"
        and "duty-manager" in rule.to
        and rule.when.model_copy(update=ALWAYS) == When()
        and (not rule.when.risk or "high" in rule.when.risk)
        and rule.when.danger_now in (None, danger_now)
    )
