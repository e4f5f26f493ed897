"""A version of the rules that is published decides at once, in every running process, and desk hears of it."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx2
import pytest

from schemas import topics
from services.access.callers import caller_of_person
from services.access.tokens import mint_token
from services.triage.app import build as build_triage
from tests.engines.hub import service_settings
from tests.integration.conftest import Pipeline, until
from tests.integration.test_pipeline import post, receipt

pytestmark = pytest.mark.integration
ROW = "street-drinking"
OUT_OF_CENTRE = {"text": "Marsh Road", "latitude": 51.909, "longitude": -0.466}
"""Whichever tests came before: in the town centre what a category says counts for less."""


def headers(pipeline: Pipeline, person: str) -> dict[str, str]:
    """As desk speaks for somebody."""
    process = pipeline.processes["triage"]
    found = process.app.state.keeper.partnership.person(person)
    secret = process.settings.service_secret.get_secret_value()
    token = mint_token(caller_of_person(found, frozenset({"cases"})), secret, datetime.now(UTC))
    return {"Authorization": f"Bearer {token}"}


async def asked(pipeline: Pipeline, person: str, path: str, body: dict[str, Any] | None = None) -> Any:
    client = pipeline.clients["triage"]
    where = f"/internal/rules{path}"
    if body is None:
        return await client.get(where, headers=headers(pipeline, person))
    return await client.post(where, json=body, headers=headers(pipeline, person))


@pytest.fixture(scope="module")
async def second(pipeline: Pipeline) -> AsyncIterator[httpx2.AsyncClient]:
    """Another process of triage on the same database and topics."""
    settings = await service_settings("triage", pipeline.database_url, pipeline.kafka)
    process = build_triage(settings.model_copy(update={"slot": 1}))
    process.app.state.introspect = pipeline.processes["intake"].app.state.introspect
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(process.app.router.lifespan_context(process.app))
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=process.app), base_url="http://second")
        await stack.enter_async_context(client)
        await until(process.ready, "the second triage to be ready")
        yield client


async def in_force(pipeline: Pipeline) -> dict[str, Any]:
    async def one() -> dict[str, Any] | None:
        items = (await asked(pipeline, "maya-orchard", "")).json()["items"]
        return next((item for item in items if item["status"] == "published"), None)

    found: dict[str, Any] = await until(one, "a published rule set")
    return found


async def cells_of(pipeline: Pipeline, number: int, name: str = ROW) -> dict[str, str]:
    documents = (await asked(pipeline, "maya-orchard", f"/{number}")).json()["documents"]
    line = next(line for line in documents["category.json"].splitlines() if f'"_id": "{name}"' in line)
    row: dict[str, str] = json.loads(line.strip().rstrip(","))
    return row


async def drafted(pipeline: Pipeline, number: int, weight: str) -> Any:
    """The answer to a draft in which one cell has another weight."""
    row = await cells_of(pipeline, number)
    text = row.pop("_description")
    row.pop("_id")
    edit = {"kind": "row", "table": "category", "operation": "set", "row": ROW, "text": text}
    edit["cells"] = row | {"weight": weight}  # type: ignore[assignment]
    return await asked(pipeline, "maya-orchard", f"/{number}", {"reason": "Try another weight.", "edit": edit})


async def moved(pipeline: Pipeline, person: str, head: dict[str, Any], action: str, **more: Any) -> Any:
    body = {"version": head["version"]} | more
    return await asked(pipeline, person, f"/{head['number']}/{action}", body)


async def decided_under(pipeline: Pipeline) -> str:
    posted = await post(pipeline, description="Street drinking by the doors.", category="street-drinking")

    async def decided() -> Any:
        return (await receipt(pipeline, posted))["decision"]

    rule_set: str = (await until(decided, "a decision"))["rule_set"]
    return rule_set


async def explained(client: httpx2.AsyncClient) -> str:
    (rule_set,) = [each["decision"]["rule_set"] for each in await explanations(client, {"category": "street-drinking"})]
    return str(rule_set)


async def explanations(client: httpx2.AsyncClient, *reports: dict[str, str]) -> list[dict[str, Any]]:
    lines = [json.dumps({"source_id": str(n)} | each, ensure_ascii=False) + "\n" for n, each in enumerate(reports)]
    secret = {"X-Hub-Secret": "a secret of the tests, long enough"}
    answer = await client.post("/internal/explain", content="".join(lines), headers=secret)
    return [json.loads(line) for line in answer.text.split("\n") if line]


async def test_a_report_is_one_line_whatever_separators_its_words_hold(pipeline: Pipeline) -> None:
    """A paragraph pasted from a word processor: JSON allows each of these within a text."""
    told = {"description": "Noise at night.\u2028It is every week.\u0085Music.\u2029Thank you."}
    made = await explanations(pipeline.clients["triage"], told, {"category": "noise"})
    assert [each["source_id"] for each in made] == ["0", "1"]
    assert all("errors" not in each for each in made)


async def test_a_published_version_decides_in_two_running_processes_without_a_restart(
    pipeline: Pipeline, second: httpx2.AsyncClient
) -> None:
    first = await in_force(pipeline)
    assert f"+r{first['number']}.t{first['digest']}" in await decided_under(pipeline)
    refused = await drafted(pipeline, first["number"], "6")
    assert refused.status_code == 422
    assert "row street-drinking, column weight" in refused.json()["errors"][0]["message"]
    assert refused.json()["errors"][0]["field"] == f"/category/{ROW}/weight"
    head = (await drafted(pipeline, first["number"], "0.71")).json()
    assert (head["status"], head["based_on"]) == ("draft", first["number"])
    head = (await moved(pipeline, "maya-orchard", head, "propose")).json()
    own = await moved(pipeline, "maya-orchard", head, "approve")
    assert (own.status_code, own.json()["code"]) == (422, "second-person-needed")
    head = (await moved(pipeline, "helen-strood", head, "approve")).json()
    head = (await moved(pipeline, "maya-orchard", head, "publish")).json()
    assert head["status"] == "published"
    name = f"+r{head['number']}.t{head['digest']}"
    for client in (pipeline.clients["triage"], second):
        assert name in await explained(client)
    assert {name in await decided_under(pipeline) for _ in range(6)} == {True}
    back = await moved(pipeline, "helen-strood", first | {"version": first["version"] + 1}, "roll-back", reason="Back.")
    assert back.json()["status"] == "published"
    assert f"+r{first['number']}.t" in await explained(second)


async def published_with(pipeline: Pipeline, row: str, **cells: str) -> None:
    """Publish a version in which cells of one row of the categories are others."""
    first = await in_force(pipeline)
    kept = await cells_of(pipeline, first["number"], row)
    edit: dict[str, Any] = {"kind": "row", "table": "category", "operation": "set", "row": row}
    edit["text"] = kept.pop("_description")
    edit["cells"] = {name: value for name, value in kept.items() if name != "_id"} | cells
    body = {"reason": "Another theme.", "edit": edit}
    head = (await asked(pipeline, "maya-orchard", f"/{first['number']}", body)).json()
    for person, action in (("maya-orchard", "propose"), ("helen-strood", "approve"), ("maya-orchard", "publish")):
        head = (await moved(pipeline, person, head, action)).json()
    assert head["status"] == "published"


async def figures_of(pipeline: Pipeline, rule: str) -> dict[str, int]:
    items = (await asked(pipeline, "maya-orchard", "/quality")).json()["items"]
    return next((each for each in items if each["rule"] == rule), {"confirmed": 0, "overridden": 0})


async def test_a_report_is_reviewed_by_the_version_that_decided_it_and_undo_takes_back_what_was_counted(
    pipeline: Pipeline,
) -> None:
    rule, client, duty = "category/criminal-damage-arson", pipeline.clients["triage"], headers(pipeline, "helen-strood")
    sent = {"category": "criminal-damage-arson", "place": OUT_OF_CENTRE}
    waits = [(await post(pipeline, **sent))["reference"] for _ in range(2)]

    async def review(reference: str) -> dict[str, Any] | None:
        answer = await client.get(f"/internal/reviews/{reference}", headers=duty)
        return answer.json() if answer.status_code == 200 and answer.json()["in_review"] else None

    for each in waits:
        await until(partial(review, each), "the report to wait")
    before = await figures_of(pipeline, rule)
    answer = {"version": 1, "action": "confirm", "reason": "So it is."}
    assert (await client.post(f"/internal/reviews/{waits[0]}", json=answer, headers=duty)).status_code == 200
    await published_with(pipeline, "criminal-damage-arson", theme='"re-offending"', weight="0.95")
    shown = await review(waits[1])
    assert shown is not None
    assert (shown["fired"][rule]["theme"], shown["fired"][rule]["weight"]) == ("asb-environmental", 0.4)
    change = answer | {"action": "change", "themes": ["re-offending"]}
    assert (await client.post(f"/internal/reviews/{waits[1]}", json=change, headers=duty)).status_code == 200
    after = await figures_of(pipeline, rule)
    assert [after[name] - before[name] for name in ("confirmed", "overridden")] == [1, 1]
    undone = await client.post(f"/internal/reviews/{waits[0]}/undo", json={"version": 2}, headers=duty)
    assert undone.status_code == 200
    after = await figures_of(pipeline, rule)
    assert [after[name] - before[name] for name in ("confirmed", "overridden")] == [0, 1]


async def test_an_effective_date_is_kept_by_a_timer(pipeline: Pipeline) -> None:
    first = await in_force(pipeline)
    head = (await drafted(pipeline, first["number"], "0.72")).json()
    head = (await moved(pipeline, "maya-orchard", head, "propose")).json()
    head = (await moved(pipeline, "helen-strood", head, "approve")).json()
    when = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    head = (await moved(pipeline, "maya-orchard", head, "publish", effective_from=when)).json()
    assert head["status"] == "approved"
    assert (await in_force(pipeline))["number"] == first["number"]
    await pipeline.rows("UPDATE triage.timers SET due_at = now() WHERE kind = 'PublishDue'")

    async def published() -> bool:
        return bool((await in_force(pipeline))["number"] == head["number"])

    await until(published, "the version to come into force")
    written = await pipeline.rows("SELECT count(*) AS n FROM triage.tallies WHERE name = 'rules/published'")
    assert written[0]["n"] == 1


async def test_nobody_but_an_analyst_or_the_duty_manager_sees_the_rules(pipeline: Pipeline) -> None:
    assert (await asked(pipeline, "colm-ferris", "")).status_code == 403
    assert (await asked(pipeline, "colm-ferris", "/1/propose", {"version": 1})).status_code == 403


def test_the_rules_topic_is_in_the_catalogue() -> None:
    topic = next(each for each in topics.TOPICS if each.name == topics.RULES)
    assert (topic.owner, topic.consumers) == ("triage", ("desk",))
