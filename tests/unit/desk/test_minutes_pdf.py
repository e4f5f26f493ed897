"""The PDF of minutes says what the page says: every word of the record, with its title and language set."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from services.desk import minutes_pdf
from services.desk.minutes import DRAFT, WITHHELD, Item, Line, Record

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
DIGEST = "9f" * 32
RECORD = Record(
    title="Town Centre Intervention Group: minutes",
    subtitle="Thursday 5 March 2026, 10:00",
    facts=(("Chair", "Ruth Pellow"), ("Quorum", "1 of 2 agencies, no quorum")),
    attendance=(("Police", "Present", "Sgt Colm Ferris"), ("The Mall", "Apologies", "")),
    items=(
        Item(
            1,
            "Begging · Manchester Street · 3 reports",
            "F-3QH-8KT-2AB, case C-7CK-4WN-2QP",
            (Line("Help is coordinated", "Zoë Łukaszewicz‑Ștefan goes first.", "Minuted by Ruth Pellow", False),),
            (Line("Asha Venn", WITHHELD, "By Friday 13 March 2026"),),
        ),
    ),
    not_reached=("Noise · Bank Close (F-9BX-5MC-111)",),
    signed="Signed off by Ruth Pellow, chair, on Thursday 5 March 2026, 12:00",
    digest=DIGEST,
    copy="Copy for Joss Wimbley, The Mall: matters of cases that her agency may not see are not in it.",
)


def read(record: Record) -> tuple[PdfReader, str]:
    """The file as a reader opens it, and its text with the breaks of lines taken out."""
    found = PdfReader(io.BytesIO(minutes_pdf.rendered(record, NOW)))
    return found, " ".join(" ".join(page.extract_text() for page in found.pages).split())


def test_every_word_of_the_record_is_in_the_text_of_the_pdf() -> None:
    _, text = read(RECORD)
    (item,) = RECORD.items
    said = [RECORD.title, RECORD.subtitle, RECORD.signed, DIGEST, RECORD.copy, item.title, item.references]
    said += [f"{name}: {value}" for name, value in RECORD.facts]
    said += ["Police: Present, Sgt Colm Ferris", "The Mall: Apologies", *RECORD.not_reached]
    said += [each for line in (*item.decisions, *item.actions) for each in (line.head, line.words, line.beneath)]
    squeezed = text.replace(" ", "")
    missing = [each for each in said if each.replace(" ", "") not in squeezed]
    assert missing == []
    assert "No quorum" in text
    assert DRAFT not in text


def test_its_title_language_and_outline_are_set() -> None:
    found, _ = read(RECORD)
    assert found.metadata is not None
    assert found.metadata.title == f"{RECORD.title}, {RECORD.subtitle}"
    assert str(found.root_object["/Lang"]) == "en-GB"
    named = [str(each["/Title"]) for each in found.outline if isinstance(each, dict)]
    assert named == ["Attendance", "What was decided", "Due and not reached", "Signature"]


def structure(found: PdfReader) -> list[tuple[str, int, int]]:
    """The elements of the document in reading order: kind, page from 0 on, number of the marked content there."""
    pages = {page.indirect_reference.idnum: number for number, page in enumerate(found.pages)}  # type: ignore[union-attr]
    root: Any = found.root_object["/StructTreeRoot"]
    (document,) = (each.get_object() for each in root["/K"])
    assert document["/S"] == "/Document"
    elements = [each.get_object() for each in document["/K"]]
    return [(str(each["/S"]), pages[each.raw_get("/Pg").idnum], int(each["/K"][0])) for each in elements]


def marked(page: Any) -> tuple[list[tuple[str, int]], int]:
    """The marked contents of a page as it is drawn, and how much text stands in none of them and in no artifact."""
    opened: list[str] = []
    kinds, outside = [], 0
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        if operator in (b"BDC", b"BMC"):
            opened.append(str(operands[0]))
            kinds += [(str(operands[0]), int(operands[1]["/MCID"]))] if operator == b"BDC" else []
        elif operator == b"EMC":
            opened.pop()
        elif operator in (b"Tj", b"TJ"):
            outside += not opened
    assert opened == []
    return kinds, outside


@pytest.mark.parametrize("items", [1, 39])
def test_every_text_of_it_is_in_its_structure_in_reading_order_or_is_marked_as_repeating(items: int) -> None:
    (item,) = RECORD.items
    long = replace(item.decisions[0], words="Outreach goes first, and again. " * 120)
    some = tuple(replace(item, number=number, decisions=(long,)) for number in range(1, items + 1))
    found, _ = read(replace(RECORD, items=some))
    mark_info: Any = found.root_object["/MarkInfo"]
    assert mark_info["/Marked"].value is True
    elements = structure(found)
    drawn = [marked(page) for page in found.pages]
    assert sum(outside for _, outside in drawn) == 0
    assert elements == [(kind, page, number) for page, (kinds, _) in enumerate(drawn) for kind, number in kinds]
    headings = [kind for kind, _, _ in elements if kind.startswith("/H")]
    assert headings == ["/H1", "/H2", "/H2", *["/H3"] * items, "/H2", "/H2"]
    parents: Any = found.root_object["/StructTreeRoot"]
    numbered = dict(zip(parents["/ParentTree"]["/Nums"][::2], parents["/ParentTree"]["/Nums"][1::2], strict=True))
    for page, (kinds, _) in zip(found.pages, drawn, strict=True):
        assert len(numbered[page["/StructParents"]]) == len(kinds)


def test_a_viewer_shows_its_title_and_not_the_name_of_its_file() -> None:
    found, _ = read(RECORD)
    preferences: Any = found.root_object["/ViewerPreferences"]
    assert preferences["/DisplayDocTitle"].value is True


def test_unsigned_minutes_say_so() -> None:
    _, text = read(replace(RECORD, signed="", digest=""))
    assert DRAFT in text
    assert "They wait for the chair’s signature." in text


@pytest.mark.parametrize("name", ["Łukasz", "Ștefănescu", "Müller", "Ελένη", "Жанна"])
def test_letters_beyond_western_europes_are_drawn_and_can_be_copied(name: str) -> None:
    _, text = read(replace(RECORD, signed=f"Signed off by {name}"))
    assert name in text


def test_a_long_record_goes_on_over_pages_that_each_carry_the_marking() -> None:
    (item,) = RECORD.items
    found, _ = read(replace(RECORD, items=tuple(replace(item, number=number) for number in range(1, 40))))
    assert len(found.pages) > 3
    assert all("OFFICIAL-SENSITIVE" in page.extract_text() for page in found.pages)
