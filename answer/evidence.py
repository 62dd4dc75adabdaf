"""Passages -> candidate quotations, scored by what they share with the question in words and in meaning."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import snowballstemmer

from answer.kinds import Question, holds
from answer.quotable import Around, Quotable, form_of, quotables
from casebook.records import Hit, Passage

SentenceVectors = Callable[[Passage], np.ndarray]
"""passage -> (sentences, d) float32 unit rows, one for each of its sentences."""

Relevance = Callable[[str, Sequence[str]], np.ndarray]
"""(question, texts) -> (n,) float logits, higher when the text answers the question: a cross-encoder."""

READ = 32
"""Candidates the cross-encoder reads; the rest are left to words and meaning."""

_WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One quotation that might answer; every part between 0 and 1 but `logit`.

    `meaning` is its cosine with the question, `coverage` the share of the question's word weight it holds with its
    heading and context, `fits` whether it holds the figure, date or name asked for, `named` whether it is about a system
    the question names. `logit` is the cross-encoder's verdict (nan: not read).
    """

    quotable: Quotable
    system: str
    meaning: float
    coverage: float
    retrieved: float
    fits: bool
    named: bool
    score: float
    vector: np.ndarray
    logit: float = math.nan

    @property
    def text(self) -> str:
        return self.quotable.text

    @property
    def passage(self) -> Passage:
        return self.quotable.passage


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
    """Whether a piece of text can be quoted alone."""
    return bool(text) and bool(form_of(text))


@dataclass(frozen=True, slots=True)
class Sources:
    """How a candidate's surroundings are read: vectors, neighbors, and which system a document is about."""

    vectors: SentenceVectors
    around: Around
    systems: Mapping[str, str]
    titles: Mapping[str, str]
    names: Mapping[str, Sequence[str]]


def candidates(
    question: Question, hits: Sequence[Hit], query: np.ndarray, weights: Mapping[str, float], sources: Sources
) -> list[Candidate]:
    """Every quotation the hits hold, best first; ties by place. `query` is the question's (d,) unit vector."""
    retrieval = retrieved(hits)
    passages = list({hit.passage.id: hit.passage for hit in hits}.values())
    vectors: dict[str, np.ndarray] = {}
    found = []
    for quotable in quotables(passages, sources.around):
        vector = _vector(quotable, sources.vectors, vectors)
        found.append(_candidate(question, quotable, vector, retrieval[quotable.passage.id], query, weights, sources))
    return ranked(found)


def retrieved(hits: Sequence[Hit]) -> dict[str, float]:
    """Passage id -> 0 to 1, comparable between searches of different documents: cosine, and BM25 by the best BM25 of all."""
    top = max((hit.lexical_score for hit in hits), default=0.0) or 1.0
    return {hit.passage.id: 0.5 * max(0.0, hit.dense_score) + 0.5 * hit.lexical_score / top for hit in hits}


def ranked(found: Sequence[Candidate]) -> list[Candidate]:
    return sorted(found, key=lambda c: (-c.score, c.quotable.key))


def _vector(quotable: Quotable, vectors_of: SentenceVectors, known: dict[str, np.ndarray]) -> np.ndarray:
    """(d,) unit: the sentence's own, or for one in two pieces the direction of their sum."""
    total: np.ndarray | None = None
    for passage, position in quotable.sentences:
        if passage.id not in known:
            known[passage.id] = vectors_of(passage)
        row = known[passage.id][position]
        total = row if total is None else total + row
    assert total is not None
    return total / (float(np.linalg.norm(total)) or 1.0)


def _candidate(
    question: Question, quotable: Quotable, vector: np.ndarray, retrieved: float, query: np.ndarray,
    weights: Mapping[str, float], sources: Sources,
) -> Candidate:
    meaning = float(np.round(max(0.0, float(vector @ query)), 5))
    document = quotable.passage.document
    system = sources.systems.get(document, "") or _about(quotable.text, sources.names)
    surroundings = f"{quotable.context} {quotable.passage.heading} {sources.titles.get(document, '')}"
    shared = 0.7 * coverage(weights, quotable.text) + 0.3 * coverage(weights, f"{quotable.text} {surroundings}")
    fits = holds(quotable.text, question.wants)
    named = not question.systems or system in question.systems or _mentions(quotable.text, question, sources.names)
    score = 0.5 * meaning + 0.3 * shared + 0.2 * retrieved
    score -= (0.0 if fits else 0.12) + (0.0 if named else 0.15) + (0.03 if quotable.form == "row" else 0.0)
    return Candidate(quotable, system, meaning, shared, retrieved, fits, named, round(score, 6), vector)


def _about(text: str, names: Mapping[str, Sequence[str]]) -> str:
    """The one system a sentence of a cross-system document names; "" for none or several."""
    found = [system for system, calls in names.items() if any(_called(call, text) for call in calls)]
    return found[0] if len(found) == 1 else ""


def _mentions(text: str, question: Question, names: Mapping[str, Sequence[str]]) -> bool:
    return any(_called(call, text) for system in question.systems for call in names.get(system, ()))


def _called(call: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(call)}(?!\w)", text) is not None


# --- the cross-encoder ---


def shown(candidate: Candidate) -> str:
    """What the cross-encoder reads of a candidate: the quotation after the context it is shown with."""
    quotable = candidate.quotable
    return f"{quotable.context} {quotable.text}" if quotable.context else quotable.text


def judge(question: Question, found: Sequence[Candidate], relevance: Relevance | None) -> list[Candidate]:
    """The candidates with the cross-encoder's verdict in their score, best first; as they are without one."""
    if relevance is None or not found:
        return list(found)
    read = list(found[:READ])
    logits = np.asarray(relevance(question.text, [shown(c) for c in read]), np.float64)
    judged = [
        replace(c, logit=round(float(logit), 4), score=round(0.6 * sigmoid(float(logit)) + 0.4 * c.score, 6))
        for c, logit in zip(read, logits, strict=True)
    ]
    return ranked([*judged, *(replace(c, score=round(0.4 * c.score, 6)) for c in found[READ:])])


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
