"""Every kind of mistake that a lexicon can hold is refused, in words that name the list and the term."""

from datetime import date
from pathlib import Path

import pytest

from services.triage.domain.lexicon_lint import lexicon_problems
from services.triage.rule_set import lexicon_mistakes, read_rules, shipped_documents

LUTON = Path("partnerships/luton")
GOOD = """
negations: {before: [no], after: [not seen]}
historic: [years ago]
hypothetical: [in case]
figurative: [murder a pint]
signals:
  weapon:
    - kni(fe|ves)
    - took out _ blade
  missed-bin:
    - bin not emptied
hints:
  weapon:
    - something shiny
theme_words:
  town-centre:
    - the precinct
"""
KNOWN, NOT_OURS = frozenset({"weapon", "missed-bin"}), frozenset({"missed-bin"})
THEMES = frozenset({"town-centre", "asb-environmental"})
MISTAKES = {
    "a bracket that does not close": ("kni(fe|ves)", "kni(fe|ves", "list signals/weapon: `kni(fe|ves` has brackets"),
    "a bracket too many": ("kni(fe|ves)", "kni(fe|ves))", "has brackets that do not close"),
    "a set that is not there": ("kni(fe|ves)", "<blades>", "names a set that is not there"),
    "a term without a word": ("kni(fe|ves)", '"???"', "`???` has no word in it and can never match"),
    "a term over the end of a sentence": ("kni(fe|ves)", "knife. blade", "`knife. blade` can never match"),
    "a spelling over the end of a sentence": ("kni(fe|ves)", "(big |big. )knife", "not found, as in `big. knife`"),
    "a spelling without a word": ("kni(fe|ves)", "(knife|???)", "`(knife|???)` has no word in it"),
    "a term of which only a part is found": (
        "    - took out _ blade",
        "    - blade. knife",
        "`blade. knife` can never match: its own words are not found, as in `blade. knife`",
    ),
    "a gap at the end": ("took out _ blade", "took out _", "begins or ends with a gap"),
    "a term that is a figure of speech": ("murder a pint", "kni(fe|ves)", "would never count: its own words are taken"),
    "a term that stands twice": ("took out _ blade", "kni(fe|ves)", "`kni(fe|ves)` stands twice in this list"),
    "a term that is ours and not ours": ("bin not emptied", "kni(fe|ves)", "also stands under weapon"),
    "a cue that stands twice": ("[no]", "[no, no]", "list negations/before: `no` stands twice"),
    "a signal that no table knows": ("weapon:", "weapn:", "list signals/weapn: no row of table signals names"),
    "a hint of a signal that no table knows": (
        "hints:\n  weapon",
        "hints:\n  weapn",
        "list hints/weapn: no row of table",
    ),
    "words of a theme that there is not": (
        "town-centre:",
        "town-center:",
        "triage/lexicon.yaml:16: list theme_words/town-center: the partnership has no such theme",
    ),
    "a set that names itself": (
        "negations:",
        "sets: {blade: [big <blade>]}\nnegations:",
        "list sets/blade: `big <blade>`",
    ),
    "sets that name each other": (
        "negations:",
        "sets: {blade: [<knife>], knife: [<blade>]}\nnegations:",
        "list sets/blade: `<knife>` names a set; the words of a set name none",
    ),
    "a set with a bracket that does not close": (
        "negations:",
        "sets: {blade: [machete, (zombie|knife]}\nnegations:",
        "list sets/blade: `(zombie|knife` has brackets that do not close",
    ),
    "a set that is no list": ("negations:", "sets: {blade: machete}\nnegations:", "list sets/blade: must be a list"),
    "a term of two to the power of thirty spellings": (
        "kni(fe|ves)",
        "(a|b)" * 30,
        "a term cannot be read: a word with more than 10000 spellings",
    ),
    "a list that nothing reads": ("hints:", "hint:", "list hint: the lexicon has no such list"),
    "a negation that stands nowhere": (
        "after: [not seen]",
        "afterwards: [not seen]",
        "list negations/afterwards: a neg",
    ),
    "theme words without themes": ("theme_words:\n  town-centre:", "theme_words:", "list theme_words: must have names"),
    "a list that is none": ("[years ago]", "years ago", "list historic: must be a list of terms"),
    "idle phrases that are no list": (
        "negations:",
        "idle: no doubt\nnegations:",
        "list idle: must be a list of terms",
    ),
    "an idle phrase that stands twice": (
        "negations:",
        "idle: [no doubt, no doubt]\nnegations:",
        "list idle: `no doubt` stands twice",
    ),
    "a missing list": ("hypothetical: [in case]", "", "list hypothetical: must be a list of terms"),
    "a list that stands twice": ("historic: [years ago]", "historic: []\nhistoric: []", "`historic` stands twice"),
    "text that is not YAML": ("[no]", "[no", "is not YAML"),
}


def test_a_good_lexicon_has_no_mistake() -> None:
    assert lexicon_problems(GOOD, KNOWN, NOT_OURS, THEMES) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistaken_term_is_refused_by_list_and_term(mistake: str) -> None:
    old, new, words = MISTAKES[mistake]
    assert old in GOOD
    found = [str(problem) for problem in lexicon_problems(GOOD.replace(old, new, 1), KNOWN, NOT_OURS, THEMES)]
    assert [problem for problem in found if words in problem], found


def test_the_shipped_lexicon_has_no_mistake() -> None:
    rules = read_rules(LUTON)
    found = lexicon_mistakes(shipped_documents(LUTON), rules.reader.tables, rules.partnership, date(2026, 6, 1))
    assert [str(problem) for problem in found] == []
