"""A PDF becomes glyphs and structure: PDFium for characters and their boxes, pypdf for outline, labels and metadata.

Runs inside a worker process (see `ingest.workers`): a hostile file can cost a worker, never the application.
PDFium's characters are read one by one (`FPDFText_GetUnicode`), so character i *is* box i and a highlight is exact by
construction. PDFium is not thread-safe; here each process has one reader, and `page_image` takes a lock.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pypdf
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from casebook.errors import EncryptedError, ExtractionError

logging.getLogger("pypdf").setLevel(logging.CRITICAL)

PDFIUM_LOCK = threading.Lock()
T = TypeVar("T")
MAX_CHARACTERS = 400_000
"""Characters read of one page; a page beyond that is no page of prose and would only cost memory."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What PDFium drew on one page, in content order.

    `codes` has n characters; `boxes` is (n, 4) float32 (left, bottom, right, top) in points, origin bottom left;
    turned so that the page's main text runs from left to right. `sizes` is (n,) float32, the font size in points; `bold`
    is (n,) bool; `spaced` is (n,) bool: the character is a space the file itself has, not one PDFium put into a gap.
    """

    codes: str
    boxes: np.ndarray
    sizes: np.ndarray
    bold: np.ndarray
    spaced: np.ndarray
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Structure:
    """What pypdf knows: headings per page (1-based), printed page labels, metadata, and its own text as a fallback."""

    headings: dict[int, tuple[str, ...]]
    labels: tuple[str, ...]
    title: str
    author: str
    year: str
    fallback: tuple[str, ...] = ()


def check(path: Path) -> None:
    """Refuses what is no PDF before any parser sees it.

    Raises `ExtractionError` for a missing, empty or foreign file.
    """
    if not path.is_file():
        raise ExtractionError(f"{path.name} is not there (looked for {path}).")
    with path.open("rb") as file:
        head = file.read(1024)
    if not head.strip():
        raise ExtractionError(f"{path.name} is empty. Save or download it again.")
    if b"%PDF-" not in head:
        raise ExtractionError(f"{path.name} is not a PDF. Export it as PDF and add it again.")


def open_pdfium(path: Path, password: str | None = None) -> pdfium.PdfDocument:
    """Opens with PDFium; raises `EncryptedError` when a password is wanted, `ExtractionError` when it cannot be read."""
    try:
        document = pdfium.PdfDocument(path, password=password)
        if len(document) == 0:
            raise ExtractionError(f"{path.name} has no pages.")
        return document
    except pdfium.PdfiumError as error:
        if "assword" in str(error):
            tail = "the password given does not open it" if password else "give --password, or save it without one"
            raise EncryptedError(f"{path.name} is encrypted: {tail}.") from error
        raise ExtractionError(f"{path.name} is damaged and cannot be read. Download or export it again.") from error


def read_glyphs(document: pdfium.PdfDocument) -> Iterator[Glyphs | None]:
    """Yields the glyphs of each page in order; None for a page PDFium cannot load."""
    for index in range(len(document)):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            yield None
            continue
        try:
            yield _page_glyphs(page)
        finally:
            page.close()


def _page_glyphs(page: pdfium.PdfPage) -> Glyphs | None:
    try:
        textpage = page.get_textpage()
    except pdfium.PdfiumError:
        return None
    try:
        count = min(max(raw.FPDFText_CountChars(textpage.raw), 0), MAX_CHARACTERS)
        codes: list[str] = []
        boxes = np.zeros((count, 4), np.float32)
        sizes = np.zeros(count, np.float32)
        bold = np.zeros(count, bool)
        spaced = np.zeros(count, bool)
        rect = raw.FS_RECTF()
        for i in range(count):
            code = raw.FPDFText_GetUnicode(textpage.raw, i)
            codes.append(chr(code) if code <= 0x10FFFF else "\ufffd")
            if code in (10, 13):
                continue
            if raw.FPDFText_GetLooseCharBox(textpage.raw, i, ctypes.byref(rect)):
                boxes[i] = (rect.left, rect.bottom, rect.right, rect.top)
            sizes[i] = raw.FPDFText_GetFontSize(textpage.raw, i)
            bold[i] = raw.FPDFText_GetFontWeight(textpage.raw, i) >= 600
            spaced[i] = code == 32 and raw.FPDFText_IsGenerated(textpage.raw, i) == 0
        _join_surrogates(codes)
        boxes, width, height = _upright(np.nan_to_num(boxes), page, _quarter_turns(textpage, count))
        return Glyphs("".join(codes), boxes, sizes, bold, spaced, width, height)
    finally:
        textpage.close()


def _quarter_turns(textpage: pdfium.PdfTextPage, count: int) -> int:
    """How many quarter turns counterclockwise most characters of the page are drawn at (a sample of them is asked)."""
    angles = [raw.FPDFText_GetCharAngle(textpage.raw, i) for i in range(0, count, max(1, count // 100))]
    turns = [-round(angle / (math.pi / 2)) % 4 for angle in angles if angle >= 0]  # PDFium counts clockwise
    return max(set(turns), key=lambda turn: (turns.count(turn), -turn)) if turns else 0


def _upright(boxes: np.ndarray, page: pdfium.PdfPage, turns: int) -> tuple[np.ndarray, float, float]:
    """Boxes turned back by quarter turns, with the size of the page in that position."""
    left, bottom, right, top = page.get_mediabox()
    with contextlib.suppress(pdfium.PdfiumError):
        left, bottom, right, top = page.get_cropbox()
    width, height = right - left, top - bottom
    x0, y0, x1, y1 = boxes[:, 0] - left, boxes[:, 1] - bottom, boxes[:, 2] - left, boxes[:, 3] - bottom
    if turns == 1:  # drawn upwards: the page's left becomes its top
        return np.stack([y0, width - x1, y1, width - x0], axis=1), height, width
    if turns == 2:
        return np.stack([width - x1, height - y1, width - x0, height - y0], axis=1), width, height
    if turns == 3:
        return np.stack([height - y1, x0, height - y0, x1], axis=1), height, width
    return np.stack([x0, y0, x1, y1], axis=1), width, height


def _join_surrogates(codes: list[str]) -> None:
    """PDFium gives characters beyond the basic plane as two halves; the first takes the character, the second nothing."""
    for i in range(len(codes) - 1):
        high, low = ord(codes[i]), ord(codes[i + 1])
        if 0xD800 <= high < 0xDC00 <= low < 0xE000:
            codes[i], codes[i + 1] = chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)), "\u200b"


def read_structure(path: Path, password: str | None, page_count: int, empty_pages: frozenset[int]) -> Structure:
    """Outline, labels and metadata by pypdf. Whatever pypdf cannot read is left out: structure is a help, not a need.

    `empty_pages` (1-based) are those PDFium found no text on: pypdf's text is taken for them.
    """
    nothing = Structure({}, tuple(str(n + 1) for n in range(page_count)), "", "", "")
    try:
        reader = pypdf.PdfReader(io.BytesIO(path.read_bytes()), password=password)
        labels: tuple[str, ...] = _attempt(lambda: tuple(reader.page_labels), nothing.labels)
        if len(labels) != page_count:
            labels = nothing.labels
        info: Any = _attempt(lambda: reader.metadata, None)
        return Structure(
            headings=_attempt(lambda: _outline(reader), {}),
            labels=labels,
            title=_attempt(lambda: str(info.title or ""), "") if info else "",
            author=_attempt(lambda: str(info.author or ""), "") if info else "",
            year=_attempt(lambda: str(info.creation_date.year), "") if info else "",
            fallback=_fallback_text(reader, page_count, empty_pages),
        )
    except Exception:  # noqa: BLE001  pypdf raises many kinds on damaged files; PDFium's text stands by itself
        return nothing


def _attempt(read: Callable[[], T], default: T) -> T:
    try:
        return read()
    except Exception:  # noqa: BLE001  see read_structure
        return default


def _fallback_text(reader: pypdf.PdfReader, page_count: int, empty_pages: frozenset[int]) -> tuple[str, ...]:
    def text(number: int) -> str:
        return _attempt(lambda: reader.pages[number - 1].extract_text(), "")

    return tuple(text(number) if number in empty_pages else "" for number in range(1, page_count + 1))


def _outline(reader: pypdf.PdfReader) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}

    def walk(items: list, depth: int) -> None:  # type: ignore[type-arg]
        for item in items[:5000]:
            if isinstance(item, list):
                if depth < 8:
                    walk(item, depth + 1)
                continue
            number = reader.get_destination_page_number(item)
            if number is not None and item.title:
                found.setdefault(number + 1, []).append(str(item.title))

    walk(reader.outline, 0)
    return {page: tuple(titles) for page, titles in found.items()}


def is_encrypted(path: Path) -> bool:
    """Whether the file wants a password to be opened."""
    try:
        open_pdfium(path).close()
    except EncryptedError:
        return True
    except ExtractionError:
        return False
    return False


def decrypt(path: Path, password: str, target: Path) -> None:
    """Writes a copy without encryption, the same bytes each time. Raises `EncryptedError` when the password is wrong."""
    open_pdfium(path, password).close()  # refuses a wrong password in a sentence
    try:
        writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(path, password=password))
        with target.open("wb") as file:
            writer.write(file)
    except Exception as error:
        raise EncryptedError(
            f"{path.name} cannot be decrypted ({type(error).__name__}). Save it without a password."
        ) from error
