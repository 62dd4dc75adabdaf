"""The vector side: FAISS, exact inner product while exact is fast, a graph index beyond.

Rows are unit vectors, so inner product is cosine; scores are "higher is better". Row i is the snapshot's passage i.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import faiss  # type: ignore[import-untyped,unused-ignore]
import numpy as np

from casebook.errors import SnapshotError

EXACT_UP_TO = 100_000
"""Exact search of 100,000 vectors of 384 dimensions took 8 ms on one thread; beyond that a graph is used."""

faiss.omp_set_num_threads(1)


Rows = Sequence[int] | np.ndarray
"""0-based passage rows."""


class VectorIndex(Protocol):
    """What search needs of a vector store; FAISS is the embedded one."""

    def search(self, query: np.ndarray, k: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]: ...

    def scores(self, query: np.ndarray, rows: Rows) -> np.ndarray: ...

    @property
    def count(self) -> int: ...


class FaissIndex:
    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @property
    def count(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(self, query: np.ndarray, k: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The k best rows for a (dimension,) query: (rows int64, scores float32), best first, ties by row.

        `rows` (int64) restricts the search to these rows.
        """
        k = min(k, self.count if rows is None else len(rows))
        if k == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        parameters = None
        if rows is not None:
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(rows, np.int64))
            exact = isinstance(self._index, faiss.IndexFlat)
            parameters = (
                faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
                if exact
                else faiss.SearchParametersHNSW(sel=selector, efSearch=256)  # type: ignore[attr-defined]
            )
        scores, found = self._index.search(np.ascontiguousarray(query[None], np.float32), k, params=parameters)
        keep = found[0] >= 0
        order = np.lexsort((found[0][keep], -scores[0][keep]))
        return found[0][keep][order], scores[0][keep][order]

    def scores(self, query: np.ndarray, rows: Rows) -> np.ndarray:
        """Cosine of the query with the given rows, (len(rows),) float32."""
        if not len(rows):
            return np.zeros(0, np.float32)
        return self.vectors(rows) @ query.astype(np.float32)

    def vectors(self, rows: Rows) -> np.ndarray:
        """(len(rows), dimension) float32."""
        return self._index.reconstruct_batch(np.asarray(rows, np.int64))

    def save(self, path: Path) -> None:
        faiss.write_index(self._index, str(path))


def factory(count: int) -> str:
    """The FAISS factory string for a number of rows: exact up to `EXACT_UP_TO`, then a graph over 8-bit codes."""
    return "Flat" if count <= EXACT_UP_TO else "HNSW32,SQ8"


def build(vectors: np.ndarray) -> FaissIndex:
    """An index over (n, dimension) float32 unit rows."""
    index = faiss.index_factory(vectors.shape[1], factory(len(vectors)), faiss.METRIC_INNER_PRODUCT)
    if not index.is_trained:
        index.train(vectors)
    if hasattr(index, "hnsw"):
        index.hnsw.efSearch = 64
    index.add(np.ascontiguousarray(vectors, np.float32))
    return FaissIndex(index)


def load(path: Path) -> FaissIndex:
    """Raises `SnapshotError` when the file is no FAISS index."""
    try:
        return FaissIndex(faiss.read_index(str(path)))
    except RuntimeError as error:
        raise SnapshotError(f"{path.name} is damaged. Rebuild it with: python -m casebook ingest") from error
