"""The forms of a referral's steps: which are hers, what they offer for a person of that age, what they keep."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.partnership.models import Partnership

ON_BOARD = ("accept", "schedule", "request-information", "rate", "conclude", "decline", "withdraw")
"""What can be done where a referral stands on its panel's board, in this order; the rest is on its own page."""
ENDS = ("conclude", "decline", "withdraw")
"""What ends it: on a board, among many, it is confirmed."""
REMEMBERED = ("status", "owner", "rating", "due_at", "outcome", "score")
STATUS_AFTER = {"accept": "accepted", "conclude": "concluded", "decline": "declined", "withdraw": "withdrawn"}
"""Where a step would have left the referral, of those whose end is the same on every panel."""


def choices(partnership: Partnership, route_code: str, *, under_18: bool | None) -> dict[str, Any]:
    """What the forms of a referral offer: the route's own lists for a person of that age, and the partnership's."""
    route = partnership.route(route_code)
    process = partnership.process(route.process)
    age = "children" if under_18 else "adults"
    fits = (lambda each: True) if under_18 is None else (lambda each: getattr(each, age))
    return {
        "route": route,
        "process": process,
        "ratings": [(each.code, each.name) for each in process.ratings],
        "defaults": sorted({each.status for each in process.ratings} - {"published", "law"}),
        "decisions": [(each.code, each.name) for each in process.decisions if fits(each)],
        "outcomes": [(each.code, each.name) for each in process.outcomes if fits(each)],
        "withdrawals": [(each.code, each.name) for each in partnership.withdrawal_codes],
        "staff": [(person.id, person.name) for person in partnership.staff if person.sees != "no-cases"],
        "agencies": [(agency.code, agency.short_name) for agency in partnership.agencies],
        "others": [(each.code, each.name) for each in partnership.panels if each.code != route.code],
    }


def mine(steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps that the reader may take, each once."""
    found = {step["command"] + (step["step"] or ""): dict(step) for step in reversed(list(steps)) if step["mine"]}
    return list(reversed(found.values()))


def remembered(referral: Mapping[str, Any], at: datetime) -> str:
    """What a form keeps of the referral as it was when the page was made, and when that was."""
    return json.dumps({name: referral[name] for name in ("version", *REMEMBERED)} | {"at": at.isoformat()})


def on_board(steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those that are taken where it stands on the board."""
    hers = {step["command"]: step for step in mine(steps)}
    return [hers[command] for command in ON_BOARD if command in hers]


def wanted(name: str, me: str, was: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The referral as her command would have left it, as far as the command says so."""
    kept = {field: sent[field] for field in ("owner", "rating", "outcome", "score") if field in sent}
    status = {"status": STATUS_AFTER[name]} if name in STATUS_AFTER else {}
    taken = {"owner": me} if name == "accept" and "owner" not in sent else {}
    return dict(was) | status | taken | kept
