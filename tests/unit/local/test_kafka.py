"""What the local broker is given before it starts."""

import re
from pathlib import Path
from uuid import UUID

import pytest

from deploy.local import kafka as broker
from deploy.local.kafka import cluster_id, kafka
from deploy.local.trouble import CannotStart


def read_by_java(properties: str) -> dict[str, str]:
    """What Java's `Properties.load` makes of bytes: Latin-1, in which a backslash begins an escape."""
    rows = [line.split("=", 1) for line in properties.encode().decode("latin-1").splitlines()]
    plain = {name: re.sub(r"\\\\|\\u(....)", _unescaped, value) for name, value in rows}
    return {name: value.encode("utf-16", "surrogatepass").decode("utf-16") for name, value in plain.items()}


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else "\\"


@pytest.mark.parametrize("folder", ["plain", "with space", "jürgen", "Łódź", "𝄞", r"a\u0041b"])
def test_the_broker_keeps_its_data_where_the_folder_is_whatever_its_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setattr(broker, "_format", lambda *_: None)
    data = tmp_path / folder / "kafka"
    program = kafka(data, tmp_path, 9092)
    written = data.with_name("kafka.properties").read_text()
    assert read_by_java(written)["log.dirs"] == str(data)
    assert program.environment["LC_ALL"] == "C.UTF-8"


@pytest.mark.parametrize("folder", ["a,b", "a:b"])
def test_a_path_that_kafka_or_java_would_split_is_refused_before_anything_is_made(tmp_path: Path, folder: str) -> None:
    with pytest.raises(CannotStart, match="comma or a colon"):
        kafka(tmp_path / folder / "kafka", tmp_path, 9092)
    assert not (tmp_path / folder).exists()


def test_of_a_failed_formatting_the_first_line_is_told_and_not_the_calls_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\nprintf 'Exception: no such folder\\n\\tat kafka.Main\\n' >&2; exit 1\n")
    java.chmod(0o755)
    monkeypatch.setattr(broker, "JAVA", java)
    with pytest.raises(CannotStart, match=r"\(Exception: no such folder\)"):
        kafka(tmp_path / "kafka", tmp_path, 9092)


@pytest.mark.parametrize("first", [0x00, 0x7F, 0xF8, 0xFB, 0xFF])
def test_a_cluster_id_never_begins_with_a_dash_which_kafka_would_read_as_an_option(first: int) -> None:
    made = cluster_id(UUID(bytes=bytes([first, *range(15)])))
    assert len(made) == 22
    assert not made.startswith("-")
