"""A hub of canned answers on a real port, to see what commands send and say."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, Any] | Callable[[Asked], tuple[int, Any]]


@dataclass
class FakeHub:
    """Answers by method and path (without the query): each list one after the other, the last stays."""

    answers: dict[str, list[Answer]]
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """The next answer for a request."""
        self.asked.append(asked)
        known = self.answers.get(f"{asked.method} {asked.path.partition('?')[0]}")
        if known is None:
            return 404, {"detail": "Not here.", "code": "not-found"}
        chosen = known.pop(0) if len(known) > 1 else known[0]
        return chosen(asked) if callable(chosen) else chosen


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding") != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


@contextmanager
def fake_hub(answers: dict[str, list[Answer]], port: int = 0) -> Iterator[FakeHub]:
    """Serve until the block ends, on `port` or on a free one."""
    hub = FakeHub(answers)

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            status, document = hub.answer(Asked(self.command, self.path, dict(self.headers), _body(self)))
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    hub.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
