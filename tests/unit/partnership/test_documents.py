"""A partnership's YAML is read by libyaml as YAML 1.2's own parser reads it: the same words, at the same lines."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from ruamel.yaml import YAML

from services.partnership.documents import Document, Problem, compose, parse_document

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "partnerships").rglob("*.yaml"))
PASSAGES = {
    "a word that is YAML 1.1's no": "a: no\nb: 'no'\nc: \"null\"\nd: null",
    "a list in one line": "a: [b, 'c', {d: e}, x:y, ]",
    "words over two lines": "a: 'b\n  c'\nd: |2\n   e\nf: >-\n  g\n  h",
    "an anchor": "a: &x {b: 1}\nc: *x",
    "a comment and a letter that is not ASCII": "a: é #c\nb: x#c",
    "a list below its key": "a:\n- b\n-\n  - c",
    "nothing": "# only this",
}


def told(node: Any) -> Any:
    """Everything that is used of a node: what it is, what it holds, whether it is quoted, and its line."""
    if node is None:
        return None
    line = node.start_mark.line
    if node.id == "mapping":
        return line, [(told(key), told(value)) for key, value in node.value]
    if node.id == "sequence":
        return line, [told(each) for each in node.value]
    return line, node.value, bool(node.style)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "partnerships")))
def test_each_file_of_a_partnership_is_read_as_by_the_parser_of_yaml_1_2(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert told(yaml.compose(text, Loader=yaml.CSafeLoader)) == told(YAML(typ="safe", pure=True).compose(text))


@pytest.mark.parametrize("text", PASSAGES.values(), ids=PASSAGES)
def test_a_passage_is_read_as_by_the_parser_of_yaml_1_2(text: str) -> None:
    assert told(yaml.compose(text, Loader=yaml.CSafeLoader)) == told(YAML(typ="safe", pure=True).compose(text))


def test_what_libyaml_does_not_take_is_read_by_the_parser_of_yaml_1_2() -> None:
    text = "a: \x85b\nc: d"
    with pytest.raises(yaml.YAMLError):
        yaml.compose(text, Loader=yaml.CSafeLoader)

    problems: list[Problem] = []
    document = parse_document(text, "a.yaml", problems)

    assert isinstance(document, Document)
    assert (list(document.data), document.data["c"], problems) == (["a", "c"], "d", [])


def test_words_keep_their_lines_and_no_is_a_word() -> None:
    problems: list[Problem] = []
    document = parse_document("a: no\n\nb:\n  - 'true'\n  - true\n  - 1.5", "a.yaml", problems)

    assert isinstance(document, Document)
    assert (document.data, problems) == ({"a": "no", "b": ["true", True, 1.5]}, [])
    assert (document.line(("b", 2)), compose("")) == (6, None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12", 12),
        ("-3", -3),
        ("0.25", 0.25),
        ("1e3", 1000.0),
        ("~", None),
        ("nan", "nan"),
        ("inf", "inf"),
        ("1_000", "1_000"),
        ("10:30", "10:30"),
        ("2026-11-27", "2026-11-27"),
        ("'12'", "12"),
    ],
)
def test_an_unquoted_word_is_a_number_only_where_yaml_1_2_says_so(written: str, meant: object) -> None:
    document = parse_document(f"a: {written}\n", "a.yaml", [])
    assert document is not None
    assert document.data == {"a": meant}
    assert type(document.data["a"]) is type(meant)
