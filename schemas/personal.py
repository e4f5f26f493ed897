"""The one sub-document that holds personal data, plain or sealed, and the codec that alone opens it.

From the first release the schema allows either, so that sealing can start without a new version of any event.

Field names by event:
- `ReportReceived`, `ReportWithdrawn`: `description`, `place` (as the sender gave it, with `latitude`, `longitude`
  worked out), `people` (list), `attributes`, `withdrawn_reason`, `call_taker`.
- `ReportTriaged`, `ReviewRequested`: the same, and `because` (list of `rule`, `field`, `text`, `start`, `end`,
  `negated`).
- `DecisionChecked`: `reason`.
- `CaseOpened`, `ReportJoined`, `ReportMoved`: the joined report's fields as triage gave them.
- `TaskAdded`: `what`. `PersonAdded`, `PersonChanged`: `person` (`name`, `date_of_birth`, `contact`, `consent`).
  `RiskChanged`: `reason`, `thrive`.
- `NoteAdded`: `text`. `InformationRequested`: `question`. Every other case event: `reason` where a person gave one.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Plain(BaseModel):
    """Personal data as it is: `fields` are the names that the event's docstring gives."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    form: Literal["plain"] = "plain"
    fields: dict[str, Any]


class Sealed(BaseModel):
    """Personal data under a key that only cleared readers can ask for."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    form: Literal["sealed"] = "sealed"
    key_id: str
    sealed: str


Personal = Plain | Sealed


class PersonalDataSealed(Exception):
    """This process holds no key for the sealed personal data it was asked to open."""


def seal(fields: dict[str, Any]) -> Personal:
    """Wrap personal fields for an event; plain in this release."""
    return Plain(fields=fields)


def reveal(personal: Personal | None) -> dict[str, Any]:
    """The personal fields of an event; empty when there are none. Raises `PersonalDataSealed` without the key."""
    if personal is None:
        return {}
    if isinstance(personal, Plain):
        return personal.fields
    raise PersonalDataSealed(personal.key_id)
