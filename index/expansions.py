"""Questions that were written for the passages of a document, as a further way to find them: "document expansion by query
prediction" (Nogueira et al. 2019), with editors in the model's place.

A question asked in other words than the page's is often near one that an editor wrote in other words too. A document without
such questions is searched as if there were no such thing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FLOOR, CEILING = 0.27, 0.85
"""Cosines of questions that have nothing in common, and of the same question in other words."""


@dataclass(frozen=True, slots=True)
class Expansions:
    """All questions of a snapshot: `vectors` (n, d) float32 unit rows, `rows` (n,) the passage of each, ascending, and
    `sentences` (n,), both int64 (see `Expansion`); `first` (passages + 1,) tells where each passage's questions begin."""

    vectors: np.ndarray
    rows: np.ndarray
    sentences: np.ndarray
    first: np.ndarray

    def nearest(self, vector: np.ndarray, count: int, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The `count` questions nearest to a query, of the passages allowed (rows; None: all), best first: their numbers (m,)
        int64 and cosines (m,)."""
        cosines = np.round(self.vectors @ vector.astype(np.float32), 6)
        order = np.lexsort((np.arange(len(cosines)), -cosines))
        best = (order if allowed is None else order[np.isin(self.rows[order], allowed)])[:count]
        return best, cosines[best]

    def near(self, row: int, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(sentences (m,), how near (m,)) of the questions written for a passage row."""
        here = slice(int(self.first[row]), int(self.first[row + 1]))
        return self.sentences[here], nearness(np.round(self.vectors[here] @ vector.astype(np.float32), 6))


def nearness(cosines: np.ndarray) -> np.ndarray:
    """Cosine -> 0 to 1; squared, so that only a question that is nearly the same counts for much."""
    return np.asarray(np.clip((cosines - FLOOR) / (CEILING - FLOOR), 0.0, 1.0) ** 2)
