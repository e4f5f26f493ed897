"""What a client sends and gets (`product.md`), through HTTP against a real intake."""

import uuid
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.integration


def report(**changes: Any) -> dict[str, Any]:
    return {"source_id": f"t-{uuid.uuid4()}", "description": "Shouting in the street.", "category": "noise"} | changes


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert {"type", "title", "status", "detail", "trace_id", "errors"} <= body.keys()
    return body


async def test_a_report_is_taken_and_has_a_receipt(client: httpx2.AsyncClient) -> None:
    sent = report(place={"text": "12 George Street", "latitude": 51.8789, "longitude": -0.4161})
    answer = await client.post("/api/v1/reports", json=sent)
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["location"] == body["url"]
    receipt = (await client.get(body["url"])).json()
    assert receipt["status"] == "received"
    assert receipt["source_id"] == sent["source_id"]
    assert receipt["channel"] == "partner"


async def test_the_same_record_again_is_the_first_reference(client: httpx2.AsyncClient) -> None:
    sent = report()
    first, second = [(await client.post("/api/v1/reports", json=sent)).json() for _ in range(2)]
    assert second["reference"] == first["reference"]
    assert second["duplicate"] is True


async def test_the_same_id_with_other_content_is_refused(client: httpx2.AsyncClient) -> None:
    sent = report()
    await client.post("/api/v1/reports", json=sent)
    answer = await client.post("/api/v1/reports", json=sent | {"description": "Other words."})
    assert problem(answer, 409, "source-id-reused")["errors"][0]["field"] == "/source_id"


async def test_a_higher_revision_corrects_and_a_lower_one_is_superseded(client: httpx2.AsyncClient) -> None:
    sent = report()
    first = (await client.post("/api/v1/reports", json=sent)).json()
    second = (await client.post("/api/v1/reports", json=sent | {"revision": 2, "description": "Corrected."})).json()
    assert second["reference"] == first["reference"]
    assert (await client.get(first["url"])).json()["revision"] == 2
    problem(await client.post("/api/v1/reports", json=sent), 409, "superseded")


async def test_keys_are_asked_for_and_scopes_kept(client: httpx2.AsyncClient) -> None:
    problem(await client.post("/api/v1/reports", json=report(), headers={"Authorization": ""}), 401, "key-missing")
    wrong = {"Authorization": "Bearer nobody"}
    problem(await client.post("/api/v1/reports", json=report(), headers=wrong), 401, "key-unknown")
    staff = {"Authorization": "Bearer demo-caseworker"}
    problem(await client.post("/api/v1/reports", json=report(), headers=staff), 403, "scope-missing")


async def test_another_partners_report_does_not_exist(client: httpx2.AsyncClient) -> None:
    url = (await client.post("/api/v1/reports", json=report())).json()["url"]
    problem(await client.get(url, headers={"Authorization": "Bearer demo-housing"}), 404, "not-found")
    problem(await client.get("/api/v1/reports/R-222-222-22X"), 404, "not-found")


async def test_an_idempotency_key_gives_the_same_answer_and_refuses_another_body(client: httpx2.AsyncClient) -> None:
    headers, sent = {"Idempotency-Key": str(uuid.uuid4())}, report()
    first = await client.post("/api/v1/reports", json=sent, headers=headers)
    again = await client.post("/api/v1/reports", json=sent, headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await client.post("/api/v1/reports", json=report(), headers=headers)
    problem(other, 422, "idempotency-key-reused")


async def test_danger_now_is_answered_with_advice(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v1/reports", json=report(danger_now=True))
    assert "999" in answer.json()["advice"]


async def test_a_list_is_paged_and_found_by_source_id(client: httpx2.AsyncClient) -> None:
    sent = report()
    await client.post("/api/v1/reports", json=sent)
    found = (await client.get("/api/v1/reports", params={"source_id": sent["source_id"]})).json()
    assert [item["source_id"] for item in found["items"]] == [sent["source_id"]]
    assert (await client.get("/api/v1/reports", params={"status": "received"})).json()["items"]
    problem(await client.get("/api/v1/reports", params={"after": "x"}), 422, "invalid-field")


async def test_a_call_has_its_line_and_channel(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v1/calls", json=report(line="101", grade="2", call_taker="imran-dacre"))
    assert (await client.get(answer.json()["url"])).json()["channel"] == "101"
