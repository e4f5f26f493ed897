"""Fetch what the locks name from the Maven repository that jgo knows, whole or not at all.

Run as `python -m deploy.local.fetch REPOSITORY LOCK...`. Progress goes to standard output, one sentence of what is in
the way to standard error. A file that came half before, by a stop or a broken line, is told from its sha256 and
fetched again.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from jgo.maven import MavenContext

from deploy.local.jars import Jar, missing
from deploy.local.trouble import CannotStart, disk_trouble

TRIES, AT_ONCE, TIMEOUT_SECONDS = 3, 4, 30


def fetch(jar: Jar, repository: Path) -> int:
    """Bring one file; its size in bytes. Raises `CannotStart` when it is not what the lock says."""
    path = jar.path(repository)
    for _ in range(TRIES):
        path.unlink(missing_ok=True)
        context = MavenContext(repo_cache=repository, timeout=TIMEOUT_SECONDS)
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            component.artifact(jar.classifier, jar.packaging).resolve()
        except requests.RequestException:
            continue
        if jar.whole(repository):
            return path.stat().st_size
    path.unlink(missing_ok=True)
    raise CannotStart(
        f"{jar.artifact} {jar.version} could not be fetched whole in {TRIES} tries. Check the network (HTTPS_PROXY is "
        "honoured) and start again: what has arrived is kept."
    )


def _say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


def fetch_all(repository: Path, locks: Sequence[Path]) -> None:
    """Bring everything that is missing, a few files at once, with one line of progress."""
    wanted = [jar for lock in locks for jar in missing(lock, repository)]
    half = sum(jar.path(repository).exists() for jar in wanted)
    if half:
        _say(f"  {half} half-finished download(s) found: fetching again\n")
    ending = "\r" if sys.stdout.isatty() else "\n"
    size = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done, arrived in enumerate(pool.map(lambda jar: fetch(jar, repository), wanted), 1):
            size += arrived
            if sys.stdout.isatty() or done % 10 == 0 or done == len(wanted):
                _say(f"  fetched {done} of {len(wanted)} files, {size // 1_000_000} MB{ending}")
    _say("\n" if ending == "\r" else "")


def main(arguments: Sequence[str]) -> int:
    """0 when all is there, 2 with a sentence otherwise."""
    try:
        fetch_all(Path(arguments[0]), [Path(each) for each in arguments[1:]])
    except CannotStart as trouble:
        sys.stderr.write(f"{trouble}\n")
    except OSError as error:
        sys.stderr.write(f"{disk_trouble(error, 'fetching the engines')}\n")
    except RuntimeError as error:
        sys.stderr.write(f"A file of the lock is not in the repository ({type(error).__name__}). Run `make lock`.\n")
    else:
        return 0
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
