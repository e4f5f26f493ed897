"""`hub dead-letters`: what could not be decided, over every service: listed, shown, mended and replayed."""

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx2
import typer

from deploy.local.ports import SERVICES, Ports
from hub.requests import operations_client, sentence
from hub.telling import AsJson, answer, fail, say, table
from hub.whereabouts import reaching_the_run

app = typer.Typer(help="Messages that could not be decided.", no_args_is_help=True)
PATH = "/internal/dead-letters"
_COLUMNS = ("service", "id", "type", "topic", "reason", "waiting", "replays", "at")

Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]
_BODY = typer.Option(exists=True, dir_okay=False, help="A file with a mended body; its id and headers stay.")
Number = Annotated[int, typer.Argument(help="The dead letter's number in its service.")]


@app.command("list")
def list_(service: Annotated[str, typer.Option(help="Only of this service.")] = "", as_json: AsJson = False) -> None:
    """Dead letters, oldest first, without bodies. Exit code 2 when a service could not be asked."""
    items: list[dict[str, Any]] = []
    away: list[str] = []
    for name in [service] if service else SERVICES:
        try:
            items += _all(name)
        except httpx2.HTTPError:
            away.append(name)
    if as_json:
        answer({"items": items, "next": None, "not_reached": away})
    else:
        table(f"{len(items)} dead letters", _COLUMNS, items)
    if away:
        fail(f"Not reached: {', '.join(away)}. `hub status` says what runs; HUB_HOME names another run's folder.")


@app.command()
def show(service: Service, number: Number, as_json: AsJson = False) -> None:
    """One dead letter: reason, headers, and its body with every value masked."""
    found = _asked(service, "GET", f"{PATH}/{number}")
    if as_json:
        answer(found)
        return
    for name, value in found.items():
        typer.echo(f"{name:>12}  {value}")


@app.command()
def replay(
    service: Service,
    number: Number,
    body: Annotated[Path | None, _BODY] = None,
    field: Annotated[str | None, typer.Option(help="Mend one field instead: its JSON pointer.")] = None,
    value: Annotated[str | None, typer.Option(help="The field's new value, as JSON.")] = None,
    original: Annotated[bool, typer.Option("--original", help="Put back the body that came, unmended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide it again under the same ids, and all that waits behind it in order. Exit code 1 when it died again."""
    found = _asked(service, "POST", f"{PATH}/{number}/replay", json=_repair(body, field, value, original=original))
    if as_json:
        answer(found)
    else:
        say(f"{found['replayed']} replayed, {found['dead_again']} dead again.")
    if found["dead_again"]:
        fail(f"It died again, as number {', '.join(map(str, found['numbers']))}: {found['reason']}", code=1)


def _repair(body: Path | None, field: str | None, value: str | None, *, original: bool) -> dict[str, Any]:
    """What is sent; ends the command where the options say half of a repair, or two."""
    if (field is None) != (value is None):
        fail("--field and --value come together: which field, and what stands there from now on.")
    if sum((body is not None, field is not None, original)) > 1:
        fail("Give one of --body, --field with --value, and --original.")
    if body is not None:
        return {"body": _text(body)}
    return {"original": original} if value is None else {"field": field, "value": _json(value)}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        fail(f"{file} is not UTF-8: save it so, then again. Nothing was changed.")


def _json(value: str) -> Any:
    try:
        return json.loads(value, parse_constant=_refuse_constant)
    except ValueError:
        fail("--value is no JSON: write a text in quotation marks, --value '\"2026-03-02\"'. Nothing was changed.")


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _client(service: str) -> httpx2.Client:
    if service not in SERVICES:
        fail(f"There is no service {service!r}. There are: {', '.join(SERVICES)}.")
    settings = reaching_the_run()
    return operations_client(settings, Ports(settings.port_base).service(service))


def _all(service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    with _client(service) as client:
        while after is not None:
            page = client.get(PATH, params={"after": after}).raise_for_status().json()
            found += [{"service": service, **each} for each in page["items"]]
            after = page["next"]
    return found


def _asked(service: str, method: str, path: str, **sent: Any) -> dict[str, Any]:
    with _client(service) as client:
        try:
            received = client.request(method, path, **sent)
        except httpx2.HTTPError as error:
            fail(f"{service} was not reached ({type(error).__name__}). Is the hub running? `hub status`")
    if not received.is_success:
        fail(sentence(received), code=1)
    found: dict[str, Any] = received.json()
    return found
