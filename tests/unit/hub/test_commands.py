"""Commands as a person or a script runs them: one JSON document, sentences, exit codes that mean something."""

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner, Result

from deploy.local.ports import Ports
from deploy.local.trouble import CannotStart
from hub import batches, keys, migrate, patience
from hub.cli import COMMANDS, application, main, past_the_proxy
from hub.telling import say
from services.kernel.settings import Settings
from services.triage.layers import HEAD, LAYERS, MATRICES, TAKING, UPPER, Layers, save
from services.triage.lessons import words_digest_of
from tests.unit.hub.fake_hub import fake_hub

LUTON = Path(__file__).parents[3] / "partnerships" / "luton"
URL = "/api/v1/batches/B-222"
MADE = {"batch": "B-222", "url": URL, "rows_url": f"{URL}/rows"}
DONE = {"status": "done", "rows": 3, "accepted": 2, "duplicate": 0, "rejected": 1, "decided": 2}


def hub(*arguments: str) -> Result:
    return CliRunner().invoke(application([arguments[0]]), arguments)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [each for each in os.environ if each.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(batches, "POLL_SECONDS", 0.01)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"Month\n2023-01\n" * 50_000))
    return path


def imported(url: str, file: Path, *more: str) -> Result:
    asked = ("--partner", "police", "--format", "police-street", "--url", url, "--patience", "0.2")
    return hub("import", str(file), *asked, *more)


def test_an_import_sends_the_file_as_it_is_with_the_partners_key_and_tells_every_count(file: Path) -> None:
    rows = b'{"row": 2, "outcome": "rejected", "reason": [{"field": "/Month", "code": "missing"}]}\n'
    status = {**DONE, "rows": 3}
    answers: dict[str, Any] = {
        "POST /api/v1/batches": [(202, MADE)],
        f"GET {URL}": [
            (200, {**status, "status": "processing", "accepted": 0}),
            (200, {**status, "decided": 1}),
            (200, status),
        ],
        f"GET {URL}/rows": [(200, rows)],
    }
    with fake_hub(answers) as running:
        ended = imported(running.url, file, "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout) == {
        "batch": "B-222",
        **{name: DONE[name] for name in ("status", "rows", "accepted", "duplicate", "rejected", "decided")},
        "rejected_for": {"/Month: missing": 1},
    }
    assert running.asked[0].body == file.read_bytes()
    assert running.asked[0].headers["Authorization"] == "Bearer demo-police"
    assert running.asked[0].path == "/api/v1/batches?format=police-street&partner=police"


def test_an_import_waits_while_the_hub_is_away_and_sends_again_when_it_asks_for_patience(file: Path) -> None:
    busy = {"detail": "Full.", "code": "unavailable"}
    status = {**DONE, "rejected": 0, "accepted": 3, "decided": 3}
    rejected = b'{"row": 2, "outcome": "rejected", "reason": "not-stored"}\n'
    answers: dict[str, Any] = {
        "POST /api/v1/batches": [(503, busy), (202, MADE)],
        f"GET {URL}": [(502, {}), (200, status | {"rejected": 1})],
        f"GET {URL}/rows": [(429, busy), (200, rejected)],
    }
    with fake_hub(answers) as running:
        ended = imported(running.url, file, "--json")
    assert ended.exit_code == 0
    assert [asked.method for asked in running.asked] == ["POST", "POST", *["GET"] * 4]
    assert running.asked[1].body == file.read_bytes()
    assert json.loads(ended.stdout)["rejected_for"] == {"not-stored": 1}
    assert "The hub asks to wait (503): Full. (unavailable)" in " ".join(ended.stderr.split())
    assert ended.stderr.count("The hub answers again") == 3


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HUB_HOST", "0.0.0.0", "A setting is wrong. HUB_DEMONSTRATION works on 127.0.0.1 only."),  # noqa: S104
        ("HUB_PORT_BASE", "the-pepper", "A setting is wrong. HUB_PORT_BASE: Input should be a valid integer"),
        ("HUB_SENTENCE_MODELS", "the-pepper", "A setting cannot be read"),
    ],
    ids=["several", "one", "list"],
)
@pytest.mark.parametrize("command", [["up"], ["status"], ["doctor"], ["migrate"]])
def test_a_wrong_setting_is_a_sentence_and_no_setting_is_printed(
    monkeypatch: pytest.MonkeyPatch, command: list[str], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("HUB_DEMONSTRATION", "true")
    monkeypatch.setenv("HUB_KEY_PEPPER", "the-pepper")
    monkeypatch.setenv(name, value)
    ended = hub(*command)
    assert ended.exit_code == 2
    assert ended.stderr.startswith(said)
    assert "the-pepper" not in ended.output


def test_a_remark_that_nobody_reads_any_more_is_lost_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with io.FileIO(writer, "w") as raw:
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, write_through=True))
        say("Stopping everything in order ...")


