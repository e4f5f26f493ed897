"""What can be done in the place of a step that the law refused: help, lawful steps before it, a child's safeguarding.

Pure, and only a proposal: a refused command changes nothing, and whether a referral is made is for a person to say.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.partnership.ladder import Instrument
from services.partnership.models import Partnership
from services.referrals.domain import ladder_guard
from services.referrals.domain.ladder_guard import ADULT, Age, Step
from services.referrals.domain.state import Case


@dataclass(frozen=True, slots=True)
class Named:
    """A step or a panel by its code and its name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Instead:
    """`help`: offering support stands open, always. `steps`: those before it that the law allows this officer now.

    `refer`: the panel that an under-18's safeguarding referral is proposed to. `referred`: that panel has the case.
    """

    help: bool
    steps: tuple[Named, ...]
    refer: Named | None = None
    referred: bool = False


def instead_of(refused: Instrument, step: Step, case: Case, partnership: Partnership) -> Instead:
    """What can be done instead of a step that the law refused."""
    panel = partnership.panel(refused.safeguarding) if refused.safeguarding and is_child(step.age) else None
    return Instead(
        help=refused.against == "person",
        steps=tuple(_lawful(refused, step, partnership)),
        refer=Named(panel.code, panel.name) if panel else None,
        referred=panel is not None and case.is_with(panel.code),
    )


def is_child(age: Age) -> bool:
    """Whether the person is known to be under 18."""
    return age.years < ADULT if age.years is not None else age.under_18 is True


def _lawful(refused: Instrument, step: Step, partnership: Partnership) -> Iterator[Named]:
    """The steps before it, in their order, that the law allows and that were not taken yet."""
    taken = {each.instrument for each in step.taken if each.breach_of is None}
    before = (each for each in partnership.instruments if 0 < each.order < refused.order and each.in_force(step.day))
    for each in sorted(before, key=lambda one: (one.order, one.code)):
        unmet = ladder_guard.unmet(each, step, partnership)
        if each.against == refused.against and each.code not in taken and all(one.kind != "law" for one in unmet):
            yield Named(each.code, each.name)
