"""Fetch what the locks name from the Maven repository that jgo knows, whole or not at all.

Run as `python -m deploy.local.fetch REPOSITORY LOCK...`. Progress goes to standard error (standard output belongs to
`--json`), and so does, last, one sentence of what is in the way. A file that came half before, by a stop or a broken
line, is told from its sha256 and fetched again.
"""

import fcntl
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from deploy.local.jars import Jar, missing
from deploy.local.trouble import CannotStart, outcome

TRIES, AT_ONCE, TIMEOUT_SECONDS = 3, 4, 30


def say(words: str) -> None:
    """To standard error, at once."""
    sys.stderr.write(words)
    sys.stderr.flush()


class Progress:
    """One line a second at most; the files' sizes are known only as they come."""

    def __init__(self, files: int) -> None:
        self._files, self._done, self._bytes = files, 0, 0
        self._told = time.monotonic()

    @contextmanager
    def of_file(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        """What jgo calls for a file: yields the function that takes the sizes of its pieces."""
        yield self._arrived

    def _arrived(self, size: int) -> None:
        self._bytes += size
        if time.monotonic() - self._told > 1:
            self.tell()

    def file_done(self) -> None:
        """One more file is whole."""
        self._done += 1

    def tell(self) -> None:
        """Say how far it is."""
        self._told = time.monotonic()
        say(f"  fetched {self._done} of {self._files} files, {self._bytes // 1_000_000} MB\n")


def fetch(jar: Jar, repository: Path, progress: "Progress") -> None:
    """Bring one file. Raises `CannotStart` when it is not what the lock says."""
    path = jar.path(repository)
    for _ in range(TRIES):
        path.unlink(missing_ok=True)
        resolver = PythonResolver(progress_callback=progress.of_file)
        context = MavenContext(resolver, repo_cache=repository, timeout=TIMEOUT_SECONDS)
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            component.artifact(jar.classifier, jar.packaging).resolve()
        except requests.RequestException:
            continue
        if jar.whole(repository):
            progress.file_done()
            return
    path.unlink(missing_ok=True)
    raise CannotStart(
        f"{jar.artifact} {jar.version} could not be fetched whole in {TRIES} tries. Check the network (HTTPS_PROXY is "
        "honoured) and start again: what has arrived is kept."
    )


@contextmanager
def _one_at_a_time(repository: Path) -> Iterator[None]:
    repository.mkdir(parents=True, exist_ok=True)
    with (repository / ".fetching").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch_all(repository: Path, locks: Sequence[Path]) -> None:
    """Bring everything that is missing, a few files at once, with one line of progress."""
    wanted = [jar for lock in locks for jar in missing(lock, repository)]
    half = sum(jar.path(repository).exists() for jar in wanted)
    if half:
        say(f"  {half} half-finished download(s) found: fetching again\n")
    progress = Progress(len(wanted))
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda jar: fetch(jar, repository, progress), wanted))
    except RuntimeError as error:
        raise CannotStart(
            f"A file of the lock is not in the repository ({type(error).__name__}). Run `make lock`."
        ) from error
    progress.tell()


def ended(repository: Path, doing: str, work: Callable[[], None]) -> int:
    """Work while nobody else fetches there: 0 when it is done, 2 with a sentence of what is in the way."""

    def alone() -> None:
        with _one_at_a_time(repository):
            work()

    return outcome(doing, alone)


def main(arguments: Sequence[str]) -> int:
    """0 when all is there, 2 with a sentence otherwise."""
    repository, *locks = map(Path, arguments)
    return ended(repository, "fetching the engines", lambda: fetch_all(repository, locks))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
