"""The second reader in a process of its own: it reads the same there, gives way, and ends with its asker."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from deploy.local.reader_models import sentence_models
from services.triage import reader_beside
from services.triage.domain.lexicon import Lexicon, read_lexicon
from services.triage.gateways import opened
from services.triage.reader_beside import LEAST, ReaderBeside, ReaderFailed
from tests.integration.conftest import until

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
LUTON = ROOT / "partnerships" / "luton"
TEXT = "Whenever he comes near she goes silent and looks at the floor."
ASKER = """
import sys
from pathlib import Path
from services.triage.reader_beside import ReaderBeside
reader = ReaderBeside(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
print("ready", flush=True)
sys.stdin.read()
"""
"""A process that asks nothing and ends with its input."""


def beside(asker: int) -> list[int]:
    """The processes of second readers that this one started, but not those that have ended."""
    found = Path(f"/proc/{asker}/task/{asker}/children").read_text(encoding="ascii").split()
    return [int(each) for each in found if ReaderBeside.__module__ in command(int(each))]


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
    """Processes of readers that earlier tests of this session started."""
    return set(beside(os.getpid()))


@pytest.fixture(scope="module")
def reader(others: set[int], archives: tuple[Path, ...]) -> ReaderBeside:
    """Luton's, beside this process."""
    return ReaderBeside(LUTON, archives)


@pytest.fixture(scope="module")
def words() -> str:
    """Luton's lexicon as it stands in its file."""
    return (LUTON / "triage" / "lexicon.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lexicon(words: str) -> Lexicon:
    """Luton's."""
    return read_lexicon(words)


def test_a_text_is_read_the_same_there(
    reader: ReaderBeside, archives: tuple[Path, ...], words: str, lexicon: Lexicon
) -> None:
    here, other = opened(LUTON, archives), read_lexicon(words.replace('- "kni(fe|ves)"', '- "(knife|goes silent)"', 1))
    with threadpool_limits(1, user_api="blas"):  # sums of several threads differ in their last digits
        one, another = here.read(TEXT, lexicon), here.read(TEXT, other)
    assert reader.name == here.name
    assert reader.read(TEXT, lexicon) == one
    assert reader.read(TEXT, other) == another != one
    assert reader.read(TEXT, lexicon) == one, "by the words that go along with the text"


def test_it_steps_back_behind_every_other_process(reader: ReaderBeside, others: set[int]) -> None:
    (process,) = set(beside(os.getpid())) - others
    assert os.getpriority(os.PRIO_PROCESS, process) == LEAST
    assert os.getsid(process) == process, "Linux counts niceness within a session"
    group = Path(f"/proc/{process}/autogroup")
    assert not group.exists() or group.read_text(encoding="ascii").endswith(f"nice {LEAST}\n")


def test_what_fails_there_is_logged_without_a_word_of_the_text_and_the_next_text_is_read(
    archives: tuple[Path, ...], lexicon: Lexicon, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = ReaderBeside(LUTON, archives)
    unreadable: Any = ["A text in a list."]
    with pytest.raises(ReaderFailed, match="the log says why"):
        reader.read(unreadable, lexicon)
    assert reader.read(TEXT, lexicon).until is None
    assert capfd.readouterr().err == "The second reader failed: TypeError\n"


def test_killed_it_is_missed_once_and_started_again(reader: ReaderBeside, others: set[int], lexicon: Lexicon) -> None:
    (process,) = set(beside(os.getpid())) - others
    before = reader.read(TEXT, lexicon)
    os.kill(process, signal.SIGKILL)
    with pytest.raises(ReaderFailed, match="ended"):
        reader.read(TEXT, lexicon)
    assert reader.read(TEXT, lexicon) == before
    (another,) = set(beside(os.getpid())) - others
    assert another != process


def test_one_that_hangs_is_ended_and_started_again(
    reader: ReaderBeside, others: set[int], lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = reader.read(TEXT, lexicon)
    (process,) = set(beside(os.getpid())) - others
    os.kill(process, signal.SIGSTOP)
    with monkeypatch.context() as short:
        short.setattr(reader_beside, "_ANSWER_SECONDS", 0.2)
        short.setattr(reader_beside, "_END_SECONDS", 0.2)
        with pytest.raises(ReaderFailed, match="hung"):
            reader.read(TEXT, lexicon)
    assert not command(process)
    assert reader.read(TEXT, lexicon) == before


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

    await until(ended, "the reader's process to end")
