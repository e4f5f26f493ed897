"""Golden cases: reports whose decision is agreed. Rules that decide one of them otherwise are not published."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from schemas.codes import Channel, Kind, Risk
from schemas.events import ReportFacts, TriageDecision
from services.partnership.documents import Document, parse_document
from services.partnership.documents import Problem as Mistake
from services.partnership.tables import vocabulary_of
from services.triage.domain.deciding import Counts, Rules, decide_report
from services.triage.domain.state import Sighting, victims_of

FILE = "golden.yaml"
NAME = f"triage/{FILE}"
_NAMESPACE = UUID("3f0b7c2e-5a61-5b0d-8e1f-6c9d2a7b4e10")
_RECEIVED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_CELL = "golden"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GoldenReport(_Value):
    """What is known of an invented report."""

    channel: Channel = "101"
    kind: Kind = "incident"
    category: str | None = None
    description: str = ""
    danger_now: bool = False
    occurred_at: datetime | None = None
    street: str | None = None
    people: tuple[dict[str, Any], ...] = ()
    earlier_at_place: int = 0
    earlier_of_victim: int = 0


class Expected(_Value):
    """What must come out; what is not named may be anything."""

    theme: str | None = Field(None, description="The main theme; `none` for no theme")
    also: tuple[str, ...] = ()
    lead: str | None = None
    flags: tuple[str, ...] = ()
    not_flags: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    act_first: tuple[str, ...] = ()
    disposition: tuple[Literal["needs-case", "record-only", "review", "not-ours"], ...] = ()
    risk: Risk | None = None

    @model_validator(mode="after")
    def _something(self) -> "Expected":
        if not any(self.model_dump().values()):
            raise PydanticCustomError("nothing_expected", "expects nothing, so that no rules could fail it")
        return self


class GoldenCase(_Value):
    """One agreed decision."""

    name: str
    report: GoldenReport
    expect: Expected


def read_golden(text: str) -> tuple[tuple[GoldenCase, ...], list[Mistake]]:
    """The cases in a text, or every mistake by line."""
    problems: list[Mistake] = []
    document = parse_document(text, NAME, problems)
    listed = document.data.get("cases") if document is not None and isinstance(document.data, dict) else None
    if document is None or not isinstance(listed, list):
        return (), problems or [Mistake(NAME, 1, "must hold a list `cases`")]
    cases = []
    for number, each in enumerate(listed):
        try:
            cases.append(GoldenCase.model_validate(each))
        except ValidationError as invalid:
            for error in invalid.errors(include_url=False, include_context=False, include_input=False):
                line = document.line(("cases", number, *error["loc"]))
                problems.append(Mistake(NAME, line, f"case {number + 1}: {error['msg']}"))
    return tuple(cases), [*problems, *_doubled(document, [case.name for case in cases])]


def _doubled(document: Document, names: Sequence[str]) -> Iterator[Mistake]:
    for number, name in enumerate(names):
        if name in names[:number]:
            line = document.line(("cases", number, "name"))
            yield Mistake(NAME, line, f"case {number + 1}: \u201c{name}\u201d stands twice")


def failures(cases: tuple[GoldenCase, ...], rules: Rules) -> tuple[str, ...]:
    """A sentence for each case that these rules decide otherwise than agreed."""
    known = vocabulary_of(rules.partnership)["flags"]
    return tuple(said for case in cases if (said := _failure(case, decided(case, rules), known)))


def decided(case: GoldenCase, rules: Rules) -> TriageDecision:
    """What these rules make of a case."""
    sent = case.report
    report = ReportFacts(
        report_id=uuid5(_NAMESPACE, case.name),
        reference="R-222-222-222",
        source_id="golden",
        channel=sent.channel,
        kind=sent.kind,
        category=sent.category,
        received_at=_RECEIVED,
        occurred_at=sent.occurred_at,
        street=sent.street,
        danger_now=sent.danger_now,
        cell=_CELL,
    )
    personal = {"description": sent.description, "place": {}, "people": list(sent.people)}
    return decide_report(report, personal, Counts(_earlier(sent, personal)), rules, _RECEIVED.date()).decision


def _earlier(sent: GoldenReport, personal: dict[str, Any]) -> tuple[Sighting, ...]:
    """Earlier reports three days apart: incidents of their own, at the place or about the victim."""
    victims, many = victims_of(personal), max(sent.earlier_at_place, sent.earlier_of_victim)
    return tuple(
        Sighting(
            report_id=str(number),
            reference=f"earlier-{number}",
            happened_at=_RECEIVED - timedelta(days=3 * number),
            cell=_CELL if number <= sent.earlier_at_place else None,
            victims=victims if number <= sent.earlier_of_victim else (),
        )
        for number in range(1, many + 1)
    )


def _failure(case: GoldenCase, made: TriageDecision, known: frozenset[str]) -> str | None:
    wrong = [*_scalars(case.expect, made), *_lists(case.expect, made)]
    wrong += [f"not_flags names {each}, which is no flag" for each in case.expect.not_flags if each not in known]
    return f"golden case \u201c{case.name}\u201d: {'; '.join(wrong)}" if wrong else None


def _scalars(expect: Expected, made: TriageDecision) -> list[str]:
    main = made.themes[0] if made.themes else "none"
    pairs = [
        ("theme", expect.theme, main),
        ("lead", expect.lead, made.lead_agency),
        ("risk", expect.risk, made.risk),
    ]
    wrong = [f"{name} is {found}, agreed is {wanted}" for name, wanted, found in pairs if wanted not in (None, found)]
    if expect.disposition and str(made.disposition) not in expect.disposition:
        wrong.append(f"disposition is {made.disposition}, agreed is {' or '.join(expect.disposition)}")
    return wrong


def _lists(expect: Expected, made: TriageDecision) -> list[str]:
    wanted = [
        ("theme", expect.also, made.themes),
        ("flag", expect.flags, made.flags),
        ("panel", expect.panels, made.panels),
        ("told at once", expect.act_first, made.act_first),
    ]
    wrong = [f"{name} {each} is missing" for name, codes, found in wanted for each in codes if each not in found]
    return wrong + [f"flag {each} is raised and should not be" for each in expect.not_flags if each in made.flags]
