"""The Library tab: what is in the collection, and putting documents in, taking them out, correcting them, undoing it.

The work is done in a thread of its own, stage by stage, as lines of JSON; questions are answered from the live snapshot
all the while. Every change gives back a token by which it can be undone.
"""

from __future__ import annotations

import json
import queue
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from casebook.building import Outcome
from casebook.errors import CasebookError, UsageError
from casebook.library import Library, systems_of
from casebook.records import Document
from web import html

KEPT_UNDOS = 50
Short = Annotated[str, Field(max_length=300)]
Undo = Callable[[], object]

FRAME = """<section class="cb-library"><div class="cb-drop" data-drop>
<label class="cb-plain cb-choose" for="cb-files">Add PDF files</label>
<input id="cb-files" class="cb-hidden" type="file" accept="application/pdf,.pdf" multiple aria-describedby="cb-drop-hint">
<span id="cb-drop-hint">or drop them here. They are read on this machine and stay on it.</span></div>
<div data-jobs role="status"></div><div data-library-table data-citations></div></section>"""


def build() -> None:
    """Adds the tab's frame; static/library.js fills it."""
    gr.HTML(FRAME, apply_default_css=False, elem_id="cb-library", js_on_load=None)


class Names(BaseModel):
    ids: list[Short] = Field(default=[], max_length=500)


class Files(BaseModel):
    names: list[Short] = Field(max_length=200)


class Changes(BaseModel):
    title: Short | None = None
    system: Short | None = None
    kind: Short | None = None
    years: Short | None = None


def router(library: Library) -> APIRouter:
    """/library/…: the table, uploads, ingest as JSON lines, edit, remove, undo."""
    routes = APIRouter(prefix="/library")
    undos: dict[str, Undo] = {}
    uploads = library.settings.data / "uploads"

    def offer(undo: Undo) -> str:
        token = secrets.token_urlsafe(12)
        undos[token] = undo
        while len(undos) > KEPT_UNDOS:
            undos.pop(next(iter(undos)))
        return token

    @routes.get("/table")
    def documents_table() -> HTMLResponse:
        return HTMLResponse(table(library.documents()), headers={"Cache-Control": "no-store"})

    @routes.post("/upload")
    async def upload(request: Request, name: Short) -> JSONResponse:
        uploads.mkdir(parents=True, exist_ok=True)
        target = uploads / safe_name(name)
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                async for chunk in request.stream():
                    file.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return JSONResponse({"name": target.name})

    @routes.post("/ingest")
    def ingest(files: Files) -> StreamingResponse:
        paths = [uploads / safe_name(name) for name in files.names]
        return StreamingResponse(_lines(library, paths, offer), media_type="application/x-ndjson")

    @routes.post("/remove")
    def remove(names: Names) -> JSONResponse:
        before = [library.document(id) for id in names.ids]
        library.remove(names.ids)
        return JSONResponse({"message": f"Removed: {_titles(before)}.", "undo": offer(lambda: _restore(library, before))})

    @routes.post("/edit/{id}")
    def edit(id: str, changes: Changes) -> JSONResponse:
        before = library.document(id)
        wanted = {k: " ".join(v.split()) for k, v in changes.model_dump(exclude_none=True).items()}
        if not wanted.get("title", before.title):
            raise UsageError("A document needs a title.")
        library.edit(id, **wanted)
        return JSONResponse(
            {"message": f"Saved: {wanted.get('title', before.title)}.", "undo": offer(lambda: _restore(library, [before]))}
        )

    @routes.post("/undo/{token}")
    def undo(token: str) -> JSONResponse:
        if token not in undos:
            raise UsageError("This can no longer be undone: it was undone already, or the application was started anew.")
        undos[token]()
        undos.pop(token, None)
        return JSONResponse({"message": "Undone."})

    return routes


def safe_name(name: str) -> str:
    """A file name of the last part only, without what file systems forbid: "../a:b.pdf" -> "a_b.pdf"."""
    last = re.split(r"[/\\]", name)[-1]
    kept = re.sub(r'[\x00-\x1f<>:"|?*]', "_", last).strip(" .")[-120:]
    return kept or "document.pdf"


def _restore(library: Library, documents: list[Document]) -> None:
    for document in documents:
        library.restore(document)


def _titles(documents: list[Document]) -> str:
    return ", ".join(d.title for d in documents)


