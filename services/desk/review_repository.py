"""What the review lists beside the queue: referrals that were declined and whose case nobody has taken further."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_DECLINED = text("""
    SELECT r.state AS referral, c.state AS case_state FROM model_referrals r JOIN model_cases c USING (case_id)
    WHERE r.status = 'declined' AND c.status = 'open' AND NOT EXISTS (
        SELECT 1 FROM model_referrals later WHERE later.case_id = r.case_id AND later.sequence > r.sequence
    )
    ORDER BY r.sequence DESC, r.referral_id LIMIT 20
""")


async def declined(connection: AsyncConnection) -> Sequence[Any]:
    """Declined referrals of open cases with no referral after them, as far as the session may see them."""
    return (await connection.execute(_DECLINED)).all()
