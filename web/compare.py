"""The Compare tab: systems beside one another, theme by theme or question by question; every cell a quotation or a reason.

The form is HTML of our own; cells come as lines of JSON while they are made, so that the matrix fills before one's eyes
and closing the connection stops the work. static/compare.js arranges them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import gradio as gr
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, Field

from answer.export import FORMATS
from answer.themes import choose
from casebook.errors import CasebookError, UsageError
from casebook.library import Library
from casebook.records import Cell, Statement, Theme
from web import html
from web.tray import TYPES

FIRST_THEMES = ("leadership_staffing", "time", "cost_funding", "results")
"""Themes that are chosen when the tab is first opened."""

Name = Annotated[str, Field(max_length=300)]
Question = Annotated[str, Field(max_length=1000)]


class Wanted(BaseModel):
    """What a person wants to compare; no systems: all of them."""

    systems: list[Name] = Field(default=[], max_length=100)
    themes: list[Name] = Field(default=[], max_length=100)
    questions: list[Question] = Field(default=[], max_length=20)


def build() -> None:
    """Adds the tab's frame; static/compare.js fills it."""
    gr.HTML(
        '<section class="cb-compare"><div data-compare-form></div><div data-compare-result></div></section>',
        apply_default_css=False,
        elem_id="cb-compare",
        js_on_load=None,
    )


def router(library: Library) -> APIRouter:
    """/compare/form (HTML), /compare/cells (JSON lines), /compare/export/FORMAT (a file)."""
    routes = APIRouter(prefix="/compare")

    @routes.get("/form")
    def show_form() -> HTMLResponse:
        return HTMLResponse(form(library.systems(), library.themes()), headers={"Cache-Control": "no-store"})

    @routes.post("/cells")
    def cells(wanted: Wanted) -> StreamingResponse:
        systems, rows = axes(library, wanted)
        made = library.compare_cells(systems, wanted.themes, _asked(wanted))
        lines = _lines(library, systems, rows, made)
        return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})

    @routes.post("/export/{format}")
    def export(format: str, wanted: Wanted) -> Response:
        if format not in FORMATS:
            raise UsageError(f"There is no format {format!r}. Formats are: {', '.join(FORMATS)}.")
        axes(library, wanted)
        found = library.compare(wanted.systems, wanted.themes, _asked(wanted))
        headers = {
            "Content-Disposition": f'attachment; filename="casebook-comparison.{FORMATS[format][0]}"',
            "Cache-Control": "no-store",
        }
        return Response(library.export([found], format, "Comparison"), media_type=TYPES[format], headers=headers)

    return routes


def _asked(wanted: Wanted) -> list[str]:
    return list(dict.fromkeys(" ".join(q.split()) for q in wanted.questions if q.strip()))


def axes(library: Library, wanted: Wanted) -> tuple[list[str], list[tuple[str, str, str]]]:
    """(systems, [(row, label, explanation)]); raises `UsageError` when there is no row."""
    themes = choose(library.themes(), wanted.themes) if wanted.themes else []
    rows = [(t.id, t.label, t.definition) for t in themes] + [(q, q, "") for q in _asked(wanted)]
    if not rows:
        raise UsageError("Choose at least one theme, or write a question of your own.")
    return library.systems(wanted.systems), rows


def _lines(library: Library, systems: list[str], rows: list[tuple[str, str, str]], cells: Iterator[Cell]) -> Iterator[str]:
    """First the axes, then a line for each cell; an error that comes on the way is the last line."""
    yield json.dumps({"systems": systems, "rows": rows}, ensure_ascii=False) + "\n"
    documents = library.snapshot.documents
    labels = {row: label for row, label, _ in rows}
    try:
        for cell in cells:
            count = 1 + cell.more if cell.state == "quoted" else 0
            line = {"system": cell.system, "row": cell.row, "state": cell.state, "count": count}
            yield (
                json.dumps({**line, "html": cell_html(cell, labels.get(cell.row, cell.row), documents)}, ensure_ascii=False)
                + "\n"
            )
    except CasebookError as error:
        yield json.dumps({"error": str(error)}) + "\n"


