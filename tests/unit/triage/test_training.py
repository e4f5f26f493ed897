"""Training learns from texts alone, tells how it reads what it did not see, and gives the same reader again."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from hub.embeddings import Remembered
from services.kernel.references import reference
from services.triage.domain.lexicon import Lexicon, read_lexicon
from services.triage.domain.reading import HARM, NONE, Reading
from services.triage.lessons import HELD_OUT, SITTING
from services.triage.rehearsal import rehearsed
from services.triage.rule_set import read_rules
from services.triage.second_reader import Said, SecondReader, Vector, save
from services.triage.training import Trained, trained

LUTON = Path(__file__).parents[3] / "partnerships" / "luton"
TELLS = {"town-centre": "begging", "asb-environmental": "mattress", NONE: "pothole"}
FILLERS = ["again", "near", "the", "old", "bridge", "monday", "nobody", "came", "although", "we", "rang", "twice"]


class ByWord:
    """Puts a text where its words are, and scores nothing: a stand-in for the sentence models that needs no file."""

    def __init__(self, scores: int = 5) -> None:
        self.placed, self.scored, self._scores = 0, 0, np.zeros(scores, np.float32)

    def embed(self, text: str) -> Said:
        self.scored += 1
        return Said(self.meaning(text), self._scores)

    def meaning(self, text: str) -> Vector:
        self.placed += 1
        seeds = [int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) for word in text.split()]
        made = sum((np.random.default_rng(seed).standard_normal(300) for seed in seeds), np.zeros(300))
        return np.asarray(made, np.float32)


class Knowing(ByWord):
    """Knows besides, by the last word's number, what is due: as layers would that were taught well."""

    def embed(self, text: str) -> Said:
        number = int(text.rpartition("word")[2])
        known = [list(TELLS)[number % 3] == theme for theme in ("asb-environmental", "town-centre", NONE)]
        return Said(self.meaning(text), np.array([*known, number % 9 == 0, number % 9 == 0], np.float32))


