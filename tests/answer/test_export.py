"""Exports: every format read back by somebody else's reader, documents' text shown as text, quotations held to their page."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import bibtexparser
import pytest
import rispy
from docx import Document as Word
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from answer import export, formats
from answer.citations import cite
from casebook.errors import NotFoundError, QuotationError, UsageError
from casebook.library import Library
from casebook.records import Answer, Cell, Citation, Comparison, Document, Page, Statement

NASTY = (
    '=HYPERLINK("http://x") paid <script>alert(1)</script> & {{7*7}} ${x} *bold* [a](http://b) `c` $4.2 million to $16 million '
    "#1 50% off_by ~~x~~ \\textbf{y} “quoted” Ünïcode \u202emirrored\u202c end"
)
DOCUMENTS = {
    "denver": Document(
        "denver", "Denver: the Far Northeast & more", "Denver", "district", "0", 2, source="brief", years="2009-2018",
        date="2026-11-23", author="ignored",
    ),
    "mine": Document("mine", "A study_of {braces} & 100% #1", "Denver", "document", "0", 1, author="Ana Núñez", date="2019"),
    "bare": Document("bare", "Untitled notes", "", "document", "0", 1),
    "denver-original": Document(
        "denver-original", "Denver Case Study", "Denver", "district", "0", 1, source="original", years="2009-2018",
        original_url="https://example.org/x",
    ),
}  # fmt: skip
PAGES = {
    ("denver", 1): Page("denver", 1, "1", "The vote was 4 to 3. Then the work began."),
    ("denver", 2): Page("denver", 2, "ii", NASTY),
    ("mine", 1): Page("mine", 1, "1", "+1 for tutors."),
    ("bare", 1): Page("bare", 1, "1", "@home nothing is dated."),
    ("denver-original", 1): Page("denver-original", 1, "1", "It says so."),
}


def read_page(document: str, number: int) -> Page:
    if (document, number) not in PAGES:
        raise NotFoundError("no such page")
    return PAGES[document, number]


def whole(document: str, number: int = 1) -> Citation:
    page = PAGES[document, number]
    return cite(page, 0, len(page.text))


def said(document: str, number: int = 1) -> Statement:
    citation = whole(document, number)
    return Statement(citation.quote, (citation,), DOCUMENTS[document].system)


VOTE = cite(PAGES["denver", 1], 0, 20)
ALL = [said("denver"), said("denver", 2), said("mine"), said("bare"), said("denver-original")]
MATRIX = Comparison(
    ("Denver", "Boston"),
    ("time",),
    (
        Cell("Denver", "time", "quoted", Statement(VOTE.quote, (VOTE,), "Denver"), 2),
        Cell("Boston", "time", "no_evidence", None, 0, whole("denver"), 0.2, (), "Nothing came near enough."),
    ),
    ("Time",),
)


def write(things: list[export.Exportable], format: str) -> bytes:
    return export.write(things, format, DOCUMENTS, read_page, "Notes <b>")


def test_apa_lines() -> None:
    assert formats.apa(VOTE, DOCUMENTS["denver"]) == "Turnaround Casebook. (2026). Denver: the Far Northeast & more, p. 1."
    assert formats.apa(whole("denver", 2), DOCUMENTS["denver"]).endswith(", p. ii (page 2 of the file).")
    assert formats.apa(whole("mine"), DOCUMENTS["mine"]).startswith("Ana Núñez. (2019). A study_of")
    assert formats.apa(whole("bare"), DOCUMENTS["bare"]) == "Untitled notes (n.d.), p. 1."
    assert formats.apa(whole("denver-original"), DOCUMENTS["denver-original"]).startswith(
        "Education Resource Strategies. (n.d.)."
    )
    assert formats.quotation(VOTE, DOCUMENTS["denver"]).startswith("“The vote was 4 to 3.” — Turnaround Casebook")


def test_bibtex_is_read_by_bibtexparser() -> None:
    library = bibtexparser.parse_string(write(ALL, "bibtex").decode()) if hasattr(bibtexparser, "parse_string") else None
    entries = library.entries if library else bibtexparser.loads(write(ALL, "bibtex").decode()).entries
    assert not library or not library.failed_blocks
    fields = {entry.key: {f.key: str(f.value) for f in entry.fields} for entry in entries}
    assert list(fields) == ["denver", "mine", "bare", "denver-original"]
    assert fields["denver"]["year"] == "2026"
    assert fields["denver"]["pages"] == "1, ii"
    assert "The vote was 4 to 3." in fields["denver"]["annote"]
    assert "p. ii" in fields["denver"]["annote"]
    assert r"\$4.2 million to \$16 million" in fields["denver"]["annote"]
    assert r"\textbackslash{}textbf" in fields["denver"]["annote"]
    assert "year" not in fields["bare"]
    assert "author" not in fields["bare"]


def test_ris_is_read_by_rispy() -> None:
    entries = rispy.loads(write(ALL, "ris").decode())
    assert [e["type_of_reference"] for e in entries] == ["RPRT"] * 4
    assert entries[0]["authors"] == ["Turnaround Casebook"]
    assert entries[0]["year"] == "2026"
    assert entries[0]["notes"][0] == "p. 1: “The vote was 4 to 3. Then the work began.”"
    assert len(entries[0]["notes"]) == 2
    assert entries[1]["authors"] == ["Ana Núñez"]
    assert "authors" not in entries[2]


def test_csl_json() -> None:
    first, mine, bare, original = json.loads(write(ALL, "csl-json"))
    assert first["type"] == "report"
    assert first["issued"] == {"date-parts": [[2026]]}
    assert first["page"] == "1, ii"
    assert mine["author"] == [{"literal": "Ana Núñez"}]
    assert "issued" not in bare
    assert original["URL"] == "https://example.org/x"
    assert "Then the work began." in first["note"]


def test_csv_cells_run_nowhere_and_lose_nothing() -> None:
    rows = list(csv.DictReader(io.StringIO(write([*ALL, MATRIX], "csv").decode("utf-8-sig"))))
    assert [row["quotation"][:2] for row in rows[:4]] == ["Th", "'=", "'+", "'@"]
    assert rows[1]["quotation"][1:] == NASTY
    for row in rows:
        for value in row.values():
            assert not value.lstrip().startswith(("=", "+", "-", "@", "\t"))
    assert (rows[-1]["state"], rows[-1]["quotation"]) == ("no_evidence", "")
    assert "Nearest: The vote" in rows[-1]["note"]
    assert rows[-2]["row"] == "Time"
    assert rows[-2]["more"] == "2"
    assert rows[-2]["page"] == "1"


@given(st.text(max_size=40))
def test_no_text_starts_a_formula(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([export.cell(text)])
    (value,) = next(csv.reader(io.StringIO(out.getvalue(), newline="")), [""]) or [""]
    assert not value.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not value.startswith(("\t", "\r", "\n"))
    assert value in (text.replace("\0", ""), "'" + text.replace("\0", ""))


@given(st.text(alphabet=st.sampled_from("ab <>*_`[]()!#+-=.123|\\&;~$\n\"'{}:/@^"), max_size=40))
def test_markdown_shows_text_and_nothing_else(text: str) -> None:
    shown = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(f"> {export.escape('x' + text)}\n")
    kinds = {token.type for token in shown} | {child.type for token in shown for child in token.children or []}
    assert kinds <= {
        "blockquote_open",
        "blockquote_close",
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "text_special",
    }
    content = "".join(child.content for token in shown for child in token.children or [])
    assert content == formats.plain("x" + text)


@pytest.mark.parametrize(
    "text", ["# x", "- x", "+ x", "1. x", "2) x", "--- ", "=== ", "> x", "    x", "| a |", "~~~ x", "![x](y)"]
)
def test_markdown_blocks_are_text_too(text: str) -> None:
    shown = MarkdownIt("commonmark").enable("table").parse(export.escape(text))
    assert [token.type for token in shown] == ["paragraph_open", "inline", "paragraph_close"]
    assert "".join(child.content for child in shown[1].children or []) == formats.plain(text)


def test_markdown_has_headings_quotations_and_states() -> None:
    text = write([MATRIX], "markdown").decode()
    assert "# Notes \\<b\\>" in text
    assert "## Time" in text
    assert "> The vote was 4 to 3." in text
    assert "— Turnaround Casebook. (2026)." in text
    assert "(2 more)" in text
    assert "*No evidence found.* Nothing came near enough." in text


def test_docx_is_read_back() -> None:
    word = Word(io.BytesIO(write([MATRIX, said("denver", 2)], "docx")))
    assert [p.text for p in word.paragraphs if p.style.name == "Heading 1"] == ["Time"]
    cells = [[cell.text for cell in row.cells] for table in word.tables for row in table.rows]
    assert cells[0][0] == "Denver"
    assert "“The vote was 4 to 3.”" in cells[0][1]
    assert "p. 1." in cells[0][1]
    assert "No evidence found" in cells[1][1]
    assert "<script>alert(1)</script>" in cells[2][1]
    assert "⟨U+202E⟩mirrored" in cells[2][1]


def test_control_characters_break_no_format() -> None:
    page = Page("mine", 1, "1", "Bell \x07 and \x0b and \ufffe and \ud800 here.")
    citation = cite(page, 0, len(page.text))
    item = Statement(citation.quote, (citation,))
    for name in export.FORMATS:
        assert export.write([item], name, DOCUMENTS, lambda document, number: page)


@pytest.mark.parametrize("name", list(export.FORMATS))
@pytest.mark.parametrize(
    "changed",
    [
        {"quote": "The vote was 5 to 3."},
        {"start": 1},
        {"page": 9},
        {"label": "7"},
        {"document": "gone"},
    ],
)
def test_a_quotation_that_does_not_stand_stops_every_export(name: str, changed: dict[str, object]) -> None:
    wrong = replace(VOTE, **changed)  # type: ignore[arg-type]
    for thing in (Statement(VOTE.quote, (wrong,)), Answer("q", (), True, 0.1, "", wrong)):
        with pytest.raises(QuotationError, match="Nothing was exported: 1 quotation does not stand"):
            write([said("mine"), thing], name)


def test_a_statement_that_says_more_than_its_quotation_is_refused() -> None:
    with pytest.raises(QuotationError, match="not its quotations"):
        write([Statement(VOTE.quote + " And won.", (VOTE,))], "markdown")


def test_an_unknown_format_is_told_which_there_are() -> None:
    with pytest.raises(UsageError, match="markdown, csv, docx, bibtex, ris, csl-json"):
        write([], "pdf")


def test_the_library_exports_what_it_found(pair: Library) -> None:
    answer = pair.ask("How much was each principal paid in Harbor City?")
    found = pair.compare(themes=["time"])
    for name in export.FORMATS:
        data = pair.export([answer, found, *answer.statements, answer.statements[0].citations[0]], name)
        assert data
    assert pair.cite(answer.statements[0].citations[0]).startswith("“")
    with pytest.raises(QuotationError):
        pair.cite(replace(answer.statements[0].citations[0], start=0))
