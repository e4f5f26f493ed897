"""What the other services ask of triage beside its rules and reviews: an explanation; nothing is stored."""

import json
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from services.access.authentication import operations_only
from services.kernel.process import Process
from services.triage.live_reading import LiveReader

router = APIRouter(prefix="/internal")


@router.post("/explain", dependencies=[operations_only()])
async def explain(request: Request) -> Response:
    """NDJSON in, NDJSON out, by the rules in force and the second reader; nothing stored."""
    hub: Process = request.app.state.hub
    reader: LiveReader = request.app.state.reader
    async with hub.database.writing() as connection:
        rules, now = await request.app.state.keeper.active(connection), datetime.now(UTC)
    lines = (await request.body()).decode().split("\n")  # JSON text may hold what splitlines takes for a line's end
    made = [json.dumps(await reader.explained(line, rules, now)) + "\n" for line in lines if line.strip()]
    return Response("".join(made), media_type="application/x-ndjson")
