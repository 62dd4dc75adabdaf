"""Passages -> candidate sentences, scored by what they share with the question in words and in meaning."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import snowballstemmer

from casebook.records import Hit, Passage, Span

SentenceVectors = Callable[[Passage], np.ndarray]
"""passage -> (sentences, d) float32 unit rows, one for each of its sentences."""

_WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sentence that might answer. `meaning` is its cosine, `coverage` the share of the question's word weight it holds."""

    hit: Hit
    span: Span
    text: str
    meaning: float
    coverage: float
    score: float
    vector: np.ndarray


@functools.lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@functools.cache
def _stemmer():  # type: ignore[no-untyped-def]
    return snowballstemmer.stemmer("porter")


def stems(text: str) -> list[str]:
    """Porter stems of a text's words, casefolded, in order; as FTS5 makes them."""
    return [_stem(word) for word in _WORD.findall(text.casefold())]


def weigh(words: Sequence[str], frequency: Mapping[str, int], passages: int) -> dict[str, float]:
    """Question words -> {stem: weight}, the inverse document frequency of BM25; a word nobody has weighs most."""
    return {
        _stem(word): math.log(1 + (passages - frequency.get(word, 0) + 0.5) / (frequency.get(word, 0) + 0.5))
        for word in words
    }


def coverage(weights: Mapping[str, float], text: str) -> float:
    """The share (0 to 1) of the question's word weight that occurs in the text."""
    total = sum(weights.values())
    there = set(stems(text))
    return sum(weight for stem, weight in weights.items() if stem in there) / total if total else 0.0


def is_sentence(text: str) -> bool:
    """Whether a piece of text can be quoted alone: it starts like a sentence, ends like one, and says something."""
    words = text.split()
    if "\t" in text:
        return len(words) > 2
    starts = text[0].isupper() or text[0].isdigit() or text[0] in "\"'“‘($["
    ends = bool(re.search(r"[.!?:][\"'”’)\]]*$", text))
    return starts and ends and len(words) >= 4


def candidates(
    hits: Sequence[Hit], query: np.ndarray, weights: Mapping[str, float], vectors_of: SentenceVectors
) -> list[Candidate]:
    """Every quotable sentence of the hits, best first; ties by place."""
    top = hits[0].score if hits else 1.0
    found: list[Candidate] = []
    for hit in hits:
        rows = vectors_of(hit.passage)
        for span, vector in zip(hit.passage.sentences, rows, strict=True):
            text = hit.passage.text[span[0] - hit.passage.start : span[1] - hit.passage.start]
            if not text or not is_sentence(text):
                continue
            meaning = float(np.round(vector @ query, 5))
            shared = coverage(weights, f"{text} {hit.passage.heading}")
            score = 0.5 * meaning + 0.3 * shared + 0.2 * (hit.score / top if top else 0.0)
            found.append(Candidate(hit, span, text, meaning, shared, round(score, 6), vector))
    return sorted(found, key=lambda c: (-c.score, c.hit.passage.document, c.hit.passage.page, c.span))
