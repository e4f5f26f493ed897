"""Writes the JSON Schema of every event beside the models: `python -m schemas.export`. CI says where they differ."""

import json
from pathlib import Path
from typing import Any

from schemas.events import EVENTS, Event

FOLDER = Path(__file__).parent / "json"


def file_name(event: type[Event]) -> str:
    """Such as `ReportReceived.v1.json`."""
    return f"{event.TYPE}.v{event.VERSION}.json"


def json_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's body, as consumers and the AsyncAPI document show it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"/schemas/events/{file_name(event)}",
        **event.model_json_schema(mode="serialization"),
    }


def rendered(event: type[Event]) -> str:
    """The file's text."""
    return json.dumps(json_schema(event), indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for event in EVENTS:
        (FOLDER / file_name(event)).write_text(rendered(event))


if __name__ == "__main__":
    main()
