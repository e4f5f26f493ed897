"""Notify's process: the only place where its objects are built."""

import httpx2

from schemas import topics
from services.access.authentication import RemoteKeys, operations_only
from services.kernel.clock import utc_now
from services.kernel.consumer import BULK_BATCH, Subscription
from services.kernel.process import Process, run
from services.kernel.settings import Settings
from services.notify.api import router
from services.notify.domain.state import Rules
from services.notify.gateways import TIMEOUT_SECONDS, SmtpGateway, WebhookGateway
from services.notify.stage import NotifyStage
from services.partnership.loading import load_partnership

PORT = 4
"""Offset from the port base."""


def build(settings: Settings) -> Process:
    """A process of notify that is not started yet."""
    rules = Rules(load_partnership(settings.partnership), settings.desk_url)
    mail = SmtpGateway(settings, utc_now)
    webhooks = WebhookGateway(httpx2.AsyncClient(follow_redirects=False, timeout=TIMEOUT_SECONDS), utc_now)
    process = Process(
        name="notify",
        settings=settings,
        stage=NotifyStage(rules),
        port=settings.port_base + PORT,
        subscriptions=(
            Subscription(topics.REPORTS_101),
            Subscription(topics.REPORTS_ONLINE),
            Subscription(topics.REPORTS_PARTNER, BULK_BATCH, bulk=True),
            Subscription(topics.DECISIONS, BULK_BATCH),
            Subscription(topics.CASES),
            Subscription(topics.MEETINGS),
            Subscription(topics.BATCHES),
        ),
        jobs={"send-mail": mail.deliver, "send-webhook": webhooks.deliver},
        routers=(router,),
        operations_only=(operations_only(),),
    )
    process.app.state.settings = settings
    process.app.state.introspect = RemoteKeys(settings)
    return process


def main(settings: Settings) -> None:
    """Serve until told to stop."""
    run(build(settings))
