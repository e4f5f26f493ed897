"""The mails that the local run's sink has received: one JSON file each, on disk before the sender is told so."""

import asyncio
import json
import os
import secrets
import time
from bisect import bisect_left, insort
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

KEPT = 20_000
PAGE = 100


class Mailbox:
    """Ids grow with time, so the newest mail has the greatest."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._kept = folder, kept
        self._ids = sorted(path.stem for path in folder.glob("*.json"))

    async def keep(self, content: bytes, recipients: list[str]) -> str:
        """Store one mail durably; its id. Raises `OSError` when the disk does not take it."""
        identity = f"{time.time_ns():020d}-{secrets.token_hex(3)}"
        document = json.dumps(mail(identity, content, recipients), ensure_ascii=False)
        await asyncio.to_thread(self._write, identity, document)
        insort(self._ids, identity)  # mails that are written beside each other end in any order
        while len(self._ids) > self._kept:
            (self._folder / f"{self._ids.pop(0)}.json").unlink(missing_ok=True)
        return identity

    def _write(self, identity: str, document: str) -> None:
        path = self._folder / f"{identity}.json"
        partial = path.with_suffix(".part")
        with partial.open("w", encoding="utf-8") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def read(self, identity: str) -> dict[str, Any] | None:
        """One mail, or None. An id that is not of this mailbox is never looked for on the disk."""
        place = bisect_left(self._ids, identity)
        if place == len(self._ids) or self._ids[place] != identity:
            return None
        found: dict[str, Any] = json.loads((self._folder / f"{identity}.json").read_text("utf-8"))
        return found

    def page(self, before: str = "", limit: int = PAGE) -> tuple[list[dict[str, Any]], str | None]:
        """The newest mails (older than `before`), and the id to give as `before` for the next page."""
        end = bisect_left(self._ids, before) if before else len(self._ids)
        chosen = self._ids[max(0, end - limit) : end][::-1]
        mails = [found for identity in chosen if (found := self.read(identity))]
        return mails, chosen[-1] if chosen and end > limit else None

    def __len__(self) -> int:
        return len(self._ids)


def mail(identity: str, content: bytes, recipients: list[str]) -> dict[str, Any]:
    """A received mail as the page shows it: `id`, `at` (seconds since 1970), `to`, `subject`, `text`, `headers`."""
    parsed = message_from_bytes(content, policy=policy.default)
    body = parsed.get_body(("plain", "html")) if isinstance(parsed, EmailMessage) else None
    return {
        "id": identity,
        "at": int(identity.split("-")[0]) / 1e9,
        "to": ", ".join(recipients),
        "subject": str(parsed.get("Subject", "")),
        "text": str(body.get_content()).replace("\r\n", "\n") if body else "",
        "headers": {name: str(value) for name, value in parsed.items()},
    }
