"""Choosing who to be, in a demonstration; and leaving again."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.desk.frame import shell
from services.desk.people import session_of, sign_in, sign_out

router = APIRouter(include_in_schema=False)
AFTER = ("/", "/review", "/ops", "/demo")


@router.get("/sign-in")
async def choose(request: Request, after: str = "/") -> Response:
    """The people of the demonstration."""
    partnership = request.app.state.partnership
    presenter = request.app.state.presenter
    people = [(person, presenter.agency(person.agency)) for person in partnership.staff]
    session = await session_of(request)
    page: Response = request.app.state.pages.render(
        "sign_in.html", **shell(request, session), people=people, after=_own(after)
    )
    return page


def _own(path: str) -> str:
    """Only a path of our own: a link must not lead somebody away after signing in."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


@router.post("/sign-in")
async def chosen(
    request: Request,
    person: Annotated[str, Form()],
    after: Annotated[str, Form()] = "/",
    q: Annotated[str, Form()] = "",
) -> Response:
    """Be that person from now on, and go on at `after`, or at what `q` finds."""
    response = RedirectResponse(f"/search?{urlencode({'q': q})}" if q else _own(after), 303)
    await sign_in(request.app.state.hub, request.app.state.partnership, person, response)
    return response


@router.post("/sign-out")
async def leave(request: Request) -> Response:
    """Be nobody."""
    response = RedirectResponse("/sign-in", 303)
    await sign_out(request.app.state.hub, request, response)
    return response
