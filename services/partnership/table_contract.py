"""What goes into and comes out of each decision table: the contract between the partnership's files and triage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from schemas.codes import Channel, Disposition, Kind, Risk
from services.partnership.values import CLOCK_AT_MOST

HitPolicy = Literal["first", "collect"]
ColumnKind = Literal["text", "flag", "number", "list"]
NUMBER_AT_MOST = 1_000_000
"""The greatest number that a condition may name."""


class Row(BaseModel):
    """Values of one evaluation; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CategoryInputs(Row):
    """What the sender said that the report is about."""

    category: StrictStr | None
    kind: Kind
    channel: Channel


class CategoryOutputs(Row):
    """A theme with its weight, and a hint at what to do with the report."""

    theme: str | None
    weight: float = Field(ge=0, le=1)
    disposition: Disposition | None


class SignalInputs(Row):
    """One signal of the text or of a field."""

    signal: StrictStr
    negated: StrictBool


class SignalOutputs(Row):
    """What the signal means."""

    theme: str | None
    weight: float = Field(ge=0, le=1)
    flag: str | None
    risk: Risk | None
    act_first: str | None
    panel: str | None


class PlaceInputs(Row):
    """Where and at what local hour it happened."""

    in_town_centre: StrictBool
    near: list[StrictStr]
    hour: Annotated[StrictInt, Field(ge=0, le=23)] | None


class PlaceOutputs(Row):
    """A change to the weight that a theme has already."""

    theme: str | None
    weight: float = Field(ge=-1, le=1)


class RiskInputs(Row):
    """Everything that the grade and the clock depend on."""

    flags: list[StrictStr]
    danger_now: StrictBool
    under_18: StrictBool
    repeat_victim: Annotated[StrictInt, Field(ge=0)]
    repeat_place: Annotated[StrictInt, Field(ge=0)]
    theme: StrictStr | None


class RiskOutputs(Row):
    """The grade, and the clock of the first action."""

    risk: Risk
    priority: int = Field(ge=1, le=4)
    due_minutes: int = Field(gt=0, le=CLOCK_AT_MOST)
    due_calendar: str


class PanelInputs(Row):
    """What a panel is suggested for; both ages are false when unknown."""

    theme: StrictStr | None
    flags: list[StrictStr]
    under_18: StrictBool
    adult: StrictBool


class PanelOutputs(Row):
    """A suggested panel."""

    panel: str | None


class ElsewhereInputs(Row):
    """What says that a report is for somebody else."""

    signal: StrictStr | None
    category: StrictStr | None


class ElsewhereOutputs(Row):
    """Who it is for, in plain words, and the member agency that is its owner if there is one."""

    destination: str | None
    agency: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """What an input column holds; words in its cells must be of the vocabulary, if one is named.

    Numbers are whole, from `least` to `most`. What is `optional` may be unknown.
    """

    kind: ColumnKind
    vocabulary: str | None = None
    least: int = 0
    most: int = NUMBER_AT_MOST
    optional: bool = False


@dataclass(frozen=True, slots=True)
class TableContract:
    """A table's hit policy, inputs and outputs; `words` names the vocabulary of an output.

    `once`: of the rows that fire together, one alone may name a theme. `only_when`: a row that answers anything must
    have exactly this condition in the column. `first_wins`: of a collect table's rows the first one is taken. `taken`:
    each word of this column is taken by a row other than the last, whatever the other columns hold.

    Rows of a collect table may fire together for several themes, and these add up: that is no overlap.
    """

    hit: HitPolicy
    inputs: type[Row]
    columns: Mapping[str, Column]
    outputs: type[Row]
    words: Mapping[str, str]
    once: bool = False
    only_when: tuple[str, str] | None = None
    first_wins: bool = False
    taken: str | None = None


FLAG = Column("flag")
NUMBER = Column("number")
HOUR = Column("number", most=23, optional=True)
THEME = Column("text", "themes", optional=True)
FLAGS = Column("list", "flags")
CATEGORY = Column("text", "categories", optional=True)

CONTRACTS: Mapping[str, TableContract] = {
    "category": TableContract(
        "collect",
        CategoryInputs,
        {"category": CATEGORY, "kind": Column("text", "kinds"), "channel": Column("text", "channels")},
        CategoryOutputs,
        {"theme": "themes"},
        once=True,
        taken="category",
    ),
    "signals": TableContract(
        "collect",
        SignalInputs,
        {"signal": Column("text"), "negated": FLAG},
        SignalOutputs,
        {"theme": "themes", "flag": "flags", "act_first": "agencies", "panel": "panels"},
        once=True,
        only_when=("negated", "false"),
    ),
    "place": TableContract(
        "collect",
        PlaceInputs,
        {"in_town_centre": FLAG, "near": Column("list", "surroundings"), "hour": HOUR},
        PlaceOutputs,
        {"theme": "themes"},
    ),
    "risk": TableContract(
        "first",
        RiskInputs,
        {
            "flags": FLAGS,
            "danger_now": FLAG,
            "under_18": FLAG,
            "repeat_victim": NUMBER,
            "repeat_place": NUMBER,
            "theme": THEME,
        },
        RiskOutputs,
        {"due_calendar": "clocks"},
        taken="theme",
    ),
    "panels": TableContract(
        "collect",
        PanelInputs,
        {"theme": THEME, "flags": FLAGS, "under_18": FLAG, "adult": FLAG},
        PanelOutputs,
        {"panel": "panels"},
    ),
    "elsewhere": TableContract(
        "collect",
        ElsewhereInputs,
        {"signal": Column("text", "signals", optional=True), "category": CATEGORY},
        ElsewhereOutputs,
        {"agency": "agencies"},
        first_wins=True,
    ),
}
