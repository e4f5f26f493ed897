"""The forms of a referral and of the ladder, and the bodies of the commands that they become."""

from collections.abc import Mapping
from typing import Any

REFERRAL_BODIES: dict[str, tuple[str, ...]] = {
    "draft": ("panel", "destination", "reason"),
    "edit": ("panel", "destination", "reason"),
    "send": (),
    "discard": (),
    "approve": (),
    "refuse-approval": ("reason",),
    "return-information": ("answer", "request"),
    "rate": ("rating", "reason"),
    "schedule": ("meeting",),
    "discuss": ("decision", "reason"),
    "advance": ("step", "reason"),
    "agree-plan": ("lead_worker", "plan"),
    "review-plan": ("note",),
    "escalate": ("panel", "reason"),
    "support": ("offered", "answer", "subject", "note"),
    "steps": ("instrument", "subject", "date_of_birth", "officer", "authorised_by", "conviction", "reason"),
    "breaches": ("step", "what"),
}
"""The plain fields of each form; `completed` adds those that a form spells otherwise."""
LADDER = ("support", "steps", "breaches")
_REFER = ("refer", "draft", "edit", "escalate")
_FIELD = "field:"
_YES = {"yes": True, "no": False}


def completed(name: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """What a form spells with several fields: the route's own fields, an age group, a supervisor's agreement."""
    made: dict[str, Any] = _of_refer(name, fields) if name in _REFER else {}
    if name == "steps" and fields.get("override_reason"):
        made["override"] = {"reason": fields["override_reason"], "supervisor": fields.get("supervisor", "")}
    own = {code.removeprefix(_FIELD): value for code, value in fields.items() if code.startswith(_FIELD) and value}
    if own:
        made["fields"] = {code.partition(":")[2]: _typed(code.partition(":")[0], value) for code, value in own.items()}
    return made


def _of_refer(name: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Age group and consent; only to refer must one say something of consent."""
    under_18 = {"under_18": _YES[fields["under_18"]]} if fields.get("under_18") in _YES else {}
    said = {"status": fields.get("consent"), "basis": fields.get("basis"), "by": fields.get("by")}
    consent = {key: value for key, value in said.items() if value}
    asked = consent.get("status", "not-asked") != "not-asked" or name == "refer"
    return under_18 | ({"consent": consent} if asked else {})


def _typed(kind: str, value: str) -> Any:
    """A field `field:number:risk-score` holds a number; what is none is refused where the command goes."""
    if kind == "number":
        return float(value) if "." in value else int(value) if value.lstrip("-").isdigit() else value
    return _YES.get(value, value) if kind == "yes-no" else value
