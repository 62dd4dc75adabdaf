"""Figures at a page's edge, lists and addresses: what is easily lost or glued together between page and text."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ingest.cleanup import address_goes_on
from ingest.extract import Extracted, extract
from tests.pdfs import typeset

ROWS = ", ".join(f"[School {n}], [{10 + n}%], [{n}]" for n in range(1, 113))
LIST = "\n".join(f"+ Entry {n} of the list names a thing. #lorem(14)" for n in range(1, 130))


def rows(found: Extracted) -> list[list[str]]:
    return [p.text[b.start : b.end].split("\t") for p in found.pages for b in p.blocks if b.kind == "row"]


def test_no_figure_of_a_long_table_is_taken_for_a_page_number(tmp_path: Path) -> None:
    found = extract(typeset(tmp_path / "a.pdf", f"= Results\n#table(columns: 3, inset: 8pt, {ROWS})"))
    assert len(found.pages) >= 3
    assert rows(found) == [[f"School {n}", f"{10 + n}%", f"{n}"] for n in range(1, 113)]


def test_a_cell_that_fills_its_column_is_still_a_cell(tmp_path: Path) -> None:
    """Typst's own tables leave 10 points between such cells, hardly more than a wide space."""
    found = extract(typeset(tmp_path / "a.pdf", f"= Results\n#table(columns: 3, {ROWS})"))
    assert rows(found) == [[f"School {n}", f"{10 + n}%", f"{n}"] for n in range(1, 113)]


def test_no_number_of_a_long_list_is_taken_for_a_page_number(tmp_path: Path) -> None:
    found = extract(typeset(tmp_path / "a.pdf", LIST))
    text = "\n".join(page.text for page in found.pages)
    assert [n for n in range(1, 130) if f"{n}. Entry {n} of the list" not in text] == []
    assert not rows(found)


def test_a_chapter_beside_the_page_number_stays_out_of_the_way_of_the_page_number(tmp_path: Path) -> None:
    body = """
#set page(header: context [#("Money", "Teachers", "Time", "Results").at(calc.rem(counter(page).get().first(), 4)) #h(1fr)
  #counter(page).display()], footer: none)
#lorem(2500)
"""
    pages = extract(typeset(tmp_path / "a.pdf", body)).pages
    assert len(pages) >= 4
    for page in pages:
        assert str(page.number) not in page.text.split()


def test_paragraphs_are_no_headings_where_a_long_list_of_sources_is_set_small(tmp_path: Path) -> None:
    prose = "The day grew by an hour in 2012.\n\nTeachers were paid.\n\n#lorem(1800)"
    body = f"= Time\n{prose}\n\n= Sources\n#set text(size: 7.5pt)\n{LIST}"
    found = extract(typeset(tmp_path / "a.pdf", body))
    headings = [page.text[b.start : b.end] for page in found.pages for b in page.blocks if b.kind == "heading"]
    assert headings == ["Time", "Sources"]


def test_a_word_broken_at_the_end_of_a_page_keeps_its_hyphen(tmp_path: Path) -> None:
    """Each page is quoted by itself: its last word must not look like a whole one."""
    page = "#set page(width: 3.2in, height: 2.2in, margin: 0.4in, header: none, footer: none)\n"
    body = page + "superintendents reorganized " * 60
    pages = extract(typeset(tmp_path / "a.pdf", body)).pages
    assert any(page.text.endswith("-") for page in pages)
    for above, below in pairwise(pages):
        last, first = above.text.split()[-1], below.text.split()[0]
        assert last.removesuffix("-") + (first if last.endswith("-") else "") in ("superintendents", "reorganized")


def test_a_sentence_goes_on_when_a_line_begins_like_an_item(tmp_path: Path) -> None:
    body = "In that long and difficult year the county’s office closed all of its\\ 12. The rest of the pupils moved away."
    found = extract(typeset(tmp_path / "a.pdf", body))
    assert "office closed all of its 12. The rest" in found.pages[0].text


@pytest.mark.parametrize(
    ("address", "following", "goes_on"),
    [
        ("https://a.org/news/", "2010/05/x", True),
        ("https://a.org/all", "-in-one/", True),
        ("https://a.org/?id=", "ED541226&pg=1", True),
        ("https://a.org/news/", "and", False),
        ("https://a.org/news/", "12.", False),
        ("https://a.org/news", "The", False),
    ],
)
def test_a_web_address_broken_over_lines(address: str, following: str, goes_on: bool) -> None:
    assert address_goes_on(address, following) is goes_on
