"""How a report in review is shown: the words lit, what fired beside its figures, the proposal row by row. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from services.access.sharing import Sight
from services.desk.evidence import DOUBT, doubt_words, lit, once, reading_words, spans, speaks_of_the_whole
from services.desk.presenting import CHANNELS, Presenter, since_words
from services.partnership.models import Partnership

ANSWERS = {
    "confirm": "confirmed the proposal",
    "change": "changed it",
    "split": "split it into two reports",
    "merge": "joined it to a case",
    "not-ours": "said that it is not ours",
}
TOOK_BACK = "took the answer back: a person decides again"
LETTERS = ("threat", "harm", "risk", "investigation", "vulnerability", "engagement")
WORDS = "words/"
"""What begins the name of a theme's list of words."""
REASONS = {
    "the evidence is weak": "The evidence is weak",
    "several themes are close": "Themes close together",
    "no theme has enough evidence": "No theme it could be sure of",
    "only the second reader says so": "Only the second reader says so",
    "corrected after a person decided": "Corrected after a person decided",
}


def waiting(presenter: Presenter, item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A line of the queue."""
    report, decision = item["report"], item["decision"]
    received = presenter.local(report["received_at"])
    return {
        "reference": report["reference"],
        "title": _title(report, decision),
        "ago": since_words(now - received),
        "reason": reason_words(item["review_reason"]),
        "late": item["escalated"],
        "risk": decision["risk"],
    }


def sampled(presenter: Presenter, item: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the samples."""
    report, decision = item["report"], item["decision"]
    return {
        "reference": report["reference"],
        "title": _title(report, decision),
        "decided": presenter.themes(decision["themes"]),
    }


def _title(report: Mapping[str, Any], decision: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (decision.get("kind_of_case") or "Report", report.get("street"))))


