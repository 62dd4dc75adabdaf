"""One PDF -> clean pages with blocks: what a worker process does for one document.

path -> glyphs (pdf) -> segments, blocks, rows, headings (layout) -> text and character map (cleanup) -> PageText
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from casebook.records import Span
from ingest import cleanup, layout, pdf
from ingest.layout import Block, Segment
from ingest.pdf import Glyphs

VERSION = 4
"""Raised whenever the same PDF would give other text; snapshots made before are then re-extracted."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A stretch of a page's text: `kind` is "paragraph", "heading" or "row"; cells of a row are parted by tabs."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class PageText:
    """One page as ingested. `char_map[i]` is the PDFium character that text[i] came from, or -1 (int32, len(text))."""

    number: int
    label: str
    text: str
    char_map: array[int]
    blocks: tuple[TextBlock, ...]


@dataclass(frozen=True, slots=True)
class Extracted:
    """One document as ingested; `flags` say in plain words what a reader should know (pages without text, …)."""

    pages: tuple[PageText, ...]
    title: str
    author: str
    year: str
    flags: tuple[str, ...]


def extract(path: Path, password: str | None = None) -> Extracted:
    """Reads a PDF whole.

    Raises `ExtractionError` when it cannot be read and `EncryptedError` when it wants a password.
    """
    pdf.check(path)
    document = pdf.open_pdfium(path, password)
    try:
        glyphs = list(pdf.read_glyphs(document))
    finally:
        document.close()
    segments = [layout.segments(drawn) if drawn else [] for drawn in glyphs]
    empty = frozenset(n for n, page in enumerate(segments, 1) if not page)
    structure = pdf.read_structure(path, password, len(glyphs), empty)
    pages = _pages(glyphs, segments, structure)
    return Extracted(tuple(pages), structure.title, structure.author, structure.year, _flags(pages))


def _flags(pages: Sequence[PageText]) -> tuple[str, ...]:
    silent = [str(page.number) for page in pages if not page.text]
    if not silent:
        return ()
    if len(silent) == len(pages):
        return ("no text on any page: it seems to be scanned; run OCR on it and add it again",)
    shown = ", ".join(silent[:12]) + (", …" if len(silent) > 12 else "")
    return (f"no text on page{'s' if len(silent) > 1 else ''} {shown}",)


def _pages(glyphs: Sequence[Glyphs | None], segments: Sequence[list[Segment]], structure: pdf.Structure) -> list[PageText]:
    running = cleanup.running_lines(segments, glyphs)
    kept = [
        [s for index, s in enumerate(page) if index not in dropped] for page, dropped in zip(segments, running, strict=True)
    ]
    size, step = layout.body_size(kept), layout.leading(kept)
    bold_says = not layout.body_bold(kept)
    words = cleanup.vocabulary(drawn.codes for drawn in glyphs if drawn)
    pages: list[PageText] = []
    for number, (drawn, page) in enumerate(zip(glyphs, kept, strict=True), 1):
        label = structure.labels[number - 1]
        if not drawn or not page:
            fallback = " ".join(structure.fallback[number - 1].split()) if structure.fallback else ""
            pages.append(_fallback_page(number, label, fallback))
            continue
        blocks = layout.merge_rows(layout.blocks(page, step))
        titles = frozenset(layout.canonical(title) for title in structure.headings.get(number, ()))
        layout.mark_headings(blocks, size, bold_says, titles, lambda block, drawn=drawn: _rough(block, drawn))
        pages.append(_write(number, label, drawn, blocks, words))
    return pages


def _rough(block: Block, glyphs: Glyphs) -> str:
    return " ".join("".join(glyphs.codes[i] for i in line.indices).strip() for line in block.lines)


def _fallback_page(number: int, label: str, text: str) -> PageText:
    """pypdf's text, where PDFium found none: it can be searched and quoted, but not highlighted."""
    blocks = (TextBlock(0, len(text), "paragraph"),) if text else ()
    return PageText(number, label, text, array("i", [-1] * len(text)), blocks)


def _write(number: int, label: str, glyphs: Glyphs, blocks: Sequence[Block], words: Counter[str]) -> PageText:
    builder = cleanup.TextBuilder(glyphs, words)
    marks: list[TextBlock] = []
    previous: Block | None = None
    for block in blocks:
        goes_on = previous is not None and _goes_on(previous, block, builder.text()[-300:], glyphs)
        if goes_on and previous is not None:
            builder.joins(previous.lines[-1], block.lines[0])
            start = marks.pop().start
        else:
            builder.separator("\n" if previous is not None and previous.kind == block.kind == "row" else "\n\n")
            start = builder.length
        for index, cell in enumerate(block.cells or [block]):
            if index:
                builder.separator("\t")
            builder.block(cell)
        marks.append(TextBlock(start, builder.length, block.kind))
        previous = block
    return _trimmed(number, label, builder, marks)


def _trimmed(number: int, label: str, builder: cleanup.TextBuilder, marks: Sequence[TextBlock]) -> PageText:
    """Drops blocks that came out empty and white space at a block's ends from its range (never from the text)."""
    text = builder.text()
    blocks: list[TextBlock] = []
    for mark in marks:
        span = strip(text, (mark.start, mark.end))
        if span[0] < span[1]:
            blocks.append(TextBlock(*span, mark.kind))
    return PageText(number, label, text, array("i", builder.char_map()), tuple(blocks))


def strip(text: str, span: Span) -> Span:
    """The span without white space at either end."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _goes_on(previous: Block, block: Block, tail: str, glyphs: Glyphs) -> bool:
    """A paragraph that runs on in the next column (or around a figure): it stopped without a full stop, this starts small."""
    if previous.kind != "paragraph" or block.kind != "paragraph":
        return False
    if abs(previous.size - block.size) > 0.5:
        return False
    if previous.lines[-1].hyphenated:
        return not (block.lines[0].item and cleanup.ADDRESS.search(tail))
    first = _rough(block, glyphs).lstrip()[:1]
    jumps = block.top > previous.bottom + block.size and not block.lines[0].item
    return jumps and tail.rstrip()[-1:] not in (".", "!", "?", ":", "”", "") and (first.islower() or first.isdigit())
