"""query + filters -> list[Hit].

question ─ understand (spelling, names) ─> candidates from words and from meaning, with their signals
         ─ fuse (weights chosen for the question) ─> boost what is named, demote reference lists, collapse repeats
         ─ rerank, diversify (both optional) ─> hits
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from casebook.records import Hit, Passage
from index import adaptive, expansions, fusion, lexical, ordering, query, signals
from index.query import Understood
from index.signals import PRECISION, Candidates
from index.snapshot import Snapshot

MAX_QUERY_CHARACTERS = 4000
"""A question longer than this is cut: the encoder reads 256 tokens in any case."""

NAMED = 0.25
"""What a passage gains when the question names its document's system; chosen on the collection's development questions."""


NEARLY = 0.56
"""The cosine from which a written question is told of."""
EXPANDED = 0.3
"""What a passage gains when a question written for it is the one that is asked; chosen on the same questions."""


IN_TURN = 4
"""How many of the first passages are of the systems a question names, in turn, where it names several."""


class QueryEncoder(Protocol):
    def encode(self, texts: Sequence[str]) -> np.ndarray: ...


class Reranker(Protocol):
    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`pool` candidates from each side. `words_weight` is the share of the word score; None: chosen for each question
    from all signals. `by_rank` fuses ranks instead of scores. `mend` corrects spelling, `named` adds weight to documents
    the question names, `expanded` to passages that a question like it was written for, the first `in_turn` are of the
    systems it names in turn, `collapse` drops repeated passages; `diversity` above 0 trades relevance for variety
    (maximal marginal relevance). `rerank` candidates are read again by the reranker, whose score counts `rerank_weight`
    in a question and `statement_weight` in words that ask nothing: it has learned from questions only.
    """

    pool: int = 100
    words_weight: float | None = None
    by_rank: bool = False
    mend: bool = True
    named: float = NAMED
    expanded: float = EXPANDED
    collapse: bool = True
    in_turn: int = IN_TURN
    diversity: float = 0.0
    rerank: int = 0
    rerank_weight: float = 0.5
    statement_weight: float = 0.3


def clean_question(question: str) -> str:
    """One line without control characters, cut to `MAX_QUERY_CHARACTERS`."""
    kept = "".join(c if c.isprintable() else " " for c in question[: 4 * MAX_QUERY_CHARACTERS])
    return " ".join(kept.split())[:MAX_QUERY_CHARACTERS]


def search(
    snapshot: Snapshot,
    encoder: QueryEncoder,
    question: str,
    k: int = 10,
    documents: Sequence[str] | None = None,
    settings: SearchSettings = SearchSettings(),
    query_vector: np.ndarray | None = None,
    rows: np.ndarray | None = None,
    reranker: Reranker | None = None,
) -> list[Hit]:
    """The k best passages, best first, ties by position in the collection.

    `documents` restricts to these ids and `rows` (int64, ascending) to these passages (None: all). `query_vector`
    ((d,) unit) saves encoding a question twice; it is used unless the spelling was mended.
    """
    question = clean_question(question)
    if not any(c.isalnum() for c in question) or k < 1 or snapshot.vectors.count == 0:
        return []
    asked = understand(snapshot, encoder, question) if settings.mend else Understood(question)
    if query_vector is None or asked.corrections:
        query_vector = encoder.encode([asked.text])[0]
    found = signals.gather(
        snapshot, asked.text, query_vector, max(settings.pool, k), documents, _allowed(snapshot, documents, rows)
    )
    if not len(found.rows):
        return []
    weights = _weights(asked.text, found, settings)
    passages = snapshot.passages(found.rows.tolist())
    scores = _fused(found, weights, settings)
    scores += settings.named * np.array([p.document in asked.documents for p in passages])
    scores += settings.expanded * expansions.nearness(found.expanded)
    scores *= ordering.reference_factor(question, passages)
    scores = np.round(scores, PRECISION)
    best = ordering.ranked(scores)
    if settings.collapse:
        best = ordering.collapsed(best, passages)
    if reranker is not None and settings.rerank:
        share = settings.rerank_weight if query.asks(asked.text) else settings.statement_weight
        best, scores = ordering.reranked(reranker, asked.text, best, scores, passages, settings.rerank, share)
    systems = {snapshot.documents[id].system for id in asked.documents} - {""}
    if settings.in_turn and len(systems) > 1:
        owners = [system if (system := snapshot.documents[p.document].system) in systems else "" for p in passages]
        best = ordering.in_turn(best, owners, max(1, settings.in_turn // len(systems)))
    if settings.diversity:
        best = ordering.diverse(best, scores, snapshot.vectors.vectors(found.rows.tolist()), k, settings.diversity)
    return [
        Hit(
            passages[i],
            float(scores[i]),
            float(found.dense[i]),
            float(found.bm25[i]),
            why(asked, found, passages[i], int(i), weights, settings),
        )
        for i in best[:k]
    ]


def understand(snapshot: Snapshot, encoder: QueryEncoder, question: str) -> Understood:
    """The question with its spelling mended and the documents it names."""
    knows = getattr(encoder, "knows", None)
    return query.understand(question, snapshot.vocabulary, knows or (lambda word: False))


def _allowed(snapshot: Snapshot, documents: Sequence[str] | None, rows: np.ndarray | None) -> np.ndarray | None:
    if documents is None:
        return rows
    within = snapshot.document_rows(documents)
    return within if rows is None else np.intersect1d(within, rows)


def _weights(question: str, found: Candidates, settings: SearchSettings) -> np.ndarray:
    """(5,) weight of each signal, in the order of `signals.NAMES`."""
    if settings.words_weight is None:
        return adaptive.load().weights(adaptive.features(question, found))
    return np.array([settings.words_weight, 1 - settings.words_weight, 0.0, 0.0, 0.0])


def _fused(found: Candidates, weights: np.ndarray, settings: SearchSettings) -> np.ndarray:
    if settings.by_rank:
        return fusion.reciprocal_rank(found.bm25, found.dense)
    return np.asarray(found.scaled @ weights, np.float64)


def why(
    asked: Understood, found: Candidates, passage: Passage, place: int, weights: np.ndarray, settings: SearchSettings
) -> str:
    """One line: which words of the question the passage has, how near its meaning is, what was named and mended."""
    text = f" {passage.heading} {passage.text} ".casefold()
    there = [word for word in lexical.terms(asked.text) if word[:6] in text][:6]
    parts = [f"has {', '.join(there)}" if there else "has none of the question's words", f"meaning {found.dense[place]:.2f}"]
    if passage.document in asked.documents:
        parts.append("the question names this system")
    if found.expanded[place] >= NEARLY:
        parts.append(f"an editor's question is near ({found.expanded[place]:.2f})")
    if asked.corrections:
        parts.append("read as " + ", ".join(f"{meant} for {word}" for word, meant in asked.corrections.items()))
    if settings.words_weight is None and not settings.by_rank:
        parts.append(adaptive.explain(weights))
    return "; ".join(parts)
