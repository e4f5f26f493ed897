"""What the other services and operations staff ask of intake: who a key is, and the balance that must close."""

from datetime import UTC, datetime
from hmac import compare_digest
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request

from services.access.authentication import operations_only
from services.intake import repository
from services.intake.counted import NO_PARTNER
from services.kernel import dead_letters
from services.kernel.http import Problem
from services.kernel.process import Process
from services.partnership.models import Partnership

ROWS = 100

router = APIRouter(prefix="/internal", include_in_schema=False)


@router.post("/keys/introspect")
async def introspect(request: Request, token: Annotated[str, Form()]) -> dict[str, Any]:
    """Who a key is (RFC 7662), for the hub's own services only."""
    secret = request.app.state.settings.service_secret.get_secret_value()
    if not secret or not compare_digest(request.headers.get("x-hub-secret", "").encode(), secret.encode()):
        raise Problem(403, "service-only", "Only the hub's own services may ask this.")
    caller = await request.app.state.introspect(token)
    return {"active": False} if caller is None else {"active": True} | caller.claims()


@router.get("/balance", dependencies=[operations_only()])
async def balance(request: Request) -> dict[str, Any]:
    """Accepted = decided + waiting + in review + dead-lettered, and each partner's day."""
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        kept = await repository.tallies(connection)
        oldest = await repository.oldest_waiting(connection)
        heard = await repository.last_heard(connection, [each.code for each in request.app.state.partnership.partners])
        dead = await dead_letters.counts(connection)
    decided = kept.get("status/routed", 0) + kept.get("status/closed", 0)
    in_review, waiting = kept.get("status/in-review", 0), kept.get("waiting", 0)
    quarantined = kept.get("status/quarantined", 0)
    accepted = kept.get("accepted", 0)
    return {
        "accepted": accepted,
        "decided": decided,
        "waiting": waiting,
        "in_review": in_review,
        "quarantined": quarantined,
        "difference": accepted - decided - waiting - in_review - quarantined,
        "dead_letters": dead,
        "oldest_waiting": None if oldest is None else dict(oldest._mapping),  # noqa: SLF001
        "refused_without_partner_today": kept.get(f"refused/{NO_PARTNER}/{hub.clock().date().isoformat()}", 0),
        "partners": _partners(request.app.state.partnership, kept, heard),
    }


@router.get("/refused-rows", dependencies=[operations_only()])
async def refused_rows(request: Request, partner: str | None = None, before: datetime | None = None) -> dict[str, Any]:
    """What partners' topics held that was no report: its place, and field and rule; the partner sends it mended."""
    where = {"partner": partner, "before": before or datetime.max.replace(tzinfo=UTC), "most": ROWS}
    async with request.app.state.hub.database.writing() as connection:
        items = await repository.refused_rows(connection, where)
    return {"items": items, "next": items[-1]["at"] if len(items) == ROWS else None}


def _partners(partnership: Partnership, kept: dict[str, int], heard: dict[str, datetime]) -> list[dict[str, Any]]:
    day = datetime.now(UTC).date().isoformat()
    return [
        {
            "partner": each.code,
            "name": each.name,
            "last_heard": heard.get(each.code),
            "accepted_today": kept.get(f"accepted/{each.code}/{day}", 0),
            "refused_today": kept.get(f"refused/{each.code}/{day}", 0),
            "silent_after_hours": each.silent_after_hours,
        }
        for each in partnership.partners
    ]