def cell_html(cell: Cell, label: str, documents: html.Documents) -> str:
    """One cell: its best quotation and the rest folded, or why there is none and what was nearest. Never blank."""
    if cell.state != "quoted" or cell.statement is None:
        return _empty(cell, documents)
    others = "".join(_quotation(one, label, documents) for one in cell.others)
    noun = "quotation" if len(cell.others) == 1 else "quotations"
    more = f"<details><summary>{len(cell.others)} more {noun}</summary>{others}</details>" if others else ""
    return _quotation(cell.statement, label, documents) + more


def _quotation(found: Statement, label: str, documents: html.Documents) -> str:
    cites = "".join(_cite(c, documents, label) for c in found.citations)
    context = f'<p class="cb-context">{html.text(found.context)}</p>' if found.context else ""
    keep = html.keep_button(found.citations[0], documents, label) if found.citations else ""
    return f'{context}<blockquote><bdi>{html.text(found.text)}</bdi></blockquote><p class="cb-cell-source">{cites}{keep}</p>'


def _cite(citation: html.Citation, documents: html.Documents, note: str) -> str:
    where = html.attribute(html.place(citation, documents))
    return (
        f'<button type="button" class="cb-cite" {html.citation_data(citation, documents, note)} data-tip="{where}" '
        f'aria-label="{where}. Show the page">p. {html.text(citation.label)}</button>'
    )


STATES = {
    "no_evidence": "No evidence found",
    "not_covered": "The documents do not cover this",
    "extraction_failed": "The text could not be read",
}


def _empty(cell: Cell, documents: html.Documents) -> str:
    note = f"<p>{html.text(cell.note)}</p>" if cell.note else ""
    rejected = ""
    if cell.rejected:
        rejected = (
            "<details><summary>Nearest passage, rejected</summary><blockquote>"
            f"<bdi>{html.text(cell.rejected.quote)}</bdi></blockquote>"
            f'<p class="cb-cell-source">{_cite(cell.rejected, documents, "")}</p></details>'
        )
    return f'<p class="cb-state">{html.text(STATES.get(cell.state, cell.state))}</p>{note}{rejected}'


def form(systems: list[str], themes: list[Theme]) -> str:
    """Checkboxes for systems and themes, room for questions of one's own."""
    if not systems:
        return html.empty("Nothing to compare yet", "Give at least one document a system under Library, then come back.")
    columns = "".join(_box("systems", name, name, "", True) for name in systems)
    first = set(FIRST_THEMES) & {t.id for t in themes} or {t.id for t in themes}
    rows = "".join(_box("themes", t.id, t.label, t.definition, t.id in first) for t in themes)
    return (
        '<form class="cb-compare-form"><details class="cb-what" open><summary data-what>What to compare'
        '</summary><fieldset><legend>Systems</legend><div class="cb-boxes">' + columns + "</div></fieldset>"
        '<fieldset><legend>Themes</legend><div class="cb-boxes">' + rows + "</div>"
        '<button type="button" class="cb-link" data-do="all-themes">All themes</button> '
        '<button type="button" class="cb-link" data-do="no-themes">None</button></fieldset>'
        '<label class="cb-own">Questions of your own, one a line <textarea name="questions" rows="2" maxlength="8000" '
        'placeholder="Who chose the principals?"></textarea></label></details>'
        '<div class="cb-compare-go"><button type="submit" class="cb-plain cb-strong">Compare</button>'
        '<button type="button" class="cb-plain" data-do="stop-compare" hidden>Stop</button>'
        '<progress hidden aria-label="Cells filled"></progress><span role="status" data-compare-told></span></div></form>'
    )


def _box(group: str, value: str, label: str, hint: str, on: bool) -> str:
    title = f' title="{html.attribute(hint)}"' if hint else ""
    checked = " checked" if on else ""
    return (
        f'<label class="cb-box"{title}><input type="checkbox" name="{group}" value="{html.attribute(value)}"{checked}> '
        f"<bdi>{html.text(label)}</bdi></label>"
    )
