"""A PDF becomes clean text: order, hyphens, headers, tables, headings; and bad files become one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pypdf
import pytest

from casebook.errors import EncryptedError, ExtractionError
from ingest import pdf, render
from ingest.extract import Extracted, extract
from ingest.workers import Limits, extract_all
from tests.pdfs import HEADER, encrypt, typeset


@pytest.fixture(scope="module", params=[1, 2], ids=["one column", "two columns"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Extracted]:
    path = typeset(tmp_path_factory.mktemp("pdf") / "report.pdf", columns=request.param)
    return path, extract(path)


def words(text: str) -> str:
    return " ".join(text.split())


def test_text_is_in_order_and_whole(report: tuple[Path, Extracted]) -> None:
    text = words(" ".join(page.text for page in report[1].pages))
    first = text.index("The turnaround office reorganized the responsibilities of full-time administrators in 2010")
    assert first < text.index("Proficiency in mathematics rose from 24 to 31 percent between 2010 and 2013.")
    assert text.index("between 2010 and 2013.") < text.index("The district concluded that leadership mattered most.")
    assert text.count("Lorem ipsum dolor sit amet") == 3


def test_running_headers_and_page_numbers_are_gone(report: tuple[Path, Extracted]) -> None:
    pages = report[1].pages
    assert len(pages) >= 2
    for page in pages:
        assert HEADER not in page.text
        assert not re.search(r"(^|\n)\d+\s*$", page.text)


def test_no_word_is_left_broken(report: tuple[Path, Extracted]) -> None:
    text = " ".join(page.text for page in report[1].pages)
    assert not re.search(r"[\x00-\x08\u00ad\ufffe]", text)
    assert not re.search(r"[a-z]- [a-z]", text)
    expected = {
        "tempor",
        "incididunt",
        "ut",
        "labore",
        "et",
        "dolore",
        "magnam",
        "aliquam",
        "quaerat",
        "voluptatem",
        "consectetur",
        "adipiscing",
    }
    assert expected <= set(re.findall(r"\w+", text))


def test_a_table_row_stays_together(report: tuple[Path, Extracted]) -> None:
    rows = [page.text[b.start : b.end] for page in report[1].pages for b in page.blocks if b.kind == "row"]
    assert [words(cell) for cell in rows[1].split("\t")] == ["Schools in the first round of the program", "12 of 135 [2]"]
    assert [words(cell) for cell in rows[2].split("\t")] == [
        "A fact with a long name that surely wraps over several lines of its narrow cell",
        "57,050 pupils, and words that wrap as well [3]",
    ]


def test_headings_are_known(report: tuple[Path, Extracted]) -> None:
    headings = [page.text[b.start : b.end] for page in report[1].pages for b in page.blocks if b.kind == "heading"]
    assert headings == ["Overview", "Quick facts", "Results", "Lessons"]


def test_every_character_knows_its_glyph(report: tuple[Path, Extracted]) -> None:
    """Reading the mapped PDFium character back gives the character itself (ligatures give their first letter's glyph)."""
    path, extracted = report
    document = pdf.open_pdfium(path)
    try:
        for page, glyphs in zip(extracted.pages, pdf.read_glyphs(document), strict=True):
            assert glyphs is not None
            for char, origin in zip(page.text, page.char_map, strict=True):
                if origin >= 0 and char != "-":
                    assert char in (glyphs.codes[origin], " ") or glyphs.codes[origin] in "ﬁﬂﬀﬃﬄ"
                else:
                    assert char.isspace() or char == "-"
    finally:
        document.close()


def test_highlight_covers_the_quotation_and_nothing_else(report: tuple[Path, Extracted]) -> None:
    path, extracted = report
    page = extracted.pages[0]
    quote = "administrators"
    start = page.text.index(quote)
    boxes = render.boxes(path, 1, page.char_map[start : start + len(quote)])
    assert 1 <= len(boxes) <= 2
    document = pdf.open_pdfium(path)
    drawn = document[0]
    width, height = drawn.get_size()
    found = ""
    for box in boxes:
        textpage = drawn.get_textpage()
        found += textpage.get_text_bounded(
            box.left * width,
            height - (box.top + box.height) * height,
            (box.left + box.width) * width,
            height - box.top * height,
        )
    document.close()
    assert re.sub(r"\W|\s", "", found) == quote


def test_a_rotated_page_is_highlighted_where_it_is_shown(tmp_path: Path) -> None:
    plain = typeset(tmp_path / "plain.pdf")
    writer = pypdf.PdfWriter(clone_from=plain)
    page = writer.pages[0]
    page.add_transformation(pypdf.Transformation().rotate(90).translate(792, 0))
    page.mediabox = page.cropbox = pypdf.generic.RectangleObject((0, 0, 792, 612))
    page.rotate(90)  # drawn upwards on a landscape sheet, shown upright: how scanners and slide printers do it
    rotated = tmp_path / "rotated.pdf"
    writer.write(str(rotated))
    upright, turned = extract(plain).pages[0], extract(rotated).pages[0]
    assert words(upright.text) == words(turned.text)
    at = upright.text.index("administrators"), turned.text.index("administrators")
    expected = render.boxes(plain, 1, upright.char_map[at[0] : at[0] + 14])
    found = render.boxes(rotated, 1, turned.char_map[at[1] : at[1] + 14])
    assert len(found) == len(expected)
    for here, there in zip(found, expected, strict=True):
        assert (here.left, here.top) == pytest.approx((there.left, there.top), abs=0.01)
        assert (here.width, here.height) == pytest.approx((there.width, there.height), abs=0.01)


def test_missing_empty_foreign_and_truncated_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    good = typeset(tmp_path / "good.pdf").read_bytes()
    bad = {"empty.pdf": b"", "letter.pdf": b"Dear Sir or Madam, this is no PDF at all.", "cut.pdf": good[: len(good) // 5]}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    for name in [*bad, "missing.pdf"]:
        with pytest.raises(ExtractionError) as caught:
            extract(tmp_path / name)
        assert name in str(caught.value)
        assert str(caught.value).endswith((".", ")."))


def test_an_encrypted_file_wants_its_password(tmp_path: Path) -> None:
    locked = encrypt(typeset(tmp_path / "a.pdf"), tmp_path / "locked.pdf", "öffne")
    with pytest.raises(EncryptedError, match="--password"):
        extract(locked)
    with pytest.raises(EncryptedError, match="does not open"):
        extract(locked, "wrong")
    assert "turnaround office" in extract(locked, "öffne").pages[0].text


def test_workers_set_aside_what_fails_and_go_on(tmp_path: Path) -> None:
    good = typeset(tmp_path / "good.pdf")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7\ngarbage")
    results = list(extract_all([tmp_path / "bad.pdf", good], None, Limits(workers=1)))
    assert isinstance(results[0], ExtractionError)
    assert isinstance(results[1], Extracted)


def test_extraction_is_the_same_every_time(report: tuple[Path, Extracted]) -> None:
    assert extract(report[0]) == report[1]


HOSTILE = Path(__file__).resolve().parents[3] / "shared" / "evaldata" / "pdf"


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the hostile PDFs lie beside the project on some machines only")
def test_malformed_looping_and_odd_files_neither_crash_nor_hang() -> None:
    files = sorted(HOSTILE.rglob("*.pdf"))
    assert len(files) > 500
    results = list(extract_all(files, None, Limits(2, 30, 2048)))
    read = [r for r in results if isinstance(r, Extracted)]
    assert len(results) == len(files)
    assert len(read) > 500
    assert all(len(page.text) == len(page.char_map) for r in read for page in r.pages)
