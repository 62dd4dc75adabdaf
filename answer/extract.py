"""The default answer: the fewest verbatim quotations that answer the question, each with its place; or an abstention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from answer import abstain, judging
from answer.citations import PageReader, cite
from answer.evidence import Candidate, Relevance, Sources, candidates, judge, read_passages
from answer.kinds import Question
from answer.select import SelectSettings, select, speaks_against
from casebook.records import Answer, Citation, Hit, Statement


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """`point` is an operating point of `answer.abstain`; `threshold`, when given, is the confidence asked instead."""

    select: SelectSettings = field(default_factory=SelectSettings)
    point: str = "balanced"
    threshold: float | None = None

    def asked(self, found: Sequence[Candidate]) -> float:
        """The confidence below which these candidates are no answer."""
        return abstain.threshold(self.point, *abstain.judged_by(found)) if self.threshold is None else self.threshold


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a question is answered from: the passages found, the question's (d,) unit vector, its word weights.

    `absent` are words of the question that none of the documents asked has; `checked` the systems a "which systems"
    question is asked of, in the collection's order.
    """

    hits: Sequence[Hit]
    query: np.ndarray
    weights: dict[str, float]
    absent: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()


def weighed(
    question: Question,
    evidence: Evidence,
    sources: Sources,
    relevance: Relevance | None = None,
    verdict: Relevance | None = None,
) -> list[Candidate]:
    """Every quotation the evidence holds, scored, best first; `relevance` is the selector's word, `verdict` the judge's."""
    found = candidates(question, evidence.hits, evidence.query, evidence.weights, sources)
    found = read_passages(question, judge(question, found, relevance), evidence.hits, relevance)
    return judging.judge(question, found, sources.titles, verdict)


def answer(
    question: Question,
    found: Sequence[Candidate],
    evidence: Evidence,
    read_page: PageReader,
    settings: AnswerSettings = AnswerSettings(),
) -> Answer:
    """Chooses statements from `found`, best first; abstains below the confidence the operating point asks."""
    sure = abstain.confidence(question, found, evidence.weights, evidence.absent)
    asked = settings.asked(found)
    if not found or sure < asked:
        nearest = _citations(found[0], read_page)[0] if found else None
        reason = abstain.missing(question, evidence.absent)
        return Answer(question.text, (), True, sure, reason, nearest, question.kind, asked=asked)
    chosen = select(question, found, settings.select)
    statements = tuple(_statement(c, read_page) for c in chosen)
    notes = _notes(question, chosen, evidence.checked)
    return Answer(question.text, statements, False, sure, kind=question.kind, notes=notes, asked=asked)


def _statement(candidate: Candidate, read_page: PageReader) -> Statement:
    quotable = candidate.quotable
    return Statement(quotable.text, _citations(candidate, read_page), candidate.system, candidate.score, quotable.context)


def _citations(candidate: Candidate, read_page: PageReader) -> tuple[Citation, ...]:
    return tuple(cite(read_page(document, page), *span) for document, page, span in candidate.quotable.places)


def _notes(question: Question, chosen: Sequence[Candidate], checked: Sequence[str]) -> tuple[str, ...]:
    answered = {system for c in chosen for system in c.about}
    if question.kind == "which_systems":
        none = [system for system in checked if system not in answered]
        return (
            (f"All {len(checked)} systems were checked; no evidence was found for: {', '.join(none)}.",)
            if none and checked
            else ()
        )
    if question.kind == "comparison" and len(question.systems) > 1:
        return tuple(f"Nothing was found on this for {system}." for system in question.systems if system not in answered)
    if question.kind == "yes_no":
        sides = {speaks_against(c.text) for c in chosen}
        return (
            ("The quotations include evidence for and against; read them all before saying yes or no.",)
            if len(sides) > 1
            else ()
        )
    return ()
