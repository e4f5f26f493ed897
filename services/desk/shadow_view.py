"""A shadow run as a version's page shows it: each difference in words, its first reports, and how many are left."""

from collections.abc import Mapping
from typing import Any

SHOWN = 6
"""Reports named of each kind of difference."""


def shown(run: Mapping[str, Any], at: str) -> dict[str, Any]:
    """A run as triage answers it, asked for at that time."""
    return dict(run) | {"at": at, "changes": [_in_words(each) for each in run["changes"]]}


def _in_words(change: Mapping[str, Any]) -> dict[str, Any]:
    reports = change["reports"][:SHOWN]
    plain = {name: change[name].replace("-", " ") for name in ("before", "after")}
    return dict(change) | plain | {"reports": reports, "rest": _rest(change["count"] - len(reports), reports)}


def _rest(left: int, reports: list[str]) -> str:
    """How many are not named; where none is, none of them is hers to open."""
    if not left:
        return ""
    return f"{left} more" if reports else f"{left} {'report' if left == 1 else 'reports'}, not yours to open"
