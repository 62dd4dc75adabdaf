"""Locate and verify a quotation. A quotation is right when the page's text at its range is the quotation, to the letter."""

from __future__ import annotations

from collections.abc import Callable

from casebook.records import Citation, Page, Statement

PageReader = Callable[[str, int], Page]
"""(document id, physical page number) -> Page; raises `NotFoundError`."""


def cite(page: Page, start: int, end: int) -> Citation:
    """The citation of ``page.text[start:end]``; raises `ValueError` for a range that is empty or off the page."""
    if not 0 <= start < end <= len(page.text):
        raise ValueError(f"{start}-{end} is no range of page {page.number} of {page.document}")
    return Citation(page.document, page.number, page.label, start, end, page.text[start:end])


def verify(citation: Citation, read_page: PageReader) -> bool:
    """Whether the quotation stands at its place, character for character."""
    page = read_page(citation.document, citation.page)
    return (
        bool(citation.quote)
        and page.text[citation.start : citation.end] == citation.quote
        and page.label == citation.label
        and citation.start >= 0
    )


def verify_statement(statement: Statement, read_page: PageReader) -> bool:
    """Whether a verbatim statement is nothing but its verified quotations, joined by a space over a page break.

    The sentence shown as its context must stand, to the letter, on the page of its first quotation or the one before.
    """
    quotes = " ".join(citation.quote for citation in statement.citations)
    return (
        bool(statement.citations)
        and quotes == statement.text
        and all(verify(c, read_page) for c in statement.citations)
        and _context_stands(statement, read_page)
    )


def _context_stands(statement: Statement, read_page: PageReader) -> bool:
    first = statement.citations[0]
    pages = [number for number in (first.page, first.page - 1) if number > 0]
    return not statement.context or any(statement.context in read_page(first.document, n).text for n in pages)
