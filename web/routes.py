"""Our own HTTP routes: page pictures, boxes over quotations, the PDF files, health. Relative, read-only, by document id."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse

from casebook.errors import CasebookError, NotFoundError, UsageError
from casebook.library import Library
from web import compare, library_tab, prose, search, tray

PAGE_PIXELS = 1200
"""Width of a page's picture: sharp at twice the density on a viewer 600 points wide."""

FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
ASK_AGAIN = {"Cache-Control": "private, no-cache"}


def install(app: FastAPI, library: Library) -> None:
    """Adds the routes and the plain-sentence errors to the application."""
    app.include_router(_router(library))
    for part in (search, compare, library_tab, tray, prose):
        app.include_router(part.router(library))
    app.add_exception_handler(CasebookError, _plain)
    app.add_exception_handler(RequestValidationError, _malformed)


def _plain(request: Request, error: Exception) -> JSONResponse:
    status = 404 if isinstance(error, NotFoundError) else 400 if isinstance(error, UsageError) else 503
    return JSONResponse({"error": str(error)}, status, headers=ASK_AGAIN)


def _malformed(request: Request, error: Exception) -> JSONResponse:
    where = (
        ", ".join(".".join(str(part) for part in one["loc"][1:]) for one in error.errors())
        if isinstance(error, RequestValidationError)
        else ""
    )
    return JSONResponse({"error": f"The request cannot be understood ({where}). Load the page anew."}, 422, headers=ASK_AGAIN)


def _router(library: Library) -> APIRouter:
    router = APIRouter()
    picture = _pictures(library)

    @router.get("/health")
    def health() -> JSONResponse:
        ready = library.ready()
        return JSONResponse({"ready": ready}, 200 if ready else 503, headers=ASK_AGAIN)

    @router.get("/pages/{document}/{number}.jpg")
    def page_picture(document: str, number: int, v: str = "") -> Response:
        sha256 = library.document(document).sha256
        library.page(document, number)
        headers = FOREVER if v and sha256.startswith(v) else ASK_AGAIN
        return Response(picture(document, number, sha256), media_type="image/jpeg", headers=headers)

    @router.get("/pages/{document}/{number}.json")
    def page_boxes(document: str, number: int, start: int = 0, end: int = 0) -> JSONResponse:
        known, page = library.document(document), library.page(document, number)
        boxes = library.highlight(document, number, start, end) if end > start else []
        return JSONResponse(
            {
                "document": document,
                "title": known.title,
                "system": known.system,
                "page": number,
                "pages": known.page_count,
                "label": page.label,
                "text": page.text,
                "version": known.sha256[:12],
                "quote": page.text[max(0, start) : end] if end > start else "",
                "boxes": [asdict(box) for box in boxes],
            },
            headers=ASK_AGAIN,
        )

    @router.get("/files/{document}.pdf")
    def pdf(document: str) -> FileResponse:
        path = library.file(document)
        if not path.is_file():
            raise HTTPException(404, "The file of this document is no longer in the data folder.")
        return FileResponse(
            path, media_type="application/pdf", filename=f"{document}.pdf", content_disposition_type="inline", headers=ASK_AGAIN
        )

    return router


def _pictures(library: Library) -> Callable[[str, int, str], bytes]:
    """Pages drawn once and kept, about 100 kB each; `sha256` makes a new version of a file another page."""

    @functools.lru_cache(maxsize=256)
    def picture(document: str, number: int, sha256: str) -> bytes:
        return library.page_image(document, number, PAGE_PIXELS)

    return picture
