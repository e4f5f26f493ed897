"""Rules between the partnership's files: every code that one file names must stand in another."""

from collections.abc import Callable

from services.partnership.models import Partnership

Report = Callable[[str, tuple[str | int, ...], str], None]
"""Takes the list, the place below it, and what is wrong with what to do."""


def inconsistencies(partnership: Partnership, report: Report) -> None:
    """Report every rule between files that is broken."""
