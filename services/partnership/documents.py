"""Reads YAML into plain data and remembers the line of every value, so that a mistake is named by file and line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Place = tuple[str | int, ...]
"""The way to a value from the top of a document: keys and list positions."""

Report = Callable[[str, Place, str], None]
"""Takes the list, the place below it, and what is wrong with what to do."""

AnyNode = Node | yaml.Node
"""A node of either parser."""

WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
DEEPEST = 20
"""Levels of a document; an alias within its own anchor would have no end."""
_ENDLESS = "exceeded maximum nesting depth"
"""What libyaml says of a thousand levels."""
_TOO_DEEP = f"holds itself, or more than {DEEPEST} levels"
_WHOLE = re.compile(r"[-+]?[0-9]{1,300}")
"""What has more digits is read as a fraction, so as infinite: of thousands Python makes no integer."""
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
"""Python would take more for a number: `nan`, which is somebody's grandmother."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a partnership's files: where it is, what is wrong, and what to do about it."""

    file: str
    line: int
    message: str
    severity: Literal["error", "warning"] = "error"
    cell: tuple[str, str | None, str | None] | None = field(default=None, compare=False)
    """Table, row and column, where it is a mistake in a decision table."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def missing_file(name: str) -> Problem:
    """A file that a partnership must have is not there."""
    return Problem(name, 1, "is missing; copy it from partnerships/luton and make it yours")


class PartnershipInvalid(Exception):
    """The partnership's files hold mistakes; `problems` lists every one."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Document:
    """A file's content as plain data, with the line of each value."""

    name: str
    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest thing around it that stands in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def compose(text: str) -> AnyNode | None:
    """The YAML text as nodes that know their lines; None when it is empty. Raises `YAMLError`.

    By libyaml, whose nodes are the same and which takes a tenth of the time; what it does not take is read, or
    refused in its own words, by the parser of YAML 1.2.
    """
    root: AnyNode | None
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        if _ENDLESS in str(error):  # the other parser would end in a RecursionError
            raise MarkedYAMLError(problem=_TOO_DEEP) from error
        root = YAML(typ="safe", pure=True).compose(text)
    return root


def read_text(path: Path, name: str, problems: list[Problem]) -> str | None:
    """The text in the file, or None with a problem added where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        problems.append(Problem(name, 1, f"is not UTF-8 at byte {error.start}; save it as UTF-8"))
        return None


def read_document(path: Path, name: str, problems: list[Problem]) -> Document | None:
    """The document in the file, or None with a problem added: not UTF-8, not YAML, or a key that stands twice."""
    text = read_text(path, name, problems)
    return None if text is None else parse_document(text, name, problems)


def parse_document(text: str, name: str, problems: list[Problem]) -> Document | None:
    """As `read_document`, from a text."""
    document = Document(name)
    try:
        root = compose(text)
        if root is not None:
            document.data = _plain(root, (), document, problems)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.append(Problem(name, mark.line + 1 if mark else 1, f"is not YAML: {error.problem or error.context}"))
        return None
    except YAMLError as error:
        problems.append(Problem(name, 1, f"is not YAML: {type(error).__name__}"))
        return None
    return document


def _plain(node: AnyNode, place: Place, document: Document, problems: list[Problem]) -> Any:
    if len(place) > DEEPEST:
        raise MarkedYAMLError(problem=_TOO_DEEP, problem_mark=node.start_mark)
    document.lines[place] = node.start_mark.line + 1
    if isinstance(node, MappingNode | yaml.MappingNode):
        return _mapping(node, place, document, problems)
    if isinstance(node, SequenceNode | yaml.SequenceNode):
        return [_plain(item, (*place, i), document, problems) for i, item in enumerate(node.value)]
    return _scalar(node) if isinstance(node, ScalarNode | yaml.ScalarNode) else None


def _mapping(
    node: MappingNode | yaml.MappingNode, place: Place, document: Document, problems: list[Problem]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in result:
            problems.append(Problem(document.name, key_node.start_mark.line + 1, f"`{key}` stands twice; keep one"))
        result[key] = _plain(value_node, (*place, key), document, problems)
        document.lines[(*place, key)] = key_node.start_mark.line + 1
    return result


def _scalar(node: ScalarNode | yaml.ScalarNode) -> Any:
    """YAML 1.2's core words and numbers when unquoted, else text; dates and times stay text for the models to read."""
    text = str(node.value)
    if node.style:
        return text
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if _NUMBER.fullmatch(text) is None:
        return text
    return int(text) if _WHOLE.fullmatch(text) else float(text)
