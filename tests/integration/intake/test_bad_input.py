"""What cannot be taken: each answer names field and rule, never the value; it is counted, and nothing is lost."""

import gzip
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from services.intake.receiving_http import BODY_LIMIT
from services.kernel.settings import Settings
from tests.engines.hub import rows_of
from tests.integration.conftest import until
from tests.integration.intake.test_reports import problem, report

pytestmark = pytest.mark.integration
SECRET = "zebra-4711"
STREET = "Crime ID,Month,Longitude,Latitude,Location,LSOA code,Crime type"


@pytest.mark.parametrize(
    ("name", "changes", "field", "code"),
    [
        ("an unknown field", {"colour": SECRET}, "/colour", "unknown-field"),
        ("an unknown field of a place", {"place": {"what3words": SECRET}}, "/place/what3words", "unknown-field"),
        (
            "an unknown field of a person",
            {"people": [{"role": "victim", "nick": SECRET}]},
            "/people/0/nick",
            "unknown-field",
        ),
        ("a number for words", {"description": 4711}, "/description", "string-type"),
        ("a word for yes or no", {"danger_now": SECRET}, "/danger_now", "bool-type"),
        ("a number for a time", {"occurred_at": 1700000000}, "/occurred_at", "datetime-type"),
        ("a word for a time", {"occurred_at": SECRET}, "/occurred_at", "datetime-from-date-parsing"),
        ("a time without offset", {"occurred_at": "2026-01-01T10:00:00"}, "/occurred_at", "offset-missing"),
        ("a word for a number", {"revision": "2"}, "/revision", "int-type"),
        ("a revision of nought", {"revision": 0}, "/revision", "greater-than-equal"),
        ("a kind that there is not", {"kind": SECRET}, "/kind", "literal-error"),
        ("a thirteenth month", {"occurred_month": "2026-13"}, "/occurred_month", "string-pattern-mismatch"),
        (
            "a month and a time",
            {"occurred_month": "2026-01", "occurred_at": "2026-01-01T10:00:00Z"},
            "/occurred_month",
            "given-twice",
        ),
        (
            "an end before its beginning",
            {"occurred_at": "2026-01-01T10:00:00Z", "occurred_until": "2026-01-01T09:00:00Z"},
            "/occurred_until",
            "out-of-order",
        ),
        ("no source id", {"source_id": None}, "/source_id", "string-type"),
        ("an empty source id", {"source_id": ""}, "/source_id", "string-too-short"),
        ("a source id of 201", {"source_id": "x" * 201}, "/source_id", "string-too-long"),
        ("a description of 4,001", {"description": "x" * 4001}, "/description", "string-too-long"),
        ("a description of ten million", {"description": "x" * 10_000_000}, "/description", "string-too-long"),
        ("neither words nor category", {"description": None, "category": None}, "/description", "missing"),
        ("51 attributes", {"attributes": {f"a{n}": "x" for n in range(51)}}, "/attributes", "too-long"),
        ("an attribute of 501", {"attributes": {"a/b": "x" * 501}}, "/attributes/a~1b", "string-too-long"),
        ("a number as attribute", {"attributes": {"a": 4711}}, "/attributes/a", "string-type"),
        ("51 people", {"people": [{"role": "witness"}] * 51}, "/people", "too-long"),
        ("a role that there is not", {"people": [{"role": SECRET}]}, "/people/0/role", "literal-error"),
        ("an age of 131", {"people": [{"role": "victim", "age": 131}]}, "/people/0/age", "less-than-equal"),
        ("half a position", {"place": {"latitude": 51.8}}, "/place/longitude", "missing"),
        ("half a grid position", {"place": {"northing": 221000}}, "/place/easting", "missing"),
        ("a place on the equator", {"place": {"latitude": 5, "longitude": 0}}, "/place/latitude", "greater-than-equal"),
        ("no postcode", {"place": {"postcode": SECRET}}, "/place/postcode", "string-pattern-mismatch"),
        ("NUL in the words", {"description": "a\x00b"}, "/description", "nul-in-text"),
        ("NUL in the source id", {"source_id": "a\x00b"}, "/source_id", "nul-in-text"),
        ("NUL in an attribute's name", {"attributes": {"a\x00": "b"}}, "/attributes/a\x00/[key]", "nul-in-text"),
        (
            "NUL in a telephone number",
            {"people": [{"role": "victim", "contact": {"phone": "\x00"}}]},
            "/people/0/contact/phone",
            "nul-in-text",
        ),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named_with_the_rule(
    client: httpx2.AsyncClient, name: str, changes: dict[str, Any], field: str, code: str
) -> None:
    sent = {key: value for key, value in report(**changes).items() if value is not None or key in changes}
    answer = await client.post("/api/v1/reports", json=sent)
    body = problem(answer, 422, "invalid-field")
    assert (field, code) in [(each["field"], each["code"]) for each in body["errors"]], name
    assert SECRET not in answer.text
    assert "4711" not in answer.text
    assert body["type"] == "/docs/errors#invalid-field"


async def test_what_lies_at_a_limit_is_taken(client: httpx2.AsyncClient) -> None:
    attributes = {f"a{n}": "x" * 500 for n in range(50)}
    sent = report(source_id=uuid.uuid4().hex.ljust(200, "x"), description="é" * 4000, attributes=attributes)
    assert (await client.post("/api/v1/reports", json=sent)).status_code == 202


async def test_an_unknown_category_is_refused_and_so_it_is_in_a_dry_run(client: httpx2.AsyncClient) -> None:
    for dry_run in ("false", "true"):
        answer = await client.post("/api/v1/reports", json=report(category=SECRET), params={"dry_run": dry_run})
        assert problem(answer, 422, "unknown-category")["errors"][0]["field"] == "/category"
        assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("nothing", b"", 400, "not-json"),
        ("half an object", b'{"source_id": "a"', 400, "not-json"),
        ("a surrogate alone", b'{"source_id": "\\ud800"}', 400, "not-json"),
        ("a thousand brackets", b"[" * 1000, 400, "not-json"),
        ("Latin-1", b'{"source_id": "caf\xe9"}', 400, "not-utf-8"),
        ("a list", b"[]", 422, "invalid-field"),
        ("null", b"null", 422, "invalid-field"),
        ("more than the limit", b" " * (BODY_LIMIT + 1), 413, "body-too-large"),
    ],
)
async def test_a_body_that_is_no_report_is_told_so(
    client: httpx2.AsyncClient, name: str, content: bytes, status: int, code: str
) -> None:
    answer = await client.post("/api/v1/reports", content=content, headers={"content-type": "application/json"})
    problem(answer, status, code)


