"""What a form's own fields take, as the files declare them: one check for the service that decides and for the page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.partnership.processes import FormField


@dataclass(frozen=True, slots=True)
class WrongField:
    """One value of a form that does not do: its field, a stable code, and what to do; never the value itself."""

    field: str
    code: str
    message: str


def wrong_fields(asked: Iterable[FormField], given: Mapping[str, Any]) -> tuple[WrongField, ...]:
    """Every field that does not do: those that nobody asks for, then the others in the order of the form."""
    fields = {field.code: field for field in asked}
    unknown = [
        WrongField(code, "field-unknown", f"The form has no field {code}.") for code in given if code not in fields
    ]
    found = (_wrong(field, given.get(field.code)) for field in fields.values())
    return (*unknown, *(each for each in found if each is not None))


def _wrong(field: FormField, value: Any) -> WrongField | None:
    if value in (None, ""):
        missing = f"The form needs {field.code}: {field.name}."
        return WrongField(field.code, "field-missing", missing) if field.required else None
    if _IS[field.kind](field, value):
        return None
    return WrongField(field.code, "field-wrong", f"The field {field.code} takes {takes(field)}.")


def takes(field: FormField) -> str:
    """What the field takes, with its bounds where it has both."""
    if field.kind == "number" and field.lowest is not None and field.highest is not None:
        return f"a number from {field.lowest:g} to {field.highest:g}"
    return _TAKES[field.kind]


def _is_number(field: FormField, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    low = field.lowest if field.lowest is not None else value
    return low <= value <= (field.highest if field.highest is not None else value)


def _is_date(_: FormField, value: Any) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


_IS = {
    "text": lambda _, value: isinstance(value, str),
    "choice": lambda field, value: value in {choice.code for choice in field.choices},
    "number": _is_number,
    "yes-no": lambda _, value: isinstance(value, bool),
    "date": _is_date,
}
_TAKES = {
    "text": "words",
    "choice": "one of its choices",
    "number": "a number within its bounds",
    "yes-no": "true or false",
    "date": "a date such as 2026-03-02",
}
