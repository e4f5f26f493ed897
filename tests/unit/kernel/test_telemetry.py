"""No personal data in a log, even when something raises."""

import json
import logging

import pytest
import structlog

from services.kernel.settings import Settings
from services.kernel.telemetry import configure_logs

SECRET = "Leah Sorrel"


def raise_with_words() -> None:
    words = SECRET
    raise ValueError(words)


@pytest.mark.parametrize("logger", ["ours", "a library's"])
def test_an_exception_is_logged_by_class_and_place_never_by_its_words(
    logger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("probe", Settings())
    try:
        raise_with_words()
    except ValueError:
        if logger == "ours":
            structlog.get_logger().exception("it_failed")
        else:
            logging.getLogger("library").exception("It failed")
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["error"] == "ValueError"
    assert any("raise_with_words" in place for place in line["places"])
    assert SECRET not in json.dumps(line)
