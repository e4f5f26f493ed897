"""The demonstration's own pages: where a stranger begins, and the mail that was sent."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.desk import repository
from services.desk.flow import NEUTRAL, PANEL, Counts, Flow, Node, drawn
from services.desk.frame import shell
from services.desk.people import session_of
from services.desk.presenting import CHANNELS, Presenter, since_words
from services.kernel.http import Problem
from services.kernel.process import Process
from services.partnership.models import Partnership

ALL_SEEN = {"agencies": "", "sees_all": "on"}
NO_THEME, IN_REVIEW, ELSEWHERE, A_PERSON, POLICE = "no-theme", "in-review", "elsewhere", "a-person", "police"
CHANNEL_NAMES = {"101": "101 calls", "online": "Online form", "partner": "Partner agencies", POLICE: "Police records"}
OTHERS = {NO_THEME: "No theme: named destination", IN_REVIEW: "In review, with a person"}
LEADLESS = {ELSEWHERE: "Waste, highways, others", A_PERSON: "A person decides"}
STEPS = (
    ("Report it", "The form, as a resident would. Danger now is answered with 999.", "/report", "", "Open the form"),
    ("See it arrive", "It stands in the worklist before you have changed windows.", "/", "asha-venn", "Asha Venn"),
    (
        "Ask why",
        "The words that decided it, lit in the text, and the rule for each.",
        "/",
        "miriam-lunt",
        "Miriam Lunt",
    ),
    (
        "Take it to a panel",
        "Refer it, accept it, or decline it and name the next lead.",
        "/referrals/tcig",
        "ruth-pellow",
        "Ruth Pellow",
    ),
    (
        "Read the mail",
        "A reference and a link. No name, no theme, nothing to find on a phone.",
        "/demo/mail",
        "",
        "Open the mailbox",
    ),
    (
        "Follow the trace",
        "From the click to the mail in one line, and what operations see.",
        "/ops",
        "nadia-brill",
        "Nadia Brill",
    ),
)

STORIES = (
    (
        "Denny Rook",
        "Help is refused; the group meets, and a warning stands beside the offer.",
        "/meetings?panel=tcig",
        "ruth-pellow",
    ),
    ("Kit Arden, 15", "The law refuses a notice; his safeguarding is with MASH.", "/referrals/mash", "miriam-lunt"),
    (
        "Alfie Brandt, 14",
        "Amber, two returns, two meetings, a plan, an outcome.",
        "/meetings?panel=gang-panel",
        "jerome-tansley",
    ),
    ("Walter Quill", "Two reports alike, one case, an enquiry under the Care Act.", "/referrals/mash", "miriam-lunt"),
    (
        "Nasreen Tolland",
        "She refuses that her name is shared: who may not see her case finds nothing.",
        "/",
        "joss-wimbley",
    ),
    (
        "The third mattress",
        "Cleared, closed as stopped, and the reporter is told.",
        "/?theme=asb-environmental",
        "asha-venn",
    ),
    ("Shane Orrick", "A decline names the next lead.", "/review", "helen-strood"),
    ("Ruby Falk, 13", "Nobody answers: the referral falls due and escalates.", "/referrals/mash", "helen-strood"),
)
"""What is played while a visitor looks on: who, what it shows, where, as whom (`deploy/demonstration/plays.yaml`)."""

router = APIRouter(include_in_schema=False)


def _demonstration(request: Request) -> None:
    if not request.app.state.hub.settings.demonstration:
        raise Problem(404, "not-found", "There is no demonstration here.")


@router.get("/demo")
async def demo(request: Request) -> Response:
    """Where a stranger begins: how reports flow, with live counts, and six steps."""
    _demonstration(request)
    hub: Process = request.app.state.hub
    presenter: Presenter = request.app.state.presenter
    partnership: Partnership = request.app.state.partnership
    now = hub.clock()
    async with hub.database.reading(**ALL_SEEN) as connection:
        reports, referrals = await repository.flow(connection)
        totals, latest = await repository.totals(connection), await repository.latest(connection)
    page: Response = request.app.state.pages.render(
        "demo.html",
        **shell(request, await session_of(request)),
        totals=totals,
        flow=_flow(reports, referrals, partnership, now),
        latest=_latest(presenter, latest, now) if latest else None,
        people=[person for person in partnership.staff if person.id not in {step[3] for step in STEPS}],
        steps=STEPS,
        stories=[(*story, partnership.person(story[3]).name) for story in STORIES],
    )
    return page


def _latest(presenter: Presenter, row: Any, now: datetime) -> dict[str, str]:
    decision = row.decision
    theme = presenter.themes(decision["themes"]) if decision["themes"] else "no theme"
    to = (
        "a person who decides"
        if row.in_review
        else presenter.agency(decision["lead_agency"] or decision["destination"])
    )
    channel = CHANNELS.get(row.channel, row.channel)
    return {
        "reference": row.reference,
        "words": f"{channel}, to {theme}, to {to}, {since_words(now - row.received_at)} ago",
    }


def _flow(reports: Any, referrals: Any, partnership: Partnership, now: datetime) -> Flow:
    """The rows as boxes and streams; a report without a theme goes to a named destination, or to a person."""
    police = {each.code for each in partnership.partners if "police-street" in each.formats}
    first: Counter[tuple[str, str]] = Counter()
    second: Counter[tuple[str, str]] = Counter()
    for row in reports:
        channel = POLICE if row.channel == "partner" and row.partner in police else row.channel
        theme = IN_REVIEW if row.in_review else row.theme or NO_THEME
        lead = A_PERSON if row.in_review else row.lead or ELSEWHERE
        first[channel, theme] += row.n
        second[theme, lead] += row.n
    third = Counter({(row.lead, row.panel): row.n for row in referrals})
    columns = (
        _channels(first),
        _themes(second, partnership, now),
        _leads(second, partnership),
        _panels(third, partnership),
    )
    return drawn(columns, (first, second, third))


def _sum(counts: Counts, code: str, side: int) -> int:
    return sum(n for pair, n in counts.items() if pair[side] == code)


def _channels(counts: Counts) -> list[Node]:
    found = [Node(code, name, _sum(counts, code, 0), "#figures") for code, name in CHANNEL_NAMES.items()]
    return [node for node in found if node.count]


def _themes(counts: Counts, partnership: Partnership, now: datetime) -> list[Node]:
    strategy = partnership.strategy_at(partnership.day(now))
    themes = [
        Node(each.code, each.short_name, _sum(counts, each.code, 0), f"/?theme={each.code}", number=str(number))
        for number, each in enumerate(strategy.themes if strategy else (), 1)
    ]
    others = [
        Node(code, name, _sum(counts, code, 0), "/review" if code == IN_REVIEW else "#figures", NEUTRAL)
        for code, name in OTHERS.items()
    ]
    return themes + [node for node in others if node.count]


def _leads(counts: Counts, partnership: Partnership) -> list[Node]:
    found = [
        Node(each.code, each.short_name, _sum(counts, each.code, 1), f"/?lead={each.code}")
        for each in partnership.agencies
    ]
    others = [
        Node(code, name, _sum(counts, code, 1), "/review" if code == A_PERSON else "#figures", NEUTRAL)
        for code, name in LEADLESS.items()
    ]
    return [node for node in found + others if node.count]


def _panels(counts: Counts, partnership: Partnership) -> list[Node]:
    return [
        Node(each.code, each.short_name, _sum(counts, each.code, 1), f"/referrals/{each.code}", PANEL)
        for each in partnership.panels
    ]


@router.get("/demo/mail.json")
async def mail_json(request: Request) -> JSONResponse:
    """The mail that was sent, as data."""
    _demonstration(request)
    found = await request.app.state.neighbours.mail("/mails")
    return JSONResponse((found or {}).get("items", []))


@router.get("/demo/mail")
async def mail(request: Request) -> Response:
    """The mail that was sent, newest first."""
    _demonstration(request)
    found = await request.app.state.neighbours.mail("/mails")
    mails = (found or {}).get("items", [])
    page: Response = request.app.state.pages.render(
        "mail.html",
        **shell(request, await session_of(request)),
        mails=[each | {"at": _received(request, each)} for each in mails],
        total=(found or {}).get("total", 0),
        away=found is None,
    )
    return page


def _received(request: Request, mail: Mapping[str, Any]) -> str:
    """When the sink received a mail, which it tells in seconds since 1970."""
    presenter: Presenter = request.app.state.presenter
    return presenter.short(datetime.fromtimestamp(mail["at"], UTC), request.app.state.hub.clock())


@router.get("/demo/mail/{mail_id}")
async def one_mail(request: Request, mail_id: str) -> Response:
    """One mail, whole."""
    _demonstration(request)
    found = await request.app.state.neighbours.mail(f"/mails/{mail_id}")
    if not found or "subject" not in found:
        raise Problem(404, "not-found", "There is no such mail. It may have been tidied away.")
    page: Response = request.app.state.pages.render(
        "one_mail.html",
        **shell(request, await session_of(request)),
        mail=found | {"at": _received(request, found)},
        trace_url=request.app.state.hub.settings.trace_url,
    )
    return page
