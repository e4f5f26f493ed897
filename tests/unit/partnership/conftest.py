"""A copy of Luton's folder that a test may break, and what the check then says."""

import functools
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from services.partnership import documents
from services.partnership.checks import report
from services.partnership.loading import load_partnership
from services.partnership.models import Partnership
from services.partnership.table_contract import CONTRACTS
from services.partnership.table_file import read_table
from services.partnership.table_lint import lint
from services.partnership.tables import CompiledTables, load_tables, vocabulary_of

LUTON = Path(__file__).parents[3] / "partnerships" / "luton"
TODAY = date(2026, 6, 1)

Break = Callable[[str, str, str], list[str]]


@pytest.fixture(scope="session", autouse=True)
def _each_text_is_parsed_once() -> Iterator[None]:
    """Hundreds of copies that differ in one line are read here; parsing is pure and most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "compose", functools.cache(documents.compose))
        yield


@pytest.fixture(scope="session")
def luton() -> Partnership:
    return load_partnership(LUTON)


@pytest.fixture(scope="session")
def tables(luton: Partnership) -> CompiledTables:
    return load_tables(LUTON, luton)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LUTON, tmp_path / "luton"))


@pytest.fixture
def broken(folder: Path) -> Break:
    """Replace the first `old` in a file by `new`, and give what the check then says, problem by problem."""

    def replace(file: str, old: str, new: str) -> list[str]:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, "the test must break something that is there"
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return [str(problem) for problem in report(folder, TODAY).problems]

    return replace


@pytest.fixture
def broken_table(folder: Path, luton: Partnership, tables: CompiledTables) -> Break:
    """Replace the first `old` in a table by `new`, and give what the lint of that table then says."""

    def replace(name: str, old: str, new: str) -> list[str]:
        file = folder / "triage" / f"{name}.json"
        text = file.read_text(encoding="utf-8")
        assert old in text, "the test must break something that is there"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        table = read_table(file, name, CONTRACTS[name])
        lint(table, CONTRACTS[name], vocabulary_of(luton) | {"signals": tables.vocabulary("signals", "signal")})
        return [str(problem) for problem in table.problems]

    return replace
