"""The Java files that an engine's lock names: where they lie, and whether each is whole."""

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.logs import last_line
from deploy.local.trouble import CannotStart

HERE = Path(__file__).parent
KAFKA_LOCK = HERE / "jgo.lock.toml"
ZIPKIN_LOCK = HERE / "zipkin" / "jgo.lock.toml"


@dataclass(frozen=True, slots=True)
class Jar:
    """One file of a lock: its coordinates and the sha256 that it must have."""

    group: str
    artifact: str
    version: str
    packaging: str
    classifier: str
    sha256: str

    def path(self, repository: Path) -> Path:
        """Where the file lies, in the layout of a Maven repository."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        name = f"{self.artifact}-{self.version}{suffix}.{self.packaging}"
        return repository.joinpath(*self.group.split("."), self.artifact, self.version, name)

    def whole(self, repository: Path) -> bool:
        """Whether the file is there with the right content; half a download is not."""
        path = self.path(repository)
        return path.is_file() and sha256_of(path) == self.sha256


def sha256_of(path: Path) -> str:
    """A file's sha256 in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def locked(lock: Path) -> tuple[Jar, ...]:
    """The files that a `jgo.lock.toml` names. Raises `CannotStart` for one without a hash."""
    entries = tomllib.loads(lock.read_text())["dependencies"]
    if any("sha256" not in entry for entry in entries):
        raise CannotStart(f"{lock.name} names a file without its sha256. Run `make lock` and look at what changed.")
    return tuple(
        Jar(
            each["groupId"],
            each["artifactId"],
            each["version"],
            each.get("packaging", "jar"),
            each.get("classifier", ""),
            each["sha256"],
        )
        for each in entries
    )


def missing(lock: Path, repository: Path) -> list[Jar]:
    """What still has to be fetched, half-finished downloads included."""
    return [jar for jar in locked(lock) if not jar.whole(repository)]


def class_path(lock: Path, repository: Path) -> str:
    """The lock's files as Java's class path, in the lock's order."""
    return ":".join(str(jar.path(repository)) for jar in locked(lock))


def fetch_command(locks: Sequence[Path], repository: Path) -> tuple[str, ...]:
    """The command that fetches what is missing: a process of its own, so that the resolver's memory is given back."""
    return (sys.executable, "-m", "deploy.local.fetch", str(repository), *map(str, locks))


def ensure(locks: Sequence[Path], repository: Path) -> None:
    """Fetch what is missing and wait for it. Raises `CannotStart` with the sentence of what is in the way."""
    if not any(missing(lock, repository) for lock in locks):
        return
    bring(fetch_command(locks, repository), "the engines")


def bring(command: Sequence[str], what: str) -> None:
    """Wait for a command that fetches. Raises `CannotStart` with its last sentence."""
    ended = subprocess.run(command, cwd=HERE.parent.parent, check=False, stderr=subprocess.PIPE, text=True)  # noqa: S603
    if ended.returncode:
        raise CannotStart(last_line(ended.stderr) or f"Fetching {what} was stopped.")
