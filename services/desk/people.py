"""Who is signed in: a demonstration's people by choice; without a demonstration an identity provider is needed."""

import hashlib
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from services.access.callers import Caller, caller_of_person
from services.access.tokens import mint_token
from services.desk import write_repository
from services.kernel.http import Problem
from services.kernel.process import Process
from services.kernel.settings import LOOPBACK, Settings
from services.partnership.lookups import UnknownCode
from services.partnership.models import Partnership
from services.partnership.people import Person

COOKIE = "hub_session"


class NoIdentityProvider(Exception):
    """Sign-in by choosing a person works only in a demonstration on loopback. Set HUB_DEMONSTRATION, or wait for the
    release that brings an identity provider: this one refuses to start without."""


class SignInNeeded(Exception):
    """Nobody is signed in."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person, and the word that her forms must carry."""

    person: Person
    caller: Caller
    csrf: str

    def reading(self) -> dict[str, str]:
        """What row-level security asks of a reading session."""
        return {
            "agencies": ",".join(sorted(self.caller.agencies)),
            "sees_all": "on" if self.caller.sees_all else "off",
        }


def check_may_start(settings: Settings) -> None:
    """Raises `NoIdentityProvider` outside a demonstration on loopback."""
    if not (settings.demonstration and settings.host == LOOPBACK):
        raise NoIdentityProvider(NoIdentityProvider.__doc__)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def sign_in(hub: Process, partnership: Partnership, person_id: str, response: Response) -> None:
    """Begin a session. Raises a 422 problem for somebody who is not of the demonstration."""
    try:
        person = partnership.person(person_id)
    except UnknownCode as error:
        raise Problem(422, "person-unknown", "Choose one of the people of the demonstration.") from error
    token = secrets.token_urlsafe(32)
    async with hub.database.writing() as connection:
        await write_repository.add_session(connection, _hash(token), person.id, secrets.token_urlsafe(16))
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", max_age=12 * 3600)


async def sign_out(hub: Process, request: Request, response: Response) -> None:
    """End the session, if there is one."""
    token = request.cookies.get(COOKIE)
    if token:
        async with hub.database.writing() as connection:
            await write_repository.end_session(connection, _hash(token))
    response.delete_cookie(COOKIE)


async def session_of(request: Request) -> Session | None:
    """The session of the request's cookie."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    hub: Process = request.app.state.hub
    async with hub.database.writing() as connection:
        found = await write_repository.find_session(connection, _hash(token))
    if found is None:
        return None
    person = request.app.state.partnership.person(found.person)
    scopes = {"cases"} | ({"operations"} if {"operations", "duty-manager"} & set(person.roles) else set())
    return Session(person, caller_of_person(person, frozenset(scopes)), found.csrf)


async def signed_in(request: Request) -> Session:
    """The session. Raises `SignInNeeded`, which becomes the sign-in page."""
    session = await session_of(request)
    if session is None:
        raise SignInNeeded
    return session


SignedIn = Annotated[Session, Depends(signed_in)]


async def checked_form(request: Request, session: SignedIn) -> dict[str, str]:
    """The form's fields, once its CSRF word is right. Raises a 403 problem."""
    form = await request.form()
    fields = {name: str(value) for name, value in form.items()}
    if not compare_digest(fields.pop("csrf_token", "").encode(), session.csrf.encode()):
        raise Problem(
            403, "form-too-old", "The form is too old. Open the page again; what you wrote is kept as a draft."
        )
    return fields


CheckedForm = Annotated[dict[str, str], Depends(checked_form)]


def token_for(session: Session, hub: Process) -> str:
    """A short token by which desk speaks for her to another service."""
    return mint_token(session.caller, hub.settings.service_secret.get_secret_value(), hub.clock())
