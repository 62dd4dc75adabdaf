"""The build: nothing of a source acts as markup, the same bytes each time, the words all there."""

import hashlib
import json
import re
from pathlib import Path

import pypdfium2
import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from collection.expected import CAUTIONS, DISCLAIMER, Bibliography, expected_text, unbroken, words_in_order
from collection.markup import _share, address_pieces, array, inline, literal, markup, words
from collection.records import Entry, Fact
from collection.sources import ROOT, parse, read_catalog, read_facts, read_source
from collection.typeset import LOCK, build, compile_pdf, differences, main

ENTRIES = read_catalog()
WRITTEN = [id for id in ENTRIES if (ROOT / "sources" / f"{id}.md").exists()]
ENTRY = Entry("a", "a.pdf", 'A "town"', "A", "district", 1, "1.0", "2026-01-02", {})
FACT = Fact("a-1", "results", "", "", "", "A report", "https://a.org/b-c", "high")
HOSTILE = r"""#panic("x") $x^2$ _under_ *star* `raw` <label> @ref [b] \ / // /* "q" ~ = + - #{1} \u{41} 'z'"""


def evaluate(expression: str, folder: Path) -> object:
    empty = folder / "empty.typ"
    empty.write_text("")
    return json.loads(typst.eval(str(empty), expression, ignore_system_fonts=True))


def text_of(pdf: bytes | Path) -> str:
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


# ---------------------------------------------------------------- escaping

CHARACTERS = st.characters(exclude_categories=("Cs",))
MARKUP = st.sampled_from([*"\\\"#$*_`<>@[]{}()~=+-/'\n\r\t:;,.u0", "\\u{41}", "//", "/*", '\\"', "#{"])
ANY_TEXT = st.lists(CHARACTERS | MARKUP, max_size=40).map("".join)


@given(texts=st.lists(ANY_TEXT, min_size=25, max_size=25))
@settings(max_examples=40, deadline=None)
def test_a_literal_evaluates_to_its_text(tmp_path_factory, texts):
    # Many texts an evaluation: starting Typst is what takes the time.
    assert evaluate(array(map(literal, texts)), tmp_path_factory.getbasetemp()) == texts


@given(ANY_TEXT)
def test_a_literal_is_one_line(text):
    assert len(literal(text).splitlines()) == 1


@given(st.text(st.sampled_from('ab-1 ’.,"\\#\n'), max_size=60))
def test_boxing_compounds_loses_nothing(text):
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', ", ".join(words(text)))
    joined = re.sub(r"\\u\{a\}", "\n", "".join(strings)).replace('\\"', '"').replace("\\\\", "\\")
    assert joined == text


def test_markup_in_a_source_is_shown_and_not_run():
    fenced = HOSTILE.replace("*", "\\*").replace("`", "\\`").replace("_", "\\_").replace("<", "\\<")
    source = parse(f"## A #h\n\nSay {fenced} now [@a-1].\n", "a", Path("a.md"))
    title = 'Report #let x = "1" \\'
    facts = {"a-1": Fact("a-1", "t", "", "", "", title, 'https://a.org/"#x', "high")}
    shown = text_of(compile_pdf(markup(source, ENTRY, facts), ENTRY.date))
    assert squeezed("#panic(“x”) $x^2$ _under_ *star* `raw` <label> @ref [b]") in squeezed(shown)
    assert squeezed("Report #let x = “1”") in squeezed(shown)


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a full-time job", ['"a "', 'b("full-time")', '" job"']),
        ("two- and three-year", ['b("two- and")', '" "', 'b("three-year")']),
        ("in 2010-11, K-12", ['"in 2010-11, K-12"']),
        ("an 8-to-6 day", ['"an "', 'b("8-to-6")', '" day"']),
        ("", ['""']),
    ],
)
def test_compounds_stay_on_one_line(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It fell in 2010 [@a-1].", '"It fell in 2010", n(1), "."'),
        ("It was full-time [@a-1].", '"It was ", b("full-time", n(1)), "."'),
        ("It (so) [@a-1].", '"It ", b("(so)", n(1)), "."'),
        ('It was "so" [@a-1].', '"It was ", b("“so”", n(1)), "."'),
        ("It *fell* [@a-1].", '"It ", e("fell"), n(1), "."'),
    ],
)
def test_no_line_breaks_before_a_note(text, expected):
    source = parse(f"## A\n\n{text}\n", "a", Path("a.md"))
    sources = Bibliography.of(source, {"a-1": FACT})
    assert inline(next(source.paragraphs()).runs, sources).replace('"", ', "") == expected


