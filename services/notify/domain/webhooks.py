"""What a signed webhook says: its type, and references that the partner may read by the API; no word of content."""

import json
from datetime import datetime
from typing import Any

from schemas.webhooks import WEBHOOKS
from services.notify.domain.occasions import Occasion


def webhook_type(occasion: Occasion) -> str:
    """The word for what happened; the partnership's files were checked to name no other event."""
    return WEBHOOKS[occasion.type]


def webhook_body(occasion: Occasion, partner: str, now: datetime) -> str:
    """The body as it is signed: a file's counts, a referral's state, or the partner's own reports."""
    data = _data(occasion, partner)
    return json.dumps({"type": webhook_type(occasion), "timestamp": now.isoformat(), "data": data})


def _data(occasion: Occasion, partner: str) -> dict[str, Any]:
    if occasion.batch is not None:
        return occasion.batch.model_dump(mode="json", exclude={"partner", "at"}) | {"status": "done"}
    if occasion.referral is not None:
        sent = occasion.referral
        told = {"reference": sent.reference, "case": sent.case_reference, "status": str(sent.status)}
        return {"referral": told | {"panel": sent.panel, "destination": sent.destination}}
    own = (each for each in occasion.reports if each.partner == partner)
    return {"reports": [{"reference": each.reference, "source_id": each.source_id} for each in own]}
