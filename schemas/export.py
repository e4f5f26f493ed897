"""Writes the JSON Schema of every event beside the models: `python -m schemas.export`. CI says where they differ.

What events are made of (a case's state, a report's facts) stands once, in `definitions.json`; an event's own file
refers to it, so that a change of a case's state is one change to read and not one in every event of a case.
"""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas.events import EVENTS, Event

FOLDER = Path(__file__).parent / "json"
ADDRESS = "/schemas/events/"
"""Where the hub serves the files; the references in them are relative to it."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "definitions.json"


def file_name(event: type[Event]) -> str:
    """Such as `ReportReceived.v1.json`."""
    return f"{event.TYPE}.v{event.VERSION}.json"


def _named(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": ADDRESS + name, **schema}


def files() -> dict[str, dict[str, Any]]:
    """File name → JSON Schema: one of each event's body, and the definitions that they share."""
    _, found = models_json_schema(
        [(event, "serialization") for event in EVENTS], ref_template=DEFINITIONS + "#/$defs/{model}"
    )
    shared = found["$defs"]
    own = {file_name(event): _named(file_name(event), shared.pop(event.__name__)) for event in EVENTS}
    return own | {DEFINITIONS: _named(DEFINITIONS, {"$defs": shared})}


def rendered(schema: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write all of them, and delete what is no event's any more."""
    FOLDER.mkdir(exist_ok=True)
    written = files()
    for name, schema in written.items():
        (FOLDER / name).write_text(rendered(schema))
    for path in FOLDER.iterdir():
        if path.name not in written:
            path.unlink()


if __name__ == "__main__":
    main()
