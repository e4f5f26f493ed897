"""The demonstration day's own files: what a full disk may not leave behind."""

from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from deploy.demonstration.feed import Feed
from deploy.demonstration.script import read_script


async def test_a_full_disk_leaves_no_half_moment_and_the_next_start_notes_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, _: str) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    async with httpx2.AsyncClient() as client:
        feed = Feed(client, client, read_script(), tmp_path)
        with monkeypatch.context() as disk, pytest.raises(OSError, match="No space"):
            disk.setattr(Path, "write_text", full)
            feed._began()
        began = feed._began()
        assert began <= datetime.now(UTC)
        assert Feed(client, client, read_script(), tmp_path)._began() == began
