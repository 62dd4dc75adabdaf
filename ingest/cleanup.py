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
from dataclasses import dataclass

from ingest.layout import HYPHENS, Block, Segment, canonical
from ingest.pdf import Glyphs

LINE_END_HYPHENS = HYPHENS + "-\u00ad\u2010\u2011"
_DROPPED = frozenset("\u00ad\u200b\u200c\u2060\ufeff")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010\u2011][^\W\d_]+)*")
_PAGE_NUMBER = re.compile(r"^(page\s*)?[-–—|\s]*(\d{1,4}|[ivxlc]{1,7})[-–—|\s]*((of|/)\s*\d{1,4})?$", re.IGNORECASE)
_COUNT = re.compile(r"(?<!\d)[0-9]{1,4}(?!\d)")
ADDRESS = re.compile(r"(?:https?://|www\.)\S+$")
_KEPT_HEADS = frozenset(
    "self non full part low high well long short mid pre post co re multi anti semi cross ex year pro under over "
    "two three four five six seven eight nine ten one first second third decision problem data school district evidence "
    "research standards team state community student teacher performance turnaround hard".split()
)
"""Heads of compounds usually written with a hyphen; asked only when the document shows neither form (own list)."""
_JOINED_ANYWAY = frozenset("pro re pre co ex over under multi non post mid".split())
"""Heads in that list that are as often a syllable of a longer word: joined unless the document shows the hyphen."""
_PARTICLES = frozenset({"out", "off", "up", "in", "on", "be", "to"})
_NO_HEADS = frozenset({"with", "every", "some", "over", "under", "inter", "here", "there", "fore"})
_NO_TAILS = frozenset(
    {"less", "able", "where", "thing", "body", "ward", "wards", "wise", "ship", "hood", "some", "fully", "ever"}
)
"""Words by themselves, but as part of a longer word seldom after a hyphen: with|drew, every|where, worth|less."""
_SUFFIX = re.compile(r"(?:e?n?ed|ings?|e[nr]s?|ly|ness|[st]ion|ment|ally?|able|t?ative|ity|ous)$")
_BROKEN = re.compile(rf"[^\W_]*[{HYPHENS}\u00ad]\s*[^\W_]*|[^\W_]*[-\u2010]\s*[\r\n]+\s*[^\W_]*")

MARGIN = 0.13
"""Running headers and footers stand in the outer 13 % of the page's height."""