async def test_another_type_another_method_and_another_address_are_told_so(client: httpx2.AsyncClient) -> None:
    wrong_type = await client.post("/api/v1/reports", content=b"<a/>", headers={"content-type": "application/xml"})
    problem(wrong_type, 415, "not-json-type")
    problem(await client.delete("/api/v1/reports"), 405, "method-not-allowed")
    problem(await client.get("/api/v1/nothing"), 404, "not-found")
    problem(await client.get("/api/v1/reports", params={"status": SECRET}), 422, "invalid-field")


async def _balance(client: httpx2.AsyncClient, settings: Settings) -> dict[str, Any]:
    secret = {"x-hub-secret": settings.service_secret.get_secret_value()}
    return dict((await client.get("/internal/balance", headers=secret)).json())


async def _refused_today(client: httpx2.AsyncClient, settings: Settings) -> int:
    balance = await _balance(client, settings)
    return int(next(each for each in balance["partners"] if each["partner"] == "police")["refused_today"])


async def test_a_key_that_is_no_partners_is_refused_and_counted(client: httpx2.AsyncClient, settings: Settings) -> None:
    before = (await _balance(client, settings))["refused_without_partner_today"]
    for key, status, code in (("nobody", 401, "key-unknown"), ("demo-operations", 403, "scope-missing")):
        headers = {"Authorization": f"Bearer {key}"}
        problem(await client.post("/api/v1/reports", json=report(), headers=headers), status, code)
        problem(await client.post("/api/v1/batches", content=b"{}", headers=headers), status, code)
    problem(await client.get("/api/v1/reports", headers={"Authorization": "Bearer nobody"}), 401, "key-unknown")
    after = (await _balance(client, settings))["refused_without_partner_today"]
    assert after == before + 4, "what was sent is counted, a question is not"


