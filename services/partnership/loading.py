"""Loads a partnership's folder into one value, or says every mistake in it by file and line."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from services.partnership import assessing, entries, ladder, people, processes, rules
from services.partnership.consistency import inconsistencies
from services.partnership.documents import Document, PartnershipInvalid, Place, Problem, read_document, read_text
from services.partnership.models import Partnership

M = TypeVar("M", bound=BaseModel)

SECTIONS: dict[str, dict[str, type[entries.Entry]]] = {
    "agencies.yaml": {"agencies": entries.Agency},
    "themes.yaml": {"strategies": entries.Strategy},
    "theme-mapping.yaml": {"theme_mappings": entries.ThemeMapping},
    "panels.yaml": {"panels": entries.Panel, "destinations": entries.Destination, "processes": processes.Process},
    "calendars.yaml": {"calendars": entries.WorkingCalendar, "bank_holidays": entries.BankHoliday},
    "staff.yaml": {"staff": people.Person},
    "partners.yaml": {"partners": people.Partner, "demonstration_keys": people.DemonstrationKey},
    "categories.yaml": {"categories": entries.Category},
    "outcomes.yaml": {
        "outcomes": entries.Outcome,
        "scores": entries.Score,
        "withdrawal_codes": entries.Reason,
        "decline_reasons": entries.Reason,
    },
    "notifications.yaml": {"notifications": rules.NotificationRule},
    "sharing.yaml": {"sharing": rules.SharingRule},
    "thresholds.yaml": {"thresholds": entries.Threshold},
    "review.yaml": {"reviewing": entries.Threshold},
    "promises.yaml": {"promises": entries.Promise},
    "operations.yaml": {"operations": entries.Operation},
    "tags.yaml": {"tags": entries.Tag},
    "instruments.yaml": {"instruments": ladder.Instrument},
    "entitlements.yaml": {"entitlements": assessing.EntitlementRule},
    "thrive.yaml": {"thrive": assessing.ThriveRule},
    "calls.yaml": {"call_questions": assessing.CallQuestion},
    "places.yaml": {"areas": entries.Area, "surroundings": entries.Surrounding},
}
"""The files of a partnership, and the lists in each: the names of the lists are the fields of `Partnership`."""

PANELS = "panels"
"""The folder whose files add to the lists of panels.yaml: a new panel, or the process of one, is a file."""
IDENTITY = "partnership.yaml"
HEADER = {"status", "source", "note"}


@dataclass(slots=True)
class Reading:
    """What was read so far: entries by list, where each stands, and the mistakes."""

    problems: list[Problem] = field(default_factory=list)
    found: dict[str, tuple[BaseModel, ...]] = field(default_factory=dict)
    places: dict[str, tuple[Document, Place]] = field(default_factory=dict)
    added: dict[tuple[str, int], tuple[Document, int]] = field(default_factory=dict)

    def report(self, section: str, place: Place, message: str) -> None:
        """Add a mistake at `place` below the list `section`."""
        document, top = self.places[section]
        if place and isinstance(place[0], int) and (section, place[0]) in self.added:
            document, number = self.added[section, place[0]]
            place = (number, *place[1:])
        self.problems.append(Problem(document.name, document.line((*top, *place)), message))


def load_partnership(path: Path) -> Partnership:
    """The partnership in the folder; raises `PartnershipInvalid` with every mistake, each by file and line.

    A folder whose content is the same is read once in a process: reading takes a second, and nothing of it changes.
    """
    return _loaded(path.absolute(), content_hash(path))


@lru_cache(maxsize=4)
def _loaded(path: Path, _content: str) -> Partnership:
    partnership, problems = read_partnership(path)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors or partnership is None:
        raise PartnershipInvalid(errors)
    return partnership


def read_partnership(path: Path) -> tuple[Partnership | None, list[Problem]]:
    """The partnership, or None when a file is unreadable, and every mistake and warning found on the way."""
    if not path.is_dir():
        return None, [Problem(str(path), 1, "is not a folder; set HUB_PARTNERSHIP to a partnership's folder")]
    reading = Reading()
    identity = _read_identity(path, reading)
    for name, sections in SECTIONS.items():
        _read_file(path, name, sections, reading)
    for file in sorted((path / PANELS).glob("*.yaml")):
        _read_panel_file(path, f"{PANELS}/{file.name}", reading)
    _read_templates(path, reading)
    _refuse_strangers(path, reading)
    if reading.problems or identity is None:
        return None, reading.problems
    version = f"{identity.declared_version}+{content_hash(path)[:12]}"
    found = cast(dict[str, Any], reading.found)
    partnership = Partnership(identity=identity, version=version, **found)
    inconsistencies(partnership, reading.report)
    return partnership, reading.problems


def content_hash(path: Path) -> str:
    """A hash over every file of the folder, by name and content: two equal ones mean equal rules."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and p.suffix in {".yaml", ".json", ".txt"}):
        digest.update(file.relative_to(path).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _read_identity(path: Path, reading: Reading) -> entries.Identity | None:
    document = _open(path, IDENTITY, reading)
    if document is None:
        return None
    reading.places["identity"] = (document, ())
    return _validated(entries.Identity, document.data, "identity", (), reading)


def _read_file(path: Path, name: str, sections: dict[str, type[entries.Entry]], reading: Reading) -> None:
    document = _open(path, name, reading)
    if document is not None:
        _read_document(document, sections, reading)


def _read_document(document: Document, sections: dict[str, type[entries.Entry]], reading: Reading) -> None:
    name = document.name
    for key in document.data.keys() - HEADER - sections.keys():
        known = ", ".join(sorted(sections))
        message = f"`{key}` is not known here; this file may hold {known}, status, source, note"
        reading.problems.append(Problem(name, document.line((key,)), message))
    header = {key: document.data[key] for key in ("status", "source") if key in document.data}
    for section, model in sections.items():
        reading.places[section] = (document, (section,))
        reading.found[section] = _read_list(document, section, model, header, reading)


def _read_panel_file(path: Path, name: str, reading: Reading) -> None:
    """Append what the file adds; each entry remembers in which file it stands."""
    before = {section: reading.found.get(section, ()) for section in SECTIONS["panels.yaml"]}
    places = dict(reading.places)
    document = _open(path, name, reading)
    if document is None:
        return
    for section in SECTIONS["panels.yaml"]:
        document.data.setdefault(section, [])
    _read_document(document, SECTIONS["panels.yaml"], reading)
    for section, earlier in before.items():
        for number in range(len(reading.found[section])):
            reading.added[section, len(earlier) + number] = (document, number)
        reading.found[section] = (*earlier, *reading.found[section])
    reading.places.update({section: places[section] for section in before if section in places})


def _read_list(
    document: Document, section: str, model: type[M], header: dict[str, Any], reading: Reading
) -> tuple[M, ...]:
    items = document.data.get(section)
    if not isinstance(items, list):
        reading.report(section, (), f"`{section}` must be a list; write `{section}: []` if there is nothing in it")
        return ()
    validated = []
    for i, item in enumerate(items):
        entry = _validated(model, _with_provenance(item, header), section, (i,), reading)
        if entry is not None:
            validated.append(entry)
    return tuple(validated)


def _with_provenance(item: Any, header: dict[str, Any]) -> Any:
    """The entry with its file's status and source where it has none; a strategy hands its own down to its themes."""
    if not isinstance(item, dict):
        return item
    whole = header | item
    own = {key: whole[key] for key in ("status", "source") if key in whole}
    if isinstance(item.get("themes"), list) and all(isinstance(theme, dict) for theme in item["themes"]):
        whole["themes"] = [own | theme for theme in item["themes"]]
    return whole


def _validated(model: type[M], data: Any, section: str, place: Place, reading: Reading) -> M | None:
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_context=False, include_input=False):
            where: Place = error["loc"]
            reading.report(section, (*place, *where), _in_words(model, where, error["type"], error["msg"]))
        return None


