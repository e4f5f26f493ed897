"""The evidence pack of a case: what happened, by whom, on which provision; built from its events and nothing else."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.access.sharing import Sight
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals.domain import history
from services.referrals.domain.state import Case

REPORT = "report"
KINDS = {
    "SupportOffered": "support",
    "LadderStepTaken": "step",
    "LadderStepBreached": "breach",
    "NoteAdded": "fact",
    "ReferralSent": "referral",
    "ReferralDiscussed": "decision",
    "ReferralConcluded": "outcome",
}
WORDS = ("description", "text", "reason", "note")


def merged(events: Iterable[Mapping[str, Any]], reference: str) -> list[str]:
    """The references of the cases that a case's history says went into it."""
    told = (event.get("changed") or {} for event in events if event["type"] == "CasesMerged")
    return [changed["merged"] for changed in told if changed.get("into") == reference]


def known_as(case: Case) -> dict[str, str]:
    """Whom each step and offer of help is about, as this case knows her, by the step's or offer's id."""
    found = {str(each.step_id): each.subject for each in case.ladder}
    found |= {str(each.support_id): each.subject for each in case.support}
    return {identity: subject for identity, subject in found.items() if subject}


def pack(
    events: Iterable[Mapping[str, Any]], case: Case, partnership: Partnership, subject: str | None, sight: Sight
) -> list[dict[str, Any]]:
    """Everything that is evidence, oldest first; opinions are left out (DPA 2018 s.38).

    `events` newest first, of the case and of those that went into it. A report stands at the time at which it first
    came, with its words as they are now; one that was split away is in the pack of its own case.
    """
    all_events = list(events)
    oldest_first = sorted(reversed(all_events), key=lambda event: datetime.fromisoformat(str(event["at"])))
    reports, known, found = _reports(all_events, case), known_as(case), []
    for event in oldest_first:
        seen = sight.event(event)
        if event["type"] in history.BRINGS:
            stands = reports.pop(_report(event), None)
            if stands is not None:
                found.append(_item(seen | {"personal": sight.event(stands).get("personal")}, partnership, known))
        elif event["type"] in KINDS and not _opinion(event):
            found.append(_item(seen, partnership, known))
    return [item for item in found if subject is None or item["subject"] in (None, subject)]


def _reports(events: Iterable[Mapping[str, Any]], case: Case) -> dict[str | None, Mapping[str, Any]]:
    """By reference, the last event on each report that the case has now."""
    own = [each for each in events if str(each["case"]["case_id"]) == str(case.state.case_id)][::-1]
    held = history.folded(own).reports
    return {_report(each): each for each in own if each["type"] in history.BRINGS and _report(each) in held}


def _report(event: Mapping[str, Any]) -> str | None:
    reference: str | None = (event.get("report") or {}).get("reference")
    return reference


def _opinion(event: Mapping[str, Any]) -> bool:
    return event["type"] == "NoteAdded" and (event.get("changed") or {}).get("fact") != "fact"


def _item(event: Mapping[str, Any], partnership: Partnership, known: Mapping[str, str]) -> dict[str, Any]:
    step, support, by = event.get("step") or {}, event.get("support") or {}, event["by"]
    personal = (event.get("personal") or {}).get("fields") or {}
    return {
        "at": event["at"],
        "kind": KINDS.get(event["type"], REPORT),
        "what": _what(event, step, support, partnership),
        "who": by["name"],
        "agency": by.get("agency"),
        "officer": step.get("officer"),
        "authorised_by": step.get("authorised_by"),
        "provision": (event.get("changed") or {}).get("source"),
        "passed_over": step.get("warned") or [],
        "supervisor": step.get("supervisor"),
        "subject": _subject(step, support, known),
        "report": _report(event),
        "words": next((personal[name] for name in WORDS if personal.get(name)), None),
        "terms": personal.get("fields") or {},
    }


def _subject(step: Mapping[str, Any], support: Mapping[str, Any], known: Mapping[str, str]) -> str | None:
    identity = str(step.get("step_id") or support.get("support_id"))
    return known.get(identity) or step.get("subject") or support.get("subject")


def _what(
    event: Mapping[str, Any], step: Mapping[str, Any], support: Mapping[str, Any], partnership: Partnership
) -> str:
    if step:
        named = _named(step["instrument"], partnership)
        return f"Breach of: {named}" if step.get("breach_of") else named
    if support:
        return f"Offer of support, {_route(support['offered'], partnership)}: {support['answer'].replace('-', ' ')}"
    referral = event.get("referral") or {}
    if referral:
        return f"Referral to {_route(referral.get('panel') or referral.get('destination') or '', partnership)}"
    return "Note of fact" if event["type"] == "NoteAdded" else "Report"


def _named(instrument: str, partnership: Partnership) -> str:
    return next((each.name for each in partnership.instruments if each.code == instrument), instrument)


def _route(code: str, partnership: Partnership) -> str:
    try:
        return partnership.route(code).name
    except UnknownCode:
        return code
