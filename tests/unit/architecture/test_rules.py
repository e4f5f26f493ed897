"""Each rule is shown failing, and the repository is shown keeping them all."""

from pathlib import Path

import pytest

from services.desk.error_codes import ERRORS
from tests.unit.architecture.codes import codes_in, codes_of
from tests.unit.architecture.rules import FILE_LINES, FUNCTION_LINES, findings

ROOT = Path(__file__).parents[3]
CHECKED = ("services", "schemas", "hub", "deploy")
HEAD = '"""What it is for."""\n'
LONG_FUNCTION = "def f() -> None:\n" + "    x = 1\n" * FUNCTION_LINES

MISTAKES = [
    ("a service imports another", "services/triage/app.py", "from services.referrals.domain import cases\n", "imports"),
    ("the kernel imports a service", "services/kernel/loop.py", "import services.intake.app\n", "imports"),
    ("the kernel imports the contracts", "services/kernel/loop.py", "import schemas.events\n", "imports"),
    ("schemas import a service", "schemas/events.py", "from services.kernel import loop\n", "schemas import"),
    ("a service imports the command line", "services/intake/app.py", "import hub.main\n", "imports"),
    ("the kernel says a word of the domain", "services/kernel/loop.py", "x = 'referral'\n", "the kernel says"),
    ("a query in a route", "services/intake/api.py", "x = 'SELECT 1 FROM reports'\n", "a query outside"),
    ("a query that a route sends", "services/intake/api.py", "c.execute(x)\n", "execute outside"),
    ("a query in a command", "hub/keys.py", "c.fetchval('select 1')\n", "fetchval outside"),
    ("a table that is filled in a command", "hub/keys.py", "c.copy_records_to_table('keys')\n", "outside a repository"),
    ("a query that is built in a route", "services/desk/api.py", "from sqlalchemy import select\n", "by SQLAlchemy"),
    ("a producer by the library's name", "hub/x.py", "p = aiokafka.AIOKafkaProducer()\n", "a producer of its own"),
    (
        "a producer from within the library",
        "hub/x.py",
        "from aiokafka.producer import AIOKafkaProducer\n",
        "of its own",
    ),
    ("a publisher of the framework", "services/intake/app.py", "broker.publisher('x')\n", "publishes with publisher"),
    ("a publish in a command", "hub/bench.py", "p.send_batch(x)\n", "publishes with send_batch"),
    (
        "a producer beside the relay's",
        "deploy/x.py",
        "from aiokafka import AIOKafkaProducer\n",
        "a producer of its own",
    ),
    ("a publish in a consumer", "services/intake/consumers.py", "p.send_and_wait('x')\n", "publishes"),
    ("a file that is too long", "services/intake/api.py", "x = 1\n" * (FILE_LINES + 1), "lines"),
    ("a function that is too long", "services/intake/api.py", LONG_FUNCTION, "f has"),
    ("a module called utils", "services/intake/utils.py", "", "a module called utils"),
    ("a broad except", "services/intake/api.py", "try:\n    pass\nexcept Exception:\n    pass\n", "a broad except"),
    ("a bare except", "services/intake/api.py", "try:\n    pass\nexcept:\n    pass\n", "a broad except"),
    ("a file that does not parse", "services/intake/api.py", "def\n", "does not parse"),
]


@pytest.mark.parametrize(("what", "path", "source", "expected"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_a_mistake_is_found(what: str, path: str, source: str, expected: str) -> None:
    assert any(expected in finding for finding in findings(Path(path), HEAD + source)), what


def test_a_module_that_does_not_say_what_it_is_for_is_found() -> None:
    assert findings(Path("services/intake/api.py"), "x = 1\n") == [
        "services/intake/api.py:1: no sentence says what the module is for"
    ]


def test_a_module_that_keeps_the_rules_is_left_alone() -> None:
    source = HEAD + "from schemas.events import Actor\nfrom services.kernel.decision import Keys\n"
    assert findings(Path("services/intake/domain.py"), source) == []


def test_the_repository_keeps_every_rule() -> None:
    modules = [path for folder in CHECKED for path in (ROOT / folder).rglob("*.py")]
    assert len(modules) > 40
    found = [line for path in modules for line in findings(path.relative_to(ROOT), path.read_text())]
    assert not found, "\n".join(found)


def test_codes_are_found_where_problems_and_refusals_are_built() -> None:
    source = 'Problem(422, "one", "…")\nRefused("stale", "two", "…")\nRefused("three", "…")\n_refused("four", "…", x)\n'
    assert list(codes_in(source)) == ["one", "two", "three", "four"]


def test_every_code_that_a_client_may_meet_is_explained() -> None:
    services = [path for path in (ROOT / "services").iterdir() if path.is_dir() and path.name != "partnership"]
    found = {code: path for service in services for code, path in codes_of(service).items()}
    assert len(found) > 40
    missing = {code: str(path.relative_to(ROOT)) for code, path in found.items() if code not in ERRORS}
    assert not missing, f"explain these in services/desk/error_codes.py: {missing}"
