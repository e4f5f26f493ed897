"""Police extracts on the whole pipeline: every row once, whatever file brings it; outcomes joined to their crimes."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Pipeline, until

DATA = Path(__file__).parents[3] / "shared" / "data" / "police"
ALL, MONTH = DATA / "luton-street-2021-05_2023-12.csv.gz", "2023-11"
ORIGINAL = DATA / f"{MONTH}-bedfordshire-street.csv"
OUTCOMES = DATA / "luton-outcomes-2021-05_2023-12.csv.gz"
POLICE = {"Authorization": "Bearer demo-police"}

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not ALL.exists(), reason=f"the police's extracts are not at {DATA}"),
]
Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return list(csv.DictReader(file))


def as_file(rows: Sequence[Row]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


@pytest.fixture(scope="module")
def month() -> list[Row]:
    """Luton's rows of one month, out of the file of all months."""
    return [row for row in rows_of(ALL) if row["Month"] == MONTH]


async def imported(pipeline: Pipeline, content: bytes, form: str = "police-street") -> dict[str, Any]:
    """Send a file, and wait until every accepted row has its decision."""
    client = pipeline.clients["intake"]
    sent = await client.post("/api/v1/batches", params={"format": form}, content=content, headers=POLICE)
    assert sent.status_code == 202, sent.text

    async def settled() -> dict[str, Any] | None:
        status: dict[str, Any] = (await client.get(sent.json()["url"], headers=POLICE)).json()
        return status if status["status"] == "done" and status["decided"] >= status["accepted"] else None

    found: dict[str, Any] = await until(settled, "the batch to be decided", 120)
    return found


def counts(status: dict[str, Any]) -> tuple[int, int, int]:
    return status["accepted"], status["duplicate"], status["rejected"]


async def grown(pipeline: Pipeline, batch: str) -> dict[str, int]:
    """What historic records may make none of: cases, messages and the timer of a danger, by the batch's own reports."""
    query = """
        SELECT (SELECT count(*) FROM referrals.case_reports l JOIN intake.reports r ON r.report_id = l.report_id
                WHERE r.batch = $1) AS cases,
            (SELECT count(*) FROM notify.notifications n JOIN intake.reports r ON r.reference = n.about
             WHERE r.batch = $1) AS notifications,
            (SELECT count(*) FROM intake.timers t JOIN intake.reports r ON CAST(r.report_id AS text) = t.subject
             WHERE r.batch = $1) AS dangers
    """
    return dict((await pipeline.rows(query, batch))[0])


@pytest.fixture(scope="module")
async def first(pipeline: Pipeline, month: list[Row]) -> AsyncIterator[dict[str, Any]]:
    """The month, imported; nothing but figures has grown by it."""
    status = await imported(pipeline, gzip.compress(as_file(month)))
    assert set((await grown(pipeline, status["batch"])).values()) == {0}
    yield status


async def test_every_row_is_accepted_and_decided_and_the_figures_are_the_files(
    pipeline: Pipeline, month: list[Row], first: dict[str, Any]
) -> None:
    assert (first["rows"], counts(first)) == (len(month), (len(month), 0, 0))
    assert (first["decided"], first["progress"]) == (len(month), 1.0)
    kept = await pipeline.rows(
        """SELECT document->'facts'->>'occurred_month' AS month, document->'facts'->>'category' AS category,
                  document->'decision'->>'disposition' AS disposition, document->>'reason' AS reason,
                  json_array_length(document->'decision'->'because') AS because
           FROM intake.reports WHERE batch = $1""",
        first["batch"],
    )
    police_names = {each["name"]: each["code"] for each in await _categories(pipeline) if each["scheme"] == "police"}
    wanted = Counter((row["Month"], police_names[row["Crime type"]]) for row in month)
    assert Counter((row["month"], row["category"]) for row in kept) == wanted
    assert {row["disposition"] for row in kept} == {"record-only"}
    assert all(row["reason"] and row["because"] for row in kept)


async def _categories(pipeline: Pipeline) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await pipeline.clients["intake"].get("/api/v1/categories")).json()["items"]
    return found


async def test_look_alikes_stay_distinct(pipeline: Pipeline, month: list[Row], first: dict[str, Any]) -> None:
    nameless = Counter(tuple(row.values()) for row in month if not row["Crime ID"])
    alike = sum(count for count in nameless.values() if count > 1)
    assert alike > 50
    kept = await pipeline.rows(
        "SELECT count(DISTINCT reference) AS n FROM intake.reports WHERE batch = $1 AND source_id LIKE 'place:%'",
        first["batch"],
    )
    assert kept[0]["n"] == nameless.total()


async def test_the_same_rows_reordered_plain_or_in_the_forces_original_add_nothing(
    pipeline: Pipeline, month: list[Row], first: dict[str, Any]
) -> None:
    backwards = [dict(reversed(row.items())) for row in reversed(month)]
    assert counts(await imported(pipeline, as_file(backwards))) == (0, len(month), 0)
    original = rows_of(ORIGINAL)
    status = await imported(pipeline, ORIGINAL.read_bytes())
    assert counts(status) == (len(original) - len(month), len(month), 0)


