"""What a person kept, as a file. The tray itself lives in the browser; here each quotation is held to its page once more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from answer.export import FORMATS
from casebook.errors import UsageError
from casebook.library import Library
from casebook.records import Answer, Citation, Document, Statement

Name = Annotated[str, Field(max_length=400)]


class Kept(BaseModel):
    """One quotation of the tray; `note` is the question or theme under which it was kept."""

    document: Name
    page: int = Field(ge=1)
    label: Name = ""
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    quote: Annotated[str, Field(max_length=20_000)]
    note: Annotated[str, Field(max_length=4_000)] = ""


class Tray(BaseModel):
    items: list[Kept] = Field(max_length=2_000)
    title: Name = "Evidence"


TYPES = {
    "markdown": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "bibtex": "application/x-bibtex",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ris": "application/x-research-info-systems",
    "csl-json": "application/vnd.citationstyles.csl+json",
}


def router(library: Library) -> APIRouter:
    """POST /export/FORMAT with the tray as JSON answers with the file."""
    routes = APIRouter()

    @routes.post("/export/{format}")
    def download(format: str, tray: Tray) -> Response:
        if format not in FORMATS:
            raise UsageError(f"There is no format {format!r}. Formats are: {', '.join(FORMATS)}.")
        if not tray.items:
            raise UsageError("Nothing is kept yet, so there is nothing to export.")
        documents = library.snapshot.documents
        content = library.export(answers(tray.items, documents), format, tray.title)
        ending = FORMATS[format][0]
        headers = {"Content-Disposition": f'attachment; filename="casebook-evidence.{ending}"', "Cache-Control": "no-store"}
        return Response(content, media_type=TYPES.get(format, "application/octet-stream"), headers=headers)

    return routes


def answers(kept: list[Kept], documents: dict[str, Document]) -> list[Answer]:
    """The quotations under the questions they were kept for, in order of first appearance."""
    groups: dict[str, list[Statement]] = {}
    for one in kept:
        citation = Citation(one.document, one.page, one.label, one.start, one.end, one.quote)
        system = documents[one.document].system if one.document in documents else ""
        groups.setdefault(one.note, []).append(Statement(one.quote, (citation,), system))
    return [Answer(note, tuple(statements), False, 1.0) for note, statements in groups.items()]
