"""Statements, answers and comparisons as files: Markdown, CSV, DOCX, BibTeX, RIS, CSL-JSON; each quotation with its page.

Every quotation is compared with its page once more at the moment of export: one that no longer stands there stops the
export, and is named. Text of documents is data in every format: Markdown's marks are escaped, and a CSV cell that a
spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from answer import formats
from answer.citations import PageReader, verify, verify_statement
from casebook.errors import NotFoundError, QuotationError, UsageError
from casebook.records import Answer, Cell, Citation, Comparison, Document, Statement

Exportable = Answer | Comparison | Cell | Statement | Citation
Documents = Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an export: a quotation under its question or theme, or a cell that says why it has none."""

    row: str
    system: str
    state: str
    statement: Statement | None
    more: int = 0
    note: str = ""
    nearest: Citation | None = None

    @property
    def citations(self) -> tuple[Citation, ...]:
        return self.statement.citations if self.statement else (self.nearest,) if self.nearest else ()


def items(things: Iterable[Exportable]) -> list[Item]:
    """What is to be exported, flat and in order."""
    return [item for thing in things for item in _items(thing)]


def _items(thing: Exportable) -> list[Item]:
    match thing:
        case Answer():
            if thing.abstained:
                return [Item(thing.question, "", "no_evidence", None, 0, thing.reason, thing.nearest)]
            return [Item(thing.question, s.system, "quoted", s) for s in thing.statements]
        case Comparison():
            labels = dict(zip(thing.rows, thing.labels or thing.rows, strict=True))
            return [_cell(cell, labels[cell.row]) for cell in thing.cells]
        case Cell():
            return [_cell(thing, thing.row)]
        case Statement():
            return [Item("", thing.system, "quoted", thing)]
        case Citation():
            return [Item("", "", "quoted", Statement(thing.quote, (thing,)))]


def _cell(cell: Cell, label: str) -> Item:
    return Item(label, cell.system, cell.state, cell.statement, cell.more, cell.note, cell.rejected)


def check(found: Sequence[Item], documents: Documents, read_page: PageReader) -> None:
    """Raises `QuotationError` naming the quotations that do not stand on their page, to the letter."""
    wrong: list[str] = []
    for item in found:
        for citation in item.citations:
            title = documents[citation.document].title if citation.document in documents else citation.document
            if not _stands(citation, read_page):
                wrong.append(f"{title}, {formats.page(citation)}")
        if item.statement and not wrong and not verify_statement(item.statement, read_page):
            wrong.append(f"“{formats.plain(item.statement.text)[:60]}…”, which is not its quotations' text")
    if wrong:
        shown = "; ".join(dict.fromkeys(wrong))
        raise QuotationError(
            f"Nothing was exported: {len(wrong)} quotation{'s do' if len(wrong) > 1 else ' does'} not stand on the page "
            f"named ({shown}). Remove it, or ask again to have it located in the documents as they are now."
        )


def _stands(citation: Citation, read_page: PageReader) -> bool:
    try:
        return verify(citation, read_page)
    except NotFoundError:
        return False


# --- formats ---------------------------------------------------------------------------------------------------------

STATES = {
    "no_evidence": "No evidence found",
    "not_covered": "Not covered by the documents",
    "extraction_failed": "Could not be read",
}
NAME = "Quotations from the Turnaround Casebook"
PROMISE = "Every quotation was compared with its page, character for character, when this file was made."


def markdown(found: Sequence[Item], documents: Documents, title: str = NAME) -> str:
    """A heading a row, each quotation as a block quotation with its citation below."""
    lines = [f"# {escape(title)}", "", PROMISE, ""]
    for row, group in _grouped(found):
        lines += [f"## {escape(row)}", ""] if row else []
        for item in group:
            lines += [f"**{escape(item.system)}**", ""] if item.system else []
            if item.statement:
                lines += [f"> {escape(item.statement.text)}", ""]
                lines += [f"— {escape(formats.apa(c, documents[c.document]))}" for c in item.statement.citations]
                lines += [f"({item.more} more)"] if item.more else []
            else:
                lines += [f"*{STATES[item.state]}.* {escape(item.note)}"]
                lines += (
                    [f"Nearest: {escape(formats.quotation(item.nearest, documents[item.nearest.document]))}"]
                    if item.nearest
                    else []
                )
            lines.append("")
    return "\n".join(lines)


COLUMNS = (
    "row", "system", "state", "quotation", "more", "document", "title", "page", "label", "start", "end", "citation", "note",
)  # fmt: skip


