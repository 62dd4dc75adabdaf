"""The Library tab on a collection of its own: add, read, edit, remove, undo, while questions go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, expect

from casebook.library import Library
from tests.end_to_end.conftest import Open, ask

pytestmark = pytest.mark.browser
HOSTILE = (
    "The superintendent of Evilville wrote <script>window.hacked = 1</script> and <img src=x "
    'onerror="window.hacked = 2"> in her plan of 2011. '
    "The board of Evilville answered with {{7*7}} and ${window.hacked = 3} and [a "
    "link](javascript:window.hacked=4) in the same year. "
    "=HYPERLINK was what the Evilville auditors called the reorganization of the district office in the report of 2012."
)
Make = Callable[[Path, list[str]], Path]


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_add_ask_edit_remove_undo(
    open_page: Open, serve_own: tuple[str, Library], make_pdf: Make, tmp_path: Path, size: str
) -> None:
    base, library = serve_own
    good = make_pdf(tmp_path / "evil<b>ville.pdf", [HOSTILE])
    bad = tmp_path / "broken.pdf"
    bad.write_bytes(b"this is no PDF")
    before = {d.id for d in library.documents()}
    page = open_page("?tab=library", size=size, base=base)
    dialogs: list[Dialog] = []
    page.on("dialog", lambda d: (dialogs.append(d), d.dismiss()))
    page.locator(".cb-table tbody tr").first.wait_for()
    assert page.locator(".cb-table tbody tr").count() == len(before)
    page.locator("#cb-files").set_input_files([str(good), str(bad)])
    assert library.ask("Which systems replaced principals?").statements, "questions are answered all the while"
    page.locator(".cb-outcomes").first.wait_for(timeout=120_000)
    expect(page.locator(".cb-outcomes")).to_contain_text("added: 1 pages")
    expect(page.locator(".cb-outcomes .cb-bad")).to_contain_text("broken.pdf")
    (new,) = {d.id for d in library.documents()} - before
    row = page.locator(f'.cb-table tr[data-doc="{new}"]')
    row.wait_for()

    row.get_by_role("button", name="Read").click()
    expect(page.locator("#cb-viewer img")).to_have_js_property("complete", True)
    page.locator(".cb-viewer-text summary").click()
    expect(page.locator(".cb-viewer-text")).to_contain_text("<script>window.hacked = 1</script>")
    page.keyboard.press("Escape")

    row.get_by_role("button", name="Edit").click()
    page.locator("dialog").get_by_label("System").fill("Evil<i>ville")
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Evil<i>ville")
    assert library.document(new).system == "Evil<i>ville"

    page.get_by_role("tab", name="Ask").click()
    ask(page, "What did the superintendent of Evilville write in her plan?")
    expect(page.locator("#cb-answer")).to_contain_text("<script>window.hacked = 1</script>")
    page.get_by_role("tab", name="Search").click()
    page.get_by_label("Words to look for").fill("Evilville board answered same year")
    page.get_by_label("Words to look for").press("Enter")
    expect(page.locator("#cb-hits .cb-hit").first).to_contain_text("{{7*7}} and ${window.hacked = 3}")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#cb-hits img, #cb-answer img").count() == 0
    assert dialogs == []

    page.get_by_role("tab", name="Library").click()
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Cancel").click()
    assert new in {d.id for d in library.documents()}
    row.get_by_role("button", name="Remove").click()
    page.locator("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    assert new not in {d.id for d in library.documents()}
    page.locator(".cb-job", has_text="Removed").get_by_role("button", name="Undo").click()
    row.wait_for()
    assert library.document(new).system == "Evil<i>ville", "as it was, corrections included"
