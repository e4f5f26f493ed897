"""Asks triage for its rules on behalf of the person who is signed in, and carries her changes to it."""

from typing import Any

import httpx2

from services.desk.commands import Outcome
from services.desk.people import Session, token_for
from services.kernel.http import Problem, unavailable
from services.kernel.process import Process


class TriageRules:
    """Triage's `/internal/rules`, for one person at a time."""

    def __init__(self, triage: httpx2.AsyncClient) -> None:
        self._triage = triage

    async def read(self, hub: Process, session: Session, path: str = "") -> dict[str, Any]:
        """What triage answers. Raises its own problem, or a 503 while it is away."""
        outcome = await self._asked(self._triage.get(f"/internal/rules{path}", headers=self._headers(hub, session)))
        if not outcome.done:
            raise Problem(outcome.status, outcome.body["code"], outcome.body["detail"])
        return outcome.body

    async def send(self, hub: Process, session: Session, path: str, body: dict[str, Any]) -> Outcome:
        """Carry a change out; what triage refuses is an outcome, not an error."""
        headers = self._headers(hub, session)
        return await self._asked(self._triage.post(f"/internal/rules{path}", json=body, headers=headers))

    @staticmethod
    def _headers(hub: Process, session: Session) -> dict[str, str]:
        return {"Authorization": f"Bearer {token_for(session, hub)}"}

    @staticmethod
    async def _asked(asking: Any) -> Outcome:
        try:
            answer = await asking
            body: dict[str, Any] = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise unavailable(
                "Triage's rules could not be reached just now. Nothing was changed; try again."
            ) from error
        return Outcome(answer.status_code, body, {})