def running_lines(pages: Sequence[Sequence[Segment]], glyphs: Sequence[Glyphs | None]) -> list[set[int]]:
    """For each page, the indices of its segments that are running headers, footers or page numbers.

    A segment in the margin is running when, but for the page's number, it recurs there on a third of the pages (at least
    two). Figures are judged with their whole line, or a table's row at a page's end would lose its cells: they go only
    where they are a page number at the very edge, or stand beside nothing but running words.
    """
    texts = [[_plain(s, drawn).strip() for s in page] if drawn else [] for page, drawn in zip(pages, glyphs, strict=True)]
    margins = [_margin_lines(page, drawn) if drawn else [] for page, drawn in zip(pages, glyphs, strict=True)]
    need = max(2, -(-len(pages) // 3))
    steps: Counter[int] = Counter()
    for number, (page, lines) in enumerate(zip(texts, margins, strict=True)):
        steps.update({int(n) - number for line in lines for i in line.parts for n in _COUNT.findall(page[i][:200])})
    step, count = max(steps.items(), key=lambda item: (item[1], -abs(item[0])), default=(0, 0))
    printed = [str(number + step) if count >= max(need, 3) else "" for number in range(len(pages))]
    seen: Counter[tuple[str, bool]] = Counter()
    for shown, page, lines in zip(printed, texts, margins, strict=True):
        seen.update({(_key(page[i], shown), line.top) for line in lines for i in line.parts})
    recurring = frozenset(key for key, times in seen.items() if times >= need)
    return [_running(*page, recurring) for page in zip(texts, margins, printed, strict=True)]


@dataclass(frozen=True, slots=True)
class _MarginLine:
    """The segments of one line in a margin, by index; `top` says which margin."""

    top: bool
    parts: tuple[int, ...]


def _running(
    texts: Sequence[str], lines: Sequence[_MarginLine], printed: str, recurring: frozenset[tuple[str, bool]]
) -> set[int]:
    """Which segments of one page run. `printed` is the page's number where the document counts its pages, else ""."""
    dropped: set[int] = set()
    at_edge, numbered = {True: True, False: True}, {True: False, False: False}
    for line in lines:
        recurs = {i for i in line.parts if (_key(texts[i], printed), line.top) in recurring}
        words = {i for i in recurs if any(c.isalpha() for c in texts[i])}
        numbers = {i for i in line.parts if i not in words and _PAGE_NUMBER.match(texts[i])}
        counted = {i for i in numbers if texts[i] == printed}
        alone = numbers if len(numbers) == 1 and not numbered[line.top] else set()
        figures = recurs - words - numbers
        gone: set[int] = set()
        if set(line.parts) <= words | figures | alone and (words or at_edge[line.top]):
            gone = set(line.parts)
        elif at_edge[line.top]:
            gone = words | counted  # a chapter's name beside the page number changes too often to recur
        numbered[line.top] |= bool(gone & numbers)
        at_edge[line.top] &= bool(gone)
        dropped |= gone
    return dropped


def _plain(segment: Segment, glyphs: Glyphs) -> str:
    return "".join(glyphs.codes[i] for i in segment.indices)


def _key(text: str, printed: str) -> str:
    """A segment without the page's number; punctuation counts only where there is no letter."""
    text = re.sub(rf"(?<!\d){printed}(?!\d)", "#", text) if printed else text
    return canonical(text) if any(c.isalpha() for c in text) else text


def _margin_lines(page: Sequence[Segment], glyphs: Glyphs) -> list[_MarginLine]:
    """Lines that stand in the margins, from the page's edges inward, each with all of its segments."""
    found: list[_MarginLine] = []
    for top in (True, False):
        edge = glyphs.height * (1 - MARGIN) if top else glyphs.height * MARGIN
        lines: list[list[int]] = []
        for i in sorted(range(len(page)), key=lambda i: (-page[i].middle if top else page[i].middle, i)):
            if lines and _on_line(page[lines[-1][0]], page[i]):
                lines[-1].append(i)
            else:
                lines.append([i])
        inside = [line for line in lines if any(page[i].y0 > edge if top else page[i].y1 < edge for i in line)]
        found += [_MarginLine(top, tuple(line)) for line in inside]
    return found


def _on_line(a: Segment, b: Segment) -> bool:
    return min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5 * min(a.y1 - a.y0, b.y1 - b.y0)


def vocabulary(texts: Iterable[str]) -> Counter[str]:
    """Words of the document, casefolded, hyphenated compounds counted whole, words broken at a line's end not at all."""
    counts: Counter[str] = Counter()
    for text in texts:
        whole = _WORD.findall(_BROKEN.sub(" ", text))
        counts.update(word.casefold().replace("\u2010", "-").replace("\u2011", "-") for word in whole)
    return counts


def keeps_hyphen(head: str, tail: str, words: Counter[str]) -> bool:
    """Whether a word broken after `head` is written with its hyphen: full|time -> full-time, pro|fessional -> professional.

    The form seen elsewhere in the document decides. Where it shows neither: a compound that already has a hyphen keeps
    another when its parts are words of the document (hard-to|serve), so do two longer words of it (worker|owned), and
    heads that usually take one (self|managed).
    """
    head, tail = head.casefold(), tail.casefold()
    if not head or not tail or not tail[0].isalpha():
        return True
    hyphened, joined = words[f"{head}-{tail}"], words[head + tail]
    if hyphened != joined:
        return hyphened > joined
    last, first = head.rsplit("-", 1)[-1], tail.split("-", 1)[0]
    both = words[last] > 0 and words[first] > 0
    if (both and (last != head or first != tail)) or len(head) == 1:
        return True
    if last in _KEPT_HEADS:
        return last not in _JOINED_ANYWAY and not _SUFFIX.match(first)
    if last in _NO_HEADS or first in _NO_TAILS:
        return False
    return both and len(last) >= 4 and (len(first) >= 4 or first in _PARTICLES)


def address_goes_on(address: str, following: str) -> bool:
    """Whether a web address at a line's end goes on with the next line's first word: a.org/news/ 2010/x, a.org/all -in-one."""
    if following.startswith(tuple("-/_?=&%#~+")):
        return True
    if re.fullmatch(r"\(?\d{1,3}[.)]", following):
        return False  # the number of the next entry in a list of sources
    return address[-1] in "/?=&-_%#~+" and bool(re.search(r"[0-9]|[-/_.=?&%+~]\w", following))


def _first_word(text: str) -> str:
    return (text.split(None, 1) or [""])[0]


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
            elif code in HYPHENS or (code == "\u00ad" and i == line.indices[-1]):
                if len(line.indices) >= 25:  # some files write their spaces as this mark, word by word
                    self._push("-", i)  # `_join` takes it back where the word goes on on this page
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
        """Mends a word or a web address broken between two lines; returns whether it was broken."""
        codes = self._glyphs.codes
        address = ADDRESS.search("".join(self._chars[-400:]))
        if address:
            return address_goes_on(address.group(), _first_word("".join(codes[i] for i in below.indices)))
        last = next((i for i in reversed(above.indices) if not codes[i].isspace()), None)
        if last is None or codes[last] not in LINE_END_HYPHENS:
            return False
        first = next((codes[i] for i in below.indices if not codes[i].isspace()), "")
        if len(self._chars) > 1 and self._chars[-1] in LINE_END_HYPHENS and self._chars[-2].isspace():
            return False  # a dash between two words
        while self._chars and self._chars[-1] in LINE_END_HYPHENS + " ":
            self._chars.pop()
            self._map.pop()
        head = re.search(r"[^\W\d_](?:[^\W_]|[-\u2010\u2011])*$", "".join(self._chars[-60:]))
        tail = re.match(r"[^\W_]+(?:[-\u2010\u2011][^\W\d_]+)*", "".join(codes[i] for i in below.indices).lstrip())
        halves = (head.group() if head else "", tail.group() if tail else "")
        named = first.isupper() and not self._words["".join(halves).casefold()]  # Hays-Porter; but ReNEW, AmeriCorps
        if named or keeps_hyphen(*halves, self._words):
            self._push("-", last)
        return True
