"""Delete a local run's data, except the engines' jars, after a question (`make clean`); standard library only."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.local.home import Home
from deploy.local.trouble import CannotStart, outcome


def clean(home: Home, ask: Callable[[str], str]) -> None:
    """Empty the folder where `ask` is answered with y. Raises `CannotStart` where a hub runs from it or none ever has.

    The lock stays: a start that comes meanwhile is refused by it.
    """
    if not home.lock.exists():
        raise CannotStart(f"No hub has run from {home.path}: nothing is deleted.")
    with home.alone():
        if ask(f"Delete the data and the secrets of the local run in {home.path}? [y/N] ") != "y":
            raise CannotStart("Nothing is deleted.")
        for each in home.path.iterdir():
            if each not in (home.jars, home.lock):
                _remove(each)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _answered(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def main() -> int:
    """0 when the data is gone, 2 with a sentence otherwise."""
    home = Home(Path(os.environ.get("HUB_HOME", ".hub")))
    return outcome("deleting the data", lambda: clean(home, _answered))


if __name__ == "__main__":
    sys.exit(main())