def _in_words(model: type[BaseModel], where: Place, kind: str, message: str) -> str:
    name = ".".join(str(part) for part in where) or model.__name__
    if kind == "missing":
        return f"`{name}` is missing; every {model.__name__} needs it"
    if kind == "extra_forbidden":
        return f"`{name}` is not known; remove it or correct its spelling"
    return f"`{name}`: {message}"


def _open(path: Path, name: str, reading: Reading) -> Document | None:
    if not (path / name).is_file():
        reading.problems.append(Problem(name, 1, "is missing; copy it from partnerships/luton and make it yours"))
        return None
    document = read_document(path / name, name, reading.problems)
    if document is not None and not isinstance(document.data, dict):
        reading.problems.append(Problem(name, 1, "must begin with `status:`, `source:` and its lists"))
        return None
    return document


def _read_templates(path: Path, reading: Reading) -> None:
    found = []
    for file in sorted((path / "templates").glob("*.txt")):
        name = f"templates/{file.name}"
        text = read_text(file, name, reading.problems)
        if text is None:
            continue
        lines: dict[Place, int] = {(number,): number for number in range(1, text.count("\n") + 2)}
        reading.places[f"template {file.stem}"] = (Document(name, lines=lines), ())
        first, _, body = text.partition("\n")
        if not first.startswith("Subject: ") or not body.startswith("\n"):
            reading.problems.append(Problem(name, 1, "must begin with `Subject: …`, then an empty line, then the text"))
            continue
        found.append(rules.Template(id=file.stem, subject=first.removeprefix("Subject: "), body=body.lstrip("\n")))
    reading.found["templates"] = tuple(found)


def _refuse_strangers(path: Path, reading: Reading) -> None:
    for file in sorted(path.glob("*.yaml")):
        if file.name not in SECTIONS and file.name != IDENTITY:
            known = ", ".join(sorted([*SECTIONS, IDENTITY]))
            reading.problems.append(Problem(file.name, 1, f"is not a file of a partnership; the files are {known}"))
