"""The Ask tab: a question, its quotations with citations, and what was asked before in the same sitting."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

from casebook.errors import CasebookError
from casebook.library import Library
from casebook.records import Answer
from web import html

EXAMPLES = (
    "How do districts sustain turnaround at scale?",
    "What five tenets guide Charlotte-Mecklenburg's strategic staffing?",
    "How did Denver pay for extra time and tutoring?",
    "What happened when the grants ended?",
    "Which systems replaced principals?",
)
TURNS = 20
"""Questions of one sitting that are kept for follow-ups and shown below the newest."""

WELCOME = html.empty(
    "Answers in the documents’ own words",
    "Each statement is copied from a page, to the letter, and carries a number. Choose a number to see the page with the "
    "words marked. When the documents do not say, the Casebook says so.",
)
Turns = tuple[Answer, ...]
PRIVATE: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}


ANSWERED = "() => { setTimeout(casebook.answered, 0) }"
"""Runs in the page once an answer is shown: it is announced and its pages are fetched ahead."""


def build(library: Library, page: gr.Blocks) -> None:
    """Adds the tab's contents; a link with ?q= is answered when the page opens."""
    turns = gr.State(())
    with gr.Column(elem_classes="cb-column"):
        with gr.Row(elem_classes="cb-form"):
            question = gr.Textbox(
                label="Your question",
                placeholder="Ask in your own words",
                lines=1,
                max_lines=1,
                scale=5,
                elem_id="cb-question",
                max_length=4000,
            )
            go = gr.Button("Ask", variant="primary", scale=0, min_width=110, elem_id="cb-ask")
        gr.HTML(_examples(), apply_default_css=False, elem_id="cb-examples", js_on_load=None)
        result = gr.HTML(WELCOME, apply_default_css=False, elem_id="cb-answer", js_on_load=None)
        again = gr.Button("Start a new conversation", size="sm", visible=False, elem_id="cb-restart")

    def respond(asked: str, before: Turns) -> tuple[Any, ...]:
        return _respond(library, asked, before)

    outputs = [result, turns, again]
    for event in (go.click, question.submit):
        asked = event(respond, [question, turns], outputs, js="(q, t) => { casebook.asking(q); return [q, t] }", **PRIVATE)
        asked.then(None, None, None, js=ANSWERED)
    again.click(
        lambda: (WELCOME, (), gr.Button(visible=False), ""),
        None,
        [*outputs, question],
        js="() => casebook.restart()",
        **PRIVATE,
    )

    def opened(request: gr.Request) -> tuple[Any, ...]:
        wanted = request.query_params
        asked = str(wanted.get("q", ""))[:4000] if wanted.get("tab", "ask") == "ask" else ""
        return (asked, *(respond(asked, ()) if asked.strip() else (gr.skip(), (), gr.skip())))

    page.load(opened, None, [question, *outputs], **PRIVATE).then(None, None, None, js=ANSWERED)


def _respond(library: Library, asked: str, before: Turns) -> tuple[Any, ...]:
    """(answer as HTML, the conversation with it, whether it can be started anew)."""
    if not asked.strip():
        return html.failure("Type a question first, or choose an example."), before, gr.skip()
    try:
        history = [turn.question for turn in reversed(before)]
        found = library.ask(asked, history=history)
        documents = library.snapshot.documents
    except CasebookError as error:
        return html.failure(str(error)), before, gr.skip()
    except Exception:  # whatever it was, the person must not be left waiting
        logging.getLogger(__name__).exception("A question could not be answered")
        return (
            html.failure("Something went wrong while answering. Ask again; if it happens again, start the application anew."),
            before,
            gr.skip(),
        )
    now = (found, *before)[:TURNS]
    prose = library.resolve(asked, history) if library.settings.llm_url and not found.abstained else ""
    return conversation(now, documents, prose), now, gr.Button(visible=True)


def conversation(turns: Turns, documents: html.Documents, prose: str = "") -> str:
    """The newest answer in full, those before it folded."""
    earlier = "".join(
        f'<details class="cb-turn"><summary><bdi>{html.text(turn.question)}</bdi></summary>'
        f"{html.answer(turn, documents).replace(' data-announce=', ' data-announced=', 1)}</details>"
        for turn in turns[1:]
    )
    shelf = (
        f'<section class="cb-earlier" aria-label="Earlier in this conversation"><h2>Earlier</h2>{earlier}</section>'
        if earlier
        else ""
    )
    return html.answer(turns[0], documents, prose) + shelf


def _examples() -> str:
    items = "".join(
        f'<li><button type="button" class="cb-example" data-ask="{html.attribute(one)}">{html.text(one)}</button></li>'
        for one in EXAMPLES
    )
    return f'<nav aria-label="Example questions"><p class="cb-label">For example</p><ul class="cb-examples">{items}</ul></nav>'
