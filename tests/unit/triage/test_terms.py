"""Terms are found in one pass, with their gaps, choices and sets, and a turn of the sentence ends a "no"."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.domain.lexicon import Lexicon
from services.triage.domain.terms import Found, TermMalformed, Terms
from services.triage.domain.words import words_of

SETS: dict[str, list[object]] = {"age": [14, "fifteen"], "partner": ["husband", "ex partner"]}
CONTENT = {
    "sets": SETS,
    "negations": {"before": ["no"], "after": ["not seen"], "mistaken": ["turned out to be", "for a play"]},
    "historic": ["years ago", "used to"],
    "hypothetical": ["in case"],
    "figurative": ["murder a pint"],
    "idle": ["no doubt", "knife (he |)used to"],
    "signals": {"weapon": ["kni(fe|ves)"], "injury": ["bleeding"], "fight": ["murder", "hands round my neck"]},
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
        ("No doubt he has a knife", [("weapon", None)]),
        ("The knife he used to frighten us", [("weapon", None)]),
        ("he used to carry a knife", [("weapon", "historic")]),
        ("we split up years ago and tonight he had a knife", [("weapon", None)]),
        ("bleeding, suspect not seen", [("injury", None)]),
        ("I said no and he got a knife", [("weapon", None)]),
    ],
)
def test_a_hit_says_how_it_is_meant(text: str, marks: list[tuple[str, str | None]]) -> None:
    assert [(hit.signal, hit.mark) for hit in Lexicon(CONTENT).hits(text)] == marks


def test_spans_are_code_points_of_the_text_as_it_was_sent() -> None:
    hit = Lexicon(CONTENT).hits("İ said: “don’t”, a KNIFE 😀")[0]
    assert (hit.text, hit.start, hit.end) == ("KNIFE", 19, 24)


@given(st.text(st.sampled_from("aB1é_ '’.;!?\n,-“–İſßﬁﬃ\t😀"), max_size=30), st.sampled_from(["", "İbrahim's "]))
def test_the_span_of_a_hit_holds_its_words_whatever_stands_before_it(before: str, name: str) -> None:
    text = f"{before} {name}KNI'FE"
    hit = Lexicon(CONTENT).hits(text)[-1]
    assert (hit.text, hit.end) == ("KNI'FE", len(text))


def test_a_hint_is_not_a_signal() -> None:
    assert [(hit.signal, hit.sure) for hit in Lexicon(CONTENT).hits("three lads")] == [("child", False)]


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("He put his hands\nround my neck", [("fight", None)]),
        ("He put his hands\r\nround my neck", [("fight", None)]),
        ("He put his hands\n\nround my neck", []),
        ("He put his hands\nRound my neck", []),
        ("we looked everywhere in the house and there was no\nknife", [("weapon", "negated")]),
        ("no answer\nbleeding", [("injury", None)]),
    ],
)
def test_a_sentence_goes_on_where_a_line_was_wrapped_and_ends_where_one_was_ended(
    text: str, marks: list[tuple[str, str | None]]
) -> None:
    assert [(hit.signal, hit.mark) for hit in Lexicon(CONTENT).hits(text)] == marks


@pytest.mark.parametrize(
    "written", ["kni\u00adfe", "kni\u200bfe", "kni\u0301fe", "\uff2b\uff2e\uff29\uff26\uff25", "knife\ufe0f"]
)
def test_what_is_not_seen_within_a_word_hides_it_from_nobody(written: str) -> None:
    (hit,) = Lexicon(CONTENT).hits(f"He has a {written}")
    assert hit.signal == "weapon"
    assert written.startswith(hit.text)


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("Oﬃcer’s log: a kniﬂe, a knife", ["knife"]),
        ("he ﬁred, he's got 2 ﬂuﬀy knives", ["knives"]),
        ("an ex-oﬃcer's ﬁrearm’s case", ["ﬁrearm’s"]),
        ("ﬁve kni\u00adves by the ﬁre", ["kni\u00adves"]),
    ],
)
def test_letters_that_a_printer_tied_together_are_read_as_letters_and_keep_their_place(
    text: str, hit: list[str]
) -> None:
    signals = {"weapon": ["kni(fe|ves)", "firearm(s|)"]}
    hits = Lexicon({**CONTENT, "signals": signals}).hits(text)
    assert [each.text for each in hits] == hit
    assert [text[each.start : each.end] for each in hits] == hit


@pytest.mark.parametrize("mark", "’‘ʼ´`＇")
def test_every_apostrophe_is_one(mark: str) -> None:
    assert words_of(f"didn{mark}t") == ["didnt"]


def test_a_state_is_whole_before_another_thread_can_meet_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = Terms([("x", "he hit _ hard"), ("y", "hit me")])
    met: list[list[Found]] = []
    within, state_of = 0, Terms._state

    def meanwhile(self: Terms, nodes: Iterable[Any]) -> Any:
        nonlocal within
        if within == 1:
            within += 1
            met.append(self.found(words_of("he hit me so hard")))
        within += 1
        state = state_of(self, nodes)
        within -= 1
        return state

    monkeypatch.setattr(Terms, "_state", meanwhile)
    found = terms.found(words_of("he hit me so hard"))
    assert found == [("y", 1, 2), ("x", 0, 4)]
    assert met == [found]
