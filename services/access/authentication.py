"""FastAPI's way to a caller: a bearer token of another service, or a key that intake knows (RFC 7662 introspection)."""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from time import monotonic

import httpx2
from fastapi import Depends, Request
from fastapi.params import Depends as DependsParameter

from services.access.callers import Caller
from services.access.tokens import read_token
from services.kernel.http import Problem, unavailable
from services.kernel.settings import LOOPBACK, Settings

CACHED_SECONDS, CACHED_AT_MOST = 10.0, 10_000
INTAKE = 1
"""Offset of intake's port."""

Introspect = Callable[[str], Awaitable[Caller | None]]


class RemoteKeys:
    """Asks intake who a key is; an answer is kept for ten seconds, so a revoked key works no longer than that."""

    def __init__(self, settings: Settings, client: httpx2.AsyncClient | None = None) -> None:
        self._url = f"http://{LOOPBACK}:{settings.port_base + INTAKE}/internal/keys/introspect"
        self._client = client or httpx2.AsyncClient(timeout=5)
        self._secret = settings.service_secret.get_secret_value()
        self._known: dict[str, tuple[float, Caller | None]] = {}

    async def __call__(self, key: str) -> Caller | None:
        """The caller behind a key, or None. Raises a 503 problem while intake is away."""
        kept = self._known.get(key)
        if kept is not None and kept[0] > monotonic():
            return kept[1]
        try:
            answer = await self._client.post(self._url, data={"token": key}, headers={"X-Hub-Secret": self._secret})
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise unavailable() from error
        claims = answer.json()
        caller = Caller.from_claims(claims) if claims.pop("active") else None
        if len(self._known) >= CACHED_AT_MOST:
            self._known.clear()
        self._known[key] = (monotonic() + CACHED_SECONDS, caller)
        return caller


async def caller_of(request: Request) -> Caller:
    """Who sends this request; `request.state.caller` keeps it. Raises a 401 problem."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Problem(401, "key-missing", "Send a key in the header Authorization: Bearer KEY.")
    credential = credential.strip()
    secret = request.app.state.settings.service_secret.get_secret_value()
    caller = read_token(credential, secret) if credential.count(".") == 2 else None
    caller = caller or await request.app.state.introspect(credential)
    if caller is None:
        raise Problem(401, "key-unknown", "The key is not known, or it has been revoked.")
    request.state.caller = caller
    return caller


def authenticated(*scopes: str) -> DependsParameter:
    """A dependency that gives the caller, who must have one of `scopes`. The application's state holds `settings`
    and `introspect`."""

    async def checked(request: Request) -> Caller:
        caller = await caller_of(request)
        if scopes and not caller.scopes & set(scopes):
            raise Problem(403, "scope-missing", f"The key needs the scope {' or '.join(scopes)}.")
        return caller

    found: DependsParameter = Depends(checked)
    return found


async def _service_or_operations(request: Request) -> None:
    sent = request.headers.get("x-hub-secret", "")
    secret = request.app.state.settings.service_secret.get_secret_value()
    if secret and compare_digest(sent.encode(), secret.encode()):
        return
    caller = await caller_of(request)
    if "operations" not in caller.scopes:
        raise Problem(403, "scope-missing", "The key needs the scope operations.")


def operations_only() -> DependsParameter:
    """A dependency that lets other services and operations staff in, and nobody else."""
    found: DependsParameter = Depends(_service_or_operations)
    return found
