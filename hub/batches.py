"""`hub import FILE`: send a file of reports to a running hub and wait for every row's outcome."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hub.requests import partner_key, sentence
from hub.settings import local_settings
from hub.telling import AsJson, answer, fail, say, table

PIECE_BYTES = 256 * 1024
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 120.0
"""How long the hub may be away in the middle: it goes on with the batch by itself when it is back."""
_SHOWN = ("rows", "accepted", "duplicate", "rejected", "decided")


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="NDJSON or CSV, plain or gzip.")],
    partner: Annotated[str, typer.Option(help="Whose records these are.")],
    form: Annotated[str, typer.Option("--format", help="hub, police-street or police-outcomes.")] = "hub",
    url: Annotated[str, typer.Option(help="The hub's address; the local run's when left out.")] = "",
    wait: Annotated[bool, typer.Option(help="Wait until every accepted row has its decision.")] = True,
    as_json: AsJson = False,
) -> None:
    """Send a file of reports and wait for every row's outcome."""
    settings = local_settings()
    headers = {"Authorization": f"Bearer {partner_key(settings, partner)}"}
    with httpx2.Client(base_url=url or settings.desk_url, headers=headers, timeout=60) as client, _progress() as shown:
        made = _send(client, file, form, shown)
        status = _follow(client, made["url"], shown, decided=wait)
        reasons = _reasons(client, made["rows_url"]) if status["rejected"] else Counter()
    _tell(made["batch"], status, reasons, as_json=as_json)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))


def _send(client: httpx2.Client, file: Path, form: str, shown: Progress) -> dict[str, Any]:
    """Post the file, again while the hub asks for patience; what the hub says of the batch."""
    sending = shown.add_task("sending", total=file.stat().st_size)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        shown.reset(sending)
        try:
            received = client.post("/api/v1/batches", params={"format": form}, content=_pieces(file, shown, sending))
        except httpx2.HTTPError as error:
            fail(f"The hub at {client.base_url} was not reached ({type(error).__name__}). Is it running? `make run`")
        if received.is_success:
            found: dict[str, Any] = received.json()
            return found
        if received.status_code not in (429, 503) or time.monotonic() > deadline:
            fail(f"The file was not taken: {sentence(received)}")
        say("The hub asks to wait; sending again.")
        time.sleep(min(float(received.headers.get("Retry-After", "2")), 10))


def _pieces(file: Path, shown: Progress, task: Any) -> Iterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            yield piece
            shown.advance(task, len(piece))


def _follow(client: httpx2.Client, url: str, shown: Progress, *, decided: bool) -> dict[str, Any]:
    """Ask until every row has its outcome (and its decision, when `decided`)."""
    rows, decisions = shown.add_task("rows", total=None), shown.add_task("decisions", total=None, visible=decided)
    heard = time.monotonic()
    while True:
        if (status := _asked(client, url)) is not None:
            heard = time.monotonic()
            done = status["accepted"] + status["duplicate"] + status["rejected"]
            shown.update(rows, total=status["rows"] or None, completed=done)
            shown.update(decisions, total=status["accepted"] or None, completed=status["decided"])
            if status["status"] == "failed" or (status["status"] == "done" and _settled(status, decided=decided)):
                return status
        elif time.monotonic() - heard > PATIENCE_SECONDS:
            fail(f"The hub went away. It goes on with the batch when it is back; ask at {url}")
        time.sleep(POLL_SECONDS)


def _settled(status: dict[str, Any], *, decided: bool) -> bool:
    return not decided or int(status["decided"]) >= int(status["accepted"])


def _asked(client: httpx2.Client, url: str) -> dict[str, Any] | None:
    try:
        received = client.get(url)
    except httpx2.HTTPError:
        return None
    if received.is_client_error:
        fail(f"The batch cannot be followed: {sentence(received)}")
    found: dict[str, Any] | None = received.json() if received.is_success else None
    return found


def _reasons(client: httpx2.Client, rows_url: str) -> Counter[str]:
    """How many rows were rejected for which reason; read as it streams, whatever its size."""
    counted: Counter[str] = Counter()
    with client.stream("GET", rows_url, params={"outcome": "rejected"}) as received:
        for line in received.iter_lines():
            if line:
                counted[_reason(json.loads(line).get("reason"))] += 1
    return counted


def _reason(reason: Any) -> str:
    """A row's reason in one line: it is a word, or a list of field and code."""
    if isinstance(reason, list):
        return "; ".join(_reason(each) for each in reason)
    if isinstance(reason, dict):
        return f"{reason.get('field', '')}: {reason.get('message') or reason.get('code')}"
    return str(reason)


def _tell(batch: str, status: dict[str, Any], reasons: Counter[str], *, as_json: bool) -> None:
    counts = {name: status[name] for name in _SHOWN}
    if as_json:
        answer({"batch": batch, "status": status["status"], **counts, "rejected_for": dict(reasons.most_common())})
    else:
        table(f"Batch {batch}: {status['status']}", _SHOWN, [counts])
        if reasons:
            table("Rejected for", ("reason", "rows"), [{"reason": k, "rows": n} for k, n in reasons.most_common(20)])
    if status["status"] == "failed":
        fail(f"The batch failed: {status.get('reason')}", code=1)