def test_address_pieces_lose_nothing_and_end_in_no_hyphen():
    long = "https://a.org/" + "x_" * 40
    made_up = ["https://a.org/b-c_d?e=f&g", "http://a.org", "https://a.org//b/--c__d/", long]
    for url in [*made_up, *(fact.source_url for fact in read_facts().values())]:
        pieces = address_pieces(url)
        assert "".join(pieces) == url
        assert not any(re.search(r"[^-]-$", piece) for piece in pieces[:-1]), url
    assert address_pieces("https://a.org/b-c?d") == ["https://a.org/", "b", "-c?", "d"]


def test_widths_share_what_there_is():
    assert _share(100, [1, 1, 2], [40, 0, 0]) == [40, 20, 40]
    assert _share(100, [1, 3], [0, 0]) == [25, 75]
    assert _share(10, [1, 1], [40, 50]) == [40, 50]


# ---------------------------------------------------------------- the documents


def test_a_document_is_the_same_bytes_each_time(tmp_path):
    source, facts = read_source("ausl"), read_facts()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    first = build(source, ENTRIES["ausl"], facts, tmp_path)
    second = build(source, ENTRIES["ausl"], facts, tmp_path / "deep" / "er")
    assert first == second
    assert (tmp_path / first.file).read_bytes() == (tmp_path / "deep" / "er" / first.file).read_bytes()
    assert list(differences({"ausl": first}, tmp_path, ROOT)) == []


def test_a_changed_source_is_noticed(tmp_path):
    changed = tmp_path / "overview.md"
    changed.write_text((ROOT / "sources" / "overview.md").read_text(encoding="utf-8") + "\nMore.\n")
    source = parse(changed.read_text(encoding="utf-8"), "overview", changed)
    built = build(source, ENTRIES["overview"], read_facts(), tmp_path)
    told = list(differences({"overview": built}, tmp_path, ROOT))
    assert told == ["overview: overview.pdf differs from a fresh build", f"overview: {LOCK} does not match"]


def test_an_unknown_document_exits_2(capsys):
    assert main(["nowhere"]) == 2
    assert "no nowhere" in capsys.readouterr().err


def test_the_lock_file_matches_the_files():
    lock = json.loads((ROOT / LOCK).read_text(encoding="utf-8"))
    assert set(lock["documents"]) == set(ENTRIES)
    for id, line in lock["documents"].items():
        pdf = (ROOT / line["file"]).read_bytes()
        source = (ROOT / "sources" / f"{id}.md").read_bytes()
        assert hashlib.sha256(pdf).hexdigest() == line["sha256"], id
        assert hashlib.sha256(source).hexdigest() == line["source"], id
        assert len(pypdfium2.PdfDocument(pdf)) == line["pages"], id


@pytest.mark.parametrize("id", WRITTEN)
def test_a_pdf_reads_as_expected(id):
    shown = text_of(ROOT / ENTRIES[id].file)
    assert words_in_order(expected_text(read_source(id), ENTRIES[id], read_facts()), shown) >= 0.995
    # A note is neither on a line of its own nor apart from its full stop: quotations stay clean.
    assert not re.search(r"\]\s+[.,;]|\s\[\d+(,\d+)*\][.,;]", shown)
    # Each hyphen PDFium marks at a line's end is the typesetter's: taken back, the words are whole.
    assert "-\r\n" not in shown and "\ufffe" not in unbroken(shown)


@pytest.mark.parametrize("id", WRITTEN)
def test_a_pdfs_outline_labels_and_metadata(id):
    document = pypdfium2.PdfDocument(ROOT / ENTRIES[id].file)
    headings = [section.heading.text for section in read_source(id).sections if section.heading]
    outline = [item.get_title() for item in document.get_toc() if item.level == 0]
    assert outline == [*headings, "Sources"]
    assert [document.get_page_label(n) for n in range(len(document))] == [str(n + 1) for n in range(len(document))]
    metadata = document.get_metadata_dict()
    assert metadata["Author"] == "Turnaround Casebook"
    assert metadata["Title"] and ENTRIES[id].system in metadata["Keywords"]
    assert metadata["CreationDate"].startswith("D:" + ENTRIES[id].date.replace("-", ""))


def test_the_first_page_says_what_the_document_is():
    page = pypdfium2.PdfDocument(ROOT / "rocketship.pdf")[0].get_textpage().get_text_range()
    shown = " ".join(page.split())
    assert DISCLAIMER in shown and CAUTIONS["rocketship"] in shown
    assert "School operator · Rocketship" in shown and "Version " in shown


def test_only_typsts_own_fonts_are_used():
    for id in WRITTEN:
        pdf = (ROOT / ENTRIES[id].file).read_bytes()
        fonts = set(re.findall(rb"/BaseFont\s*/[A-Z]{6}\+([A-Za-z]+)", pdf))
        assert all(font.startswith(b"Libertinus") for font in fonts), (id, fonts)
