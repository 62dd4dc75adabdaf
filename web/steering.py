"""Marks of a person steer a ranking: what is like the good passages rises, what is like the bad ones sinks.

Rocchio's relevance feedback (Rocchio 1971, "Relevance feedback in information retrieval") on scores instead of on the
query: the mean cosine to the marked passages is added and taken away. Marked passages themselves are not moved specially.
"""

from __future__ import annotations

import numpy as np

PULL, PUSH = 0.6, 0.6
"""How much a cosine of 1 to the marked passages is worth, where fused scores lie between 0 and about 1."""


def steered(scores: np.ndarray, vectors: np.ndarray, good: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """New scores, (n,). `scores` is (n,), `vectors` (n, d), `good` and `bad` (m, d), all unit rows; m may be 0."""
    moved = scores.astype(np.float64)
    if len(good):
        moved = moved + PULL * (vectors @ good.T).mean(axis=1)
    if len(bad):
        moved = moved - PUSH * (vectors @ bad.T).mean(axis=1)
    return np.round(moved, 6)
