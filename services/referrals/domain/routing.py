"""Which themes and lead a report was given, and what a split makes of them: each case stands where its reports say."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.events import ReportDecided
from services.partnership.models import Partnership
from services.referrals.domain import signs
from services.referrals.domain.parts import CaseReport, Routed
from services.referrals.domain.state import MARKED, Case


def routed_key(report_id: Any) -> str:
    """The state key of what triage last decided of a report."""
    return f"routed:{report_id}"


def of(event: ReportDecided) -> Routed:
    """What a case begins with, of triage's decision."""
    decision = event.decision
    return Routed(
        report_id=event.report.report_id,
        revision=event.report.revision,
        themes=decision.themes,
        lead_agency=decision.lead_agency,
        acting_lead=decision.acting_lead,
        joint_leads=decision.joint_leads,
        act_first=decision.act_first,
        kind=decision.kind_of_case,
        panels=decision.panels,
        flags=decision.flags,
    )


def themes_of(reports: Iterable[CaseReport]) -> tuple[str, ...]:
    """The themes of all reports, those of the first one first."""
    return _all(*(each.routed.themes for each in reports if each.routed is not None))


def by_reports(case: Case, reports: Sequence[CaseReport], partnership: Partnership) -> bool:
    """Whether the case stands where its reports say. Where a person rerouted it, or a report came before decisions were
    kept with it, nobody but a person says otherwise."""
    routed = [each.routed for each in reports if each.routed is not None]
    leads = {each.lead_agency or partnership.identity.owner_without_theme for each in routed}
    known = len(routed) == len(reports)
    return known and set(case.state.themes) <= set(themes_of(reports)) and case.state.lead_agency in leads


def as_its_reports_say(new: Case, old: Case, chosen: Sequence[CaseReport], partnership: Partnership) -> Case:
    """A case that is made of chosen reports, with their kind, themes, flags and panels, and with their leads.

    Another lead has no owner yet. Who saw the old case sees the new one, unless only the new one is sensitive.
    """
    routed = [each.routed for each in chosen if each.routed is not None]
    first, themes = routed[0], themes_of(chosen)
    facts: dict[str, Any] = {"themes": themes} | signs.of_some(old.state, (f for each in routed for f in each.flags))
    if partnership.any_sensitive(themes) and not partnership.any_sensitive(old.state.themes):
        act_first = _all(*(each.act_first for each in routed))
        facts |= _leads(first, partnership) | {"act_first": act_first, "marking": MARKED, "followers": ()}
    elif first.lead_agency != old.state.lead_agency:
        facts |= _leads(first, partnership) | {"followers": _all(old.state.followers, old.visible_to)}
    return new.model_copy(
        update={
            "state": new.state.model_copy(update=facts),
            "kind": first.kind or new.kind,
            "suggested": _all(*(each.panels for each in routed)),
        }
    )


def _leads(first: Routed, partnership: Partnership) -> dict[str, Any]:
    lead = first.lead_agency or partnership.identity.owner_without_theme
    acting = {"acting_lead": first.acting_lead or lead, "joint_leads": first.joint_leads}
    return acting | {"lead_agency": lead, "owner": None, "owner_name": None}


def of_rest(case: Case, rest: Sequence[CaseReport]) -> tuple[str, ...]:
    """The themes that the reports which stay leave to the old case, in its own order; a case keeps one at least."""
    given = themes_of(rest)
    return tuple(theme for theme in case.state.themes if theme in given) or given


def _all(*lists: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for one in lists for each in one))
