"""What an answer is compared with: one sentence, chosen in the simplest ways."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from answer.quotable import form_of, sentence_text
from index import lexical
from index.search import QueryEncoder, SearchSettings, search
from index.snapshot import Snapshot

NAMES = ("first sentence of the top passage", "best cosine sentence", "BM25 sentence")


class Baselines:
    """Every sentence of a snapshot, by meaning and by words. Built once a snapshot."""

    def __init__(self, snapshot: Snapshot, encoder: QueryEncoder) -> None:
        self._snapshot, self._encoder = snapshot, encoder
        sentences = [(p, i) for p in snapshot.all_passages() for i in range(len(p.sentences))]
        self._texts = [sentence_text(p, i) for p, i in sentences]
        self._vectors = np.asarray(snapshot.sentences, np.float32)
        self._usable = np.array([bool(text.strip()) and bool(form_of(text)) for text in self._texts])
        self._words = sqlite3.connect(":memory:")
        self._words.execute(
            "CREATE VIRTUAL TABLE passages_fts USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')"
        )
        rows = [(i + 1, t) for i, (t, ok) in enumerate(zip(self._texts, self._usable, strict=True)) if ok]
        self._words.executemany("INSERT INTO passages_fts (rowid, text) VALUES (?, ?)", rows)

    def answers(self, question: str, settings: SearchSettings) -> dict[str, str]:
        """Name of the baseline -> its sentence ("" where it has none)."""
        query = self._encoder.encode([question])[0]
        top = search(self._snapshot, self._encoder, question, 1, None, settings, query)
        cosine = np.where(self._usable, self._vectors @ query, -1.0)
        return dict(zip(NAMES, (_first(top), self._texts[int(cosine.argmax())], self._bm25(question)), strict=True))

    def _bm25(self, question: str) -> str:
        row = self._words.execute(
            "SELECT rowid FROM passages_fts WHERE passages_fts MATCH ? ORDER BY bm25(passages_fts), rowid LIMIT 1",
            (lexical.match_expression(lexical.terms(question)),),
        ).fetchone()
        return self._texts[row[0] - 1] if row else ""


def _first(hits: Sequence) -> str:  # type: ignore[type-arg]
    if not hits:
        return ""
    passage = hits[0].passage
    texts = [sentence_text(passage, i) for i in range(len(passage.sentences))]
    return next((text for text in texts if form_of(text)), texts[0] if texts else "")
