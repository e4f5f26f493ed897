"""What a person answered in review beside what the rules say now: her answer stands, or she is asked again."""

from dataclasses import replace
from datetime import date
from typing import Any

from schemas.codes import GRAVITY, Disposition
from schemas.events import ReportFacts, TriageDecision
from services.triage.domain.deciding import Counts, Rules
from services.triage.domain.deciding import Decided as Made
from services.triage.domain.evidence import PERSON
from services.triage.domain.naming import DANGER
from services.triage.domain.second_look import decide_with
from services.triage.domain.state import Answers, Decided, Reviewed

_SAID = ("themes", "disposition", "destination")
_NOBODYS: dict[str, Any] = {"panels": (), "entitlements": ()}


def answer_of(known: Decided | None) -> Reviewed | None:
    """Her answer, as it counts beside whatever is decided next, through every correction; None where none was given."""
    if known is None:
        return None
    return Reviewed.of(known) if known.answer is not None else known.reviewed


def decide_again(known: Decided, reviewed: Reviewed | None, counts: Counts, rules: Rules, day: date) -> Made:
    """The decision on a report that a person may have answered: her answer stands, or new words came since."""
    if reviewed is not None and known.answer is not None:
        return as_answered(known, reviewed, counts, rules, day)
    made = decide_with(known.report, known.personal, counts, rules, day, known.reading)
    return beside(made, reviewed, known.report, counts.answers)


def as_answered(known: Decided, reviewed: Reviewed, counts: Counts, rules: Rules, day: date) -> Made:
    """The decision as her answer leaves it: of her themes, and with the harm that she left standing as known.

    What she calls not ours is decided as the rules have it: of that harm nobody here is told.
    """
    if counts.answers is not None:  # where the report stood before is not where her answer puts it
        counts = replace(counts, answers=counts.answers.model_copy(update={"route": None}))
    own = decide_with(known.report, known.personal, counts, rules, day, known.reading)
    if reviewed.route.disposition is Disposition.NOT_OURS:
        return upheld(own, reviewed)
    reading = own.decision.second_reading
    left = frozenset(reading.alone if reading is not None else ()).intersection(reviewed.confirmed)
    counts = replace(counts, held=reviewed.route.themes, left=left)
    made = decide_with(known.report, known.personal, counts, rules, day, known.reading)
    return upheld(_no_less(made, own.decision), reviewed)


def _no_less(made: Made, own: TriageDecision) -> Made:
    """Her themes take neither risk nor urgency from what the rules say by themselves: see decision 0613."""
    decision = made.decision
    graver = own if GRAVITY[own.risk] > GRAVITY[decision.risk] else decision
    kept = {
        "risk": graver.risk,
        "thrive": graver.thrive,
        "priority": min(decision.priority, own.priority),
        "due_at": min((each for each in (decision.due_at, own.due_at) if each is not None), default=None),
    }
    return replace(made, decision=decision.model_copy(update=kept))


def beside(made: Made, reviewed: Reviewed | None, report: ReportFacts, answers: Answers | None) -> Made:
    """What the rules make of new words beside what a person answered of the report before them.

    Where a sign of these words was answered on its case, the route of the `answers` holds it: nobody is asked again.
    """
    if reviewed is None:
        return made
    routed = answers is not None and answers.route is not None
    return made if routed else asked_again(made, reviewed, report)


def upheld(made: Made, reviewed: Reviewed) -> Made:
    """What she decided stands; flags, risk, panels, entitlements and what the case is called are the rules' own."""
    kept = reviewed.route.kept() | _confirmed(made.decision, reviewed)
    if reviewed.route.disposition is Disposition.NOT_OURS:
        kept |= _NOBODYS
    because = made.because if PERSON in made.because else (*made.because, PERSON)
    return replace(made, decision=made.decision.model_copy(update=kept), because=because)


def _confirmed(decision: TriageDecision, reviewed: Reviewed) -> dict[str, Any]:
    """What she left standing is no longer the second reader's word alone; a harm that is read since still is."""
    reading = decision.second_reading
    if reading is None:
        return {}
    alone = tuple(flag for flag in reading.alone if flag not in reviewed.confirmed)
    return {"second_reading": reading.model_copy(update={"alone": alone, "perhaps": ()})}


def asked_again(made: Made, reviewed: Reviewed, report: ReportFacts) -> Made:
    """What she decided is not undone by the rules: where they now say otherwise, a person decides again.

    What is intelligence now is the police's alone, whoever had it before. What she said is not ours goes to whom the
    rules say while it waits: it had no lead, and nobody would see it.
    """
    if report.historic or report.kind == "intelligence" or DANGER in made.decision.flags:
        return made
    if reviewed.route.disposition is Disposition.NOT_OURS and made.decision.disposition is Disposition.NOT_OURS:
        return upheld(made, reviewed)
    kept = {name: getattr(reviewed.route, name) for name in (*_SAID, "lead_agency", "joint_leads", "acting_lead")}
    settled = _settled(made.decision)
    if all(kept[name] == getattr(settled, name) for name in _SAID):
        return made
    again = {"disposition": Disposition.REVIEW, "review_reason": "corrected after a person decided"}
    held = kept if reviewed.route.lead_agency else {"destination": None}
    return replace(made, decision=settled.model_copy(update=held | again))


def _settled(decision: TriageDecision) -> TriageDecision:
    """The decision without the theme that it names only for the person who decides."""
    if decision.second_reading is None:
        return decision
    reading = decision.second_reading.model_copy(update={"perhaps": ()})
    return decision.model_copy(update={"themes": decision.settled_themes, "second_reading": reading})
