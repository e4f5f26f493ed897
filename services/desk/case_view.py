"""A case as its page shows it: one timeline of everything that happened, newest first, and what stands beside it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.events import CaseState
from services.access.sharing import Sight
from services.desk.casefile_view import UNSAFE, age_at, is_child
from services.desk.presenting import CHANNELS, Presenter, named
from services.desk.projection import case_seen_by
from services.partnership.models import Partnership

SHOWN = (("all", "everything"), ("work", "what people did"), ("facts", "facts only"))
READINGS_IN_LINE = 4
WAS = ("owner", "lead_agency", "themes", "status", "risk", "due_at", "next_action", "version")
"""What a form remembers of the case as she saw it, so that a conflict can show was, theirs and hers."""


def timeline(
    presenter: Presenter,
    events: Sequence[Any],
    reports: Sequence[Any],
    told: Sequence[Any],
    sight: Sight,
    shown: str,
    *,
    until: datetime | None = None,
    earlier: bool = False,
) -> list[dict[str, Any]]:
    """What happened, newest first; of one moment, what came of it stands above what caused it.

    `until`: when the last event of the page above was; `earlier`: whether older pages follow. What stands beside the
    events and belongs there is not shown here.
    """
    entries = [(row.at, 2, presenter.entry(row, sight)) for row in events]
    if shown == "facts":
        entries = [each for each in entries if each[2]["tag"] == "fact"]
    if shown == "work":
        entries = [each for each in entries if not each[2]["by_hub"]]
    if shown == "all":
        beside = [(rows[0].at, 3, _told(presenter, rows)) for rows in _together(told)]
        beside += [each for row in reports for each in _reported(presenter, row)]
        first = events[-1].at if earlier else None
        entries += [
            each for each in beside if (first is None or each[0] >= first) and (until is None or each[0] < until)
        ]
    entries.sort(key=lambda each: (each[0], each[1]), reverse=True)
    return [entry for _, _, entry in entries]


def _plain(presenter: Presenter, at: datetime, title: str, who: str, agency: str, text: str) -> dict[str, Any]:
    moment = {"day": presenter.day(at), "clock": presenter.clock(at)}
    empty = {
        "reference": None,
        "link": None,
        "why": None,
        "tag": None,
        "trace_id": None,
        "key": False,
        "danger": False,
        "by_hub": True,
    }
    return empty | moment | {"type": "", "title": title, "who": who, "agency": agency, "text": text}


def _together(told: Sequence[Any]) -> list[list[Any]]:
    """Messages of one template and one minute in the same state are one entry."""
    found: dict[tuple[str, ...], list[Any]] = {}
    for row in told:
        state = row.state
        key = (state["channel"], state["template"], state["status"], f"{row.at:%Y%m%d%H%M}")
        found.setdefault(key, []).append(row)
    return list(found.values())


def _told(presenter: Presenter, rows: Sequence[Any]) -> dict[str, Any]:
    state = rows[0].state
    how = "Mail" if state["channel"] == "mail" else "Webhook"
    whom = list(dict.fromkeys(presenter.recipient(row.state["recipient"]) for row in rows))
    several = f" {len(rows)} messages." if len(rows) > len(whom) else ""
    text = f"{state['status'].replace('-', ' ').capitalize()}.{several} Reference and link only."
    return _plain(presenter, rows[0].at, f"{how} to {named(whom)}", "By the hub", f"template {state['template']}", text)


def _reported(presenter: Presenter, row: Any) -> Iterable[tuple[datetime, int, dict[str, Any]]]:
    facts = row.facts
    received = datetime.fromisoformat(facts["received_at"])
    channel = CHANNELS.get(facts["channel"], facts["channel"])
    came = _plain(presenter, received, f"Reported by {channel}", presenter.partner(facts.get("partner")), "", "")
    came |= {"reference": facts["reference"], "link": f"/reports/{facts['reference']}", "danger": facts["danger_now"]}
    yield received, 0, came
    if row.decision:
        yield row.decided_at, 1, _triaged(presenter, row)


def _triaged(presenter: Presenter, row: Any) -> dict[str, Any]:
    decision = row.decision
    first = [presenter.agency(code) for code in decision["act_first"]]
    title = f"Triaged: {decision['risk']} risk" + (f", {' and '.join(first)} first" if first else "")
    text = f"Lead {presenter.agency(decision['lead_agency'])}. Confidence {decision['confidence']:.2f}."
    made = _plain(presenter, row.decided_at, title, f"Rule set {decision['rule_set'].partition('+')[0]}", "", text)
    link = {"reference": row.facts["reference"], "link": f"/reports/{row.facts['reference']}"}
    return made | link | {"agency": f"{len(decision['rules'])} rows", "danger": decision["risk"] == "high"}


def signs(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The case's flags in words: which are only read and not confirmed, and which nobody may strike out."""
    unsure = state.get("unconfirmed") or ()
    return [
        {"sign": flag, "words": flag.replace("-", " "), "confirmed": flag not in unsure, "stays": flag == "danger-now"}
        for flag in state["flags"]
    ]


def people(reports: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The people whom the reports name, newest report first, those who must not be contacted before all.

    Of reports that name the same person the newest counts, but one that says "do not contact" counts before it.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for report in reports:
        for place, person in enumerate(report["people"]):
            key = (person.get("name") or (report["reference"], place), person.get("role"))
            row = _person(report["reference"], person, now)
            known = found.setdefault(key, row)
            if row["safe"] == UNSAFE != known["safe"]:
                found[key] = known | {"safe": UNSAFE, "note": row["note"]}
    return sorted(found.values(), key=lambda each: each["safe"] != UNSAFE)


def _person(report: str, person: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    contact, consent = person.get("contact") or {}, person.get("consent") or {}
    return {
        "name": person.get("name"),
        "age": age_at(person, now),
        "role": str(person.get("role") or "").capitalize(),
        "child": is_child(person, now),
        "safe": contact.get("safe", "unknown"),
        "note": contact.get("note") or "",
        "share": str(consent.get("share") or "not-asked").replace("-", " "),
        "report": report,
    }


def seen_by(presenter: Presenter, partnership: Partnership, state: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which agencies can find the case, and which cannot."""
    may = case_seen_by(CaseState.model_validate(dict(state)), partnership)
    names = {agency.code: agency.short_name for agency in partnership.agencies}
    return {
        "may": [presenter.agency(code) for code in may if code in names],
        "not": [name for code, name in names.items() if code not in may],
    }


def readings(presenter: Presenter, rows: Sequence[Any], now: datetime) -> list[tuple[str, str]]:
    """Who opened it and when, newest first."""
    return [(presenter.who(row.reader), presenter.short(row.at, now)) for row in rows]


def remembered(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a form keeps of the case as it was when the page was made."""
    return {name: state[name] for name in WAS}
