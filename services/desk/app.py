"""Desk's process: the only place where its objects are built."""

from pathlib import Path
from urllib.parse import quote

import httpx2
from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from schemas import topics
from services.access.authentication import RemoteKeys, operations_only
from services.desk import (
    board_pages,
    case_pages,
    demo_pages,
    documents,
    finding_pages,
    golden_pages,
    ladder_pages,
    live_pages,
    meeting_pages,
    minutes_pages,
    operations_pages,
    pack_pages,
    past_pages,
    proxy,
    refer_pages,
    referral_pages,
    review_pages,
    rule_quality_pages,
    rule_row_pages,
    rule_words_pages,
    rules_pages,
    sign_in_pages,
    worklist_pages,
)
from services.desk.commands import Casework
from services.desk.frame import shell
from services.desk.operations_pages import Neighbours
from services.desk.people import SignInNeeded, check_may_start, session_of
from services.desk.presenting import Presenter
from services.desk.recent_numbers import RecentNumbers
from services.desk.rules_gateway import TriageRules
from services.desk.stage import DeskStage
from services.kernel.consumer import BULK_BATCH, Subscription
from services.kernel.http import TITLES, Problem
from services.kernel.process import Process, run
from services.kernel.settings import LOOPBACK, Settings
from services.kernel.telemetry import carry_trace
from services.pages.rendering import Pages, mount_static
from services.partnership.loading import load_partnership

INTAKE, TRIAGE, REFERRALS = 1, 2, 3
"""Offsets from the port base."""
ROUTERS = (
    operations_pages.router,
    demo_pages.router,
    worklist_pages.router,
    live_pages.router,
    meeting_pages.router,
    minutes_pages.router,
    pack_pages.router,
    board_pages.router,
    refer_pages.router,
    ladder_pages.router,
    referral_pages.router,
    case_pages.router,
    past_pages.router,
    finding_pages.router,
    review_pages.router,
    sign_in_pages.router,
    golden_pages.router,
    rule_quality_pages.router,
    rule_row_pages.router,
    rule_words_pages.router,
    rules_pages.router,
    documents.router,
    proxy.router,
)
"""Every page; `proxy` takes what no other does, so it stands last."""
KEPT_IDLE_SECONDS = 2
"""So long a connection to another service is kept unused. Its server closes one after five: who keeps it as long may
send into one that is being closed, and a page says "not available just now" though nothing is away."""
PAGE_ROUTES = ("/api/", "/internal/", "/readyz", "/healthz", "/metrics", "/openapi.json", "/demo/mail.json")


def _client(settings: Settings, offset: int) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=f"http://{LOOPBACK}:{settings.port_base + offset}",
        timeout=60,
        limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEPT_IDLE_SECONDS),
        event_hooks={"request": [carry_trace]},
    )


async def _to_sign_in(request: Request, _: SignInNeeded) -> Response:
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    after = quote(asked if request.method == "GET" else "/", safe="")
    return RedirectResponse(f"/sign-in?after={after}", 303)


async def _error_page(request: Request, problem: Problem) -> Response:
    """People get a page; systems get the problem document."""
    if request.url.path.startswith(PAGE_ROUTES):
        return problem.response()
    page: Response = request.app.state.pages.render(
        "error.html",
        problem.status,
        **shell(request, await session_of(request)),
        title=TITLES.get(problem.status, "Something went wrong"),
        detail=problem.detail,
    )
    return page


def build(settings: Settings) -> Process:
    """A process of desk that is not started yet. Raises `NoIdentityProvider` outside a demonstration."""
    check_may_start(settings)
    partnership = load_partnership(settings.partnership)
    neighbours = Neighbours(settings.port_base, settings.service_secret.get_secret_value())
    recent = RecentNumbers(neighbours.metrics)
    process = Process(
        name="desk",
        settings=settings,
        stage=DeskStage(partnership),
        port=settings.port_base,
        subscriptions=(
            Subscription(topics.REPORTS_101),
            Subscription(topics.REPORTS_ONLINE),
            Subscription(topics.REPORTS_PARTNER, BULK_BATCH, bulk=True),
            Subscription(topics.DECISIONS, BULK_BATCH),
            Subscription(topics.CASES),
            Subscription(topics.NOTIFICATIONS),
            Subscription(topics.RULES),
            Subscription(topics.MEETINGS),
        ),
        routers=ROUTERS,
        background=(recent.run,),
        operations_only=(operations_only(),),
        openapi_url=None,  # `documents` serves the one of all services at the same address
    )
    app, state = process.app, process.app.state
    state.settings, state.partnership = settings, partnership
    state.introspect = RemoteKeys(settings)
    state.presenter = Presenter(partnership)
    state.pages = Pages(Path(__file__).parent / "templates")
    state.intake, state.referrals = _client(settings, INTAKE), _client(settings, REFERRALS)
    triage = _client(settings, TRIAGE)
    state.casework, state.triage_rules = Casework(state.referrals, triage, partnership.zone), TriageRules(triage)
    state.neighbours, state.recent_numbers = neighbours, recent
    process.ready_checks.append(state.neighbours.all_ready)
    app.add_exception_handler(SignInNeeded, _to_sign_in)  # type: ignore[arg-type]
    app.add_exception_handler(Problem, _error_page)  # type: ignore[arg-type]
    mount_static(app)
    return process


def main(settings: Settings) -> None:
    """Serve until told to stop."""
    run(build(settings))
