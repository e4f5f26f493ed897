"""The evidence pack of a case: what happened, by whom, on which provision; built from its events and nothing else."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.partnership.models import Partnership, UnknownCode
from services.referrals.domain.state import Case

KINDS = {
    "CaseOpened": "report",
    "ReportJoined": "report",
    "SupportOffered": "support",
    "LadderStepTaken": "step",
    "LadderStepBreached": "breach",
    "NoteAdded": "fact",
    "ReferralSent": "referral",
    "ReferralDiscussed": "decision",
    "ReferralConcluded": "outcome",
}
WORDS = ("description", "text", "reason", "note")


def merged(history: Iterable[Mapping[str, Any]], reference: str) -> list[str]:
    """The references of the cases that a case's history says went into it."""
    told = (event.get("changed") or {} for event in history if event["type"] == "CasesMerged")
    return [changed["merged"] for changed in told if changed.get("into") == reference]


def known_as(case: Case) -> dict[str, str]:
    """Whom each step and offer of help is about, as this case knows her, by the step's or offer's id."""
    found = {str(each.step_id): each.subject for each in case.ladder}
    found |= {str(each.support_id): each.subject for each in case.support}
    return {identity: subject for identity, subject in found.items() if subject}


def pack(
    history: Iterable[Mapping[str, Any]], partnership: Partnership, subject: str | None, known: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Everything that is evidence, oldest first; opinions are left out (DPA 2018 s.38).

    `history` newest first, of the case and of those that went into it; `known` as `known_as` gives it.
    """
    oldest_first = sorted(reversed(list(history)), key=lambda event: datetime.fromisoformat(str(event["at"])))
    found = [_item(event, partnership, known) for event in oldest_first if event["type"] in KINDS]
    return [item for item in found if item is not None and (subject is None or item["subject"] in (None, subject))]


def _item(event: Mapping[str, Any], partnership: Partnership, known: Mapping[str, str]) -> dict[str, Any] | None:
    if event["type"] == "NoteAdded" and (event.get("changed") or {}).get("fact") != "fact":
        return None
    step, support, by = event.get("step") or {}, event.get("support") or {}, event["by"]
    personal = (event.get("personal") or {}).get("fields") or {}
    return {
        "at": event["at"],
        "kind": KINDS[event["type"]],
        "what": _what(event, step, support, partnership),
        "who": by["name"],
        "agency": by.get("agency"),
        "officer": step.get("officer"),
        "authorised_by": step.get("authorised_by"),
        "provision": (event.get("changed") or {}).get("source"),
        "passed_over": step.get("warned") or [],
        "supervisor": step.get("supervisor"),
        "subject": _subject(step, support, known),
        "report": (event.get("report") or {}).get("reference"),
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
    return {"report": "Report", "fact": "Note of fact"}[KINDS[event["type"]]]


def _named(instrument: str, partnership: Partnership) -> str:
    return next((each.name for each in partnership.instruments if each.code == instrument), instrument)


def _route(code: str, partnership: Partnership) -> str:
    try:
        return partnership.route(code).name
    except UnknownCode:
        return code
