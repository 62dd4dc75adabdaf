"""Question -> citation -> the words marked on their page."""

from __future__ import annotations

import statistics

import pytest
from playwright.sync_api import Page, expect

from casebook.library import Library
from tests.end_to_end.conftest import Open, ask

pytestmark = pytest.mark.browser
FIRST = "How do districts sustain turnaround at scale?"


def shown(page: Page) -> None:
    page.locator("#cb-viewer .cb-marks mark").first.wait_for()


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_example_question_to_marked_words(open_page: Open, library: Library, size: str) -> None:
    page = open_page(size=size)
    page.get_by_role("button", name=FIRST).click()
    page.locator("#cb-answer .cb-statement").first.wait_for()
    cite = page.locator("#cb-answer .cb-cite").first
    place = {name: cite.get_attribute(f"data-{name}") for name in ("doc", "page", "start", "end", "quote")}
    cite.click()
    shown(page)
    known = library.page(str(place["doc"]), int(str(place["page"])))
    assert known.text[int(str(place["start"])) : int(str(place["end"]))] == place["quote"]
    expect(page.locator("#cb-viewer .cb-viewer-quote")).to_have_text(str(place["quote"]))
    image = page.locator("#cb-viewer img")
    assert image.evaluate("n => n.naturalWidth") >= 1000
    boxes = library.highlight(str(place["doc"]), known.number, int(str(place["start"])), int(str(place["end"])))
    assert page.locator("#cb-viewer mark").count() == len(boxes) > 0
    mark, sheet = page.locator("#cb-viewer mark").first.bounding_box(), page.locator("#cb-viewer .cb-sheet").bounding_box()
    assert mark is not None
    assert sheet is not None
    assert sheet["y"] <= mark["y"] <= sheet["y"] + sheet["height"], "the mark is scrolled into view"


def test_answer_cites_two_documents(open_page: Open) -> None:
    page = open_page()
    ask(page, FIRST)
    cited = page.locator("#cb-answer .cb-cite").evaluate_all("nodes => [...new Set(nodes.map(n => n.dataset.doc))]")
    assert len(cited) >= 2


def test_citation_to_highlight_is_quick(open_page: Open) -> None:
    page = open_page()
    ask(page, FIRST)
    page.wait_for_timeout(1500)  # a person reads before choosing
    times = []
    for cite in page.locator("#cb-answer .cb-cite").all():
        cite.click()
        shown(page)
        times.append(int(page.locator("#cb-viewer").get_attribute("data-milliseconds") or "9999"))
        page.keyboard.press("Escape")
    assert statistics.median(times) < 300, times


def test_a_question_offered_where_there_is_no_answer_is_asked_by_a_click(open_page: Open) -> None:
    page = open_page()
    ask(page, "How many swimming pools did Denver build in its turnaround schools?")
    offered = page.locator("#cb-answer .cb-abstained .cb-examples button")
    words = offered.first.inner_text()
    offered.first.click()
    expect(page.locator("#cb-answer .cb-question").first).to_have_text(words)
