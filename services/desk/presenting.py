"""Values into words: time left, who, what. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.access.sharing import Sight
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership

SHORT = timedelta(hours=1)
EVENT_TITLES = {
    "CaseOpened": "Case opened",
    "ReportJoined": "Report joined",
    "CaseTaken": "Taken",
    "CaseAssigned": "Assigned",
    "NoteAdded": "Note",
    "CaseRerouted": "Rerouted",
    "CaseClosed": "Closed",
    "CaseReopened": "Opened again",
    "DangerAcknowledged": "Danger acknowledged",
    "ReferralSent": "Referral sent",
    "ReferralAccepted": "Referral accepted",
    "ReferralDeclined": "Referral declined",
    "InformationRequested": "Information asked for",
    "ReferralConcluded": "Referral concluded",
    "ReferralWithdrawn": "Referral withdrawn",
    "ReferralEscalated": "Nobody answered: escalated",
    "ReferralDrafted": "Referral drafted",
    "ReferralDraftDropped": "Draft dropped",
    "ApprovalRequested": "Waits for approval",
    "ReferralApproved": "Referral approved",
    "ApprovalRefused": "Not approved",
    "InformationReturned": "Information returned",
    "ReferralRated": "Rated",
    "ReferralScheduled": "On the agenda",
    "ReferralDiscussed": "Discussed",
    "ReferralAdvanced": "Step of the panel",
    "PlanAgreed": "Plan agreed",
    "PlanReviewed": "Plan reviewed",
    "PlanReviewOverdue": "Plan not reviewed in time",
    "ReferralPassedOn": "Passed on to another panel",
    "SupportOffered": "Support offered",
    "LadderStepTaken": "Step taken",
    "LadderStepBreached": "Step breached",
    "CasesMerged": "Cases merged",
    "CaseSplit": "Case split",
    "JoinProposed": "May belong to another case",
    "JoinConfirmed": "Belongs to the other case",
    "JoinRefused": "Does not belong to the other case",
    "ReferralMoved": "Referral came with a merged case",
    "ReportMoved": "Report came from another case",
    "TaskAdded": "Task",
    "TaskDone": "Task done",
    "TaskCancelled": "Task cancelled",
    "TaskReminded": "Task is due",
    "TaskEscalated": "Task is late: escalated",
    "PersonAdded": "Person added",
    "PersonChanged": "Person changed",
    "RiskChanged": "Risk assessed again",
    "LeadsChanged": "Acting or joint lead changed",
    "SignConfirmed": "Sign confirmed",
    "SignStruckOut": "Sign struck out",
    "ReportCorrected": "Report decided again",
    "ReportTakenBack": "Report withdrawn by its sender",
}
KEY_EVENTS = ("ReferralSent", "ReferralAccepted", "CaseRerouted", "CaseClosed")
DANGER_EVENTS = ("ReferralEscalated",)
CHANNELS = {"101": "101", "online": "Online form", "partner": "Partner"}


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Time left in words; `late` also when short, for the red."""

    words: str
    below: str
    late: bool


def span_words(span: timedelta) -> str:
    """A length of time: minutes, hours and minutes, days and hours."""
    minutes = int(abs(span).total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} {'day' if days == 1 else 'days'}" + (f" {hours} h" if hours and days < 3 else "")
    if minutes >= 60:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes} min"


