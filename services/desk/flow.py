"""The picture of how reports flow from channel to theme to lead to panel: positions only, in pixels. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

WIDTH, TOP, LOWEST_NODE = 1392, 26, 24
COLUMNS = ((0, 176), (340, 250), (772, 254), (1212, 180))
"""Left edge and width of the four columns."""
GAPS = (16, 7, 9, 34)
REPORTS_HEIGHT, REFERRALS_HEIGHT = 240.0, 50.0
"""How tall all reports are together, and all referrals, which are far fewer."""
THINNEST = 0.35
NEUTRAL, PANEL = "nd-n", "nd-p"
"""Boxes that are nobody's theme, and panels."""


@dataclass(frozen=True, slots=True)
class Node:
    """A box: whom it stands for, how many, where."""

    code: str
    label: str
    count: int
    address: str = ""
    kind: str = ""
    number: str = ""
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0

    @property
    def middle(self) -> float:
        """Where its words stand."""
        return self.y + self.height / 2 + 4.5


@dataclass(frozen=True, slots=True)
class Band:
    """A stream between two boxes, as an SVG path."""

    path: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole picture; `wider` is how many times wider a referral is drawn than a report."""

    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    height: int
    wider: int


Counts = Mapping[tuple[str, str], int]


def _placed(nodes: Sequence[Node], column: int, scale: float) -> list[Node]:
    """A column's boxes below each other."""
    x, width = COLUMNS[column]
    found, y = [], float(TOP)
    for node in nodes:
        height = max(LOWEST_NODE, node.count * scale)
        found.append(replace(node, x=x, y=y, width=width, height=height))
        y += height + GAPS[column]
    return found


def _centred(nodes: list[Node], height: float) -> list[Node]:
    """The column moved to the middle of the picture's height."""
    bottom = nodes[-1].y + nodes[-1].height if nodes else 0
    down = max(0.0, (height - bottom) / 2)
    return [replace(node, y=node.y + down) for node in nodes]


def _starts(nodes: Sequence[Node], scale: float, total: Callable[[Node], int]) -> dict[str, float]:
    """Where each box's first stream begins, so that all of them together stand in its middle."""
    return {node.code: node.y + (node.height - total(node) * scale) / 2 for node in nodes}


def _bands(left: Sequence[Node], right: Sequence[Node], counts: Counts, scale: float, kind: str) -> list[Band]:
    leaving = {node.code: sum(n for (a, _), n in counts.items() if a == node.code) for node in left}
    coming = {node.code: sum(n for (_, b), n in counts.items() if b == node.code) for node in right}
    from_y = _starts(left, scale, lambda node: leaving[node.code])
    to_y = _starts(right, scale, lambda node: coming[node.code])
    found = []
    for one in left:
        for other in right:
            count = counts.get((one.code, other.code), 0)
            if count * scale >= THINNEST:
                path = _path(one.x + one.width, from_y[one.code], other.x, to_y[other.code], count * scale)
                shade = f"{kind} fl-n" if other.kind == NEUTRAL else kind
                found.append(Band(path, shade, f"{one.label} to {other.label}: {count}"))
            from_y[one.code] += count * scale
            to_y[other.code] += count * scale
    return found


def _path(x1: float, y1: float, x2: float, y2: float, width: float) -> str:
    middle = (x1 + x2) / 2
    return (
        f"M{x1} {y1:.1f}C{middle} {y1:.1f} {middle} {y2:.1f} {x2} {y2:.1f}v{width:.1f}"
        f"C{middle} {y2 + width:.1f} {middle} {y1 + width:.1f} {x1} {y1 + width:.1f}z"
    )


def drawn(columns: Sequence[Sequence[Node]], streams: Sequence[Counts]) -> Flow:
    """The picture of four columns of boxes and the three sets of streams between them."""
    reports = max(1, sum(node.count for node in columns[0]))
    referrals = max(1, sum(node.count for node in columns[3]))
    scales = [REPORTS_HEIGHT / reports] * 3 + [REFERRALS_HEIGHT / referrals]
    placed = [_placed(nodes, number, scales[number]) for number, nodes in enumerate(columns)]
    height = max((node.y + node.height for nodes in placed for node in nodes), default=float(TOP))
    placed = [_centred(nodes, height) for nodes in placed]
    bands = [
        band
        for number, kind in enumerate(("fl", "fl", "fl fl-p"))
        for band in _bands(placed[number], placed[number + 1], streams[number], scales[2 if number < 2 else 3], kind)
    ]
    boxes = tuple(node for nodes in placed for node in nodes)
    return Flow(boxes, tuple(bands), round(height + 4), max(1, round(scales[3] / scales[0])))
