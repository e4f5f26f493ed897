"""Solves large symmetric systems by blocks, in single precision and in the place of one triangle.

LAPACK's own factorisation copies the matrix, and crashed on one of 26,000 rows.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

BLOCK = 1000
"""So many rows are worked on at once."""

Single = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]


def blocks_of(count: int) -> list[slice]:
    """The rows of a system of `count` rows, block by block."""
    return [slice(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]


def factor(lower: Single) -> None:
    """Put Cholesky's factor in the place of a positive matrix's lower half."""
    blocks = blocks_of(len(lower))
    for number, block in enumerate(blocks):
        lower[block, block] = np.linalg.cholesky(lower[block, block].astype(np.float64))
        below = slice(block.stop, len(lower))
        lower[below, block] = solve_triangular(lower[block, block], lower[below, block].T, lower=True).T
        for later in blocks[number + 1 :]:
            rest = slice(later.start, len(lower))
            lower[rest, later] -= lower[rest, block] @ lower[later, block].T


def solved(factored: Single, right: Wide) -> Wide:
    """What the matrix, given as its factor, is multiplied by to be `right`."""
    blocks = blocks_of(len(factored))
    found = np.array(right, np.float32)
    _forward(factored, blocks, found)
    for number in reversed(range(len(blocks))):
        block = blocks[number]
        found[block] = solve_triangular(factored[block, block], found[block], lower=True, trans="T")
        for earlier in blocks[:number]:
            found[earlier] -= factored[block, earlier].T @ found[block]
    return found.astype(np.float64)


def inverse_parts(factored: Single, together: int) -> list[Wide]:
    """The whole inverse's part of each `together` neighbouring rows with themselves.

    Raises `ValueError` where they would not fill the blocks evenly.
    """
    if BLOCK % together:
        raise ValueError(f"{BLOCK} rows at once cannot be parted into {together}s.")
    blocks = blocks_of(len(factored))
    return [part for number in range(len(blocks)) for part in _parts(factored, blocks[number:], together)]


def _parts(factored: Single, blocks: Sequence[slice], together: int) -> list[Wide]:
    """Those of the rows in the first of `blocks`, from the factor's inverse."""
    first = blocks[0]
    columns = np.zeros((len(factored) - first.start, first.stop - first.start), np.float32)
    np.fill_diagonal(columns, 1)
    _forward(factored, blocks, columns)
    own = (columns[:, start : start + together] for start in range(0, columns.shape[1], together))
    return [(each.T @ each).astype(np.float64) for each in own]


def _forward(factored: Single, blocks: Sequence[slice], right: Single) -> None:
    """The factor's inverse times `right`, in its place; its rows are those of `blocks`, the factor's last ones."""
    rows = [right[block.start - blocks[0].start : block.stop - blocks[0].start] for block in blocks]
    for number, block in enumerate(blocks):
        rows[number][:] = solve_triangular(factored[block, block], rows[number], lower=True)
        for later in range(number + 1, len(blocks)):
            rows[later] -= factored[blocks[later], block] @ rows[number]
