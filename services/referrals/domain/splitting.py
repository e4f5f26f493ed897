"""Reports that do not belong go into a case of their own: with a reason, and both histories say so."""

from schemas.case_life import CaseSplit
from schemas.casefile import Split
from schemas.codes import Disposition
from schemas.events import CaseOpened, ReportTriaged, TriageDecision
from schemas.personal import seal
from services.kernel.decision import Decision, together
from services.kernel.references import ReferenceMistyped, reference, tidy_reference
from services.referrals.domain import carrying, casefile, matching, routing
from services.referrals.domain.asked import Asked
from services.referrals.domain.change import Change
from services.referrals.domain.merging import APART, bring_report
from services.referrals.domain.parts import CaseReport, Matches, People, reports_key
from services.referrals.domain.state import Case


def split(asked: Asked, body: Split) -> Decision:
    """The chosen reports go; at least one stays."""
    reports: tuple[CaseReport, ...] = asked.state.get(reports_key(asked.case.state.case_id)) or ()
    wanted = _tidied(body.reports)
    chosen = tuple(each for each in reports if each.facts.reference in wanted)
    if len(chosen) != len(wanted):
        return asked.refused("report-not-in-case", "A report of the list is not in this case.")
    if len(chosen) == len(reports):
        return asked.refused("nothing-left", "At least one report stays. Reroute the case instead.")
    remaining = tuple(each for each in reports if each not in chosen)
    new, themes = _new_case(asked, chosen), asked.case.state.themes
    if routing.by_reports(asked.case, reports, asked.partnership):
        new = routing.as_its_reports_say(new, asked.case, chosen, asked.partnership)
        themes = routing.of_rest(asked.case, remaining)
    changed = {
        "from": asked.case.state.reference,
        "into": new.state.reference,
        "reports": [each.facts.reference for each in chosen],
    }
    staying = asked.change()
    staying.happens(
        CaseSplit,
        changed=changed,
        personal=seal({"reason": body.reason}),
        report_count=asked.case.state.report_count - len(chosen),
        themes=themes,
    )
    casefile.forget_people(staying, asked.people(asked.case), remaining)
    who = carrying.identities(_named_by(asked, chosen), chosen, asked.case.state.case_id, new.state.case_id, People())
    leaving = _leaving(asked, new, chosen, who)
    leaving.happens(CaseSplit, changed=changed, personal=seal({"reason": body.reason}))
    return together(leaving.decision(), staying.decision())


def _tidied(references: tuple[str, ...]) -> set[str]:
    found = set()
    for each in references:
        try:
            found.add(tidy_reference(each))
        except ReferenceMistyped:
            found.add(each)  # it is in no case, and is refused as such
    return found


def _new_case(asked: Asked, chosen: tuple[CaseReport, ...]) -> Case:
    """It begins with the old one's themes, leads, owner, risk, who graded it and times; a panel decides of it anew."""
    old, first = asked.case.state, chosen[0].facts
    case_id = asked.context.derive("case")
    state = old.model_copy(
        update={
            "case_id": case_id,
            "reference": reference("C", case_id),
            "opened_at": asked.context.now,
            "referred_to": (),
            "report_count": 1,
            "street": first.street,
            "cell": first.cell,
            "open_tasks": 0,
            "sequence": 0,
            "version": 0,
        }
    )
    return Case(state=state, kind=asked.case.kind, suggested=asked.case.suggested, graded=asked.case.graded)


def _named_by(asked: Asked, chosen: tuple[CaseReport, ...]) -> People:
    """The people of the case whom the reports name, as they stand there."""
    known, case_id = asked.people(asked.case), asked.case.state.case_id
    named = {
        each.state.person_id
        for report in chosen
        for each in casefile.with_people(People(), case_id, report.facts, report.personal).people
    }
    return People(people=tuple(each for each in known.people if each.state.person_id in named))


def _leaving(asked: Asked, new: Case, chosen: tuple[CaseReport, ...], who: carrying.Identities) -> Change:
    """What was done about somebody who goes counts where she goes too; it stands in the old case as before."""
    change = Change(new, asked.by, asked.context, APART)
    old, place = asked.case, new.state.cell is not None and new.state.cell == asked.case.state.cell
    theirs = old.model_copy(
        update={
            "ladder": carrying.of_them(old.ladder, who, place=place),
            "support": carrying.of_them(old.support, who, place=place),
        }
    )
    origin = old.state.reference
    change.note(ladder=carrying.steps(theirs, who, origin), support=carrying.offers(theirs, who, origin))
    why = f"Split from {asked.case.state.reference}"
    first = chosen[0]
    opened = change.happens(CaseOpened, why=why, report=first.facts, personal=first.personal)
    casefile.keep_link(change, first.facts, opened)
    casefile.remember_people(change, asked.state, first.facts, first.personal)
    for each in chosen[1:]:
        bring_report(change, asked, each, why)
    for each in chosen:
        _remember_marks(change, asked, each)
    carrying.bring(change, asked.people(old).people, who, People())
    return change


def _remember_marks(change: Change, asked: Asked, report: CaseReport) -> None:
    """Later reports that are like it find the new case."""
    state = change.case.state
    decision = TriageDecision(
        themes=state.themes,
        disposition=Disposition.NEEDS_CASE,
        confidence=1,
        rule_set="split",
        kind_of_case=change.case.kind,
    )
    event = ReportTriaged(
        report=report.facts,
        decision=decision,
        decided_at=asked.context.now,
        decided_by=asked.by,
        personal=report.personal or seal({}),
    )
    for mark in matching.keys(event, asked.partnership):
        change.keep(mark.key, Matches().seen(state.case_id, report.facts.received_at))
