"""A panel's board in words: who each referral waits for and until when, help beside enforcement, and its figures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.desk import referral_view, step_forms
from services.desk.presenting import Presenter, named
from services.partnership.entries import Panel

VIEWS = (
    ("open", "All open"),
    ("sent", "Sent, not answered"),
    ("information-requested", "Information asked"),
    ("accepted", "Accepted"),
    ("scheduled", "For a meeting"),
    ("discussed", "Discussed"),
    ("in-progress", "In progress"),
    ("concluded", "Concluded this month"),
)
WITH_LADDER = ("accepted", "scheduled", "discussed", "in-progress")
HELP = "offer-of-support"
BEFORE = {
    "minimum-age": "too young, or age not known",
    "prior-step": "an earlier step first",
    "breach": "a breach first",
    "conviction": "a conviction first",
    "granted-power": "a granted power",
    "rank": "a rank",
    HELP: "an offer of help first",
}
"""What stands in the way when a step's precondition does not hold, in a few words."""
STEPS = 6
AT_LENGTH = 3
"""So many referrals of a board stand with all their help and steps; the others in one line each."""


def views(counts: Mapping[str, Any], current: str) -> list[tuple[str, str, int, bool]]:
    """The tabs: code, name, how many, whether it is the one that is shown."""
    found = counts["by_status"] | {"open": counts["open"]}
    return [(code, name, found.get(code, 0), code == current) for code, name in VIEWS]


def figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """On time in words, with the referrals behind each number."""
    share = found["share"]
    return {
        "share": "Nothing to count yet" if share is None else f"{share * 100:.0f} %",
        "closed": found["closed"],
        "on_time": found["closed_on_time"],
        "overdue": found["open_overdue"],
        "behind": [
            (name, found["behind"][code])
            for code, name in (("on_time", "Closed on time"), ("late", "Closed late"), ("overdue", "Open and overdue"))
            if found["behind"][code]
        ],
    }


def rows(
    presenter: Presenter, panel: Panel, found: Mapping[str, Any], meets_at: str | None, now: datetime
) -> list[dict[str, Any]]:
    """The board's referrals; the first of those that have come to the panel at length, where it shows the ladder."""
    made = [_row(presenter, panel, each, meets_at, now) for each in found["items"]]
    left = AT_LENGTH
    for each in made:
        each["at_length"] = bool(left and panel.ladder and each["code"] in WITH_LADDER)
        left -= each["at_length"]
    return sorted(made, key=lambda each: not each["at_length"])


def _row(
    presenter: Presenter, panel: Panel, each: Mapping[str, Any], meets_at: str | None, now: datetime
) -> dict[str, Any]:
    referral, case = each["referral"], each["case"]
    who, what, due = awaited(presenter, panel, each, meets_at)
    return {
        "reference": referral["reference"],
        "version": referral["version"],
        "code": referral["status"],
        "stage": each["stage"],
        "rating": (referral["rating"] or "").capitalize(),
        "outcome": (referral["outcome"] or "").replace("-", " ").capitalize(),
        "case": case["reference"],
        "title": case["title"],
        "theme": presenter.themes(case["themes"]),
        "risk": case["risk"],
        "reports": case["reports"],
        "owner": presenter.who(referral["owner"]) or "Nobody yet",
        "person": each["person"],
        "plan": each["plan"],
        "waits": who,
        "what": what,
        "time": presenter.time_left(due, now),
        "then": _then(presenter, panel, referral),
        "panel": panel.code,
        "under_18": each["under_18"],
        "was": step_forms.remembered(referral, now),
        "moves": step_forms.on_board(each["steps"]),
        **_ladder(presenter, each, now),
    }


def awaited(
    presenter: Presenter, panel: Panel, each: Mapping[str, Any], meets_at: str | None
) -> tuple[str, str, str | None]:
    """Who is to do what next, and until when; a referral without a clock of its own waits for the panel's meeting."""
    referral, asked, plan = each["referral"], each["asked"], each["plan"] or {}
    owner = presenter.who(referral["owner"]) or panel.short_name
    if asked:
        dues = sorted(one["due_at"] for one in asked if one["due_at"])
        return named([presenter.agency(one["agency"]) for one in asked]), "to answer", dues[0] if dues else None
    if referral["status"] == "in-progress":
        return plan.get("lead_worker_name") or owner, "to review the plan", plan.get("review_due_at")
    if referral["status"] == "concluded":
        return "Nobody", "it is concluded", None
    if referral["status"] == "sent":
        return presenter.who(referral["escalated_to"]) or panel.short_name, "to answer", referral["due_at"]
    if referral["status"] == "discussed":
        return owner, "to act on the decision", referral["due_at"]
    meeting = each["scheduled_at"] if referral["status"] == "scheduled" else meets_at
    return panel.short_name, "to discuss it", referral["due_at"] or meeting


def _then(presenter: Presenter, panel: Panel, referral: Mapping[str, Any]) -> str:
    """Whom silence goes to."""
    if referral["status"] != "sent":
        return ""
    told = panel.duty_manager if referral["escalated_to"] else panel.alternate_lead
    return f"then to {presenter.who(told)}" if told != referral["escalated_to"] else ""


def _ladder(presenter: Presenter, each: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Help and steps, at length and in a line each; nothing where the panel's board does not show them."""
    if "ladder" not in each:
        return {"helped": [], "steps": [], "help_line": "", "steps_line": ""}
    helped = referral_view.helped(presenter, each["ladder"], now)
    steps = _steps(referral_view.ladder(presenter, each["ladder"], now))
    return {"helped": helped, "steps": steps, "help_line": _help_line(helped), "steps_line": _steps_line(steps)}


def _steps(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps against a person; the first before which nothing stands but an offer of help is next."""
    shown = [each | {"first": False} for each in found if each["against"] == "person"][:STEPS]
    following = next((each for each in shown if each["state"] != "done" and _next(each)), None)
    for each in shown:
        if each is following:
            each |= {"first": True, "state": "next"}
        if each["state"] != "done":
            each["said"] = _in_the_way(each)
    return shown


def _next(step: Mapping[str, Any]) -> bool:
    return all(each["rule"] == HELP for each in step["unmet"])


def _in_the_way(step: Mapping[str, Any]) -> str:
    """What stands before a step, in a few words; its own page says it at length."""
    law = [each for each in step["unmet"] if each["kind"] == "law"]
    asked = ", ".join(dict.fromkeys(BEFORE[each["rule"]] for each in law or step["unmet"]))
    if law:
        return f"Law: {asked} ({', '.join(dict.fromkeys(each['provision'] for each in law))})"
    if step["first"]:
        return "Next in order" + (", once help is offered" if asked else "")
    return f"Lawful; local order: {asked}" if asked else "Lawful"


def _help_line(helped: list[dict[str, Any]]) -> str:
    if not helped:
        return "No help is recorded"
    yes = sum(each["answer"] == "Said yes" for each in helped)
    offers = f"{len(helped)} {'offer' if len(helped) == 1 else 'offers'}"
    return f"{offers}, {yes} yes" if yes else f"{offers}, {helped[0]['answer'].lower()}"


def _steps_line(steps: list[dict[str, Any]]) -> str:
    taken = [each for each in steps if each["state"] == "done"]
    following = next((each for each in steps if each["first"]), None)
    said = f"{taken[-1]['name']} given" if taken else "No step taken"
    return f"{said}. Next in order: {following['name'].lower()}" if following else said
