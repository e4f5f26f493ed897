"""Fits what is made of scores, so that chances mean what they say: of texts that neither reader learned from."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from services.triage.solving import Wide

RARE = 4.0
"""What a text with a harm weighs against one without, where a flag's chance is fitted."""
EVEN = 1e-3
"""How little shifts of themes may differ: the larger, the more alike."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What known texts' scores are multiplied by, what the layers' are, and what is added; a number an output each."""

    slope: Wide
    shares: Wide
    shift: Wide

    def __call__(self, known: Wide, said: Wide) -> Wide:
        """Scores of texts (texts × outputs) from those of known texts and those of the layers."""
        return known * self.slope + said * self.shares + self.shift


def calibrated(known: Wide, said: Wide, due: Wide, themes: int) -> Fit:
    """The fit of scores by known texts and by layers (texts × outputs, `themes` first) to what is `due`."""
    slope, shares, shift = (np.zeros(due.shape[1]) for _ in range(3))
    slope[:themes], shares[:themes], shift[:themes] = _of_themes(known[:, :themes], said[:, :themes], due[:, :themes])
    by_known, by_said = _of_flags(known[:, themes:], said[:, themes:], due[:, themes:])
    for number in range(themes, due.shape[1]):
        both = by_known * known[:, number] + by_said * said[:, number]
        fit = _logistic(both[:, None], due[:, number])
        slope[number], shares[number] = fit.coef_[0, 0] * by_known, fit.coef_[0, 0] * by_said
        shift[number] = fit.intercept_[0]
    return Fit(slope, shares, shift)


def _of_themes(known: Wide, said: Wide, due: Wide) -> tuple[float, float, Wide]:
    """One number each for all themes' scores, since themes are weighed against each other, and a shift each."""
    label, rows = due.argmax(1), np.arange(len(due))

    def loss(tried: Wide) -> float:
        raised = known * np.exp(tried[0]) + said * tried[1] + tried[2:]
        most = raised.max(1)
        missed = np.log(np.exp(raised - most[:, None]).sum(1)) + most - raised[rows, label]
        return float(missed.mean() + EVEN * (tried[2:] ** 2).sum())

    found = minimize(loss, np.array([1.5, 0.5, *np.zeros(due.shape[1])]), method="L-BFGS-B").x
    return float(np.exp(found[0])), float(found[1]), found[2:]


def _of_flags(known: Wide, said: Wide, due: Wide) -> tuple[float, float]:
    """How the two readers count against each other where a harm is told of: the same for all, since some are rare."""
    fit = _logistic(np.stack([known.ravel(), said.ravel()], 1), due.ravel())
    by_known, by_said = fit.coef_[0]
    return float(by_known), float(by_said)


def _logistic(given: Wide, due: Wide) -> LogisticRegression:
    return LogisticRegression(C=100.0, class_weight={0: 1.0, 1: RARE}).fit(given, due)
