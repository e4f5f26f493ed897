"""Intake's process: the only place where its objects are built."""

from pathlib import Path

from schemas import topics
from services.access.authentication import operations_only
from services.intake import api, batch_api, call_desk, forms, internal_api, status_pages
from services.intake.batches import Batches
from services.intake.feeds import feed_reader
from services.intake.gateways import DutyContact, Triage
from services.intake.keys import Keys
from services.intake.receiving_http import RateLimit
from services.intake.stage import IntakeStage
from services.intake.wrong_codes import WrongCodes
from services.kernel.consumer import BULK_BATCH, Subscription
from services.kernel.process import Process, run
from services.kernel.settings import Settings
from services.pages.rendering import Pages, mount_static
from services.partnership.loading import load_partnership
from services.partnership.models import Partnership

PORT = 1
"""Offset from the port base."""


def _feeds(partnership: Partnership) -> list[Subscription]:
    return [
        Subscription(topics.FEED_PREFIX + partner.feed, reader=feed_reader(partner, partnership))
        for partner in partnership.partners
        if partner.feed
    ]


def build(settings: Settings) -> Process:
    """A process of intake that is not started yet."""
    partnership = load_partnership(settings.partnership)
    batches = Batches(partnership)
    process = Process(
        name="intake",
        settings=settings,
        stage=IntakeStage(partnership),
        port=settings.port_base + PORT,
        subscriptions=(
            Subscription(topics.DECISIONS, BULK_BATCH),
            Subscription(topics.CASES),
            *_feeds(partnership),
        ),
        jobs={"danger-mail": DutyContact(settings, partnership).tell},
        routers=(
            api.router,
            batch_api.router,
            internal_api.router,
            forms.router,
            status_pages.router,
            call_desk.router,
        ),
        background=(batches.run,),
        operations_only=(operations_only(),),
    )
    state = process.app.state
    state.settings, state.partnership = settings, partnership
    state.introspect = Keys(settings, partnership, process.database)
    state.rate_limit, state.wrong_codes = RateLimit(), WrongCodes()
    state.pages = Pages(Path(__file__).parent / "templates")
    mount_static(process.app)
    state.explain = Triage(settings).explain
    return process


def main(settings: Settings) -> None:
    """Serve until told to stop."""
    run(build(settings))
