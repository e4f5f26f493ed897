"""The panels' pages in the documentation are what their data says."""

import re

from services.partnership.diagrams import FOLDER, pages
from services.partnership.models import Partnership


def test_the_documentations_diagrams_are_current(luton: Partnership) -> None:
    drawn = pages(luton)
    assert {path.name for path in FOLDER.iterdir()} == set(drawn)
    for name, text in drawn.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run `make panels` and commit what changed"


def test_every_stage_and_every_step_is_in_its_diagram(luton: Partnership) -> None:
    for process in luton.processes:
        drawn = pages(luton)[f"{process.code}.md"]
        arrows = re.findall(r"^    (\w+) --> (\w+): (.+)$", drawn, re.MULTILINE)
        for step in process.transitions:
            for start in step.from_:
                arrow = (start.replace("-", "_"), (step.to or start).replace("-", "_"), step.step or step.command)
                assert arrow in arrows
