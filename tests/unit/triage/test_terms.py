"""Terms are found in one pass, with their gaps, choices and sets, and a turn of the sentence ends a "no"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.domain.lexicon import Lexicon
from services.triage.domain.terms import TermMalformed, Terms, words_of

SETS: dict[str, list[object]] = {"age": [14, "fifteen"], "partner": ["husband", "ex partner"]}
CONTENT = {
    "sets": SETS,
    "negations": {"before": ["no"], "after": ["not seen"], "mistaken": ["turned out to be", "for a play"]},
    "historic": ["years ago"],
    "hypothetical": ["in case"],
    "figurative": ["murder a pint"],
    "signals": {"weapon": ["kni(fe|ves)"], "injury": ["bleeding"], "fight": ["murder"]},
    "hints": {"child": ["lad(s|)"]},
}


@pytest.mark.parametrize(
    ("term", "text", "said"),
    [
        ("kni(fe|ves)", "Two KNIVES seen", (1, 1)),
        ("m <age>", "MISPER M 14 since noon", (1, 2)),
        ("<partner> _ hit", "my ex partner has just now hit me", (1, 6)),
        ("(a |the |)(bat|iron bar)", "had the iron bar", (1, 3)),
        ("(cut|sliced) (open|(his|her) (arm|face))", "he cut her face", (1, 3)),
        ("won't let her", "he wont let her out", (1, 3)),
    ],
)
def test_a_term_is_found_where_it_stands(term: str, text: str, said: tuple[int, int]) -> None:
    found = [(first, last) for _, first, last in Terms([("x", term)], SETS).found(words_of(text))]
    assert said in found


@pytest.mark.parametrize("text", ["a knifeman", "my ex. Partner hit", "my husband and then a b c d hit"])
def test_a_term_is_not_found_in_part_or_across_clauses(text: str) -> None:
    assert Terms([("x", "kni(fe|ves)"), ("x", "<partner> _ hit")], SETS).found(words_of(text)) == []


@pytest.mark.parametrize("term", ["kni(fe", "kni)fe(", "a <town>"])
def test_a_malformed_term_is_refused(term: str) -> None:
    with pytest.raises(TermMalformed):
        Terms([("x", term)], SETS)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("No knife, bleeding from the head", [("weapon", "negated"), ("injury", None)]),
        ("knife not seen", [("weapon", "negated")]),
        ("a knife in his hand, turned out to be a comb", [("weapon", "negated")]),
        ("bleeding for a play", [("injury", "negated")]),
        ("a knife. The rest turned out to be a tale", [("weapon", None)]),
        ("Knives were there years ago", [("weapon", "historic")]),
        ("I could murder a pint", [("fight", "figurative")]),
        ("keeps it in case of a knife", [("weapon", "hypothetical")]),
    ],
)
def test_a_hit_says_how_it_is_meant(text: str, marks: list[tuple[str, str | None]]) -> None:
    assert [(hit.signal, hit.mark) for hit in Lexicon(CONTENT).hits(text)] == marks


def test_spans_are_code_points_of_the_text_as_it_was_sent() -> None:
    hit = Lexicon(CONTENT).hits("İ said: “don’t”, a KNIFE 😀")[0]
    assert (hit.text, hit.start, hit.end) == ("KNIFE", 19, 24)


@given(st.text(st.sampled_from("aB1é_ '’.;!?\n,-“–İſß\t😀"), max_size=30), st.sampled_from(["", "İbrahim's "]))
def test_the_span_of_a_hit_holds_its_words_whatever_stands_before_it(before: str, name: str) -> None:
    text = f"{before} {name}KNI'FE"
    hit = Lexicon(CONTENT).hits(text)[-1]
    assert (hit.text, hit.end) == ("KNI'FE", len(text))


def test_a_hint_is_not_a_signal() -> None:
    assert [(hit.signal, hit.sure) for hit in Lexicon(CONTENT).hits("three lads")] == [("child", False)]
