"""Search results and their form as HTML: matching words and the best sentence marked, marks to steer by, pages, filters."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import snowballstemmer

from answer.citations import cite
from casebook.library import Library
from casebook.records import Document, Hit, Passage, Span, Theme
from web import html

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
