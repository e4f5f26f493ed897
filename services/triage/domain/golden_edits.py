"""Golden cases of a draft: one added, changed or taken out; what the form does not know of a case stays as it is."""

from collections.abc import MutableMapping, MutableSequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.triage.domain.rule_versions import EditRefused
from services.triage.domain.yaml_texts import keeping, written


class GoldenEdit(BaseModel):
    """A change to one case, by its name, with the fields of `report` and `expect` that are set.

    A field that is empty is taken out; one that is not named stays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["golden"] = "golden"
    operation: Literal["set", "add", "remove"]
    name: str = Field(max_length=200)
    report: dict[str, Any] = {}
    expect: dict[str, Any] = {}
    called: str = Field("", max_length=200, description="Its new name, where it has another")


def with_case(text: str, edit: GoldenEdit) -> str:
    """The golden cases' text with the change made. Raises `EditRefused`."""
    yaml = keeping()
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(text)
    cases = content.get("cases") if isinstance(content, MutableMapping) else None
    if not isinstance(cases, MutableSequence):
        raise EditRefused("This version has no list of golden cases.")
    at = next((place for place, case in enumerate(cases) if case["name"] == edit.name), None)
    if edit.operation == "add":
        cases.append(_filled({"name": _named(edit), "report": {}, "expect": {}}, edit))
    elif at is None:
        raise EditRefused("This version has no golden case of that name.")
    elif edit.operation == "remove":
        del cases[at]
    else:
        cases[at]["name"] = _named(edit)
        _filled(cases[at], edit)
    return written(yaml, content)


def _named(edit: GoldenEdit) -> str:
    name = (edit.called or edit.name).strip()
    if not name:
        raise EditRefused("A golden case needs a name: a sentence that says what is agreed.")
    return name


def _filled(case: MutableMapping[str, Any], edit: GoldenEdit) -> MutableMapping[str, Any]:
    for section, given in (("report", edit.report), ("expect", edit.expect)):
        into = case.setdefault(section, {})
        for field, value in given.items():
            if value in (None, "", [], False):
                into.pop(field, None)
            else:
                into[field] = value
    return case
