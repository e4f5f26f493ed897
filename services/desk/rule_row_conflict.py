"""A row of the rules by the fields of its form, for what two people change at once (`sides.py`)."""

from collections.abc import Mapping

from services.desk import sides
from services.desk.rules_view import in_words
from services.desk.sides import Sides
from services.partnership.table_file import TableRow

TEXT, ROW = "text", "row"


def cells_of(row: TableRow | None) -> dict[str, str]:
    """A row's words and cells by the names of the form's fields; nothing for a row that is not there."""
    if row is None:
        return {}
    return {TEXT: row.text} | {f"cell-{column}": cell for column, cell in {**row.conditions, **row.answers}.items()}


def sides_of(row: TableRow | None, form: Mapping[str, str]) -> Sides:
    """The sides of a form; one that does not say what it showed, or was not filled in yet, differs in nothing."""
    names = dict.fromkeys((TEXT, *(name for name in form if name.startswith("cell-"))))
    return sides.sides_of(ROW, cells_of(row), form, names)


def plainly(name: str, cell: str) -> str:
    """A cell in plain words."""
    return cell if name == TEXT else in_words(cell)
