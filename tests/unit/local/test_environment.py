"""The environment's stamp: installed once for a lock, again for another, never twice for the same."""

import venv
from pathlib import Path

import pytest

from deploy.local import environment


def lock(folder: Path, name: str, content: str = "thing==1") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def python(environment: Path, does: str) -> Path:
    made = environment / "bin" / "python"
    made.parent.mkdir(parents=True)
    made.write_text(f"#!/bin/sh\n{does}\n")
    made.chmod(0o755)
    return made


def stamped(folder: Path, *locks: Path) -> Path:
    python(folder, "exit 0")
    stamp = folder / "stamp"
    stamp.write_text("".join(f"{environment.digest(each)}\n" for each in locks))
    return stamp


def test_a_lock_is_installed_when_the_stamp_holds_its_hash(tmp_path: Path) -> None:
    run = lock(tmp_path, "requirements.lock")
    assert environment.installed(run, stamped(tmp_path, run))


def test_a_changed_lock_is_not_installed(tmp_path: Path) -> None:
    run = lock(tmp_path, "requirements.lock")
    stamp = stamped(tmp_path, run)
    lock(tmp_path, "requirements.lock", "thing==2")
    assert not environment.installed(run, stamp)


def test_nothing_is_installed_without_a_stamp(tmp_path: Path) -> None:
    assert not environment.installed(lock(tmp_path, "requirements.lock"), tmp_path / "stamp")


def test_nothing_is_installed_where_the_python_has_gone(tmp_path: Path) -> None:
    run = lock(tmp_path, "requirements.lock")
    stamp = stamped(tmp_path, run)
    (tmp_path / "bin" / "python").unlink()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "gone")
    assert not environment.installed(run, stamp)


@pytest.mark.parametrize(("does", "made"), [("exit 1", [environment.ENVIRONMENT]), ("exit 0", [])])
def test_an_environment_without_pip_was_half_made_and_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, does: str, made: list[Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    python(tmp_path / ".venv", does)
    created: list[Path] = []
    monkeypatch.setattr(venv, "create", lambda path, *, clear, **_: created.extend([path] * clear))
    environment._create()
    assert created == made


def test_the_development_lock_covers_the_runs_and_not_the_other_way() -> None:
    assert environment.covered(environment.DEVELOPMENT_LOCK) == [environment.RUN_LOCK, environment.DEVELOPMENT_LOCK]
    assert environment.covered(environment.RUN_LOCK) == [environment.RUN_LOCK]


def test_another_python_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "PYTHON", (3, 99))
    assert environment.main(["requirements.lock"]) == 2
    assert "the hub needs" in capsys.readouterr().err


def test_a_failed_install_leaves_no_stamp_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    python(tmp_path / ".venv", '[ "$3" = --version ]')
    lock(tmp_path, "requirements.lock")
    assert environment.main(["requirements.lock"]) == 2
    assert not (tmp_path / ".venv" / environment.STAMP).exists()
    assert "start again" in capsys.readouterr().err


def test_both_locks_pin_every_package_by_hash_and_name_no_index_and_no_path() -> None:
    run, development = (Path(each).read_text() for each in (environment.RUN_LOCK, environment.DEVELOPMENT_LOCK))
    for content in (run, development):
        assert content.count("==") <= content.count("--hash=sha256:")
        assert "://" not in content
        assert "index-url" not in content
    pinned = {line.split(" ")[0] for line in run.splitlines() if "==" in line}
    assert pinned <= {line.split(" ")[0] for line in development.splitlines() if "==" in line}
