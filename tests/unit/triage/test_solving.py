"""Systems are solved by blocks as numpy solves them whole."""

from typing import Any

import numpy as np
import pytest

from services.triage import solving


@pytest.fixture
def matrix(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(solving, "BLOCK", 20)
    made = np.random.default_rng(1).standard_normal((50, 60))
    return made @ made.T + np.eye(50)


def lower_half(matrix: Any) -> solving.Lower:
    return [np.asarray(matrix[block, : block.stop], np.float32) for block in solving.blocks_of(len(matrix))]


def test_what_is_solved_by_blocks_gives_the_right_side_again(matrix: Any) -> None:
    right = np.random.default_rng(2).standard_normal((50, 3))
    lower = lower_half(matrix)
    solving.factor(lower)
    assert np.allclose(matrix @ solving.solved(lower, right), right, atol=1e-3)


def test_the_inverses_parts_are_those_of_the_whole_inverse(matrix: Any) -> None:
    lower = lower_half(matrix)
    solving.factor(lower)
    inverse = np.linalg.inv(matrix)
    parts = solving.inverse_parts(lower, 10)
    assert len(parts) == 5
    for number, part in enumerate(parts):
        own = slice(number * 10, number * 10 + 10)
        assert np.allclose(part, inverse[own, own], atol=1e-4)


def test_rows_that_do_not_fill_the_blocks_evenly_are_refused(matrix: Any) -> None:
    with pytest.raises(ValueError, match="20 rows at once cannot be parted into 7s"):
        solving.inverse_parts(lower_half(matrix), 7)
