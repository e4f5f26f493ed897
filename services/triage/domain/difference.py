"""In what two decisions on one report differ, in words, and which of it leaves somebody less protected."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.codes import GRAVITY, Disposition
from schemas.events import TriageDecision

FIELDS: Mapping[str, str] = {
    "risk": "risk",
    "time_allowed": "time allowed",
    "act_first": "acts first",
    "flags": "signs of harm",
    "theme": "theme",
    "further_themes": "further themes",
    "lead": "lead",
    "joint_leads": "joint leads",
    "priority": "priority",
    "panels": "panels",
    "disposition": "disposition",
}
"""What a shadow run compares, in the order in which it is shown, and what people call it."""
WEAKER: Mapping[str, str] = {
    "risk": "risk lowered",
    "time_allowed": "more time allowed",
    "act_first": "no longer acts first",
    "disposition": "nobody would look at it",
}
"""What an approver must see before all else, and how it is called then."""
LOOKED_AT = (Disposition.NEEDS_CASE, Disposition.REVIEW)
NONE = "none"
_UNITS = ((timedelta(days=1), "days"), (timedelta(hours=1), "h"))
_MINUTE = timedelta(minutes=1)


class Difference(NamedTuple):
    """One field in which two decisions differ; `weaker` where the later one protects somebody less."""

    field: str
    before: str
    after: str
    weaker: bool


def differences(old: TriageDecision, new: TriageDecision, received_at: datetime) -> tuple[Difference, ...]:
    """What `new` says otherwise than `old` of the report that was received then, in the order of `FIELDS`."""
    was, now = _codes(old), _codes(new)
    was["time_allowed"], now["time_allowed"] = _times_allowed(old, new, received_at)
    weaker = {
        "risk": GRAVITY[new.risk] < GRAVITY[old.risk],
        "time_allowed": _later(old.due_at, new.due_at),
        "act_first": not set(old.act_first) <= set(new.act_first),
        "disposition": old.disposition in LOOKED_AT and new.disposition not in LOOKED_AT,
    }
    return tuple(
        Difference(name, was[name], now[name], weaker.get(name, False)) for name in FIELDS if was[name] != now[name]
    )


def _codes(decision: TriageDecision) -> dict[str, str]:
    """All but the time. A theme that is only perhaps one is no further theme: nothing follows from it."""
    return {
        "risk": decision.risk,
        "act_first": _listed(decision.act_first),
        "flags": _listed(decision.flags),
        "theme": decision.themes[0] if decision.themes else NONE,
        "further_themes": _listed(decision.settled_themes[1:]),
        "lead": decision.lead_agency or NONE,
        "joint_leads": _listed(decision.joint_leads),
        "priority": str(decision.priority),
        "panels": _listed(decision.panels),
        "disposition": str(decision.disposition),
    }


def _listed(codes: Collection[str]) -> str:
    return ", ".join(sorted(codes)) or NONE


def _later(before: datetime | None, after: datetime | None) -> bool:
    """Whether the time ends later, or no longer at all."""
    return before is not None and (after is None or after > before)


def _times_allowed(old: TriageDecision, new: TriageDecision, received_at: datetime) -> tuple[str, str]:
    """From receipt to each due time: rounded, so that clocks of office hours make few kinds, unless that hides it."""
    if old.due_at == new.due_at:
        return NONE, NONE
    spans = [due_at - received_at if due_at else None for due_at in (old.due_at, new.due_at)]
    before, after = map(_rounded, spans)
    return (before, after) if before != after else (str(spans[0]), str(spans[1]))


def _rounded(span: timedelta | None) -> str:
    """Such as 60 min, 4 h, or about 42 days: in the largest unit of which it has two."""
    if span is None:
        return "no clock"
    unit, name = next(((unit, name) for unit, name in _UNITS if span >= 2 * unit), (_MINUTE, "min"))
    count = round(span / unit)
    return f"{'' if count * unit == span else 'about '}{count} {name}"
