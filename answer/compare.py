"""Systems x themes or questions -> cells. Evidence is retrieved for each system apart, never from a global top k.

A cell is the best located quotation and how many more there are, or says why there is none:

    no_evidence        the documents were searched; the best passage was too weak, and is attached
    not_covered        the same, and the catalog says that the documents do not cover the theme
    extraction_failed  nothing was found, and some page of the documents has no text to search
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from answer.citations import PageReader, cite
from answer.evidence import Sources, called, stems
from answer.quotable import Quotable, quotables
from casebook.records import Answer, Cell, Citation, Document, Hit, Statement, Theme

VERSION = 3
"""Part of a cache's key; raise it when the same snapshot would give other cells."""

Systems = Mapping[str, Sequence[Document]]
"""The documents of each system, in the order of the columns."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a comparison asks of the collection; the library fills it in.

    `encode` gives (n, d) unit rows; `find(question, vector, documents)` hits, best first; `ask(question, system)` the
    default answer from one system's documents.
    """

    encode: Callable[[Sequence[str]], np.ndarray]
    find: Callable[[str, np.ndarray, Sequence[str]], list[Hit]]
    sources: Sources
    read_page: PageReader
    ask: Callable[[str, str], Answer]


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """Weights of a sentence's score (0 to about 1); below `threshold` a cell is not quoted.

    The bundled documents' weakest cell scores .434; five themes they do not treat (athletics, meals, cybersecurity, buses,
    energy) scored .33-.45 in fifty cells, six of them over .433. `keep` is the share of the best that a further quotation
    needs, `redundancy` the cosine from which two sentences say the same, `quotations` the most a cell holds.
    """

    meaning: float = 0.45
    heading: float = 0.3
    passage: float = 0.15
    terms: float = 0.1
    threshold: float = 0.433
    keep: float = 0.8
    redundancy: float = 0.82
    quotations: int = 10


@dataclass(frozen=True, slots=True)
class _Scored:
    quotable: Quotable
    vector: np.ndarray
    score: float


def question_cells(source: Source, systems: Systems, questions: Sequence[str]) -> Iterator[Cell]:
    """Each question asked of each system's documents, question by question: a cell says what `ask` says of that system.

    A quotation that names another system and not this one is no evidence about it, however well it answers.
    """
    names = source.sources.names
    for question in questions:
        for system, documents in systems.items():
            answer = source.ask(question, system)
            own = [s for s in answer.statements if not strays(s.text, system, names)]
            if own:
                yield Cell(system, question, "quoted", own[0], len(own) - 1, None, answer.confidence, tuple(own[1:]))
                continue
            state, note = _why_empty(documents, None)
            nearest = answer.statements[0].citations[0] if answer.statements else answer.nearest
            if state != "extraction_failed":
                note = "What was found is about another system." if answer.statements else answer.reason
            yield Cell(system, question, state, None, 0, nearest, answer.confidence, (), note)


def strays(text: str, system: str, names: Mapping[str, Sequence[str]]) -> bool:
    """Whether a sentence of one system's document names another system and not this one."""
    if any(name in text for name in names.get(system, ())):
        return False
    return any(called(name, text) for key, calls in names.items() if key != system for name in calls)


def theme_cells(
    source: Source, systems: Systems, themes: Sequence[Theme], settings: CompareSettings = CompareSettings()
) -> Iterator[Cell]:
    """Theme by theme, one cell for each system. All theme texts are encoded in one batch before the first cell."""
    matrix = _Matrix(source, settings)
    for theme, vector, label in zip(themes, *matrix.profiles(themes), strict=True):
        for system, documents in systems.items():
            yield matrix.cell(theme, vector, label, system, documents)


