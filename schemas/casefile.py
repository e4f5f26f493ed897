"""What clients send about what hangs on a case: merges, splits, proposals, tasks, people, risk and leads."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.case_parts import Role, Safe
from schemas.casework import Code, Words
from schemas.codes import Risk
from schemas.submission import BirthDay, Clean, Moment, Sent

Reference = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 -]{8,20}$")]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Clean]
ASSIGNED_AT_ONCE = 200


class Merge(Sent):
    """Merge this case into another one, which survives."""

    into: Reference
    reason: Words


class Split(Sent):
    """Take reports out into a case of their own."""

    reports: tuple[Reference, ...] = Field(min_length=1, max_length=200)
    reason: Words


class ConfirmJoin(Sent):
    """The proposal is right: the cases become one."""

    proposal: UUID


class RefuseJoin(Sent):
    """The proposal is wrong."""

    proposal: UUID
    reason: Words


class AddTask(Sent):
    """Something to do: by a person or an agency; without either it is the case's owner's or lead's."""

    what: Words
    due_at: Moment | None = None
    person: Code | None = None
    agency: Code | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.person is not None and self.agency is not None:
            raise ValueError("Give person or agency.")
        return self


class EndTask(Sent):
    """The task is done, or no longer wanted."""

    task: UUID
    reason: Words


class Contact(Sent):
    """How somebody may be reached, and whether that is safe."""

    phone: Short | None = None
    email: Short | None = None
    safe: Safe = "unknown"
    note: Words | None = None


class AddPerson(Sent):
    """Somebody in the case, with role and safe contact."""

    role: Role
    name: Short | None = None
    date_of_birth: BirthDay | None = None
    contact: Contact = Contact()


class ChangePerson(Sent):
    """Another role or contact of somebody in the case, or the date of birth as it was found to be, with a reason."""

    person: UUID
    role: Role | None = None
    contact: Contact | None = None
    date_of_birth: BirthDay | None = None
    reason: Words

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.role is None and self.contact is None and self.date_of_birth is None:
            raise ValueError("Give role, contact or date_of_birth.")
        return self


class Thrive(Sent):
    """What was considered: threat, harm, risk, investigation, vulnerability, engagement."""

    threat: Words | None = None
    harm: Words | None = None
    risk: Words | None = None
    investigation: Words | None = None
    vulnerability: Words | None = None
    engagement: Words | None = None


class Reassess(Sent):
    """Another risk, never without a reason; THRIVE is considered again."""

    risk: Risk
    reason: Words
    thrive: Thrive = Thrive()


class AnswerSign(Sent):
    """A sign of the case is so, or is not so, with a reason; `sign` is one of the case's flags."""

    sign: Code
    reason: Words


class ChangeLeads(Sent):
    """Another acting lead, or other joint leads, with a reason; the theme's lead stays."""

    acting_lead: Code | None = None
    joint_leads: tuple[Code, ...] | None = Field(None, max_length=6)
    reason: Words

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.acting_lead is None and self.joint_leads is None:
            raise ValueError("Give acting_lead or joint_leads.")
        return self


class Moved(Sent):
    """A case of a list, at the version that was seen."""

    reference: Reference
    version: int = Field(ge=1)


class AssignMany(Sent):
    """An absent colleague's cases go to somebody else at once."""

    owner: Code
    cases: tuple[Moved, ...] = Field(min_length=1, max_length=ASSIGNED_AT_ONCE)
