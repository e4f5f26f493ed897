"""Received mails: kept, found again after a restart, newest first, never more than fit."""

import asyncio
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest

from deploy.local.mailbox import Mailbox


def mail(subject: str, text: str = "Reference C-ABC12") -> bytes:
    message = EmailMessage()
    message["Subject"], message["To"], message["Message-ID"] = subject, "asha@example.org", "<1@hub>"
    message.set_content(text)
    return message.as_bytes()


async def test_a_mail_is_kept_with_its_text_and_headers(tmp_path: Path) -> None:
    identity = await Mailbox(tmp_path).keep(mail("A case opened", "Grüße — Ref C-1\n"), ["asha@example.org"])
    found = Mailbox(tmp_path).read(identity)
    assert found is not None
    assert (found["to"], found["subject"]) == ("asha@example.org", "A case opened")
    assert found["text"] == "Grüße — Ref C-1\n"
    assert found["headers"]["Message-ID"] == "<1@hub>"


async def test_the_newest_mail_comes_first_and_pages_follow(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    for number in range(5):
        await mailbox.keep(mail(f"mail {number}"), ["a@example.org"])
    first, following = mailbox.page(limit=2)
    second, after = mailbox.page(before=following or "", limit=3)
    assert [each["subject"] for each in first + second] == [f"mail {number}" for number in (4, 3, 2, 1, 0)]
    assert after is None


async def test_the_oldest_make_room(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, kept=2)
    ids = [await mailbox.keep(mail(f"mail {number}"), ["a@example.org"]) for number in range(3)]
    assert mailbox.read(ids[0]) is None
    assert len(Mailbox(tmp_path)) == 2


async def test_an_id_that_is_a_path_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    mailbox = Mailbox(tmp_path / "mail")
    assert mailbox.read("../secret") is None


async def test_half_a_mail_on_the_disk_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001-abc.part").write_text("{")
    assert Mailbox(tmp_path).page() == ([], None)


async def test_mails_that_are_written_beside_each_other_are_all_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox, first_may_end = Mailbox(tmp_path), threading.Event()
    write = mailbox._write

    def slow_first(identity: str, document: str) -> None:
        if "mail 0" in document:
            first_may_end.wait(10)
        write(identity, document)

    monkeypatch.setattr(mailbox, "_write", slow_first)
    slow = asyncio.create_task(mailbox.keep(mail("mail 0"), ["a@example.org"]))
    await asyncio.sleep(0)
    for number in range(1, 4):
        await mailbox.keep(mail(f"mail {number}"), ["a@example.org"])
    first_may_end.set()
    await slow
    mails, _ = mailbox.page()
    assert [each["subject"] for each in mails] == ["mail 3", "mail 2", "mail 1", "mail 0"]
