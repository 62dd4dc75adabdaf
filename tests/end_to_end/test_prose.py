"""A language model's sentences above the quotations, each marked; the model is a small server on this machine."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from answer.support import bare
from casebook.library import Library
from casebook.settings import load
from tests.answer import misbehaving
from tests.end_to_end.conftest import Open, Running, ask

pytestmark = pytest.mark.browser
QUESTION = "Which systems replaced principals?"


def test_sentences_are_marked_supported_or_not(open_page: Open, library: Library) -> None:
    first = bare(library.ask(QUESTION).statements[0].text)  # the model is shown quotations without their note numbers
    invented = "Every principal received a castle worth 900 million dollars [1]."
    with misbehaving.serving("say", f"{first.removesuffix(chr(46))} [1]. {invented}") as model:
        running = Running(Library(load(data=library.settings.data, llm_url=model.url)))
        try:
            page = open_page(base=running.url)
            ask(page, QUESTION)
            prose = page.locator("#cb-answer .cb-prose")
            expect(prose.locator(".cb-unsupported")).to_contain_text("castle")
            expect(prose).to_contain_text("not supported")
            expect(prose.locator(".cb-supported").first).to_contain_text(first[:40])
            prose.locator(".cb-cite").first.click()
            page.locator("#cb-viewer mark").first.wait_for()
        finally:
            running.stop()


def test_a_model_that_breaks_leaves_the_quotations(open_page: Open, library: Library) -> None:
    running = Running(Library(load(data=library.settings.data, llm_url="http://127.0.0.1:9/v1", llm_seconds=1)))
    try:
        page = open_page(base=running.url)
        ask(page, QUESTION)
        expect(page.locator("#cb-answer .cb-prose .cb-bad")).to_contain_text(".")
        assert page.locator("#cb-answer .cb-statement").count() > 0
    finally:
        running.stop()