def csv_text(found: Sequence[Item], documents: Documents) -> str:
    """One line a citation, with a byte order mark so that spreadsheets read it as UTF-8. Columns: `COLUMNS`."""
    out = io.StringIO()
    out.write("\ufeff")
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for item in found:
        for citation in item.citations or (None,):
            table.writerow([cell(value) for value in _line(item, citation, documents)])
    return out.getvalue()


def _line(item: Item, citation: Citation | None, documents: Documents) -> list[str]:
    quote = citation.quote if citation and item.statement else ""
    note = item.note
    if citation and not item.statement:
        note = f"{note} Nearest: {citation.quote}".strip()
    if citation is None:
        return [item.row, item.system, item.state, "", "0", *[""] * 7, note]
    document = documents[citation.document]
    return [
        item.row, item.system, item.state, quote, str(item.more), document.id, document.title, str(citation.page),
        citation.label, str(citation.start), str(citation.end), formats.apa(citation, document), note,
    ]  # fmt: skip


def cell(text: str) -> str:
    """A CSV cell no spreadsheet runs: one that starts with = + - @ (also full-width), a tab or a line break gets an
    apostrophe before it, white space before the sign or not.

    "=1+1" -> "'=1+1"
    """
    text = text.replace("\0", "")
    return "'" + text if re.match(r"[\t\r\n]|\s*[=+\-@＝＋－＠]", text) else text


def docx(found: Sequence[Item], documents: Documents, title: str = NAME) -> bytes:
    """A Word document: a heading a row, a table with a line a system, the quotation above its citation."""
    from docx import Document as Word  # slow to import, and only this needs it
    from docx.shared import Pt

    word = Word()
    word.core_properties.title = formats.plain(title)[:255]
    word.core_properties.author = formats.OUR_NAME
    word.add_heading(formats.plain(title), 0)
    word.add_paragraph(PROMISE)
    for row, group in _grouped(found):
        if row:
            word.add_heading(formats.plain(row), 1)
        table = word.add_table(rows=0, cols=2, style="Table Grid")
        for item in group:
            left, right = table.add_row().cells
            left.text = formats.plain(item.system)
            if item.statement:
                right.text = f"“{formats.plain(item.statement.text)}”"
                below = [formats.apa(c, documents[c.document]) for c in item.statement.citations]
            else:
                right.text = f"{STATES[item.state]}. {formats.plain(item.note)}"
                below = (
                    ["Nearest: " + formats.quotation(item.nearest, documents[item.nearest.document])] if item.nearest else []
                )
            for line in below + ([f"{item.more} more"] if item.more else []):
                right.add_paragraph().add_run(line).font.size = Pt(9)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def _grouped(found: Sequence[Item]) -> list[tuple[str, list[Item]]]:
    rows: dict[str, list[Item]] = {}
    for item in found:
        rows.setdefault(item.row, []).append(item)
    return list(rows.items())


def escape(text: str) -> str:
    """Text as Markdown that shows it and nothing else: no markup, link, tag, entity, table or formula.

    "<b>*a*" -> "\\<b\\>\\*a\\*"
    """
    escaped = re.sub(r"([\\`*_\[\]<>&|~$#])", r"\\\1", formats.plain(text))
    return re.sub(
        r"^(\s*)([+-]|\d+(?=[.)])|=+|-+)", lambda m: m[1] + ("\\" + m[2] if not m[2].isdigit() else m[2] + "\\"), escaped
    )


FORMATS: dict[str, tuple[str, Callable[[Sequence[Item], Documents, str], bytes]]] = {
    "markdown": ("md", lambda found, documents, title: markdown(found, documents, title).encode()),
    "csv": ("csv", lambda found, documents, title: csv_text(found, documents).encode("utf-8", "replace")),
    "docx": ("docx", docx),
    "bibtex": ("bib", lambda found, documents, title: formats.bibtex(_quoted(found), documents).encode()),
    "ris": ("ris", lambda found, documents, title: formats.ris(_quoted(found), documents).encode()),
    "csl-json": ("json", lambda found, documents, title: formats.csl_json(_quoted(found), documents).encode()),
}
"""Format name -> (file ending, writer)."""


def write(things: Iterable[Exportable], format: str, documents: Documents, read_page: PageReader, title: str = NAME) -> bytes:
    """The file's bytes. Raises `UsageError` for an unknown format, `QuotationError` when a quotation does not stand."""
    if format not in FORMATS:
        raise UsageError(f"There is no format {format!r}. Formats are: {', '.join(FORMATS)}.")
    found = items(things)
    check(found, documents, read_page)
    return FORMATS[format][1](found, documents, title or NAME)


def _quoted(found: Sequence[Item]) -> list[Citation]:
    return [citation for item in found if item.statement for citation in item.statement.citations]
