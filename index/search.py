"""query + filters -> list[Hit]: words and meaning, each over the whole snapshot or the filtered part, then fused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from casebook.records import Hit
from index import fusion, lexical
from index.snapshot import Snapshot

MAX_QUERY_CHARACTERS = 4000
"""A question longer than this is cut: the encoder reads 256 tokens in any case."""

PRECISION = 6
"""Scores are rounded to this many decimals before they are ranked, so that the order does not hang on the last bit."""


class QueryEncoder(Protocol):
    def encode(self, texts: Sequence[str]) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`pool` candidates from each side; `words_weight` is the share of the word score."""

    pool: int = 300
    words_weight: float = 0.5


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
) -> list[Hit]:
    """The k best passages, best first, ties by position in the collection.

    `documents` restricts to these ids (None: all). `query_vector` ((d,) unit) saves encoding a question twice.
    """
    question = clean_question(question)
    if not any(c.isalnum() for c in question) or k < 1 or snapshot.vectors.count == 0:
        return []
    if query_vector is None:
        query_vector = encoder.encode([question])[0]
    allowed = None if documents is None else snapshot.document_rows(documents)
    dense_rows, _ = snapshot.vectors.search(query_vector, max(settings.pool, k), allowed)
    words = dict(lexical.search(snapshot.connection, question, max(settings.pool, k), documents))
    rows = np.array(sorted({*dense_rows.tolist(), *words}), np.int64)
    dense = np.round(snapshot.vectors.scores(query_vector, rows).astype(np.float64), PRECISION)
    lexical_scores = np.round(np.array([words.get(int(row), 0.0) for row in rows]), PRECISION)
    fused = np.round(fusion.convex(lexical_scores, dense, settings.words_weight), PRECISION)
    best = np.lexsort((rows, -fused))[:k]
    passages = snapshot.passages(rows[best])
    return [
        Hit(passage, float(fused[i]), float(dense[i]), float(lexical_scores[i]))
        for passage, i in zip(passages, best, strict=True)
    ]
