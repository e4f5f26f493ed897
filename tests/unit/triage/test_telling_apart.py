"""Directions that tell texts apart are drawn out before those along which they merely differ."""

import numpy as np

from services.triage.second_reader import nearness
from services.triage.telling_apart import telling, widest


def test_the_direction_on_which_labels_hang_comes_first_though_others_vary_as_much() -> None:
    points = np.random.default_rng(4).standard_normal((400, 12)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    due = np.sign(points[:, [3]]).astype(np.float64)
    pulls = np.asarray(np.linalg.solve(nearness(points, points.T) + 0.5 * np.eye(400), due), np.float64)
    told = telling(np.eye(12, dtype=np.float32), points, pulls)
    assert abs(told[3, 0]) > 0.9 * np.linalg.norm(told[:, 0])
    lengths = np.linalg.norm(told, axis=0)
    assert lengths[0] > 1.2 * lengths[1]
    assert (np.diff(lengths) <= 1e-6).all()


def test_meanings_are_first_laid_along_the_directions_in_which_they_differ_most() -> None:
    embedded = np.random.default_rng(5).standard_normal((200, 6)).astype(np.float32)
    embedded[:, 1] = embedded[:, 0] * 5
    centre, directions = widest(embedded)
    assert np.allclose(centre, embedded.mean(0), atol=1e-6)
    spread = ((embedded - centre) @ directions).std(0)
    assert (np.diff(spread) <= 1e-5).all()
    assert spread[0] > 1.3
