"""`/rules/…/tables/…/row`: the form of one row of a table; what a colleague changed meanwhile is laid beside hers."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.desk.commands import Outcome
from services.desk.frame import around, missing, pages_of, shell
from services.desk.people import CheckedForm, Session, SignedIn
from services.desk.rule_row_conflict import ROW, TEXT, cells_of, plainly, sides_of
from services.desk.rules_gateway import TriageRules
from services.desk.rules_pages import analyst_only, known_table, new_draft, saved_by
from services.desk.rules_view import TITLES, columns_of, fields, table_of
from services.desk.sides import ELSEWHERE, UNCHANGED, Sides
from services.partnership.table_file import TableRow

router = APIRouter(prefix="/rules", include_in_schema=False)


@router.get("/{number}/tables/{table}/row")
async def row_page(request: Request, session: SignedIn, number: int, table: str, id: str = "") -> Response:  # noqa: A002
    """The form of a row, or of a new one."""
    analyst_only(session)
    known_table(table)
    found = await _version(request, session, number)
    if id and _row_of(found, table, id) is None:
        raise missing()
    return _row_form(request, session, found, table, {"row": id})


async def _version(request: Request, session: Session, number: int) -> dict[str, Any]:
    rules: TriageRules = request.app.state.triage_rules
    return await rules.read(around(request).hub, session, f"/{number}")


def _row_of(found: Mapping[str, Any], table: str, name: str) -> TableRow | None:
    return next((each for each in table_of(found["documents"], table).rows if each.id == name), None)


def _row_form(
    request: Request,
    session: Session,
    found: Mapping[str, Any],
    table: str,
    sent: Mapping[str, str],
    refusal: Outcome | None = None,
    notice: str = "",
) -> Response:
    row = _row_of(found, table, sent["row"])
    sides = sides_of(row, sent)
    values = sides.merged
    here = around(request)
    shown = fields(row, table, here.partnership, values, here.now)
    errors, others = _at_cells(refusal, table, sent["row"], sides)
    return pages_of(request).render(
        "rules/row.html",
        refusal.status if refusal else 200,
        **shell(request, session, "rules"),
        head=found["head"],
        table=table,
        title=TITLES[table][0],
        row=row,
        row_id=sent["row"],
        text=values[TEXT],
        was=json.dumps(cells_of(row)),
        rows=sides.rows({TEXT: "In plain words"} | {each["name"]: each["label"] for each in shown}, plainly),
        by=saved_by(found["head"], session),
        fields=shown,
        errors=errors,
        problems=others,
        notice=notice,
        reason=sent.get("reason", ""),
    )


def _at_cells(refusal: Outcome | None, table: str, row: str, sides: Sides) -> tuple[dict[str, str], list[str]]:
    """What is wrong by column of this row; and what became of it meanwhile, what is wrong elsewhere or as a whole."""
    cells: dict[str, str] = {}
    others = [sides.said()] if sides.theirs else []
    for each in (refusal.body.get("errors") or ()) if refusal else ():
        _, *parts = each["field"].split("/")
        if parts[:2] == [table, row] and parts[2:] and parts[2] in columns_of(table):
            cells[parts[2]] = each["message"]
        else:
            others.append(each["message"])
    if refusal and not cells and not others:
        others.append(ELSEWHERE.format(ROW) if refusal.conflict and sides.hers else refusal.body.get("detail", ""))
    return cells, others


@router.post("/{number}/tables/{table}")
async def change_row(request: Request, session: SignedIn, form: CheckedForm, number: int, table: str) -> Response:
    """Set, add, remove or move a row: kept in the draft, or refused at its cell."""
    analyst_only(session)
    known_table(table)
    sent = {"row": "", "operation": "set", **form}
    if sent["operation"] == "set" and form.get("was") and not sides_of(None, form).hers:
        return _row_form(
            request, session, await _version(request, session, number), table, sent, notice=UNCHANGED.format(ROW)
        )
    rules: TriageRules = request.app.state.triage_rules
    body = {"version": int(form["version"]), "reason": form.get("reason", ""), "edit": _edit(table, sent)}
    outcome = await rules.send(around(request).hub, session, f"/{number}", body)
    if not outcome.done:
        return _row_form(request, session, await _version(request, session, number), table, sent, outcome)
    made = outcome.body["number"]
    return RedirectResponse(f"/rules/{made}/tables/{table}{new_draft('?', number, made)}#{quote(sent['row'])}", 303)


def _edit(table: str, sent: Mapping[str, str]) -> dict[str, Any]:
    cells = {name.removeprefix("cell-"): value for name, value in sent.items() if name.startswith("cell-")}
    edit = {"kind": "row", "table": table, "operation": sent["operation"], "row": sent["row"]}
    return edit | ({"text": sent.get("text", ""), "cells": cells} if cells else {})
