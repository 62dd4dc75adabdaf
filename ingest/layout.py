"""Glyphs become blocks in reading order: pure geometry, no PDF library.

PDFium gives characters in content order, which is reading order in nearly every produced PDF (columns stay whole).
What it does not say is where a paragraph, a heading or a table row begins; that is read off the boxes here:

    glyphs -> segments (a run of characters on one line, one cell) -> blocks (paragraph, heading, cell) -> rows

All coordinates are PDF points, origin bottom left. Not handled: text set vertically, or drawn in scrambled order.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ingest.pdf import Glyphs

_ITEM = re.compile(r"\s*(?:[•▪◦‣·–—*-]|\(?(?:\d{1,3}|[a-h])[.)])\s+\S")
_MARK = re.compile(r"[•▪◦‣·–*-]|\(?(?:\d{1,3}|[a-h])[.)]")
_CLOSED = re.compile(r"[.!?:;][”’\"')\]]*(?:\[[\d, –-]+\])?\s*$")

HYPHENS = "\x02\ufffe"
"""What PDFium puts for a hyphen at a line's end, whether the word owns it or not."""

CELL_GAP = 1.1
"""A horizontal gap wider than this many font sizes separates two cells; justified text stays under it."""

NARROW_CELL_GAP = 0.7
"""The same where the cells of other rows begin at the very place."""

STRETCHED_GAP = 4.0
"""The same where the file has a space in the gap: justification stretches spaces, cells are parted by none."""

MAX_CELL_LINES = 8
"""Blocks side by side with more lines than this are columns of text, not cells of a row."""


@dataclass(slots=True)
class Segment:
    """Characters `indices` of the page on one line.

    `size` and `middle` are those of its main characters, raised note numbers left out; `hyphenated` says that the line
    ends in a hyphen PDFium marked, `item` how it starts where it looks like an item of a list ("bullet" or "number"),
    `closed` that it ends like a sentence.
    """

    indices: list[int]
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    middle: float
    hyphenated: bool = False
    item: str = ""
    closed: bool = False


@dataclass(slots=True)
class Block:
    """Lines that belong together. `kind` is "paragraph", "heading" or "row"; a row has `cells`, each a Block."""

    lines: list[Segment]
    kind: str = "paragraph"
    cells: list[Block] = field(default_factory=list)

    @property
    def x0(self) -> float:
        return min(line.x0 for line in self.lines)

    @property
    def x1(self) -> float:
        return max(line.x1 for line in self.lines)

    @property
    def top(self) -> float:
        return max(line.y1 for line in self.lines)

    @property
    def bottom(self) -> float:
        return min(line.y0 for line in self.lines)

    @property
    def size(self) -> float:
        return self.lines[0].size


def segments(glyphs: Glyphs) -> list[Segment]:
    """Cuts the character stream at line ends, after marked hyphens, and at gaps wide enough to part two cells."""
    found: list[Segment] = []
    run: list[int] = []

    def close(hyphenated: bool = False) -> None:
        segment = _segment(glyphs, run, hyphenated)
        if segment:
            found.append(segment)
        run.clear()

    for i, code in enumerate(glyphs.codes):
        if code in "\r\n":
            close()
            continue
        if run and _breaks(glyphs, run, i):
            close()
        run.append(i)
        if code in HYPHENS:
            close(hyphenated=True)
    close()
    return _raised_back(glyphs, _cut_at_columns(glyphs, found))


def _cut_at_columns(glyphs: Glyphs, found: list[Segment]) -> list[Segment]:
    """Cuts a cell that fills its column off the next one: the gap is narrow, but cells of other rows begin right there."""
    pairs = itertools.pairwise(found)
    beside = [right.x0 for left, right in pairs if left.x1 < right.x0 and abs(left.middle - right.middle) < 2]
    starts = [x for x, count in Counter(round(x) for x in beside).items() if count >= 2]
    if not starts:
        return found
    cut: list[Segment] = []
    for segment in found:
        run: list[int] = []
        for i in segment.indices:
            if run and not glyphs.codes[i].isspace() and _begins_cell(glyphs, run, i, starts):
                cut.append(_segment(glyphs, run, False) or segment)
                run = []
            run.append(i)
        rest = _segment(glyphs, run, segment.hyphenated)
        if rest:
            cut.append(rest)
    return cut


def _begins_cell(glyphs: Glyphs, run: Sequence[int], i: int, starts: Sequence[int]) -> bool:
    last = next((j for j in reversed(run) if not glyphs.codes[j].isspace()), None)
    if last is None or glyphs.spaced[last + 1 : i].any():
        return False
    left, right = glyphs.boxes[last], glyphs.boxes[i]
    wide = right[0] - left[2] > NARROW_CELL_GAP * max(float(glyphs.sizes[last]), float(glyphs.sizes[i]), 1.0)
    return bool(wide) and any(abs(right[0] - x) <= 1 for x in starts)


