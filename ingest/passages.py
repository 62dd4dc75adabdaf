"""Pages become passages: along sentences, under headings, whole table rows, never over the encoder's token limit.

Every passage is one stretch of one page, so its range can be checked and drawn. What the encoder reads in addition
(document title and heading, see `context`) is not part of the range.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from casebook.records import Passage, Span
from ingest.extract import PageText, TextBlock, strip

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class PassageSettings:
    """Sizes in tokens of the encoder: `target` is where a passage closes, `limit` what it never passes, context included."""

    target: int = 200
    limit: int = 250


@functools.cache
def _segmenter():  # type: ignore[no-untyped-def]
    from nupunkt import load_default_model  # heavy enough to load only where pages are cut

    return load_default_model()


def sentence_spans(text: str, offset: int = 0) -> list[Span]:
    """Sentences of a stretch of running text, as spans shifted by `offset`, white space excluded.

    Boundaries by nupunkt (Bommarito, Katz and Bommarito, 2025), then two repairs: a note such as "[3]." stays with its
    sentence, and a piece without a letter or digit joins the one before.
    """
    if not text.strip():
        return []
    spans: list[Span] = []
    for start, end in _segmenter().span_tokenize(text):
        start, end = strip(text, (start, end))
        if start >= end:
            continue
        loose = not re.search(r"[^\W_]", text[start:end]) or re.fullmatch(r"(\[\d+\][\s.,;]*)+", text[start:end])
        if spans and (loose or not _closes(text[: spans[-1][1]])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return [(start + offset, end + offset) for start, end in spans]


_OPEN_END = re.compile(r"\b(?:No|Nos|vs|approx|cf|ca|Sec|Fig|Vol|Ch|pp?|St|Dr|Mr|Mrs|Ms|Gov|Sen|Rep|Supt)\.$")


def _closes(before: str) -> bool:
    return not _OPEN_END.search(before[-12:])


def block_sentences(page: PageText, block: TextBlock) -> list[Span]:
    """A row is one sentence: its cells mean nothing apart."""
    if block.kind == "row":
        return [(block.start, block.end)]
    return sentence_spans(page.text[block.start : block.end], block.start)


def context(title: str, heading: str) -> str:
    """What stands before a passage when it is encoded and indexed by words: its document's title and its heading."""
    return ". ".join(part for part in (title, heading) if part)


@dataclass(slots=True)
class _Section:
    """Consecutive blocks of one page under one heading."""

    heading: str
    blocks: list[TextBlock]


def _sections(page: PageText, heading: str) -> Iterator[_Section]:
    """Cuts a page at its headings. A heading with nothing under it is kept as text of its own, so that no word is lost."""
    section = _Section(heading, [])
    pending: list[TextBlock] = []
    for block in page.blocks:
        if block.kind == "heading":
            if section.blocks:
                yield section
                pending = []
            pending.append(block)
            section = _Section(_heading_text(page, block), [])
            continue
        if len(pending) > 1:
            yield _Section(_heading_text(page, pending[0]), pending[:-1])
        pending = []
        section.blocks.append(block)
    if section.blocks:
        yield section
    elif pending and (len(pending) > 1 or page.blocks == (pending[0],)):
        yield _Section(_heading_text(page, pending[0]), pending)


def _heading_text(page: PageText, block: TextBlock) -> str:
    return " ".join(page.text[block.start : block.end].split())


def make_passages(
    document: str, title: str, pages: Sequence[PageText], count_tokens: CountTokens, settings: PassageSettings
) -> list[Passage]:
    """All passages of a document, in reading order; every character of every block lies in one, or is their heading."""
    found: list[Passage] = []
    heading = ""
    for page in pages:
        for section in _sections(page, heading):
            heading = section.heading
            room = settings.limit - count_tokens(context(title, heading)) - 2
            for span, sentences in _pack(page, section, count_tokens, settings.target, room):
                found.append(_passage(document, page, heading, span, sentences))
        headings = [block for block in page.blocks if block.kind == "heading"]
        heading = _heading_text(page, headings[-1]) if headings else heading
    return found


def _passage(document: str, page: PageText, heading: str, span: Span, sentences: Sequence[Span]) -> Passage:
    start, end = span
    return Passage(
        id=f"{document}:p{page.number}:{start}-{end}",
        document=document,
        page=page.number,
        start=start,
        end=end,
        heading=heading,
        text=page.text[start:end],
        sentences=tuple(sentences),
    )


def _pack(
    page: PageText, section: _Section, count_tokens: CountTokens, target: int, room: int
) -> Iterator[tuple[Span, list[Span]]]:
    """Fills passages sentence by sentence up to `target` tokens, never over `room`; overlong sentences are cut at words."""
    taken: list[Span] = []
    for block in section.blocks:
        for span in block_sentences(page, block):
            for piece in _pieces(page.text, span, count_tokens, room):
                grown = count_tokens(page.text[taken[0][0] : piece[1]]) if taken else 0
                if taken and (grown > room or grown > target * 1.15):
                    yield (taken[0][0], taken[-1][1]), taken
                    taken = []
                taken.append(piece)
    if taken:
        yield (taken[0][0], taken[-1][1]), taken


def _pieces(text: str, span: Span, count_tokens: CountTokens, room: int) -> Iterator[Span]:
    start, end = span
    while count_tokens(text[start:end]) > room:
        cut = _fitting(text, start, end, count_tokens, room)
        yield strip(text, (start, cut))
        start, end = strip(text, (cut, end))
    if start < end:
        yield start, end


def _fitting(text: str, start: int, end: int, count_tokens: CountTokens, room: int) -> int:
    """The furthest word end (or character, in a text without spaces) that still fits in `room` tokens; bisection."""
    ends = [start + m.end() for m in re.finditer(r"\S+", text[start:end])]
    fits = [e for e in ends if e - start <= 24 * room]
    low, high = 0, len(fits) - 1
    if not fits or count_tokens(text[start : fits[0]]) > room:
        fits = list(range(start + 1, min(end, start + room) + 1))
        low, high = 0, len(fits) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count_tokens(text[start : fits[middle]]) <= room else (low, middle - 1)
    return fits[low]
