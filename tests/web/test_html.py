"""Text of documents is text everywhere: nothing of it becomes markup, a template or a direction."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.records import Answer, Cell, Citation, Document, Passage, Statement
from web import compare, html, library_tab
from web.hits import marked

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{value}} {{{value}}}",
    "${alert(1)}",
    "@children",
    "\u202eevil\u202c",
    "a\x00b",
    "[x](javascript:alert(1))",
]


class Reader(HTMLParser):
    """Collects tags and, apart, the text and attribute values as a browser would understand them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.values: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value or "" for _, value in attrs]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    return reader


def document(text: str) -> Document:
    return Document("d", text, text, "report", "0" * 64, 3, flags=(text,))


def pieces(text: str) -> list[str]:
    """Everything the application makes of one hostile string."""
    cited = Citation("d", 1, text, 0, 5, text)
    statement = Statement(text, (cited,), text, context=text)
    known = {"d": document(text)}
    return [
        html.answer(
            Answer(text, (statement, Statement(text, (cited,), "other")), False, 0.7, notes=(text,)), known, prose=text
        ),
        html.answer(Answer(text, (), True, 0.1, text, cited, nearby=(text,)), known),
        compare.cell_html(Cell(text, text, "quoted", statement, 1, others=(statement,)), text, known),
        compare.cell_html(Cell(text, text, "no_evidence", rejected=cited, note=text), text, known),
        library_tab.table([document(text)]),
        html.failure(text),
        marked(Passage("p", "d", 1, 0, len(text), text, text), text, None),
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_document_becomes_markup(text: str) -> None:
    harmless = [read(one).tags for one in pieces("word")]
    for one, expected in zip(pieces(text), harmless, strict=True):
        found = read(one)
        assert [t for t in found.tags if t not in ("span", "mark", "strong")] == [
            t for t in expected if t not in ("span", "mark", "strong")
        ]
        assert found.handlers == []
        assert "{{" not in one
        assert "${" not in one
        assert "@children" not in one


@given(st.text())
def test_text_reads_back_as_it_was(value: str) -> None:
    shown = read(html.text(value)).text
    plain = "".join(c for c in value if not html._MARKS.match(c))
    expected = plain.replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(c for c in shown.replace("\r\n", "\n").replace("\r", "\n")).count("<") == expected.count("<")
    if plain == value:
        assert shown == value


def test_direction_marks_are_named_not_obeyed() -> None:
    assert "\u202e" not in html.text("a\u202eb")
    assert "U+202E" in html.text("a\u202eb")


def test_quotation_attribute_is_the_quotation() -> None:
    quote = 'He said "5 < 6 & {{x}}"'
    found = read(html.cite_button(1, Citation("d", 1, "1", 0, 5, quote), {"d": document("T")}))
    assert quote in found.values


def test_every_state_of_a_cell_says_something() -> None:
    for state in ("no_evidence", "not_covered", "extraction_failed"):
        assert read(compare.cell_html(Cell("s", "r", state), "r", {})).text.strip()


def test_answers_are_grouped_by_system_and_numbered_through() -> None:
    cited = Citation("d", 1, "1", 0, 5, "quote")
    statements = (Statement("a", (cited, cited), "A"), Statement("b", (cited,), "B"), Statement("c", (cited,), "A"))
    shown = html.answer(Answer("q", statements, False, 0.7), {"d": document("T")})
    assert shown.index(">A<") < shown.index(">B<")
    numbers = [int(part.split(":")[0]) for part in shown.split('aria-label="Citation ')[1:]]
    assert numbers == [1, 2, 3, 4]