def _raised_back(glyphs: Glyphs, found: list[Segment]) -> list[Segment]:
    """Puts raised or lowered marks (a note number, "2" in CO2) and what follows them back on their line, and an item's
    number before its text."""
    joined: list[Segment] = []
    for segment in found:
        last = joined[-1] if joined else None
        opens = len(joined) < 2 or joined[-2].middle - segment.middle > 0.5 * segment.size or joined[-2].x0 > segment.x0
        if last and not last.hyphenated and (_same_line(last, segment) or (opens and _marks(glyphs, last, segment))):
            both = _segment(glyphs, [*last.indices, *segment.indices], segment.hyphenated)
            assert both is not None
            joined[-1] = both
        else:
            joined.append(segment)
    return joined


def _same_line(left: Segment, right: Segment) -> bool:
    """Touching side by side and overlapping in height, whatever the font sizes."""
    size = max(left.size, right.size)
    overlap = min(left.y1, right.y1) - max(left.y0, right.y0)
    return -0.3 * size < right.x0 - left.x1 < 0.6 * size and overlap > 0.3 * min(left.y1 - left.y0, right.y1 - right.y0)


def _marks(glyphs: Glyphs, left: Segment, right: Segment) -> bool:
    """Whether `left` is nothing but the number or bullet of an item that `right` begins: no cell of its own."""
    text = "".join(glyphs.codes[i] for i in left.indices)
    overlap = min(left.y1, right.y1) - max(left.y0, right.y0)
    beside = 0 < right.x0 - left.x1 < 3 * right.size and overlap > 0.5 * min(left.y1 - left.y0, right.y1 - right.y0)
    return beside and text[-1:].isspace() and bool(_MARK.fullmatch(text.strip()))


def _breaks(glyphs: Glyphs, run: list[int], i: int) -> bool:
    """Whether character i starts a new segment although PDFium put no line end: a jump to the right, or to another line."""
    if glyphs.codes[i].isspace():
        return False
    last = next((j for j in reversed(run) if not glyphs.codes[j].isspace()), None)
    if last is None:
        return False
    left, right = glyphs.boxes[last], glyphs.boxes[i]
    size = max(float(glyphs.sizes[last]), float(glyphs.sizes[i]), 1.0)
    height = max(left[3] - left[1], right[3] - right[1], 1.0)
    overlap = min(left[3], right[3]) - max(left[1], right[1])
    gap = CELL_GAP if not glyphs.spaced[last + 1 : i].any() else STRETCHED_GAP
    return bool(right[0] - left[2] > gap * size or right[2] < left[0] or overlap < -0.25 * height)


def _segment(glyphs: Glyphs, run: Sequence[int], hyphenated: bool) -> Segment | None:
    inked = [i for i in run if not glyphs.codes[i].isspace() and glyphs.codes[i] not in "\0"]
    if not inked:
        return None
    boxes = glyphs.boxes[inked]
    size = float(glyphs.sizes[inked].max())
    main = glyphs.sizes[inked] > 0.9 * size
    text = "".join(glyphs.codes[i] for i in run)
    return Segment(
        list(run),
        float(boxes[:, 0].min()),
        float(boxes[:, 1].min()),
        float(boxes[:, 2].max()),
        float(boxes[:, 3].max()),
        size,
        bool(glyphs.bold[inked].mean() > 0.7),
        float(np.median(boxes[main, 1] + boxes[main, 3]) / 2),
        hyphenated,
        ("bullet" if text.lstrip()[0] in "•▪◦‣·*" else "number") if _ITEM.match(text) else "",
        bool(_CLOSED.search(text[-60:])),
    )


def body_size(pages: Sequence[Sequence[Segment]]) -> float:
    """The font size of running text, in points: the largest that at least 30 % of the document's characters are set in.

    The most frequent one would be that of a long list of sources at the end, and every short paragraph a heading.
    """
    counts: Counter[float] = Counter()
    for page in pages:
        for segment in page:
            counts[round(segment.size * 2) / 2] += len(segment.indices)
    total = sum(counts.values())
    common = [size for size, count in counts.items() if count >= 0.3 * total]
    return max(common or counts, key=lambda size: (bool(common) * size, counts[size], -size), default=10.0)


def body_bold(pages: Sequence[Sequence[Segment]]) -> bool:
    """Whether most of the document is bold, in which case weight says nothing about headings."""
    bold = sum(len(s.indices) for page in pages for s in page if s.bold)
    return 2 * bold > sum(len(s.indices) for page in pages for s in page)


