"""What is known of each candidate passage without reading it: five numbers, all "higher is better".

words      BM25, divided by the best candidate's
meaning    cosine of question and passage, stretched over the candidates
sentence   cosine of question and the passage's nearest sentence, stretched likewise
coverage   share of the question's word weight (inverse document frequency) the passage and its headings have
near       share of the question's neighboring word pairs that stand within three words of each other in it
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index import fusion, lexical
from index.snapshot import Snapshot

NAMES = ("words", "meaning", "sentence", "coverage", "near")
MAX_PAIRS = 12
EXPANDED = 20
"""Nearest written questions whose passages are candidates whatever their words and meaning."""
PRECISION = 6
"""Scores are rounded to this many decimals before they are ranked, so that the order does not hang on the last bit."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """`rows` (n,) int64 ascending; `dense` cosines and `bm25` (n,) float64; `scaled` (n, 5) in the order of `NAMES`;
    `rarity` the inverse document frequency of each word of the question; `expanded` (n,) is the cosine of the nearest question
    written for the passage, 0 where none was."""

    rows: np.ndarray
    dense: np.ndarray
    bm25: np.ndarray
    scaled: np.ndarray
    rarity: dict[str, float]
    expanded: np.ndarray


def gather(
    snapshot: Snapshot,
    question: str,
    vector: np.ndarray,
    pool: int,
    documents: Sequence[str] | None,
    allowed: np.ndarray | None,
) -> Candidates:
    """The `pool` best passages of each side with their signals. `allowed` (rows) is what `documents` and themes leave."""
    dense_rows, _ = snapshot.vectors.search(vector, pool, allowed)
    found = lexical.search(snapshot.connection, question, pool, documents)
    if allowed is not None:
        permitted = set(allowed.tolist())
        found = [(row, score) for row, score in found if row in permitted]
    bm25 = dict(found)
    expansions = snapshot.expansions
    near = expansions.rows[expansions.nearest(vector, EXPANDED, allowed)[0]]
    rows = np.array(sorted({*dense_rows.tolist(), *bm25, *near.tolist()}), np.int64)
    dense = np.round(snapshot.vectors.scores(vector, rows).astype(np.float64), PRECISION)
    words = np.round(np.array([bm25.get(int(row), 0.0) for row in rows]), PRECISION)
    sentence = np.round(nearest(snapshot.sentences, snapshot.first_sentences, vector, rows, dense), PRECISION)
    expanded = nearest(expansions.vectors, expansions.first, vector, rows, np.zeros(len(rows)))
    coverage, adjacent, rarity = shared_words(snapshot.connection, lexical.terms(question), rows, snapshot.vectors.count)
    scaled = np.column_stack(
        [fusion.scale_words(words), fusion.scale_meaning(dense), fusion.scale_meaning(sentence), coverage, adjacent]
    )
    return Candidates(rows, dense, words, scaled, rarity, np.round(expanded, PRECISION))


def nearest(vectors: np.ndarray, first: np.ndarray, vector: np.ndarray, rows: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """The best cosine among what belongs to each row, (n,) float64; `otherwise` where a row has nothing.

    `vectors` (all, d) unit rows of which those from first[row] to first[row + 1] are the row's.
    """
    starts, ends = first[rows], first[rows + 1]
    lengths = ends - starts
    found = otherwise.astype(np.float64)
    if not lengths.any():
        return found
    flat = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
    cosines = np.asarray(vectors[flat], np.float32) @ vector.astype(np.float32)
    has = lengths > 0
    found[has] = np.maximum.reduceat(cosines, np.concatenate([[0], np.cumsum(lengths[has])[:-1]]))
    return found


def shared_words(
    connection: sqlite3.Connection, words: Sequence[str], rows: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """(coverage (n,), near (n,), {word: inverse document frequency}) of the given rows."""
    rarity: dict[str, float] = {}
    coverage, near = np.zeros(len(rows)), np.zeros(len(rows))
    for word in words:
        having = lexical.rows_with(connection, lexical.match_expression([word]))
        rarity[word] = math.log(1 + (count - len(having) + 0.5) / (len(having) + 0.5))
        coverage[np.isin(rows, having)] += rarity[word]
    pairs = list(zip(words, words[1:], strict=False))[:MAX_PAIRS]
    for pair in pairs:
        having = lexical.rows_with(connection, lexical.near_expression(pair))
        near[np.isin(rows, having)] += rarity[pair[0]] + rarity[pair[1]]
    total = sum(rarity.values())
    weight = sum(rarity[a] + rarity[b] for a, b in pairs)
    return coverage / total if total else coverage, near / weight if weight else near, rarity
