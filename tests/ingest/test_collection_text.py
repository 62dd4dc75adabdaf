"""What the product reads in the bundled PDFs is what their sources say: every word, in order, page by page."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

import pytest

from collection.expected import Bibliography, curl, flat, reading, short_title
from collection.records import Heading
from collection.sources import ROOT, read_catalog, read_facts, read_source
from index.encoder import Encoder
from ingest.extract import Extracted, PageText, extract
from ingest.passages import PassageSettings, make_passages

ENTRIES, FACTS = read_catalog(), read_facts()
LEAST = 0.995

pytestmark = pytest.mark.parametrize("id", list(ENTRIES))


@functools.cache
def lines(id: str) -> list[str]:
    return list(reading(read_source(id), ENTRIES[id], FACTS))


@functools.cache
def extracted(id: str) -> Extracted:
    return extract(ROOT / ENTRIES[id].file)


@functools.cache
def rows(id: str) -> list[tuple[str, ...]]:
    """Every table's rows, the header first, as cells of plain text."""
    source = read_source(id)
    sources = Bibliography.of(source, FACTS)
    return [tuple(flat(cell, sources) for cell in row.cells) for t in source.tables() for row in (t.header, *t.rows)]


@functools.cache
def headers(id: str) -> set[tuple[str, ...]]:
    source = read_source(id)
    return {tuple(flat(cell, Bibliography.of(source, FACTS)) for cell in table.header.cells) for table in source.tables()}


def tokens(text: str) -> list[str]:
    """Words and marks: white space says nothing, everything else counts."""
    return re.findall(r"\w+|[^\w\s]", text)


def cells(page: PageText, start: int, end: int) -> tuple[str, ...]:
    return tuple(" ".join(cell.split()) for cell in page.text[start:end].split("\t"))


def page_tokens(id: str) -> list[list[str]]:
    """Tokens of each page; a table that runs over a page's end repeats its header there, which counts once."""
    found: list[list[str]] = []
    seen: set[tuple[str, ...]] = set()
    for page in extracted(id).pages:
        first = page.blocks[0]
        repeated = cells(page, first.start, first.end) in seen
        seen |= {row for b in page.blocks if (row := cells(page, b.start, b.end)) in headers(id)}
        found.append(tokens(page.text[first.end if repeated else 0 :]))
    return found


@dataclass(frozen=True)
class Share:
    """Of one page: which share of its words is the source's, and which of the source's words it has."""

    page: int
    right: float
    there: float
    differing: list[str]


def shares(id: str) -> Iterator[Share]:
    wanted = [token for line in lines(id) for token in tokens(line)]
    pages = page_tokens(id)
    owner = [number for number, page in enumerate(pages) for _ in page]
    found = [token for page in pages for token in page]
    same, missing = [0] * len(pages), [0] * len(pages)
    differing: list[list[str]] = [[] for _ in pages]
    for what, i, j, k, m in SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes():
        for place in range(k, m):
            same[owner[place]] += what == "equal"
        if what != "equal":
            page = owner[min(k, len(owner) - 1)]
            missing[page] += j - i
            differing[page].append(f"{' '.join(wanted[i:j])!r} -> {' '.join(found[k:m])!r}")
    for number, page in enumerate(pages):
        yield Share(number + 1, same[number] / len(page), same[number] / (same[number] + missing[number]), differing[number])


def test_every_page_reads_as_its_source(id: str) -> None:
    for share in shares(id):
        assert min(share.right, share.there) >= LEAST, (
            f"{id}, page {share.page}: {share.right:.4f} of its words are the source's, {share.there:.4f} of the source's are "
            f"there. {share.differing} (Is the PDF older than its source? `make collection` typesets it anew.)"
        )


def test_headers_footers_and_page_numbers_are_gone(id: str) -> None:
    running = {short_title(ENTRIES[id]), "Turnaround Casebook"}
    for page in extracted(id).pages[1:]:  # the first page has none
        shown = [" ".join(page.text[b.start : b.end].split()) for b in page.blocks]
        assert not running & set(shown)
        assert not re.fullmatch(r"\d+", shown[0])
        assert not re.fullmatch(r"\d+", shown[-1])


def test_no_hyphen_is_broken(id: str) -> None:
    text = "\n".join(page.text for page in extracted(id).pages)
    assert not re.search("[\x00-\x08\u00ad\u200b\ufffe]", text)
    assert set(re.findall(r"\w+-\s\w+", text)) <= set(re.findall(r"\w+-\s\w+", "\n".join(lines(id))))


def test_every_row_of_a_table_is_one_block_with_its_cells(id: str) -> None:
    found = [cells(p, b.start, b.end) for p in extracted(id).pages for b in p.blocks if b.kind == "row"]
    repeated = [row for row in found if row in headers(id)]
    assert [row for row in found if row not in headers(id)] == [row for row in rows(id) if row not in headers(id)]
    assert set(repeated) == headers(id)


def test_every_row_stays_whole_in_one_passage_and_is_quoted_whole(id: str) -> None:
    encoder = Encoder()
    found = extracted(id)
    passages = make_passages(id, ENTRIES[id].title, found.pages, encoder.count_tokens, PassageSettings(150, 250))
    quotable = {(p.page, span) for p in passages for span in p.sentences}
    wanted = {(page.number, (b.start, b.end)) for page in found.pages for b in page.blocks if b.kind == "row"}
    assert wanted <= quotable


def test_headings_are_headings_and_paragraphs_are_whole(id: str) -> None:
    """A paragraph is one block of its page, or the end of one page and the start of the next."""
    source, pages = read_source(id), extracted(id).pages
    shown = [[(b.kind, " ".join(p.text[b.start : b.end].split())) for b in p.blocks] for p in pages]
    titles = [curl(s.heading.text) for s in source.sections if s.heading]
    titles += [curl(block.text) for block in source.blocks() if isinstance(block, Heading)]
    for title in [*titles, "Sources"]:
        assert any(("heading", title) in page for page in shown), title
    whole = {text for page in shown for _, text in page}
    for above, below in pairwise(shown):
        ends = [text for kind, text in above if kind == "paragraph"][-1:]
        whole |= {f"{end} {text}" for end in ends for kind, text in below if kind == "paragraph"}
    sources = Bibliography.of(source, FACTS)
    prose = [flat(paragraph.runs, sources) for paragraph in source.paragraphs()]
    unnumbered = {re.sub(r"^\d+\. ", "", text) for text in whole}
    assert not [text for text in prose if text not in whole | unnumbered]
