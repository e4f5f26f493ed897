"""When a panel meets next, and the id of a meeting: its panel, day and hour, so that one hour has one meeting."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.partnership.entries import Panel

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def meeting_id(panel: str, at: datetime, zone: ZoneInfo) -> str:
    """Such as `tcig-2026-03-05-1000`, in the partnership's time zone."""
    return f"{panel}-{at.astimezone(zone):%Y-%m-%d-%H%M}"


def next_at(panel: Panel, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The panel's next weekly meeting after a moment; None when it meets only when one is called."""
    rhythm = panel.meetings
    if rhythm is None:
        return None
    local = after.astimezone(zone)
    ahead = (WEEKDAYS.index(rhythm.weekday) - local.weekday()) % 7
    for days in (ahead, ahead + 7):
        day = local.date() + timedelta(days=days)
        found = datetime.combine(day, rhythm.at, zone)
        if found > local:
            return found
    return None
