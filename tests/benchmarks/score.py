"""How well triage reads: one command that scores `hub explain` on the open texts and on the set that judges it.

Prints figures, and with `--misses` ids and codes; never a word of a text, so that whoever writes the rules may run it.
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.reader import second_reader
from services.triage.explain import explain_lines
from services.triage.rule_set import read_rules
from tests.benchmarks.figures import NONE, Pair, accuracy, f1, found, macro_f1, reliability
from tests.benchmarks.opinions import Opinions, as_labellers_find, opinions

ROOT = Path(__file__).parents[2]
JUDGE = ROOT / "tests" / "texts" / "judge" / "reports.jsonl"
OPEN = ROOT.parent / "shared" / "data" / "text" / "themes-open.csv"
LUTON = ROOT / "partnerships" / "luton"
FEW = 40
"""A theme with fewer texts says too little for a mean."""

OPEN_THEMES = {
    "violence & exploitation": "violence-exploitation",
    "domestic abuse / on-street sex work": "domestic-abuse-osse",
    "drugs, alcohol & mental health": "drugs-alcohol-mental-health",
    "town centre": "town-centre",
    "ASB & environmental crime": "asb-environmental",
    "hate crime & extremism": "hate-extremism",
    "re-offending": "re-offending",
    "none/other agency": NONE,
}
ALL = ("safeguarding-children", *OPEN_THEMES.values())
NOT_JUDGED = {"repeat-victim", "repeat-place"}
WITH_PERSON = "review"

Decision = dict[str, Any]
Report = dict[str, Any]
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """A report of the judging set, what triage made of it, and what two further labellers say of it."""

    report: Report
    decision: Decision
    opinions: Opinions

    @property
    def expected(self) -> str:
        """The main theme, or none."""
        return self.report["themes"][0] if self.report["themes"] else NONE

    @property
    def got(self) -> str:
        """The first theme that triage names, or none."""
        return main_theme(self.decision)

    @property
    def fair(self) -> str:
        """The prediction where a fair person would accept it, else the label."""
        return self.got if self.got in self.report["also_acceptable"] else self.expected

    @property
    def alone(self) -> bool:
        """Decided without a person."""
        return bool(self.decision["disposition"] != WITH_PERSON)

    @property
    def raised(self) -> set[str]:
        """Flags that count for or against."""
        return set(self.decision["flags"]) - NOT_JUDGED - set(self.report["either_flags"])

    @property
    def unseen(self) -> bool:
        """Neither flagged nor put before a person."""
        return self.alone and not self.decision["flags"]

    def with_agreed(self) -> tuple[set[str], set[str]]:
        """Flags that are due, and raised ones, where what two further labellers are sure of is due like the labels."""
        agreed = self.opinions.agreed
        either = set(self.report["either_flags"]) - agreed
        return {*self.report["flags"], *agreed}, set(self.decision["flags"]) - NOT_JUDGED - either

    def within_two(self) -> bool:
        """Whether a right theme is among the first two."""
        return bool({self.expected, *self.report["also_acceptable"]} & set(self.decision["themes"][:2]))


def main_theme(decision: Decision) -> str:
    """The first theme, or none."""
    return str(decision["themes"][0]) if decision["themes"] else NONE


def decisions(reports: Sequence[Report], partnership: Path) -> list[Decision]:
    """What triage decides on each."""
    lines = (json.dumps(report) for report in reports)
    return [each["decision"] for each in explain_lines(lines, read_rules(partnership), second_reader(partnership))]


def open_figures(partnership: Path) -> Figures:
    """Accuracy and macro-F1 of the open texts, for each source and over all."""
    rows = list(csv.DictReader(OPEN.open(encoding="utf-8")))
    sent = [{"source_id": row["source_id"][:200] or "row", "description": row["text"][:4000]} for row in rows]
    made = decisions(sent, partnership)
    pairs = [(OPEN_THEMES[row["theme"]], main_theme(got)) for row, got in zip(rows, made, strict=True)]
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for row, pair in zip(rows, pairs, strict=True):
        by_source[row["source"]].append(pair)
    routed = [got for (label, _), got in zip(pairs, made, strict=True) if label == NONE]
    return {
        "sources": {source: _pairs(of_source) for source, of_source in sorted(by_source.items())},
        "overall": _pairs(pairs),
        "none_with_a_theme": _share(bool(got["themes"]) for got in routed),
        "none_routed_without_a_person": _share(
            bool(got["themes"]) and got["disposition"] != WITH_PERSON for got in routed
        ),
    }


def _pairs(pairs: Sequence[Pair]) -> Figures:
    counts = {label: sum(expected == label for expected, _ in pairs) for label in ALL}
    many = [label for label, count in counts.items() if count >= FEW and label != NONE]
    return {
        "texts": len(pairs),
        "accuracy": accuracy(pairs),
        "macro_f1": macro_f1(pairs, many),
        "f1": {label: f1(pairs, label) for label in ALL if counts[label]},
    }


def _share(holds: Iterator[bool] | list[bool]) -> float:
    told = list(holds)
    return sum(told) / len(told) if told else 0.0


def judge_figures(judged: Sequence[Judged]) -> Figures:
    """Everything that the issue asks of the judging set."""
    themed = [each for each in judged if each.report["themes"]]
    alone = [each for each in judged if each.alone]
    harmed = [each for each in judged if each.report["harmed"]]
    signals = found([(each.report["flags"], each.raised) for each in judged])
    agreed = found([each.with_agreed() for each in judged])
    reports = found([(_any(each.report["flags"]), _any(each.raised)) for each in judged])
    error, _ = reliability([(each.decision["confidence"], each.fair == each.got) for each in judged])
    return {
        "reports": len(judged),
        "accuracy": accuracy([(each.fair, each.got) for each in judged]),
        "macro_f1_strict": macro_f1([(each.expected, each.got) for each in judged], ALL),
        "macro_f1_acceptable": macro_f1([(each.fair, each.got) for each in judged], ALL),
        "within_two": _share([each.within_two() for each in themed]),
        "decided_alone": len(alone) / len(judged) if judged else 0.0,
        "right_of_alone": _share([each.fair == each.got for each in alone]),
        "harm_recall": signals.recall,
        "harm_precision": signals.precision,
        "harm_recall_agreed": agreed.recall,
        "harm_precision_agreed": agreed.precision,
        "harmed_reports_recall": reports.recall,
        "harmed_reports_precision": reports.precision,
        "harmed_unseen": sum(each.unseen for each in harmed),
        "harmed_unseen_agreed": sum(each.unseen for each in judged if all(each.opinions.harmed)),
        "false_alarms": sum(len(set(each.report["negated_flags"]) & each.raised) for each in judged),
        "calibration_error": error,
    }


def _any(flags: Collection[str]) -> set[str]:
    """Whether there is any, as a code."""
    return {"harm"} if flags else set()


def per_flag(judged: Sequence[Judged]) -> Figures:
    """Recall and precision of each flag."""
    flags = sorted({flag for each in judged for flag in (*each.report["flags"], *each.raised)})
    return {
        flag: found([({flag} & set(each.report["flags"]), {flag} & each.raised) for each in judged]) for flag in flags
    }


def judged_set(partnership: Path) -> list[Judged]:
    """The judging set with triage's decisions."""
    reports = [json.loads(line) for line in JUDGE.read_text(encoding="utf-8").splitlines()]
    sent = [
        {"source_id": each["id"], **{name: each[name] for name in ("kind", "category", "description")}}
        for each in reports
    ]
    told = opinions()
    return [
        Judged(report, decision, told[report["id"]])
        for report, decision in zip(reports, decisions(sent, partnership), strict=True)
    ]


