"""The partnership's own layers learn what they are taught, and are kept as they were."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.triage import tuning
from services.triage.layers import HEAD, HEADS, LAYERS, MATRICES, TAKING, Layers, in_steps, load, plain, save
from services.triage.lessons import (
    HELD_OUT,
    SITTING,
    Texts,
    digest_of,
    due_of,
    flags_of,
    held_out,
    themes_of,
    words_digest_of,
)
from services.triage.second_reader import Vector, WeightsUnusable
from services.triage.tuning import Lesson, greatest, halfway, new_head, scores, tuned

WIDTH, WIDE, DEPTH = 4 * HEADS, 96, 2
APART = np.zeros((HEADS, 40, 40), np.float32)
THEMES, FLAGS = ("a", "b", "none"), ("child", "harm")


def blocks(seed: int = 7) -> dict[str, Vector]:
    """Layers that know nothing yet."""
    chance = np.random.default_rng(seed)
    shapes = dict.fromkeys(MATRICES, (WIDTH, WIDTH)) | {"wide": (WIDTH, WIDE), "narrow": (WIDE, WIDTH)}
    made = {name: chance.normal(0, 0.1, (DEPTH, *shape)) for name, shape in shapes.items()}
    made |= {f"{name}_bias": chance.normal(0, 0.1, (DEPTH, shape[1])) for name, shape in shapes.items()}
    for name in ("attended", "narrow"):
        made |= {f"{name}_scale": np.ones((DEPTH, WIDTH)), f"{name}_shift": np.zeros((DEPTH, WIDTH))}
    return {name: array.astype(np.float32) for name, array in made.items()}


def reached(most: float = 1.0) -> dict[str, Vector]:
    """How great numbers get: one of each layer so great, all others 1."""
    made = {name: np.ones((DEPTH, WIDE if name == "narrow" else WIDTH), np.float32) for name in TAKING}
    for array in made.values():
        array[:, 5] = most
    return made


def layers(seed: int = 7, **changes: Any) -> Layers:
    """Whole layers with a head."""
    whole: dict[str, Any] = {"blocks": in_steps(blocks(seed), reached()), "head": full_head(seed + 1)}
    return Layers(themes=THEMES, flags=FLAGS, learned_from="0a1b2c3d", **(whole | changes))


def full_head(seed: int = 8) -> dict[str, Vector]:
    """A head that says something."""
    chance = np.random.default_rng(seed)
    empty = new_head(WIDTH, len(THEMES) + len(FLAGS))
    return {name: chance.normal(0, 0.1, empty[name].shape).astype(np.float32) for name in HEAD}


def tokens(count: int, seed: int = 3) -> Vector:
    """So many tokens of a text."""
    return np.random.default_rng(seed).standard_normal((count, WIDTH)).astype(np.float32)


def taught_scores(learned: dict[str, Vector], head: Mapping[str, Vector], texts: list[Vector]) -> Vector:
    """What is said of texts where layers are taught, side by side, filled up to one length."""
    parts = [{name: array[number] for name, array in learned.items()} for number in range(DEPTH)]
    length = max(map(len, texts))
    filled, seen = np.full((len(texts), length, WIDTH), 9, np.float32), np.zeros((len(texts), length), bool)
    for place, text in enumerate(texts):
        filled[place, : len(text)], seen[place, : len(text)] = text, True
    return np.asarray(scores({"blocks": parts, "head": head}, APART, filled, seen))


def test_what_a_text_is_filled_up_with_is_not_seen() -> None:
    made, text = layers(), tokens(5)
    alone = taught_scores(blocks(), made.head, [text])
    beside = taught_scores(blocks(), made.head, [text, tokens(9, 4)])
    assert beside[0] == pytest.approx(alone[0], abs=1e-4)


def test_scores_are_of_the_mean_and_the_greatest_of_the_tokens() -> None:
    made, told = layers(), tokens(6)
    said = made.says(told)
    assert (made.says(told[::-1]) == pytest.approx(said, abs=1e-5)) and said.shape == (5,)
    greater = told.copy()
    greater[0] += 9
    assert (made.says(greater) != said).all()


def test_a_score_listens_to_its_phrase_wherever_it_stands() -> None:
    """One token of a long text is enough, and other scores hear nothing of it."""
    quiet = {name: np.zeros_like(array) for name, array in full_head().items()}
    quiet["sought"][7, 1], quiet["said"][7, 1] = 5, 2
    made, text = layers(head=quiet), np.zeros((60, WIDTH), np.float32)
    text[41, 7] = 3
    assert made.says(text) == pytest.approx([0, 6, 0, 0, 0], abs=0.01)
    assert made.says(text[::-1]) == pytest.approx(made.says(text), abs=1e-4)


def test_a_matrix_is_kept_in_steps_of_its_columns() -> None:
    given, kept = blocks(), in_steps(blocks(), reached())
    back = plain(kept)
    assert back.keys() == given.keys()
    for name in MATRICES:
        assert kept[name].dtype == np.int8
        assert np.abs(kept[name]).max(1).min() == 127
        assert np.corrcoef(back[name].ravel(), given[name].ravel())[0, 1] > 0.999
    assert (kept["wide_bias"] == given["wide_bias"]).all()


def test_a_number_that_gets_greater_than_the_others_leaves_them_their_steps() -> None:
    """Of tokens told in steps of the greatest number, as the engine reads them, little is lost where it is eased."""
    told = tokens(30) * np.where(np.arange(WIDTH) == 5, 50, 1).astype(np.float32)
    matrix = blocks()["wide"][0]

    def lost(most: float) -> float:
        kept = in_steps(blocks(), reached(most))
        eased = told * kept["wide_ease"][0]
        step = np.abs(eased).max() / 127
        said = np.round(eased / step) * step @ (kept["wide"][0] * kept["wide_step"][0])
        return float(np.abs(said - told @ matrix).mean())

    assert lost(50.0) < lost(1.0) / 4


def test_how_great_numbers_get_is_of_all_tokens_of_all_texts() -> None:
    most = greatest(blocks(), APART, [tokens(5), tokens(9, 4)])
    assert most.keys() == TAKING.keys()
    both = np.abs(np.concatenate([tokens(5), tokens(9, 4)])).max(0)
    assert most["query"][0] == pytest.approx(both)
    assert most["narrow"].shape == (DEPTH, WIDE)


def test_how_far_tokens_stand_apart_counts() -> None:
    made, text = layers(), tokens(6)[None]
    parts = [{name: array[number] for name, array in blocks().items()} for number in range(DEPTH)]
    parameters, seen = {"blocks": parts, "head": made.head}, np.ones((1, 6), bool)
    near = APART - np.abs(np.arange(40)[:, None] - np.arange(40)[None, :]).astype(np.float32)
    plainly, nearer = (np.asarray(scores(parameters, apart, text, seen)) for apart in (APART, near))
    assert np.abs(plainly - nearer).max() > 1e-3


def test_kept_layers_are_what_was_saved_byte_by_byte(tmp_path: Path) -> None:
    made = layers()
    save(made, tmp_path / LAYERS)
    kept = load(tmp_path)
    assert (kept.themes, kept.flags, kept.learned_from) == (THEMES, FLAGS, "0a1b2c3d")
    assert kept.name == made.name
    assert (kept.says(tokens(8)) == made.says(tokens(8))).all()
    first = (tmp_path / LAYERS).read_bytes()
    save(kept, tmp_path / LAYERS)
    assert (tmp_path / LAYERS).read_bytes() == first


def test_other_numbers_have_another_name() -> None:
    assert layers().name == layers().name
    assert layers().name != layers(8).name
    assert layers().name != layers(head=full_head() | {"bias": np.zeros(5, np.float32)}).name


def cut_off(file: Path) -> None:
    """Half of it."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (Path.unlink, "The partnership has no reader/layers.npz: `hub tune` makes it"),
        (cut_off, r"reader/layers.npz cannot be read \(\w+\): `hub tune` makes it"),
        (lambda file: np.savez(file, told=np.zeros(2, np.uint8)), "cannot be read"),
    ],
)
def test_layers_that_are_not_there_or_not_whole_are_refused_with_what_to_do(
    tmp_path: Path, harm: Callable[[Path], None], says: str
) -> None:
    save(layers(), tmp_path / LAYERS)
    harm(tmp_path / LAYERS)
    with pytest.raises(WeightsUnusable, match=says):
        load(tmp_path)


