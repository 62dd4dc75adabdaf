"""Records -> the JSON people script against. The keys are a contract; they are only ever added to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from casebook.records import Answer, Cell, Citation, Comparison, Document, Hit, Page, Statement

Documents = Mapping[str, Document]


def hits(question: str, found: list[Hit], documents: Documents, labels: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    """`labels` gives the printed label of (document, page)."""
    return {"question": question, "hits": [_hit(hit, documents, labels) for hit in found]}


def _hit(hit: Hit, documents: Documents, labels: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    passage = hit.passage
    return {
        **_place(passage.document, passage.page, labels[passage.document, passage.page], documents),
        "start": passage.start,
        "end": passage.end,
        "heading": passage.heading,
        "text": passage.text,
        "score": hit.score,
        "dense_score": hit.dense_score,
        "lexical_score": hit.lexical_score,
        "why": hit.why,
    }


def answer(found: Answer, documents: Documents) -> dict[str, Any]:
    result: dict[str, Any] = {
        "question": found.question,
        "abstained": found.abstained,
        "confidence": found.confidence,
        "confidence_asked": found.asked,
        "statements": [statement(s, documents) for s in found.statements],
    }
    if found.kind:
        result["kind"] = found.kind
    if found.abstained:
        result["reason"] = found.reason
        result["nearest"] = citation(found.nearest, documents) if found.nearest else None
        result["nearby"] = list(found.nearby)
    if found.notes:
        result["notes"] = list(found.notes)
    return result


def statement(found: Statement, documents: Documents) -> dict[str, Any]:
    result: dict[str, Any] = {"text": found.text, "citations": [citation(c, documents) for c in found.citations]}
    if found.context:
        result["context"] = found.context
    return result


def comparison(found: Comparison, documents: Documents) -> dict[str, Any]:
    rows = [{"id": row, "label": label} for row, label in zip(found.rows, found.labels or found.rows, strict=True)]
    cells = [cell(c, documents) for c in found.cells]
    return {"snapshot": found.snapshot, "systems": list(found.systems), "rows": rows, "cells": cells}


def cell(found: Cell, documents: Documents) -> dict[str, Any]:
    result: dict[str, Any] = {
        "system": found.system, "row": found.row, "state": found.state, "confidence": found.confidence,
        "statement": statement(found.statement, documents) if found.statement else None,
        "more": found.more, "others": [statement(s, documents) for s in found.others],
    }  # fmt: skip
    if not found.statement:
        result["note"] = found.note
        result["rejected"] = citation(found.rejected, documents) if found.rejected else None
    return result


def citation(found: Citation, documents: Documents) -> dict[str, Any]:
    place = _place(found.document, found.page, found.label, documents)
    return {**place, "start": found.start, "end": found.end, "quote": found.quote}


def _place(document: str, page: int, label: str, documents: Documents) -> dict[str, Any]:
    known = documents[document]
    return {"document": document, "title": known.title, "system": known.system, "page": page, "label": label}


def document(found: Document) -> dict[str, Any]:
    return {
        "document": found.id,
        "title": found.title,
        "system": found.system,
        "kind": found.kind,
        "source": found.source,
        "state": found.state,
        "years": found.years,
        "pages": found.page_count,
        "passages": found.passage_count,
        "sha256": found.sha256,
        "flags": list(found.flags),
        "added": found.added,
        "origin": found.origin,
    }


def page(found: Page) -> dict[str, Any]:
    return {"document": found.document, "page": found.number, "label": found.label, "text": found.text}
