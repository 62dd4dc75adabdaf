"""The Search tab: ranking, filters with counts, steering by marks. What is shown of it is in web/hits.py.

Stateless: everything a result depends on is in its address, so that a link shows the same. static/search.js sends the form.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import gradio as gr
import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse

from casebook.library import Library
from casebook.records import Document, Hit, Passage
from index.themes import rows
from web.hits import DEPTH, FACETS, SORTS, WELCOME, Wanted, form, show
from web.steering import steered

Values = Annotated[list[str], Query(default_factory=list, max_length=200)]


def build() -> None:
    """Adds the tab's frame; static/search.js fills it."""
    gr.HTML(
        '<section class="cb-search" data-search-frame></section>',
        apply_default_css=False,
        elem_id="cb-search-pane",
        js_on_load=None,
    )


def router(library: Library) -> APIRouter:
    """/find/form (HTML) and /find (JSON: the results as HTML, the number of hits of each filter's values)."""
    routes = APIRouter(prefix="/find")

    @routes.get("/form")
    def show_form() -> HTMLResponse:
        return HTMLResponse(form(library.documents(), library.themes()), headers={"Cache-Control": "no-store"})

    @routes.get("")
    def find(
        system: Values,
        kind: Values,
        year: Values,
        document: Values,
        theme: Values,
        good: Values,
        bad: Values,
        q: Annotated[str, Query(max_length=4000)] = "",
        like: str = "",
        sort: str = "best",
        page: Annotated[int, Query(ge=1, le=1000)] = 1,
    ) -> JSONResponse:
        chosen = {"system": system, "kind": kind, "year": year, "document": document}
        wanted = Wanted(q, chosen, theme, good, bad, like, sort if sort in SORTS else "best", page)
        return JSONResponse(results(library, wanted), headers={"Cache-Control": "no-store"})

    return routes


def results(library: Library, wanted: Wanted) -> dict[str, Any]:
    """{"html", "counts": {facet: {value: hits}}}; counts of a facet leave its own ticks out of account."""
    documents = library.snapshot.documents
    words = wanted.words
    if wanted.like:
        seed = _passages(library, [wanted.like])
        words = seed[0].text if seed else words
    if not words.strip():
        return {"html": WELCOME, "counts": {}}
    scopes = {facet: _scope(documents, {k: v for k, v in wanted.chosen.items() if k != facet}) for facet in FACETS}
    scope = _scope(documents, wanted.chosen)
    found = _ranked(library, words, scope, wanted)
    narrowed = any(wanted.chosen.values()) or wanted.themes
    wide = _ranked(library, words, None, replace(wanted, themes=())) if narrowed else found
    counts = {
        facet: dict(Counter(of(documents[h.passage.document]) for h in wide if h.passage.document in scopes[facet]))
        for facet, (_, of) in FACETS.items()
    }
    counts["theme"] = _theme_counts(library, [h for h in wide if not scope or h.passage.document in scope])
    return {"html": show(found, words if not wanted.like else "", wanted, library), "counts": counts}


def _scope(documents: dict[str, Document], chosen: dict[str, list[str]]) -> list[str]:
    """Ids of the documents that have one of the ticked values in every facet where something is ticked."""
    return [
        id
        for id, d in documents.items()
        if all(not ticked or FACETS[facet][1](d) in ticked for facet, ticked in chosen.items())
    ]


def _ranked(library: Library, words: str, scope: list[str] | None, wanted: Wanted) -> list[Hit]:
    if scope is not None and not scope:
        return []
    everything = scope is None or len(scope) == len(library.snapshot.documents)
    found = library.search(words, DEPTH, documents=() if everything else scope or (), themes=wanted.themes)
    found = [hit for hit in found if hit.passage.id != wanted.like]
    if found and (wanted.good or wanted.bad):
        vectors = _vectors(library, [hit.passage.id for hit in found])
        scores = np.array([hit.score for hit in found])
        moved = steered(scores, vectors, _vectors(library, wanted.good), _vectors(library, wanted.bad))
        found = [found[i] for i in np.lexsort((np.arange(len(found)), -moved))]
    documents = library.snapshot.documents
    if wanted.sort == "order":
        place = {id: i for i, id in enumerate(documents)}
        found = sorted(found, key=lambda h: (place[h.passage.document], h.passage.page, h.passage.start))
    elif wanted.sort == "recent":
        found = sorted(
            found, key=lambda h: max(re.findall(r"\d{4}", documents[h.passage.document].years), default=""), reverse=True
        )
    return found


def _theme_counts(library: Library, found: Sequence[Hit]) -> dict[str, int]:
    """How many of the passages found are about each theme."""
    places = set(library.snapshot.rows_of([hit.passage.id for hit in found]))
    return {theme: len(places & about) for theme, about in _theme_rows(library, library.snapshot.manifest.id).items()}


@functools.lru_cache(maxsize=4)
def _theme_rows(library: Library, snapshot: str) -> dict[str, set[int]]:
    """Theme id -> rows of the passages about it; reckoned once for each snapshot, named by its id."""
    return {
        theme.id: {int(row) for row in rows(library.snapshot, library.encoder, [(theme.label, theme.definition)], None)}
        for theme in library.themes()
    }


def _passages(library: Library, ids: Sequence[str]) -> list[Passage]:
    snapshot = library.snapshot
    known = [id for id in ids if _known(library, id)]
    return snapshot.passages(snapshot.rows_of(known)) if known else []


def _known(library: Library, id: str) -> bool:
    return library.snapshot.connection.execute("SELECT 1 FROM passages WHERE id = ?", (id,)).fetchone() is not None


def _vectors(library: Library, ids: Sequence[str]) -> np.ndarray:
    """(n, d) float32 unit rows of these passages; ids that are not there any more are passed over."""
    known = [id for id in ids if _known(library, id)]
    if not known:
        return np.zeros((0, library.snapshot.manifest.dimension), np.float32)
    return library.snapshot.vectors.vectors(list(library.snapshot.rows_of(known)))
