"""The default answer: the best supporting sentences, verbatim, each with its citation; or an abstention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from answer.citations import PageReader, cite
from answer.evidence import Candidate, SentenceVectors, candidates
from casebook.records import Answer, Citation, Hit, Statement


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """`statements` at most; below `threshold` (0 to 1) the answer abstains; `redundancy` is the cosine of a repetition."""

    statements: int = 5
    threshold: float = 0.42
    redundancy: float = 0.85
    keep: float = 0.78


def confidence(found: Sequence[Candidate]) -> float:
    """0 to 1: how near the best sentences come in meaning, and how much of the question's words they cover together."""
    if not found:
        return 0.0
    best = found[:5]
    meaning = max(candidate.meaning for candidate in best)
    shared = max(candidate.coverage for candidate in best)
    return round(min(1.0, max(0.0, 0.6 * meaning + 0.4 * shared)), 4)


def answer(
    question: str,
    hits: Sequence[Hit],
    query: np.ndarray,
    weights: Mapping[str, float],
    vectors_of: SentenceVectors,
    read_page: PageReader,
    systems: Mapping[str, str],
    settings: AnswerSettings = AnswerSettings(),
) -> Answer:
    """Chooses statements from the hits. `query` is the (d,) question vector, `systems` maps document ids to systems."""
    found = candidates(hits, query, weights, vectors_of)
    sure = confidence(found)
    if not found or sure < settings.threshold:
        nearest = _citation(found[0], read_page) if found else None
        reason = "Nothing in the collection comes near the question." if not found else (
            f"The nearest passages match the question too weakly (confidence {sure:.2f}, needed {settings.threshold:.2f})."
        )
        return Answer(question, (), True, sure, reason, nearest)
    chosen = choose(found, settings)
    statements = tuple(
        Statement(c.text, (_citation(c, read_page),), systems.get(c.hit.passage.document, ""), c.score) for c in chosen
    )
    return Answer(question, statements, False, sure)


def choose(found: Sequence[Candidate], settings: AnswerSettings) -> list[Candidate]:
    """The best sentences that do not repeat one another and are not far below the best."""
    chosen: list[Candidate] = []
    for candidate in found:
        if len(chosen) == settings.statements or candidate.score < settings.keep * found[0].score:
            break
        if all(float(candidate.vector @ other.vector) < settings.redundancy for other in chosen):
            chosen.append(candidate)
    return chosen


def _citation(candidate: Candidate, read_page: PageReader) -> Citation:
    passage = candidate.hit.passage
    return cite(read_page(passage.document, passage.page), *candidate.span)