def since_words(span: timedelta) -> str:
    """A short length of time to the second: 38 s, 2 min 14 s; longer ones as `span_words`."""
    seconds = int(abs(span).total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 600:
        return f"{seconds // 60} min {seconds % 60} s"
    return span_words(span)


def named(names: Sequence[str]) -> str:
    """Names as a sentence has them: A, B and C."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


class Presenter:
    """Turns states into what templates show, in the partnership's words and time zone."""

    def __init__(self, partnership: Partnership) -> None:
        self._partnership = partnership
        self._zone: ZoneInfo = partnership.zone

    @property
    def zone(self) -> ZoneInfo:
        """The partnership's time zone."""
        return self._zone

    def local(self, moment: datetime | str) -> datetime:
        """A moment in the partnership's time zone."""
        found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return found.astimezone(self._zone)

    def day(self, moment: datetime | str) -> str:
        """Such as Tuesday 14 October 2025."""
        local = self.local(moment)
        return f"{local:%A} {local.day} {local:%B %Y}"

    def clock(self, moment: datetime | str) -> str:
        """Hours and minutes."""
        return f"{self.local(moment):%H:%M}"

    def short(self, moment: datetime | str, now: datetime) -> str:
        """Such as 13:58 today, or 9 Jan 16:15."""
        local = self.local(moment)
        if local.date() == self.local(now).date():
            return f"{local:%H:%M} today"
        return f"{local:%a} {local.day} {local:%b, %H:%M}"

    def time_left(self, due: datetime | str | None, now: datetime) -> TimeLeft:
        """Words first; red when late or short."""
        if due is None:
            return TimeLeft("no clock", "", late=False)
        moment = self.local(due)
        left = moment - now
        if left < timedelta(0):
            return TimeLeft(f"Late by {span_words(left)}", f"was due {self._when(moment, now)}", late=True)
        if left < SHORT:
            return TimeLeft(f"{span_words(left)} left", f"short · due {moment:%H:%M}", late=True)
        return TimeLeft(span_words(left), self._when(moment, now), late=False)

    def _when(self, moment: datetime, now: datetime) -> str:
        if moment.date() == self.local(now).date():
            return f"today {moment:%H:%M}"
        return f"{moment.day} {moment:%b %H:%M}"

    def agency(self, code: str | None) -> str:
        """The short name of an agency, panel or destination."""
        if code is None:
            return "Nobody yet"
        for look_up in (self._partnership.agency, self._partnership.panel, self._partnership.destination):
            try:
                return look_up(code).short_name
            except UnknownCode:
                continue
        return code

    def theme(self, code: str) -> str:
        """The short name of a theme."""
        return self._partnership.theme(code).short_name

    def themes(self, codes: Iterable[str]) -> str:
        """The first theme, and the others after "also"."""
        names = [self.theme(code) for code in codes]
        if not names:
            return "No theme"
        return names[0] + (f", also {', '.join(names[1:])}" if names[1:] else "")

    def who(self, code: str | None) -> str:
        """A person's or an agency's name."""
        if code is None:
            return ""
        try:
            return self._partnership.person(code).name
        except UnknownCode:
            return self.agency(code)

    def recipient(self, code: str) -> str:
        """Whom a message went to: a person, an agency's duty desk, a partner's system, or the reporter."""
        if code == "reporter":
            return "the reporter"
        partner = self.partner(code)
        return partner if partner != code else self.who(code)

    def partner(self, code: str | None) -> str:
        """The name of a sending organisation."""
        return next((each.name for each in self._partnership.partners if each.code == code), code or "")

    def value(self, field: str, value: Any, now: datetime) -> str:
        """A field of a case in words, as a comparison shows it."""
        if field == "themes":
            return self.themes(value or ())
        if value is None:
            return "Nobody yet" if field in ("owner", "lead_agency") else "none"
        if field == "owner":
            return self.who(value)
        if field == "lead_agency":
            return self.agency(value)
        return self.short(value, now) if field == "due_at" else str(value).replace("-", " ").capitalize()

    def in_front_of(self, state: Mapping[str, Any]) -> str:
        """Whom a danger stands before: the duty manager, and by name the staff of who acts first and leads.

        An agency without staff of its own here is named by itself: its duty address was told.
        """
        partnership = self._partnership
        names = [partnership.person(partnership.identity.duty_manager).name]
        for code in dict.fromkeys((*state["act_first"], state["lead_agency"], *state["joint_leads"])):
            theirs = [each.name for each in partnership.staff if each.agency == code and "supervisor" in each.roles]
            names += (theirs or [f"{self.agency(code)} duty desk"]) if code else []
        return named(list(dict.fromkeys(names)))

    def row(self, state: Mapping[str, Any], now: datetime, me: str) -> dict[str, Any]:
        """A line of the worklist."""
        joint = [self.agency(code) for code in state["joint_leads"]]
        referred = [self.agency(code) for code in state["referred_to"]]
        with_whom = f"with {', '.join(referred)}" if referred else (f"with {', '.join(joint)}" if joint else "")
        return {
            "reference": state["reference"],
            "title": state["title"],
            "theme": self.themes(state["themes"]),
            "lead": self.agency(state["lead_agency"]),
            "lead_below": with_whom,
            "owner": state["owner_name"],
            "mine": state["owner"] == me,
            "risk": state["risk"],
            "next": state["next_action"],
            "next_by": self.who(state["next_action_by"]),
            "time": self.time_left(state["due_at"], now),
            "version": state["version"],
            "sequence": state["sequence"],
            "case_id": str(state["case_id"]),
        }

    def entry(self, row: Any, sight: Sight) -> dict[str, Any]:
        """An entry of a timeline, as the reader's agreement lets her see it."""
        event = sight.event(row.document)
        words = (event.get("personal") or {}).get("fields") or {}
        changed = event.get("changed") or {}
        report = event.get("report")
        return {
            "title": EVENT_TITLES.get(row.type, row.type),
            "type": row.type,
            "reference": report["reference"] if report else (event.get("referral") or {}).get("reference"),
            "link": f"/reports/{report['reference']}" if report else None,
            "who": "By the hub" if event["by"]["kind"] == "hub" else event["by"]["name"],
            "agency": self.agency(event["by"]["agency"]) if event["by"].get("agency") else "",
            "by_hub": event["by"]["kind"] == "hub",
            "day": self.day(row.at),
            "clock": self.clock(row.at),
            "text": words.get("text") or words.get("question") or words.get("what") or self._changed(changed),
            "why": words.get("reason") or event.get("why"),
            "tag": changed.get("fact"),
            "trace_id": row.trace_id,
            "key": row.type in KEY_EVENTS,
            "danger": row.type in DANGER_EVENTS,
        }

    def _changed(self, changed: Mapping[str, Any]) -> str:
        lead = changed.get("lead_agency")
        if lead:
            return f"Lead: {self.agency(lead.get('old'))} to {self.agency(lead.get('new'))}."
        owner = changed.get("owner")
        if owner:
            return f"Owner: {self.who(owner.get('new'))}."
        outcome = changed.get("outcome")
        if outcome:
            return f"Outcome: {self._partnership.outcome(outcome['new']).name}."
        return self._of_casefile(changed) or (
            f"{self.agency(changed['asked'])} was asked." if changed.get("asked") else ""
        )

    def _of_casefile(self, changed: Mapping[str, Any]) -> str:
        """Signs, merges, splits, risk and acting leads."""
        if changed.get("sign"):
            return f"Sign: {changed['sign'].replace('-', ' ')}."
        if changed.get("merged"):
            return f"{changed['merged']} went into {changed['into']}."
        if changed.get("from"):
            return f"{', '.join(changed['reports'])} went from {changed['from']} into {changed['into']}."
        if changed.get("risk"):
            return f"Risk: {changed['risk']['old']} to {changed['risk']['new']}."
        acting = changed.get("acting_lead")
        return f"Acting lead: {self.agency(acting['old'])} to {self.agency(acting['new'])}." if acting else ""
