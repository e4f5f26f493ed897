"""A caller: a partner's system, a member of staff, or another service of the hub."""

from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.facts import Actor
from services.partnership.people import Person


@dataclass(frozen=True, slots=True)
class Caller:
    """Who it is, for which agencies and panels she works, and the scopes of her key."""

    kind: Literal["partner", "person", "service"]
    id: str
    name: str
    agency: str | None = None
    agencies: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    sees_all: bool = False
    partner: str | None = None
    roles: frozenset[str] = field(default_factory=frozenset)

    def claims(self) -> dict[str, Any]:
        """As a token carries it."""
        return {
            "kind": self.kind,
            "sub": self.id,
            "name": self.name,
            "agency": self.agency,
            "agencies": sorted(self.agencies),
            "scopes": sorted(self.scopes),
            "sees_all": self.sees_all,
            "partner": self.partner,
            "roles": sorted(self.roles),
        }

    def actor(self) -> Actor:
        """The person as events name her."""
        return Actor(kind="person", id=self.id, name=self.name, agency=self.agency)

    @classmethod
    def from_claims(cls, claims: dict[str, Any]) -> "Caller":
        """Back from a token or an introspection answer."""
        return cls(
            kind=claims["kind"],
            id=claims["sub"],
            name=claims["name"],
            agency=claims.get("agency"),
            agencies=frozenset(claims.get("agencies", ())),
            scopes=frozenset(claims.get("scopes", ())),
            sees_all=bool(claims.get("sees_all")),
            partner=claims.get("partner"),
            roles=frozenset(claims.get("roles", ())),
        )


def caller_of_person(person: Person, scopes: frozenset[str]) -> Caller:
    """A member of staff as a caller: she works for her agency and for the panels that she sits on."""
    works_for = frozenset({person.agency, *person.panels})
    return Caller(
        kind="person",
        id=person.id,
        name=person.name,
        agency=person.agency,
        agencies=frozenset() if person.sees == "no-cases" else works_for,
        scopes=scopes,
        sees_all=person.sees == "all-agencies",
        roles=frozenset(person.roles),
    )
