"""Records -> escaped HTML. Pure functions; every string that is not ours goes through `text` or `attribute`.

Gradio's HTML component runs what it shows through two template languages (``{{ }}`` and ``${ }``, and ``@children``), so
their signs leave here as character references; control and direction marks are shown by name instead of obeyed.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from casebook.records import Answer, Citation, Document, Statement

Documents = Mapping[str, Document]

_TEMPLATE_SIGNS = str.maketrans({"{": "&#123;", "}": "&#125;", "$": "&#36;", "@": "&#64;", "`": "&#96;"})
_MARKS = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def attribute(value: object) -> str:
    """Safe between double quotes of an attribute; control characters become U+FFFD."""
    return html.escape(_MARKS.sub(_kept_or_replaced, str(value)), quote=True).translate(_TEMPLATE_SIGNS)


def _kept_or_replaced(found: re.Match[str]) -> str:
    return found.group() if unicodedata.category(found.group()) == "Cf" else "\ufffd"


def text(value: object) -> str:
    """Safe as an element's content: "<b>" is shown as four signs, a right-to-left mark as its name in a small box."""
    pieces: list[str] = []
    last = 0
    value = str(value)
    for found in _MARKS.finditer(value):
        pieces += [_escape(value[last : found.start()]), f'<span class="cb-control">U+{ord(found.group()):04X}</span>']
        last = found.end()
    return "".join([*pieces, _escape(value[last:])])


def _escape(value: str) -> str:
    return html.escape(value, quote=True).translate(_TEMPLATE_SIGNS)


def page_url(document: Document, number: int, suffix: str = "jpg") -> str:
    """Address of a page's picture or boxes; it names the file's content, so that browsers may keep it."""
    return f"pages/{quote(document.id, safe='')}/{number}.{suffix}?v={document.sha256[:12]}"


def file_url(document: Document, page: int = 1) -> str:
    return f"files/{quote(document.id, safe='')}.pdf#page={page}"


def place(citation: Citation, documents: Documents) -> str:
    """ "Title, p. 3" in plain text."""
    known = documents.get(citation.document)
    return f"{known.title if known else citation.document}, p. {citation.label}"


def citation_data(citation: Citation, documents: Documents, note: str = "") -> str:
    """The data attributes by which the page's script knows a citation; see static/casebook.js."""
    known = documents.get(citation.document)
    values = {
        "cite": "",
        "doc": citation.document,
        "page": citation.page,
        "label": citation.label,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "title": known.title if known else citation.document,
        "system": known.system if known else "",
        "pages": known.page_count if known else citation.page,
        "version": known.sha256[:12] if known else "",
        "note": note,
    }
    return " ".join(f'data-{name}="{attribute(value)}"' for name, value in values.items())


def cite_button(number: int, citation: Citation, documents: Documents, note: str = "") -> str:
    """The [n] that opens the page beside the answer."""
    where = attribute(place(citation, documents))
    return (
        f'<button type="button" class="cb-cite" {citation_data(citation, documents, note)} data-tip="{where}"'
        f' aria-label="Citation {number}: {where}. Show the page">{number}</button>'
    )


def tools(citation: Citation, documents: Documents, note: str = "") -> str:
    """Copy and keep, for one quotation."""
    data = citation_data(citation, documents, note).replace("data-cite=", "data-quotation=", 1)
    known = documents.get(citation.document)
    pdf = file_url(known, citation.page) if known else ""
    return (
        f'<span class="cb-tools" {data}>'
        '<button type="button" class="cb-link" data-do="copy">Copy with citation</button>'
        '<button type="button" class="cb-link" data-do="keep" aria-pressed="false">Keep</button>'
        f'<a class="cb-link" href="{attribute(pdf)}" target="_blank" rel="noopener">Open PDF</a></span>'
    )


def keep_button(citation: Citation, documents: Documents, note: str = "") -> str:
    """Keep alone, for narrow places."""
    data = citation_data(citation, documents, note).replace("data-cite=", "data-quotation=", 1)
    return f'<span {data}><button type="button" class="cb-link" data-do="keep" aria-pressed="false">Keep</button></span>'


def statement(found: Statement, first: int, documents: Documents, note: str = "") -> str:
    """One statement as a list item; `first` is the number of its first citation."""
    numbers = "".join(cite_button(first + i, c, documents, note) for i, c in enumerate(found.citations))
    where = "; ".join(text(place(c, documents)) for c in found.citations)
    context = f'<p class="cb-context">{text(found.context)}</p>' if found.context else ""
    tool = tools(found.citations[0], documents, note) if found.citations else ""
    return (
        f'<li class="cb-statement">{context}<blockquote><bdi>{text(found.text)}</bdi> <span '
        f'class="cb-cites">{numbers}</span></blockquote>'
        f'<p class="cb-source"><span>{where}</span>{tool}</p></li>'
    )


def grouped(statements: Sequence[Statement]) -> list[tuple[str, list[Statement]]]:
    """Statements by system, systems in order of their first statement; one group when there is but one system."""
    groups: dict[str, list[Statement]] = {}
    for one in statements:
        groups.setdefault(one.system, []).append(one)
    return list(groups.items())


