"""Events of a case's own life beside its referrals: merged, split, likely the same, tasks, people, risk and leads."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from schemas.case_event import CaseEvent
from schemas.facts import Contract


class CasesMerged(CaseEvent):
    """Two cases became one, on both histories: `changed.merged` went into `changed.into` (references)."""

    TYPE: ClassVar[str] = "CasesMerged"


class CaseSplit(CaseEvent):
    """Reports went into a case of their own, on both histories: `changed` has `from`, `into` and `reports`."""

    TYPE: ClassVar[str] = "CaseSplit"


class JoinProposed(CaseEvent):
    """The case may belong to another; `proposal` has score and parts, and is for those who may see both."""

    TYPE: ClassVar[str] = "JoinProposed"


class JoinConfirmed(CaseEvent):
    """A person confirmed the proposal: the cases are merged next."""

    TYPE: ClassVar[str] = "JoinConfirmed"


class JoinRefused(CaseEvent):
    """A person refused the proposal, with a reason; it is not made again."""

    TYPE: ClassVar[str] = "JoinRefused"


class ReferralMoved(CaseEvent):
    """A merged case's referral stands on the surviving case now, with its clock as it was."""

    TYPE: ClassVar[str] = "ReferralMoved"


class ReportMoved(CaseEvent):
    """`report` came from another case by a merge or a split; `why` says which."""

    TYPE: ClassVar[str] = "ReportMoved"


class TaskAdded(CaseEvent):
    """There is something to do, for a person or an agency; `personal.what` says what."""

    TYPE: ClassVar[str] = "TaskAdded"


class TaskDone(CaseEvent):
    """The task was done; `personal.reason` says what came of it."""

    TYPE: ClassVar[str] = "TaskDone"


class TaskCancelled(CaseEvent):
    """The task is no longer wanted, with a reason."""

    TYPE: ClassVar[str] = "TaskCancelled"


class TaskReminded(CaseEvent):
    """The task is due: who is to do it is reminded."""

    TYPE: ClassVar[str] = "TaskReminded"


class TaskEscalated(CaseEvent):
    """The task is still open a while after it was due: the duty manager is told."""

    TYPE: ClassVar[str] = "TaskEscalated"


class PersonAdded(CaseEvent):
    """A person of the case, from a report or by hand; `personal.person` says who."""

    TYPE: ClassVar[str] = "PersonAdded"


class PersonChanged(CaseEvent):
    """A person's role or safe contact changed; `personal.person` says who."""

    TYPE: ClassVar[str] = "PersonChanged"


class RiskChanged(CaseEvent):
    """The risk was assessed again, with a reason; `personal.thrive` has what was considered."""

    TYPE: ClassVar[str] = "RiskChanged"


class LeadsChanged(CaseEvent):
    """The acting or the joint lead changed, with a reason; the theme and its lead stay."""

    TYPE: ClassVar[str] = "LeadsChanged"


class ReportOfSign(Contract):
    """A report of the case of which triage says the sign, as it was when the sign was answered."""

    report_id: UUID
    revision: int = 1


class SignAnswer(CaseEvent):
    """What both answers to a sign (`changed.sign`) carry; triage decides the `reports` again."""

    reports: tuple[ReportOfSign, ...] = Field((), description="The reports of the case that the sign came from")


class SignConfirmed(SignAnswer):
    """A person confirmed a sign (`changed.sign`) that only the second reader had read, with a reason."""

    TYPE: ClassVar[str] = "SignConfirmed"


class SignStruckOut(SignAnswer):
    """A person struck a sign (`changed.sign`) out, with a reason."""

    TYPE: ClassVar[str] = "SignStruckOut"


class ReportCorrected(CaseEvent):
    """A report of the case was decided again (`changed`: its themes, lead_agency and disposition, and the case's own
    risk and act_first; old and new)."""

    TYPE: ClassVar[str] = "ReportCorrected"


class ReportTakenBack(CaseEvent):
    """The sender withdrew a report of the case; it stays in the history."""

    TYPE: ClassVar[str] = "ReportTakenBack"


CASE_LIFE: tuple[type[CaseEvent], ...] = (
    CasesMerged,
    CaseSplit,
    JoinProposed,
    JoinConfirmed,
    JoinRefused,
    ReferralMoved,
    ReportMoved,
    TaskAdded,
    TaskDone,
    TaskCancelled,
    TaskReminded,
    TaskEscalated,
    PersonAdded,
    PersonChanged,
    RiskChanged,
    LeadsChanged,
    SignConfirmed,
    SignStruckOut,
    ReportCorrected,
    ReportTakenBack,
)
