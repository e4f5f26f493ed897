"""A command on what hangs on a case, with everything that its decision may look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.events import Actor
from services.kernel.decision import Context, Decision
from services.partnership.models import Partnership
from services.referrals.domain.change import Change
from services.referrals.domain.parts import People, Tasks, people_key, tasks_key
from services.referrals.domain.state import Case, Refused, case_of
from services.referrals.messages import Command


@dataclass(frozen=True, slots=True)
class Asked:
    """The working set, the case, who asks for what, and the context."""

    state: Mapping[str, Any]
    case: Case
    command: Command
    context: Context

    @property
    def by(self) -> Actor:
        """Who asks."""
        return self.command.by

    @property
    def partnership(self) -> Partnership:
        """The partnership's files."""
        partnership: Partnership = self.context.rules.partnership
        return partnership

    @property
    def other(self) -> Case | None:
        """The other case of a merge or a proposal, if she may see it too."""
        found = case_of(self.state, self.command.other_id) if self.command.other_id else None
        return found if found is not None and self.sees(found) else None

    def sees(self, case: Case) -> bool:
        """Whether she may see a case."""
        return self.command.sees_all or bool(set(self.command.agencies) & set(case.visible_to))

    def change(self) -> Change:
        """A change of the case by her."""
        return Change(self.case, self.by, self.context)

    def people(self, case: Case) -> People:
        """The people of a case."""
        return self.state.get(people_key(case.state.case_id)) or People()

    def tasks(self, case: Case) -> Tasks:
        """The open tasks of a case."""
        return self.state.get(tasks_key(case.state.case_id)) or Tasks()

    def refused(self, code: str, message: str) -> Decision:
        """Nothing changes, with the reason."""
        return Decision(answer=Refused("refused", code, message, self.case))
