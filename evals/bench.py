"""The bench: the product's own search over BEIR sets, measured by ir-measures, with paired bootstrap intervals.

    variants (search settings) x sets -> runs -> nDCG@10, recall@10, recall@100, reciprocal rank@10, latency

A run is what `index.search.search` returns, so what is measured is what people get.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import ir_measures
import numpy as np

from evals.beir import BeirSet, Qrels, build
from index.encoder import Encoder
from index.search import SearchSettings, search
from index.snapshot import Snapshot

DEPTH = 100
MEASURES = {
    "ndcg@10": ir_measures.nDCG @ 10, "recall@10": ir_measures.R @ 10, "recall@100": ir_measures.R @ 100,
    "mrr@10": ir_measures.RR @ 10,
}

Run = dict[str, list[tuple[str, float]]]
"""query id -> (row id, score), best first."""


@dataclass(slots=True)
class Result:
    """One variant on one set. `values` maps a measure to one value a query, in the set's order; `milliseconds` one a query."""

    values: dict[str, np.ndarray]
    milliseconds: np.ndarray
    run: Run = field(repr=False, default_factory=dict)

    def means(self) -> dict[str, float]:
        return {name: round(float(values.mean()), 4) for name, values in self.values.items()}

    def latency(self) -> dict[str, float]:
        p50, p95 = np.percentile(self.milliseconds, [50, 95]) if len(self.milliseconds) else (0.0, 0.0)
        return {"p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


def evaluate(
    beir: BeirSet, snapshot: Snapshot, encoder: Encoder, settings: SearchSettings, told: Callable[[int], None] | None = None
) -> Result:
    """Runs every judged query of a set, the question's encoding included in its time."""
    run: Run = {}
    times = []
    search(snapshot, encoder, "warm up", 1, None, settings)
    for number, (id, text) in enumerate(beir.queries, 1):
        start = time.perf_counter()
        hits = search(snapshot, encoder, text, DEPTH, None, settings)
        times.append(1000 * (time.perf_counter() - start))
        run[id] = [(hit.passage.id, hit.score) for hit in hits]
        if told and number % 100 == 0:
            told(number)
    return Result(measure(beir.qrels, run, [id for id, _ in beir.queries]), np.array(times), run)


def measure(qrels: Qrels, run: Run, order: Sequence[str]) -> dict[str, np.ndarray]:
    """Values of every measure, one a query in `order`. Ranks are the run's: scores are replaced by falling ones, so ties stay put."""
    scored = {id: {row: -float(rank) for rank, (row, _) in enumerate(rows)} for id, rows in run.items()}
    place = {id: i for i, id in enumerate(order)}
    values = {name: np.zeros(len(order)) for name in MEASURES}
    names = {str(measure): name for name, measure in MEASURES.items()}
    judged = {id: qrels[id] for id in order}
    for found in ir_measures.iter_calc(list(MEASURES.values()), judged, scored):
        values[names[str(found.measure)]][place[found.query_id]] = found.value
    return values


def interval(ours: np.ndarray, theirs: np.ndarray, samples: int = 10_000, seed: int = 13) -> tuple[float, float, float]:
    """(difference of means, low, high): the 95 % interval of a paired bootstrap over queries (Sakai 2006)."""
    differences = np.asarray(ours) - np.asarray(theirs)
    rng = np.random.default_rng(seed)
    means = np.array([
        differences[rng.integers(0, len(differences), len(differences))].mean() for _ in range(samples)
    ])
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(differences.mean()), 4), round(float(low), 4), round(float(high), 4)


def write_trec(run: Run, file: Path, tag: str) -> None:
    """`qid Q0 docid rank score tag`, one line a hit."""
    with file.open("w", encoding="utf-8") as out:
        for id, rows in run.items():
            for rank, (row, score) in enumerate(rows, 1):
                out.write(f"{id} Q0 {row} {rank} {score:.6f} {tag}\n")


def compare(
    sets: Sequence[BeirSet], variants: Mapping[str, SearchSettings], encoder: Encoder, cache: Path,
    told: Callable[[str], None] | None = None,
) -> dict[str, dict[str, Result]]:
    """set name -> variant name -> result."""
    found: dict[str, dict[str, Result]] = {}
    for beir in sets:
        snapshot = build(beir, cache, encoder)
        for name, settings in variants.items():
            found.setdefault(beir.name, {})[name] = result = evaluate(beir, snapshot, encoder, settings)
            if told:
                told(f"{beir.name:14} {name:28} {_line(result)}")
    return found


def _line(result: Result) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in {**result.means(), **result.latency()}.items())