def leading(pages: Sequence[Sequence[Segment]]) -> float:
    """The usual distance between the lines of a paragraph, in font sizes (median; 1.3 when there is nothing to measure)."""
    steps = [
        (above.middle - below.middle) / above.size
        for page in pages
        for above, below in itertools.pairwise(page)
        if above.size and 0.8 < (above.middle - below.middle) / above.size < 2.2 and _shares_column(above, below)
    ]
    return float(np.median(steps)) if steps else 1.3


def _shares_column(a: Segment | Block, b: Segment | Block) -> bool:
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 0


def blocks(page: Sequence[Segment], line_step: float) -> list[Block]:
    """Groups the segments of one page into blocks, in order. `line_step` is the document's usual `leading`."""
    found: list[Block] = []
    for segment in page:
        if found and _continues(found[-1], segment, line_step):
            found[-1].lines.append(segment)
        else:
            found.append(Block([segment]))
    return found


def _continues(block: Block, segment: Segment, line_step: float) -> bool:
    last = block.lines[-1]
    if segment.item and not _runs_on(block, segment):
        return False
    if abs(last.size - segment.size) > 0.12 * max(last.size, segment.size):
        return False
    if last.bold != segment.bold and not last.hyphenated and block.lines[0].bold == last.bold and len(last.indices) < 80:
        return False
    step = (last.middle - segment.middle) / max(last.size, 1.0)
    if not _shares_column(last, segment):
        return False
    if not 0.3 < step <= line_step * 1.22 + 0.05:
        return False
    return not _indented(block, segment)


def _runs_on(block: Block, segment: Segment) -> bool:
    """Whether a line that starts like an item ("12. The") goes on with a sentence: the line above is full and not closed."""
    last = block.lines[-1]
    if segment.x0 < last.x0 - 0.5 * last.size or segment.item == "bullet":
        return False
    full = last.x1 > block.x1 - 1.5 * last.size if len(block.lines) > 1 else len(last.indices) >= 50
    return last.hyphenated or (full and not last.closed and segment.x0 < last.x0 + 0.5 * last.size)


def _indented(block: Block, segment: Segment) -> bool:
    """A first-line indent starts a paragraph: the line stands right of a block whose lines are flush."""
    if len(block.lines) < 2 or block.lines[-1].hyphenated:
        return False
    edges = [line.x0 for line in block.lines[1:]]
    flush = max(edges) - min(edges) < 0.3 * segment.size
    return flush and segment.x0 - edges[-1] > 0.9 * segment.size and block.lines[-1].x1 < block.x1 - 1.5 * segment.size


def merge_rows(page: Sequence[Block]) -> list[Block]:
    """Joins blocks that stand side by side into rows, so that a table's row stays together."""
    found: list[Block] = []
    chain: list[Block] = []

    def close() -> None:
        if len(chain) > 1:
            found.append(Block([line for cell in chain for line in cell.lines], "row", list(chain)))
        else:
            found.extend(chain)
        chain.clear()

    for block in page:
        if chain and not _beside(chain[-1], block):
            close()
        chain.append(block)
    close()
    return found


def _beside(left: Block, right: Block) -> bool:
    if len(left.lines) > MAX_CELL_LINES or len(right.lines) > MAX_CELL_LINES or right.x0 < left.x1 - 1.0:
        return False
    overlap = min(left.top, right.top) - max(left.bottom, right.bottom)
    return overlap >= 0.5 * min(left.top - left.bottom, right.top - right.bottom)


def mark_headings(page: Sequence[Block], size: float, bold_says: bool, titles: frozenset[str], text_of: object) -> None:
    """Sets `kind` to "heading" in place: larger than the body, or short and bold, or named in the PDF's outline.

    `text_of(block)` gives a block's text; `titles` are outline titles, canonical (see `canonical`).
    """
    for block in page:
        if block.kind != "paragraph" or len(block.lines) > 4:
            continue
        text = text_of(block)  # type: ignore[operator]
        if not any(c.isalpha() for c in text) or len(text) > 220:
            continue
        ends_open = not re.search(r"[.;,](\[[\d, –-]+\])?$", text.rstrip())
        larger = block.size >= size * (1.12 if ends_open else 1.3)
        heavy = bold_says and len(block.lines) <= 2 and all(line.bold for line in block.lines) and ends_open
        if larger or heavy or canonical(text) in titles:
            block.kind = "heading"


def canonical(text: str) -> str:
    """Letters and digits only, casefolded: how two renderings of one title are compared."""
    return "".join(c for c in text.casefold() if c.isalnum())
