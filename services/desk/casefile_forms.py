"""The forms of what hangs on a case, and the bodies of the commands that they become."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

CASEFILE_BODIES: dict[str, tuple[str, ...]] = {
    "merge": ("into", "reason"),
    "split": ("reason",),
    "confirm-join": ("proposal",),
    "refuse-join": ("proposal", "reason"),
    "tasks": ("what", "person", "agency"),
    "task-done": ("task", "reason"),
    "task-cancel": ("task", "reason"),
    "people": ("role", "name", "date_of_birth"),
    "person": ("person", "role", "date_of_birth", "reason"),
    "risk": ("risk", "reason"),
    "leads": ("acting_lead", "reason"),
    "confirm-sign": ("sign", "reason"),
    "strike-sign": ("sign", "reason"),
}
"""The plain fields of each form; `shaped` adds those that a form spells otherwise."""

THRIVE = ("threat", "harm", "risk", "investigation", "vulnerability", "engagement")
CONTACT = ("phone", "email", "safe", "note")


def shaped(name: str, fields: Mapping[str, str], zone: Any) -> dict[str, Any]:
    """What a form spells with several fields: chosen reports and leads, contact, THRIVE, a day as a due time."""
    if name == "split":
        return {"reports": _chosen(fields, "report:")}
    if name == "leads":
        return {"joint_leads": _chosen(fields, "joint:")}
    if name in ("people", "person"):
        contact = _nested(fields, "contact_", CONTACT)
        return {"contact": contact} if contact else {}
    if name == "risk":
        thrive = _nested(fields, "thrive_", THRIVE)
        return {"thrive": thrive} if thrive else {}
    return _times(name, fields, zone)


def _times(name: str, fields: Mapping[str, str], zone: Any) -> dict[str, Any]:
    if name in ("schedule", "convene") and fields.get("at"):
        return {"at": _local(fields["at"], zone)}
    return {"due_at": _local(fields["due"], zone)} if name in ("tasks", "action") and fields.get("due") else {}


def _chosen(fields: Mapping[str, str], prefix: str) -> list[str]:
    return [field.removeprefix(prefix) for field in fields if field.startswith(prefix)]


def _nested(fields: Mapping[str, str], prefix: str, names: tuple[str, ...]) -> dict[str, str]:
    return {name: fields[prefix + name] for name in names if fields.get(prefix + name)}


def _local(typed: str, zone: Any) -> str:
    """A `datetime-local` field as a time with its offset; what cannot be read is refused where the command goes."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone).isoformat()
    except ValueError:
        return typed
