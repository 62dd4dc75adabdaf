"""The collection's own questions as a retrieval bench: is the gold evidence among the first passages?

Evidence is a quotation; the passage that holds most of it is relevant. A question needs one quotation of each group of
`Gold.needed`; of a group the one that stands highest in the ranking counts. Comparisons are also asked once a system they name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evals import gold
from evals.bench import Result, Run, measure
from evals.gold import Gold, Quote
from index.encoder import Encoder
from index.search import Reranker, SearchSettings, search
from index.snapshot import Snapshot

DEPTH = 20


@dataclass(slots=True)
class CollectionResult:
    """`values`: measure -> one value a question, in the order of `questions`; `per_system` holds (question, system, found)."""

    questions: list[Gold]
    values: dict[str, np.ndarray]
    milliseconds: np.ndarray
    per_system: list[tuple[str, str, bool]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    run: Run = field(default_factory=dict)

    def means(self) -> dict[str, float]:
        found = {name: round(float(values.mean()), 4) for name, values in self.values.items()}
        if self.per_system:
            found["comparison per system"] = round(float(np.mean([hit for _, _, hit in self.per_system])), 4)
        return found

    def kinds(self) -> dict[str, tuple[int, float]]:
        """kind -> (questions, recall@5)."""
        at: dict[str, list[float]] = {}
        for question, value in zip(self.questions, self.values["recall@5"], strict=True):
            at.setdefault(question.kind, []).append(float(value))
        return {kind: (len(values), round(float(np.mean(values)), 3)) for kind, values in sorted(at.items())}

    def latency(self) -> dict[str, float]:
        return Result({}, self.milliseconds).latency()


def evaluate(
    snapshot: Snapshot,
    encoder: Encoder,
    split: str,
    settings: SearchSettings,
    reranker: Reranker | None = None,
    questions: Sequence[Gold] | None = None,
    pooled: bool = True,
) -> CollectionResult:
    """All answerable questions of a split, searched in the whole collection. Without `pooled`: the gold as first written."""
    asked = [q for q in (questions or gold.read(split)) if q.answerable]
    place = Place(snapshot)
    run: Run = {}
    times, per_system, missing, qrels = [], [], [], {}
    search(snapshot, encoder, "warm up", 1, None, settings, reranker=reranker)
    for question in asked:
        start = time.perf_counter()
        hits = search(snapshot, encoder, question.question, DEPTH, None, settings, reranker=reranker)
        times.append(1000 * (time.perf_counter() - start))
        run[question.id] = [(hit.passage.id, hit.score) for hit in hits]
        groups = [[place.of(quote) for quote in group] for group in question.needed(pooled)]
        missing += [question.id for group in groups for passage in group if passage is None]
        found = [[passage for passage in group if passage] for group in groups]
        qrels[question.id] = relevant(found, [hit.passage.id for hit in hits])
        per_system += list(_systems(question, snapshot, encoder, settings, reranker, place, pooled))
    values = measure(qrels, run, [question.id for question in asked])
    return CollectionResult(asked, values, np.array(times), per_system, missing, run)


def relevant(groups: Iterable[Iterable[str]], ranking: Sequence[str]) -> dict[str, int]:
    """The judgments of a question that needs one passage of each group: of a group, the one that stands highest."""
    place = {id: rank for rank, id in enumerate(ranking)}
    highest = {min(group, key=lambda id: place.get(id, len(ranking)), default="none") for group in groups}
    return dict.fromkeys(highest, 1)


def _systems(
    question: Gold,
    snapshot: Snapshot,
    encoder: Encoder,
    settings: SearchSettings,
    reranker: Reranker | None,
    place: Place,
    pooled: bool,
) -> Iterable[tuple[str, str, bool]]:
    """For a comparison of several systems: whether the first ten passages of each hold evidence that is its own."""
    if question.kind != "comparison" or len(question.systems) < 2:
        return
    for system in question.systems:
        ids = [d.id for d in snapshot.documents.values() if d.system == system]
        quotes = [quote for group in question.needed(pooled) for quote in group if quote.document in ids]
        wanted = {place.of(quote) for quote in quotes}
        if wanted:
            hits = search(snapshot, encoder, question.question, 10, ids, settings, reranker=reranker)
            yield question.id, system, bool(wanted & {hit.passage.id for hit in hits})


class Place:
    """Finds the passage a quotation stands in."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._passages: dict[str, list] = {}  # type: ignore[type-arg]
        for passage in snapshot.all_passages():
            self._passages.setdefault(passage.document, []).append(passage)

    def of(self, quote: Quote) -> str | None:
        """Id of the passage that holds most of the quotation; None when the document does not say it (any more)."""
        pages = sorted(self._snapshot.pages(quote.document), key=lambda page: (page.number != quote.page, page.number))
        for page in pages:
            start = page.text.find(quote.quote)
            if start >= 0:
                end = start + len(quote.quote)
                here = [p for p in self._passages[quote.document] if p.page == page.number]
                best = max(here, key=lambda p: min(p.end, end) - max(p.start, start), default=None)
                return best.id if best and min(best.end, end) > max(best.start, start) else None
        return None
