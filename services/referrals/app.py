"""Referrals' process: the only place where its objects are built."""

from schemas import topics
from services.access.authentication import RemoteKeys, operations_only
from services.kernel.consumer import BULK_BATCH, Subscription
from services.kernel.process import Process, run
from services.kernel.settings import Settings
from services.partnership.loading import load_partnership
from services.referrals import casefile_api, ladder_api, meeting_api, panel_api
from services.referrals.api import router
from services.referrals.domain.state import Rules
from services.referrals.stage import ReferralsStage

PORT = 3
"""Offset from the port base."""


def build(settings: Settings) -> Process:
    """A process of referrals that is not started yet."""
    partnership = load_partnership(settings.partnership)
    process = Process(
        name="referrals",
        settings=settings,
        stage=ReferralsStage(Rules(partnership)),
        port=settings.port_base + PORT,
        subscriptions=(Subscription(topics.DECISIONS, BULK_BATCH),),
        routers=(meeting_api.router, panel_api.router, casefile_api.router, ladder_api.router, router),
        operations_only=(operations_only(),),
    )
    process.app.state.settings, process.app.state.partnership = settings, partnership
    process.app.state.introspect = RemoteKeys(settings)
    return process


def main(settings: Settings) -> None:
    """Serve until told to stop."""
    run(build(settings))
