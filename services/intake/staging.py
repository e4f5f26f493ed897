"""Reads the rows of a spooled batch: each with its identity and content, or with why it cannot be a report."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import ValidationError

from schemas.submission import Submission, source_id_of
from services.intake import spool
from services.intake.domain import police
from services.kernel.http import field_errors


@dataclass(slots=True)
class Staged:
    """Rows read, as columns."""

    rows: list[int] = field(default_factory=list)
    identities: list[str | None] = field(default_factory=list)
    contents: list[str | None] = field(default_factory=list)
    documents: list[str | None] = field(default_factory=list)
    outcomes: list[str | None] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    source_ids: list[str | None] = field(default_factory=list)

    def add(self, row: int, identity: str | None, content: str | None, document: str | None) -> None:
        """A row that may become a report."""
        for column, value in zip(self._columns(), (row, identity, content, document, None, None, None), strict=True):
            column.append(value)

    def reject(self, row: int, reasons: list[dict[str, str]], source_id: str | None = None) -> None:
        """A row that cannot; with the sender's own id where it can be read, so that she finds what to mend."""
        values = (row, None, None, None, "rejected", json.dumps(reasons), source_id)
        for column, value in zip(self._columns(), values, strict=True):
            column.append(value)

    def _columns(self) -> tuple[list[Any], ...]:
        read = (self.rows, self.identities, self.contents, self.documents)
        return *read, self.outcomes, self.reasons, self.source_ids

    def as_columns(self) -> dict[str, list[Any]]:
        """For the repository."""
        names = ("rows", "identities", "contents", "documents", "outcomes", "reasons", "source_ids")
        return dict(zip(names, self._columns(), strict=True))


def reason(fields: str, code: str, message: str) -> list[dict[str, str]]:
    """A row's reason, in the form of a problem's errors."""
    return [{"field": fields, "code": code, "message": message}]


def reasons_of(error: ValidationError) -> list[dict[str, str]]:
    """pydantic's errors as a row's reasons, without values."""
    return [
        {"field": each.field, "code": each.code, "message": each.message}
        for each in field_errors(error.errors(include_input=False, include_url=False, include_context=False))
    ]


class HubReader:
    """Lines of NDJSON, each a hub report."""

    def read(self, line: str, row: int, staged: Staged) -> None:
        """One line."""
        try:
            made = Submission.model_validate_json(line)
        except ValidationError as error:
            staged.reject(row, reasons_of(error), source_id_of(line))
            return
        staged.add(row, f"{made.source_id}\x1f{row}", None, line)


class PoliceReader:
    """Rows of a file of data.police.uk."""

    required: ClassVar[Sequence[str]]

    def __init__(self, header: str) -> None:
        self._columns = spool.check_header(header, self.required)

    def read(self, line: str, row: int, staged: Staged) -> None:
        """One row."""
        try:
            values = next(csv.reader([line]), [])
        except csv.Error:
            # A carriage return within a value, or a value of more characters than a field of CSV may have.
            staged.reject(row, reason("", "not-csv", "The row is not CSV: a value holds a line's end, or is too long."))
            return
        if len(values) != len(self._columns):
            staged.reject(row, reason("", "wrong-columns", "The row does not have as many values as the header."))
        elif "\x00" in line:
            staged.reject(row, reason("", "nul-in-text", "Text must not hold the character NUL."))
        else:
            self.keep(dict(zip(self._columns, values, strict=True)), row, staged)

    def keep(self, named: dict[str, str], row: int, staged: Staged) -> None:
        """A row with its columns named."""
        raise NotImplementedError


class StreetReader(PoliceReader):
    """Crimes and antisocial behaviour."""

    required = police.REQUIRED

    def keep(self, named: dict[str, str], row: int, staged: Staged) -> None:
        """Known by its Crime ID, or by month and place."""
        staged.add(row, police.identity(named), police.content(named), json.dumps(named))


class OutcomesReader(PoliceReader):
    """Outcomes of crimes."""

    required = police.REQUIRED_OF_OUTCOMES

    def keep(self, named: dict[str, str], row: int, staged: Staged) -> None:
        """Known by its Crime ID, month and outcome."""
        try:
            identity = police.outcome_identity(named)
        except police.RowRefused as error:
            staged.reject(row, reason(error.field, error.code, error.message))
        else:
            staged.add(row, identity, "", json.dumps(named))


POLICE: dict[str, type[PoliceReader]] = {"police-street": StreetReader, "police-outcomes": OutcomesReader}
FORMATS = ("hub", *POLICE)


class Reading:
    """Where the reading of a batch stands: its reader, once the header is read, and the row."""

    def __init__(self, batch: Any) -> None:
        self._format, self._kept, self._row = batch.format, batch.staged, 0
        self._reader: HubReader | PoliceReader | None = HubReader() if batch.format == "hub" else None

    def rows_of(self, content: str) -> Staged:
        """The rows of the next chunk that were not kept before."""
        staged = Staged()
        for line in spool.lines_of(content):
            if self._reader is None:
                self._reader = POLICE[self._format](line)
                continue
            self._row += 1
            if self._row > self._kept:
                self._reader.read(line, self._row, staged)
        return staged