def test_an_import_finds_a_hub_that_starts_a_while_after_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "WAIT_SECONDS", 0.01)
    status = {**DONE, "rejected": 0, "accepted": 3, "decided": 3}
    answers: dict[str, Any] = {"POST /api/v1/batches": [(202, MADE)], f"GET {URL}": [(200, status)]}
    with fake_hub(answers) as first:
        port = first.port
    with ThreadPoolExecutor(1) as threads:
        ending = threads.submit(imported, f"http://127.0.0.1:{port}", file, "--patience", "30")
        with fake_hub(answers, port) as running:
            ended = ending.result()
    assert ended.exit_code == 0
    assert [asked.method for asked in running.asked] == ["POST", "GET"]


def test_a_proxy_for_the_world_outside_is_not_asked_for_a_hub_on_this_machine(file: Path) -> None:
    away = "http://127.0.0.1:9"
    environment = os.environ | {"http_proxy": away, "https_proxy": away, "all_proxy": away, "no_proxy": "example.org"}
    asked = ("import", str(file), "--partner", "police", "--format", "police-street", "--patience", "0.2", "--json")
    with fake_hub({"POST /api/v1/batches": [(202, MADE)], f"GET {URL}": [(200, {**DONE, "rejected": 0})]}) as running:
        command = [sys.executable, "-m", "hub", *asked, "--url", running.url]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert [each.method for each in running.asked] == ["POST", "GET"]


def test_what_is_spared_the_proxy_already_stays_so() -> None:
    assert past_the_proxy({"NO_PROXY": "example.org,localhost"}) == "example.org,localhost,127.0.0.1,::1"


def test_a_batch_that_cannot_be_followed_says_so_with_its_address(file: Path) -> None:
    answers: dict[str, Any] = {
        "POST /api/v1/batches": [(202, MADE)],
        f"GET {URL}": [(500, {"detail": "Something went wrong.", "code": "internal"})],
    }
    with fake_hub(answers) as running:
        ended = imported(running.url, file)
    assert ended.exit_code == 2
    said = " ".join(ended.stderr.split())
    assert f"cannot be followed: Something went wrong. (internal) Its address is {URL}" in said


def test_an_address_that_is_none_is_a_sentence(file: Path) -> None:
    for address in ("127.0.0.1:8000", "localhost"):
        ended = imported(address, file)
        assert (address, ended.exit_code) == (address, 2)
        assert "begins with http:// or https://" in ended.stderr


