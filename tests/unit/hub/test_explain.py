"""`hub explain` as an analyst runs it: what each answer says, which line it is about, and how the command ends."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub import explain as command
from hub.cli import application
from services.partnership.tables import CompiledTables
from services.triage.explain import explained
from services.triage.rule_set import read_rules

ROOT = Path(__file__).parents[3]
LUTON = ROOT / "partnerships" / "luton"
GOOD = '{"source_id": "a", "description": "Bags of rubbish in the alley", "category": "fly-tipping"}'
UNKNOWN_FIELD = '{"source_id": "b", "wat": 1}'


def hub(*arguments: str) -> Result:
    return CliRunner().invoke(application([arguments[0]]), arguments)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lexicon and tables alone: a second reader is fetched, and adds nothing to what is asked here."""
    for name in [each for each in os.environ if each.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(command, "second_reader", lambda _: None)


def answers(ended: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ended.stdout.splitlines()]


def written(folder: Path, *lines: str) -> str:
    path = folder / "reports.ndjson"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.mark.parametrize(
    ("when", "disposition"),
    [
        ({"occurred_at": "2026-02-20T20:00:00+00:00"}, "open-case"),
        ({"occurred_at": "2025-12-24T20:00:00+00:00"}, "record-only"),
        ({"occurred_month": "2025-12"}, "record-only"),
        ({"occurred_at": "2025-12-24T20:00:00+00:00", "danger_now": True}, "open-case"),
        ({}, "open-case"),
    ],
)
def test_what_the_hub_would_only_record_is_explained_so(when: dict[str, Any], disposition: str) -> None:
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    made = explained(json.dumps(json.loads(GOOD) | when), read_rules(LUTON), now)
    assert made["decision"]["disposition"] == disposition


def test_each_line_is_decided_and_one_that_is_no_report_says_what_is_wrong(tmp_path: Path) -> None:
    reports = tmp_path / "reports.ndjson.gz"
    reports.write_bytes(gzip.compress(f"{GOOD}\n{UNKNOWN_FIELD}".encode()))
    ended = hub("explain", str(reports))
    first, second = answers(ended)
    assert first["source_id"] == "a"
    assert first["decision"]["lead_agency"]
    assert first["decision"]["disposition"] == "open-case", "a word of those that clients know"
    assert "line" not in first
    assert second["decision"] is None
    assert "/wat" in [each["field"] for each in second["errors"]]
    assert len(json.loads(hub("explain", str(reports), "--json").stdout)["items"]) == 2


def test_a_refused_line_says_which_it_was_and_whose_and_the_end_says_how_many(tmp_path: Path) -> None:
    ended = hub("explain", written(tmp_path, "", GOOD, "", UNKNOWN_FIELD, "{oops}", "[]"))
    assert [(each["source_id"], each.get("line")) for each in answers(ended)] == [
        ("a", None),
        ("b", 4),
        (None, 5),
        (None, 6),
    ]
    assert "3 of 4 lines were refused: see `line` and `errors` of each." in ended.stderr
    assert ended.exit_code == 0
    one = hub("explain", written(tmp_path, UNKNOWN_FIELD), "--json")
    assert "1 of 1 lines was refused" in one.stderr
    assert json.loads(one.stdout)["items"][0]["line"] == 1


@pytest.mark.parametrize("source_id", ["5", "null", '""', json.dumps("x" * 201), '"a\\u0000"', '["a"]'])
def test_no_source_id_is_given_that_is_not_lawful_itself(source_id: str) -> None:
    made = explained(f'{{"source_id": {source_id}, "category": "noise"}}', None, None)  # type: ignore[arg-type]
    assert made["source_id"] is None


def test_what_is_no_json_is_told_of_this_line(tmp_path: Path) -> None:
    ended = hub("explain", written(tmp_path, GOOD, "{oops}", '{"source_id": "c"', ""))
    said = [each["errors"][0]["message"] for each in answers(ended)[1:]]
    assert said == [
        "Invalid JSON: key must be a string at column 2 of this line",
        "Invalid JSON: EOF while parsing an object at column 17 of this line",
    ]


def test_a_line_that_is_not_utf_8_is_named_and_a_file_that_is_cut_off_is_told(tmp_path: Path) -> None:
    wrong, cut, broken = tmp_path / "wrong.ndjson", tmp_path / "cut.gz", tmp_path / "broken.gz"
    wrong.write_bytes(GOOD.encode() + b'\n\n{"source_id": "\xff"}')
    packed = gzip.compress(os.urandom(1000).hex().encode())
    cut.write_bytes(packed[:-10])
    broken.write_bytes(packed[:20] + b"\xff" * 40 + packed[60:])
    ended = hub("explain", str(wrong))
    assert ended.stderr == "Line 3 is not UTF-8: convert the file, then again.\n"
    assert [each["source_id"] for each in answers(ended)] == ["a"]
    for path in (cut, broken):
        ended = hub("explain", str(path))
        assert "ends too early or is broken" in ended.stderr
        assert ended.exit_code == 2


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_are_read_out_of_a_stream_packed_or_not(pack: Any) -> None:
    assert list(command.lines_of(BufferedReader(BytesIO(pack(b"a\r\nb"))))) == ["a\n", "b"]


def test_a_dash_is_standard_input() -> None:
    asked = [sys.executable, "-m", "hub", "explain", "-", "--rules", str(LUTON)]
    ended = subprocess.run(
        asked, input=UNKNOWN_FIELD, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )
    assert json.loads(ended.stdout)["source_id"] == "b"
    assert ended.returncode == 0


def test_a_file_that_is_not_there_is_named() -> None:
    ended = hub("explain", "gone.ndjson")
    assert "File 'gone.ndjson' does not exist." in ended.stderr
    assert ended.exit_code == 2


def test_rules_that_are_not_there_or_no_partnership_end_with_a_sentence(tmp_path: Path) -> None:
    reports, nowhere, empty, foreign = written(tmp_path, GOOD), tmp_path / "no", tmp_path / "empty", tmp_path / "luton"
    empty.mkdir()
    shutil.copytree(LUTON, foreign)
    with (foreign / "triage" / "lexicon.yaml").open("ab") as lexicon:
        lexicon.write(b"\xff")
    for folder, said in (
        (nowhere, f"{nowhere} is not a folder: name a partnership's folder with --rules or HUB_PARTNERSHIP."),
        (empty, "yaml:1: is missing; copy it from partnerships/luton and make it yours."),
        (foreign, f"{foreign}: triage/lexicon.yaml:1: is not UTF-8 at byte"),
    ):
        ended = hub("explain", reports, "--rules", str(folder))
        assert said in ended.stderr
        assert ended.stderr.count("\n") == 1
        assert (ended.exit_code, ended.stdout) == (2, "")


def test_rules_that_raise_are_told_of_their_line_and_the_others_are_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = CompiledTables.evaluate

    def raising(self: CompiledTables, name: str, inputs: Any) -> Any:
        return {}["gone"] if inputs.get("category") == "noise" else evaluate(self, name, inputs)  # type: ignore[index]

    monkeypatch.setattr(CompiledTables, "evaluate", raising)
    ended = hub("explain", written(tmp_path, '{"source_id": "n", "category": "noise"}', GOOD, UNKNOWN_FIELD))
    first, second, _ = answers(ended)
    assert (first["source_id"], first["decision"], first["line"]) == ("n", None, 1)
    assert first["errors"][0]["message"].startswith("The rules raised KeyError at test_explain.py:")
    assert second["decision"]["lead_agency"]
    assert "Line 1 was not decided: The rules raised KeyError" in ended.stderr
    assert "1 of 3 lines was refused" in ended.stderr
    assert "The rules could not decide 1 of 3 lines" in ended.stderr
    assert ended.exit_code == 1


def test_the_help_says_whose_rules_decide_and_how_a_running_hub_is_asked() -> None:
    said = " ".join(hub("explain", "--help").stdout.split())
    assert "not a version that was published" in said
    assert "dry_run=true" in said
