"""`/rules/…/words`: the lists of the lexicon, and the form of one; what a colleague changed meanwhile is kept in it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk.commands import Outcome
from services.desk.frame import around, missing, pages_of, shell
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.rule_words_conflict import LIST, lists_of
from services.desk.rules_gateway import TriageRules
from services.desk.rules_pages import analyst_only, new_draft, saved_by, sentences
from services.desk.rules_view import words_of
from services.desk.sides import UNCHANGED, problems

router = APIRouter(prefix="/rules", include_in_schema=False)


@router.get("/{number}/words")
async def words_page(
    request: Request, session: SignedIn, number: int, section: str = "", *, begun: bool = False
) -> Response:
    """The lexicon: its lists, and the form of one of them."""
    analyst_only(session)
    return await _words(request, session, number, {"section": section}, begun=begun)


async def _words(
    request: Request,
    session: Session,
    number: int,
    sent: Mapping[str, str],
    refusal: Outcome | None = None,
    notice: str = "",
    *,
    begun: bool = False,
) -> Response:
    rules: TriageRules = request.app.state.triage_rules
    found = await rules.read(around(request).hub, session, f"/{number}")
    lists, section = words_of(found["documents"]), sent["section"]
    if section and section not in lists:
        raise missing()
    sides = lists_of(lists.get(section, []), sent)
    return pages_of(request).render(
        "rules/words.html",
        refusal.status if refusal else 200,
        **shell(request, session, "rules"),
        head=found["head"],
        lists=lists,
        section=section,
        terms="\n".join(sides.merged),
        was=json.dumps({"terms": sides.now}),
        problems=problems(
            sides.said(saved_by(found["head"], session)), LIST, refusal, sentences(refusal) if refusal else []
        ),
        notice=notice,
        reason=sent.get("reason", ""),
        begun=begun,
    )


@router.post("/{number}/words")
async def change_words(request: Request, session: SignedIn, form: CheckedForm, number: int) -> Response:
    """All terms of one list, one a line."""
    analyst_only(session)
    sent = {"section": "", "terms": "", **form}
    section, sides = sent["section"], lists_of([], sent)
    if form.get("was") and not sides.hers:
        return await _words(request, session, number, sent, notice=UNCHANGED.format(LIST))
    edit = {"kind": "words", "section": section, "terms": sides.mine}
    body: dict[str, Any] = {"version": int(form["version"]), "reason": form.get("reason", ""), "edit": edit}
    rules: TriageRules = request.app.state.triage_rules
    outcome = await rules.send(around(request).hub, session, f"/{number}", body)
    if not outcome.done:
        return await _words(request, session, number, sent, outcome)
    made = outcome.body["number"]
    return RedirectResponse(f"/rules/{made}/words?section={quote(section)}{new_draft('&', number, made)}", 303)
