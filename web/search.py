"""The Search tab: ranked passages with the matching words and the best sentence marked."""

from __future__ import annotations

from typing import Any

import gradio as gr

from casebook.errors import CasebookError
from casebook.library import Library, systems_of
from casebook.records import Document, Hit
from web import html
from web.ask import PRIVATE

WELCOME = html.empty(
    "Find passages",
    "Search ranks passages by the words they share with yours and by their meaning. Nothing is judged or left out: use it "
    "when you want to read around a subject.",
)


def build(library: Library) -> None:
    """Adds the tab's contents."""
    with gr.Column(elem_classes="cb-column"):
        with gr.Row(elem_classes="cb-form"):
            words = gr.Textbox(
                label="Words to look for", placeholder="extended day, principal autonomy …", lines=1, max_lines=1, scale=5,
                elem_id="cb-words", max_length=4000,
            )
            go = gr.Button("Search", variant="primary", scale=0, min_width=110, elem_id="cb-search")
        systems = gr.CheckboxGroup(choices=_systems(library), label="Only these systems", elem_id="cb-systems")
        result = gr.HTML(WELCOME, apply_default_css=False, elem_id="cb-hits", js_on_load=None)

    def find(asked: str, chosen: list[str]) -> str:
        if not asked.strip():
            return WELCOME
        try:
            found = library.search(asked, 10, chosen)
            return hits(found, library)
        except CasebookError as error:
            return html.failure(str(error))

    loading = "(...all) => { casebook.loading('cb-hits'); return all }"
    for event in (go.click, words.submit, systems.change):
        event(find, [words, systems], result, js=loading, **PRIVATE)


def _systems(library: Library) -> list[tuple[str, str]]:
    """(label with the number of documents, system)."""
    documents = library.documents() if library.ready() else []
    count = {name: sum(d.system == name for d in documents) for name in systems_of(documents)}
    return [(f"{name} ({number})", name) for name, number in count.items()]


def hits(found: list[Hit], library: Library) -> str:
    """The passages as a list, each with its place."""
    if not found:
        return html.empty("Nothing was found", "Try fewer or other words, or take a filter away.")
    documents = library.snapshot.documents
    items = "".join(_hit(number, one, documents, library) for number, one in enumerate(found, 1))
    return f'<ol class="cb-hits" data-citations data-announce="{len(found)} passages found.">{items}</ol>'


def _hit(number: int, hit: Hit, documents: dict[str, Document], library: Library) -> str:
    passage = hit.passage
    from answer.citations import cite

    citation = cite(library.page(passage.document, passage.page), passage.start, passage.end)
    heading = f" · {html.text(passage.heading)}" if passage.heading else ""
    return (
        f'<li class="cb-hit"><p class="cb-source"><span>{html.text(html.place(citation, documents))}{heading}</span></p>'
        f'<blockquote><bdi>{html.text(passage.text)}</bdi> <span class="cb-cites">{html.cite_button(number, citation, documents)}</span>'
        f"</blockquote><p class=\"cb-source\">{html.tools(citation, documents)}</p></li>"
    )
