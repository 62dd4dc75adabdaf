"""Citations in a form people paste: an APA-like line with its page, BibTeX, RIS and CSL-JSON. Standard library alone.

BibTeX, RIS and CSL-JSON hold one entry a document, with each of its quotations as a note that names the page: that is how
reference managers keep them. APA after the 7th edition of its manual (section 10.4, reports). What is not handled:
several authors' given and family names (an author is set as the document's metadata spell it).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from casebook.records import Citation, Document

OUR_NAME = "Turnaround Casebook"
ORIGINAL_AUTHOR = "Education Resource Strategies"

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference list says of a document; `year` is "n.d." where nobody knows it."""

    key: str
    author: str
    year: str
    title: str
    url: str = ""


def reference(document: Document) -> Reference:
    """Who wrote it, when, its title. The collection's briefs are ours, an original its publisher's, the rest say themselves."""
    author = {"brief": OUR_NAME, "original": document.author or ORIGINAL_AUTHOR}.get(document.source, document.author)
    dated = document.date or (document.years if document.source == "yours" else "")
    year = re.search(r"\b(?:1[89]|20)\d\d\b", dated)
    url = document.original_url if document.source == "original" else ""
    return Reference(document.id, plain(author), year.group() if year else "n.d.", plain(document.title), url)


def plain(text: str) -> str:
    """One line, without control characters; marks that turn the direction of text are shown instead of obeyed."""
    shown = _BIDI.sub(lambda match: f"⟨U+{ord(match.group()):04X}⟩", _UNPRINTABLE.sub(" ", text))
    return " ".join(shown.split())


def page(citation: Citation) -> str:
    """The page as printed, and its place in the file where that differs: "p. 4", "p. iv (page 6 of the file)"."""
    printed = plain(citation.label) or str(citation.page)
    return f"p. {printed}" + ("" if printed == str(citation.page) else f" (page {citation.page} of the file)")


def apa(citation: Citation, document: Document) -> str:
    """ "Turnaround Casebook. (2026). Denver Public Schools: the Far Northeast (p. 4)." Title first where no author is known."""
    found = reference(document)
    place = page(citation)
    if not found.author:
        return f"{found.title} ({found.year}), {place}."
    return f"{found.author.rstrip('.')}. ({found.year}). {found.title.rstrip('.')}, {place}."


def quotation(citation: Citation, document: Document) -> str:
    """The quotation in quotation marks with its APA-like line, to be pasted."""
    return f"“{plain(citation.quote)}” — {apa(citation, document)}"


def bibtex(citations: Sequence[Citation], documents: Mapping[str, Document]) -> str:
    """@techreport entries in ASCII-safe BibTeX: braces, backslashes and the like are escaped."""
    entries = []
    for found, cited in _by_document(citations, documents):
        fields = [
            ("author", f"{{{_tex(found.author)}}}" if found.author else ""),
            ("title", f"{{{_tex(found.title)}}}"),
            ("year", found.year if found.year.isdigit() else ""),
            ("institution", _tex(found.author or "Unknown")),
            ("url", found.url),
            ("pages", ", ".join(dict.fromkeys(_tex(plain(c.label) or str(c.page)) for c in cited))),
            ("annote", " ".join(_tex(_note(c)) for c in cited)),
        ]
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields if value)
        entries.append(f"@techreport{{{re.sub(r'[^A-Za-z0-9:-]', '-', found.key)},\n{body}\n}}\n")
    return "\n".join(entries)


def ris(citations: Sequence[Citation], documents: Mapping[str, Document]) -> str:
    """RIS records of type RPRT, one N1 a quotation; lines end in CR LF as the format asks."""
    lines: list[str] = []
    for found, cited in _by_document(citations, documents):
        pages = ", ".join(dict.fromkeys(plain(c.label) or str(c.page) for c in cited))
        tags = [("TY", "RPRT"), ("ID", found.key), ("AU", found.author), ("TI", found.title)]
        tags += [("PY", found.year if found.year.isdigit() else ""), ("PB", found.author), ("UR", found.url), ("SP", pages)]
        tags += [("N1", _note(c)) for c in cited]
        lines += [f"{tag}  - {value}" for tag, value in tags if value] + ["ER  - ", ""]
    return "\r\n".join(lines)


def csl_json(citations: Sequence[Citation], documents: Mapping[str, Document]) -> str:
    """CSL-JSON items of type report, quotations in `note`."""
    items = []
    for found, cited in _by_document(citations, documents):
        item: dict[str, object] = {"id": found.key, "type": "report", "title": found.title}
        if found.author:
            item |= {"author": [{"literal": found.author}], "publisher": found.author}
        if found.year.isdigit():
            item["issued"] = {"date-parts": [[int(found.year)]]}
        if found.url:
            item["URL"] = found.url
        item["page"] = ", ".join(dict.fromkeys(plain(c.label) or str(c.page) for c in cited))
        item["note"] = "\n".join(_note(c) for c in cited)
        items.append(item)
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def _note(citation: Citation) -> str:
    return f"{page(citation)}: “{plain(citation.quote)}”"


def _by_document(citations: Iterable[Citation], documents: Mapping[str, Document]) -> list[tuple[Reference, list[Citation]]]:
    """Documents in the order first cited; a quotation cited twice is kept once."""
    grouped: dict[str, list[Citation]] = {}
    for citation in dict.fromkeys(citations):
        grouped.setdefault(citation.document, []).append(citation)
    return [(reference(documents[id]), cited) for id, cited in grouped.items()]


_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "“": "``", "”": "''", "‘": "`", "’": "'", "–": "--", "—": "---",
}  # fmt: skip


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in text)
