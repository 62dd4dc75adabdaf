"""Compare and Search in the browser, at both sizes, and the links that show the same to a colleague."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from casebook.library import Library
from tests.end_to_end.conftest import Open

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", ["wide", "narrow"])
DONE = "[data-compare-result][data-done]"


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


@SIZES
def test_matrix_holds_what_the_library_says(open_page: Open, library: Library, size: str) -> None:
    page = open_page(size=size)
    tab(page, "Compare")
    page.get_by_role("button", name="None").click()
    for theme in ("Time", "Results"):
        page.get_by_role("checkbox", name=theme, exact=True).check()
    page.locator(".cb-own textarea").fill("Who chose the principals?")
    page.locator(".cb-compare-form").get_by_role("button", name="Compare").click()
    page.wait_for_selector(DONE)
    wanted = library.compare(themes=["time", "results"], questions=["Who chose the principals?"])
    cells = page.locator(".cb-cell")
    assert cells.count() == len(wanted.cells) == 3 * len(wanted.systems)
    shown = cells.evaluate_all(
        "nodes => nodes.map(n => [n.className.split(' ').find(c => c !== 'cb-cell'), n.innerText.trim()])"
    )
    for (state, text), cell in zip(shown, wanted.cells, strict=True):
        assert state == f"cb-{cell.state}"
        assert text, "never blank"
        if cell.statement:
            assert cell.statement.text.split()[0] in text
    page.locator(".cb-quoted .cb-cite").first.click()
    page.locator("#cb-viewer mark").first.wait_for()
    first = next(c for c in wanted.cells if c.statement)
    assert first.statement
    expect(page.locator(".cb-viewer-quote")).to_have_text(first.statement.citations[0].quote)


def test_rows_and_columns_can_be_hidden_moved_and_pinned(open_page: Open) -> None:
    page = open_page("?compare=time,results")
    page.wait_for_selector(DONE)

    def columns() -> list[str]:
        return page.locator(".cb-matrix thead th bdi").all_inner_texts()

    before = columns()
    arrange = page.locator(f'[data-menu="system:{before[0]}"]')
    arrange.locator("summary").click()
    arrange.get_by_role("button", name="Move right").click()
    assert columns()[:2] == [before[1], before[0]]
    arrange.locator("summary").click()
    arrange.get_by_role("button", name="Hide").click()
    assert before[0] not in columns()
    page.get_by_role("button", name=f"Show {before[0]}").click()
    last = page.locator(f'[data-menu="system:{before[-1]}"]')
    last.locator("summary").click()
    last.get_by_role("button", name="Pin", exact=True).click()
    assert columns()[0] == before[-1]
    row = page.locator('[data-menu="row:results"]')
    row.locator("summary").click()
    row.get_by_role("button", name="Move up").click()
    assert page.locator(".cb-matrix tbody th bdi").first.inner_text() == "Results"


def test_two_systems_side_by_side(open_page: Open) -> None:
    page = open_page("?compare=time")
    page.wait_for_selector(DONE)
    for name in ("Boston", "Denver"):
        page.locator(".cb-read").get_by_role("checkbox", name=name).check()
    assert page.locator(".cb-matrix thead th bdi").all_inner_texts() == ["Boston", "Denver"]
    assert page.locator(".cb-cell details[open]").count() >= 1


def test_comparison_can_be_stopped_and_sent_as_a_link(open_page: Open) -> None:
    page = open_page()
    tab(page, "Compare")
    page.get_by_role("button", name="All themes").click()
    page.locator(".cb-compare-form").get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("[data-compare-told]")).to_contain_text("Stopped")
    link = urlsplit(page.url)
    assert len(parse_qs(link.query)["compare"][0].split(",")) > 5
    other = open_page("?compare=results&system=Denver&system=Boston")
    other.wait_for_selector(DONE)
    assert sorted(other.locator(".cb-matrix thead th bdi").all_inner_texts()) == ["Boston", "Denver"]


@SIZES
def test_search_filters_pages_and_steers(open_page: Open, size: str) -> None:
    page = open_page(size=size)
    tab(page, "Search")
    page.get_by_label("Words to look for").fill("tutoring and extra time")
    page.get_by_label("Words to look for").press("Enter")
    hits = page.locator("#cb-hits .cb-hit")
    hits.first.wait_for()
    assert hits.count() == 10
    assert page.locator("#cb-hits mark").count() > 0
    assert page.locator("#cb-hits .cb-best").count() == 10
    first = hits.first.inner_text()
    page.get_by_role("button", name="Next page").click()
    expect(page.locator(".cb-pager")).to_contain_text("Page 2")
    assert hits.first.inner_text() != first
    filters = page.locator(".cb-filters")
    if filters.get_attribute("open") is None:
        filters.locator("summary").first.click()
    page.get_by_role("checkbox", name="Denver", exact=False).first.check()
    expect(filters.locator("summary").first).to_contain_text("1 on")
    assert all("Denver" in text for text in page.locator("#cb-hits .cb-where b").all_inner_texts())
    before = [n.get_attribute("data-id") for n in page.locator('[data-mark="bad"]').all()]
    page.locator('[data-mark="bad"]').first.click()
    expect(page.get_by_role("button", name="Forget marks")).to_be_visible()
    assert [n.get_attribute("data-id") for n in page.locator('[data-mark="bad"]').all()] != before, "the order follows the mark"
    assert "bad=" in page.url
    page.get_by_role("button", name="Similar passages").first.click()
    expect(page.locator("#cb-hits .cb-notes")).to_contain_text("Passages like")


def test_links_show_the_same(open_page: Open, library: Library) -> None:
    page = open_page("?q=Which+systems+replaced+principals%3F")
    page.locator("#cb-answer .cb-statement").first.wait_for()
    cite = json.loads(page.locator("#cb-answer .cb-cite").first.evaluate("n => JSON.stringify(n.dataset)"))
    other = open_page(f"?doc={cite['doc']}&page={cite['page']}&start={cite['start']}&end={cite['end']}")
    other.locator("#cb-viewer mark").first.wait_for()
    expect(other.locator(".cb-viewer-quote")).to_have_text(cite["quote"])
    wrong = open_page("?doc=nothing-like-it&page=1")
    expect(wrong.locator(".cb-viewer-note")).to_contain_text("There is no document")
    found = open_page("?tab=search&q=tutoring&system=Denver")
    found.locator(".cb-hit").first.wait_for()
    assert all("Denver" in text for text in found.locator("#cb-hits .cb-where b").all_inner_texts())