def _lines(library: Library, paths: list[Path], offer: Callable[[Undo], str]) -> Iterator[str]:
    """{"stage", "done", "total"} as work goes on, then {"files": [[name, what came of it, ok]], "undo"} or {"error"}."""
    told: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def work() -> None:
        try:
            before = library.snapshot.documents if library.ready() else {}
            outcome = library.ingest(
                paths, progress=lambda stage, done, total: told.put({"stage": stage, "done": done, "total": total})
            )
            told.put(_report(library, paths, outcome, before, offer))
        except CasebookError as error:
            told.put({"error": str(error)})
        except Exception:
            told.put({"error": "The files could not be added. The collection is as it was before."})
            raise
        finally:
            for path in paths:
                path.unlink(missing_ok=True)  # a copy by content is in the data folder
            told.put(None)

    threading.Thread(target=work, daemon=True).start()
    while (line := told.get()) is not None:
        yield json.dumps(line, ensure_ascii=False) + "\n"


def _report(
    library: Library, paths: list[Path], outcome: Outcome, before: dict[str, Document], offer: Callable[[Undo], str]
) -> dict[str, Any]:
    now = library.snapshot.documents
    files = [[name, reason, False] for name, reason in outcome.set_aside]
    for ids, word in ((outcome.added, "added"), (outcome.updated, "replaced its earlier version")):
        for id in ids:
            d = now[id]
            files.append([d.title, f"{word}: {d.page_count} pages, {d.passage_count} passages", True])
    refused = {name for name, _ in outcome.set_aside}
    if len(paths) - len(refused) > len(outcome.added) + len(outcome.updated):
        files.append(["The rest", "there already, unchanged", True])

    def undo() -> None:
        _restore(library, [before[id] for id in outcome.updated if id in before])
        if outcome.added:
            library.remove(outcome.added)

    changed = bool(outcome.added or outcome.updated)
    return {"files": files, "undo": offer(undo) if changed else ""}


def table(documents: list[Document]) -> str:
    """Every document with its pages, passages, date, source and health, and what can be done with it."""
    if not documents:
        return html.empty("No documents yet", "Add PDF files above: reports, plans, evaluations. Each takes a few seconds.")
    rows = "".join(_row(d) for d in documents)
    systems = "".join(f'<option value="{html.attribute(name)}"></option>' for name in systems_of(documents))
    return (
        f'<p class="cb-label">{len(documents)} documents, {sum(d.page_count for d in documents)} pages, '
        f"{sum(d.passage_count for d in documents)} passages</p>"
        '<table class="cb-table"><caption class="cb-hidden">Documents of the collection</caption><thead><tr>'
        '<th scope="col">Document</th>'
        '<th scope="col">System</th><th scope="col">Pages</th><th scope="col">Passages</th><th scope="col">Years</th>'
        '<th scope="col">Source</th><th scope="col">Health</th><th scope="col"><span '
        'class="cb-hidden">Actions</span></th></tr></thead>'
        f'<tbody>{rows}</tbody></table><datalist id="cb-known-systems">{systems}</datalist>'
    )


SOURCES = {"brief": "written for this collection", "original": "original report", "yours": "yours"}


def _row(d: Document) -> str:
    title = html.attribute(d.title)
    data = (
        f'data-doc="{html.attribute(d.id)}" data-title="{title}" data-system="{html.attribute(d.system)}" '
        f'data-pages="{d.page_count}" '
        f'data-version="{d.sha256[:12]}" data-kind="{html.attribute(d.kind)}" data-years="{html.attribute(d.years)}"'
    )
    health = html.text("; ".join(d.flags)) if d.flags else "good"
    added = f"<br><small>{html.text(d.added)}</small>" if d.added else ""
    return (
        f'<tr {data}><th scope="row"><bdi>{html.text(d.title)}</bdi></th><td '
        f'data-label="System">{html.text(d.system or "all")}</td>'
        f'<td data-label="Pages">{d.page_count}</td><td data-label="Passages">{d.passage_count}</td>'
        f'<td data-label="Years">{html.text(d.years or "–")}</td>'
        f'<td data-label="Source">{html.text(SOURCES.get(d.source, d.source))}{added}</td>'
        f'<td data-label="Health" class="{"cb-flagged" if d.flags else ""}">{health}</td><td class="cb-actions">'
        '<button type="button" class="cb-link" data-cite data-page="1" data-label="1" data-start="0" '
        f'data-end="0" data-quote="" {data} '
        f'aria-label="Read {title}">Read</button>'
        f'<button type="button" class="cb-link" data-do="edit" aria-label="Edit {title}">Edit</button>'
        f'<button type="button" class="cb-link" data-do="remove" aria-label="Remove {title}">Remove</button></td></tr>'
    )