def opened(presenter: Presenter, partnership: Partnership, item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The report that she decides."""
    report, decision = item["report"], item["decision"]
    words = str(item["personal"].get("description") or "")
    segments, _ = lit(words, decision["because"])
    return {
        "reference": report["reference"],
        "channel": CHANNELS.get(report["channel"], report["channel"]),
        "updates": "wants updates" if report.get("wants_updates") else "wants no updates",
        "street": report.get("street"),
        "withheld": item["withheld"],
        "received": presenter.short(report["received_at"], now),
        "segments": segments,
        "words": words,
        "evidence": evidence(presenter, item["fired"], decision["because"], read(presenter, decision)),
        "people": [(each["role"], each.get("name")) for each in item["personal"].get("people") or []],
        "rule_set": decision["rule_set"],
        "time": presenter.time_left(item["answer_due_at"], now) if item["answer_due_at"] else None,
        "escalated": item["escalated"],
        "reason": reason_words(item["review_reason"]),
        "proposal": proposal(presenter, decision),
        "risk": decision["risk"],
        "thrive": [(letter.capitalize(), (decision.get("thrive") or {}).get(letter, "")) for letter in LETTERS],
        "entitled": [entitled(partnership, each) for each in decision.get("entitlements") or ()],
        "themes": decision["themes"],
        "destinations": item["destinations"],
        "history": [earlier(presenter, each, now) for each in item["history"]],
        "answered": standing(presenter, item, now),
        "version": item["version"],
        "in_review": item["in_review"],
        "sample": item["sample"],
    }


def proposal(presenter: Presenter, decision: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, words, and the field that her change would fill."""
    first = [presenter.agency(code) for code in decision["act_first"]]
    return [
        ("Theme", _themes(presenter, decision), "theme"),
        ("Lead", presenter.agency(decision["lead_agency"]), "lead"),
        ("Acts first", ", ".join(first) or "nobody", ""),
        ("Panels", ", ".join(presenter.agency(code) for code in decision["panels"]) or "none", ""),
        ("Flags", ", ".join(flag.replace("-", " ") for flag in decision["flags"]) or "none", ""),
    ]


def _themes(presenter: Presenter, decision: Mapping[str, Any]) -> str:
    """The themes and how sure they are; the one that is named only for her to choose is said to be that."""
    perhaps = (decision.get("second_reading") or {}).get("perhaps") or ()
    settled = presenter.themes([theme for theme in decision["themes"] if theme not in perhaps])
    also = f"; perhaps {presenter.themes(perhaps)}" if perhaps else ""
    return f"{settled}, confidence {decision['confidence']:.2f}{also}"


def evidence(
    presenter: Presenter,
    fired: Mapping[str, Mapping[str, Any]],
    because: Sequence[Mapping[str, Any]],
    reading: str | None = None,
) -> list[dict[str, Any]]:
    """A row for each rule that fired, with the number of its words, and how people judged it before."""
    numbers = spans(because)
    rows = []
    for each in once(because):
        said = fired.get(each["rule"], {})
        theme = said.get("theme")
        judged = said.get("confirmed", 0) + said.get("overridden", 0)
        rows.append(
            {
                "number": numbers.get((each.get("start"), each.get("end"))),
                "words": _words(each),
                "says": _says(presenter, each["rule"], said, reading) + _unflagged(each),
                "theme": presenter.theme(theme) if theme else "",
                "rule": each["rule"],
                "weight": said.get("weight") if theme and not each["negated"] else None,
                "negated": each["negated"],
                "judged": f"{said['overridden']} of {judged} overridden" if judged else "not judged yet",
            }
        )
    return sorted(rows, key=lambda row: (row["number"] is None, row["number"] or 0))


def reason_words(reason: str | None) -> str:
    """Why it waits, as a heading says it."""
    known = reason or ""
    return REASONS.get(known, known[:1].upper() + known[1:])


def _words(because: Mapping[str, Any]) -> str:
    """The words that it was drawn from, or the field; the second reader draws on the whole text."""
    if speaks_of_the_whole(because["rule"]):
        return "the whole text"
    return str(because.get("text") or because["field"].replace("_", " "))


def read(presenter: Presenter, decision: Mapping[str, Any]) -> str | None:
    """What the second reader said of the report, where it was asked and answered in time."""
    said = decision.get("second_reading")
    return reading_words(said, presenter.theme) if said else None


def _says(presenter: Presenter, rule: str, said: Mapping[str, Any], reading: str | None) -> str:
    if reading and speaks_of_the_whole(rule):
        return reading
    if rule.startswith(DOUBT):
        return doubt_words(rule)
    if rule.startswith(WORDS):
        return f"Words of {presenter.theme(rule.removeprefix(WORDS))}"
    return said.get("says") or rule.rpartition("/")[2].replace("-", " ").capitalize()


def _unflagged(because: Mapping[str, Any]) -> str:
    """Why words that name a sign are no flag."""
    if not because["negated"]:
        return ""
    return ", not a flag" if because["rule"].startswith(DOUBT) else ": negated, not a flag"


def entitled(partnership: Partnership, each: Mapping[str, Any]) -> dict[str, Any]:
    """What may be met, with whether the number is the partnership's own policy."""
    default = each["status"] in ("default", "comparator")
    counted = f"{each['count']} incidents in {each['within_days']} days" if each.get("count") else ""
    return {"note": each["note"], "counted": counted, "default": default, "reports": each["reports"]}


def standing(presenter: Presenter, item: Mapping[str, Any], now: datetime) -> dict[str, str] | None:
    """The person's answer that stands, whatever the hub decided beside it since; None where one is waited for."""
    settled = takewhile(lambda each: not each["in_review"], (item, *item["history"]))
    given = next((each for each in settled if each["by_person"] and each["answer"]), None)
    if given is None:
        return None
    return {
        "who": given["decided_by"],
        "when": presenter.short(given["decided_at"], now),
        "did": answer_words(presenter, given["answer"], given["decision"]),
        "reason": given["reason"] or "",
    }


def given(presenter: Presenter, answer: Mapping[str, Any], sights: Sequence[Sight], now: datetime) -> dict[str, str]:
    """An answer of the read model, or that it was taken back; its reason is for who sees what was written by `sights`:
    that of the report as it stands, and that of the themes which the answer left it."""
    did = answer_words(presenter, answer["answer"], answer) if answer["answer"] else TOOK_BACK
    return {
        "who": ", ".join((answer["by"], *([presenter.agency(answer["agency"])] if answer["agency"] else ()))),
        "when": presenter.short(answer["at"], now),
        "did": did,
        "reason": answer["reason"] if answer["answer"] and all(sight.sees("text") for sight in sights) else "",
    }


def answer_words(presenter: Presenter, answer: str, decision: Mapping[str, Any]) -> str:
    """What a person answered, and the theme that it left or whose it is; a case that it joined is named by none."""
    return f"{ANSWERS[answer]}: {decision.get('destination') or presenter.themes(decision['themes'])}"


def earlier(presenter: Presenter, item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A decision that this one took the place of."""
    decision = item["decision"]
    return {
        "when": presenter.short(item["decided_at"], now),
        "who": item["decided_by"],
        "did": _did(item),
        "themes": presenter.themes(decision["themes"]),
        "lead": presenter.agency(decision["lead_agency"]),
        "rule_set": decision["rule_set"],
        "reason": item["reason"],
        "revision": item["report"]["revision"],
    }


def _did(item: Mapping[str, Any]) -> str:
    """How a decision came about; one that the hub made beside an answer carries that answer too, and is not hers."""
    if not item["by_person"]:
        return "decided by rule"
    return ANSWERS[item["answer"]] if item["answer"] else TOOK_BACK
