"""Which themes rules may name: those that a report can still be decided by, not those of a strategy that is over."""

from datetime import date

from services.partnership.entries import Strategy
from services.partnership.models import Partnership


def latest_strategy(partnership: Partnership) -> Strategy:
    """The strategy that begins last."""
    return max(partnership.strategies, key=lambda strategy: strategy.effective_from or date.min)


def themes_to_choose(partnership: Partnership, day: date) -> frozenset[str]:
    """Themes that a person may give a report on `day`: only those in force have a lead; the latest's where none is."""
    strategy = partnership.strategy_at(day) or latest_strategy(partnership)
    return frozenset(theme.code for theme in strategy.themes)


def live_themes(partnership: Partnership, day: date) -> frozenset[str]:
    """Themes of the strategies that are not over on `day`, a coming one's among them; the latest's where all are over.

    A coming strategy's themes are named before its first day, so that rules for it are in force when it is.
    """
    going_on = [each for each in partnership.strategies if (each.effective_to or date.max) >= day]
    return frozenset(theme.code for each in going_on or [latest_strategy(partnership)] for theme in each.themes)
