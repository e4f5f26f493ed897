"""`/rules/quality`: how often each rule fired, and how often a person then agreed with it or overrode it."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from services.desk.frame import pages_of, shell
from services.desk.people import SignedIn
from services.desk.rules_gateway import TriageRules
from services.desk.rules_pages import analyst_only
from services.desk.rules_view import TITLES, table_of
from services.kernel.process import Process
from services.partnership.models import Partnership

ELSEWHERE = {
    "second-reader": "Second reader",
    "read-alone": "Second reader, alone",
    "words": "Words of a theme",
    "entitlements": "Thresholds",
}
"""What fires and is no row of a table, by the first part of its name."""

router = APIRouter(prefix="/rules", include_in_schema=False)


@router.get("/quality")
async def quality(request: Request, session: SignedIn) -> Response:
    """The rules that people override most stand first; those that nobody judged yet come last."""
    analyst_only(session)
    hub: Process = request.app.state.hub
    rules: TriageRules = request.app.state.triage_rules
    listed, figures = await rules.read(hub, session), await rules.read(hub, session, "/quality")
    number = next((each["number"] for each in listed["items"] if each["status"] == "published"), None)
    documents = (await rules.read(hub, session, f"/{number}"))["documents"] if number else {}
    return pages_of(request).render(
        "rules/quality.html",
        **shell(request, session, "rules"),
        number=number,
        samples=sampled(figures["samples"]),
        items=judged(figures["items"], documents, request.app.state.partnership),
    )


def sampled(tallies: Mapping[str, int]) -> dict[str, int] | None:
    """Of what was decided without a person and looked at afterwards, how much was right; None where nothing was."""
    right, wrong = tallies.get("right", 0), tallies.get("wrong", 0)
    looked_at = right + wrong
    return {"right": right, "of": looked_at, "share": round(100 * right / looked_at)} if looked_at else None


def judged(
    figures: Iterable[Mapping[str, Any]], documents: Mapping[str, str], partnership: Partnership
) -> list[dict[str, Any]]:
    """Each rule's figures with its words, its place in the tables, and the share of judgements that overrode it."""
    rows = {f"{name}/{row.id}": (name, row) for name in TITLES if documents for row in table_of(documents, name).rows}
    made = []
    for each in figures:
        table, row = rows.get(each["rule"], (None, None))
        answers = each["confirmed"] + each["overridden"]
        made.append(
            dict(each)
            | {"table": table, "row": row.id if row else None, "answers": answers}
            | _called(each["rule"], table, row, partnership)
            | {"share": round(100 * each["overridden"] / answers) if answers else None}
        )
    return sorted(made, key=lambda each: (-(each["share"] or -1), -each["answers"], -each["fired"], each["rule"]))


def _called(rule: str, table: str | None, row: Any, partnership: Partnership) -> dict[str, str]:
    """What a rule says and where it stands; what is no table's row is named by the reader, list or threshold it is."""
    if table is not None:
        return {"says": row.text, "title": TITLES[table][0]}
    kind, _, code = rule.partition("/")
    if kind not in ELSEWHERE:
        return {"says": rule, "title": "Not in the version in force"}
    named = {each.code: each.name for each in partnership.entitlements}
    named |= {theme.code: theme.short_name for strategy in partnership.strategies for theme in strategy.themes}
    return {"says": named.get(code, code.replace("-", " ").capitalize()), "title": ELSEWHERE[kind]}
