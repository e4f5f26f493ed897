"""One attempt at a mail or a webhook: to whom it goes, how long it may take, and what its failure is called."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiosmtplib
import httpx2
import pytest
from pydantic import ValidationError

from schemas.submission import Contact
from services.kernel.settings import Settings
from services.kernel.testing import START
from services.kernel.workers import Job
from services.notify import gateways
from services.notify.api import WebhookBody
from services.notify.gateways import SmtpGateway, WebhookGateway
from services.notify.messages import Delivery

SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NO_ADDRESS = (
    "a,b@c.d",
    "a;b@c.d",
    "mary(home)@b.c",
    "(@b.c",
    ":@b.c",
    "a@b..c",
    "a@[b.c",
    "x:a@b.c",
    '"a@b.c',
    "<a@b.c",
)


def job(address: str, secret: str | None = None) -> Job:
    told = Delivery(notification_id=UUID(int=1), address=address, subject="Act now", body="{}", secret=secret)
    return Job(UUID(int=2), "send", "R-1", told.model_dump_json(), 1, in_doubt=False, traceparent=None)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, list[str]]]:
    """Mails with their recipients, as the server would be told them."""
    kept: list[tuple[Any, list[str]]] = []

    async def send(mail: Any, *, recipients: list[str], **_: Any) -> None:
        kept.append((mail, recipients))

    monkeypatch.setattr(aiosmtplib, "send", send)
    return kept


@pytest.mark.parametrize("address", NO_ADDRESS)
async def test_what_is_no_plain_address_is_refused_at_the_door_and_never_sent_to(
    address: str, sent: list[tuple[Any, list[str]]]
) -> None:
    with pytest.raises(ValidationError):
        Contact(email=address)
    tried = await SmtpGateway(Settings(), lambda: START).deliver(job(address))
    assert (tried.status, tried.reason, sent) == ("permanent-failure", "address-unusable", [])


@pytest.mark.parametrize("address", ["a@b.c", "o'neil@b.c", "first.last+tag@mail.b.co.uk", "=?utf-8?q?x?=@b.c"])
async def test_a_mail_goes_to_its_address_alone_and_says_when_it_was_sent(
    address: str, sent: list[tuple[Any, list[str]]]
) -> None:
    assert Contact(email=address).email == address
    tried = await SmtpGateway(Settings(), lambda: START).deliver(job(address))
    ((mail, recipients),) = sent
    assert (tried.status, recipients) == ("delivered", [address])
    assert mail["Date"].datetime == START


class Drips(httpx2.AsyncByteStream):
    """A body that never ends."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0)


async def hooked(answer: Any, address: str = "http://partner.invalid/", secret: str = SECRET) -> tuple[str, str | None]:
    """How one attempt ends at a system that answers so."""
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    async with asyncio.timeout(20):
        tried = await WebhookGateway(client, lambda: START).deliver(job(address, secret))
    return tried.status, tried.reason


async def test_an_answer_that_drips_is_an_answer() -> None:
    async def drips(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=Drips())

    assert await hooked(drips) == ("delivered", None)


async def test_a_system_that_is_silent_ends_as_a_failure_that_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(gateways, "TIMEOUT_SECONDS", 0.01)
    assert await hooked(silent) == ("technical-failure", "TimeoutError")


async def answers(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(204)


@pytest.mark.parametrize("secret", ["", "x" * 25])
async def test_a_secret_that_cannot_sign_is_refused_at_the_door_and_ends_what_was_kept_with_it(secret: str) -> None:
    with pytest.raises(ValidationError):
        WebhookBody(url="http://partner.invalid/", secret=secret or None)
    assert await hooked(answers, secret=secret) == ("permanent-failure", "secret-unusable")


@pytest.mark.parametrize("address", ["http://partner.invalid:abc/", "http://\u00e9..x/"])
async def test_an_address_that_is_none_is_refused_at_the_door_and_ends_what_was_kept_with_it(address: str) -> None:
    with pytest.raises(ValidationError):
        WebhookBody(url=address, secret=SECRET)
    assert await hooked(answers, address) == ("permanent-failure", "address-unusable")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"url": "http://a.invalid/"}, (), "missing@secret"),
        ({"url": "http://a.invalid:99999/", "secret": SECRET}, ("url",), "url_unusable"),
        ({"url": "http://a.invalid/", "secret": "not base64, but long enough"}, ("secret",), "string_pattern_mismatch"),
        ({"url": "http://a.invalid/", "secret": "x" * 25}, ("secret",), "secret_unusable"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_said_by_field(body: dict[str, str], field: tuple[str], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        WebhookBody.model_validate(body)
    (error,) = refused.value.errors()
    assert (error["loc"], error["type"]) == (field, code)


@pytest.mark.parametrize("secret", [SECRET, f"whsec_{SECRET}", "c2lnbmluZyBzZWNyZXQgb2YgdGhlIHRlc3Rz"])
async def test_a_secret_that_signs_is_taken_with_its_url_and_none_takes_the_address_away(secret: str) -> None:
    assert WebhookBody(url="https://partner.invalid:8443/hub", secret=secret).secret == secret
    assert WebhookBody().url is None
    assert await hooked(answers, secret=secret) == ("delivered", None)
