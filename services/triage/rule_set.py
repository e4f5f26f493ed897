"""Makes the rules that decide out of documents: decision tables and lexicon, under one name."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from services.partnership.documents import PartnershipInvalid, missing_file, read_text
from services.partnership.documents import Problem as Mistake
from services.partnership.live_themes import live_themes
from services.partnership.loading import load_partnership
from services.partnership.models import Partnership
from services.partnership.table_contract import CONTRACTS
from services.partnership.tables import FOLDER, CompiledTables, compile_tables, written_tables
from services.triage.domain.deciding import Rules
from services.triage.domain.evidence import Reader
from services.triage.domain.golden import FILE as GOLDEN
from services.triage.domain.golden import GoldenCase, failures, read_golden
from services.triage.domain.lexicon import FILE, read_lexicon
from services.triage.domain.lexicon_lint import lexicon_problems
from services.triage.domain.places import Places
from services.triage.domain.rule_versions import Documents

TABLES = {f"{name}.json": name for name in CONTRACTS}
SHIPPED = UUID("6d8f1b42-3c0d-5a1e-9b7c-2f4e8a90c1d3")
"""Namespace of the commands by which a process says what its folder holds."""
NAMES = (*TABLES, FILE, GOLDEN)
"""The files of a partnership's triage folder that make a rule set; a version has its golden cases with it."""


def shipped_documents(path: Path) -> dict[str, str]:
    """The documents in the partnership's folder; one that is missing is left out."""
    return documents_in(path / FOLDER)


def documents_in(folder: Path) -> dict[str, str]:
    """The documents in a triage folder; one that is missing is left out. Raises `PartnershipInvalid` where one is not
    UTF-8."""
    problems: list[Mistake] = []
    files = {name: folder / name for name in NAMES if (folder / name).is_file()}
    found = {name: read_text(file, f"{FOLDER}/{name}", problems) for name, file in files.items()}
    if problems:
        raise PartnershipInvalid(problems)
    return {name: text for name, text in found.items() if text is not None}


def digest_of(documents: Documents) -> str:
    """Twelve hexadecimal digits over every document: equal ones mean equal rules."""
    digest = hashlib.blake2b(digest_size=6)
    for name in sorted(documents):
        digest.update(name.encode() + b"\0" + hashlib.blake2b(documents[name].encode()).digest())
    return digest.hexdigest()


def rule_set_name(partnership: Partnership, digest: str, number: int | None = None) -> str:
    """What decisions carry: the partnership's version (its thresholds count too), the rule set's number and digest."""
    return f"{partnership.version}+" + (f"r{number}." if number else "") + f"t{digest}"


def digest_in(rule_set: str) -> str:
    """The digest of the documents that a rule set's name ends with."""
    return rule_set.rpartition("t")[2]


def tables_of(documents: Documents) -> Mapping[str, str]:
    """The decision tables' texts by table name."""
    return {table: documents[name] for name, table in TABLES.items() if name in documents}


def compiled(documents: Documents, partnership: Partnership, number: int | None = None) -> Rules:
    """The rules that these documents make. Raises `PartnershipInvalid` with every mistake in the tables."""
    tables, problems = compile_tables(tables_of(documents), partnership)
    if FILE not in documents:
        problems.append(missing_file(f"{FOLDER}/{FILE}"))
    if problems or tables is None:
        raise PartnershipInvalid(problems)
    return _rules(documents, tables, partnership, number)


def _rules(documents: Documents, tables: CompiledTables, partnership: Partnership, number: int | None = None) -> Rules:
    reader = Reader(read_lexicon(documents[FILE]), tables, Places(partnership), partnership.zone)
    return Rules(partnership, reader, rule_set_name(partnership, digest_of(documents), number))


def read_rules(path: Path) -> Rules:
    """The rules in a partnership's folder. Raises what the partnership's loader raises."""
    return compiled(shipped_documents(path), load_partnership(path))


def golden_cases(path: Path) -> tuple[GoldenCase, ...]:
    """The agreed decisions in a partnership's folder, none where there is no file. Raises `PartnershipInvalid`."""
    documents = shipped_documents(path)
    cases, problems = read_golden(documents[GOLDEN]) if GOLDEN in documents else ((), [])
    if problems:
        raise PartnershipInvalid(problems)
    return cases


@dataclass(frozen=True, slots=True)
class Judged:
    """What is wrong in documents, by cell, and which golden cases they fail."""

    mistakes: tuple[Mistake, ...] = ()
    failures: tuple[str, ...] = ()
    cases: int = 0


def judged(documents: Documents, partnership: Partnership, cases: tuple[GoldenCase, ...], day: date) -> Judged:
    """Everything that keeps these documents from deciding, as they are written on `day`; `cases` are tried where they
    have none of their own."""
    if GOLDEN in documents:
        cases, mistaken = read_golden(documents[GOLDEN])
        if mistaken:
            return Judged(tuple(mistaken), cases=len(cases))
    tables, problems = written_tables(tables_of(documents), partnership, day)
    if FILE not in documents:
        problems.append(missing_file(f"{FOLDER}/{FILE}"))
    if tables is None or problems:
        return Judged(tuple(problems))
    mistakes = lexicon_mistakes(documents, tables, partnership, day)
    if mistakes:
        return Judged(tuple(mistakes))
    return Judged(failures=failures(cases, _rules(documents, tables, partnership)), cases=len(cases))


def lexicon_mistakes(
    documents: Documents, tables: CompiledTables, partnership: Partnership, day: date
) -> list[Mistake]:
    """What is wrong in the lexicon beside these tables and the themes that reports are decided by on `day`."""
    known, not_ours = tables.vocabulary("signals", "signal"), tables.vocabulary("elsewhere", "signal")
    return lexicon_problems(documents[FILE], known, not_ours, live_themes(partnership, day))


def triage_problems(path: Path, partnership: Partnership, day: date) -> list[Mistake]:
    """What is wrong on `day` in the folder's lexicon and golden cases, and which of these its rules fail."""
    try:
        found = judged(shipped_documents(path), partnership, (), day)
    except PartnershipInvalid as invalid:
        return invalid.problems
    failing = [Mistake(f"{FOLDER}/{GOLDEN}", 1, failure) for failure in found.failures]
    return [*found.mistakes, *failing]
