"""The sentence models in a process of their own: they say the same there, give way, and end with their asker."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from deploy.local.reader_models import sentence_models
from services.triage.gateways import SentenceModels
from services.triage.layers import load
from services.triage.models_beside import LEAST, ModelsBeside, ModelsFailed
from tests.integration.conftest import until

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
LUTON = ROOT / "partnerships" / "luton"
TEXT = "Whenever he comes near she goes silent and looks at the floor."
ASKER = """
import sys
from pathlib import Path
from services.triage.layers import load
from services.triage.models_beside import ModelsBeside
models = ModelsBeside([Path(each) for each in sys.argv[2:]], load(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.read()
"""
"""A process that asks nothing and ends with its input."""


def beside(asker: int) -> list[int]:
    """The processes of sentence models that this one started, but not those that have ended."""
    found = Path(f"/proc/{asker}/task/{asker}/children").read_text(encoding="ascii").split()
    return [int(each) for each in found if ModelsBeside.__module__ in command(int(each))]


def command(process: int) -> str:
    """What it was started with; empty once it ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


@pytest.fixture(scope="module")
def archives(jars: Path) -> tuple[Path, ...]:
    """The sentence models, as `make run` makes them."""
    return sentence_models(jars)


@pytest.fixture(scope="module")
def others() -> set[int]:
    """Processes of models that earlier tests of this session started."""
    return set(beside(os.getpid()))


@pytest.fixture(scope="module")
def models(others: set[int], archives: tuple[Path, ...]) -> ModelsBeside:
    """Luton's, beside this process."""
    return ModelsBeside(archives, load(LUTON))


def test_a_text_means_the_same_there(models: ModelsBeside, archives: tuple[Path, ...]) -> None:
    there, here = models.embed(TEXT), SentenceModels(archives, load(LUTON)).embed(TEXT)
    assert (there.meaning == here.meaning).all()
    assert (there.scores == here.scores).all()
    assert there.until == here.until
    assert (models.meaning(TEXT) == here.meaning).all()


def test_it_steps_back_behind_every_other_process(models: ModelsBeside, others: set[int]) -> None:
    (process,) = set(beside(os.getpid())) - others
    assert os.getpriority(os.PRIO_PROCESS, process) == LEAST
    assert os.getsid(process) == process, "Linux counts niceness within a session"
    group = Path(f"/proc/{process}/autogroup")
    assert not group.exists() or group.read_text(encoding="ascii").endswith(f"nice {LEAST}\n")


def test_what_fails_there_is_logged_without_a_word_of_the_text_and_the_next_text_is_read(
    archives: tuple[Path, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    models = ModelsBeside(archives, load(LUTON))
    unreadable: Any = ["A text in a list."]
    with pytest.raises(ModelsFailed, match="the log says why"):
        models.embed(unreadable)
    assert models.embed(TEXT).until is None
    assert capfd.readouterr().err == "The sentence models failed: TypeError\n"


def test_killed_it_is_missed_once_and_started_again(models: ModelsBeside, others: set[int]) -> None:
    (process,) = set(beside(os.getpid())) - others
    whole = models.embed(TEXT)
    os.kill(process, signal.SIGKILL)
    with pytest.raises(ModelsFailed, match="ended"):
        models.embed(TEXT)
    assert (models.embed(TEXT).meaning == whole.meaning).all()
    (another,) = set(beside(os.getpid())) - others
    assert another != process


@pytest.mark.parametrize("killed", [False, True])
async def test_it_ends_with_its_asker(archives: tuple[Path, ...], killed: bool) -> None:
    asked = (sys.executable, "-c", ASKER, str(LUTON), *map(str, archives))
    asker = await asyncio.create_subprocess_exec(*asked, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    assert asker.stdin is not None
    assert asker.stdout is not None
    assert await asker.stdout.readline() == b"ready\n"
    (process,) = beside(asker.pid)
    if killed:
        asker.kill()
    else:
        asker.stdin.close()
    assert await asker.wait() == (-signal.SIGKILL if killed else 0)

    async def ended() -> bool:
        return not command(process)

    await until(ended, "the models' process to end")
