"""The reports that a case holds, and to which of their reporters may still be written: one "not safe" is enough."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.case_life import CaseSplit, ReportTakenBack
from schemas.events import CaseEvent, ReportFacts
from schemas.personal import reveal
from services.notify.domain.state import CaseLinks, LinkedReport


def reporter_address(personal: Mapping[str, Any]) -> str | None:
    """The reporter's e-mail, only where she said that it is safe, and nobody of the report that it is not: nobody is
    contacted by default."""
    people = personal.get("people") or ()
    unsafe = _unsafe(people)
    for person in people:
        contact = person.get("contact") or {}
        email = contact.get("email")
        if person.get("role") == "reporter" and contact.get("safe") == "yes" and email and _key(email) not in unsafe:
            return str(email)
    return None


def linked(report: ReportFacts, personal: Mapping[str, Any]) -> LinkedReport:
    """What is kept of a report for telling its sender and reporter later; a split's second matter is none of theirs."""
    address = reporter_address(personal) if report.wants_updates else None
    partner = report.partner if report.split_from is None else None
    return LinkedReport(
        reference=report.reference, source_id=report.source_id, partner=partner, reporter_address=address
    )


def link_report(event: CaseEvent, links: CaseLinks) -> CaseLinks:
    """The case's reports with the one that this event brought, without those that a split took away; and without the
    addresses that anybody said are not safe, by a report or on the case."""
    reports = _reports(event, links)
    unsafe = tuple(sorted({*links.unsafe, *_said_unsafe(event, reports)}))
    kept = tuple(_without(each, unsafe) for each in reports)
    return links.model_copy(update={"reports": kept, "unsafe": unsafe})


def _reports(event: CaseEvent, links: CaseLinks) -> tuple[LinkedReport, ...]:
    if isinstance(event, CaseSplit) and event.changed.get("from") == event.case.reference:
        return tuple(each for each in links.reports if each.reference not in event.changed["reports"])
    if event.report is None:
        return links.reports
    kept = tuple(each for each in links.reports if each.reference != event.report.reference)
    # Who took her report back is told no more of it.
    words = {} if isinstance(event, ReportTakenBack) else reveal(event.personal)
    return (*kept, linked(event.report, words))


def _said_unsafe(event: CaseEvent, reports: Iterable[LinkedReport]) -> frozenset[str]:
    """What this event says is not safe. Of a reporter whose address it does not name it may be any reporter's."""
    words = reveal(event.personal) if event.report or event.person else {}
    found = _unsafe(words.get("people") or ())
    if event.person is None or event.person.safe != "no":
        return found
    email = ((words.get("person") or {}).get("contact") or {}).get("email")
    if email:
        return found | {_key(email)}
    addresses = (each.reporter_address for each in reports if event.person.role == "reporter")
    return found | {_key(address) for address in addresses if address}


def _unsafe(people: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    contacts = [person.get("contact") or {} for person in people]
    return frozenset(_key(each["email"]) for each in contacts if each.get("safe") == "no" and each.get("email"))


def _key(address: str) -> str:
    return address.casefold()


def _without(report: LinkedReport, unsafe: Iterable[str]) -> LinkedReport:
    barred = report.reporter_address is not None and _key(report.reporter_address) in unsafe
    return report.model_copy(update={"reporter_address": None}) if barred else report
