"""Pure text repair: running headers and footers, ligatures, hyphens at line ends, and the map back to the glyphs.

Every repaired character remembers the glyph it came from (`CharMap`), so that a range of the clean text can be
highlighted on the page. Everything here depends on one document alone: extracting it again gives the same text,
whatever else is in the collection, which is what `verify` relies on.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from ingest.layout import HYPHENS, Block, Segment, canonical
from ingest.pdf import Glyphs

LINE_END_HYPHENS = HYPHENS + "-\u00ad\u2010\u2011"
_DROPPED = frozenset("\u00ad\u200b\u200c\u2060\ufeff" + HYPHENS)
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010\u2011][^\W\d_]+)*")
_PAGE_NUMBER = re.compile(r"^(page\s*)?[-–—|\s]*(\d{1,4}|[ivxlc]{1,7})[-–—|\s]*((of|/)\s*\d{1,4})?$", re.IGNORECASE)
_KEPT_HEADS = frozenset(
    "self non full part low high well long short mid pre post co re multi anti semi cross ex year pro under over "
    "two three four five six seven eight nine ten one first second third decision problem data school district evidence "
    "research standards team state community student teacher performance turnaround hard".split()
)
"""Heads of compounds usually written with a hyphen; asked only when the document shows neither form (own list)."""
_JOINED_ANYWAY = frozenset("pro re pre co over under multi non post mid".split())
"""Heads in that list that are as often a syllable of a longer word: joined unless the document shows the hyphen."""

MARGIN = 0.13
"""Running headers and footers stand in the outer 13 % of the page's height."""


def running_lines(pages: Sequence[Sequence[Segment]], glyphs: Sequence[Glyphs | None]) -> list[set[int]]:
    """For each page, the indices of its segments that are running headers, footers or page numbers.

    A line is one when it stands in the margin and, digits aside, recurs there on a third of the pages (at least two);
    or when it is nothing but a page number at the very edge.
    """
    seen: Counter[tuple[str, bool]] = Counter()
    candidates: list[dict[int, tuple[str, bool]]] = []
    for page, drawn in zip(pages, glyphs, strict=True):
        found = _margin_lines(page, drawn) if drawn else {}
        candidates.append(found)
        seen.update(set(found.values()))
    need = max(2, -(-len(pages) // 3))
    return [
        {
            index
            for index, key in found.items()
            if seen[key] >= need or _PAGE_NUMBER.match(_plain(page[index], drawn).strip())  # type: ignore[arg-type]
        }
        for found, page, drawn in zip(candidates, pages, glyphs, strict=True)
    ]


def _plain(segment: Segment, glyphs: Glyphs) -> str:
    return "".join(glyphs.codes[i] for i in segment.indices)


def _margin_lines(page: Sequence[Segment], glyphs: Glyphs) -> dict[int, tuple[str, bool]]:
    """Margin segments outside the body -> (text with digits as #, is it at the top)."""
    found: dict[int, tuple[str, bool]] = {}
    for index, segment in enumerate(page):
        top = segment.y0 > glyphs.height * (1 - MARGIN)
        if top or segment.y1 < glyphs.height * MARGIN:
            found[index] = (re.sub(r"\d+", "#", canonical(_plain(segment, glyphs))) or "#", top)
    return found


def vocabulary(texts: Iterable[str]) -> Counter[str]:
    """Words of the document, casefolded, hyphenated compounds counted whole."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word.casefold().replace("\u2010", "-").replace("\u2011", "-") for word in _WORD.findall(text))
    return counts


def keeps_hyphen(head: str, tail: str, words: Counter[str]) -> bool:
    """Whether a word broken after `head` is written with its hyphen: full|time -> full-time, pro|fessional -> professional.

    The form seen elsewhere in the document decides; then whether both halves are words of it; then a list of heads.
    """
    head, tail = head.casefold(), tail.casefold()
    if not head or not tail or not tail[0].isalpha():
        return True
    hyphened, joined = words[f"{head}-{tail}"], words[head + tail]
    if hyphened != joined:
        return hyphened > joined
    last = head.rsplit("-", 1)[-1]
    if last in _KEPT_HEADS:
        return last not in _JOINED_ANYWAY
    return "-" in tail and words[last] > 0 and words[tail.split("-", 1)[0]] > 0


class TextBuilder:
    """Writes clean text and, beside it, the glyph each character came from (-1 where none did)."""

    def __init__(self, glyphs: Glyphs, words: Counter[str]) -> None:
        self._glyphs, self._words = glyphs, words
        self._chars: list[str] = []
        self._map: list[int] = []

    @property
    def length(self) -> int:
        return len(self._chars)

    def text(self) -> str:
        return "".join(self._chars)

    def char_map(self) -> list[int]:
        return list(self._map)

    def separator(self, mark: str) -> None:
        """Ends a block or cell with `mark` (" ", a tab, a line end), swallowing space before it."""
        while self._chars and self._chars[-1] == " ":
            self._chars.pop()
            self._map.pop()
        for char in mark if self._chars else "":
            self._push(char, -1)

    def block(self, block: Block) -> None:
        for number, line in enumerate(block.lines):
            if number and not self._join(block.lines[number - 1], line):
                self._space()
            self._line(line)

    def joins(self, above: Segment, below: Segment) -> None:
        """Goes on with a paragraph in another column: a space, or a mended hyphen."""
        if not self._join(above, below):
            self._space()

    def _push(self, char: str, origin: int) -> None:
        self._chars.append(char)
        self._map.append(origin)

    def _space(self) -> None:
        if self._chars and not self._chars[-1].isspace():
            self._push(" ", -1)

    def _line(self, line: Segment) -> None:
        for i in line.indices:
            code = self._glyphs.codes[i]
            if code.isspace() or code == "\u00a0":
                self._space()
            elif code not in _DROPPED and unicodedata.category(code) not in ("Cc", "Cs", "Cn"):
                self._visible(code, i)

    def _visible(self, code: str, i: int) -> None:
        expanded = unicodedata.normalize("NFKC", code) if "\ufb00" <= code <= "\ufb06" else code
        if unicodedata.combining(code) and self._chars:
            composed = unicodedata.normalize("NFC", self._chars[-1] + code)
            if len(composed) == 1:
                self._chars[-1] = composed
                return
        for char in expanded:
            self._push(char, i)

    def _join(self, above: Segment, below: Segment) -> bool:
        """Mends a word broken between two lines; returns whether it was broken."""
        codes = self._glyphs.codes
        last = next((i for i in reversed(above.indices) if not codes[i].isspace()), None)
        if last is None or codes[last] not in LINE_END_HYPHENS:
            return False
        first = next((codes[i] for i in below.indices if not codes[i].isspace()), "")
        while self._chars and self._chars[-1] in LINE_END_HYPHENS + " ":
            self._chars.pop()
            self._map.pop()
        head = re.search(r"[^\W\d_](?:[^\W_]|[-\u2010\u2011])*$", "".join(self._chars[-60:]))
        tail = re.match(r"[^\W_]+(?:[-\u2010\u2011][^\W\d_]+)*", "".join(codes[i] for i in below.indices).lstrip())
        kept = first.isupper() or keeps_hyphen(head.group() if head else "", tail.group() if tail else "", self._words)
        if kept:
            self._push("-", last)
        return True
