"""What a check found: good, a note, or wrong, with what to do."""

from dataclasses import dataclass
from typing import Literal, Self

Verdict = Literal["good", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's answer."""

    check: str
    verdict: Verdict
    says: str

    @classmethod
    def of(cls, check: str, good: object, fine: str, trouble: str) -> Self:
        """`fine` when it is good, else wrong with what to do."""
        return cls(check, "good", fine) if good else cls(check, "wrong", trouble)

    def as_dict(self) -> dict[str, str]:
        """For the table and for JSON."""
        return {"check": self.check, "verdict": self.verdict, "says": self.says}
