"""The evidence pack of a case: what happened, by whom, on which provision; built from its events and nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.partnership.models import Partnership, UnknownCode

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


def pack(history: Iterable[Mapping[str, Any]], partnership: Partnership, subject: str | None) -> list[dict[str, Any]]:
    """Everything that is evidence, oldest first; opinions are left out (DPA 2018 s.38)."""
    found = [_item(event, partnership) for event in reversed(list(history)) if event["type"] in KINDS]
    return [item for item in found if item is not None and (subject is None or item["subject"] in (None, subject))]


def _item(event: Mapping[str, Any], partnership: Partnership) -> dict[str, Any] | None:
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
        "subject": step.get("subject") or support.get("subject"),
        "report": (event.get("report") or {}).get("reference"),
        "words": next((personal[name] for name in WORDS if personal.get(name)), None),
        "terms": personal.get("fields") or {},
    }


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
