"""axe-core finds nothing on any tab or open panel, light and dark, at both sizes; the keyboard alone is enough."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.end_to_end.conftest import Open, ask

pytestmark = pytest.mark.browser
ASKED = "?q=Which+systems+replaced+principals%3F"


def opened(open_page: Open, path: str, steps: list[tuple[str, str]], size: str) -> Page:
    page = open_page(path, size)
    for action, selector in steps:
        found = page.locator(selector).locator("visible=true").first
        found.wait_for()
        if action == "click":
            found.click()
    page.wait_for_timeout(150)
    return page


STATES = {
    "welcome": ("", []),
    "answer beside its page": (ASKED, [("click", "#cb-answer .cb-statement .cb-cite"), ("wait", "#cb-viewer mark")]),
    "abstention": ("?q=What+is+the+capital+of+France%3F", [("wait", ".cb-abstained"), ("click", ".cb-confidence summary")]),
    "search": ("?tab=search&q=tutoring", [("click", ".cb-why summary")]),
    "compare": (
        "?compare=time,results",
        [("wait", "[data-compare-result][data-done]"), ("click", ".cb-menu summary"), ("click", ".cb-take summary")],
    ),
    "compare, side by side": (
        "?compare=time&system=Boston&system=Denver",
        [
            ("wait", "[data-compare-result][data-done]"),
            ("click", ".cb-read input"),
            ("click", ".cb-read label:last-child input"),
        ],
    ),
    "library": ("?tab=library", [("wait", ".cb-table")]),
    "library, editing": ("?tab=library", [("click", '[data-do="edit"]'), ("wait", "dialog")]),
    "quality": ("?tab=quality", [("wait", ".cb-quality")]),
    "evidence": (ASKED, [("click", '#cb-answer [data-do="keep"]'), ("click", '[data-do="tray"]'), ("wait", "#cb-tray li")]),
}


@pytest.mark.parametrize("size", ["wide", "narrow"])
@pytest.mark.parametrize("state", STATES)
def test_no_violations_light_and_dark(open_page: Open, state: str, size: str) -> None:
    page = opened(open_page, *STATES[state], size)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_function(f"document.body.classList.contains('dark') === {str(scheme == 'dark').lower()}")
        page.wait_for_timeout(300)  # colors fade from one to the other
        found = Axe().run(page).response
        assert len(found["passes"]) > 10, "axe ran"
        assert [(scheme, v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing hangs over the side"


def test_keyboard_alone_from_question_to_next_citation_and_back(open_page: Open) -> None:
    page = open_page()
    ask(page, "Which systems replaced principals?")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#cb-answer .cb-cite')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "focus is visible"
    first = page.evaluate("document.activeElement.dataset.quote")
    page.keyboard.press("Enter")
    quote = page.locator(".cb-viewer-quote")
    expect(quote).to_have_text(first)
    assert page.evaluate("document.activeElement.id") == "cb-viewer-title"
    page.keyboard.press("ArrowRight")
    second = page.locator("#cb-answer .cb-statement .cb-cite").nth(1)
    expect(quote).to_have_text(second.get_attribute("data-quote") or "")
    page.keyboard.press("ArrowLeft")
    expect(quote).to_have_text(first)
    page.keyboard.press("Escape")
    expect(page.locator("#cb-viewer")).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.quote") == first, "focus is back where it was"


def test_answers_are_announced(open_page: Open) -> None:
    page = open_page()
    ask(page, "Which systems replaced principals?")
    expect(page.locator("#cb-live")).to_contain_text("Answer:")
    ask(page, "What is the capital of France?")
    expect(page.locator("#cb-live")).to_contain_text("No answer")


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_source_and_page_show_on_hover_and_focus(open_page: Open, size: str) -> None:
    page = open_page(ASKED, size)
    cite = page.locator("#cb-answer .cb-statement .cb-cite").first
    cite.wait_for()
    cite.hover()
    tip = page.locator("#cb-tip")
    expect(tip).to_have_text(f"{cite.get_attribute('data-title')}, p. {cite.get_attribute('data-label')}")
    box = tip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.evaluate("window.innerWidth")


def test_print_shows_the_answer_and_its_sources_alone(open_page: Open) -> None:
    page = opened(open_page, ASKED, [("click", "#cb-answer .cb-statement .cb-cite"), ("wait", "#cb-viewer mark")], "wide")
    page.emulate_media(media="print")
    expect(page.locator("#cb-answer .cb-statement").first).to_be_visible()
    expect(page.locator("#cb-answer .cb-source").first).to_be_visible()
    for hidden in ("#cb-viewer", "#cb-question", ".cb-head-tools", "#cb-answer .cb-tools"):
        expect(page.locator(hidden).first).to_be_hidden()
