"""Pure functions that combine the two sides of search. All scores in and out are "higher is better"."""

from __future__ import annotations

import numpy as np


def scale_words(scores: np.ndarray) -> np.ndarray:
    """BM25 divided by its maximum, so that 0 keeps meaning "no word in common". (n,) -> (n,) in [0, 1]."""
    top = float(scores.max(initial=0.0))
    return scores / top if top > 0 else np.zeros_like(scores)


def scale_meaning(scores: np.ndarray) -> np.ndarray:
    """Cosines stretched from their minimum to their maximum. (n,) -> (n,) in [0, 1]."""
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.ones_like(scores)


def convex(words: np.ndarray, meaning: np.ndarray, words_weight: float) -> np.ndarray:
    """Convex combination of scaled scores (Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions"). (n,) float64."""
    return words_weight * scale_words(words) + (1 - words_weight) * scale_meaning(meaning)


def reciprocal_rank(words: np.ndarray, meaning: np.ndarray, constant: int = 60) -> np.ndarray:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009), kept for comparison. (n,) float64."""
    return 1 / (constant + ranks(words)) + 1 / (constant + ranks(meaning))


def ranks(scores: np.ndarray) -> np.ndarray:
    """1-based rank of each score, best first, ties by position. (n,) int64."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    found = np.empty(len(scores), np.int64)
    found[order] = np.arange(1, len(scores) + 1)
    return found
