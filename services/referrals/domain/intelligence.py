"""Intelligence stays with the police: no command shows a case of it to anybody else (domain.md, section 1)."""

from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.referrals.domain.state import Case, Refused
from services.referrals.messages import Command

WITH_THE_POLICE = "a case of the police"
"""Where a report of another case went that became intelligence: no reference tells others of it."""

REFERS = ("refer", "draft")
REROUTES = "reroute"
ASSIGNS = "assign"


def kept_with_police(case: Case, command: Command, partnership: Partnership) -> Refused | None:
    """The refusal of a command that would show intelligence outside the police; None when it does not."""
    if not case.intelligence or not _shows(command, partnership):
        return None
    message = "This is intelligence: it stays with the police. Ask them to send a report that may be shared."
    return Refused("refused", "intelligence-police-only", message, case)


def _shows(command: Command, partnership: Partnership) -> bool:
    police = partnership.identity.intelligence_agency
    if command.name == REROUTES:
        # Another theme would move the case to that theme's lead.
        return bool(command.body.get("lead_agency") != police)
    if command.name == ASSIGNS:
        return not _works_for(police, command.body.get("owner", ""), partnership)
    return command.name in REFERS


def _works_for(agency: str, owner: str, partnership: Partnership) -> bool:
    try:
        return partnership.person(owner).agency == agency
    except UnknownCode:
        return True  # refused in its own words where the owner is looked up
