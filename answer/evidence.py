"""Passages -> candidate quotations, scored by what they share with the question in words and in meaning."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import snowballstemmer

from answer.kinds import Question, holds
from answer.quotable import Around, Quotable, form_of, leans, quotables
from answer.weights import ranking
from casebook.records import Hit, Passage

Expanded = Callable[[Passage, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(passage, query (d,)) -> ((m,) sentence numbers, (m,) 0 to 1: how near the query is) of the questions written for it."""

SentenceVectors = Callable[[Passage], np.ndarray]
"""passage -> (sentences, d) float32 unit rows, one for each of its sentences."""

Relevance = Callable[[str, Sequence[str]], np.ndarray]
"""(question, texts) -> (n,) float logits, higher when the text answers the question: a cross-encoder."""

ROW_KINDS = frozenset({"figure", "date", "person", "place", "which_systems", "list"})
"""Kinds that a row of a table answers as well as a sentence."""

NOTES = re.compile(r"\[[\d,\s–-]+\]")

READ = 24
"""Candidates the cross-encoder reads; those further down are dropped."""

_WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)*")


FEATURES = (
    "meaning",
    "coverage",
    "around",
    "retrieved",
    "passage",
    "beside",
    "fits",
    "named",
    "heading",
    "row",
    "leans",
    "asked",
    "verdict",
)
"""What a candidate's score is a weighted sum of; see `Candidate`. The weights are in `answer.weights`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One quotation that might answer. `parts` holds its features, in the order of `FEATURES`, each about 0 to 1:

    meaning: its cosine with the question; coverage: the share of the question's word weight it holds; around: the same with
    its context, heading and title; retrieved and passage: its passage's rank score and cosine; beside: the better of its
    neighbors, by meaning and words; fits: it holds the figure, date or name asked for; named: it is about a system the
    question names; heading: coverage by its heading alone; row: it is a row of a table
    and the question no figure or date; leans: it needs the sentence before; asked: how near the question is to one an editor
    wrote for it (`expanded`: the same for its whole passage, nan where none was written); verdict: the cross-encoder's, as a
    probability. `logit` is that verdict before it is squeezed (nan: not read), `judged` the judge's on what stands around it;
    `about` are the systems it speaks of, several in a sentence that compares.
    """

    quotable: Quotable
    system: str
    parts: tuple[float, ...]
    score: float
    vector: np.ndarray
    logit: float = math.nan
    passage_logit: float = math.nan
    first_logit: float = math.nan
    judged: float = math.nan
    about: tuple[str, ...] = ()
    expanded: float = math.nan

    def part(self, name: str) -> float:
        return self.parts[FEATURES.index(name)]

    @property
    def text(self) -> str:
        return self.quotable.text

    @property
    def passage(self) -> Passage:
        return self.quotable.passage

    @property
    def meaning(self) -> float:
        return self.part("meaning")

    @property
    def fits(self) -> bool:
        return self.part("fits") > 0

    @property
    def named(self) -> bool:
        return self.part("named") > 0


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
        _stem(word): math.log(1 + (passages - frequency.get(word, 0) + 0.5) / (frequency.get(word, 0) + 0.5)) for word in words
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
    expanded: Expanded


def candidates(
    question: Question, hits: Sequence[Hit], query: np.ndarray, weights: Mapping[str, float], sources: Sources
) -> list[Candidate]:
    """Every quotation the hits hold, best first; ties by place. `query` is the question's (d,) unit vector."""
    retrieval, cosines = retrieved(hits), {hit.passage.id: hit.dense_score for hit in hits}
    passages = list({hit.passage.id: hit.passage for hit in hits}.values())
    vectors: dict[str, np.ndarray] = {}
    found = []
    for quotable in quotables(passages, sources.around):
        vector = _vector(quotable, sources.vectors, vectors)
        id = quotable.passage.id
        found.append(_candidate(question, quotable, vector, (retrieval[id], cosines[id]), query, weights, sources))
    return ranked([scored(c, False) for c in _beside(found)])


def scored(candidate: Candidate, with_selector: bool) -> Candidate:
    """The candidate with its score, the weighted sum of its parts."""
    total = float(np.dot(ranking(with_selector), candidate.parts))
    return replace(candidate, score=round(total, 6))


