"""The page as a whole: heading, tabs, and what happens when it is opened with a link."""

from __future__ import annotations

import gradio as gr

from casebook.library import Library
from web import ask, compare, library_tab, quality, search

HEADING = """<header class="cb-head"><div><h1>Turnaround Casebook</h1>
<p>Ask the case studies. Every answer is a quotation you can see on its page.</p></div>
<div class="cb-head-tools"><button type="button" class="cb-plain" data-do="theme">Dark or light</button>
<button type="button" class="cb-plain" data-do="tray">Evidence <span data-tray-count>0</span></button></div></header>"""


def build(library: Library) -> gr.Blocks:
    """The Gradio application over one library. Nothing of a person's session is kept in it: see `gr.State` in `ask`."""
    with gr.Blocks(title="Turnaround Casebook", analytics_enabled=False, fill_width=True) as page:
        gr.HTML(HEADING, apply_default_css=False)
        with gr.Tabs(elem_id="cb-tabs"):
            with gr.Tab("Ask", id="ask", elem_id="cb-ask-tab"):
                ask.build(library, page)
            with gr.Tab("Search", id="search", elem_id="cb-search-tab"):
                search.build()
            with gr.Tab("Compare", id="compare", elem_id="cb-compare-tab"):
                compare.build()
            with gr.Tab("Library", id="library", elem_id="cb-library-tab"):
                library_tab.build()
            with gr.Tab("How good is it", id="quality", elem_id="cb-quality-tab"):
                quality.build(library)
    return page
