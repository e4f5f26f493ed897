"""The second reader in a process of its own, which gives way: what anybody waits for goes before a reading.

A thread would not do: while it computes it keeps its share of a core from an import, and a thread that gives way holds
up the whole process whenever it has the interpreter. The process ends when its asker does, however that ends: its pipe
is closed then.
"""

import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from services.partnership.tables import FOLDER
from services.triage.domain.lexicon import FILE, Lexicon, read_lexicon
from services.triage.domain.reading import Reading
from services.triage.gateways import ModelUnusable, one_for_each, opened
from services.triage.second_reader import WeightsUnusable

LEAST = 19
"""How far the process steps back, on Linux's scale: beside one that does not, it gets a seventieth of a core."""
_GROUP = Path("/proc/self/autogroup")
"""Where Linux shares the processor out among sessions first, niceness counts within one: this session is its own."""
_ROOT = Path(__file__).parents[2]
_END_SECONDS = 10.0
_ANSWER_SECONDS = 60.0
"""A process that says nothing for so long hangs, and is ended: nobody has waited for its answer any more for long."""


class ReaderFailed(Exception):
    """The process ended before it answered."""


class ReaderBeside:
    """Reads as the partnership's `SecondReader` does, by a process beside this one; for one thread at a time.

    Where the process ended, the next text starts another.
    """

    name: str
    """Of the weights that it reads with."""
    _words: str | None
    """Of the lexicon that the process was told of last: None before the first text."""

    def __init__(self, partnership: Path, archives: Sequence[Path]) -> None:
        """Raises as `gateways.opened` does."""
        self._asked = (partnership.resolve(), tuple(path.resolve() for path in one_for_each(archives)))
        self._start()

    def read(self, text: str, lexicon: Lexicon) -> Reading:
        """As `SecondReader.read`. Raises `ReaderFailed`, and as `opened` does where no other process starts.

        The lexicon's words go along when they are others than before: they change with a publication.
        """
        if not self._end.alive:
            self._start()
        try:
            self._pipe.send((text, None if lexicon.source == self._words else lexicon.source))
            self._words = lexicon.source
            if not self._pipe.poll(_ANSWER_SECONDS):
                raise TimeoutError
            read: Reading = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._end()
            raise ReaderFailed("The process of the second reader ended or hung: the log says why.") from error
        return read

    def _start(self) -> None:
        self._pipe, self._end, self.name = self._started()
        self._words = None

    def _started(self) -> "tuple[Connection[Any, Any], weakref.finalize[..., Any], str]":
        """The pipe to a process that is ready, how it is ended (at the latest with this object), and its name."""
        pipe, its_end = Pipe()
        with its_end:
            process = subprocess.Popen(  # noqa: S603
                (sys.executable, "-m", __name__, str(its_end.fileno())),
                stdin=subprocess.DEVNULL,
                cwd=_ROOT,
                pass_fds=(its_end.fileno(),),
                start_new_session=True,
            )
        end = weakref.finalize(self, _ended, pipe, process)
        try:
            pipe.send(self._asked)
            answer: str | ModelUnusable | WeightsUnusable = pipe.recv()
        except (EOFError, OSError) as error:
            end()
            raise ModelUnusable("The process of the second reader did not start: the log says why.") from error
        if not isinstance(answer, str):
            end()
            raise answer
        return pipe, end, answer


def _ended(pipe: "Connection[Any, Any]", process: subprocess.Popen[bytes]) -> None:
    """Close the pipe, and wait for the process to have seen it."""
    pipe.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _give_way() -> None:
    """Step back behind every other process of the machine."""
    os.nice(LEAST)
    if _GROUP.exists():
        _GROUP.write_text(str(LEAST))


def _serve(pipe: "Connection[Any, Any]") -> None:
    """Answer text after text until the asker is gone."""
    partnership, archives = pipe.recv()
    try:
        second = opened(partnership, archives)
    except (ModelUnusable, WeightsUnusable) as trouble:
        pipe.send(trouble)
        return
    words = (partnership / FOLDER / FILE).read_text(encoding="utf-8")
    second.read("Nothing.", read_lexicon(words))  # what a first text has to wait for is over when triage is ready
    _give_way()  # not before: triage waits for this one to be ready
    pipe.send(second.name)
    while True:
        text, changed = pipe.recv()
        words = words if changed is None else changed
        pipe.send(second.read(text, read_lexicon(words)))


def _by_class(kind: type[BaseException], *_: object) -> None:
    """Of what ended the process the log has the class alone: a message may quote the text."""
    sys.stderr.write(f"The second reader failed: {kind.__name__}\n")


def main() -> None:
    """Serve the pipe whose number is given."""
    sys.excepthook = _by_class
    # numpy's own threads would take every other core for a product of a millisecond, and keep it for ten more.
    threadpool_limits(1, user_api="blas")
    with Connection(int(sys.argv[1])) as pipe:
        try:
            _serve(pipe)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # nobody asks any more


if __name__ == "__main__":
    main()
