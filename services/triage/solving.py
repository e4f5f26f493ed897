"""Solves large symmetric systems by blocks, in single precision and in the place of one triangle.

LAPACK's own factorisation copies the matrix, and crashed on one of 26,000 rows. The triangle is kept as rows of blocks,
each as long as it goes: a square with nothing in its upper half takes twice the memory all the same, since what is so
large is given out in pages that are longer than a row.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

BLOCK = 1000
"""So many rows are worked on at once."""

Single = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Lower = list[Single]
"""A matrix's lower half: each block's rows, from the first column to the last of the block's own."""


def blocks_of(count: int) -> list[slice]:
    """The rows of a system of `count` rows, block by block."""
    return [slice(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]


def _spans(rows: Sequence[Single]) -> list[slice]:
    """Which rows of the whole these blocks have."""
    return [slice(each.shape[1] - len(each), each.shape[1]) for each in rows]


def factor(lower: Lower) -> None:
    """Put Cholesky's factor in the place of a positive matrix's lower half."""
    spans = _spans(lower)
    for number, span in enumerate(spans):
        own = np.linalg.cholesky(lower[number][:, span].astype(np.float64))
        lower[number][:, span] = own
        below = lower[number + 1 :]
        for place, row in enumerate(below, number + 1):
            row[:, span] = solve_triangular(lower[number][:, span], row[:, span].T, lower=True).T
            for earlier in range(number + 1, place + 1):
                row[:, spans[earlier]] -= row[:, span] @ lower[earlier][:, span].T


def solved(factored: Lower, right: Wide) -> Wide:
    """What the matrix, given as its factor, is multiplied by to be `right`."""
    spans = _spans(factored)
    found = np.array(right, np.float32)
    _forward(factored, found)
    for number in reversed(range(len(spans))):
        row, span = factored[number], spans[number]
        found[span] = solve_triangular(row[:, span], found[span], lower=True, trans="T")
        for earlier in spans[:number]:
            found[earlier] -= row[:, earlier].T @ found[span]
    return found.astype(np.float64)


def inverse_parts(factored: Lower, together: int) -> list[Wide]:
    """The whole inverse's part of each `together` neighbouring rows with themselves.

    Raises `ValueError` where they would not fill the blocks evenly.
    """
    if BLOCK % together:
        raise ValueError(f"{BLOCK} rows at once cannot be parted into {together}s.")
    return [part for number in range(len(factored)) for part in _parts(factored[number:], together)]


def _parts(last: Sequence[Single], together: int) -> list[Wide]:
    """Those of the first of these blocks, the factor's last ones, from the factor's inverse."""
    width = len(last[0])
    columns = np.zeros((sum(map(len, last)), width), np.float32)
    np.fill_diagonal(columns, 1)
    _forward(last, columns)
    own = (columns[:, start : start + together] for start in range(0, width, together))
    return [(each.T @ each).astype(np.float64) for each in own]


def _forward(last: Sequence[Single], right: Single) -> None:
    """Multiply `right` by the inverse of the factor whose last blocks these are, in its place; its rows are theirs."""
    spans = _spans(last)
    parts = [right[span.start - spans[0].start : span.stop - spans[0].start] for span in spans]
    for number, (row, span) in enumerate(zip(last, spans, strict=True)):
        for earlier in range(number):
            parts[number] -= row[:, spans[earlier]] @ parts[earlier]
        parts[number][:] = solve_triangular(row[:, span], parts[number], lower=True)
