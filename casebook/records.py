"""The nouns of the Casebook, as frozen dataclasses from the standard library alone.

Read from top to bottom this file is the whole story: a PDF is a `Document` of `Page`s; a page is cut into
`Passage`s; a query finds `Hit`s; a hit is quoted in a `Citation`; citations carry `Statement`s; statements make an
`Answer`, and answers laid side by side make a `Comparison` of `Cell`s.

The invariant everywhere: ``page.text[start:end] == passage.text == what is shown``. `start` and `end` are character
offsets (Unicode code points) into the page's text; page numbers are physical and 1-based; scores are "higher is better".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Span = tuple[int, int]
"""A half-open range of characters, ``text[start:end]``."""

_NOTES = re.compile(r"\[[\d,\s–-]+\]")


@dataclass(frozen=True, slots=True)
class Document:
    """One PDF of the collection. `id` is stable across re-ingestion; `sha256` names the file's content.

    `source` is "brief" (bundled), "original" (of Education Resource Strategies) or "yours"; `corrected` names the fields
    a person set, which no later ingest changes.
    """

    id: str
    title: str
    system: str
    kind: str
    sha256: str
    page_count: int
    source: str = "yours"
    state: str = ""
    years: str = ""
    aliases: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    origin: str = ""
    flags: tuple[str, ...] = ()
    passage_count: int = 0
    added: str = ""
    original_title: str = ""
    original_url: str = ""
    author: str = ""
    date: str = ""
    corrected: tuple[str, ...] = ()


def document_record(values: Mapping[str, Any]) -> Document:
    """A `Document` from its fields as JSON has them: lists become tuples."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Document(**fields)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: `number` is physical and 1-based, `label` is what is printed on it, `text` is what offsets index."""

    document: str
    number: int
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one page, the unit of retrieval. `sentences` are spans on the page, in order, inside [start, end)."""

    id: str
    document: str
    page: int
    start: int
    end: int
    heading: str
    text: str
    sentences: tuple[Span, ...] = ()

    @property
    def plain(self) -> str:
        """Heading and text on one line, note numbers such as [3,4] left out: what a cross-encoder reads of a passage."""
        text = f"{self.heading}. {self.text}" if self.heading else self.text
        return " ".join(_NOTES.sub("", text).split())


@dataclass(frozen=True, slots=True)
class Expansion:
    """A question that editors wrote for sentence number `sentence` of passage number `passage`, both 0-based, the passage
    within its document. `WHOLE` instead of a sentence: the passage as a whole answers it.
    """

    passage: int
    sentence: int
    question: str


WHOLE = -1


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query. `score` fuses `dense_score` (cosine) and `lexical_score` (BM25) with what else is known;
    all higher-is-better. `why` says in one line what it was found by.
    """

    passage: Passage
    score: float
    dense_score: float
    lexical_score: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a quotation stands: ``page(document, page).text[start:end] == quote``."""

    document: str
    page: int
    label: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing the answer says. In the default answer `text` is the quotation itself, joined over a page break if need be."""

    text: str
    citations: tuple[Citation, ...]
    system: str = ""
    score: float = 0.0
    context: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The statements that answer a question, or an abstention with its reason, the nearest passage that was rejected, and
    `nearby`, questions like it that the documents do answer. Below a confidence of `asked` there is no answer.
    """

    question: str
    statements: tuple[Statement, ...]
    abstained: bool
    confidence: float
    reason: str = ""
    nearest: Citation | None = None
    kind: str = ""
    notes: tuple[str, ...] = ()
    nearby: tuple[str, ...] = ()
    asked: float = 0.0


@dataclass(frozen=True, slots=True)
class Written:
    """One sentence of a language model, held to the evidence it was given.

    `cites` are 1-based numbers of that evidence. `supported` is the verdict of `answer.support`; `problem` says in plain
    words what is wrong with a sentence that is not.
    """

    text: str
    cites: tuple[int, ...] = ()
    supported: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Theme:
    """One row of the matrix. `{system}` in `question` stands for a system's name; `terms` are words documents use for it."""

    id: str
    label: str
    definition: str
    question: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a comparison. `state` is "quoted", "no_evidence", "not_covered" or "extraction_failed"; never blank.

    `row` is a theme's id or a question. A quoted cell has its best quotation in `statement` and the rest in `others`
    (`more` of them). Any other state has a reason in `note` and, where there is one, the best passage that was `rejected`.
    """

    system: str
    row: str
    state: str
    statement: Statement | None = None
    more: int = 0
    rejected: Citation | None = None
    confidence: float = 0.0
    others: tuple[Statement, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Systems by rows (theme ids or questions); `cells` holds one cell for each pair, row by row; `labels` show the rows."""

    systems: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[Cell, ...] = field(default=())
    labels: tuple[str, ...] = ()
    snapshot: str = ""

    def cell(self, system: str, row: str) -> Cell:
        """Raises `KeyError` for a pair that is not in it."""
        for cell in self.cells:
            if (cell.system, cell.row) == (system, row):
                return cell
        raise KeyError((system, row))
