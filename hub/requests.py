"""HTTP to a running hub: where it is, with whose key, and what a refusal says in one sentence."""

import os

import httpx2

from hub.telling import fail
from services.kernel.settings import LOOPBACK, Settings
from services.partnership.loading import load_partnership

KEY = "HUB_KEY"
"""A key comes from the environment: on a command line every user of the machine could read it."""


def partner_key(settings: Settings, partner: str) -> str:
    """The key to send as `partner`: HUB_KEY, or the demonstration's own when the running hub is one."""
    if key := os.environ.get(KEY):
        return key
    known = load_partnership(settings.partnership).demonstration_keys
    found = next((entry.key for entry in known if entry.partner == partner), None)
    if found is None:
        fail(f"Set {KEY} to a key of {partner} (`hub keys create --partner {partner} --scope batches` makes one).")
    return found


def operations_client(settings: Settings, port: int) -> httpx2.Client:
    """A client for a service's internal pages, as the installation itself."""
    secret = {"X-Hub-Secret": settings.service_secret.get_secret_value()}
    return httpx2.Client(base_url=f"http://{LOOPBACK}:{port}", headers=secret, timeout=30)


def sentence(answer: httpx2.Response) -> str:
    """What a problem document says, with its code; the status where there is none."""
    try:
        problem = answer.json()
        said = f"{problem.get('detail') or problem.get('title')} ({problem.get('code')})"
        fields = [f"{each.get('field')}: {each.get('message')}" for each in problem.get("errors") or ()]
    except (ValueError, AttributeError):
        return f"The hub answered {answer.status_code}."
    return " ".join([said, *fields])
