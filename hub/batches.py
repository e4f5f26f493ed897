"""`hub import FILE`: send a file of reports to a running hub and wait for every row's outcome."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hub.patience import GaveUp, Patience
from hub.requests import partner_key, sentence
from hub.telling import AsJson, answer, fail, table
from hub.whereabouts import reaching_the_run

PIECE_BYTES = 256 * 1024
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 600.0
"""How long the hub may be away at one time: it goes on with a batch by itself when it is back."""
GO_ON = "Send the file again when it is back: what it has taken is known to it, and nothing is taken twice."
_SHOWN = ("rows", "accepted", "duplicate", "rejected", "decided")


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="NDJSON or CSV, plain or gzip.")],
    partner: Annotated[str, typer.Option(help="Whose records these are.")],
    form: Annotated[str, typer.Option("--format", help="hub, police-street or police-outcomes.")] = "hub",
    url: Annotated[str, typer.Option(help="The hub's address; the local run's when left out.")] = "",
    wait: Annotated[bool, typer.Option(help="Wait until every accepted row has its decision.")] = True,
    patience: Annotated[float, typer.Option(help="Seconds that the hub may be away at one time.")] = PATIENCE_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Send a file of reports and wait for every row's outcome."""
    settings = reaching_the_run()
    headers = {"Authorization": f"Bearer {partner_key(settings, partner)}"}
    asked, address = _asked_with(patience), _address(url or settings.desk_url)
    with httpx2.Client(base_url=address, headers=headers, timeout=60) as client, asked as (hub, shown):
        made = _send(client, hub, file, {"format": form, "partner": partner}, shown)
        status = _follow(client, hub, made["url"], shown, decided=wait)
        reasons = _reasons(client, hub, made["rows_url"]) if status["rejected"] else Counter()
    _tell(made["batch"], status, reasons, as_json=as_json)


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        fail(f"The hub's address begins with http:// or https://, and {url!r} does not.")
    return url


@contextmanager
def _asked_with(seconds: float) -> Iterator[tuple[Patience, Progress]]:
    """Patience that speaks above the progress bars; what it cannot wait for ends the command with a sentence."""
    with _progress() as shown:
        try:
            yield Patience(seconds, lambda words: shown.console.print(words, markup=False, highlight=False)), shown
        except GaveUp as why:
            fail(f"{why}. Not waited longer than {seconds:g} s. {GO_ON}")
        except httpx2.HTTPError as error:
            fail(f"The hub's answer cannot be read ({type(error).__name__}). {GO_ON}")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))


def _send(client: httpx2.Client, hub: Patience, file: Path, asked: dict[str, str], shown: Progress) -> dict[str, Any]:
    """Post the file, whole again after a hub that was away: of a file that broke off nothing was taken."""
    sending = shown.add_task("sending", total=file.stat().st_size)

    def post() -> httpx2.Response:
        shown.reset(sending)
        return client.post("/api/v1/batches", params=asked, content=_pieces(file, shown, sending))

    received = hub.answer(post)
    if not received.is_success:
        fail(f"The file was not taken: {sentence(received)}")
    found: dict[str, Any] = received.json()
    return found


def _pieces(file: Path, shown: Progress, task: Any) -> Iterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            yield piece
            shown.advance(task, len(piece))


def _follow(client: httpx2.Client, hub: Patience, url: str, shown: Progress, *, decided: bool) -> dict[str, Any]:
    """Ask until every row has its outcome (and its decision, when `decided`)."""
    rows, decisions = shown.add_task("rows", total=None), shown.add_task("decisions", total=None, visible=decided)
    while True:
        received = hub.answer(lambda: client.get(url))
        if not received.is_success:
            fail(f"The batch cannot be followed: {sentence(received)} Its address is {url}")
        status: dict[str, Any] = received.json()
        done = status["accepted"] + status["duplicate"] + status["rejected"]
        shown.update(rows, total=status["rows"] or None, completed=done)
        shown.update(decisions, total=status["accepted"] or None, completed=status["decided"])
        if status["status"] == "failed" or (status["status"] == "done" and _settled(status, decided=decided)):
            return status
        time.sleep(POLL_SECONDS)


def _settled(status: dict[str, Any], *, decided: bool) -> bool:
    return not decided or int(status["decided"]) >= int(status["accepted"])


def _reasons(client: httpx2.Client, hub: Patience, rows_url: str) -> Counter[str]:
    """How many rows were rejected for which reason; read as it streams, whatever its size, and anew if it breaks."""
    counted: Counter[str] = Counter()

    def count() -> httpx2.Response:
        counted.clear()
        with client.stream("GET", rows_url, params={"outcome": "rejected"}) as received:
            if not received.is_success:
                received.read()
                return received
            for line in received.iter_lines():
                if line:
                    counted[_reason(json.loads(line).get("reason"))] += 1
        return received

    if not (answered := hub.answer(count)).is_success:
        fail(f"The rejected rows cannot be read: {sentence(answered)} Their address is {rows_url}")
    return counted


def _reason(reason: Any) -> str:
    """A row's reason in one line: it is a word, or a list of field and code."""
    if isinstance(reason, list):
        return "; ".join(_reason(each) for each in reason)
    if isinstance(reason, dict):
        named, said = reason.get("field"), str(reason.get("message") or reason.get("code"))
        return f"{named}: {said}" if named else said
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
