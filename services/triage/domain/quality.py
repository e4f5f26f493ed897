"""A rule's own quality figures: how often it fired, and how often a person then agreed with it or overrode it.

What a rule spoke for is said by the rule set that decided the report: the one in force may say otherwise by now. An
answer on a report of which no rule named a theme counts for no rule, and is meant to: what nobody said cannot be wrong.
"""

from collections.abc import Iterable, Mapping

from services.partnership.tables import Rows

PREFIX = "rule/"
FIRED, CONFIRMED, OVERRIDDEN = "fired", "confirmed", "overridden"


def fired(rules: Iterable[str]) -> dict[str, int]:
    """Counts for the rules of a decision."""
    return {f"{PREFIX}{rule}/{FIRED}": 1 for rule in rules}


def spoken_for(rules: Iterable[str], rows: Rows) -> dict[str, str]:
    """The theme that each rule spoke for, by the rows that decided: not one that spoke for none, or against it."""
    found = {}
    for rule in rules:
        table, _, name = rule.partition("/")
        row = rows.get(table, {}).get(name)
        theme = row.outputs.get("theme") if row else None
        if row and theme is not None and row.outputs["weight"] > 0:
            found[rule] = theme
    return found


def judged(spoke: Mapping[str, str], themes: Iterable[str]) -> dict[str, int]:
    """Counts for what a person says of each rule that spoke for a theme: `themes` are those that she holds right."""
    kept = set(themes)
    return {f"{PREFIX}{rule}/{CONFIRMED if theme in kept else OVERRIDDEN}": 1 for rule, theme in spoke.items()}


def figures(tallies: Mapping[str, int]) -> list[dict[str, int | str]]:
    """Each rule with its three counts, by name."""
    found: dict[str, dict[str, int]] = {}
    for name, value in tallies.items():
        rule, _, what = name.removeprefix(PREFIX).rpartition("/")
        found.setdefault(rule, {FIRED: 0, CONFIRMED: 0, OVERRIDDEN: 0})[what] = value
    return [{"rule": rule, **counts} for rule, counts in sorted(found.items())]