def _groups(judged: Sequence[Judged], key: str) -> dict[str, list[Judged]]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        value = each.report[key]
        for name in value if isinstance(value, list) else [value]:
            groups[name].append(each)
    return dict(sorted(groups.items()))


def misses(judged: Sequence[Judged]) -> Iterator[str]:
    """Ids and codes of what went wrong; no word of any text."""
    for each in judged:
        wrong = [] if each.fair == each.got else [f"theme {each.expected}>{each.got}"]
        wrong += [f"missed {flag}" for flag in sorted(set(each.report["flags"]) - each.raised)]
        wrong += [f"false {flag}" for flag in sorted(each.raised - set(each.report["flags"]))]
        if wrong:
            yield f"{each.report['id']} {'alone' if each.alone else 'person'}: {', '.join(wrong)}"


def _told(figures: Figures) -> str:
    return "  ".join(f"{n} {v:.3f}" if isinstance(v, float) else f"{n} {v}" for n, v in figures.items() if n != "f1")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _print_open(figures: Figures) -> None:
    for source, of_source in (*figures["sources"].items(), ("overall", figures["overall"])):
        _say(f"{source:12} {_told(of_source)}")
    _say("  F1: " + _told(figures["overall"]["f1"]))
    for name in ("none_with_a_theme", "none_routed_without_a_person"):
        _say(f"  {name} {figures[name]:.3f}")


def _print_judge(judged: Sequence[Judged]) -> None:
    _say("\n".join(f"{name:24} {value:.3f}" for name, value in judge_figures(judged).items()))
    told = {each.report["id"]: each.opinions for each in judged}
    for figure in as_labellers_find([each.report for each in judged], told):
        _say(f"  a labeller anew: recall {figure.recall:.3f}, precision {figure.precision:.3f}")
    pairs = [(each.fair, each.got) for each in judged]
    _say("  F1: " + _told({label: f1(pairs, label) for label in ALL}))
    for name, figure in per_flag(judged).items():
        _say(f"  {name:24} recall {figure.recall:.2f} of {figure.due}  precision {figure.precision:.2f}")
    for key in ("hard", "voice"):
        for name, group in _groups(judged, key).items():
            made = judge_figures(group)
            kept = ("reports", "accuracy", "decided_alone", "right_of_alone", "harm_recall", "harm_precision")
            _say(f"  {key} {name:18} " + _told({name: made[name] for name in kept}))


def main(arguments: Sequence[str] | None = None) -> int:
    """Score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partnership", type=Path, default=LUTON)
    parser.add_argument("--misses", action="store_true", help="ids and codes of the judging set's misses")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    opened = open_figures(asked.partnership) if OPEN.is_file() else None
    judged = judged_set(asked.partnership)
    if asked.json:
        _say(json.dumps({"open": opened, "judge": judge_figures(judged)}))
        return 0
    if opened is None:
        sys.stderr.write("The open texts are not beside the repository (../shared/data/text): only the judge scores.\n")
    else:
        _print_open(opened)
    _print_judge(judged)
    if asked.misses:
        _say("\n".join(misses(judged)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
