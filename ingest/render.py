"""A page as a picture, and a range of its text as boxes on that picture.

The boxes come from the very characters the text was made of (`char_map`), so they cover what is quoted and nothing
else. Rotation and CropBox are PDFium's business (`FPDF_PageToDevice`); boxes are fractions of the picture.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from casebook.errors import ExtractionError
from ingest.pdf import PDFIUM_LOCK

_DEVICE = 100_000
"""Side of the imaginary device that page coordinates are mapped to: fractions with five digits."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle as fractions (0 to 1) of the page picture's width and height, origin top left."""

    left: float
    top: float
    width: float
    height: float


def page_image(path: Path, number: int, width: int = 1200) -> bytes:
    """The page (1-based) as JPEG, `width` pixels wide. Raises `ExtractionError` when it cannot be drawn."""
    with PDFIUM_LOCK:
        try:
            document = pdfium.PdfDocument(path)
            try:
                page = document[number - 1]
                scale = width / max(page.get_width(), 1.0)
                scale = min(scale, 4000 / max(page.get_height(), 1.0))
                image = page.render(scale=scale).to_pil().convert("RGB")
                page.close()
            finally:
                document.close()
        except (pdfium.PdfiumError, IndexError, ValueError, OSError) as error:
            raise ExtractionError(f"Page {number} of {path.name} cannot be drawn.") from error
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def boxes(path: Path, number: int, characters: Iterable[int]) -> list[Box]:
    """One box a line for the given PDFium character indices of a page (1-based), in reading order."""
    with PDFIUM_LOCK:
        document = pdfium.PdfDocument(path)
        try:
            page = document[number - 1]
            textpage = page.get_textpage()
            found = [box for i in characters if i >= 0 and (box := _character_box(page, textpage, i))]
            textpage.close()
            page.close()
        finally:
            document.close()
    return merge_lines(found)


def _character_box(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, index: int) -> Box | None:
    rect = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(textpage.raw, index, ctypes.byref(rect)):
        return None
    corners = [_to_device(page, rect.left, rect.top), _to_device(page, rect.right, rect.bottom)]
    (x0, x1), (y0, y1) = sorted(c[0] for c in corners), sorted(c[1] for c in corners)
    if x1 <= x0 or y1 <= y0:
        return None
    return Box(x0, y0, x1 - x0, y1 - y0)


def _to_device(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    dx, dy = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page.raw, 0, 0, _DEVICE, _DEVICE, 0, x, y, ctypes.byref(dx), ctypes.byref(dy))
    return dx.value / _DEVICE, dy.value / _DEVICE


def merge_lines(characters: Sequence[Box]) -> list[Box]:
    """Joins neighboring character boxes on one line into one box."""
    merged: list[Box] = []
    for box in characters:
        last = merged[-1] if merged else None
        if last and _same_line(last, box):
            left, top = min(last.left, box.left), min(last.top, box.top)
            right = max(last.left + last.width, box.left + box.width)
            bottom = max(last.top + last.height, box.top + box.height)
            merged[-1] = Box(left, top, right - left, bottom - top)
        else:
            merged.append(box)
    return merged


def _same_line(a: Box, b: Box) -> bool:
    overlap = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    gap = b.left - (a.left + a.width)
    return overlap > 0.5 * min(a.height, b.height) and -0.5 * a.width - 0.01 <= gap < 0.03
