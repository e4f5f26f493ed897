"""Make the virtual environment from a lock file; needs nothing but Python 3.11's standard library.

Run as `python3.11 deploy/local/environment.py requirements.lock`. Skipped when the lock is installed already.
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ENVIRONMENT = Path(".venv")
STAMP = "installed.sha256"
RUN_LOCK, DEVELOPMENT_LOCK = Path("requirements.lock"), Path("requirements-dev.lock")
PYTHON = (3, 11)


COMMAND = """#!/bin/sh
root=$(cd "$(dirname "$0")/../.." && pwd)
HUB_HOME="${HUB_HOME:-$root/.hub}" HUB_PARTNERSHIP="${HUB_PARTNERSHIP:-$root/partnerships/luton}"
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
export HUB_HOME HUB_PARTNERSHIP PYTHONPATH
exec "$root/.venv/bin/python" -m hub "$@"
"""


def digest(lock: Path) -> str:
    """The lock's name and hash: one line of the stamp."""
    return f"{hashlib.sha256(lock.read_bytes()).hexdigest()}  {lock.name}"


def installed(lock: Path, stamp: Path) -> bool:
    """Whether the environment holds what `lock` names, and a Python that is there still."""
    python = stamp.parent / "bin" / "python"
    return python.exists() and stamp.is_file() and digest(lock) in stamp.read_text().splitlines()


def covered(lock: Path) -> list[Path]:
    """The locks that installing `lock` satisfies: the development lock holds the run's, at the same versions."""
    return [RUN_LOCK, DEVELOPMENT_LOCK] if lock.name == DEVELOPMENT_LOCK.name else [lock]


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


def _create() -> Path:
    python = ENVIRONMENT / "bin" / "python"
    if not (python.exists() and _has_pip(python)):
        _say("Making .venv ...")
        venv.create(ENVIRONMENT, clear=True, with_pip=True, symlinks=True)
    return python


def _has_pip(python: Path) -> bool:
    """Without, the environment was half made: pip comes last."""
    return subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0  # noqa: S603


def _install(python: Path, lock: Path) -> None:
    _say(f"Installing what {lock.name} names (about a minute the first time) ...")
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--require-hashes"]
    subprocess.run([*command, "--no-compile", "-r", str(lock)], check=True)  # noqa: S603
    _compile(python)


def _compile(python: Path) -> None:
    """Compile what was installed on every core, where pip would on one; a template that is no Python stays as it is."""
    packages = ENVIRONMENT / "lib" / f"python{PYTHON[0]}.{PYTHON[1]}" / "site-packages"
    subprocess.run([str(python), "-m", "compileall", "-qq", "-j", "0", str(packages)], check=False)  # noqa: S603


def _write_command() -> None:
    """`.venv/bin/hub`, for those who have the environment on their path: works from any folder."""
    command = ENVIRONMENT / "bin" / "hub"
    command.write_text(COMMAND)
    command.chmod(0o755)


def main(arguments: list[str]) -> int:
    """Bring `.venv` to the lock named first; 0 when it is there, 2 with a sentence that says what to do."""
    lock = Path(arguments[0])
    stamp = ENVIRONMENT / STAMP
    if sys.version_info[:2] != PYTHON:
        _say(f"This is Python {sys.version_info[0]}.{sys.version_info[1]}, the hub needs 3.11: make PYTHON=python3.11")
        return 2
    if installed(lock, stamp):
        return 0
    try:
        python = _create()
        stamp.unlink(missing_ok=True)
        _install(python, lock)
        _write_command()
    except subprocess.CalledProcessError:
        _say(
            "The packages could not be installed; what pip says stands above. If it is the network, start again: "
            "pip keeps what has arrived. If Python's venv is missing (Debian): apt-get install python3.11-venv."
        )
        return 2
    except OSError as error:
        _say(f"The environment .venv could not be made: {error.strerror}. Free some disk (1 GB) or mend its rights.")
        return 2
    stamp.write_text("".join(f"{digest(each)}\n" for each in covered(lock) if each.is_file()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
