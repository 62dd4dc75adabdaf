"""The Search tab: ranked passages with the matching words and the best sentence marked, filtered, steered and paged.

Stateless: everything a result depends on is in its address, so that a link shows the same. static/search.js sends the form.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import gradio as gr
import numpy as np
import snowballstemmer
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse

from answer.citations import cite
from casebook.library import Library
from casebook.records import Document, Hit, Passage, Span, Theme
from index.themes import rows
from web import html
from web.steering import steered

PER_PAGE = 10
DEPTH = 100
"""Passages ranked for one search; ten pages of ten."""

SORTS = {"best": "Best first", "order": "In the order of the documents", "recent": "Most recent years first"}
FACETS: dict[str, tuple[str, Callable[[Document], str]]] = {
    "system": ("System", lambda d: d.system or "All systems"),
    "kind": ("Kind", lambda d: d.kind or "document"),
    "year": ("Years", lambda d: d.years or "no year"),
    "document": ("Document", lambda d: d.id),
}
Values = Annotated[list[str], Query(default_factory=list, max_length=200)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search as its address has it; `chosen` maps facets to the values ticked, `good` and `bad` are passage ids."""

    words: str
    chosen: dict[str, list[str]] = field(default_factory=dict)
    themes: Sequence[str] = ()
    good: Sequence[str] = ()
    bad: Sequence[str] = ()
    like: str = ""
    sort: str = "best"
    page: int = 1


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


# --- showing ---

WELCOME = html.empty(
    "Find passages",
    "Search ranks passages by the words they share with yours and by their meaning. Nothing is judged or left out: use it "
    "to read around a subject. Mark results as good or bad and the ranking follows you.",
)
NOTHING = html.empty("Nothing was found", "Try fewer or other words, or take a filter away.")


def show(found: list[Hit], words: str, wanted: Wanted, library: Library) -> str:
    """One page of results with its place among the others."""
    if not found:
        return NOTHING.replace("<div", '<div data-announce="Nothing was found."', 1)
    pages = -(-len(found) // PER_PAGE)
    page = min(wanted.page, pages)
    first = (page - 1) * PER_PAGE
    query = library.encoder.encode([words])[0] if words else None
    items = "".join(
        _hit(number, hit, words, query, wanted, library)
        for number, hit in enumerate(found[first : first + PER_PAGE], first + 1)
    )
    total = f"{len(found)} passages" if len(found) < DEPTH - 1 else f"the {len(found)} best passages"
    like = (
        '<p class="cb-notes">Passages like the one you chose. <button type="button" class="cb-link" '
        'data-do="search-again">Back to your words</button></p>'
        if wanted.like
        else ""
    )
    return (
        f'<p class="cb-label" data-announce="{attribute_count(first, len(found))}">{first + 1} to '
        f"{min(first + PER_PAGE, len(found))} of {total}</p>"
        f'{like}<ol class="cb-statements" data-citations>{items}</ol>{_pager(page, pages)}'
    )


def attribute_count(first: int, total: int) -> str:
    return f"Results {first + 1} to {min(first + PER_PAGE, total)} of {total}."


def _pager(page: int, pages: int) -> str:
    if pages == 1:
        return ""
    buttons = (("Previous page", page - 1, page > 1), ("Next page", page + 1, page < pages))
    return (
        '<nav class="cb-pager" aria-label="Result pages">'
        + f"<span>Page {page} of {pages}</span>".join(
            f'<button type="button" class="cb-plain" data-do="turn" data-to="{to}"{"" if on else " disabled"}>{label}</button>'
            for label, to, on in buttons
        )
        + "</nav>"
    )


def _hit(number: int, hit: Hit, words: str, query: np.ndarray | None, wanted: Wanted, library: Library) -> str:
    passage, documents = hit.passage, library.snapshot.documents
    page = library.page(passage.document, passage.page)
    citation = cite(page, passage.start, passage.end)
    best = _best_sentence(library, passage, query)
    quoted = cite(page, *best) if best else citation
    heading = f'<p class="cb-heading">{html.text(passage.heading)}</p>' if passage.heading else ""
    id = html.attribute(passage.id)

    def mark(kind: str, label: str, on: bool) -> str:
        return (
            f'<button type="button" class="cb-link" data-do="mark" data-mark="{kind}" data-id="{id}" '
            f'aria-pressed="{str(on).lower()}">{label}</button>'
        )

    steer = (
        mark("good", "More of this", passage.id in wanted.good)
        + mark("bad", "Less of this", passage.id in wanted.bad)
        + f'<button type="button" class="cb-link" data-do="like" data-id="{id}">Similar passages</button>'
    )
    reason = f"{html.text(hit.why)}. " if hit.why else ""
    return (
        f'<li class="cb-hit"><p class="cb-where"><b>{html.text(html.place(citation, documents))}</b></p>{heading}'
        f"<blockquote><bdi>{marked(passage, words, best)}</bdi> <span "
        f'class="cb-cites">{html.cite_button(number, quoted, documents, words)}</span></blockquote>'
        f'<p class="cb-source"><span class="cb-tools">{steer}</span>{html.tools(quoted, documents, words)}</p>'
        f'<details class="cb-why"><summary>Why this was found</summary><p>{reason}Word score {hit.lexical_score:.2f}, '
        f"meaning score {hit.dense_score:.2f}, together {hit.score:.2f}.</p></details></li>"
    )


def _best_sentence(library: Library, passage: Passage, query: np.ndarray | None) -> Span | None:
    """The sentence nearest to the question in meaning; None when there is no question or but one sentence."""
    if query is None or not passage.sentences:
        return None
    snapshot = library.snapshot
    vectors = snapshot.sentence_vectors(snapshot.rows_of([passage.id])[0])
    return passage.sentences[int(np.argmax(vectors @ query))]


_WORD = re.compile(r"[^\W_]+")


@functools.cache
def _stemmer() -> Any:
    return snowballstemmer.stemmer("porter")


@functools.lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word.casefold()))


