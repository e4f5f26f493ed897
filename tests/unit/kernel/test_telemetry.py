"""No personal data in a log, even when something raises; and which traces are kept."""

import json
import logging

import pytest
import structlog

from services.kernel.settings import Settings
from services.kernel.telemetry import configure_logs, is_sampled, trace_id_of

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


TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(("flags", "kept"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_the_sampled_bit_decides_whatever_other_flags_stand_beside_it(flags: str, kept: bool) -> None:
    traceparent = f"00-{TRACE}-b7ad6b7169203331-{flags}"
    assert is_sampled(traceparent) is kept
    assert trace_id_of(traceparent) == TRACE


@pytest.mark.parametrize("sent", [None, "", "1", "00-zz-b7-01", "a-b-c-xyz", f"00-{TRACE}-b7ad6b7169203331-01; drop"])
def test_what_is_no_traceparent_is_no_trace(sent: str | None) -> None:
    assert not is_sampled(sent)
    assert trace_id_of(sent) is None