class _Matrix:
    """What the cells of one matrix share: theme vectors and the affinity of headings."""

    def __init__(self, source: Source, settings: CompareSettings) -> None:
        self.source, self.settings = source, settings
        self._headings: dict[str, np.ndarray] = {}

    def profiles(self, themes: Sequence[Theme]) -> tuple[np.ndarray, np.ndarray]:
        """((n, d) what each theme asks, (n, d) its label): unit rows. A profile is the mean of question, definition, terms."""
        texts = [text for theme in themes for text in _texts(theme)]
        vectors = self.source.encode(texts).reshape(len(themes), 4, -1)
        asked = vectors[:, :3].mean(axis=1)
        return asked / np.linalg.norm(asked, axis=1, keepdims=True), vectors[:, 3]

    def cell(self, theme: Theme, vector: np.ndarray, label: np.ndarray, system: str, documents: Sequence[Document]) -> Cell:
        question = theme.question.replace("{system}", system)
        hits = self.source.find(question, vector, [d.id for d in documents])
        found = self._scored(theme, vector, label, hits, system)
        best = found[0].score if found else 0.0
        if best < self.settings.threshold:
            state, note = _why_empty(documents, theme)
            rejected = self._cite(found[0])[0] if found else None
            return Cell(system, theme.id, state, None, 0, rejected, best, (), note)
        first, *others = (self._statement(scored, system) for scored in self._distinct(found))
        return Cell(system, theme.id, "quoted", first, len(others), None, best, tuple(others))

    def _scored(self, theme: Theme, vector: np.ndarray, label: np.ndarray, hits: Sequence[Hit], system: str) -> list[_Scored]:
        settings = self.settings
        affinity = self._affinity(label, [hit.passage.heading for hit in hits])
        wanted = [set(stems(term)) for term in theme.terms]
        top = max((hit.score for hit in hits), default=1.0) or 1.0
        near = {hit.passage.id: share for hit, share in zip(hits, affinity, strict=True)}
        rank = {hit.passage.id: hit.score / top for hit in hits}
        found: list[_Scored] = []
        for quotable in quotables([hit.passage for hit in hits], self.source.sources.around):
            row = self._vector(quotable)
            there = set(stems(quotable.text))
            score = (
                settings.meaning * float(row @ vector)
                + settings.heading * near[quotable.passage.id]
                + settings.passage * rank[quotable.passage.id]
                + settings.terms * min(1.0, sum(term <= there for term in wanted) / 2)
                - _loose(quotable)
                - 0.1 * strays(quotable.text, system, self.source.sources.names)
            )
            found.append(_Scored(quotable, row, round(score, 5)))
        return sorted(found, key=lambda s: (-s.score, s.quotable.key))

    def _vector(self, quotable: Quotable) -> np.ndarray:
        rows = [self.source.sources.vectors(passage)[position] for passage, position in quotable.sentences]
        total: np.ndarray = np.sum(rows, axis=0)
        return total / (float(np.linalg.norm(total)) or 1.0)

    def _affinity(self, label: np.ndarray, headings: Sequence[str]) -> list[float]:
        """Cosine of each passage's heading with the theme's label; 0 where there is no heading."""
        new = sorted({heading for heading in headings if heading and heading not in self._headings})
        if new:
            self._headings.update(zip(new, self.source.encode(new), strict=True))
        return [max(0.0, float(self._headings[h] @ label)) if h else 0.0 for h in headings]

    def _distinct(self, found: Sequence[_Scored]) -> list[_Scored]:
        chosen: list[_Scored] = []
        needed = max(self.settings.threshold, self.settings.keep * found[0].score)
        for scored in found:
            if len(chosen) == self.settings.quotations or scored.score < needed:
                break
            if all(float(scored.vector @ other.vector) < self.settings.redundancy for other in chosen):
                chosen.append(scored)
        return chosen

    def _cite(self, scored: _Scored) -> tuple[Citation, ...]:
        return tuple(cite(self.source.read_page(document, page), *span) for document, page, span in scored.quotable.places)

    def _statement(self, scored: _Scored, system: str) -> Statement:
        quotable = scored.quotable
        return Statement(quotable.text, self._cite(scored), system, scored.score, quotable.context)


def _texts(theme: Theme) -> tuple[str, str, str, str]:
    question = re.sub(r"\s+", " ", theme.question.replace("in {system}", "").replace("{system}", "the district")).strip()
    return question, f"{theme.label}: {theme.definition}", ", ".join(theme.terms) or theme.label, theme.label


def _loose(quotable: Quotable) -> float:
    """What a quotation loses for not standing by itself: one that leans on another, a row, a fragment, a monster."""
    words = len(quotable.text.split())
    return 0.05 * bool(quotable.context) + 0.06 * (quotable.form == "row") + 0.1 * (words < 7) + 0.05 * (words > 60)


def _why_empty(documents: Sequence[Document], theme: Theme | None) -> tuple[str, str]:
    """(state, one sentence) for a cell without a quotation."""
    failed = [d for d in documents if d.passage_count == 0 or any(flag.startswith("no text") for flag in d.flags)]
    if failed:
        flags = "; ".join(flag for d in failed for flag in d.flags) or "no text in it"
        return "extraction_failed", f"Not everything could be read: {failed[0].title} has {flags}."
    covered = {covered for d in documents for covered in d.themes}
    if theme and covered and theme.id not in covered:
        return "not_covered", f"The catalog says that these documents do not cover {theme.label.casefold()}."
    number = "document" if len(documents) == 1 else "documents"
    return "no_evidence", f"Nothing in {len(documents)} {number} came near enough; the nearest passage is attached."
