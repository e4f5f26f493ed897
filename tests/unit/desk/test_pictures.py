"""What the pages compute before they are drawn: the flow, the hops, the balance, a conflict, a mended letter."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.desk.conflict_page import wanted, words_of
from services.desk.flow import Node, drawn
from services.desk.hops import numbers, slowest
from services.desk.operations_pages import _repair
from services.kernel.http import Problem
from services.kernel.operations import Repair, mend

ROOT = Path(__file__).parents[3]
METRICS = """
# TYPE hub_hop_seconds histogram
hub_hop_seconds_bucket{le="0.05",source="decisions"} 90
hub_hop_seconds_bucket{le="0.1",source="decisions"} 96
hub_hop_seconds_bucket{le="+Inf",source="decisions"} 100
hub_hop_seconds_count{source="decisions"} 100
hub_hop_seconds_sum{source="decisions"} 4
hub_hop_seconds_bucket{le="0.05",source="cases"} 0
hub_hop_seconds_bucket{le="+Inf",source="cases"} 0
hub_hop_seconds_count{source="cases"} 0
hub_hop_seconds_sum{source="cases"} 0
"""


def test_a_hop_is_the_bound_under_which_95_of_100_stay_and_unused_ones_are_left_out() -> None:
    found = slowest(numbers({"referrals": METRICS}).hops)
    assert [(hop.source, hop.seconds, hop.count, hop.mean) for hop in found] == [("decisions", 0.1, 100, 0.04)]
    assert found[0].words == "under 100 ms"


def test_streams_leave_a_box_at_its_full_width_and_boxes_of_one_column_do_not_overlap() -> None:
    columns = (
        [Node("101", "101 calls", 30), Node("online", "Online form", 10)],
        [Node("a", "A", 25), Node("b", "B", 15)],
        [Node("x", "X", 40)],
        [Node("mash", "MASH", 3)],
    )
    streams: tuple[dict[tuple[str, str], int], ...] = (
        {("101", "a"): 20, ("101", "b"): 10, ("online", "a"): 5, ("online", "b"): 5},
        {("a", "x"): 25, ("b", "x"): 15},
        {("x", "mash"): 3},
    )
    found = drawn(columns, streams)
    assert len(found.bands) == 7
    for x in {node.x for node in found.nodes}:
        column = sorted((node for node in found.nodes if node.x == x), key=lambda node: node.y)
        assert all(above.y + above.height <= below.y for above, below in pairwise(column))
        assert column[-1].y + column[-1].height <= found.height


@pytest.mark.parametrize(
    ("name", "sent", "field", "expected"),
    [
        ("take", {}, "owner", "me"),
        ("assign", {"owner": "her"}, "owner", "her"),
        ("reroute", {"lead_agency": "probation"}, "lead_agency", "probation"),
        ("close", {"outcome": "x"}, "status", "closed"),
        ("note", {"text": "x"}, "owner", "old"),
    ],
)
def test_a_stale_command_says_what_the_case_would_have_become(
    name: str, sent: dict[str, Any], field: str, expected: str
) -> None:
    was = {"owner": "old", "lead_agency": "police", "status": "open"}
    assert wanted(name, "me", was, sent)[field] == expected


def test_what_she_wrote_is_kept_whole() -> None:
    assert words_of({"reason": "Because.", "owner": "her", "text": "A note."}) == "A note.\nBecause."


def test_one_field_of_a_dead_letter_is_mended_without_its_body_being_read() -> None:
    body = json.dumps({"report": {"channel": "fax", "revision": 1}, "list": [{"a": 1}]}).encode()
    mended = mend(body, Repair(field="/report/channel", value="online"))
    assert mended is not None
    assert json.loads(mended)["report"] == {"channel": "online", "revision": 1}
    assert mend(body, Repair()) is None
    again = mend(body, Repair(field="/list/0/a", value=None))
    assert again is not None
    assert json.loads(again)["list"] == [{"a": None}]


@pytest.mark.parametrize("field", ["/report/nothing", "/nothing/at", "/list/7", "/list/-1", "/list/-1/a", ""])
def test_a_field_that_is_not_there_is_refused_and_nothing_is_mended(field: str) -> None:
    with pytest.raises(Problem, match="field"):
        mend(b'{"report": {}, "list": [{"a": 1}]}', Repair(field=field, value=1))


@pytest.mark.parametrize("body", ["", "milk, bread", "[]", "null", '"{}"'])
def test_a_body_that_is_no_object_is_refused_and_nothing_is_mended(body: str) -> None:
    with pytest.raises(Problem) as refused:
        mend(b"{", Repair(body=body))
    assert [each.field for each in refused.value.errors] == ["/body"]
    assert mend(b"{", Repair(body='{"a": 1}')) == b'{"a": 1}'


@pytest.mark.parametrize(
    "repair",
    [
        {"field": "/report/channel"},
        {"value": "online"},
        {"field": "/report/channel", "value": "online", "body": "{}"},
        {"body": "{}", "original": True},
    ],
)
def test_a_repair_says_one_thing_and_all_of_it(repair: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Repair.model_validate(repair)


def test_the_page_sends_no_value_that_nobody_wrote() -> None:
    assert _repair({"field": "/a", "value": ""}) == {"field": "/a"}
    assert _repair({"field": "/a", "value": "null"}) == {"field": "/a", "value": None}
    assert _repair({"field": "/a", "value": "2026-03-02"}) == {"field": "/a", "value": "2026-03-02"}
