"""Which stretches of a page can be quoted, and what must be shown with them.

A quotation is a whole sentence of running text, a row of a table, or an item of a list. Never one: a heading, a source
or reference entry, a fragment. A sentence that runs over a page break (or over a break in the page) is joined with its
rest. One that leans on the sentence before ("They …", "This …") carries that sentence as context; a row of a table
carries the table's head.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from casebook.records import Passage, Span

Around = Callable[[Passage], tuple[Passage | None, Passage | None]]
"""passage -> the passages before and after it in its document; None at either end."""

Place = tuple[str, int, Span]
"""(document, page, range on the page)."""

_REFERENCE_HEADING = re.compile(
    r"^(?:[\divx]+[.)]?\s+)?(?:(?:list of |data |key |selected |primary )?sources?|sources? (?:and|consulted|cited)\b.*|"
    r"references?(?: and .*| list| cited)?|"
    r"(?:selected |annotated )?bibliography|works cited|literature(?: cited)?|citations?|(?:foot|end)?notes?|notes and "
    r"(?:sources|references)|"
    r"further reading|table of contents|contents|index|acknowledge?ments?|photo credits?|image credits?)\s*:?$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?:|\bwww\.|\bdoi(?:\.org|:)\s?|\b[\w.-]+@[\w-]+\.\w{2,}\b", re.IGNORECASE)
_REFERENCE_LINE = re.compile(
    r"^(?:\[?\d{1,3}\]?[.)]?\s+)?[A-Z][^.!?]{0,120}\((?:19|20)\d\d[a-z]?\)\.?\s|^\d{1,3}\.\t|^(?:ibid|op\. cit|"
    r"retrieved (?:from|on)|see also:?)\b|"
    r"\((?:[A-Z][^()]{2,80}, )?(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.? (?:\d{1,2},? )?(?:19|"
    r"20)\d\d\)\.$",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"^[\"“‘(]?(?:They|This|That(?! is)|These|Those|It|Its|Their|Them|He|She|His|Her|Such|Both(?! (?:of )?[A-Z])|"
    r"Neither(?! [A-Z])|"
    r"Another|Others?\b|The (?:same|others?|latter|former|first|second|third|two|three|rest|remainder|result|reason|"
    r"answer|vote|"
    r"figures?|plan|program|effort|study|report|review|change|idea|zone|network|office|group|team|school|district)\b|By "
    r"then|Since then|Then|"
    r"At the (?:same time|time|other)|On the (?:same|other|second)|In (?:the same|that|those|these|this)\b|But|And|So|"
    r"Yet|Nor|Or|Instead|"
    r"However|Also|Even so|Still|Thus|Hence|Therefore|Moreover|Meanwhile|Nevertheless|Elsewhere|Later|Afterwards?|Here|"
    r"There(?= had| was| were| is| are)?|"
    r"(?:A|Each|Some|Most|Many|Several|All|None|One|Two|Three|Half) (?:of (?:them|these|those)|other|such)\b|For "
    r"(?:this|that|these)|"
    r"(?:One|Another) (?:reason|exception|answer|result))\b"
)
_ENDS = re.compile(r"[.!?:;…][\"'”’)\]\d,\s\[–-]*$")
_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}$")
_HANGS = re.compile(
    r"(?:,|\b(?:a|an|the|of|in|on|at|to|for|by|with|from|and|or|but|as|that|which|who|than|its|their|about|over))$",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\s*(?:[•▪◦‣*·–—-]|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)])\s+\S")


@dataclass(frozen=True, slots=True)
class Quotable:
    """A quotation with its places (two over a page break) and `sentences`, its (passage, position) pairs, for vectors."""

    passage: Passage
    text: str
    places: tuple[Place, ...]
    sentences: tuple[tuple[Passage, int], ...]
    context: str = ""
    form: str = "prose"

    @property
    def key(self) -> Place:
        return self.places[0]


def reference_matter(heading: str, text: str = "") -> bool:
    """Whether text under this heading is a list of sources, or the text itself an entry of one."""
    return bool(
        _REFERENCE_HEADING.match(" ".join(heading.split())) or _ADDRESS.search(text) or (text and _REFERENCE_LINE.search(text))
    )


def leans(text: str) -> bool:
    """Whether a sentence needs the one before it to be understood."""
    return bool(_LEANS.match(text))


def sentence_text(passage: Passage, position: int) -> str:
    start, end = passage.sentences[position]
    return passage.text[start - passage.start : end - passage.start]


def form_of(text: str) -> str:
    """ "row", "item", "prose", or "" for what cannot be quoted alone: headings, fragments, loose marks."""
    words = re.findall(r"[^\W_]+", text)
    if "\t" in text and not _ITEM.match(text):
        cells = [cell for cell in text.split("\t") if re.search(r"[^\W_]", cell)]
        return "row" if len(cells) > 1 and len(words) > 2 else ""
    if _ITEM.match(text) and len(words) >= 3:
        return "item"
    return "prose" if len(words) >= 4 and _starts(text) and _ENDS.search(text) else ""


def _starts(text: str) -> bool:
    return text[0].isupper() or text[0].isdigit() or text[0] in "\"'“‘«($€£[¿¡" or bool(re.match(r"[a-z]?[A-Z]", text))


def quotables(passages: Sequence[Passage], around: Around) -> list[Quotable]:
    """Every quotation the passages hold, in their order, each once."""
    found: dict[Place, Quotable] = {}
    for passage in passages:
        for position in range(len(passage.sentences)):
            made = _quotable(passage, position, around)
            if made:
                found.setdefault(made.key, made)
    return list(found.values())


def _quotable(passage: Passage, position: int, around: Around) -> Quotable | None:
    text = sentence_text(passage, position)
    if not text.strip() or reference_matter(passage.heading, text):
        return None
    form = form_of(text)
    if form == "row":
        if _is_head(text) and not _head(passage, position, around):
            return None
        return Quotable(
            passage, text, (_place(passage, position),), ((passage, position),), _head(passage, position, around), form
        )
    if form == "item":
        return Quotable(
            passage, text, (_place(passage, position),), ((passage, position),), _lead(passage, position, around), form
        )
    if form == "prose" and not (_INITIALS.search(text) and (whole := _joined(passage, position, around))):
        return _prose(passage, text, (_place(passage, position),), ((passage, position),), around)
    return whole if form == "prose" else _joined(passage, position, around)


def _prose(
    passage: Passage, text: str, places: tuple[Place, ...], sentences: tuple[tuple[Passage, int], ...], around: Around
) -> Quotable:
    first, position = sentences[0]
    context = _before(first, position, around) if leans(text) else ""
    return Quotable(passage, text, places, sentences, context)


def _place(passage: Passage, position: int) -> Place:
    return passage.document, passage.page, passage.sentences[position]


def _continues(text: str) -> bool:
    return text[0].islower() or text[0] in ",;)"


# --- what stands before ---


def _neighbor(passage: Passage, position: int, step: int, around: Around) -> tuple[Passage, int] | None:
    """The sentence before (-1) or after (+1), also in the next passage of the document; None when there is none."""
    if 0 <= position + step < len(passage.sentences):
        return passage, position + step
    other = around(passage)[0 if step < 0 else 1]
    if other is None or not other.sentences:
        return None
    return other, len(other.sentences) - 1 if step < 0 else 0


def _before(passage: Passage, position: int, around: Around) -> str:
    """The whole sentence before, of the same section; "" when what stands there is none."""
    found = _neighbor(passage, position, -1, around)
    if found is None or found[0].heading != passage.heading or form_of(text := sentence_text(*found)) not in ("prose", "item"):
        return ""
    return "" if reference_matter(found[0].heading, text) or _continues(text) else text


def _head(passage: Passage, position: int, around: Around) -> str:
    """The first row of the table a row stands in; "" for the first row itself."""
    text, place = "", (passage, position)
    for _ in range(60):
        before = _neighbor(*place, -1, around)
        if before is None or before[0].page != passage.page or form_of(sentence_text(*before)) != "row":
            break
        place, text = before, sentence_text(*before)
    return text if _is_head(text) else ""


def _is_head(row: str) -> bool:
    """Whether a row names its columns: no figure in it, and no cell longer than a few words."""
    return not re.search(r"\d", row) and all(len(cell.split()) <= 4 for cell in row.split("\t"))


def _lead(passage: Passage, position: int, around: Around) -> str:
    """The sentence that introduces the list an item stands in, when it ends in a colon."""
    place = (passage, position)
    for _ in range(30):
        before = _neighbor(*place, -1, around)
        if before is None:
            return ""
        text = sentence_text(*before)
        if form_of(text) != "item":
            return text if re.search(r":\W*[\d,\]\s.]*$", text) else ""
        place = before
    return ""


# --- sentences in two pieces ---


def _joined(passage: Passage, position: int, around: Around) -> Quotable | None:
    """A sentence in two pieces, whichever of them we stand on; None when they do not make one."""
    here = (passage, position)
    text = sentence_text(*here)
    opens = not _ENDS.search(text) or bool(_INITIALS.search(text) and not _continues(text))
    first, second = (here, _neighbor(*here, 1, around)) if opens else (_neighbor(*here, -1, around), here)
    if first is None or second is None or not _fit(first, second):
        return None
    (one, i), (two, j) = first, second
    if one == two:
        start, end = one.sentences[i][0], one.sentences[j][1]
        whole = one.text[start - one.start : end - one.start]
        return _prose(passage, whole, ((one.document, one.page, (start, end)),), (first, second), around)
    quotes = sentence_text(one, i), sentence_text(two, j)
    places = (_place(one, i), _place(two, j))
    return _prose(passage, " ".join(quotes), places, (first, second), around)


def _fit(first: tuple[Passage, int], second: tuple[Passage, int]) -> bool:
    """Whether two pieces, one after the other in reading order, make one sentence."""
    start, end = sentence_text(*first), sentence_text(*second)
    if "\t" in start + end or not start or not end or _ITEM.match(end) or len(start.split()) < 3:
        return False
    if _INITIALS.search(start):
        return _continues(end) and bool(_ENDS.search(end))
    if _ENDS.search(start) or not _ENDS.search(end) or not _starts(start):
        return False
    if (
        second[0].page - first[0].page > 1
        or reference_matter(first[0].heading, start)
        or reference_matter(second[0].heading, end)
    ):
        return False
    return _continues(end) or bool(_HANGS.search(start))