def answer(found: Answer, documents: Documents, prose: str = "") -> str:
    """The whole answer: quotations grouped by system, or the abstention with what comes nearest.

    `prose` is the question a language model is to answer from the quotations, "" for none; its sentences come later.
    """
    if found.abstained:
        return abstention(found, documents)
    groups = grouped(found.statements)
    parts: list[str] = []
    number = 1
    for system, statements in groups:
        items = []
        for one in statements:
            items.append(statement(one, number, documents, found.question))
            number += len(one.citations)
        heading = f'<h3 class="cb-system">{text(system or "Across the systems")}</h3>' if len(groups) > 1 else ""
        parts.append(f'{heading}<ol class="cb-statements">{"".join(items)}</ol>')
    count = len(found.statements)
    systems = [system for system, _ in groups if system]
    told = f"{count} {'quotation' if count == 1 else 'quotations'}" + (f" from {_listed(systems)}" if systems else "")
    return (
        f'<article class="cb-answer" data-citations data-announce="{attribute(f"Answer: {told}.")}">'
        f'<h2 class="cb-question"><bdi>{text(found.question)}</bdi></h2>{notes(found.notes)}{_prose(prose)}{"".join(parts)}'
        f"{confidence(found.confidence, found.asked)}</article>"
    )


def _prose(question: str) -> str:
    if not question:
        return ""
    return (
        f'<section class="cb-prose" data-prose="{attribute(question)}" aria-label="Written by a language model">'
        '<p class="cb-label">Written by a language model from the quotations below; sentences they do not '
        "support are struck out</p>"
        "<p data-sentences></p></section>"
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def notes(found: Iterable[str]) -> str:
    items = "".join(f"<li>{text(note)}</li>" for note in found)
    return f'<ul class="cb-notes">{items}</ul>' if items else ""


def confidence(value: float, asked: float) -> str:
    """How sure, in a word, a number and a bar, with a plain explanation; below `asked` there is no answer."""
    word = "low" if value < asked + 0.1 else "fair" if value < asked + 0.25 else "high"
    return (
        '<details class="cb-confidence"><summary>'
        f'<span class="cb-bar" aria-hidden="true"><i style="width:{100 * value:.0f}%"></i><b '
        f'style="left:{100 * asked:.0f}%"></b></span>'
        f"Confidence {word} ({value:.2f})</summary>"
        "<p>How near the best sentences come to your question, in meaning and in words, from 0 to 1. Below "
        f"{asked:.2f} the Casebook gives no answer rather than a weak one. Confidence is about finding the right "
        "place; the words themselves are always exactly those on the page. "
        '<button type="button" class="cb-link" data-tab="quality">How often answers at each level were right'
        "</button></p></details>"
    )


def abstention(found: Answer, documents: Documents) -> str:
    """Says that there is no answer, why, what is nearest, and how to ask otherwise."""
    nearest = ""
    if found.nearest:
        nearest = (
            '<h3 class="cb-small">The nearest passage, which is not an answer</h3><ul class="cb-statements cb-rejected">'
            f'<li class="cb-statement"><blockquote><bdi>{text(found.nearest.quote)}</bdi> '
            f'<span class="cb-cites">{cite_button(1, found.nearest, documents)}</span></blockquote>'
            f'<p class="cb-source"><span>{text(place(found.nearest, documents))}'
            f"</span>{tools(found.nearest, documents)}</p></li></ul>"
        )
    questions = "".join(
        f'<li><button type="button" class="cb-example" data-ask="{attribute(one)}">{text(one)}</button></li>'
        for one in found.nearby
    )
    nearby = (
        f'<h3 class="cb-small">Questions like it that the documents answer</h3><ul class="cb-examples">{questions}</ul>'
        if questions
        else ""
    )
    return (
        '<article class="cb-answer cb-abstained" data-citations data-announce="No answer was found in the collection.">'
        f'<h2 class="cb-question"><bdi>{text(found.question)}</bdi></h2>'
        f'<p class="cb-verdict">No answer was found.</p><p>{text(found.reason)}</p>{notes(found.notes)}{nearby}{nearest}'
        '<h3 class="cb-small">Other ways to ask</h3><ul class="cb-advice"><li>Name a district or operator, '
        "such as Denver or Mastery.</li>"
        "<li>Use the words a report would use: principals, extended day, budget, test scores.</li>"
        "<li>Ask one thing at a time.</li>"
        f'<li><button type="button" class="cb-link" data-search="{attribute(found.question)}">Search for '
        "these words instead</button>"
        ", which shows the passages without judging them.</li></ul>"
        f"{confidence(found.confidence, found.asked)}</article>"
    )


def failure(message: str) -> str:
    """One plain sentence about what went wrong, announced at once."""
    return f'<p class="cb-failure" data-announce="{attribute(message)}">{text(message)}</p>'


def empty(title: str, body: str) -> str:
    """An empty state that teaches. `body` is HTML of our own."""
    return f'<div class="cb-empty"><h2>{text(title)}</h2><p>{body}</p></div>'
