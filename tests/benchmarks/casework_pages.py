"""One signed-in person at the desk: opens a case, fills in one of its forms, sends it, and reads what comes back."""

import asyncio
import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2

from services.desk.people import COOKIE
from tests.benchmarks.casework_record import COMMANDS_AT_MOST, REPLACED, THINKING, TWICE, Tally, sure

ROW = {"risk": "Risk", "assign": "Owner"}
"""Where the page of a conflict shows what a form wanted to change."""
VISITED = "Visited, nobody in."
YOURS = 3
_VERSIONS = re.compile(r"Was, version (\d+) \| Now, version (\d+),")


@dataclass(slots=True)
class Form:
    """A form as the page has it: hidden fields by name, and the choices of its lists as code and words."""

    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)


class Page(HTMLParser):
    """What a person sees of a page, as far as the soak needs it: its forms by address, and its rows of cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, Form] = {}
        self.rows: list[list[str]] = []
        self._form, self._select, self._option = Form(), "", ""
        self._cell = False
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a form, a field, a list, a choice, a row or a cell."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms[given.get("action", "")] = Form()
        elif tag == "input" and given.get("type") == "hidden":
            self._form.fields[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
            self._form.choices[self._select] = {}
        elif tag == "option":
            self._option = given.get("value", "")
        self._table(tag)

    def _table(self, tag: str) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td") and self.rows:
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        """A cell or a choice ends."""
        if tag in ("th", "td"):
            self._cell = False
        if tag == "option":
            self._option = ""

    def handle_data(self, data: str) -> None:
        """Words of a cell, of a choice, of anything."""
        self.words += data
        if self._cell:
            self.rows[-1][-1] += data
        if self._option:
            self._form.choices[self._select][self._option] = data.strip()

    def row(self, label: str) -> list[str]:
        """The cells of the row with that heading; none where there is no such row."""
        return next(([cell.strip() for cell in row] for row in self.rows if row and row[0].strip() == label), [])


@dataclass(slots=True)
class Seat:
    """A session of a person, and the cases that she works on."""

    person: str
    client: httpx2.AsyncClient
    cases: Sequence[str]
    owners: Sequence[str]


async def sign_in(base: str, person: str, cases: Sequence[str], owners: Sequence[str]) -> Seat:
    """A session of her own, with its cookie."""
    client = httpx2.AsyncClient(base_url=base, timeout=60)
    answer = await client.post("/sign-in", data={"person": person, "after": "/"})
    if COOKIE not in answer.cookies:
        raise AssertionError(f"the hub did not begin a session: {answer.status_code}")
    return Seat(person, client, cases, owners)


async def work(seat: Seat, number: int, until: float, tally: Tally) -> None:
    """Open a case, think, send one of its forms, and look at the answer; again and again."""
    dice = random.Random(number)
    while time.monotonic() < until and tally.answers.total() < COMMANDS_AT_MOST:
        reference = dice.choice(seat.cases)
        opened = await sure(seat.client, tally, "GET", f"/cases/{reference}")
        if opened.status_code != httpx2.codes.OK:
            tally.faults.append(f"{seat.person} cannot open a case: {opened.status_code}")
            return
        name = dice.choice(("risk", "assign", "note"))
        sent, words = filled(Page(opened.text).forms[f"/cases/{reference}/{name}"], name, seat.owners, dice)
        await asyncio.sleep(dice.uniform(*THINKING))
        answer = await sure(seat.client, tally, "POST", f"/cases/{reference}/{name}", data=sent)
        await _look(seat, tally, reference, name, sent, words, answer)
        if dice.random() < TWICE:
            again = await sure(seat.client, tally, "POST", f"/cases/{reference}/{name}", data=sent)
            tally.answers["sent twice"] += 1
            if again.status_code != answer.status_code:
                tally.faults.append("a form that was sent twice was answered differently")


def filled(form: Form, name: str, owners: Sequence[str], dice: random.Random) -> tuple[dict[str, str], str]:
    """The form with what she chooses and writes, and the words of her choice as the page has them."""
    if name == "note":
        return form.fields | {"text": VISITED, "fact": "fact", "marking": "OFFICIAL"}, VISITED
    wanted = REPLACED[name]
    offered = form.choices[wanted]
    stands = json.loads(form.fields["was"])["risk"]
    chosen = dice.choice([each for each in offered if (each != stands if name == "risk" else each in owners)])
    reason = {"reason": "Assessed again."} if name == "risk" else {}
    return form.fields | reason | {wanted: chosen}, offered[chosen]


async def _look(
    seat: Seat,
    tally: Tally,
    reference: str,
    name: str,
    sent: Mapping[str, str],
    words: str,
    answer: httpx2.Response,
) -> None:
    """Count the answer; after a saved form the browser opens the case again."""
    tally.answers[f"{answer.status_code} {name}"] += 1
    if answer.status_code == httpx2.codes.SEE_OTHER:
        _saved(tally, reference, name, sent)
        await sure(seat.client, tally, "GET", answer.headers["location"])
    elif answer.status_code == httpx2.codes.PRECONDITION_FAILED:
        if not shows_both(Page(answer.text), name, int(sent["version"]), words):
            tally.faults.append(f"{name}: a conflict did not show both sides")
    else:
        tally.faults.append(f"{name}: {answer.status_code}")


def shows_both(page: Page, name: str, version: int, words: str) -> bool:
    """Whether a conflict's page has what was, what stands now under a later version, and hers."""
    versions = _VERSIONS.search(" | ".join(cell for row in page.rows for cell in row))
    if versions is None:
        return False
    was, now = (int(each) for each in versions.groups())
    hers = words in page.words if name not in ROW else _compared(page.row(ROW[name]), words)
    return was == version < now and hers


def _compared(row: Sequence[str], words: str) -> bool:
    """Whether a row has all three sides, and hers is what she chose."""
    return len(row) == YOURS + 1 and all(row) and row[YOURS].startswith(words)


def _saved(tally: Tally, reference: str, name: str, sent: Mapping[str, str]) -> None:
    """A saved form makes exactly the version after the one that it was written on."""
    if name in REPLACED:
        version = int(sent["version"])
        tally.took(reference, version, name, sent[REPLACED[name]], version + 1)
    else:
        tally.notes[reference] += 1