def _beside(found: Sequence[Candidate]) -> list[Candidate]:
    """Fills in what stands beside each: the sentence after a topic sentence is often the one that answers."""
    place = FEATURES.index("beside")
    worth = [0.5 * c.part("meaning") + 0.5 * c.part("coverage") for c in found]
    filled = []
    for i, candidate in enumerate(found):
        near = [worth[j] for j in (i - 1, i + 1) if 0 <= j < len(found) and found[j].passage.id == candidate.passage.id]
        parts = (*candidate.parts[:place], round(max(near, default=0.0), 5), *candidate.parts[place + 1 :])
        filled.append(replace(candidate, parts=parts))
    return filled


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
    question: Question,
    quotable: Quotable,
    vector: np.ndarray,
    passage: tuple[float, float],
    query: np.ndarray,
    weights: Mapping[str, float],
    sources: Sources,
) -> Candidate:
    """`passage` is its passage's (rank score, cosine); "beside" and "verdict" are filled in later."""
    document = quotable.passage.document
    own = sources.systems.get(document, "")
    about = (own,) if own else _about(quotable.text, sources.names)
    system = about[0] if len(about) == 1 else ""
    surroundings = f"{quotable.text} {quotable.context} {quotable.passage.heading} {sources.titles.get(document, '')}"
    written = [(position, *sources.expanded(passage, query)) for passage, position in quotable.sentences]
    named = not question.systems or system in question.systems or _mentions(quotable.text, question, sources.names)
    parts = (
        round(max(0.0, float(vector @ query)), 5),
        coverage(weights, quotable.text),
        coverage(weights, surroundings),
        passage[0],
        passage[1],
        0.0,
        float(holds(quotable.text, question)),
        float(named),
        coverage(weights, quotable.passage.heading),
        float(quotable.form == "row" and question.kind not in ROW_KINDS),
        float(leans(quotable.text)),
        max((float(near[sentences == position].max(initial=0.0)) for position, sentences, near in written), default=0.0),
        0.0,
    )
    expanded = max((float(near.max()) for *_, near in written if len(near)), default=math.nan)
    return Candidate(quotable, system, parts, 0.0, vector, about=about, expanded=round(expanded, 5))


def _about(text: str, names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The systems a sentence of a cross-system document names."""
    return tuple(system for system, calls in names.items() if any(called(call, text) for call in calls))


def _mentions(text: str, question: Question, names: Mapping[str, Sequence[str]]) -> bool:
    return any(called(call, text) for system in question.systems for call in names.get(system, ()))


def called(call: str, text: str) -> bool:
    """Whether a text has a name as words of its own, letter for letter."""
    return call in text and re.search(rf"(?<!\w){re.escape(call)}(?!\w)", text) is not None


# --- the cross-encoder ---


def shown(candidate: Candidate) -> str:
    """What the cross-encoder reads of a candidate: its system, its context, and the quotation, note numbers left out."""
    quotable = candidate.quotable
    lead = f"{candidate.system}. " if candidate.system else ""
    return NOTES.sub("", f"{lead}{quotable.context} {quotable.text}" if quotable.context else f"{lead}{quotable.text}")


def judge(question: Question, found: Sequence[Candidate], relevance: Relevance | None) -> list[Candidate]:
    """The candidates with the cross-encoder's verdict in their score, best first; as they are without one."""
    if relevance is None or not found:
        return list(found)
    read = _to_read(question, found)
    logits = np.asarray(relevance(question.text, [shown(c) for c in read]), np.float64)
    judged = [
        scored(replace(c, logit=round(float(x), 4), parts=(*c.parts[:-1], round(sigmoid(float(x)), 5))), True)
        for c, x in zip(read, logits, strict=True)
    ]
    return ranked(judged)


def read_passages(
    question: Question, found: Sequence[Candidate], hits: Sequence[Hit], relevance: Relevance | None
) -> list[Candidate]:
    """The candidates, the best one with the cross-encoder's verdicts on whole passages: its own and the first found. A trap
    question shares its words with one sentence, seldom with all that stands around it."""
    if relevance is None or not found:
        return list(found)
    texts = list(dict.fromkeys((found[0].passage.plain, hits[0].passage.plain)))
    verdicts = [round(float(x), 4) for x in relevance(question.text, texts)]
    return [replace(found[0], passage_logit=verdicts[0], first_logit=verdicts[-1]), *found[1:]]


def _to_read(question: Question, found: Sequence[Candidate]) -> list[Candidate]:
    """The best `READ`, and where every system is to have its say the two best of each."""
    read = list(found[:READ])
    if question.kind not in ("comparison", "which_systems"):
        return read
    seen = Counter(c.system for c in read)
    for candidate in found[READ:]:
        if candidate.system and seen[candidate.system] < 2:
            seen[candidate.system] += 1
            read.append(candidate)
    return read


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