STOP = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by did do does for from had has have how in is it its of on or that the their them they "
        "this to was were what when where which who why will with",
    )
)
"""Words of a question that are not marked."""


def marked(passage: Passage, words: str, best: Span | None) -> str:
    """The passage as HTML, words it shares with the question in <mark>, its best sentence in <strong>."""
    wanted = {_stem(word) for word in _WORD.findall(words) if word.casefold() not in STOP}
    start, end = (best[0] - passage.start, best[1] - passage.start) if best else (0, 0)

    def piece(text: str) -> str:
        parts: list[str] = []
        last = 0
        for found in _WORD.finditer(text):
            if _stem(found.group()) in wanted:
                parts += [html.text(text[last : found.start()]), f"<mark>{html.text(found.group())}</mark>"]
                last = found.end()
        return "".join([*parts, html.text(text[last:])])

    best_part = f'<strong class="cb-best">{piece(passage.text[start:end])}</strong>' if end > start else ""
    return piece(passage.text[:start]) + best_part + piece(passage.text[end:])


def form(documents: list[Document], themes: Sequence[Theme] = ()) -> str:
    """The words, the filters as checkboxes, the order."""
    parts = [
        _facet(name, label, list(dict.fromkeys(of(d) for d in documents)), documents) for name, (label, of) in FACETS.items()
    ]
    labels = {theme.id: theme.label for theme in themes}
    facets = "".join([parts[0], _facet("theme", "Theme", list(labels), (), labels), *parts[1:]])
    orders = "".join(f'<option value="{key}">{label}</option>' for key, label in SORTS.items())
    return (
        '<form class="cb-search-form" role="search"><div class="cb-words"><label for="cb-words">Words to look for</label>'
        '<input id="cb-words" name="q" maxlength="4000" autocomplete="off" placeholder="extended day, principal autonomy …">'
        '<button type="submit" id="cb-search" class="cb-plain cb-strong">Search</button></div>'
        f'<details class="cb-filters"><summary>Filters<span data-filter-count></span></summary>{facets}</details>'
        f'<label class="cb-sort">Order <select name="sort">{orders}</select></label>'
        '<button type="button" class="cb-link" data-do="clear-marks" hidden>Forget marks</button></form>'
        f'<div id="cb-hits" data-search-result>{WELCOME}</div>'
    )


def _facet(
    name: str, label: str, values: list[str], documents: Sequence[Document], labels: dict[str, str] | None = None
) -> str:
    titles = labels or ({d.id: d.title for d in documents} if name == "document" else {})
    boxes = "".join(
        f'<label class="cb-box"><input type="checkbox" name="{name}" value="{html.attribute(value)}"> '
        f"<span><bdi>{html.text(titles.get(value, value))}</bdi> <small "
        "data-count></small></span></label>"
        for value in values
    )
    return f'<fieldset><legend>{label}</legend><div class="cb-boxes">{boxes}</div></fieldset>'