async def _batch(client: httpx2.AsyncClient, content: bytes, form: str = "hub") -> httpx2.Response:
    return await client.post("/api/v1/batches", params={"format": form}, content=content)


async def _key_reused(client: httpx2.AsyncClient) -> httpx2.Response:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert (await client.post("/api/v1/reports", json=report(), headers=key)).status_code == 202
    return await client.post("/api/v1/reports", json=report(), headers=key)


@pytest.mark.parametrize(
    ("name", "send", "status", "code"),
    [
        ("a bad field", lambda client: client.post("/api/v1/reports", json=report(colour=1)), 422, "invalid-field"),
        (
            "a column that is missing",
            lambda client: _batch(client, b"Month,Location\n1,2\n", "police-street"),
            422,
            "column-missing",
        ),
        (
            "a column of outcomes",
            lambda client: _batch(client, b"Crime ID,Month\n1,2\n", "police-outcomes"),
            422,
            "column-missing",
        ),
        ("bad UTF-8", lambda client: _batch(client, b'{"source_id": "caf\xe9"}\n'), 400, "not-utf-8"),
        (
            "half a gzip",
            lambda client: _batch(client, gzip.compress(STREET.encode() * 50)[:-9], "police-street"),
            400,
            "gzip-truncated",
        ),
        ("no file", lambda client: _batch(client, b"\n"), 422, "empty-file"),
        ("no format", lambda client: _batch(client, b"{}\n", "csv"), 422, "unknown-format"),
        (
            "another type",
            lambda client: client.post("/api/v1/reports", content=b"<a/>", headers={"content-type": "text/xml"}),
            415,
            "not-json-type",
        ),
        ("a key with another body", lambda client: _key_reused(client), 422, "idempotency-key-reused"),
    ],
)
async def test_what_is_refused_is_counted_for_its_partner(
    client: httpx2.AsyncClient,
    settings: Settings,
    name: str,
    send: Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]],
    status: int,
    code: str,
) -> None:
    before = await _refused_today(client, settings)
    problem(await send(client), status, code)
    assert await _refused_today(client, settings) == before + 1, name


async def test_a_missing_column_is_named(client: httpx2.AsyncClient) -> None:
    columns = STREET.replace("Month,", "").replace(",Crime type", "")
    body = problem(await _batch(client, f"{columns}\n".encode(), "police-street"), 422, "column-missing")
    assert [each["field"] for each in body["errors"]] == ["/Month", "/Crime type"]


async def test_a_format_that_there_is_not_or_that_is_not_agreed_is_refused(client: httpx2.AsyncClient) -> None:
    problem(await _batch(client, b"{}\n", "csv"), 422, "unknown-format")
    housing = {"Authorization": "Bearer demo-housing"}
    answer = await client.post("/api/v1/batches?format=police-street", content=b"x", headers=housing)
    problem(answer, 403, "format-not-agreed")


async def test_a_file_is_not_taken_with_the_key_of_another_partner_than_it_is_said_to_be_of(
    client: httpx2.AsyncClient, settings: Settings
) -> None:
    before = await rows_of(settings, "intake", "SELECT count(*) AS n FROM batches")
    line = json.dumps(report()).encode()
    answer = await client.post("/api/v1/batches?partner=housing", content=line)
    problem(answer, 403, "key-of-another")
    assert await rows_of(settings, "intake", "SELECT count(*) AS n FROM batches") == before
    assert (await client.post("/api/v1/batches?partner=police", content=line)).status_code == 202