def texts(count: int = 90) -> list[dict[str, Any]]:
    """Texts of three kinds in turn; a third of the town centre's tell of a child."""
    made = []
    for number in range(count):
        theme = list(TELLS)[number % 3]
        words = [TELLS[theme], *FILLERS[number % 8 : number % 8 + 4], f"word{number}"]
        child = theme == "town-centre" and number % 9 == 0
        made.append(
            {
                "description": " ".join([*words, "toddler"] if child else words),
                "themes": [] if theme == NONE else [theme],
                "flags": ["child"] if child else [],
            }
        )
    return made


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return read_lexicon((LUTON / "triage" / "lexicon.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made(lexicon: Lexicon) -> Trained:
    return trained(texts(), lexicon, ByWord(), "by-word")


def test_what_was_learned_is_read_out_of_new_words(made: Trained, lexicon: Lexicon) -> None:
    reader = SecondReader(made.model, ByWord())
    read = reader.read("a mattress since monday", lexicon)
    assert max(read.themes, key=lambda theme: read.themes[theme]) == "asb-environmental"
    assert sum(read.themes.values()) == pytest.approx(1, abs=1e-3)
    with_child, without = (reader.read(f"begging {word}", lexicon).flags for word in ("toddler", "again"))
    assert with_child["child"] > without["child"]
    assert with_child[HARM] > without[HARM]


def test_a_quoted_reference_does_not_change_what_is_read(made: Trained, lexicon: Lexicon) -> None:
    reader = SecondReader(made.model, ByWord())
    plain = reader.read("a mattress since monday, told as", lexicon)
    for number in range(5):
        told = reference("R", UUID(int=number << 90))
        assert reader.read(f"a mattress since monday, told as {told}", lexicon) == plain


def test_each_text_is_measured_by_a_reader_that_did_not_see_its_sitting(lexicon: Lexicon) -> None:
    """A label that stands in one sitting alone cannot be known to a reader without that sitting."""
    known = texts((2 * HELD_OUT + 1) * SITTING)
    for text in known[:SITTING]:
        text["themes"] = ["hate-extremism"]
    made = trained(known, lexicon, ByWord(6), "by-word")
    assert all(reading.themes["hate-extremism"] < 0.5 for reading in made.readings[:SITTING])
    assert made.report["f1"]["hate-extremism"] == 0
    assert made.report["texts"] == len(known)
    assert [text["description"] for text in made.held_out] == [
        text["description"] for number, text in enumerate(known) if number // SITTING % HELD_OUT == 0
    ]
    assert len(made.readings) == len(made.held_out)


def test_what_the_embedder_knows_besides_counts_by_as_much_as_it_helps(lexicon: Lexicon) -> None:
    hard = [text | {"description": f"nothing to go by word{number}"} for number, text in enumerate(texts())]
    made, knowing = (trained(hard, lexicon, each, "any") for each in (ByWord(), Knowing()))
    assert (knowing.model.shares > 0).all()
    assert len(set(knowing.model.shares[:3])) == 1, "themes are weighed against each other"
    missed = [
        sum(
            1 - read.themes[text["themes"][0] if text["themes"] else NONE]
            for read, text in zip(each.readings, each.held_out, strict=True)
        )
        for each in (made, knowing)
    ]
    assert missed[1] < missed[0] / 10


def test_a_single_sitting_is_refused_with_how_many_texts_are_needed(lexicon: Lexicon) -> None:
    with pytest.raises(ValueError, match=f"at least {SITTING + 1} are needed"):
        trained(texts()[:SITTING], lexicon, ByWord(), "by-word")


def test_the_same_texts_give_the_same_reader(made: Trained, lexicon: Lexicon, tmp_path: Path) -> None:
    again = trained(texts(), lexicon, ByWord(), "by-word")
    assert again.report == made.report
    save(made.model, tmp_path / "one.npz")
    save(again.model, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_the_rehearsal_counts_what_is_decided_and_what_is_right(made: Trained) -> None:
    shares = rehearsed(made.held_out, made.readings, read_rules(LUTON))
    assert shares["right"] > 0.6
    assert 0 <= shares["none_routed_alone"] <= shares["none_with_a_theme"] <= 1


def test_the_rehearsal_counts_harm_that_is_found_false_and_unseen() -> None:
    words = ["He had a knife.", "Somebody is begging.", "They sharpen knives on the market."]
    told = [
        {"description": text, "themes": ["town-centre"], "flags": flags}
        for text, flags in zip(words, [["weapon"], ["child"], []], strict=True)
    ]
    sure = Reading("test", {"town-centre": 0.97, NONE: 0.03}, {"weapon": 0.6, "child": 0.0, HARM: 0.0})
    blind = Reading("test", {"town-centre": 0.97, NONE: 0.03}, {"weapon": 0.0, "child": 0.0, HARM: 0.0})
    shares = rehearsed(told, [sure, blind, sure], read_rules(LUTON))
    assert (shares["harm_recall"], shares["harm_precision"], shares["harmed_unseen"]) == (0.5, 0.5, 0.5)


def test_a_text_that_is_remembered_is_not_read_again(tmp_path: Path) -> None:
    model = ByWord()
    first = Remembered(model, tmp_path / "kept" / "embedded.npz")
    said = first.meaning("a lad")
    first.keep()
    again = Remembered(model, tmp_path / "kept" / "embedded.npz")
    assert (again.meaning("a lad") == said).all()
    assert (model.placed, model.scored) == (1, 0)
    assert (again.embed("a lad").scores == model.embed("a lad").scores).all()


def test_only_what_is_held_out_is_asked_for_scores(lexicon: Lexicon) -> None:
    model = ByWord()
    made = trained(texts(), lexicon, model, "by-word")
    assert model.placed == len(texts()) + len(made.held_out)
    assert model.scored == len(made.held_out)


def test_what_an_older_model_said_is_neither_used_nor_kept(tmp_path: Path) -> None:
    file, model = tmp_path / "embedded.npz", ByWord()
    np.savez(file, keys=np.array(["of an older model"]), meanings=np.zeros((1, 7)))
    remembered = Remembered(model, file)
    said = remembered.meaning("a lad")
    remembered.keep()
    with np.load(file, allow_pickle=False) as kept:
        assert "of an older model" not in kept["keys"].tolist()
        assert (kept["meanings"] == [said]).all()