def lesson() -> Lesson:
    """Texts of two themes and none; what tells them apart is one number of one token, whichever."""
    chance = np.random.default_rng(11)
    themes = np.arange(192) % 3
    lengths = chance.integers(3, 30, len(themes))
    bounds = np.cumsum([0, *lengths])
    told = chance.standard_normal((bounds[-1], WIDTH)).astype(np.float16)
    for number, theme in enumerate(themes):
        told[bounds[number] + chance.integers(lengths[number]), theme] = 6
    flags = np.stack([themes == 0, themes == 0], 1).astype(np.float32)
    return Lesson(told, bounds, themes, flags, APART)


Learned = tuple[dict[str, Vector], dict[str, Vector]]
OUTPUTS = len(THEMES) + len(FLAGS)


@pytest.fixture(scope="module")
def taught() -> Learned:
    """What became of layers in a lesson."""
    return tuned(blocks(), new_head(WIDTH, OUTPUTS), lesson(), lambda _: None, epochs=100)


@pytest.fixture(scope="module")
def further(taught: Learned) -> Learned:
    """What became of these in a further course of two rounds."""
    return tuned(*taught, lesson(), lambda _: None, epochs=2)


def said_of_lesson(learned: Learned) -> Vector:
    """Scores of the lesson's texts."""
    given = lesson()
    texts = [given.tokens[first:last].astype(np.float32) for first, last in itertools.pairwise(given.bounds)]
    return taught_scores(*learned, texts)


