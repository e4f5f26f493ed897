"""Server-rendered pages: Jinja templates with autoescape, versioned static files, strict headers."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
STATIC = HERE / "static"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def _version() -> str:
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Pages:
    """Renders the templates of one service over the shared ones."""

    def __init__(self, folder: Path, **everywhere: Any) -> None:
        loader = FileSystemLoader([folder, HERE / "templates"])
        self._environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.globals.update(everywhere, static=f"/static/{_version()}")

    def render(
        self, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """A page, with the security headers that every page has."""
        text = self._environment.get_template(template).render(**values)
        return HTMLResponse(text, status, SECURITY_HEADERS | dict(headers or {}))


def mount_static(app: FastAPI) -> None:
    """Serve the shared files under a path that changes with their content."""
    app.mount(f"/static/{_version()}", StaticFiles(directory=STATIC), name="static")
