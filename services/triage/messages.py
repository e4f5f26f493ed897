"""What triage reads, and its one command: a person's answer to a report in review."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.events import Actor, ReportReceived, ReportWithdrawn
from services.triage.domain.rule_versions import RULE_COMMANDS


class ResolveReview(BaseModel):
    """A person confirms the proposal, names other themes, or says that it is not ours (and whose it is)."""

    model_config = ConfigDict(frozen=True)
    report_id: UUID
    version: int
    action: Literal["confirm", "change", "not-ours"]
    themes: tuple[str, ...] = ()
    destination: str | None = None
    reason: str
    by: Actor


READERS: dict[str, dict[int, type[BaseModel]]] = {
    "ReportReceived": {1: ReportReceived},
    "ReportWithdrawn": {1: ReportWithdrawn},
    "ResolveReview": {1: ResolveReview},
    **{command.__name__: {1: command} for command in RULE_COMMANDS},
}