async def test_bad_lines_of_a_file_have_their_reason_and_the_good_ones_go_on(
    client: httpx2.AsyncClient, settings: Settings
) -> None:
    before = await _refused_today(client, settings)
    lines = [
        json.dumps(report(source_id="line-good-" + uuid.uuid4().hex, description="One\u2028line."), ensure_ascii=False),
        "{",
        json.dumps(report(source_id="line-coloured", colour=SECRET)),
        json.dumps(report(category=SECRET)),
        "",
        json.dumps(report(description="x" * 4001)),
    ]
    sent = await _batch(client, ("\r\n".join(lines) + "\n").encode())
    assert sent.status_code == 202
    assert sent.headers["location"] == sent.json()["url"]
    status = await _done(client, sent.json()["url"])
    assert (status["rows"], status["accepted"], status["duplicate"], status["rejected"]) == (5, 1, 0, 4)
    got = await client.get(sent.json()["rows_url"], params={"outcome": "rejected"})
    rows = [json.loads(line) for line in got.text.splitlines()]
    assert [(row["row"], row["reason"][0]["field"], row["reason"][0]["code"]) for row in rows] == [
        (2, "", "json-invalid"),
        (3, "/colour", "unknown-field"),
        (4, "/category", "unknown-category"),
        (5, "/description", "string-too-long"),
    ]
    assert (rows[0]["source_id"], rows[1]["source_id"]) == (None, "line-coloured"), "what can be read is told"
    assert SECRET not in got.text
    everything = (await client.get(sent.json()["rows_url"])).text.splitlines()
    assert json.loads(everything[0])["reference"].startswith("R-")
    problem(await client.get(sent.json()["rows_url"], params={"outcome": SECRET}), 422, "invalid-field")
    assert await _refused_today(client, settings) == before + 4


async def _done(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    async def done() -> dict[str, Any] | None:
        status: dict[str, Any] = (await client.get(url)).json()
        return status if status["status"] == "done" else None

    found: dict[str, Any] = await until(done, "the batch to be done")
    return found


async def test_corrections_in_a_file_are_taken_in_order_and_lower_ones_are_superseded(
    client: httpx2.AsyncClient,
) -> None:
    first = report(description="First words.")
    lines = [
        first,
        first | {"revision": 3, "description": "Third words."},
        first | {"revision": 2, "description": "Late."},
    ]
    sent = await _batch(client, "".join(json.dumps(line) + "\n" for line in lines).encode())
    await _done(client, sent.json()["url"])
    rows = [json.loads(line) for line in (await client.get(sent.json()["rows_url"])).text.splitlines()]
    assert [row["outcome"] for row in rows] == ["accepted", "accepted", "rejected"]
    assert rows[2]["reason"][0]["code"] == "superseded"
    found = (await client.get("/api/v1/reports", params={"source_id": first["source_id"]})).json()["items"]
    assert found[0]["revision"] == 3


async def test_equal_content_is_the_same_whatever_the_order_of_its_fields(client: httpx2.AsyncClient) -> None:
    sent = report(attributes={"a": "1", "b": "2"})
    turned = dict(reversed(sent.items())) | {"attributes": {"b": "2", "a": "1"}}
    await client.post("/api/v1/reports", json=sent)
    again = await client.post("/api/v1/reports", json=turned)
    assert (again.status_code, again.json()["duplicate"]) == (202, True)


async def test_a_replayed_answer_has_the_headers_of_the_first(client: httpx2.AsyncClient) -> None:
    headers, sent = {"Idempotency-Key": uuid.uuid4().hex}, report()
    first = await client.post("/api/v1/reports", json=sent, headers=headers)
    again = await client.post("/api/v1/reports", json=sent, headers=headers)
    assert (again.status_code, again.headers["location"]) == (202, first.headers["location"])
    assert again.headers["idempotent-replayed"] == "true"
    too_long = await client.post("/api/v1/reports", json=sent, headers={"Idempotency-Key": "x" * 201})
    problem(too_long, 400, "invalid-header")
