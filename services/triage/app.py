"""Triage's process: the only place where its objects are built."""

from schemas import topics
from services.access.authentication import RemoteKeys, operations_only
from services.kernel.consumer import BULK_BATCH, Subscription
from services.kernel.database import Database
from services.kernel.process import Process, run
from services.kernel.settings import Settings
from services.kernel.workers import Together
from services.triage import review_api, rules_api, sample_api, shadow_api
from services.triage.api import router
from services.triage.domain.shadow import PAGE_JOB
from services.triage.domain.unread import READ_JOB
from services.triage.keeping import RuleKeeper
from services.triage.live_reading import READ_TOGETHER, LiveReader
from services.triage.replaying import Replayer
from services.triage.stage import TriageStage

PORT = 2
"""Offset from the port base."""


def build(settings: Settings) -> Process:
    """A process of triage that is not started yet."""
    keeper = RuleKeeper(settings.partnership)
    replayer = Replayer(Database("triage", settings, kept=1, most=2), keeper)
    reader = LiveReader(settings, keeper)
    process = Process(
        name="triage",
        settings=settings,
        stage=TriageStage(keeper, reader.wait),
        port=settings.port_base + PORT,
        subscriptions=(
            Subscription(topics.REPORTS_101),
            Subscription(topics.REPORTS_ONLINE),
            Subscription(topics.REPORTS_PARTNER, BULK_BATCH, bulk=True),
            Subscription(topics.CASES, BULK_BATCH, bulk=True),
        ),
        jobs={PAGE_JOB: replayer.do_page, READ_JOB: Together(reader.do, READ_TOGETHER)},
        routers=(router, review_api.router, sample_api.router, shadow_api.router, rules_api.router),
        background=(keeper.ship,),
        operations_only=(operations_only(),),
        details={"second_reader": reader.health},
    )
    state = process.app.state
    state.settings, state.keeper, state.partnership = settings, keeper, keeper.partnership
    state.reader = reader
    state.introspect = RemoteKeys(settings)
    return process


def main(settings: Settings) -> None:
    """Serve until told to stop."""
    run(build(settings))
