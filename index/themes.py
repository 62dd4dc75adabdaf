"""Passages of a theme: those under a heading that shares a word with the theme's label, and the nearest fifth in meaning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from index import lexical
from index.query import stem
from index.search import QueryEncoder
from index.snapshot import Snapshot

NEAREST = 0.2
"""Share of the passages that count as a theme's by meaning alone; a theme is one of fourteen, so this is generous."""


def rows(
    snapshot: Snapshot, encoder: QueryEncoder, themes: Sequence[tuple[str, str]], documents: Sequence[str] | None
) -> np.ndarray:
    """Rows of the passages about any of the themes, given as (label, definition); int64, ascending."""
    within = np.arange(snapshot.vectors.count) if documents is None else snapshot.document_rows(documents)
    if not len(within):
        return within
    keep = np.zeros(len(within), bool)
    headings = [_stems(heading) for heading in snapshot.headings(within)]
    vectors = snapshot.vectors.vectors(within.tolist())
    for (label, _), vector in zip(themes, encoder.encode([f"{label}. {what}" for label, what in themes]), strict=True):
        wanted = _stems(label)
        keep |= np.array([bool(wanted & has) for has in headings])
        nearness = np.round(vectors @ vector, 6)
        keep |= nearness >= np.sort(nearness)[::-1][int(NEAREST * (len(within) - 1))]
    return within[keep]


def _stems(text: str) -> set[str]:
    return {stem(word) for word in lexical.terms(text) if word not in lexical.STOPWORDS}
