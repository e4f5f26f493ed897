"""Learns along which directions meanings are told apart: those along which what a first fit says changes most.

The mean outer product of a kernel's gradients, as in A. Radhakrishnan and others, "Mechanism for feature learning in
neural networks and backpropagation-free machine learning models", Science 383 (2024).
"""

import numpy as np

from services.triage.second_reader import Vector, nearness
from services.triage.solving import Wide

WIDE, DIRECTIONS = 1024, 320
"""Along so many directions meanings differ most, and along so many of what is made of these they are told apart."""
POWER = 0.15
"""How far directions are drawn out that change what is said: not at all at 0; at 0.5 in full, which learns by heart."""
ASKED = 5
"""Each so many-th text is asked how what is said of it changes."""
SHRINK = 1e-3
"""What is added to a spread, so that what never differs is not drawn out."""
_AT_ONCE = 500


def widest(embedded: Vector) -> tuple[Vector, Vector]:
    """The mean, and the `WIDE` directions along which the standardised meanings differ most, as columns."""
    centre, spread = embedded.mean(0), embedded.std(0) + SHRINK
    apart = ((embedded - centre) / spread).astype(np.float64)
    _, turned = np.linalg.eigh(apart.T @ apart)
    return centre, np.asarray(turned[:, ::-1][:, :WIDE] / spread[:, None], np.float32)


def telling(directions: Vector, points: Vector, pulls: Wide) -> Vector:
    """`DIRECTIONS` mixtures of `directions`, the longer the more what `pulls` say of `points` changes along them."""
    strength, turned = np.linalg.eigh(_slopes(points, pulls))
    strength = (strength / strength[-1]).clip(min=0)
    return np.asarray(directions @ (turned * strength**POWER)[:, ::-1][:, :DIRECTIONS], np.float32)


def _slopes(points: Vector, pulls: Wide) -> Wide:
    """How what is said changes at every `ASKED`-th point: the sum of the slopes' outer products."""
    total = np.zeros((points.shape[1], points.shape[1]))
    asked = points[::ASKED]
    for first in range(0, len(asked), _AT_ONCE):
        at = asked[first : first + _AT_ONCE]
        near = nearness(points, at.T)
        for pull in pulls.T.astype(np.float32):
            slope = (near * pull[:, None]).T @ points
            slope -= (slope * at).sum(1, keepdims=True) * at
            total += slope.T @ slope
    return total