def right(learned: Learned) -> float:
    """Of how many of the lesson's texts the theme is told."""
    return float((said_of_lesson(learned)[:, :3].argmax(1) == lesson().themes).mean())


def test_what_was_taught_is_known(taught: Learned) -> None:
    assert right(taught) > 0.9
    assert ((said_of_lesson(taught)[:, 3] > 0) == lesson().flags[:, 0]).mean() > 0.9


def test_the_same_lesson_teaches_the_same(taught: Learned) -> None:
    again = tuned(blocks(), new_head(WIDTH, OUTPUTS), lesson(), lambda _: None, epochs=100)
    for one, other in zip(again, taught, strict=True):
        assert all((one[name] == other[name]).all() for name in other)


def test_a_further_course_goes_on_from_where_the_layers_stand(taught: Learned, further: Learned) -> None:
    """Two rounds of a course are not enough to begin with, and enough to keep what is known."""
    begun = tuned(blocks(), new_head(WIDTH, OUTPUTS), lesson(), lambda _: None, epochs=2)
    assert right(begun) < 0.7 < 0.9 < right(further)
    assert any((further[0][name] != taught[0][name]).any() for name in MATRICES)


def test_halfway_between_two_courses_lies_what_knows_what_both_know(taught: Learned, further: Learned) -> None:
    (before, head), (after, said) = taught, further
    between = halfway(before, after)
    assert between.keys() == before.keys()
    assert all((2 * between[name] == pytest.approx(before[name] + after[name], abs=1e-5)) for name in MATRICES)
    assert right((between, halfway(head, said))) > 0.9


def test_at_each_step_a_share_of_what_layers_add_and_heads_are_told_is_silent_in_all_tokens_of_a_text_alike() -> None:
    chance, given = np.random.default_rng(0), lesson()
    (_, _, loud, *_), (_, _, other, *_) = (tuning._filled(given, np.arange(8), chance, 9) for _ in range(2))
    assert loud.shape == (9, tuning.TOGETHER, 1, WIDTH)
    assert (loud == 0).mean() == pytest.approx(tuning.SILENT, abs=0.02)
    assert loud.mean() == pytest.approx(1, abs=0.02), "what is told aloud makes up for it"
    assert (loud != other).any()


def test_a_further_course_takes_texts_in_another_order_and_hides_others_of_their_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filled = tuning._filled

    def course(head: Mapping[str, Vector]) -> list[tuple[Any, Any]]:
        seen: list[tuple[Any, Any]] = []

        def noted(given: Lesson, rows: Any, chance: np.random.Generator, places: int) -> Any:
            batch = filled(given, rows, chance, places)
            seen.append((tuple(rows), batch[1].tobytes() + batch[2].tobytes()))
            return batch

        monkeypatch.setattr(tuning, "_filled", noted)
        tuned(blocks(), head, lesson(), lambda _: None, epochs=1)
        return seen

    fresh = new_head(WIDTH, OUTPUTS)
    first, again, further = course(fresh), course(fresh), course(full_head())
    assert first == again
    assert [rows for rows, _ in first] != [rows for rows, _ in further]
    assert not {hidden for _, hidden in first} & {hidden for _, hidden in further}


def test_texts_become_numbers_by_their_labels() -> None:
    texts: Texts = [{"themes": ["b", "a"], "flags": ["child"]}, {"themes": [], "flags": []}]
    assert (themes_of(texts), flags_of(texts)) == (THEMES, FLAGS)
    assert due_of(texts, THEMES, FLAGS).tolist() == [[0, 1, 0, 1, 1], [0, 0, 1, 0, 0]]
    assert digest_of(texts) != digest_of(texts[::-1])


def test_what_layers_learned_from_is_known_by_its_words_though_a_label_was_corrected() -> None:
    texts: Texts = [{"description": word, "themes": [], "flags": []} for word in ("one", "two")]
    corrected: Texts = [texts[0], {**texts[1], "flags": ["child"]}]
    assert words_digest_of(corrected) == words_digest_of(texts)
    assert words_digest_of(texts[::-1]) != words_digest_of(texts)
    assert digest_of(corrected) != digest_of(texts)


def test_each_so_many_th_sitting_is_held_out_whole() -> None:
    kept = held_out(2 * HELD_OUT * SITTING + 5)
    assert np.flatnonzero(kept[: HELD_OUT * SITTING]).tolist() == list(range(SITTING))
    assert (kept[HELD_OUT * SITTING : 2 * HELD_OUT * SITTING] == kept[: HELD_OUT * SITTING]).all()
    assert kept[-5:].all()
