"""`/rules/…/golden`: reports whose decision is agreed, added from a report's codes or by hand, changed, taken out."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk import golden_view
from services.desk.commands import Outcome
from services.desk.frame import around, missing, pages_of, sentence, shell, tidy
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.rules_gateway import TriageRules
from services.desk.rules_pages import analyst_only, new_draft, saved_by
from services.desk.sides import UNCHANGED, problems

router = APIRouter(prefix="/rules", include_in_schema=False)


@router.get("/{number}/golden")
async def golden(
    request: Request, session: SignedIn, number: int, case: str = "", report: str = "", *, begun: bool = False
) -> Response:
    """The cases of a version, each with whether its rules decide it as agreed; and the form of one, or of a new one."""
    analyst_only(session)
    codes = await _of_report(request, session, tidy(report)) if report else None
    return await _page(request, session, number, {"case": case}, codes, begun=begun)


async def _of_report(request: Request, session: Session, reference: str) -> dict[str, Any]:
    """The codes of a report that she may see. Raises a 404 problem."""
    desk = around(request)
    item = await desk.casework.one_review(desk.hub, session, reference)
    if item is None:
        raise missing()
    return golden_view.of_report(item)


async def _page(
    request: Request,
    session: Session,
    number: int,
    sent: Mapping[str, str],
    fields: Mapping[str, Any] | None = None,
    refusal: Outcome | None = None,
    notice: str = "",
    *,
    begun: bool = False,
) -> Response:
    """The page with the form as it was sent, with `fields`, or of the case that `sent` names."""
    desk = around(request)
    rules: TriageRules = request.app.state.triage_rules
    found = await rules.read(desk.hub, session, f"/{number}")
    cases, name = golden_view.cases_of(found["documents"]), sent["case"]
    standing = next((case for case in cases if str(case["name"]) == name), None)
    back = "operation" in sent
    if name and standing is None and not back:
        raise missing()
    sides = golden_view.sides_of(standing, sent if back else {})
    if back:
        fields = golden_view.from_text(sides.merged)
    return pages_of(request).render(
        "rules/golden.html",
        refusal.status if refusal else 200,
        **shell(request, session, "rules"),
        **golden_view.choices(desk.partnership, desk.partnership.day(desk.now)),
        head=found["head"],
        cases=golden_view.shown(cases, found["failing"]),
        name=name if standing else "",
        was=json.dumps(golden_view.in_text(golden_view.filled(standing))) if standing else "",
        case=fields if fields is not None else golden_view.filled(standing),
        reason=sent.get("reason", ""),
        rows=sides.rows(golden_view.LABELS),
        by=saved_by(found["head"], session),
        problems=problems(sides.said(), golden_view.CASE, refusal, [sentence(refusal)] if refusal else []),
        notice=notice,
        begun=begun,
    )


@router.post("/{number}/golden")
async def change(request: Request, session: SignedIn, form: CheckedForm, number: int) -> Response:
    """A case added, changed or taken out: kept in the draft, with who and why, as a row of a table is."""
    analyst_only(session)
    rules: TriageRules = request.app.state.triage_rules
    sent = {"case": "", "operation": "set", **form}
    if sent["operation"] == "set" and form.get("was") and not golden_view.sides_of(None, sent).hers:
        return await _page(request, session, number, sent, notice=UNCHANGED.format(golden_view.CASE))
    edit = golden_view.edit_of(sent)
    body = {"version": int(form["version"]), "reason": form.get("reason", ""), "edit": edit}
    outcome = await rules.send(around(request).hub, session, f"/{number}", body)
    if not outcome.done:
        return await _page(request, session, number, sent, refusal=outcome)
    kept = "" if edit["operation"] == "remove" else f"&case={quote(edit['called'])}"
    made = outcome.body["number"]
    said = (new_draft("&", number, made) + kept).replace("&", "?", 1)
    return RedirectResponse(f"/rules/{made}/golden{said}", 303)
