"""Every kind of mistake in a partnership's files is named by file and line, with what to do about it."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from services.partnership.checks import main, main_json, report
from services.partnership.documents import PartnershipInvalid
from services.partnership.loading import load_partnership
from services.triage.rule_set import triage_problems
from tests.unit.partnership.conftest import TODAY

Break = Callable[[str, str, str], list[str]]

MISTAKES = {
    "a field is misspelt": ("agencies.yaml", "short_name: Police", "shortname: Police", "`shortname` is not known"),
    "a field is missing": ("agencies.yaml", "    short_name: Police\n", "", "`short_name` is missing"),
    "a value is of another kind": ("thresholds.yaml", "value: 30,", "value: soon,", "`value`: "),
    "a status is not one of four": ("tags.yaml", "status: default", "status: rumour", None),
    "a list is misspelt": ("tags.yaml", "tags: []", "tag: []", "`tag` is not known here"),
    "a list is no list": ("tags.yaml", "tags: []", "tags: none", "`tags` must be a list"),
    "a key stands twice": (
        "agencies.yaml",
        "kind: police\n",
        "kind: police\n    kind: police\n",
        "`kind` stands twice",
    ),
    "the YAML is broken": ("panels.yaml", "panels:", "panels: [", "is not YAML"),
    "a file is empty": ("tags.yaml", "tags: []", "tags:", "`tags` must be a list"),
    "a code stands twice": ("agencies.yaml", "code: opcc", "code: luton-icb", "`luton-icb` stands twice"),
    "a lead does not exist": ("themes.yaml", "agency: probation", "agency: nobody", "no agency is called `nobody`"),
    "minutes are due by a calendar that does not exist": (
        "panels.yaml",
        "sign_off: {minutes: 960, calendar: office-hours}",
        "sign_off: {minutes: 960, calendar: x}",
        "no calendar is called `x`",
    ),
    "a calendar does not exist": ("agencies.yaml", "calendar: mall-hours", "calendar: x", "no calendar is called `x`"),
    "a clock's calendar does not exist": (
        "panels.yaml",
        "calendar: mash-hours",
        "calendar: x",
        "no calendar is called",
    ),
    "a chair does not exist": ("panels.yaml", "chair: ruth-pellow", "chair: nobody", "no person is called `nobody`"),
    "a template does not exist": ("notifications.yaml", "template: danger-now@1", "template: x@1", "no template is"),
    "a webhook has no word for the event": (
        "notifications.yaml",
        "event: CaseClosed\n    to: [sender]",
        "event: CaseTaken\n    to: [sender]",
        "no webhook tells of it",
    ),
    "a partner's system is written to by mail": (
        "notifications.yaml",
        "to: [owner]",
        "to: [sender]",
        "`sender` is told by channel webhook",
    ),
    "a call's question hangs on no flag": ("calls.yaml", "sign: weapon", "sign: weapn", "`weapn` is no flag"),
    "a call's question asks nothing": ("calls.yaml", "Who has it?", "Who has it", "`ask.1`: "),
    "nothing is asked in danger": ("calls.yaml", "sign: danger,", "sign: child,", "needs an entry for `danger`"),
    "a notification is to wait for office hours": (
        "notifications.yaml",
        "template: case-assigned@1",
        "template: case-assigned@1\n    urgency: working-hours",
        "`urgency` is not known",
    ),
    "an event does not exist": ("notifications.yaml", "event: CaseOpened", "event: CaseOpen", "no event is called"),
    "two strategies overlap": ("themes.yaml", "effective_to: 2020-12-31", "effective_to: 2024-06-30", "overlaps"),
    "a strategy ends before it begins": ("themes.yaml", "2028-12-31", "2023-12-31", "ends before it begins"),
    "two joint leads act": ("themes.yaml", "luton-council, acting: false", "luton-council", "exactly one of the leads"),
    "a mapping names no theme": (
        "theme-mapping.yaml",
        "from_theme: asb,",
        "from_theme: x,",
        "no theme of that strategy",
    ),
    "a bank holiday stands twice": ("calendars.yaml", "2024-04-01", "2024-03-29", "2024-03-29 stands twice"),
    "a bank holiday is no day": ("calendars.yaml", "2024-04-01", "2024-02-30", "`day`: "),
    "hours are out of order": ("calendars.yaml", '"09:00", "17:00"', '"17:00", "09:00"', "spans must be in order"),
    "the duty manager is nobody's duty": (
        "partnership.yaml",
        "duty_manager: helen-strood",
        "duty_manager: asha-venn",
        "must be a person with the role duty-manager",
    ),
    "the time zone does not exist": ("partnership.yaml", "Europe/London", "Europe/Luton", "is not a time zone"),
    "a threshold is missing": (
        "thresholds.yaml",
        "code: review-margin",
        "code: my-margin",
        "`review-margin` is missing",
    ),
    "a demonstration key is nobody's": ("partners.yaml", "person: nadia-brill, ", "", "either a partner or a person"),
    "high risk tells nobody on duty": (
        "notifications.yaml",
        "to: [lead, joint-leads, act-first, duty-manager]",
        "to: [lead, joint-leads, act-first]",
        "nobody on duty is told",
    ),
    "a gateway can be passed by": (
        "panels.yaml",
        "process: channel",
        "process: standard",
        "must be left by: [gateway]",
    ),
    "a process has a gateway that nobody is": (
        "panels.yaml",
        "    gateway: bedfordshire-police\n",
        "",
        "has a step of a gateway; name one",
    ),
    "a panel for a child's safeguarding does not exist": (
        "instruments.yaml",
        "safeguarding: mash",
        "safeguarding: nobody",
        "no panel is called `nobody`",
    ),
    "a message names a person": (
        "templates/case-opened@1.txt",
        "{reference}",
        "{name}",
        "`{name}` may not stand in a message",
    ),
    "a message says what it is about": (
        "templates/case-opened@1.txt",
        "A case has",
        "A domestic abuse case has",
        "`domestic…` tells what the report is about",
    ),
    "a message has a stray brace": ("templates/webhook@1.txt", "{link}", "{link", "belongs to no placeholder"),
    "a message has no subject": ("templates/webhook@1.txt", "Subject: ", "", "must begin with `Subject: …`"),
    "two partners share a feed": ("partners.yaml", "feed: mall", "feed: housing", "is another partner's feed"),
    "a feed is no topic name": ("partners.yaml", "feed: mall", "feed: The_Mall", "must be small letters"),
    "a ring is not on earth": ("places.yaml", "-0.4250, 51.8805", "-0.4250, 151.8805", "longitude, then latitude"),
    "a clock that no date can hold": (
        "panels.yaml",
        "first_answer: {minutes: 480,",
        "first_answer: {minutes: 99999999999999999999,",
        "less than or equal to 527040",
    ),
    "a clock of more minutes than its calendar has in a year": (
        "panels.yaml",
        "sign_off: {minutes: 960,",
        "sign_off: {minutes: 200000,",
        "200000 minutes are more than 52 weeks of office-hours hold; write 124800 or fewer",
    ),
    "a threshold that no date can hold": (
        "thresholds.yaml",
        "value: 30,",
        "value: 1e12,",
        "must be from 0 to ten years",
    ),
    "a threshold below nought": ("review.yaml", "value: 15,", "value: -15,", "must be from 0 to ten years"),
    "a threshold without end": ("thresholds.yaml", "value: 30,", "value: 1e999,", "finite number"),
    "a threshold in a unit that nobody reads": (
        "thresholds.yaml",
        "unit: seconds}",
        "unit: hours}",
        "must be seconds: `danger-unanswered` is read in seconds",
    ),
    "a task's threshold in no unit of time": (
        "thresholds.yaml",
        "is due in, value: 5, unit: days}",
        "is due in, value: 5, unit: months}",
        "must be one of seconds, minutes",
    ),
    "a window that no date can hold": (
        "thresholds.yaml",
        "within_days: 92}",
        "within_days: 9999999999}",
        "less than or equal to 3660",
    ),
    "a feed that is never missed": (
        "partners.yaml",
        "silent_after_hours: 24",
        "silent_after_hours: 99999999999999",
        "less than or equal to 87840",
    ),
    "what sends a report to the second reader is missing": (
        "thresholds.yaml",
        "code: reading-below",
        "code: my-reading",
        "`reading-below` is missing",
    ),
    "what the second reader must be sure of is missing": (
        "thresholds.yaml",
        "code: reading-confidence",
        "code: my-reading",
        "`reading-confidence` is missing",
    ),
    "a weight is a percentage": (
        "thresholds.yaml",
        "value: 0.35, unit: weight",
        "value: 35, unit: weight",
        "must be from 0 to 1: `join-weight-street`",
    ),
    "a confidence is a percentage": (
        "thresholds.yaml",
        "value: 0.8, unit: confidence",
        "value: 80, unit: percent",
        "must be from 0 to 1: `reading-confidence`",
    ),
    "a weight below nought": (
        "thresholds.yaml",
        "value: 0.3, unit: weight}\n  - {code: second-theme",
        "value: -1, unit: weight}\n  - {code: second-theme",
        "must be from 0 to 1: `theme-minimum`",
    ),
    "a sample is a percentage": ("review.yaml", "value: 0.02", "value: 50", "must be from 0 to 1: `sample-share`"),
    "strangers' reports would join before it is proposed": (
        "thresholds.yaml",
        "value: 0.8, unit: score",
        "value: 0.08, unit: score",
        "must be `join-propose` or more",
    ),
    "an entitlement counts over no time": (
        "thresholds.yaml",
        "unit: incidents\n    within_days: 365",
        "unit: incidents",
        "needs `within_days`: the entitlement of `marac-repeat`",
    ),
    "an entitlement counts from none on": (
        "thresholds.yaml",
        "value: 3, unit: similar reports",
        "value: 0, unit: similar reports",
        "must be 1 or more",
    ),
    "a minimum age without its years": ("instruments.yaml", "minimum-age, age: 16", "minimum-age", "needs `age`"),
    "a minimum age of nought": ("instruments.yaml", "minimum-age, age: 16", "minimum-age, age: 0", "`preconditions.0"),
    "a prior step that is none": (
        "instruments.yaml",
        "rule: prior-step, step: verbal-warning",
        "rule: prior-step",
        "prior-step needs `step`",
    ),
    "a breach of nothing": (
        "instruments.yaml",
        "rule: breach, step: community-protection-notice",
        "rule: breach",
        "breach needs `step`",
    ),
    "a rank that nobody has": (
        "instruments.yaml",
        "rule: rank, ranks: [inspector, chief-inspector, superintendent]",
        "rule: rank",
        "rank needs `ranks`",
    ),
    "danger now tells nobody on duty": (
        "notifications.yaml",
        "to: [act-first, lead, duty-manager]",
        "to: [act-first, lead]",
        "a report in danger now could pass with ReportTriaged",
    ),
    "danger now tells somebody on duty of a high risk alone": (
        "notifications.yaml",
        "when: {danger_now: true}",
        "when: {danger_now: true, risk: [high]}",
        "a report in danger now could pass with ReportTriaged",
    ),
    "danger now is told by a webhook": (
        "notifications.yaml",
        "template: danger-now@1",
        "template: danger-now@1\n    channel: webhook",
        "a report in danger now could pass with ReportTriaged",
    ),
    **{
        f"high risk tells somebody on duty only with {condition}": (
            "notifications.yaml",
            "event: CaseOpened\n    when: {risk: [high]}",
            f"event: CaseOpened\n    when: {{risk: [high], {condition}}}",
            "a report graded high (not in danger now) could pass with CaseOpened",
        )
        for condition in (
            "risk_rose: true",
            "lead_changed: true",
            "passed_on: true",
            "wants_updates: false",
            "given_up: [danger-now@1]",
            "silence: [approvers]",
        )
    },
    "a notification goes by no flag": (
        "notifications.yaml",
        "when: {danger_now: true}",
        "when: {danger_now: true, flags_any: [weapn]}",
        "no flag is called `weapn`",
    ),
    "a notification goes to nobody": ("notifications.yaml", "to: [act-first, duty-manager]", "to: []", "`to`: "),
    "a ring has latitude first": ("places.yaml", "-0.4250, 51.8805", "51.8805, -0.4250", "longitude, then latitude"),
    "there is no town centre": ("places.yaml", "code: town-centre", "code: centre", "needs an area `town-centre`"),
    "a meeting's hour is a number": (
        "panels.yaml",
        'at: "14:00"',
        "at: 1400",
        "write an hour of the day such as 09:00",
    ),
    "a meeting's hour has a zone": (
        "panels.yaml",
        'at: "14:00"',
        'at: "14:00+05:00"',
        "write an hour of the day such as 09:00",
    ),
    "hours are numbers": ("calendars.yaml", '["09:00", "17:00"]', "[9, 17]", "write an hour of the day such as 09:00"),
    "hours have a zone": ("calendars.yaml", '["09:00", "17:00"]', '["09:00Z", "17:00Z"]', "write an hour of the day"),
    "a bank holiday is a number": ("calendars.yaml", "day: 2024-04-01", "day: 86400", "A day is text"),
    "a duty desk has no address": (
        "agencies.yaml",
        "duty_address: duty@bedfordshire-police.invalid",
        'duty_address: ""',
        "`duty_address`: ",
    ),
    "the duty contact is two addresses": (
        "partnership.yaml",
        "duty_contact: duty@hub.luton-csp.invalid",
        'duty_contact: "duty@hub.luton-csp.invalid, all@hub.luton-csp.invalid"',
        "`duty_contact`: ",
    ),
    "a member of staff has no address": ("staff.yaml", "address: asha.venn@", "address: asha.venn", "`address`: "),
    "the time zone is empty": ("partnership.yaml", "Europe/London", '""', "is not a time zone"),
    "the time zone is a folder of them": ("partnership.yaml", "Europe/London", "Europe", "is not a time zone"),
    "a number of thousands of digits": ("thresholds.yaml", "value: 30,", f"value: {'1' * 5000},", "finite number"),
    "an alias stands within its anchor": ("tags.yaml", "tags: []", "tags: &all [*all]", "holds itself"),
    "brackets stand in brackets without end": ("tags.yaml", "tags: []", f"tags: {'[' * 9999}{']' * 9999}", "20 levels"),
    "a precondition's step does not exist": ("instruments.yaml", "step: verbal-warning", "step: x", "no instrument is"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_file(broken: Break, mistake: str) -> None:
    file, old, new, words = MISTAKES[mistake]
    problems = broken(file, old, new)
    if words is None:  # the list is empty, so nothing reads the file's status
        assert problems == []
        return
    assert [problem for problem in problems if problem.startswith(f"{file}:") and words in problem], problems


def test_the_line_is_the_line_of_the_mistake(broken: Break, folder: Path) -> None:
    problems = broken("themes.yaml", "agency: probation", "agency: nobody")
    lines = (folder / "themes.yaml").read_text(encoding="utf-8").splitlines()
    number = int(problems[0].split(":")[1])
    assert "nobody" in lines[number - 1]


def test_all_mistakes_are_named_at_once(broken: Break, folder: Path) -> None:
    broken("agencies.yaml", "kind: police", "kind: army")
    broken("panels.yaml", "consent: adults-only", "consent: perhaps")
    with pytest.raises(PartnershipInvalid) as invalid:
        load_partnership(folder)
    assert {problem.file for problem in invalid.value.problems} == {"agencies.yaml", "panels.yaml"}


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "sharing.yaml").unlink()
    with pytest.raises(PartnershipInvalid, match=r"sharing\.yaml:1: is missing"):
        load_partnership(folder)


def test_a_stranger_among_the_files_is_named(folder: Path) -> None:
    (folder / "panel.yaml").write_text("panels: []\n", encoding="utf-8")
    with pytest.raises(PartnershipInvalid, match="is not a file of a partnership"):
        load_partnership(folder)


def test_a_file_that_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "tags.yaml").write_bytes(b"status: default\nsource: caf\xe9\ntags: []\n")
    with pytest.raises(PartnershipInvalid, match="is not UTF-8 at byte 27"):
        load_partnership(folder)


@pytest.mark.parametrize("name", ["templates/case-opened@1.txt", "triage/lexicon.yaml", "triage/golden.yaml"])
def test_a_text_that_is_not_utf_8_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes() + b"# caf\xe9\n")
    found = report(folder, TODAY, triage_problems).problems
    assert [problem for problem in found if problem.file == name and "is not UTF-8 at byte" in problem.message], found


def test_what_is_wrong_in_the_files_is_told_and_the_golden_cases_are_not_tried(broken: Break, folder: Path) -> None:
    (problem,) = broken("thresholds.yaml", "code: repeat-victim,", "code: repeat-person,")[:1]
    assert "entitlements.yaml:" in problem
    assert any("`repeat-victim` is missing" in each.message for each in report(folder, TODAY, triage_problems).problems)


def test_a_folder_that_is_not_there_says_which_setting_to_change(tmp_path: Path) -> None:
    with pytest.raises(PartnershipInvalid, match="HUB_PARTNERSHIP"):
        load_partnership(tmp_path / "nowhere")


def test_a_year_before_holidays_or_strategy_end_somebody_is_warned(folder: Path) -> None:
    late = report(folder, date(2028, 10, 1))
    assert late.errors == ()
    assert {problem.file for problem in late.problems} == {"calendars.yaml", "themes.yaml"}


def test_the_check_prints_file_line_and_message_and_says_1(
    broken: Break, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(folder) == 0
    assert "good, version 2024.1+" in capsys.readouterr().out
    broken("themes.yaml", "agency: probation", "agency: nobody")
    assert main(folder) == 1
    assert f"{folder / 'themes.yaml'}:" in capsys.readouterr().out
    assert main_json(folder) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["problems"][0]["file"] == "themes.yaml"
    assert document["problems"][0]["line"] > 1