def test_a_wait_is_as_long_as_the_hub_asks_in_seconds_or_until_a_date() -> None:
    def asking(value: str) -> float:
        return patience.retry_after(httpx2.Response(503, headers={"Retry-After": value}))

    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert asking("7") == 7
    assert 80 < asking(later) <= 90
    assert asking("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert asking("soon") == asking("") == asking("-1") == patience.WAIT_SECONDS


def test_a_refused_file_says_the_problem_in_one_sentence(file: Path) -> None:
    field = {"field": "/Month", "code": "missing", "message": "The column is missing."}
    problem = {"detail": "A column is missing.", "code": "column-missing", "errors": [field]}
    with fake_hub({"POST /api/v1/batches": [(422, problem)]}) as running:
        ended = imported(running.url, file, "--json")
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert "A column is missing. (column-missing) /Month: The column is missing." in ended.stderr


def test_a_failed_batch_is_exit_code_1(file: Path) -> None:
    status = {**DONE, "status": "failed", "rejected": 0, "reason": "gzip-truncated"}
    answers: dict[str, Any] = {"POST /api/v1/batches": [(202, MADE)], f"GET {URL}": [(200, status)]}
    with fake_hub(answers) as running:
        ended = imported(running.url, file)
    assert ended.exit_code == 1
    assert "gzip-truncated" in ended.stderr


def test_a_hub_that_is_not_there_is_a_sentence_and_not_a_traceback(file: Path) -> None:
    ended = imported("http://127.0.0.1:9", file)
    assert ended.exit_code == 2
    said = " ".join(ended.stderr.split())
    assert "The hub does not answer (ConnectError). Trying again every 2 s, for 1 s at most." in said
    assert "Not waited longer than 0.2 s. Send the file again when it is back" in said


def test_a_key_from_the_environment_goes_before_a_demonstrations(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_KEY", "hub_real")
    with fake_hub({}) as running:
        imported(running.url, file)
    assert running.asked[0].headers["Authorization"] == "Bearer hub_real"


def test_a_partner_without_a_key_is_told_how_to_make_one(file: Path) -> None:
    ended = hub("import", str(file), "--partner", "nobody")
    assert ended.exit_code == 2
    assert "hub keys create --partner nobody" in ended.stderr


def _fixed_port(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setattr(Ports, "service", lambda *_: port)


def test_dead_letters_of_all_services_are_one_list(monkeypatch: pytest.MonkeyPatch) -> None:
    letter = {"id": 7, "type": "ReportReceived", "topic": "reports-101", "reason": "decide raised", "waiting": 2}
    pages: dict[str, Any] = {
        "GET /internal/dead-letters": [(200, {"items": [letter], "next": 7}), (200, {"items": [], "next": None})]
    }
    with fake_hub(pages) as running:
        _fixed_port(monkeypatch, running.port)
        ended = hub("dead-letters", "list", "--json")
    document = json.loads(ended.stdout)
    assert document["items"] == [{"service": "intake", **letter}]
    assert document["not_reached"] == []
    assert all(asked.headers["X-Hub-Secret"] for asked in running.asked)


def test_services_that_cannot_be_asked_are_named_and_the_rest_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    _fixed_port(monkeypatch, 9)
    ended = hub("dead-letters", "list", "--json")
    assert ended.exit_code == 2
    assert json.loads(ended.stdout)["not_reached"] == ["intake", "triage", "referrals", "notify", "desk"]
    assert "`hub status` says what runs" in ended.stderr


def test_a_replay_sends_the_mended_body_and_is_exit_code_1_when_it_dies_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mended = tmp_path / "mended.json"
    mended.write_text('{"a": 1}')
    answers: dict[str, Any] = {
        "POST /internal/dead-letters/7/replay": [
            (200, {"replayed": 0, "dead_again": 1, "reason": "decide raised", "numbers": [9]})
        ]
    }
    with fake_hub(answers) as running:
        _fixed_port(monkeypatch, running.port)
        ended = hub("dead-letters", "replay", "triage", "7", "--body", str(mended), "--json")
    assert ended.exit_code == 1
    assert json.loads(running.asked[0].body) == {"body": '{"a": 1}'}
    assert json.loads(ended.stdout)["dead_again"] == 1
    assert "It died again, as number 9: decide raised" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--field", "/a"], "--field and --value come together"),
        (["--value", "1"], "--field and --value come together"),
        (["--field", "/a", "--value", "1", "--body", "BODY"], "Give one of --body"),
        (["--body", "BODY", "--original"], "Give one of --body"),
        (["--field", "/a", "--value", "2026-03-02"], "--value is no JSON"),
        (["--field", "/a", "--value", "NaN"], "--value is no JSON"),
        (["--body", "BODY"], "is not UTF-8"),
        (["--body", "MISSING"], "does not exist"),
    ],
)
def test_a_replay_that_says_two_things_or_half_of_one_is_refused_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], said: str
) -> None:
    files = {"BODY": tmp_path / "body.json", "MISSING": tmp_path / "missing.json"}
    files["BODY"].write_bytes(b"caf\xe9")
    given = [str(files.get(each, each)) for each in arguments]
    with fake_hub({}) as running:
        _fixed_port(monkeypatch, running.port)
        ended = hub("dead-letters", "replay", "triage", "7", *given)
    assert (ended.exit_code, running.asked) == (2, [])
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["--field", "/a", "--value", '"2026-03-02"'], {"field": "/a", "value": "2026-03-02"}),
        (["--field", "/a", "--value", "null"], {"field": "/a", "value": None}),
        (["--original"], {"original": True}),
        ([], {"original": False}),
    ],
)
def test_a_replay_sends_what_is_mended(monkeypatch: pytest.MonkeyPatch, arguments: list[str], sent: Any) -> None:
    answers: dict[str, Any] = {"POST /internal/dead-letters/7/replay": [(200, {"replayed": 1, "dead_again": 0})]}
    with fake_hub(answers) as running:
        _fixed_port(monkeypatch, running.port)
        ended = hub("dead-letters", "replay", "triage", "7", *arguments)
    assert ended.exit_code == 0
    assert json.loads(running.asked[0].body) == sent


