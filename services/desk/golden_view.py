"""Golden cases as an analyst reads and fills them in: what is known of an invented report, and what must come of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from schemas.codes import Disposition, Flag
from services.desk import sides
from services.desk.sides import Sides
from services.partnership.documents import parse_document
from services.partnership.models import Partnership

GOLDEN = "golden.yaml"
DISPOSITIONS = tuple(each.value for each in (Disposition.NEEDS_CASE, Disposition.REVIEW, Disposition.NOT_OURS))
YES = "yes"
_SINGLE = ("theme", "lead", "risk")
_SEVERAL = ("flags", "not_flags")


def cases_of(documents: Mapping[str, str]) -> list[dict[str, Any]]:
    """The cases of a version, as its document has them."""
    document = parse_document(documents.get(GOLDEN, "cases: []"), GOLDEN, [])
    data = document.data if document is not None and isinstance(document.data, dict) else {}
    return [dict(case) for case in data.get("cases") or ()]


def shown(cases: Sequence[Mapping[str, Any]], failing: Sequence[str]) -> list[dict[str, Any]]:
    """Each case with what is agreed in words, and in what way the rules decide it otherwise."""
    return [
        {
            "name": str(case["name"]),
            "words": (case.get("report") or {}).get("description", ""),
            "agreed": agreed(case.get("expect") or {}),
            "wrong": _wrong(str(case["name"]), failing),
        }
        for case in cases
    ]


def _wrong(name: str, failing: Sequence[str]) -> str:
    failure = next((each for each in failing if f"\u201c{name}\u201d:" in each), "")
    return failure.partition("\u201d: ")[2]


def agreed(expect: Mapping[str, Any]) -> str:
    """What must hold, in words."""
    parts = []
    for name, value in expect.items():
        listed = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        parts.append(f"{name.replace('_', ' ')}: {listed.replace('-', ' ')}")
    return "; ".join(parts)


def filled(case: Mapping[str, Any] | None) -> dict[str, Any]:
    """The form's fields of a case; empty ones of none."""
    report, expect = ((case or {}).get(part) or {} for part in ("report", "expect"))
    made: dict[str, Any] = {"name": (case or {}).get("name", ""), "disposition": list(expect.get("disposition") or ())}
    made |= {field: report.get(field, "") for field in ("channel", "category", "description", "danger_now")}
    made |= {field: expect.get(field, "") for field in _SINGLE}
    return made | {field: ", ".join(expect.get(field) or ()) for field in _SEVERAL}


def of_report(item: Mapping[str, Any]) -> dict[str, Any]:
    """The form's fields from a report's codes and its decision; never its words, its place or anybody in it."""
    report, decision = item["report"], item["decision"]
    themes = decision["themes"]
    made = filled(None) | {"channel": report["channel"], "category": report.get("category") or ""}
    made |= {"theme": themes[0] if themes else "none", "lead": decision["lead_agency"] or "", "risk": decision["risk"]}
    kept = decision["disposition"] if decision["disposition"] in DISPOSITIONS else Disposition.NEEDS_CASE.value
    return made | {"flags": ", ".join(decision["flags"]), "disposition": [kept], "danger_now": report["danger_now"]}


LABELS = {
    "name": "What is agreed",
    "description": "What is reported",
    "channel": "Channel",
    "category": "Category",
    "danger_now": "Danger now",
    "theme": "Theme must be",
    "lead": "Lead must be",
    "risk": "Risk must be",
    "flags": "Flags that must be raised",
    "not_flags": "Flags that must not be",
    "disposition": "What must become of it",
}
"""The form's fields in words."""
CASE = "case"


def in_text(fields: Mapping[str, Any]) -> dict[str, str]:
    """The form's fields as text each, so that what two people made of them can be compared."""
    plain = {name: fields.get(name) or "" for name in LABELS}
    return plain | {"danger_now": YES if plain["danger_now"] else "", "disposition": ", ".join(plain["disposition"])}


def from_text(texts: Mapping[str, str]) -> dict[str, Any]:
    """The form's fields from `in_text`."""
    return dict(texts) | {"disposition": _codes(texts["disposition"])}


def sides_of(standing: Mapping[str, Any] | None, form: Mapping[str, str]) -> Sides:
    """A case as a form first showed it, as it stands now (none: taken out, or new), and as the form has it."""
    mine, now = in_text(sent_back(form)), in_text(filled(standing)) if standing else {}
    return sides.sides_of(CASE, now, mine | {"was": form.get("was", "")}, mine)


def edit_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The change that a form asks for; its field `case` has the name under which the case stands."""
    edit: dict[str, Any] = {"kind": "golden", "operation": form.get("operation", "set"), "name": form.get("case", "")}
    if edit["operation"] == "remove":
        return edit
    report: dict[str, Any] = {field: form.get(field, "").strip() for field in ("channel", "category", "description")}
    expect: dict[str, Any] = {field: form.get(field, "") for field in _SINGLE}
    expect |= {field: _codes(form.get(field, "")) for field in _SEVERAL}
    expect["disposition"] = _ticked(form)
    name = form.get("name", "").strip()
    return edit | {
        "name": edit["name"] or name,
        "called": name,
        "report": report | {"danger_now": bool(form.get("danger_now"))},
        "expect": expect,
    }


def sent_back(form: Mapping[str, str]) -> dict[str, Any]:
    """The form's fields as she sent them, where it was refused."""
    plain = ("name", "channel", "category", "description", "danger_now", *_SINGLE, *_SEVERAL)
    return {field: form.get(field, "") for field in plain} | {"disposition": _ticked(form)}


def _ticked(form: Mapping[str, str]) -> list[str]:
    return [each for each in DISPOSITIONS if form.get(f"disposition:{each}")]


def _codes(typed: str) -> list[str]:
    return [code for code in (each.strip().replace(" ", "-") for each in typed.split(",")) if code]


def choices(partnership: Partnership, day: Any) -> dict[str, Any]:
    """What the form offers."""
    strategy = partnership.strategy_at(day)
    themes = [(each.code, each.short_name) for each in strategy.themes] if strategy else []
    return {
        "themes": [("none", "No theme"), *themes],
        "leads": [(each.code, each.short_name) for each in partnership.agencies],
        "categories": sorted(each.code for each in partnership.categories),
        "flags": sorted({*get_args(Flag), *partnership.identity.own_flags}),
        "dispositions": DISPOSITIONS,
    }


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What the golden cases of `after` say otherwise."""
    old, new = ({str(case["name"]): case for case in cases_of(each)} for each in (before, after))
    for name in dict.fromkeys((*old, *new)):
        sides = [_in_words(each.get(name)) for each in (old, new)]
        if sides[0] != sides[1]:
            yield {"where": "Golden cases", "what": name, "table": None, "before": sides[0], "after": sides[1]}


def _in_words(case: Mapping[str, Any] | None) -> str:
    if case is None:
        return "\u2013"
    words = str((case.get("report") or {}).get("description") or "no words")
    return f"{words} \u2192 {agreed(case.get('expect') or {})}"
