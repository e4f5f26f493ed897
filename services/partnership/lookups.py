"""Entries of the partnership's files are looked up by their codes."""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar


class UnknownCode(LookupError):
    """The partnership's files hold no entry of that kind with that code."""

    def __init__(self, kind: str, code: str) -> None:
        super().__init__(f"no {kind} with the code {code!r} in the partnership's files")


class Coded(Protocol):
    """An entry that is found by its code."""

    @property
    def code(self) -> str:
        """The code."""


C = TypeVar("C", bound=Coded)
E = TypeVar("E")


def by_code(entries: Iterable[C]) -> Mapping[str, C]:
    """Entries by their codes, the last of each."""
    return {entry.code: entry for entry in entries}


def find(entries: Mapping[str, E], kind: str, code: str) -> E:
    """The entry under that code. Raises `UnknownCode` with what it was looked for as."""
    entry = entries.get(code)
    if entry is None:
        raise UnknownCode(kind, code)
    return entry
