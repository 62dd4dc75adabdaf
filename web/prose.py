"""A language model's sentences above the quotations, as they come, each marked supported or not. Only with one set up."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from casebook.errors import CasebookError
from casebook.library import Library


class Asked(BaseModel):
    question: str = Field(max_length=4000)


def router(library: Library) -> APIRouter:
    """POST /prose: lines of JSON, {"text", "cites", "supported", "problem"} each, at the end {"error"} if it broke off."""
    routes = APIRouter()

    @routes.post("/prose")
    def prose(asked: Asked) -> StreamingResponse:
        return StreamingResponse(
            _lines(library, asked.question), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"}
        )

    return routes


def _lines(library: Library, question: str) -> Iterator[str]:
    try:
        answer = library.ask(question)
        if answer.abstained:
            return
        for one in library.write(answer):
            line = {"text": one.text, "cites": list(one.cites), "supported": one.supported, "problem": one.problem}
            yield json.dumps(line, ensure_ascii=False) + "\n"
    except CasebookError as error:
        yield json.dumps({"error": str(error)}, ensure_ascii=False) + "\n"