async def _report(pipeline: Pipeline, source_id: str) -> dict[str, Any]:
    client = pipeline.clients["intake"]
    found = (await client.get("/api/v1/reports", params={"source_id": source_id}, headers=POLICE)).json()["items"]
    made: dict[str, Any] = found[0]
    return made


async def _revisions(pipeline: Pipeline, reference: str) -> list[str]:
    rows = await pipeline.rows(
        """SELECT v.document->'facts'->>'outcome' AS outcome FROM intake.report_revisions v
           JOIN intake.reports r USING (source_key) WHERE r.reference = $1 ORDER BY v.revision""",
        reference,
    )
    return [row["outcome"] for row in rows]


async def test_a_changed_outcome_is_a_correction_with_its_history_and_the_older_extract_adds_nothing(
    pipeline: Pipeline, month: list[Row], first: dict[str, Any]
) -> None:
    place = next(n for n, row in enumerate(month) if row["Last outcome category"] not in ("", "Local resolution"))
    before = month[place]["Last outcome category"]
    changed = [dict(row) for row in month]
    changed[place]["Last outcome category"] = "Local resolution"
    assert counts(await imported(pipeline, as_file(changed))) == (1, len(month) - 1, 0)
    report = await _report(pipeline, f"crime:{month[place]['Crime ID']}#1")
    assert (report["revision"], report["status"]) == (2, "routed")
    assert await _revisions(pipeline, report["reference"]) == [before]
    assert counts(await imported(pipeline, as_file(month))) == (0, len(month), 0)


async def test_outcomes_are_joined_to_crimes_that_came_before_them(
    pipeline: Pipeline, month: list[Row], first: dict[str, Any]
) -> None:
    known = {row["Crime ID"]: row["Last outcome category"] for row in month if row["Crime ID"]}
    outcomes = [row for row in rows_of(OUTCOMES) if row["Month"] == MONTH or row["Crime ID"] in known]
    assert counts(await imported(pipeline, as_file(outcomes), "police-outcomes")) == (len(outcomes), 0, 0)
    assert counts(await imported(pipeline, as_file(outcomes[::-1]), "police-outcomes")) == (0, len(outcomes), 0)
    later = next(row for row in outcomes if known.get(row["Crime ID"], row["Outcome type"]) != row["Outcome type"])
    report = await _report(pipeline, f"crime:{later['Crime ID']}#1")
    assert report["revision"] >= 2
    assert await _revisions(pipeline, report["reference"])
    assert counts(await imported(pipeline, as_file(month))) == (0, len(month), 0)


async def test_an_outcome_that_came_before_its_crime_waits_for_it(pipeline: Pipeline, first: dict[str, Any]) -> None:
    crime = {name: "" for name in rows_of(ORIGINAL)[0]} | {
        "Crime ID": "f" * 64,
        "Month": "2022-01",
        "Longitude": "-0.41",
        "Latitude": "51.88",
        "Location": "On or near Mill Street",
        "Crime type": "Burglary",
        "Last outcome category": "Under investigation",
    }
    outcome = {"Crime ID": "f" * 64, "Month": "2022-03", "Outcome type": "Suspect charged"}
    waiting = await imported(pipeline, as_file([outcome]), "police-outcomes")
    assert counts(waiting) == (1, 0, 0)
    assert counts(await imported(pipeline, as_file([crime]))) == (1, 0, 0)
    report = await _report(pipeline, f"crime:{'f' * 64}#1")
    assert report["revision"] == 1
    kept = await pipeline.rows(
        "SELECT document->'facts'->>'outcome' AS outcome FROM intake.reports WHERE reference = $1", report["reference"]
    )
    assert kept[0]["outcome"] == "Suspect charged"


async def test_rows_that_cannot_be_taken_say_why_and_the_rest_goes_on(pipeline: Pipeline, month: list[Row]) -> None:
    good = month[0] | {"Crime ID": "e" * 64}
    bad = [good | {"Crime ID": f"{n:064}", **change} for n, change in enumerate(_BAD)]
    content = as_file([good, *bad]) + b"one,value\n"
    client = pipeline.clients["intake"]
    status = await imported(pipeline, content)
    assert (status["rows"], counts(status)) == (len(bad) + 2, (1, 0, len(bad) + 1))
    got = await client.get(status["rows_url"], params={"outcome": "rejected"}, headers=POLICE)
    reasons = [row["reason"][0] for row in map(json.loads, got.text.splitlines())]
    assert [(each["field"], each["code"]) for each in reasons] == [
        ("/Crime type", "unknown-category"),
        ("/Month", "string-pattern-mismatch"),
        ("/Latitude", "float-parsing"),
        ("", "wrong-columns"),
    ]
    assert "Piracy" not in got.text


_BAD = ({"Crime type": "Piracy"}, {"Month": "2023-13"}, {"Latitude": "north"})
