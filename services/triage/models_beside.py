"""The sentence models in a process of their own, which gives way: what anybody waits for goes before a reading.

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

from services.triage import layers as own
from services.triage.gateways import ModelUnusable, SentenceModels, one_for_each
from services.triage.second_reader import Said, Vector, WeightsUnusable

LEAST = 19
"""How far the process steps back, on Linux's scale: beside one that does not, it gets a seventieth of a core."""
_GROUP = Path("/proc/self/autogroup")
"""Where Linux shares the processor out among sessions first, niceness counts within one: this session is its own."""
_ROOT = Path(__file__).parents[2]
_END_SECONDS = 10.0


class ModelsFailed(Exception):
    """The process ended before it answered."""


class ModelsBeside:
    """Says of a text what `SentenceModels` says, by a process beside this one; for one thread at a time.

    Where the process ended, the next text starts another.
    """

    def __init__(self, archives: Sequence[Path], layers: own.Layers) -> None:
        """Raises as `SentenceModels` does."""
        self._asked = (tuple(path.resolve() for path in one_for_each(archives)), layers)
        self._pipe, self._end = self._started()

    def embed(self, text: str) -> Said:
        """As `SentenceModels.embed`. Raises `ModelsFailed`, and `ModelUnusable` where no other process starts."""
        if not self._end.alive:
            self._pipe, self._end = self._started()
        try:
            self._pipe.send(text)
            said: Said = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._end()
            raise ModelsFailed("The process of the sentence models ended: the log says why.") from error
        return said

    def meaning(self, text: str) -> Vector:
        """The meaning alone."""
        return self.embed(text).meaning

    def _started(self) -> "tuple[Connection[Any, Any], weakref.finalize[..., Any]]":
        """The pipe to a process whose models are ready, and how it is ended: at the latest with this object."""
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
            trouble: Exception | None = pipe.recv()
        except (EOFError, OSError) as error:
            end()
            raise ModelUnusable("The process of the sentence models did not start: the log says why.") from error
        if trouble is not None:
            end()
            raise trouble
        return pipe, end


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
    archives, layers = pipe.recv()
    try:
        models = SentenceModels(archives, layers)
    except (ModelUnusable, WeightsUnusable) as trouble:
        pipe.send(trouble)
        return
    pipe.send(None)
    while True:
        pipe.send(models.embed(pipe.recv()))


def _by_class(kind: type[BaseException], *_: object) -> None:
    """Of what ended the process the log has the class alone: a message may quote the text."""
    sys.stderr.write(f"The sentence models failed: {kind.__name__}\n")


def main() -> None:
    """Serve the pipe whose number is given, at the lowest priority."""
    sys.excepthook = _by_class
    _give_way()
    # numpy's own threads would take every other core for a product of a millisecond, and keep it for ten more.
    threadpool_limits(1, user_api="blas")
    with Connection(int(sys.argv[1])) as pipe:
        try:
            _serve(pipe)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # nobody asks any more


if __name__ == "__main__":
    main()
