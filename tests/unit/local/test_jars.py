"""The engines' files: what the locks say, and how half a download is told from a whole one."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import relock
from deploy.local.jars import KAFKA_LOCK, ZIPKIN_LOCK, Jar, class_path, locked, missing
from deploy.local.reader_models import E5_LOCK
from deploy.local.relock import named, single_lock
from deploy.local.trouble import CannotStart

CONTENT = b"a whole file"
JAR = Jar("org.example", "thing", "1.0", "jar", "", hashlib.sha256(CONTENT).hexdigest())


def lock(folder: Path, sha256: str | None = JAR.sha256) -> Path:
    entry = f'[[dependencies]]\ngroupId = "{JAR.group}"\nartifactId = "{JAR.artifact}"\nversion = "{JAR.version}"\n'
    path = folder / "jgo.lock.toml"
    path.write_text(entry + (f'sha256 = "{sha256}"\n' if sha256 else ""))
    return path


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    assert missing(lock(tmp_path), tmp_path) == [JAR]


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"!"])
def test_a_file_with_other_content_is_missing(tmp_path: Path, content: bytes) -> None:
    path = JAR.path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert missing(lock(tmp_path), tmp_path) == [JAR]


def test_a_whole_file_is_not_missing(tmp_path: Path) -> None:
    path = JAR.path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert missing(lock(tmp_path), tmp_path) == []
    assert class_path(lock(tmp_path), tmp_path) == str(path)


def test_a_lock_without_a_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="without its sha256"):
        locked(lock(tmp_path, sha256=None))


def test_the_committed_locks_name_every_file_with_a_hash_and_no_address() -> None:
    assert len(locked(KAFKA_LOCK)) == 46
    assert [jar.classifier for jar in locked(ZIPKIN_LOCK)] == ["slim"]
    assert all("://" not in path.read_text() for path in (KAFKA_LOCK, ZIPKIN_LOCK))


def test_nothing_beside_kafka_brings_other_clients_of_it() -> None:
    assert {jar.version for jar in locked(KAFKA_LOCK) if jar.group == "org.apache.kafka"} == {"4.3.1"}


class Fetching:
    """Brings a file that is not there, and takes one that is for whole, as the resolver does."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def named(self, *_: str) -> "Fetching":
        return self

    project = at_version = artifact = named

    def resolve(self) -> None:
        if not self._file.exists():
            self._file.write_bytes(CONTENT)


def test_half_a_download_is_fetched_anew_before_its_hash_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "jgo.lock.toml"
    for name in (lock.name, "jgo.toml"):
        shutil.copy(ZIPKIN_LOCK.with_name(name), tmp_path)
    file = locked(lock)[0].path(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half")
    monkeypatch.setattr(relock, "MavenContext", lambda *_, **__: Fetching(file))
    relock.relock_single(lock, tmp_path)
    assert locked(lock)[0].sha256 == JAR.sha256


@pytest.mark.parametrize("of_one", [ZIPKIN_LOCK, E5_LOCK], ids=["zipkin", "e5"])
def test_a_lock_of_one_file_is_what_relocking_the_same_file_writes(of_one: Path) -> None:
    name, jar = named(of_one.with_name("jgo.toml").read_text())
    (kept,) = locked(of_one)
    assert jar == replace(kept, sha256="")
    remark = "".join(line + "\n" for line in of_one.read_text().splitlines() if line.startswith("#"))
    assert single_lock(name, jar, kept.sha256, remark) == of_one.read_text()