def test_a_service_that_does_not_exist_is_refused_with_those_that_do() -> None:
    for arguments in (("run", "triarge"), ("dead-letters", "show", "triarge", "1")):
        ended = hub(*arguments)
        assert ended.exit_code == 2
        assert "There are: intake, triage, referrals, notify, desk." in ended.stderr


def test_luton_passes_its_check_as_one_json_document() -> None:
    ended = hub("check", "partnership", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["ok"] is True


def test_a_start_with_a_mistake_in_the_partnerships_files_names_file_and_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = shutil.copytree(LUTON, tmp_path / "luton", ignore=shutil.ignore_patterns("training", "reader"))
    partners = wrong / "partners.yaml"
    partners.write_text(partners.read_text().replace("channel: partner", "channel: pigeon", 1))
    monkeypatch.setattr(migrate, "_provision", _provisioned)
    monkeypatch.setenv("HUB_PARTNERSHIP", str(wrong))
    ended = hub("migrate")
    assert ended.exit_code == 2
    assert "partners.yaml:11: `channel`" in ended.stderr
    assert "hub check partnership" in ended.stderr


async def _provisioned(_: Settings) -> None:
    """The database is not asked."""


def test_status_without_a_run_is_one_json_document() -> None:
    ended = hub("status", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["running"] is False


def test_the_doctor_names_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_hub({}) as running:
        monkeypatch.setenv("HUB_PORT_BASE", str(running.port - 11))
        ended = hub("doctor", "--json")
    assert ended.exit_code == 1
    says = [each["says"] for each in json.loads(ended.stdout)["findings"] if each["check"] == "port"]
    assert any(each.startswith(f"{running.port}, for the trace viewer, is taken by ") for each in says)


def test_every_command_has_help_and_loads_alone() -> None:
    for name in COMMANDS:
        assert hub(name, "--help").exit_code == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HUB_PORT_BASE", "abc-secret", "HUB_PORT_BASE: Input should be a valid integer"),
        ("HUB_PORT_BASE", "65500", "HUB_PORT_BASE: Input should be less than or equal to 65442"),
        ("HUB_DEMONSTRATION", "maybe-secret", "HUB_DEMONSTRATION: Input should be a valid boolean"),
        ("HUB_SENTENCE_MODELS", "/secret,/b", "sentence_models"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named_in_a_sentence_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["hub", "check", "partnership"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in told
    assert "secret" not in told


@pytest.mark.parametrize("command", ["keys create --partner police --scope batches", "import FILE --partner police"])
def test_a_command_with_a_mistake_in_the_partnerships_files_names_file_and_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, file: Path, command: str
) -> None:
    wrong = shutil.copytree(LUTON, tmp_path / "luton", ignore=shutil.ignore_patterns("training", "reader"))
    partners = wrong / "partners.yaml"
    partners.write_text(partners.read_text().replace("channel: partner", "channel: pigeon", 1))
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("HUB_PARTNERSHIP", str(wrong))
    monkeypatch.setattr(sys, "argv", ["hub", *command.replace("FILE", str(file)).split()])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "partners.yaml:11: `channel`" in told
    assert "hub check partnership" in told


def test_a_key_of_a_scope_that_there_is_not_is_refused() -> None:
    ended = hub("keys", "create", "--partner", "police", "--scope", "batches", "--scope", "everything")
    assert ended.exit_code == 2
    assert "There is no scope everything. There are: reports, batches, calls, open311, decisions." in ended.stderr


def test_a_key_of_a_name_that_is_taken_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def taken(*_: object) -> str:
        raise IntegrityError("INSERT", {}, ValueError())

    monkeypatch.setattr(keys, "_intake", lambda _: nullcontext())
    monkeypatch.setattr("services.intake.keys.create", taken)
    ended = hub("keys", "create", "--partner", "police", "--scope", "batches", "--name", "nightly")
    assert ended.exit_code == 2
    assert "There is a key 'nightly' already. Choose another --name" in ended.stderr


def test_keys_of_a_hub_that_does_not_run_say_where_they_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT_BASE", "9000")
    monkeypatch.setattr(Ports, "postgres", 9)
    ended = hub("keys", "list")
    assert ended.exit_code == 2
    assert "Intake's database at 127.0.0.1:9 refused" in ended.stderr
    assert "`hub status` says where" in ended.stderr


TEXTS = [{"description": f"Noise, night {number}.", "themes": [], "flags": []} for number in range(42)]


def _taught(folder: Path, learned_from: str | None, count: int = UPPER) -> Path:
    """A partnership with texts in two files, and layers that learned from those with that digest; None: none."""
    (folder / "training").mkdir()
    for name, texts in (("reports-none", TEXTS[:21]), ("various", TEXTS[21:])):
        lines = "".join(f"{json.dumps(text)}\n" for text in texts)
        (folder / "training" / f"{name}.jsonl").write_text(lines)
    if learned_from is not None:
        head = {name: np.zeros(1, np.float32) for name in HEAD}
        parts = {*MATRICES, *(f"{name}_step" for name in MATRICES), *(f"{name}_ease" for name in TAKING)}
        blocks = {name: np.zeros((count, 1, 1), np.float32) for name in parts}
        save(Layers(("none",), ("harm",), learned_from, blocks, head), folder / LAYERS)
    return folder


@pytest.mark.parametrize(
    ("learned_from", "says"),
    [
        (None, "The partnership has no reader/layers.npz: `hub tune` makes it"),
        ("0a1b2c3d", "learned from other texts"),
        (words_digest_of(TEXTS[21:]), "learned from other texts"),
        (words_digest_of(TEXTS[:20]), "learned from other texts"),
    ],
)
def test_layers_are_taught_further_only_on_the_texts_that_taught_them(
    tmp_path: Path, learned_from: str | None, says: str
) -> None:
    """Before anything is fetched: other texts hold other ones out, and figures would be of texts that taught."""
    told = hub("tune", "--further", "--partnership", str(_taught(tmp_path, learned_from)))
    assert told.exit_code == 2
    assert says in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_as_many_layers_are_taught_further_as_triage_reads(tmp_path: Path) -> None:
    told = hub("tune", "--further", "--partnership", str(_taught(tmp_path, words_digest_of(TEXTS), UPPER - 1)))
    assert told.exit_code == 2
    assert f"holds {UPPER - 1} layers, not {UPPER}" in told.stderr


def test_halfway_is_between_what_a_further_course_begins_with_and_makes(tmp_path: Path) -> None:
    told = hub("tune", "--halfway", "--partnership", str(_taught(tmp_path, words_digest_of(TEXTS))))
    assert told.exit_code == 2
    assert "--halfway goes with --further" in told.stderr


@pytest.mark.parametrize("taught", [21, 42])
def test_layers_are_taught_further_on_files_of_texts_that_came_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taught: int
) -> None:
    def _begun(_: Path) -> None:
        raise CannotStart("It would fetch the model now.")

    monkeypatch.setattr("hub.tune.published", _begun)
    told = hub("tune", "--further", "--partnership", str(_taught(tmp_path, words_digest_of(TEXTS[:taught]))))
    assert "It would fetch the model now." in told.stderr
