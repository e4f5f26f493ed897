"""A rule's own quality figures: how often it fired, and how often a person then agreed with it or overrode it."""

from collections.abc import Iterable, Mapping

from services.triage.domain.deciding import Rules
from services.triage.domain.state import Decided

PREFIX = "rule/"
FIRED, CONFIRMED, OVERRIDDEN = "fired", "confirmed", "overridden"


def fired(rules: Iterable[str]) -> dict[str, int]:
    """Counts for the rules of a decision."""
    return {f"{PREFIX}{rule}/{FIRED}": 1 for rule in rules}


def judged(before: Decided, after: Decided, rules: Rules) -> dict[str, int]:
    """Counts for what a person's answer says of each rule that spoke for a theme: kept, or not."""
    return judged_by(before, after.decision.themes, rules)


def judged_by(before: Decided, themes: Iterable[str], rules: Rules) -> dict[str, int]:
    """The same, by the themes that a person holds right."""
    kept = set(themes)
    counted = {}
    for rule in before.decision.rules:
        theme = _theme_of(rule, rules)
        if theme is not None:
            counted[f"{PREFIX}{rule}/{CONFIRMED if theme in kept else OVERRIDDEN}"] = 1
    return counted


def _theme_of(rule: str, rules: Rules) -> str | None:
    table, _, _ = rule.partition("/")
    row = rules.reader.tables.rows.get(table, {}).get(rule.partition("/")[2])
    return None if row is None else row.outputs.get("theme")


def figures(tallies: Mapping[str, int]) -> list[dict[str, int | str]]:
    """Each rule with its three counts, by name."""
    found: dict[str, dict[str, int]] = {}
    for name, value in tallies.items():
        rule, _, what = name.removeprefix(PREFIX).rpartition("/")
        found.setdefault(rule, {FIRED: 0, CONFIRMED: 0, OVERRIDDEN: 0})[what] = value
    return [{"rule": rule, **counts} for rule, counts in sorted(found.items())]
