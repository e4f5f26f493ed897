"""The whole hub as `make run` starts it, on free ports and a folder of its own, and a real Chromium before it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from deploy.local import browser as chromium
from tests.engines.running import free_ports

ROOT = Path(__file__).parents[2]
START_SECONDS, STOP_SECONDS = 600, 120
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PATIENCE = 90_000
"""Milliseconds; Playwright's own 5 s are short for a machine whose cores another process of tests uses as well."""
expect.set_options(timeout=PATIENCE)
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def _ready(base: str, log: Path) -> bool:
    """Whether all of it has started, which only the run itself knows, and the desk answers."""
    try:
        return (
            "The hub is ready" in log.read_text()
            and httpx2.get(f"{base}/readyz", timeout=20).status_code == httpx2.codes.OK
        )
    except httpx2.HTTPError:
        return False


def _wait_ready(process: "subprocess.Popen[bytes]", base: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not _ready(base, log):
        assert process.poll() is None, f"the hub ended: {log.read_text()[-2000:]}"
        assert time.monotonic() < end, f"the hub was not ready: {log.read_text()[-2000:]}"
        time.sleep(0.3)


@pytest.fixture(scope="package")
def hub(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base address of a running hub with its demonstration day; HUB_JOURNEY_BASE names one that runs already."""
    if running := os.environ.get("HUB_JOURNEY_BASE"):
        yield running
        return
    home = tmp_path_factory.mktemp("hub")
    (home / "java").symlink_to(jars)
    base_port = free_ports(following=99)
    log = home / "up.log"
    environment = os.environ | {"HUB_HOME": str(home), "HUB_PORT_BASE": str(base_port), "HUB_DEMONSTRATION": "true"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "up"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
        base = f"http://127.0.0.1:{base_port}"
        try:
            _wait_ready(process, base, log)
            yield base
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_SECONDS)


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(chromium.find()), args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(chrome: Browser, hub: str) -> Iterator[Page]:
    """A page of its own at 1440×900 that fails on any error in its console."""
    context = chrome.new_context(viewport=WIDE, base_url=hub)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    context.close()
    assert not errors, errors


def sign_in(page: Page, person: str, after: str = "/") -> None:
    """Be one of the demonstration's people."""
    page.goto(f"/sign-in?after={after}")
    page.locator(f"form:has(input[value={person}]) button").click()
    page.wait_for_url(f"**{after}")
