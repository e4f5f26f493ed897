"""The minutes as a tagged PDF: the same record as on the page, with its structure, to be searched and read aloud."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.prefs import ViewerPreferences

from services.desk.minutes import DRAFT, MARKING, NO_QUORUM, NOT_READ, Item, Line, Record

FONTS = Path(__file__).parent / "fonts"
FONT, OTHER_LETTERS = "Inter", "DejaVu"
LANGUAGE, MARGIN, GREY, BLACK = "en-GB", 20.0, 90, 20
BODY, SMALL, HEAD, TITLE = 10.5, 8.5, 13.0, 17.0
"""Sizes in points; margins in millimetres."""


ARTIFACT = "Artifact"
"""What repeats on every page belongs to the sheet, not to the record: it is not read aloud."""


class _Sheet(FPDF):
    """A4 pages with marking and title at the head of each, whose copy and which page at its foot.

    Every text stands in an element of the document's structure (H1 to H3, P), in the order in which it is read. The
    library builds the tree and writes only pictures and links into it; marking text is done here, by the same means.
    """

    def __init__(self, record: Record, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._record = record
        self._tag: str | None = None
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        for family, name in ((FONT, "inter"), (OTHER_LETTERS, "dejavu")):
            self.add_font(family, "", FONTS / f"{name}-regular.ttf")
            self.add_font(family, "B", FONTS / f"{name}-bold.ttf")
        self.set_fallback_fonts([OTHER_LETTERS])
        self.set_title(f"{record.title}, {record.subtitle}")
        self.set_lang(LANGUAGE)
        self.set_creator("Community safety hub")
        self.set_creation_date(made_at)
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, MARGIN)
        self.add_page()

    def add_page(self, *given: Any, **more: Any) -> None:
        """The next page. An element that goes on over it is closed before and goes on after it."""
        going_on = self._tag
        if going_on is not None:
            self._close()
        super().add_page(*given, **more)
        if going_on is not None:
            self._open(going_on)

    @contextmanager
    def tagged(self, tag: str) -> Iterator[None]:
        """What is written inside is an element of that kind."""
        self._open(tag)
        yield
        self._close()

    def _open(self, tag: str) -> None:
        self._tag = tag
        if tag == ARTIFACT:
            self._out(f"/{ARTIFACT} BMC")
            return
        number = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{tag}", mcid=number)
        self._out(f"/{tag} <</MCID {number}>> BDC")

    def _close(self) -> None:
        self._tag = None
        self._out("EMC")

    def header(self) -> None:
        """Its marking stands on every page."""
        self.write_line(
            f"{MARKING} · {self._record.title}, {self._record.subtitle}", SMALL, grey=True, space=4, tag=ARTIFACT
        )

    def footer(self) -> None:
        """Whose copy it is, and the number of the page."""
        self.set_y(-MARGIN + 4)
        self.set_font(FONT, "", SMALL)
        self.set_text_color(GREY)
        with self.tagged(ARTIFACT):
            self.cell(0, 4, f"{MARKING} · page {self.page_no()} of {{nb}}", align="R")

    def write_line(
        self, words: str, size: float, *, bold: bool = False, grey: bool = False, space: float = 1, tag: str = "P"
    ) -> None:
        """A paragraph over the whole width, then `space` millimetres."""
        self.set_font(FONT, "B" if bold else "", size)
        self.set_text_color(GREY if grey else BLACK)
        with self.tagged(tag):
            self.multi_cell(0, size * 0.5, words, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(space)

    def heading(self, words: str) -> None:
        """The heading of a part, which readers find in the outline."""
        self.ln(3)
        self.start_section(words)
        self.write_line(words, HEAD, bold=True, tag="H2")


def rendered(record: Record, made_at: datetime) -> bytes:
    """The record as a tagged PDF file: title, language, headings and paragraphs in the order in which they are read."""
    sheet = _Sheet(record, made_at)
    sheet.write_line(record.title, TITLE, bold=True, tag="H1")
    sheet.write_line(record.subtitle, HEAD, space=3)
    if record.draft:
        sheet.write_line(DRAFT, BODY, bold=True, space=2)
    for name, value in record.facts:
        sheet.write_line(f"{name}: {value}", BODY, space=0.5)
    _attendance(sheet, record)
    sheet.heading("What was decided")
    for item in record.items:
        _item(sheet, item)
    if not record.items:
        sheet.write_line(NOT_READ, BODY)
    if record.not_reached:
        sheet.heading("Due and not reached")
        _lines(sheet, record.not_reached)
    _signature(sheet, record)
    return bytes(sheet.output())


def _attendance(sheet: _Sheet, record: Record) -> None:
    sheet.heading("Attendance")
    _lines(sheet, (f"{agency}: {', '.join(filter(None, (words, who)))}" for agency, words, who in record.attendance))


def _lines(sheet: _Sheet, lines: Iterable[str]) -> None:
    for each in lines:
        sheet.write_line(each, BODY, space=0.5)


def _item(sheet: _Sheet, item: Item) -> None:
    sheet.write_line(f"{item.number}  {item.title}", BODY + 1, bold=True, space=0, tag="H3")
    sheet.write_line(item.references, SMALL, grey=True)
    for line in item.decisions:
        _line(sheet, line, f"{line.head}." if line.quorate else f"{line.head}. {NO_QUORUM}.")
    for line in item.actions:
        _line(sheet, line, f"Action, {line.head}:")
    sheet.ln(2)


def _line(sheet: _Sheet, line: Line, head: str) -> None:
    sheet.write_line(head, BODY, bold=True, space=0)
    sheet.write_line(line.words, BODY, space=0)
    if line.beneath:
        sheet.write_line(line.beneath, SMALL, grey=True)


def _signature(sheet: _Sheet, record: Record) -> None:
    sheet.heading("Signature")
    sheet.write_line(record.signed or "They wait for the chair’s signature.", BODY, bold=bool(record.signed))
    if record.digest:
        sheet.write_line(f"SHA-256 of the whole record as it was signed: {record.digest}", SMALL)
    sheet.write_line(record.copy, SMALL, grey=True)
