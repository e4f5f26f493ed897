"""References that can be said on the phone."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.references import (
    ALPHABET,
    ReferenceMistyped,
    quoted,
    reference,
    tidy_reference,
    without_references,
)


@given(st.uuids())
def test_a_reference_is_found_again_however_it_is_typed(identity: UUID) -> None:
    made = reference("R", identity)
    for typed in (made, made.lower(), made.replace("-", ""), made.replace("-", " "), f" {made} "):
        assert tidy_reference(typed) == made


@given(st.uuids(), st.integers(0, 8), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_noticed(identity: UUID, place: int, other: str) -> None:
    text = reference("C", identity).replace("-", "")
    wrong = text[: place + 1] + other + text[place + 2 :]
    if wrong != text:
        with pytest.raises(ReferenceMistyped):
            tidy_reference(wrong)


@given(st.uuids(), st.integers(0, 7))
def test_every_swap_of_two_neighbours_is_noticed(identity: UUID, place: int) -> None:
    text = list(reference("C", identity).replace("-", ""))
    text[place + 1], text[place + 2] = text[place + 2], text[place + 1]
    if "".join(text) != reference("C", identity).replace("-", ""):
        with pytest.raises(ReferenceMistyped):
            tidy_reference("".join(text))


@pytest.mark.parametrize("typed", ["", "R", "R-7CK", "C-OOO-OOO-OOO", "R-7CK-4WN-2QP-9", "£"])
def test_what_is_no_reference_is_refused(typed: str) -> None:
    with pytest.raises(ReferenceMistyped):
        tidy_reference(typed)


def test_making_it_again_gives_the_same() -> None:
    identity = uuid4()
    assert reference("F", identity) == reference("F", identity)


@given(st.uuids())
def test_a_quoted_reference_is_found_and_taken_out_of_the_words(identity: UUID) -> None:
    made = reference("R", identity)
    assert list(quoted(f"Told to 101 as {made.lower()}. Again.")) == [(made.lower(), made)]
    assert without_references(f"Told to 101 as {made}. Again.") == "Told to 101 as  . Again."


def test_a_word_that_has_the_form_of_a_reference_is_no_reference() -> None:
    assert not list(quoted("We researched it."))
    assert without_references("We researched it.") == "We researched it."


def test_plain_words_that_look_like_a_reference_stay() -> None:
    assert [words for words, _ in quoted("rape and get")] == ["rape and get"]
    assert without_references("rape and get") == "rape and get"
