"""Checks a partnership's folder from end to end, for `hub check partnership` and for continuous integration."""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from services.partnership.documents import Problem
from services.partnership.loading import read_partnership
from services.partnership.models import Partnership
from services.partnership.tables import read_tables

AHEAD = timedelta(days=180)
"""How long before data runs out somebody is told."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found; errors keep the hub from starting, warnings do not."""

    version: str | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the hub from starting."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    def as_dict(self) -> dict[str, object]:
        """The report as one JSON document: `version`, `ok`, `problems` (`file`, `line`, `message`, `severity`)."""
        problems = [
            {"file": p.file, "line": p.line, "message": p.message, "severity": p.severity} for p in self.problems
        ]
        return {"version": self.version, "ok": not self.errors, "problems": problems}


Further = Callable[[Path, Partnership, date], Iterable[Problem]]
"""What a service finds in its own part of the folder, once the rest of it is right; the date is today."""


def report(path: Path, today: date, further: Further | None = None) -> CheckReport:
    """Everything that is wrong in the folder, and what runs out within half a year of `today`."""
    partnership, problems = read_partnership(path)
    if partnership is None:
        return CheckReport(None, tuple(sorted(problems)))
    _, table_problems = read_tables(path, partnership, today)
    found = [*problems, *table_problems, *_runs_out(partnership, today)]
    if further is not None and not any(problem.severity == "error" for problem in found):
        found += further(path, partnership, today)
    return CheckReport(partnership.version, tuple(sorted(found)))


def main(path: Path, further: Further | None = None) -> int:
    """Print every problem as `file:line: message`; 0 when the hub can start with the folder, else 1."""
    found = report(path, _today(), further)
    for problem in found.problems:
        sys.stdout.write(f"{path / problem.file}:{problem.line}: {problem.severity}: {problem.message}\n")
    if not found.errors:
        sys.stdout.write(f"{path}: good, version {found.version}\n")
    return 1 if found.errors else 0


def main_json(path: Path, further: Further | None = None) -> int:
    """Print the report as one JSON document; the same exit code as `main`."""
    found = report(path, _today(), further)
    sys.stdout.write(json.dumps(found.as_dict(), ensure_ascii=False, indent=2) + "\n")
    return 1 if found.errors else 0


def _today() -> date:
    return datetime.now(UTC).date()


def _runs_out(partnership: Partnership, today: date) -> list[Problem]:
    found = []
    last_holiday = max(partnership.holidays, default=date.min)
    if last_holiday < today + AHEAD:
        found.append(("calendars.yaml", f"bank holidays are known to {last_holiday} only; add the next years"))
    if partnership.strategy_at(today) is None:
        found.append(("themes.yaml", "no strategy is in force today: reports get no theme"))
    elif partnership.strategy_at(today + AHEAD) is None:
        found.append(("themes.yaml", "no strategy is in force in half a year; add its successor"))
    return [Problem(file, 1, message, "warning") for file, message in found]
