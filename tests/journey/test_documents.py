"""What a partner's developer reads, at the one address of the running hub."""

import httpx2
import pytest

from schemas.events import EVENTS
from schemas.export import file_name

pytestmark = pytest.mark.journey

PROMISED = {
    "/api/v1/reports": {"get", "post"},
    "/api/v1/reports/{reference}": {"get"},
    "/api/v1/calls": {"post"},
    "/api/v1/batches": {"post"},
    "/api/v1/categories": {"get"},
    "/api/v1/cases": {"get"},
    "/api/v1/cases/{reference}": {"get"},
    "/api/v1/referrals/{reference}": {"get"},
}


def test_one_openapi_document_names_what_partners_and_caseworkers_may_ask(hub: str) -> None:
    paths = httpx2.get(f"{hub}/openapi.json", timeout=30).raise_for_status().json()["paths"]
    for path, methods in PROMISED.items():
        assert methods <= set(paths[path]), path
    assert not [path for path in paths if path.startswith("/internal")]


def test_the_asyncapi_document_and_the_schemas_that_it_speaks_of_are_served(hub: str) -> None:
    document = httpx2.get(f"{hub}/asyncapi", timeout=30).raise_for_status().json()
    assert document["asyncapi"] == "3.0.0"
    for event in EVENTS[:3]:
        schema = httpx2.get(f"{hub}/schemas/events/{file_name(event)}", timeout=30).raise_for_status().json()
        assert schema["$id"] == f"/schemas/events/{file_name(event)}"
    assert httpx2.get(f"{hub}/schemas/events/Nothing.v1.json", timeout=30).status_code == httpx2.codes.NOT_FOUND
