"""The public's form and status page without a browser: sent twice, added to, mistyped, and codes tried without end."""

import re
import uuid
from typing import Any

import httpx2
import pytest

from services.intake.wrong_codes import TRIES

pytestmark = pytest.mark.integration
ANSWERS = {"step": "check", "danger": "no", "description": "He kicks the door.", "where": "Ashcroft Road"}
DONE = re.compile(r"(R(?:-[0-9A-Z]{3}){3}).*?(\d{3} \d{3})", re.DOTALL)


async def send(client: httpx2.AsyncClient, **answers: Any) -> httpx2.Response:
    """Answers as a browser sends them."""
    return await client.post("/report", data=ANSWERS | answers, headers={"Authorization": ""})


def told(page: httpx2.Response) -> tuple[str, ...]:
    """Reference and code of the last page."""
    assert page.status_code == 200, page.text
    found = DONE.search(page.text)
    assert found is not None, page.text
    return found.groups()


async def checked(client: httpx2.AsyncClient, **answers: Any) -> dict[str, str]:
    """What the page that is sent last keeps of the answers."""
    page = await send(client, **{"step": "you"} | answers)
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))


@pytest.mark.parametrize("when", ["now", "today", "unsure"])
async def test_what_is_sent_twice_is_one_report_with_one_code(client: httpx2.AsyncClient, when: str) -> None:
    kept = await checked(client, when=when, source_id=str(uuid.uuid4()))
    assert told(await send(client, **kept)) == told(await send(client, **kept))


async def test_what_is_added_after_going_back_is_kept_under_the_same_reference(client: httpx2.AsyncClient) -> None:
    kept = await checked(client, when="now", source_id=str(uuid.uuid4()))
    first = told(await send(client, **kept))
    added = kept | {"description": "He kicks the door, with a knife.", "danger": "yes"}
    second = await send(client, **added)
    assert told(second) == first
    assert "999" in second.text


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"where": "x" * 501}, "Use 200 plain characters at most."),
        ({"email": "ann at home", "safe": "yes"}, "Write the e-mail address like name@example.org."),
        ({"when": "day"}, "Give the day, such as 14/10/2025."),
        ({"description": "x" * 4001}, "Use 4,000 characters at most."),
    ],
)
async def test_an_answer_that_does_not_fit_is_asked_for_again_by_its_own_question(
    client: httpx2.AsyncClient, answers: dict[str, str], says: str
) -> None:
    page = await send(client, **answers)
    assert page.status_code == 422
    assert says in page.text


async def test_lines_count_as_the_page_counted_them(client: httpx2.AsyncClient) -> None:
    words = "ab\r\n" * 1300
    assert told(await send(client, description=words, when="unsure", source_id=str(uuid.uuid4())))


async def test_codes_of_a_report_are_tried_a_few_times_and_of_one_that_is_not_there_alike(
    client: httpx2.AsyncClient,
) -> None:
    reference, code = told(await send(client, when="unsure", source_id=str(uuid.uuid4())))
    form = {"reference": reference, "code": code.replace(" ", "\u00a0")}
    assert (await client.post("/report/status", data=form)).status_code == 200
    unknown = told(await send(client, when="unsure", source_id=str(uuid.uuid4())))[0][:-1]
    for tried in (reference, f"{unknown}{'2' if unknown[-1] != '2' else '3'}"):
        answers = [
            (await client.post("/report/status", data={"reference": tried, "code": wrong})).status_code
            for wrong in ["é", *["12"] * TRIES]
        ]
        assert set(answers[:TRIES]) == {422}
        if tried == reference:
            assert answers[TRIES] == 429
    assert (await client.post("/report/status", data=form)).status_code == 429
