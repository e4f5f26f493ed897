"""What `make clean` deletes, and what it does not."""

from pathlib import Path

import pytest

from deploy.local.clean import clean
from deploy.local.home import Home
from deploy.local.trouble import CannotStart


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The folder of a run that has ended."""
    made = Home(tmp_path / "data")
    for folder in ("java", "postgres"):
        (made.path / folder).mkdir(parents=True)
    for name in ("lock", "secrets.json", "postgres/PG_VERSION"):
        (made.path / name).touch()
    return made


def left(home: Home) -> set[str]:
    return {each.name for each in home.path.iterdir()}


def test_data_and_secrets_go_where_the_question_that_names_them_is_answered_with_yes(home: Home) -> None:
    asked: list[str] = []

    def yes(question: str) -> str:
        asked.append(question)
        return "y"

    clean(home, yes)
    assert left(home) == {"java", "lock"}
    assert str(home.path) in asked[0]
    assert "secrets" in asked[0]


def test_any_other_answer_deletes_nothing(home: Home) -> None:
    with pytest.raises(CannotStart, match="Nothing is deleted"):
        clean(home, lambda _: "")
    assert left(home) == {"java", "lock", "postgres", "secrets.json"}


def test_beneath_a_running_hub_nothing_is_asked_and_nothing_deleted(home: Home) -> None:
    with home.alone(), pytest.raises(CannotStart, match="already runs from"):
        clean(home, lambda _: "y")
    assert left(home) == {"java", "lock", "postgres", "secrets.json"}


def test_a_folder_from_which_no_hub_has_run_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    with pytest.raises(CannotStart, match="No hub has run"):
        clean(Home(tmp_path), lambda _: "y")
    assert (tmp_path / "letters").exists()


def test_folders_that_are_links_are_unlinked_and_not_followed(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (home.path / "mail").symlink_to(elsewhere)
    clean(home, lambda _: "y")
    assert (elsewhere / "kept").exists()
    assert left(home) == {"java", "lock"}
